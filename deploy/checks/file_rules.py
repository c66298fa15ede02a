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
from pathlib import Path, PurePath

LONGEST_PYTHON_FILE = 400
SERVICES = ("intake", "aggregation", "notifications")
LOCK_FILE = "uv.lock"
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
MACHINE_PATH = re.compile(r"(?<![\w.:/~$}-])/(?:" + "|".join(("work", "home", "root")) + r")(?=/)")


def breaches(folder: Path) -> Iterator[str]:
    """One `path: what is wrong` a breach."""
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


def files_of(folder: Path) -> list[Path]:
    """The files that the rules are for."""
    listed = _listed_by_git(folder)
    if listed is not None:
        paths = {folder / name for name in listed}
    else:
        paths = {path for path in folder.rglob("*") if not _hidden(path.relative_to(folder))}
    return [path for path in paths if path.is_file() and not path.is_symlink()]


def text_breaches(name: str, text: str) -> Iterator[str]:
    """Breaches of the rules for any text, as `:line: what` or `: what`."""
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
        found = MACHINE_PATH.search(line)
        if found:
            yield f":{number}: a path of one machine ({found.group()}/…)"


def python_breaches(name: str, text: str) -> Iterator[str]:
    """Breaches of the rules for Python, as `:line: what` or `: what`."""
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


def imported_modules(name: str, node: ast.AST) -> Iterator[str]:
    """Full names of what an import statement imports, relative ones resolved."""
    if isinstance(node, ast.Import):
        yield from (alias.name for alias in node.names)
    elif isinstance(node, ast.ImportFrom):
        package = PurePath(name).parent.parts
        above = package[: len(package) - node.level + 1] if node.level else ()
        base = ".".join([*above, *([node.module] if node.module else [])])
        yield from (f"{base}.{alias.name}" for alias in node.names)


def import_breach(name: str, module: str) -> str | None:
    """Why the file `name` may not import `module`, or None."""
    parts = module.split(".")
    service = parts[1] if parts[0] == "services" and len(parts) > 1 else None
    here = PurePath(name).parts
    if parts[0] == "services" and here[0] == "shared":
        return f"shared imports the service {module}"
    if service in SERVICES and here[0] == "services" and here[1] in SERVICES and here[1] != service:
        return f"the service {here[1]} imports the service {service}; they meet only in events and in shared"
    return None


def asks_the_clock(node: ast.AST) -> bool:
    """`datetime.now`, `time.time` and the like, called or only named; `time.monotonic` is not the time of day."""
    if isinstance(node, ast.ImportFrom) and node.module == "time":
        return any(("time", alias.name) in CLOCK_CALLS for alias in node.names)
    if not isinstance(node, ast.Attribute):
        return False
    owner = node.value
    last = owner.id if isinstance(owner, ast.Name) else owner.attr if isinstance(owner, ast.Attribute) else ""
    return (last, node.attr) in CLOCK_CALLS


def _listed_by_git(folder: Path) -> list[str] | None:
    """None where git is absent, or does not take the folder for its own."""
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
    folder = Path(arguments[0] if arguments else ".").resolve()
    found = list(breaches(folder))
    sys.stdout.writelines(f"{breach}\n" for breach in found)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
