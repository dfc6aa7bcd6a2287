"""Why an account is lost, and what a forecast rests on."""

from enum import Enum

import strawberry

from services.risk.schema.values import Probability


@strawberry.enum(description="Why a contract ends.")
class ChurnCause(Enum):
    VOLUNTARY = strawberry.enum_value("voluntary", description="The customer leaves.")
    INVOLUNTARY = strawberry.enum_value(
        "involuntary", description="The payment could not be collected."
    )


@strawberry.enum(description="What a forecast rests on.")
class ForecastBasis(Enum):
    MODEL = strawberry.enum_value("model", description="The model, with every signal.")
    NEWCOMERS = strawberry.enum_value(
        "newcomers", description="A model of its own for the first 90 days of a contract."
    )
    STRATA = strawberry.enum_value(
        "strata",
        description="Too few accounts have churned for a model: what became of all accounts at"
        " the same place on the renewal clock (Kaplan–Meier). The account's own signals play no"
        " part.",
    )


@strawberry.enum(description="How well founded a forecast is for this account.")
class EvidenceGrade(Enum):
    STRONG = strawberry.enum_value(
        "STRONG", description="A model spoke, on fresh inputs like those it learned from."
    )
    LIMITED = strawberry.enum_value(
        "LIMITED",
        description="A model spoke, but some inputs are stale or unlike its training: see"
        " staleInputs and unlikeTraining.",
    )
    THIN = strawberry.enum_value(
        "THIN", description="No model spoke, only what became of accounts at the same place."
    )


@strawberry.type(description="The chance of being lost for one cause.")
class CauseProbability:
    cause: ChurnCause = strawberry.field(description="Why the contract ends.")
    probability: Probability = strawberry.field(
        description="With renewal, or survival, and the other cause the values add up to 1. Higher"
        " is worse."
    )
