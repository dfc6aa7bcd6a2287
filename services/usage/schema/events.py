"""Events that wait or were turned away, what becomes of late ones, and how long they are kept."""

from datetime import datetime
from uuid import UUID

from services.usage.domain import events as events_domain
from services.usage.domain import history as history_domain
from services.usage.domain import late as late_domain
from services.usage.domain import rejections as rejections_domain
from shared.graphql.showing import Shown, shown


def _text(key: UUID | None) -> str | None:
    return str(key) if key else None


class PendingEvent(
    Shown[events_domain.PendingEvent],
    description="An event that is kept, but counts only once its account is known.",
):
    event_id: str = shown("The event's id, as it was sent.")
    feature: str = shown("What was used.")
    account_id: str | None = shown(
        "The account's id, where the event names the account by it.", of="account_id", by=_text
    )
    external_source: str | None = shown("The system whose name of the account was used.")
    external_id: str | None = shown("The account's name in that system.")
    occurred_at: datetime = shown("When it happened.")
    received_at: datetime = shown("When it was received.")


class RejectedEvent(
    Shown[rejections_domain.RejectedEvent],
    description="An event that was turned away; kept for 30 days.",
):
    id: str | None = shown(
        "The event's id, as it was sent; null if it could not be read.", of="event_id"
    )
    field: str | None = shown("The field that was wrong, in camelCase.")
    value: str | None = shown("The value that stood there, cut short.")
    reason: str = shown("What would have been allowed.")
    received_at: datetime = shown("When it was received last.")
    first_at: datetime = shown("When it was received first.")
    times: int = shown("How many batches held it. Lower is better.")


class UsageLatePolicy(
    Shown[late_domain.LatePolicy],
    description="What becomes of events that become known long after they happened.",
):
    rejects: bool = shown(
        "Whether late events are turned away; otherwise they count, and are called late."
    )
    after_days: int = shown(
        "An event is late when it is recorded more than so many days after it happened."
    )
    recorded_at: datetime | None = shown("When this was decided; null while the default stands.")


class UsageRetention(
    Shown[history_domain.Retention],
    description="How long events are kept one by one; roll-ups stay for ever.",
):
    raw_days: int | None = shown("For how many days events are kept; null if all are kept.")
    raw_since: datetime | None = shown(
        "Events since then are there; of earlier days only roll-ups speak, and events that happened"
        " earlier are not taken. Null if all are there."
    )
