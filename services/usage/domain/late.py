"""Events told long after they happened, when reports on their day have been read."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from services.usage.domain.events import Event
from shared.vocabulary.errors import InvalidInput

MAX_DAYS = 36_500


@dataclass(frozen=True, slots=True)
class LatePolicy:
    """What becomes of events recorded more than `after_days` days after they happened."""

    rejects: bool = False
    after_days: int = 30
    recorded_at: datetime | None = None
    kept_since: datetime | None = None
    """Earlier events are dropped: one sent again could not be told from a new one."""

    def check(self) -> None:
        """InvalidInput names what is not allowed."""
        if not 0 <= self.after_days <= MAX_DAYS:
            raise InvalidInput("afterDays", self.after_days, f"0 to {MAX_DAYS} days")

    def is_late(self, event: Event) -> bool:
        """Whether the event is beyond the tenant's days; a history import tells when it was known,
        so what its source knew in time is not late."""
        return event.recorded_at - event.occurred_at > timedelta(days=self.after_days)

    def refuses(self, event: Event) -> bool:
        """Whether the event, if it is new, is turned away."""
        return self._is_gone(event) or (self.rejects and self.is_late(event))

    def _is_gone(self, event: Event) -> bool:
        return self.kept_since is not None and event.occurred_at < self.kept_since

    def refusal(self, event: Event) -> InvalidInput:
        """Why a late event is turned away."""
        if self.kept_since is not None and self._is_gone(event):
            return InvalidInput(
                "occurredAt",
                event.occurred_at.isoformat(),
                f"{self.kept_since.isoformat()} or later: earlier events are no longer kept",
            )
        return InvalidInput(
            "occurredAt",
            event.occurred_at.isoformat(),
            f"at most {self.after_days} days before it is recorded (this tenant's late policy)",
        )

    @property
    def remark(self) -> str:
        return f"recorded more than {self.after_days} days after it happened"
