"""What risk shows: fields of Account, rankings, models; and how to ask for new scores."""

from datetime import datetime
from enum import Enum
from typing import Annotated, Any
from uuid import UUID

import strawberry
from strawberry.types import Info

from services.risk.actions import scores as scores_actions
from services.risk.domain import bands as bands_domain
from services.risk.forecasting.change import moved
from services.risk.schema.change import RiskChange
from services.risk.schema.health import HealthFields, HealthQuery
from services.risk.schema.hindsight import HindsightFields, HindsightMutation, HindsightQuery
from services.risk.schema.model import ModelVersion
from services.risk.schema.progress import ScoringProgress
from services.risk.schema.release import ReleaseMutation, ReleaseQuery, run_by_id
from services.risk.schema.score import DAYS_MOST, Risk, RiskBand
from services.risk.store import models as models_store
from services.risk.store import scores as scores_store
from shared.graphql.context import (
    After,
    AsOf,
    Connection,
    Context,
    First,
    UserError,
    attempted,
    connection,
)
from shared.vocabulary.ids import parsed_id

Account = Annotated["Account", strawberry.lazy("graph.schema")]
Request = Info[Context, None]


@strawberry.enum(description="What accounts at risk are ranked by, the largest first.")
class RiskOrder(Enum):
    PROBABILITY = strawberry.enum_value(
        "PROBABILITY", description="Chance of churn within the days asked for."
    )
    VALUE_AT_RISK = strawberry.enum_value(
        "VALUE_AT_RISK", description="Minor units per month; currencies are not converted."
    )


@strawberry.type(description="An account under contract with the score it is ranked by.")
class AtRisk:
    key: strawberry.Private[UUID]
    risk: Risk = strawberry.field(description="The newest score.")

    @strawberry.field(description="The account.")
    def account(self, info: Request) -> Account:
        return info.context.object("Account", self.key)


@strawberry.type
class AccountFields(HindsightFields, HealthFields):
    """What risk tells of an account."""

    @strawberry.field(
        description="The newest forecast. Null until the account is scored once, and while it"
        " has no"
        " open contract."
    )
    async def risk(self, info: Request, as_of: AsOf = None) -> Risk | None:
        score = await info.context.load(scores_store.latest, self.key, as_of=as_of or self.as_of)
        return Risk.of(score) if score else None

    @strawberry.field(description="Every score that was served, newest first.")
    async def risk_history(
        self, info: Request, first: First = 25, after: After = None
    ) -> Connection[Risk] | None:
        page = await info.context.page(
            scores_store.history, self.key, first=first, after=after, as_of=self.as_of
        )
        nodes = [Risk.of(score) for score in page.items]
        return connection(page, nodes, continued=after is not None)

    @strawberry.field(description="What moved the forecast between two moments.")
    async def risk_change(
        self,
        info: Request,
        start: Annotated[
            datetime, strawberry.argument(name="from", description="The first moment.")
        ],
        end: Annotated[datetime, strawberry.argument(name="to", description="The second moment.")],
    ) -> RiskChange | None:
        found = await info.context.load(moved, self.key, start=start, end=end, as_of=self.as_of)
        return RiskChange.of(found) if found else None


@strawberry.type
class Query(ReleaseQuery, HindsightQuery, HealthQuery):
    @strawberry.field(
        description="Open contracts, worst first: by chance of churn within the days asked for,"
        " or by"
        " value at risk."
    )
    async def at_risk(
        self,
        info: Request,
        within_days: Annotated[
            int,
            strawberry.argument(
                description=f"Horizon in days, 1 to {DAYS_MOST}; an account whose model reaches"
                f" less far"
                " is ranked by its own horizon."
            ),
        ] = bands_domain.BAND_DAYS,
        band: Annotated[
            RiskBand | None, strawberry.argument(description="Only this band; none: all.")
        ] = None,
        order_by: Annotated[
            RiskOrder, strawberry.argument(description="What comes first.")
        ] = RiskOrder.PROBABILITY,
        first: First = 25,
        after: After = None,
    ) -> Connection[AtRisk] | None:
        page = await info.context.call(
            scores_store.at_risk,
            within_days=within_days,
            band=band.value if band else None,
            order=order_by.value,
            first=first,
            after=after,
        )
        nodes = [AtRisk(key=item.account_id, risk=Risk.of(item.score)) for item in page.items]
        return connection(page, nodes, continued=after is not None)

    @strawberry.field(description="How far scoring has come.")
    async def scoring_progress(self, info: Request) -> ScoringProgress | None:
        return ScoringProgress.of(await info.context.call(scores_store.progress))

    @strawberry.field(description="Published models, newest first.")
    async def models(
        self, info: Request, first: First = 25, after: After = None
    ) -> Connection[ModelVersion] | None:
        page = await info.context.call(models_store.models, first=first, after=after)
        nodes = [ModelVersion.of(model) for model in page.items]
        return connection(page, nodes, continued=after is not None)

    @strawberry.field(description="The model that scores; null before the first is published.")
    async def champion_model(self, info: Request) -> ModelVersion | None:
        model = await info.context.call(models_store.champion)
        return ModelVersion.of(model) if model else None


@strawberry.input(description="Whose forecast to make anew.")
class RiskRescoreInput:
    account_ids: list[strawberry.ID] | None = strawberry.field(
        default=None, description="The accounts; none: every account."
    )


@strawberry.type(description="What became of a riskRescore.")
class RiskRescorePayload:
    accounts: int = strawberry.field(
        description="How many accounts are about to be scored; scores follow on riskUpdates"
        " where they"
        " differ."
    )
    user_errors: list[UserError] = strawberry.field(description="Why none are; else empty.")


@strawberry.type
class Mutation(ReleaseMutation, HindsightMutation):
    @strawberry.mutation(description="Ask for fresh scores. Returns at once; needs the scope act.")
    async def risk_rescore(
        self,
        info: Request,
        input: Annotated[RiskRescoreInput, strawberry.argument(description="Which accounts.")],
    ) -> RiskRescorePayload:
        marked, errors = await attempted(_rescore(info.context, input.account_ids))
        return RiskRescorePayload(accounts=marked or 0, user_errors=errors)


async def _rescore(context: Context, account_ids: list[strawberry.ID] | None) -> int:
    keys = account_ids and [parsed_id(given, "Account", "accountIds")[1] for given in account_ids]
    return await context.call(scores_actions.rescore, account_ids=keys)


async def risk_by_id(info: Info[Any, None], key: UUID) -> Risk | None:
    """A score by its own id: for `node`, and for updates that name it."""
    score = await info.context.load(scores_store.scores, key)
    return Risk.of(score) if score else None


async def model_by_id(info: Info[Any, None], key: UUID) -> ModelVersion | None:
    """A model by its own id, for `node`."""
    model = await info.context.load(models_store.models_by_id, key)
    return ModelVersion.of(model) if model else None


NODES = {"Risk": risk_by_id, "ModelVersion": model_by_id, "TrainingRun": run_by_id}
"""What `node(id)` can fetch from this service."""
