"""A fitted table model in a folder: JSON with its checksum, and forecasts for new rows."""

from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any, Final

import msgspec
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ml.frames.frame import TrainingRefused
from ml.scoring.document import ForecastModel, ModelTampered, ModelUnreadable
from ml.scoring.features import Columns, Floats, design
from ml.table.forecast import TableFit
from ml.table.grid import Grid
from ml.table.notation import first, place
from ml.table.question import Question
from ml.table.signals import Signal, read_as
from ml.table.table import Table

FORMAT: Final = "tenure.table/1"
MODEL: Final = "model.json"
CHECKSUM: Final = "model.json.sha256"


class SavedModel(msgspec.Struct, frozen=True, kw_only=True):
    """What was asked, the steps of time, and the forecast model as tenants' are exported."""

    format: str = FORMAT
    question: Question
    signals: tuple[Signal, ...]
    times: tuple[float, ...]
    model: ForecastModel


@dataclass(frozen=True, slots=True)
class TableModel:
    """A model read back: what was asked, how each column was read, the model."""

    question: Question
    signals: tuple[Signal, ...]
    fit: TableFit


def save(model: TableModel, folder: Path) -> list[Path]:
    """Write the model and its SHA-256; the same rows and seed give the same bytes."""
    folder.mkdir(parents=True, exist_ok=True)
    saved = SavedModel(
        question=model.question,
        signals=model.signals,
        times=model.fit.grid.times,
        model=model.fit.model,
    )
    content = msgspec.json.format(msgspec.json.encode(saved), indent=1)
    (folder / MODEL).write_bytes(content)
    (folder / CHECKSUM).write_text(f"{sha256(content).hexdigest()}  {MODEL}\n", encoding="ascii")
    return [folder / MODEL, folder / CHECKSUM]


def load(path: Path) -> TableModel:
    """Read a model back, from its folder or file.

    Raises
    ------
    TrainingRefused
        If there is none.
    ModelTampered
        If its bytes do not have the checksum beside it.
    ModelUnreadable
        If it is no model of a table.
    """
    file = path / MODEL if path.is_dir() else path
    if not file.is_file():
        raise TrainingRefused(
            f"--model: there is no model at {file}; `tenure fit --write` makes one"
        )
    content, beside = file.read_bytes(), file.with_name(file.name + ".sha256")
    if not beside.is_file() or beside.read_text().split()[0] != sha256(content).hexdigest():
        raise ModelTampered(f"--model: {file} does not match the checksum beside it")
    try:
        saved = msgspec.json.decode(content, type=SavedModel)
    except msgspec.MsgspecError as error:
        raise ModelUnreadable(f"--model: {file} is no model of a table: {error}") from error
    return TableModel(saved.question, saved.signals, TableFit(saved.model, Grid(saved.times)))


def score(
    rows: pd.DataFrame, table_model: TableModel, at: Floats, elapsed: str | None = None
) -> pd.DataFrame:
    """Forecasts for new rows, which need neither duration nor event.

    Parameters
    ----------
    rows
        Columns as at the fit; one that is absent is unknown everywhere.
    at
        Times ahead, in the model's unit.
    elapsed
        Column of the time already survived; forecasts are then given that, S(t + h) / S(t).

    Returns
    -------
    The subject where the model has one; `lost_by_<h>`, the chance of being lost by each time, and
    with several causes `lost_by_<h>_to_<cause>`, empty beyond what the data can speak for; and
    `unlike_training`, the signals whose value was
    never met in training: an unseen level is read as the most common, a number as the nearest.
    """
    model, question = table_model.fit.model, table_model.question
    columns = read_as(rows, table_model.signals, as_of=question.as_of)
    table, since = _unlabelled(question, columns, len(rows)), _elapsed(rows, elapsed)
    _, odd = design(columns, model.features, model.terms)
    answers: dict[str, Any] = {}
    if question.subject and question.subject in rows:
        answers[question.subject] = rows[question.subject].to_numpy()
    answers |= _chances(table_model.fit, table, since, at)
    answers["unlike_training"] = _unlike(odd, len(rows))
    return pd.DataFrame(answers)


def _unlike(odd: Mapping[str, NDArray[np.bool_]], rows: int) -> list[str]:
    return [";".join(sorted(name for name in odd if odd[name][i])) for i in range(rows)]


def _elapsed(rows: pd.DataFrame, name: str | None) -> Floats:
    if name is None:
        return np.zeros(len(rows))
    if name not in rows:
        raise TrainingRefused(f"--elapsed: there is no column {name!r}")
    values = pd.to_numeric(rows[name], errors="coerce").to_numpy(dtype=np.float64)
    if (at := first(~(values >= 0))) is not None:
        raise TrainingRefused(
            f"{name}: {place(rows, at)} has {rows[name].tolist()[at]!r}; a number of 0 or more is"
            " needed"
        )
    return values


def _chances(fit: TableFit, table: Table, since: Floats, at: Floats) -> dict[str, Floats]:
    """Chance of being lost by since + h given survival to since, NaN past the grid's end."""
    grid, curves = fit.grid, fit.curves(table)
    parts = fit.incidence(table)
    rows, now = np.arange(len(table)), grid.at(since)
    stays = np.maximum(curves[rows, now], 1e-300)
    causes = [cause.cause for cause in fit.model.causes]
    chances: dict[str, Floats] = {}
    for horizon in at.tolist():
        then = grid.at(since + horizon)
        silent = since + horizon > grid.times[-1]
        chance = 1 - curves[rows, then] / stays
        chances[f"lost_by_{horizon:g}"] = np.where(silent, np.nan, chance)
        for k, cause in enumerate(causes if len(causes) > 1 else []):
            part = (parts[k, rows, then] - parts[k, rows, now]) / stays
            chances[f"lost_by_{horizon:g}_to_{cause}"] = np.where(silent, np.nan, part)
    return chances


def _unlabelled(question: Question, columns: Columns, count: int) -> Table:
    return Table(
        name="",
        question=question,
        columns=columns,
        signals=(),
        duration=np.ones(count),
        event=np.zeros(count, dtype=np.bool_),
        cause=np.array(["lost"], dtype=np.str_).repeat(count),
        subject=np.arange(count, dtype=np.int64),
        notes=(),
        moment=np.full(count, np.nan),
    )
