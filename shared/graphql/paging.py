"""Pages of a list, as Relay's clients know them."""

from typing import Annotated, Any, Generic, TypeVar

import strawberry

from shared.vocabulary.paging import Page

N = TypeVar("N")

First = Annotated[int, strawberry.argument(description="How many at most, 1 to 100.")]
After = Annotated[
    str | None,
    strawberry.argument(description="The endCursor of the page before."),
]


@strawberry.type(description="Where a page stands in its list.")
class PageInfo:
    has_next_page: bool = strawberry.field(description="Whether more follow.")
    has_previous_page: bool = strawberry.field(description="Whether others come before.")
    start_cursor: str | None = strawberry.field(description="Cursor of the first edge.")
    end_cursor: str | None = strawberry.field(description="Cursor of the last edge.")


@strawberry.type(description="A place in a list.")
class Edge(Generic[N]):
    node: N = strawberry.field(description="The object.")
    cursor: str = strawberry.field(description="Give it as `after` to go on from here.")


@strawberry.type(description="A page of a list, at most 100 long.")
class Connection(Generic[N]):
    edges: list[Edge[N]] = strawberry.field(description="The objects with their cursors.")
    nodes: list[N] = strawberry.field(description="The objects alone.")
    page_info: PageInfo = strawberry.field(description="Whether more follow.")


def connection(page: Page[Any], nodes: list[N], *, continued: bool = False) -> Connection[N]:
    """A page of rows as a connection of `nodes`, one per row."""
    edges = [Edge(node=node, cursor=place) for node, place in zip(nodes, page.cursors, strict=True)]
    info = PageInfo(
        has_next_page=page.has_next,
        has_previous_page=continued,
        start_cursor=page.cursors[0] if page.cursors else None,
        end_cursor=page.cursors[-1] if page.cursors else None,
    )
    return Connection(edges=edges, nodes=nodes, page_info=info)
