"""How far scoring has come, for whoever loads data or trains and wants to wait."""

from services.risk.domain import queue as queue_domain
from shared.graphql.showing import Shown, shown


class ScoringProgress(Shown[queue_domain.ScoringProgress], description="How far scoring has come."):
    accounts_known: int = shown(
        "How many accounts risk knows of; those without an open contract get no score."
    )
    scored: int = shown("How many accounts have a score.")
    pending: int = shown("How many accounts wait for their next score.")
    has_champion: bool = shown("Whether there is a model that scores.")
