"""Why an account is lost, and what a forecast rests on."""

from dataclasses import dataclass

from services.risk.domain import chance as chance_domain
from services.risk.domain.chance import ChurnCause, EvidenceGrade, ForecastBasis
from services.risk.schema.values import Probability
from shared.graphql.enums import shown_enum
from shared.graphql.showing import Shown, shown

shown_enum(
    ChurnCause,
    "Why a contract ends.",
    VOLUNTARY="The customer leaves.",
    INVOLUNTARY="The payment could not be collected.",
)
shown_enum(
    ForecastBasis,
    "What a forecast rests on.",
    MODEL="It rests on the model with all its signals.",
    NEWCOMERS="It rests on a model of its own for the first 90 days of a contract.",
    STRATA="Too few accounts have churned for a model. It rests on what became of all accounts at"
    " the same place on the renewal clock (Kaplan–Meier); the account's own signals play no part.",
)
shown_enum(
    EvidenceGrade,
    "How well founded a forecast is for this account.",
    STRONG="A model made it, from fresh inputs like those that it learned from.",
    LIMITED="A model made it, but some inputs are stale or unlike its training: see staleInputs"
    " and unlikeTraining.",
    THIN="No model made it: it says what became of accounts at the same place.",
)


@dataclass(frozen=True, slots=True)
class CauseChance:
    """A cause with its part of the chance."""

    cause: ChurnCause
    probability: chance_domain.Probability


class CauseProbability(Shown[CauseChance], description="The chance of being lost for one cause."):
    cause: ChurnCause = shown("Why the contract ends.")
    probability: Probability = shown(
        "The values of all causes and of renewal, or survival, add up to 1. Higher is worse."
    )
