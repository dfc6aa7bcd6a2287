"""A field names the function that answers it: what does not fit is an error at import."""

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

import pytest
import strawberry
from strawberry.types.base import get_object_definition
from strawberry.types.field import StrawberryField

from shared.graphql.conversion import CannotShow
from shared.graphql.fields import Arguments, answered, by_id, called, missing, moment
from shared.graphql.objects import Account, Node, Part
from shared.graphql.paging import Connection
from shared.graphql.reading import DECLARED
from shared.graphql.showing import Shown, shown
from shared.platform.db import Conn
from shared.vocabulary.paging import Page


@dataclass(frozen=True, slots=True)
class Visit:
    visit_id: UUID
    account_id: UUID
    page: str


async def visit(conn: Conn, keys: list[UUID], as_of: datetime | None = None) -> dict[UUID, Visit]:
    raise NotImplementedError


async def lists(
    conn: Conn, keys: list[UUID], as_of: datetime | None = None
) -> dict[UUID, list[Visit]]:
    raise NotImplementedError


async def pages(
    conn: Conn,
    keys: list[UUID],
    first: int = 25,
    after: str | None = None,
    as_of: datetime | None = None,
) -> dict[UUID, Page[Visit]]:
    raise NotImplementedError


async def printed(conn: Conn, keys: list[UUID]) -> dict[UUID, Visit]:
    raise NotImplementedError


async def newest(conn: Conn) -> Visit | None:
    raise NotImplementedError


class ShownVisit(Shown[Visit], Node, description="A visit."):
    id: strawberry.ID = shown("Its id.", of="visit_id")
    page: str = shown("What was seen.")


def starts_with(
    row: Visit, letter: Annotated[str, strawberry.argument(description="Which.")]
) -> bool:
    return row.page.startswith(letter)


def _days(days: Annotated[int, strawberry.argument(description="How many.")] = 28) -> Arguments:
    return {"days": days}


@strawberry.type
class AccountVisits(Part):
    last: ShownVisit | None = answered(visit, "The last one.", takes=moment)
    page: str | None = answered(visit, "Its page.", of="page")
    first: ShownVisit | None = answered(printed, "The first.", timeless="There is one first.")
    visitor: Account | None = answered(visit, "Whose it was.", of="account_id")
    begins: bool | None = answered(visit, "How it begins.", by=starts_with)
    visits: list[ShownVisit] = answered(lists, "Every one.")
    pages: Connection[ShownVisit] | None = answered(pages, "Page by page.")


def fields_of(kind: Any) -> list[StrawberryField]:
    return get_object_definition(kind, strict=True).fields


def test_the_graph_sees_the_types_and_arguments_that_were_declared() -> None:
    fields = {field.python_name: field for field in fields_of(AccountVisits)}

    assert [argument.python_name for argument in fields["last"].arguments] == ["as_of"]
    assert [argument.python_name for argument in fields["begins"].arguments] == ["letter"]
    assert [argument.python_name for argument in fields["pages"].arguments] == ["first", "after"]
    assert fields["visits"].arguments == fields["page"].arguments == []
    assert fields["page"].description == "Its page."


def test_a_field_keeps_its_declaration_for_who_executes_whole_queries() -> None:
    fields = {field.python_name: field for field in fields_of(AccountVisits)}
    answer = fields["page"].metadata[DECLARED]
    attribute = next(
        field for field in fields_of(ShownVisit) if field.python_name == "id"
    ).metadata[DECLARED]

    assert (answer.function, answer.of, attribute.of) == (visit, "page", "visit_id")


def words_against(base: Any, target: Any, declared: Any) -> str:
    """What the import of a class with this field says against it."""
    with pytest.raises((CannotShow, RuntimeError)) as caught:  # 3.11 wraps what __set_name__ raises
        type("Wrong", (base,), {"__annotations__": {"field": target}, "field": declared})
    return str(caught.value.__cause__ or caught.value)


ABSENT = "the row may be absent, but the field may not be null"
UNDATED = "printed has to take as_of, or the field to say why not"
DATED = "visit has to take as_of, or the field to say why not"
CASES: list[tuple[str, Any, Any, Any]] = [
    ("Visit has no attribute 'title'", Part, str | None, answered(visit, "", of="title")),
    ("str cannot be shown as int", Part, int | None, answered(visit, "", of="page")),
    (ABSENT, Part, str, answered(visit, "", of="page")),
    ("printed does not take as_of", Part, ShownVisit | None, answered(printed, "", takes=moment)),
    (UNDATED, Part, ShownVisit | None, answered(printed, "")),
    (DATED, Part, ShownVisit | None, answered(visit, "", timeless="It never changes.")),
    ("Visit cannot be shown as str", Part, Connection[str] | None, answered(pages, "")),
    (ABSENT, object, ShownVisit, called(newest, "")),
    ("Visit cannot be shown as bool", object, bool | None, called(newest, "")),
]


@pytest.mark.parametrize(("words", "base", "target", "declared"), CASES)
def test_what_does_not_fit_is_an_error_at_import(
    words: str, base: Any, target: Any, declared: Any
) -> None:
    assert words_against(base, target, declared) == f"Wrong.field: {words}"


def test_a_field_that_refuses_what_is_absent_need_not_be_null() -> None:
    class Firm(Part):
        page: str = answered(visit, "Its page.", of="page", absent=missing("account"))

    assert isinstance(vars(Firm)["page"], StrawberryField)


def test_a_shown_row_is_known_to_a_batch_by_one_of_its_attributes() -> None:
    declared = answered(visit, "", key="member_id")
    with pytest.raises((CannotShow, RuntimeError)) as caught:
        type(
            "Lost",
            (Shown,),
            {
                "__annotations__": {"again": ShownVisit | None},
                "__orig_bases__": (Shown[Visit],),
                "again": declared,
            },
        )
    assert (
        str(caught.value.__cause__ or caught.value)
        == "Lost.again: Visit has no attribute 'member_id'"
    )


def test_what_is_fetched_by_id_must_be_what_the_batch_gives() -> None:
    assert by_id(visit, ShownVisit)
    with pytest.raises(CannotShow, match="list"):
        by_id(lists, ShownVisit)
