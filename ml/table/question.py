"""What is asked of a table: which columns say how long, whether and why a subject was lost."""

from dataclasses import dataclass
from pathlib import Path
from typing import Final

PROJECT: Final = Path(__file__).resolve().parent.parent.parent


@dataclass(frozen=True, slots=True)
class Question:
    """Columns by name.

    `duration` is how long a subject was followed, in `unit`s from the start of its clock; in a
    panel until when, on the clock of `time`. `event` says whether it was lost then, `lost` which
    value says so (found out where None), `cause` why. `entry` is when a subject came under
    observation, on the clock of `duration`. `subject` names it, `time` is a panel row's landmark.
    `calendar` is each row's landmark in calendar time, a day or a number in `unit`s.
    `as_of` is a day, or a column of days, before which dates become ages. `levels` are columns of
    levels, whatever their values look like.
    """

    duration: str
    event: str
    lost: str | None = None
    cause: str | None = None
    entry: str | None = None
    subject: str | None = None
    time: str | None = None
    as_of: str | None = None
    calendar: str | None = None
    ignore: tuple[str, ...] = ()
    levels: tuple[str, ...] = ()
    unit: str = "months"

    @property
    def panel(self) -> bool:
        """Whether a subject has many rows, each a landmark."""
        return self.time is not None

    @property
    def labels(self) -> tuple[str, ...]:
        """Columns that are part of the question and therefore never signals."""
        named = (
            self.duration,
            self.event,
            self.cause,
            self.subject,
            self.as_of,
            self.calendar,
        )
        return tuple(name for name in named if name) + self.ignore


TELCO_FILE: Final = PROJECT / "data" / "telco.csv"
TELCO: Final = Question("tenure", "Churn", lost="Yes", subject="customerID")
SAAS_FILE: Final = PROJECT / "data" / "saas_churn.csv"
SAAS: Final = Question("months_active", "churned")
