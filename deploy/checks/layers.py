"""Checks what may depend on what: the rows of packages, and that no files import each other in a circle.

`python -m deploy.checks.layers [FOLDER]` prints one line a breach and exits with 1 if there is any.
docs/architecture.md shows the same rows to people.
"""

import ast
import re
import sys
from collections.abc import Iterable, Iterator, Mapping, Set
from pathlib import Path, PurePath

from deploy.checks.file_rules import files_of, imported_modules
from deploy.checks.report import folder_of, report

Graph = Mapping[str, Set[str]]

# A package may import those of the rows above its own, and itself.
ROWS: tuple[tuple[str, ...], ...] = (
    ("shared/wording",),
    ("shared/values",),
    ("shared/database",),
    ("shared/runtime",),
    ("shared/domain", "shared/programme"),
    ("shared/broker", "shared/registry", "shared/documents", "shared/sheets"),
    ("shared/access", "shared/spreadsheets", "shared/journal"),
    ("shared/http",),
    ("services/intake", "services/aggregation", "services/notifications", "services/board"),
    ("deploy/local", "deploy/compose", "deploy/grafana", "deploy/image", "deploy/k8s"),
    ("cli", "sample"),
    ("demo", "bench", "prove", "deploy/checks"),
)
TOGETHER = frozenset({"shared/domain", "shared/programme"})  # each knows the other's models
PAGE = "docs/architecture.md"
_ROW = re.compile(r"^\| \d+ \| (.+?) \|", re.MULTILINE)


def breaches(folder: Path) -> Iterator[str]:
    """Find breaches, one `path: what is wrong` each."""
    imports = read_imports(folder)
    for name in sorted(imports):
        yield from (f"{name}: {breach}" for breach in sorted(_against_rows(name, imports[name])))
    yield from (f"{' and '.join(circle)} import each other in a circle" for circle in circles(imports))
    for service in ROWS[8]:
        for circle in circles(_by_folder(imports, service)):
            yield f"{service}: {' and '.join(circle)} import each other in a circle"


def page_breaches(page: str) -> Iterator[str]:
    """Find where the rows in docs/architecture.md differ from ROWS."""
    shown = [frozenset(re.findall(r"`([\w/]+)`", row)) for row in _ROW.findall(page)][: len(ROWS)]
    for number, (row, listed) in enumerate(zip(ROWS, shown, strict=False), 1):
        if listed != frozenset(row):
            yield f"{PAGE}: row {number} has {', '.join(sorted(listed))} and not {', '.join(sorted(row))}"
    if len(shown) < len(ROWS):
        yield f"{PAGE}: {len(shown)} rows of packages and not {len(ROWS)}"


def read_imports(folder: Path) -> dict[str, frozenset[str]]:
    """Map each file of a package to the files of packages that it imports, wherever in it the statement stands."""
    names = [path.relative_to(folder).as_posix() for path in files_of(folder) if path.suffix == ".py"]
    known = frozenset(name for name in names if package_of(name) is not None)
    found = {}
    for name in known:
        tree = ast.parse((folder / name).read_text(encoding="utf-8"))
        modules = {module for node in ast.walk(tree) for module in imported_modules(name, node)}
        found[name] = frozenset(file for module in modules if (file := _file_of(module, known)) and file != name)
    return found


def package_of(name: str) -> str | None:
    """Find the package of the table that a file lies in; None for any other file."""
    parts = PurePath(name).parts
    here = ("/".join(parts[:depth]) for depth in (1, 2) if depth < len(parts))
    return next((package for package in here if any(package in row for row in ROWS)), None)


def circles(graph: Graph) -> list[list[str]]:
    """Find the largest groups of nodes that all reach each other, each sorted (Tarjan's strongly connected
    components).
    """
    index: dict[str, int] = {}
    lowest: dict[str, int] = {}
    open_: list[str] = []
    found: list[list[str]] = []

    def visit(node: str) -> None:
        index[node] = lowest[node] = len(index)
        open_.append(node)
        for other in sorted(graph.get(node, ())):
            if other not in index:
                visit(other)
            if other in open_:
                lowest[node] = min(lowest[node], lowest[other])
        if lowest[node] == index[node]:
            group = open_[open_.index(node) :]
            del open_[open_.index(node) :]
            if len(group) > 1:
                found.append(sorted(group))

    for node in sorted(graph):
        if node not in index:
            visit(node)
    return found


def _against_rows(name: str, imported: Iterable[str]) -> set[str]:
    own = package_of(name)
    found = set()
    for package in {package_of(file) for file in imported} - {own}:
        if package is not None and own is not None and _row(package) >= _row(own) and {package, own} != TOGETHER:
            found.add(f"{own} may not import {package} (the rows of deploy/checks/layers.py)")
    return found


def _row(package: str) -> int:
    return next(number for number, row in enumerate(ROWS) if package in row)


def _file_of(module: str, known: Set[str]) -> str | None:
    """Find the file that a full name leads to: of the module itself, or of what it is a name in."""
    path = module.replace(".", "/")
    for candidate in (path, str(PurePath(path).parent)):
        for file in (f"{candidate}.py", f"{candidate}/__init__.py"):
            if file in known:
                return file
    return None


def _by_folder(imports: Graph, service: str) -> dict[str, set[str]]:
    """Gather the imports within one service between its folders, and the files that lie in none of them."""

    def node(name: str) -> str:
        parts = PurePath(name).parts
        return "/".join(parts[:3])

    found: dict[str, set[str]] = {}
    for name, imported in imports.items():
        if name.startswith(f"{service}/"):
            others = {node(other) for other in imported if other.startswith(f"{service}/")}
            found.setdefault(node(name), set()).update(others - {node(name)})
    return found


def main(arguments: list[str]) -> int:
    folder = folder_of(arguments)
    return report([*breaches(folder), *page_breaches((folder / PAGE).read_text(encoding="utf-8"))])


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
