"""Names are nouns that say what they stand for, and descriptions are sentences that stand alone."""

import ast
import re
from collections.abc import Iterator

import pytest

from tests.architecture.tree import files, name
from tests.graph.test_schema import places

FOLDERS = ("benchmarks", "graph", "infra", "ml", "services", "shared", "tests")
PARTICIPLES = {
    "asked", "drawn", "fitted", "found", "given", "gone", "heard", "held", "judged", "kept",
    "known", "looked", "made", "moved", "one", "said", "seen", "sent", "taken", "told", "wanted",
}  # fmt: skip
"""They say what happened to a thing; a name is to say what it is. And `one` says nothing at all."""
FIELDS_OF_THE_GRAPH = {
    "services/risk/domain/calibration.py: seen",
    "services/risk/domain/drift.py: moved",
    "services/risk/schema/drift.py: moved",
    "services/risk/schema/evidence.py: seen",
    "shared/vocabulary/evidence.py: moved",
    "shared/vocabulary/evidence.py: seen",
}
"""What clients know by that name, and what evidence on record has under it."""
SCALARS_OF_THE_LIBRARY = {"Date"}
HALF_A_SENTENCE = re.compile(r"(And|But|Or|With|Of|Which|That|Whose)\b")


@pytest.mark.parametrize("folder", FOLDERS)
def test_no_name_is_a_participle(folder: str):
    """Fields of the graph stand in the list as long as there are any."""
    fields = {field for field in FIELDS_OF_THE_GRAPH if field.startswith(f"{folder}/")}
    assert strays(folder) == fields


@pytest.mark.parametrize(
    "source",
    [
        "found = 1",
        "for one in (1, 2): ...",
        "rows = [one for one in range(2)]",
        "def told(): ...",
        "async def f(*given): ...",
        "f = lambda *, kept: 0",
        "class Held: ...",
        "class Row:\n    known: bool",
        "def f(self):\n    self._said = 1",
        "with open('x') as found: ...",
        "try: ...\nexcept OSError as said: ...",
        "match 1:\n    case int() as one: ...",
        "import ast as known",
    ],
)
def test_a_name_is_read_wherever_it_is_bound(source: str):
    assert PARTICIPLES & set(words(source))


def strays(folder: str) -> set[str]:
    """The names under the folder that are one of the words, and the files."""
    paths = files(f"{folder}/*.py")
    assert paths
    return {
        f"{name(path)}: {word}"
        for path in paths
        for word in PARTICIPLES & {path.stem, *words(path.read_text())}
    }


def words(source: str) -> Iterator[str]:
    return (
        bound.strip("_").lower() for node in ast.walk(ast.parse(source)) if (bound := _of(node))
    )


def _of(node: ast.AST) -> str | None:
    """The name that the node gives to something."""
    match node:
        case ast.Name(id=bound, ctx=ast.Store()) | ast.Attribute(attr=bound, ctx=ast.Store()):
            return bound
        case ast.arg(arg=bound) | ast.alias(asname=bound):
            return bound
        case (
            ast.FunctionDef(name=bound)
            | ast.AsyncFunctionDef(name=bound)
            | ast.ClassDef(name=bound)
            | ast.ExceptHandler(name=bound)
            | ast.MatchAs(name=bound)
            | ast.MatchStar(name=bound)
        ):
            return bound
        case _:
            return None


def is_sentence(description: str) -> bool:
    begins = description[0].isupper() or description[0].isdigit()
    whole = not HALF_A_SENTENCE.match(description)
    return begins and whole and description.endswith((".", "?"))


@pytest.mark.parametrize(
    ("description", "whole"),
    [
        ("How often the member used the product on that day.", True),
        ("20 at most.", True),
        ("Without limit.", True),
        ("and how often.", False),
        ("And how often.", False),
        ("Of the rule.", False),
        ("How often", False),
    ],
)
def test_what_a_sentence_is(description: str, whole: bool):
    assert is_sentence(description) is whole


def test_every_description_of_the_graph_is_a_sentence():
    described = dict(places())
    halves = {place: text for place, text in described.items() if text and not is_sentence(text)}
    assert set(halves) <= SCALARS_OF_THE_LIBRARY
