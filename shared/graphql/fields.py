"""Fields that a service answers: of an object, in batches; of a root, by a call of its own."""

from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime
from inspect import Parameter, signature
from operator import attrgetter
from typing import Annotated, Any, NoReturn, TypeAlias, get_args, get_origin
from uuid import UUID

import strawberry
from strawberry.types import Info

from shared.graphql.context import Context
from shared.graphql.conversion import CannotShow, attribute_type, result_type, without_none
from shared.graphql.paging import After, Connection, First, connection
from shared.graphql.payloads import Payload, attempt, name_accounts
from shared.graphql.reading import (
    DECLARED,
    WHOLE,
    Function,
    Read,
    arguments_of,
    chosen,
    reading,
    with_arguments,
)
from shared.graphql.showing import Shown, row_type
from shared.vocabulary.errors import NotFound
from shared.vocabulary.paging import Page

Request: TypeAlias = Info[Context, None]
Arguments: TypeAlias = dict[str, Any]
Asking: TypeAlias = Callable[[Arguments], Arguments]
Absent: TypeAlias = Callable[[Any], Any]
Fetch: TypeAlias = Callable[..., Awaitable[Any]]
"""Of the request, a key and a moment: the object with that key, or None."""
AsOf = Annotated[
    datetime | None,
    strawberry.argument(description="As it was known then; if omitted, as the object is."),
]
AsOfNow = Annotated[
    datetime | None, strawberry.argument(description="As it was known then; now if omitted.")
]
INFO = Parameter("info", Parameter.KEYWORD_ONLY, annotation=Request)


def moment(as_of: AsOf = None) -> Arguments:
    """The arguments of a field that can be asked for as of another moment than its object."""
    return {"as_of": as_of}


def moment_or_now(as_of: AsOfNow = None) -> Arguments:
    """The arguments of a root field that can be asked for as of another moment than now."""
    return {"as_of": as_of}


def page(first: First = 25, after: After = None) -> Arguments:
    """The arguments of every connection that declares no others."""
    return {"first": first, "after": after}


def missing(kind: str) -> Callable[[Any], NoReturn]:
    """For `absent`: a field that cannot speak of what does not exist."""

    def refuse(key: Any) -> NoReturn:
        raise NotFound(f"there is no {kind} {key}")

    return refuse


def empty(_: Any) -> list[Any]:
    """For `absent`: a list that is empty rather than null."""
    return []


def answered(
    batch: Function,
    description: str,
    *,
    key: str = "",
    at: str = "",
    takes: Function | None = None,
    of: str = WHOLE,
    by: Function | None = None,
    absent: Absent | None = None,
    timeless: str = "",
) -> Any:
    """A field of an object, answered by one batch read for all objects of a level together.

    `key` is the attribute of a shown row by which the batch knows it, and `at` the one that says of
    which moment the field speaks, where that is not the object's. A batch gets that moment as its
    `as_of`; one that takes none is refused, unless `timeless` says why it always answers the same.
    `takes` makes the batch's arguments from the field's; `of` and `by` read the answer as `shown`
    does, each item of a page. `absent` says what stands where the batch has nothing for a key: if
    omitted null, an empty page, or an empty list where that may not be null.
    """
    places = {"key": key, "at": at, "absent": absent, "timeless": timeless}
    return _Answered(batch, description, takes, of, by, **places)


def called(
    function: Function,
    description: str,
    *,
    takes: Function | None = None,
    of: str = WHOLE,
    by: Function | None = None,
) -> Any:
    """A field of a root, answered by one call; one whose type is a payload is a mutation."""
    return _Called(function, description, takes, of, by)


class _Field:
    """Becomes a field of Strawberry once the class body gives it its name and type."""

    def __init__(
        self,
        function: Function,
        description: str,
        takes: Function | None,
        of: str,
        by: Function | None,
    ) -> None:
        self.function = function
        self.description = description
        self.takes = takes
        self.of = of
        self.by = by
        self.dated = "as_of" in signature(function).parameters

    def __set_name__(self, owner: type, name: str) -> None:
        target = owner.__annotations__[name]
        takes = self.takes or (page if _is_page(target) else None)
        arguments = [*arguments_of(takes), *arguments_of(self.by, skip=1)]
        try:
            if not self.dated and any(argument.name == "as_of" for argument in arguments):
                raise CannotShow(f"{self.function.__name__} does not take as_of")
            resolver = self.resolver(owner, target, _asking(takes))
        except CannotShow as error:
            raise CannotShow(f"{owner.__name__}.{name}: {error}") from None
        field = strawberry.field(
            resolver=with_arguments(resolver, [INFO, *arguments]),
            description=self.description,
            metadata={DECLARED: self},
        )
        setattr(owner, name, field)

    def resolver(self, owner: type, target: Any, asking: Asking) -> Function:
        """What Strawberry calls for the field."""
        raise NotImplementedError

    def read(self, source: Any, owner: type, target: Any) -> Read:
        """From the function's answer to the field; of a page, each item becomes a node."""
        if not _is_page(target):
            return reading(source, target, owner.__name__, of=self.of, by=self.by)
        (row,), (node,) = (get_args(without_none(kind)[0]) for kind in (source, target))
        item = reading(row, node, owner.__name__, of=self.of, by=self.by)

        def read(
            rows: Page[Any] | None, moment: datetime | None, arguments: Mapping[str, Any]
        ) -> Any:
            rows = rows or Page([], [], has_next=False)
            nodes = [item(row, moment, {}) for row in rows.items]
            return connection(rows, nodes, continued=arguments.get("after") is not None)

        return read


class _Answered(_Field):
    def __init__(
        self, *shared: Any, key: str, at: str, absent: Absent | None, timeless: str
    ) -> None:
        super().__init__(*shared)
        self.key, self.at, self.absent, self.timeless = key, at, absent, timeless

    def resolver(self, owner: type, target: Any, asking: Asking) -> Function:
        batch, absent = self.function, self.absent
        if self.dated == bool(self.timeless):
            raise CannotShow(f"{batch.__name__} has to take as_of, or the field to say why not")
        answer = get_args(result_type(batch))[1]
        read = self.read(answer if absent else answer | None, owner, target)
        key_of, moment_of = self.places(owner)
        dated = self.dated

        async def resolve(self: Any, info: Request, **arguments: Any) -> Any:
            inputs, key = asking(arguments), key_of(self)
            as_of = inputs.pop("as_of", None) or moment_of(self)
            if dated:
                inputs["as_of"] = as_of
            row = None if key is None else await info.context.load(batch, key, **inputs)
            if row is None and absent:
                return absent(key)
            return read(row, as_of, arguments)

        return resolve

    def places(self, owner: type) -> tuple[Function, Function]:
        """How the key and the moment are read from an object."""
        if not issubclass(owner, Shown):
            return attrgetter("key"), attrgetter("as_of")
        attribute_type(row_type(owner), self.key)
        return attrgetter(f"row.{self.key}"), attrgetter(f"row.{self.at}" if self.at else "moment")


class _Called(_Field):
    def resolver(self, owner: type, target: Any, asking: Asking) -> Function:
        function = self.function
        if isinstance(target, type) and issubclass(target, Payload):
            return _deed(function, target, asking)
        read = self.read(result_type(function), owner, target)

        async def resolve(self: Any, info: Request, **arguments: Any) -> Any:
            inputs = asking(arguments)
            row = await info.context.call(function, **inputs)
            return read(row, inputs.get("as_of"), arguments)

        return resolve


def _deed(action: Function, payload: type[Payload[Any]], asking: Asking) -> Function:
    async def resolve(self: Any, info: Request, **arguments: Any) -> Any:
        async def work() -> Any:  # an input that cannot be read is refused as the deed would be
            inputs = asking(arguments)
            await name_accounts(info.context, inputs)
            return await info.context.call(action, **inputs)

        return await attempt(payload, info.context, work())

    return resolve


def _asking(takes: Function | None) -> Asking:
    """From the arguments of a field to those of the function behind it."""
    if takes is None:
        return lambda _: {}
    own = chosen(takes)
    return lambda arguments: takes(**own(arguments))


def _is_page(target: Any) -> bool:
    return get_origin(without_none(target)[0]) is Connection


def by_id(batch: Function, target: Any, *, of: str = WHOLE) -> Fetch:
    """How `node` fetches a `target` by its id."""
    read = reading(get_args(result_type(batch))[1] | None, target | None, target.__name__, of=of)

    dated = "as_of" in signature(batch).parameters

    async def fetch(info: Request, key: UUID, as_of: datetime | None = None) -> Any:
        inputs = {"as_of": as_of} if dated else {}
        return read(await info.context.load(batch, key, **inputs), as_of, {})

    return fetch
