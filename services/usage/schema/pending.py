"""Events that wait for their account, as they are listed."""

from datetime import datetime

import strawberry

from services.usage.domain.events import Waiting


@strawberry.type(description="An event that is kept, but counts only once its account is known.")
class PendingEvent:
    event_id: str = strawberry.field(description="The event's id, as it was sent.")
    feature: str = strawberry.field(description="What was used.")
    account_id: str | None = strawberry.field(
        description="The account named by the event, if by its id."
    )
    external_source: str | None = strawberry.field(
        description="The system whose name of the account was used."
    )
    external_id: str | None = strawberry.field(description="The account's name in that system.")
    occurred_at: datetime = strawberry.field(description="When it happened.")
    received_at: datetime = strawberry.field(description="When it was received.")

    @classmethod
    def of(cls, waiting: Waiting) -> "PendingEvent":
        return cls(
            event_id=waiting.event_id,
            feature=waiting.feature,
            account_id=str(waiting.account_id) if waiting.account_id else None,
            external_source=waiting.external_source,
            external_id=waiting.external_id,
            occurred_at=waiting.occurred_at,
            received_at=waiting.received_at,
        )
