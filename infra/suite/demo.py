"""The demo tenants: what is to be loaded, what already is, and the keys not yet shown."""

import json
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

from infra.supervising.errors import unwritable
from infra.supervising.files import write_whole
from shared.platform.config import Settings

SIMULATED = "demo"
TELCO = "telco"
FILE = "demo.json"
FORCED = ("--force", "a demo shows a forecast, whatever the gate says of rows that end today")
"""Of few companies the gate thinks differently from day to day; where it agrees, it decides."""


@dataclass(frozen=True, slots=True)
class Step:
    """One command of ours that loads or trains, and the tenant it does so for."""

    name: str
    tenant: str
    arguments: tuple[str, ...]
    loads: bool = True


@dataclass(frozen=True, slots=True)
class Demo:
    """How large the demo is."""

    companies: int
    seed: int

    def steps(self, settings: Settings, until: date) -> list[Step]:
        """Everything the demo needs, in order; `until` is the day of the first start."""
        telco = str(settings.project_dir / "data" / "telco.csv")
        size = ("--companies", str(self.companies), "--seed", str(self.seed))
        common = ("--until", until.isoformat())
        common += ("--rejects", str(settings.data_dir / "rejected.jsonl"))
        return [
            Step("telco data", TELCO, ("import", "telco", telco, *common)),
            Step("demo data", SIMULATED, ("simulate", *size, *common)),
            Step("telco forecast", TELCO, ("train", *FORCED), loads=False),
            Step("demo forecast", SIMULATED, ("train", *FORCED), loads=False),
        ]


@dataclass(slots=True)
class Progress:
    """What the data folder remembers of the demo; private, since it may hold keys for a while.

    `until` is the day of the first start: a load that was cut short is then continued with the
    very same rows, on whatever day that happens.
    """

    path: Path
    until: date
    done: list[str] = field(default_factory=list[str])
    unseen_keys: dict[str, str] = field(default_factory=dict[str, str])

    @classmethod
    def of(cls, settings: Settings) -> "Progress":
        """What was done on this data folder so far."""
        path = settings.data_dir / FILE
        state: dict[str, Any] = json.loads(path.read_text()) if path.exists() else {}
        until = state.get("until") or datetime.now(UTC).date().isoformat()
        return cls(
            path,
            date.fromisoformat(until),
            state.get("done", []),
            state.get("unseen_keys", {}),
        )

    def write(self) -> None:
        """Remember what was done."""
        state = {
            "until": self.until.isoformat(),
            "done": self.done,
            "unseen_keys": self.unseen_keys,
        }
        try:
            write_whole(self.path, json.dumps(state).encode(), mode=0o600)
        except OSError as error:
            raise unwritable(self.path.parent, error) from error
