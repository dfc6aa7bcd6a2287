"""The README shows the query that `make run` prints, and one that the graph answers."""

from pathlib import Path

from graphql import build_schema, parse, print_ast, validate

ROOT = Path(__file__).parents[2]


def shown(page: str) -> list[str]:
    """The GraphQL blocks of a page."""
    return [part.split("```")[0] for part in (ROOT / page).read_text().split("```graphql\n")[1:]]


def test_the_first_query_is_the_one_that_is_printed() -> None:
    printed = (ROOT / "infra/suite/first_query.graphql").read_text()
    assert print_ast(parse(shown("README.md")[0])) == print_ast(parse(printed))


def test_every_query_in_the_docs_is_valid() -> None:
    schema = build_schema((ROOT / "graph" / "schema.graphql").read_text())
    pages = ["README.md", *(str(p.relative_to(ROOT)) for p in (ROOT / "docs").rglob("*.md"))]
    blocks = [block for page in pages for block in shown(page)]
    assert blocks
    for block in blocks:
        assert validate(schema, parse(block)) == []
