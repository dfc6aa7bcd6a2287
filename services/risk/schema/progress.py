"""How far scoring has come: whoever loads or trains may want to wait for it."""

from services.risk.domain import queue as queue_domain
from shared.graphql.showing import Shown, shown


class ScoringProgress(Shown[queue_domain.ScoringProgress], description="How far scoring has come."):
    accounts_known: int = shown(
        "Accounts that risk has heard of; those without an open contract get no score."
    )
    scored: int = shown("Accounts that have a score.")
    pending: int = shown("Accounts whose next score is being made.")
    has_champion: bool = shown("Whether there is a model that scores.")
