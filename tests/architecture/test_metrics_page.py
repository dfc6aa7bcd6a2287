"""docs/metrics.md says what the code says, and every definition says enough."""

import re
from dataclasses import fields

import pytest

from infra.pages.metrics_page import PAGE, definitions, page
from shared.vocabulary.definition import Definition, by_id


def test_the_page_is_what_the_definitions_say() -> None:
    assert PAGE.read_text() == page(), "run `make docs`"


@pytest.mark.parametrize("definition", definitions(), ids=lambda each: each.id)
def test_a_definition_leaves_nothing_out(definition: Definition) -> None:
    assert all(getattr(definition, field.name) for field in fields(definition))
    assert re.fullmatch(r"[A-Z]+\d+(\.[a-z0-9_]+)?", definition.id)


def test_an_id_means_one_thing() -> None:
    definition = definitions()[0]
    with pytest.raises(ValueError, match="share an id"):
        by_id(definition, definition)
