"""Checks that what the documents name is there: files and folders in backticks, and the targets of links.

`python -m deploy.checks.doc_paths [FOLDER]` prints one line a breach and exits with 1 if there is any. Looks at
README.md, CONTRIBUTING.md and all pages of docs/. A part in angle brackets stands for anything: `formats/<name>.py`.
"""

import re
import sys
from collections.abc import Iterator, Set
from fnmatch import fnmatchcase
from pathlib import Path, PurePath, PurePosixPath

from deploy.checks.file_rules import files_of
from deploy.checks.report import folder_of, report

# Written by a run or by whoever installs; git ignores them.
MADE_LATER = (".run/", ".venv/", "deploy/compose/secrets/")
_CODE = re.compile(r"`([^`\n]+)`")
_LINK = re.compile(r"\]\(([^)\s]+)\)")
_FENCE = re.compile(r"^```.*?^```", re.MULTILINE | re.DOTALL)
_PATH = re.compile(r"[\w.<>*-]+(?:/[\w.<>*-]+)*/?")
_ANYTHING = re.compile(r"<[^>]*>")
_FILE = re.compile(r"[\w<>*-]+\.(?:py|sql|j2|sh|md|ya?ml|toml|csv)")


def breaches(folder: Path) -> Iterator[str]:
    """Find what pages name and isn't there, one `page:line: what is wrong` each."""
    known = frozenset(path.relative_to(folder).as_posix() for path in files_of(folder))
    known |= {str(above) for name in known for above in PurePosixPath(name).parents}
    for page in sorted(name for name in known if is_page(name)):
        text = (folder / page).read_text(encoding="utf-8")
        for number, line in enumerate(_FENCE.sub(_blank, text).splitlines(), 1):
            yield from (f"{page}:{number}: {breach}" for breach in line_breaches(page, line, known))


def is_page(name: str) -> bool:
    """Tell whether a file is a page that describes this repository as it is."""
    return name in {"README.md", "CONTRIBUTING.md"} or (name.startswith("docs/") and name.endswith(".md"))


def line_breaches(page: str, line: str, known: Set[str]) -> Iterator[str]:
    """Find what one line names and isn't there. A bare file's name is looked for beside the files that the line
    names.
    """
    tops = {PurePath(name).parts[0] for name in known if "/" in name}
    named = [code for code in _CODE.findall(line) if _PATH.fullmatch(code) and not code.startswith(MADE_LATER)]
    paths = [code for code in named if "/" in code and code.partition("/")[0] in tops]
    folders = {str(PurePath(code).parent) for code in paths}
    for code in paths:
        if not _there(code.rstrip("/"), known):
            yield f"there is no {code}"
    for code in named:
        if "/" not in code and _FILE.fullmatch(code):
            beside = [code, *(f"{folder}/{code}" for folder in folders)] if folders else [code, f"*/{code}"]
            if not any(_there(path, known) for path in beside):
                yield f"there is no {code}" + (f" in {' or '.join(sorted(folders))}" if folders else "")
    for target in _LINK.findall(line):
        file = target.partition("#")[0]
        if file and "://" not in file and not _there(_joined(page, file), known):
            yield f"the link {target} leads nowhere"


def _there(path: str, known: Set[str]) -> bool:
    pattern = _ANYTHING.sub("*", path)
    return path in known or ("*" in pattern and any(fnmatchcase(name, pattern) for name in known))


def _joined(page: str, file: str) -> str:
    """Resolve a link's target to a path in the repository."""
    parts: list[str] = []
    for part in (*PurePosixPath(page).parent.parts, *PurePosixPath(file).parts):
        if part == ".." and parts:
            parts.pop()
        elif part != ".":
            parts.append(part)
    return "/".join(parts) or "."


def _blank(fence: re.Match[str]) -> str:
    """Replace a code block, which is an example, by as many empty lines."""
    return "\n" * fence.group().count("\n")


def main(arguments: list[str]) -> int:
    return report(breaches(folder_of(arguments)))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
