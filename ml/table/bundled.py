"""Tables that come with lifelines and scikit-survival, for a look at data never tuned on."""

import importlib
from collections.abc import Iterator
from typing import Any, Final

import pandas as pd

from ml.table.question import Question
from ml.table.table import Table, table_of

AGAINST: Final = ("plain Cox", "random forest")

LIFELINES: Final[dict[str, Question]] = {
    "rossi": Question("week", "arrest", unit="weeks"),
    "lung": Question("time", "status", unit="days"),
    "larynx": Question("time", "death", unit="years"),
    "kidney_transplant": Question("time", "death", unit="days"),
    "lcd": Question("T", "E", unit="units"),
    "leukemia": Question("t", "status", unit="weeks"),
    "regression_dataset": Question("T", "E", unit="units"),
    "dd": Question("duration", "observed", unit="years"),
}
SCIKIT_SURVIVAL: Final = ("gbsg2", "whas500", "flchain", "veterans_lung_cancer", "aids")


def tables() -> Iterator[Table]:
    """Each table, read with no options beyond its columns."""
    for name, question in LIFELINES.items():
        rows: pd.DataFrame = getattr(
            importlib.import_module("lifelines.datasets"), f"load_{name}"
        )()
        yield table_of(rows.reset_index(drop=True), question, name)
    for name in SCIKIT_SURVIVAL:
        yield _of_scikit_survival(name)


def _of_scikit_survival(name: str) -> Table:
    places: Any = importlib.import_module("sksurv.datasets")
    rows, outcome = getattr(places, f"load_{name}")()
    event, duration = outcome.dtype.names
    labelled = rows.assign(_event=outcome[event], _duration=outcome[duration])
    return table_of(labelled, Question("_duration", "_event", unit="days"), name)
