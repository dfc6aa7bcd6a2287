"""What a mutation answers: the row that came of it, or why nothing did."""

import re
from collections.abc import Awaitable, Callable, Mapping, Sequence
from enum import Enum
from typing import Annotated, Any, Generic, TypeVar, cast

import msgspec
import strawberry
from strawberry.utils.str_converters import to_camel_case

from shared.graphql.context import Context
from shared.graphql.inputs import AccountNameInput
from shared.graphql.showing import R, Shown
from shared.intake.of_account import AccountName
from shared.process.account_names import ask
from shared.vocabulary.errors import Conflict, InvalidInput, NotFound, Refusal
from shared.vocabulary.ids import parse_id
from shared.vocabulary.storable import culprit

HALF_SURROGATE = re.compile(r"[\ud800-\udfff]")
P = TypeVar("P", bound="Payload[Any]")


@strawberry.type(description="Why a mutation did not do what was asked.")
class UserError:
    field: str | None = strawberry.field(
        description="The input field, in camelCase; null when it is about the whole."
    )
    code: str = strawberry.field(description="INVALID_INPUT, NOT_FOUND, NOT_PERMITTED or CONFLICT.")
    message: str = strawberry.field(description="For people: the value, and what is allowed.")


class Payload(Shown[R | None], Generic[R]):
    """Shows the row that a mutation gave; without one its fields are null, its lists empty.

    Each payload declares `user_errors: list[UserError]` with its own words.
    """

    may_lack = True

    def __init__(self, row: R | None, user_errors: Sequence[UserError] = ()) -> None:
        self.row = row
        self.moment = None
        self.user_errors = [*user_errors, *self.refusals()]

    def refusals(self) -> list[UserError]:
        """What was refused of a deed of several parts, of which others were done."""
        return []


async def attempt(kind: type[P], context: Context, work: Awaitable[Any]) -> P:
    """The payload of a deed: its row, or its refusal as `userErrors`.

    Anything else, a missing scope or a service that is away, is an error of the field.
    """
    try:
        return kind(await work)
    except (NotFound, Conflict, InvalidInput) as error:
        return kind(None, [_user_error(error)])
    finally:
        context.forget()  # what the answer goes on to ask must be read after the deed


def _user_error(error: Refusal) -> UserError:
    field = getattr(error, "field", None) or None
    return UserError(field=field, code=error.code, message=str(error))


def row_of(entry: object) -> dict[str, Any]:
    """An input as the row that the bulk route would take; what is null was not given."""
    return {
        to_camel_case(name): _plain(value)
        for name, value in vars(entry).items()
        if value is not None
    }


def one_row(
    input_type: type, description: str, *, kind: str | None = None
) -> Callable[..., dict[str, Any]]:
    """For `takes`: one argument `input`, handed on as the row of an action.

    Where the input has an id of its own, `kind` is what it must be the id of.
    """

    def takes(input: Any) -> dict[str, Any]:
        row = row_of(input)
        if kind is not None and row.get("id") is not None:
            row["id"] = parse_id(row["id"], kind, "id")[1]
        return {"row": row}

    takes.__annotations__["input"] = Annotated[
        input_type, strawberry.argument(description=description)
    ]
    return takes


def _name(values: dict[str, str]) -> AccountName | dict[str, str]:
    """A name that can be asked for; any other is refused with its row, by the service."""
    try:
        return values if culprit(values) else msgspec.convert(values, AccountName)
    except msgspec.ValidationError:
        return values


async def name_accounts(context: Context, inputs: Mapping[str, Any]) -> None:
    """Rows that call their account by a name get its id; a name that nobody knows stays."""
    rows: list[dict[str, Any]] = inputs.get("rows") or [inputs.get("row", {})]
    named = [
        (row, field, value)
        for row in rows
        if "accountId" not in row
        for field, value in row.items()
        if isinstance(value, AccountName)
    ]
    if not named:
        return
    names = list({name for _, _, name in named})
    accounts = await ask(context.rpc, context.principal.tenant_id, names)
    for row, field, name in named:
        if name in accounts:
            row["accountId"] = accounts[name]
            del row[field]


def _plain(value: Any) -> Any:
    if isinstance(value, AccountNameInput):
        return _name({"source": value.source, "id": value.id})
    if isinstance(value, Enum):
        return value.value  # pyrefly: ignore[unknown-attribute-access]
    if isinstance(value, str) and HALF_SURROGATE.search(value):
        return [ascii(value)]  # which travels, and is refused where text belongs
    if isinstance(value, list):
        return list(map(_plain, cast("list[Any]", value)))
    return row_of(value) if hasattr(value, "__strawberry_definition__") else value
