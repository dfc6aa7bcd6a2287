"""Files and functions stay short, and nothing large slips into the repository."""

import ast
from collections.abc import Iterator

from tests.architecture.tree import files, name

MOST_LINES_OF_FILE = 400
MOST_LINES_OF_FUNCTION = 60


def test_no_file_is_longer_than_400_lines():
    long = {
        name(path): lines
        for path in files("*.py", "*.sql", "*.sh", "Makefile")
        if (lines := len(path.read_text().splitlines())) > MOST_LINES_OF_FILE
    }
    assert not long


def test_no_function_is_longer_than_60_lines():
    long = {
        f"{name(path)}:{function}": lines
        for path in files("*.py")
        for function, lines in _functions(path.read_text())
        if lines > MOST_LINES_OF_FUNCTION
    }
    assert not long


def test_no_file_is_larger_than_2_mb():
    large = {name(path): size for path in files() if (size := path.stat().st_size) > 2_000_000}
    assert not large


def _functions(source: str) -> Iterator[tuple[str, int]]:
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node.name, (node.end_lineno or node.lineno) - node.lineno + 1
