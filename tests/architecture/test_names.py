"""A name that begins with an underscore is used in the file that it belongs to."""

import ast
import re
from collections.abc import Iterator

from tests.architecture.tree import files, name

CODE = ("graph/*.py", "infra/*.py", "ml/*.py", "services/*.py", "shared/*.py")

CALLED_BY_LIBRARIES = {
    "_compute_central_values_of_raw_training_data",
    "_get_pre_execution_close_reason",
}
"""Methods of a base class that is not ours, which calls them itself."""


def test_no_private_name_is_idle():
    assert not {name(path): idle for path in files(*CODE) if (idle := _idle(path.read_text()))}


def test_an_idle_private_name_is_found():
    source = "class A:\n    def _used(self): self._used()\n    def _idle(self): ...\n_N = 1\n"
    assert _idle(source) == ["_idle", "_N"]
    assert _idle("class A(B):\n    def _theirs(self): ...\n") == []


def _idle(source: str) -> list[str]:
    names = _defined(ast.parse(source))
    private = (n for n in names if n.startswith("_") and n not in CALLED_BY_LIBRARIES)
    return [
        each
        for each in private
        if len(re.findall(rf"\b{each}\b", source)) == 1 and not each.endswith("__")
    ]


def _defined(node: ast.AST) -> Iterator[str]:
    """Functions, classes and constants of a module, and the methods of its classes."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            yield child.name
        elif isinstance(child, ast.Assign):
            yield from (target.id for target in child.targets if isinstance(target, ast.Name))
        elif isinstance(child, ast.AnnAssign) and isinstance(child.target, ast.Name):
            yield child.target.id
        if isinstance(child, ast.ClassDef) and not child.bases:  # others call what they inherit
            yield from _defined(child)
