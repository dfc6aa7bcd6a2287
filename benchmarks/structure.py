"""The plan of the code in figures: `python -m benchmarks.structure [FOLDER]`, of any checkout.

A folder's *floor* is one more than the highest floor of a folder it imports; folders that import
each other in a circle share one floor. An *arrow* is a pair of folders of which one imports the
other, however often. Tests, benchmarks and migrations are left out everywhere.
"""

import ast
import sys
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from statistics import median, quantiles

PACKAGES = ("graph", "infra", "ml", "services", "shared")
Graph = dict[str, set[str]]


class Tree:
    """Every module of the five packages, parsed."""

    def __init__(self, root: Path) -> None:
        paths = sorted(path for package in PACKAGES for path in (root / package).rglob("*.py"))
        self.paths = {module(path.relative_to(root)): path for path in paths}
        self.texts = {name: path.read_text() for name, path in self.paths.items()}
        self.parsed = {name: ast.parse(text) for name, text in self.texts.items()}

    def imports(self) -> Graph:
        """Which module imports which, by name."""
        return {name: set(self._of(parsed)) - {name} for name, parsed in self.parsed.items()}

    def _of(self, parsed: ast.Module) -> Iterator[str]:
        for node in ast.walk(parsed):
            if isinstance(node, ast.Import):
                yield from (each.name for each in node.names if each.name in self.paths)
            if isinstance(node, ast.ImportFrom) and node.module:
                for each in node.names:
                    whole = f"{node.module}.{each.name}"
                    if whole in self.paths or node.module in self.paths:
                        yield whole if whole in self.paths else node.module

    def functions(self) -> list[int]:
        """Lines of every function, its decorators left out."""
        kinds = (ast.FunctionDef, ast.AsyncFunctionDef)
        nodes = [n for parsed in self.parsed.values() for n in ast.walk(parsed)]
        return [(n.end_lineno or n.lineno) - n.lineno + 1 for n in nodes if isinstance(n, kinds)]

    def conversions(self) -> int:
        """Hand-written `of()` of GraphQL types."""
        shown = [
            self.parsed[name] for name in self.paths if ".schema" in name or ".graphql" in name
        ]
        nodes = [node for parsed in shown for node in ast.walk(parsed)]
        return sum(isinstance(node, ast.FunctionDef) and node.name == "of" for node in nodes)


def module(path: Path) -> str:
    """The dotted name of a file."""
    return ".".join(path.with_suffix("").parts).removesuffix(".__init__")


def folder(name: str, paths: Mapping[str, Path]) -> str:
    """The folder that a module stands in; a package's own file stands in the package."""
    return name if paths[name].name == "__init__.py" else name.rpartition(".")[0]


def between(tree: Tree) -> Graph:
    """Which folder imports which."""
    arrows: Graph = defaultdict(set)
    for name, targets in tree.imports().items():
        here = folder(name, tree.paths)
        arrows[here] |= {folder(target, tree.paths) for target in targets} - {here}
    return arrows


def circles(graph: Graph) -> dict[str, frozenset[str]]:
    """Each node's circle: all that it reaches and that reach it, itself among them."""
    reach = {node: reachable(graph, node) for node in graph}
    return {
        node: frozenset({node} | {other for other in reach[node] if node in reach.get(other, ())})
        for node in graph
    }


def reachable(graph: Graph, start: str) -> set[str]:
    """Every node that can be reached along arrows."""
    nodes: set[str] = set()
    todo = [start]
    while todo:
        for target in graph.get(todo.pop(), ()):
            if target not in nodes:
                nodes.add(target)
                todo.append(target)
    return nodes


def floors(graph: Graph) -> dict[str, int]:
    """The floor of each node, from 1; a circle counts as one node."""
    circle = circles(
        {node: graph.get(node, set()) for node in graph | dict.fromkeys(targets(graph))}
    )

    @cache
    def floor(nodes: frozenset[str]) -> int:
        below = {circle[target] for node in nodes for target in graph.get(node, ())} - {nodes}
        return 1 + max(map(floor, below), default=0)

    return {node: floor(nodes) for node, nodes in circle.items()}


def targets(graph: Graph) -> set[str]:
    """Every node that an arrow points at."""
    return {target for ends in graph.values() for target in ends}


def within(graph: Graph, package: str) -> Graph:
    """The arrows between the folders of one package."""

    def inside(name: str) -> bool:
        return name == package or name.startswith(f"{package}.")

    return {node: {e for e in ends if inside(e)} for node, ends in graph.items() if inside(node)}


def code_lines(text: str) -> int:
    """Lines that are neither blank nor a comment; docstrings count."""
    return sum(
        bool(line.strip()) and not line.strip().startswith("#") for line in text.splitlines()
    )


def report(root: Path) -> Iterator[str]:
    """The figures, a line each."""
    tree = Tree(root)
    arrows = between(tree)
    files = Counter(folder(name, tree.paths) for name in tree.paths if tree.texts[name].strip())
    lines: Counter[str] = Counter()
    for name, text in tree.texts.items():
        lines[folder(name, tree.paths)] += code_lines(text)
    yield f"{'folder':34} {'files':>5} {'lines':>6} {'floor in its package':>21}"
    for package in PACKAGES:
        placed = floors(within(arrows, package))
        for name in sorted(name for name in files if name.split(".")[0] == package):
            yield f"{name:34} {files[name]:5} {lines[name]:6} {placed.get(name, 1):21}"
    sizes = tree.functions()
    yield ""
    for package in PACKAGES:
        inside = {n: t for n, t in tree.imports().items() if n.split(".")[0] == package}
        own = {n: {e for e in t if e in inside} for n, t in inside.items()}
        yield (
            f"{package}: {max(floors(within(arrows, package)).values())} floors of folders,"
            f" {sum(map(len, within(arrows, package).values()))} arrows between them,"
            f" {max(floors(own).values())} floors of files"
        )
    yield f"arrows between all folders: {sum(map(len, arrows.values()))}"
    yield f"longest chain of imports: {max(floors(tree.imports()).values())} files"
    yield f"files in the fullest folder: {max(files.values())} ({files.most_common(1)[0][0]})"
    yield f"lines of code, docstrings included: {sum(lines.values())} in {len(tree.paths)} files"
    last = quantiles(sizes, n=100)[98]
    yield f"functions: {len(sizes)}, median {median(sizes):g} lines, p99 {last:g}"
    yield f"longest file: {max(len(text.splitlines()) for text in tree.texts.values())} lines"
    yield f"hand-written of(): {tree.conversions()}"


if __name__ == "__main__":
    print("\n".join(report(Path(sys.argv[1] if len(sys.argv) > 1 else "."))))
