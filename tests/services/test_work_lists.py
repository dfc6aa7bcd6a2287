"""Work lists are declared once, in one place of a service, and somebody does what is on them."""

import importlib

import pytest

from shared.platform.config import SERVICES, WORKERS
from shared.process.work import WorkList
from shared.process.worker import Worker
from tests.architecture.tree import files, name


def worker(service: str) -> Worker:
    declared: Worker = importlib.import_module(f"services.{service}.jobs").WORKER
    return declared


@pytest.mark.parametrize("service", WORKERS)
def test_every_list_that_is_declared_is_done(service: str) -> None:
    module = importlib.import_module(f"services.{service}.domain.work_lists")
    declared = {each for each in vars(module).values() if isinstance(each, WorkList)}

    assert declared == set(worker(service).work)
    assert worker(service).service == service


def test_lists_are_declared_in_one_place_of_a_service() -> None:
    places = {name(path) for path in files("services/*.py") if "WorkList(" in path.read_text()}
    assert places == {f"services/{service}/domain/work_lists.py" for service in WORKERS}


def test_whoever_has_lists_has_a_worker() -> None:
    with_lists = {path.parts[-3] for path in files("services/*/domain/work_lists.py")}
    assert with_lists == set(WORKERS) <= set(SERVICES)
