"""How far scoring has come: whoever loads or trains may want to wait for it."""

import strawberry

from services.risk.domain import queue as queue_domain


@strawberry.type(description="How far scoring has come.")
class ScoringProgress:
    accounts_known: int = strawberry.field(
        description="Accounts that risk has heard of; those without an open contract get no score."
    )
    scored: int = strawberry.field(description="Accounts that have a score.")
    pending: int = strawberry.field(description="Accounts whose next score is being made.")
    has_champion: bool = strawberry.field(description="Whether there is a model that scores.")

    @classmethod
    def of(cls, progress: queue_domain.ScoringProgress) -> "ScoringProgress":
        return cls(
            accounts_known=progress.accounts_known,
            scored=progress.scored,
            pending=progress.pending,
            has_champion=progress.has_champion,
        )
