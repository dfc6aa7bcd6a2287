"""What one sees looking back: lost contracts as they were forecast, and who had been right."""

from datetime import date, datetime
from typing import Annotated
from uuid import UUID

import strawberry
from strawberry.types import Info

from services.risk.actions import hindsight as hindsight_actions
from services.risk.domain import hindsight as hindsight_domain
from services.risk.schema.score import Risk
from services.risk.schema.values import EndsFrom, EndsTo, text
from services.risk.store import hindsight as hindsight_store
from shared.graphql.old import (
    After,
    Connection,
    Context,
    First,
    Part,
    UserError,
    attempted,
    connection,
)
from shared.vocabulary.errors import InvalidInput
from shared.vocabulary.ids import parsed_id

Account = Annotated["Account", strawberry.lazy("graph.schema")]
Request = Info[Context, None]


@strawberry.type(description="An input as it was known to a score.")
class KnownInput:
    name: str = strawberry.field(description="Name of the input, with its unit.")
    value: str | None = strawberry.field(description="Its value then; null when unknown.")
    source: str = strawberry.field(description="The service that told it.")


@strawberry.type(description="What was known and predicted so many days before a loss.")
class Look:
    days_before: int = strawberry.field(description="Days before the contract ended.")
    at: datetime = strawberry.field(description="That moment: the start of the day, UTC.")
    risk: Risk | None = strawberry.field(
        description="The forecast as it was served then, drivers and all; null when there was none."
    )
    known: list[KnownInput] = strawberry.field(description="Every input that it rested on.")

    @classmethod
    def of(cls, look: hindsight_domain.Look) -> "Look":
        known = [
            KnownInput(name=name, value=text(value), source=source)
            for source, row in look.inputs.items()
            for name, value in sorted(row.items())
        ]
        risk = Risk.of(look.score) if look.score else None
        return cls(days_before=look.days_before, at=look.at, risk=risk, known=known)


@strawberry.type(
    description="A contract that was lost, with what was known and predicted 90, 60 and 30 days"
    " before, as it was served: what to learn from."
)
class PostMortem:
    ended_on: date = strawberry.field(description="The day on which the contract ended.")
    looks: list[Look] = strawberry.field(description="The farthest from the end first.")

    @classmethod
    def of(cls, found: hindsight_domain.PostMortem) -> "PostMortem":
        return cls(ended_on=found.ended.ended_on, looks=[Look.of(look) for look in found.looks])


@strawberry.type(
    description="What somebody expects of an account's renewal, kept beside the model's forecast."
)
class Expectation:
    renewal_probability: float = strawberry.field(description="What they expect, 0 to 1.")
    model_probability: float | None = strawberry.field(
        description="What the model said at that moment; null when it had said nothing."
    )
    stated_by: str = strawberry.field(description="Who said so.")
    stated_at: datetime = strawberry.field(description="When.")
    note: str | None = strawberry.field(description="Why, in their words.")

    @classmethod
    def of(cls, found: hindsight_domain.Expectation) -> "Expectation":
        return cls(
            renewal_probability=found.renewal_probability,
            model_probability=found.model_probability,
            stated_by=found.stated_by,
            stated_at=found.stated_at,
            note=found.note,
        )


@strawberry.type(description="What model and person said of a contract, and what came.")
class Opinion:
    key: strawberry.Private[UUID]
    ended_on: date = strawberry.field(description="The day on which the contract ended.")
    renewed: bool = strawberry.field(description="Whether it was renewed.")
    model: float = strawberry.field(description="The model's chance of renewal then, 0 to 1.")
    person: float = strawberry.field(description="The person's, 0 to 1.")
    stated_by: str = strawberry.field(description="The person.")

    @strawberry.field(description="The account.")
    def account(self, info: Request) -> Account:
        return info.context.object("Account", self.key)


@strawberry.type(
    description="Model and people held against what came, on the same contracts: those of which"
    " both had spoken so many days before the end."
)
class Disagreement:
    days_before: int = strawberry.field(description="Days before the contracts' ends.")
    n: int = strawberry.field(description="How many contracts.")
    model_brier: float | None = strawberry.field(
        description="Mean squared error of the model's chances, 0 to 1; lower is better."
    )
    person_brier: float | None = strawberry.field(description="The same of the people's.")
    opinions: list[Opinion] = strawberry.field(
        description="The contracts themselves, the last to end first, at most 100."
    )

    @classmethod
    def of(cls, found: hindsight_domain.Disagreement) -> "Disagreement":
        return cls(
            days_before=found.days_before,
            n=len(found.opinions),
            model_brier=found.model_brier,
            person_brier=found.person_brier,
            opinions=[
                Opinion(
                    key=one.account_id,
                    ended_on=one.ended_on,
                    renewed=one.renewed,
                    model=one.model,
                    person=one.person,
                    stated_by=one.stated_by,
                )
                for one in found.opinions[:100]
            ],
        )


@strawberry.input(description="What is expected of a renewal.")
class ExpectationRecordInput:
    account_id: strawberry.ID = strawberry.field(description="The account.")
    renewal_probability: float = strawberry.field(description="Chance of renewal, 0 to 1.")
    note: str | None = strawberry.field(default=None, description="Why; at most 2,000 letters.")


@strawberry.type(description="What became of an expectationRecord.")
class ExpectationPayload:
    expectation: Expectation | None = strawberry.field(description="What was kept.")
    user_errors: list[UserError] = strawberry.field(description="Why it was not; else empty.")


@strawberry.type
class HindsightFields(Part):
    """What looking back tells of an account."""

    @strawberry.field(
        description="The account's last lost contract, as it was forecast before; null when it"
        " has lost none."
    )
    async def post_mortem(self, info: Request) -> PostMortem | None:
        found = await info.context.load(hindsight_store.post_mortems, self.key)
        return PostMortem.of(found) if found else None

    @strawberry.field(description="What people expected of its renewal, newest first.")
    async def expectations(
        self, info: Request, first: First = 25, after: After = None
    ) -> Connection[Expectation] | None:
        page = await info.context.load(
            hindsight_store.expectations, self.key, first=first, after=after
        )
        if page is None:
            return None
        nodes = [Expectation.of(one) for one in page.items]
        return connection(page, nodes, continued=after is not None)


@strawberry.type
class HindsightQuery:
    """Who had been right."""

    @strawberry.field(
        description="Model and people held against what came, on contracts that ended, by what both"
        " had said so many days before."
    )
    async def disagreement(
        self,
        info: Request,
        start: EndsFrom,
        end: EndsTo,
        days_before: Annotated[
            int, strawberry.argument(description="Days before the end, 1 to 365: 90 or 180.")
        ] = 90,
    ) -> Disagreement | None:
        if not 1 <= days_before <= 365:
            raise InvalidInput("daysBefore", days_before, "1 to 365")
        found = await info.context.call(
            hindsight_store.disagreement, days_before=days_before, since=start, until=end
        )
        return Disagreement.of(found)


@strawberry.type
class HindsightMutation:
    """What people add to look back on."""

    @strawberry.mutation(
        description="Keep one's own forecast of a renewal beside the model's. Needs the scope act."
    )
    async def expectation_record(
        self,
        info: Request,
        input: Annotated[
            ExpectationRecordInput, strawberry.argument(description="Account and chance.")
        ],
    ) -> ExpectationPayload:
        info.context.principal.require("act")
        kept, errors = await attempted(_expect(info.context, input))
        made = Expectation.of(kept) if kept else None
        return ExpectationPayload(expectation=made, user_errors=errors)


async def _expect(context: Context, given: ExpectationRecordInput) -> hindsight_domain.Expectation:
    key = parsed_id(given.account_id, "Account", "accountId")[1]
    return await context.call(
        hindsight_actions.expect,
        account_id=key,
        probability=given.renewal_probability,
        note=given.note,
    )
