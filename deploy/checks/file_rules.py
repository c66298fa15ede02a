"""Rules for files that the linters do not know.

`python -m deploy.checks.file_rules [FOLDER]` prints one line a breach and exits with 1 if there is any.
Looks at the files that git tracks or would track; without git, at everything outside hidden and cache folders.
"""

import ast
import re
import shutil
import subprocess
import sys
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePath

from deploy.checks.report import folder_of, report

LONGEST_PYTHON_FILE = 400
LONGEST_FUNCTION = 40  # lines from `def` to its last, docstring and signature included
# Names that say nothing of what is in a file.
EMPTY_NAMES = frozenset({"answers", "common", "helpers", "manager", "misc", "tools", "utils"})
SERVICES = ("intake", "aggregation", "notifications", "board")
LOCK_FILE = "uv.lock"
THIS_FILE = "deploy/checks/file_rules.py"
CLOCK_FILE = "shared/runtime/clock.py"
CLOCK_CALLS = {
    ("datetime", "now"),
    ("datetime", "utcnow"),
    ("datetime", "today"),
    ("date", "today"),
    ("time", "time"),
    ("time", "time_ns"),
}
# Put together here, because this file obeys its own rules.
HOSTS = tuple(
    ".".join(parts)
    for parts in (
        ("pypi", "org"),
        ("pythonhosted", "org"),
        ("npmjs", "org"),
        ("crates", "io"),
        ("proxy", "golang", "org"),
        ("deb", "debian", "org"),
        ("archive", "ubuntu", "com"),
    )
)
# What a reader of this repository doesn't have: a tracker's numbers, notes that are kept elsewhere.
ELSEWHERE = re.compile(
    "|".join(
        (
            r"\bissues? (?:number |no\. )?#?\d+\b",
            r"(?<![\w&#])#\d{1,4}\b",
            r"\bdesign\.md\b",
            r"(?<![\w.-])(?:shared/)?notes/\w",
        )
    ),
    re.IGNORECASE,
)
WRITTEN_FOR_PEOPLE = (".py", ".md", ".sql", ".sh", ".yml", ".yaml", ".toml", ".j2")
SQL = re.compile(
    r"\s*(?:SELECT|INSERT INTO|UPDATE|DELETE FROM|WITH|CREATE|ALTER|DROP|TRUNCATE|COPY|LOCK TABLE|GRANT|REVOKE)\s"
)
WITHOUT_STORES = ("bench", "tests")  # what they ask of a database belongs to one measurement or one test
MACHINE_PATH = re.compile(r"(?<![\w.:/~$}-])/(?:" + "|".join(("work", "home", "root")) + r")(?=/)")


@dataclass(frozen=True)
class Allowed:
    """What breaks a rule still: files with SQL, and functions by `file::name`. The lists may only shrink."""

    sql: frozenset[str] = frozenset()
    long: frozenset[str] = frozenset()


STILL = Allowed()


def breaches(folder: Path, still: Allowed = STILL) -> Iterator[str]:
    """Find breaches, one `path: what is wrong` each, also for each of `still` that isn't needed any more."""
    unused = set(still.sql | still.long)
    for path in sorted(files_of(folder)):
        name = path.relative_to(folder).as_posix()
        content = path.read_bytes()
        if b"\0" in content:
            continue
        try:
            text = content.decode("utf-8")
        except UnicodeDecodeError as error:
            yield f"{name}: not UTF-8 at byte {error.start}"
            continue
        yield from (f"{name}{breach}" for breach in text_breaches(name, text))
        if path.suffix == ".py":
            yield from (f"{name}{breach}" for breach in python_breaches(name, text))
            for place, breach in shrinking_breaches(name, text):
                if place in still.sql | still.long:
                    unused.discard(place)
                else:
                    yield f"{name}{breach}"
    yield from (f"{place}: keeps the rule now; take it out of deploy/checks/file_rules.py" for place in sorted(unused))


def files_of(folder: Path) -> list[Path]:
    """List the files that the rules are for."""
    listed = _listed_by_git(folder)
    if listed is not None:
        paths = {folder / name for name in listed}
    else:
        paths = {path for path in folder.rglob("*") if not _hidden(path.relative_to(folder))}
    return [path for path in paths if path.is_file() and not path.is_symlink()]


def text_breaches(name: str, text: str) -> Iterator[str]:
    """Find breaches of the rules for any text, as `:line: what` or `: what`."""
    if text and not text.endswith("\n"):
        yield ": does not end in a newline"
    if not unicodedata.is_normalized("NFC", text):
        yield ": not NFC-normalised (Vietnamese letters must be single characters)"
    if name == LOCK_FILE:
        return
    for number, line in enumerate(text.splitlines(), 1):
        for host in HOSTS:
            if host in line:
                yield f":{number}: names the package host {host}; only {LOCK_FILE} may"
        elsewhere = ELSEWHERE.search(line) if name.endswith(WRITTEN_FOR_PEOPLE) and name != THIS_FILE else None
        if elsewhere:
            yield f":{number}: tells of what a reader doesn't have ({elsewhere.group()})"
        found = MACHINE_PATH.search(line)
        if found:
            yield f":{number}: a path of one machine ({found.group()}/…)"


def python_breaches(name: str, text: str) -> Iterator[str]:
    """Find breaches of the rules for Python, as `:line: what` or `: what`."""
    if PurePath(name).stem in EMPTY_NAMES:
        yield ": a name that says nothing of what is in the file"
    length = text.count("\n")
    if length > LONGEST_PYTHON_FILE:
        yield f": {length} lines, more than {LONGEST_PYTHON_FILE}"
    try:
        tree = ast.parse(text)
    except SyntaxError as error:
        yield f":{error.lineno}: {error.msg}"
        return
    for node in ast.walk(tree):
        for module in imported_modules(name, node):
            breach = import_breach(name, module)
            if breach:
                yield f":{getattr(node, 'lineno', 0)}: {breach}"
        if name != CLOCK_FILE and asks_the_clock(node):
            yield f":{getattr(node, 'lineno', 0)}: asks the machine for the time; only {CLOCK_FILE} may"
    for line in consoles_of_a_module(tree):
        yield f":{line}: makes a console when the file is imported; it would keep the width of that moment"


def consoles_of_a_module(tree: ast.Module) -> Iterator[int]:
    """Find the lines that make a `Console` at the top level of a file."""
    statements = (node for node in tree.body if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef))
    for node in (node for statement in statements for node in ast.walk(statement)):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "Console":
            yield node.lineno


def shrinking_breaches(name: str, text: str) -> Iterator[tuple[str, str]]:
    """Find breaches of the rules that have lists of exceptions, each as the entry that would allow it and `:line:
    what`.
    """
    try:
        tree = ast.parse(text)
    except SyntaxError:
        return  # python_breaches names it
    prose = {id(docstring_of(node)) for node in ast.walk(tree)}
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            lines = (node.end_lineno or node.lineno) - node.lineno + 1
            if lines > LONGEST_FUNCTION and not name.startswith("tests/"):  # a test is told from end to end
                yield (
                    f"{name}::{node.name}",
                    f":{node.lineno}: {node.name} has {lines} lines, more than {LONGEST_FUNCTION}",
                )
        elif not may_hold_sql(name) and id(node) not in prose and is_sql(node):
            yield name, f":{getattr(node, 'lineno', 0)}: SQL outside a *store.py and shared/database"


def docstring_of(node: ast.AST) -> ast.expr | None:
    """Return the text that is the first statement of this module, class or function."""
    body = getattr(node, "body", None)
    return body[0].value if isinstance(body, list) and body and isinstance(body[0], ast.Expr) else None


def may_hold_sql(name: str) -> bool:
    """Tell whether SQL may stand in a file of this name."""
    parts = PurePath(name).parts
    return name.endswith("store.py") or parts[:2] == ("shared", "database") or parts[0] in WITHOUT_STORES


def is_sql(node: ast.AST) -> bool:
    """Tell whether the node is a text that begins as a statement of SQL does."""
    return isinstance(node, ast.Constant) and isinstance(node.value, str) and SQL.match(node.value) is not None


def imported_modules(name: str, node: ast.AST) -> Iterator[str]:
    """List the full names of what an import statement imports, relative ones resolved."""
    if isinstance(node, ast.Import):
        yield from (alias.name for alias in node.names)
    elif isinstance(node, ast.ImportFrom):
        package = PurePath(name).parent.parts
        above = package[: len(package) - node.level + 1] if node.level else ()
        base = ".".join([*above, *([node.module] if node.module else [])])
        yield from (f"{base}.{alias.name}" for alias in node.names)


def import_breach(name: str, module: str) -> str | None:
    """Say why the file `name` may not import `module`, or None."""
    parts = module.split(".")
    service = parts[1] if parts[0] == "services" and len(parts) > 1 else None
    here = PurePath(name).parts
    if parts[0] == "services" and here[0] == "shared":
        return f"shared imports the service {module}"
    if service in SERVICES and here[0] == "services" and here[1] in SERVICES and here[1] != service:
        return f"the service {here[1]} imports the service {service}; they meet only in events and in shared"
    return None


def asks_the_clock(node: ast.AST) -> bool:
    """Tell whether a node names `datetime.now`, `time.time` or the like; `time.monotonic` is not the time of day."""
    if isinstance(node, ast.ImportFrom) and node.module == "time":
        return any(("time", alias.name) in CLOCK_CALLS for alias in node.names)
    if not isinstance(node, ast.Attribute):
        return False
    owner = node.value
    last = owner.id if isinstance(owner, ast.Name) else owner.attr if isinstance(owner, ast.Attribute) else ""
    return (last, node.attr) in CLOCK_CALLS


def _listed_by_git(folder: Path) -> list[str] | None:
    """List the files that git tracks or would track; None where git is absent, or does not take the folder for its
    own.
    """
    git = shutil.which("git")
    if git is None or not (folder / ".git").exists():
        return None
    listing = subprocess.run(  # noqa: S603 - fixed command
        [git, "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=folder,
        check=False,
        capture_output=True,
    )
    return [name for name in listing.stdout.decode().split("\0") if name] if listing.returncode == 0 else None


def _hidden(path: PurePath) -> bool:
    return any(part == "__pycache__" or (part.startswith(".") and part != ".ci") for part in path.parts)


def main(arguments: list[str]) -> int:
    return report(breaches(folder_of(arguments)))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
