"""Types of the graph that show a service's rows, attribute by attribute, checked at import."""

from dataclasses import dataclass
from datetime import datetime
from operator import attrgetter
from typing import Any, ClassVar, Generic, TypeVar, get_args, get_origin

import strawberry

from shared.graphql.conversion import CannotShow, attribute_type, conversion
from shared.graphql.reading import (
    DECLARED,
    WHOLE,
    Function,
    Read,
    arguments_of,
    reading,
    with_arguments,
)

R = TypeVar("R")


def shown(
    description: str, *, of: str | None = None, by: Function | None = None, name: str | None = None
) -> Any:
    """A field read from the row's attribute of the same name, or at the dotted path `of`.

    `by` is a pure function of that attribute, or of the whole row where `of` is left out; what it
    takes besides are arguments of the field. `name` is the field's name in the graph.
    """
    return _Attribute(description, of, by, name)


@dataclass(frozen=True, slots=True)
class _Attribute:
    description: str
    of: str | None
    by: Function | None
    name: str | None

    def reader(self, owner: "type[Shown[Any]]", name: str) -> Function:
        """The function that reads this field from an object of the type."""
        path = self.of if self.of is not None else WHOLE if self.by else name
        row, kind, target = owner.row_type, owner.__name__, owner.__annotations__[name]
        try:
            if owner.may_lack or self.by or conversion(attribute_type(row, path), target, kind):
                source = row | None if owner.may_lack else row
                read = reading(source, target, kind, of=path, by=self.by)
                return _reader(read)
        except CannotShow as error:
            raise CannotShow(f"{kind}.{name}: {error}") from None
        return attrgetter(f"row.{path}")  # most are shown as they stand


def _reader(read: Read) -> Function:
    def read_row(self: Shown[Any], **arguments: Any) -> Any:
        return read(self.row, self.moment, arguments)

    return read_row


class Shown(Generic[R]):
    """A type of the graph over rows of the class in brackets.

    Fields are read when they are asked for: what nobody selects costs nothing. A field that needs
    a read of its own is declared with `answered`, and speaks of the same moment.
    """

    row_type: ClassVar[Any]
    may_lack: ClassVar[bool] = False
    """Whether an object can stand there without a row."""

    def __init__(self, row: R, moment: datetime | None = None) -> None:
        self.row = row
        self.moment = moment
        """When it was asked for; null: now."""

    def __init_subclass__(cls, *, description: str | None = None, **options: Any) -> None:
        super().__init_subclass__(**options)
        if description is None:  # a kind of shown types; it shows nothing itself
            return
        cls.row_type = row_type(cls)
        over: dict[str, Any] = {"__init__": cls.__init__}
        for name, attribute in list(vars(cls).items()):
            if isinstance(attribute, _Attribute):
                field = strawberry.field(
                    description=attribute.description,
                    name=attribute.name,
                    metadata={DECLARED: attribute},
                )
                over[name] = property(attribute.reader(cls, name))
                if arguments := arguments_of(attribute.by, skip=1):
                    field(with_arguments(over.pop(name).fget, arguments))
                setattr(cls, name, field)
        strawberry.type(cls, description=description)
        for name, value in over.items():  # Strawberry makes a dataclass of the type, with its own
            setattr(cls, name, value)


def row_type(cls: type[Shown[Any]]) -> Any:
    """The class in brackets."""
    for base in vars(cls).get("__orig_bases__", ()):
        if issubclass(get_origin(base) or object, Shown):
            return get_args(base)[0]
    raise CannotShow(f"{cls.__name__} does not say whose rows it shows: Shown[…]")
