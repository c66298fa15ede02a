"""Reports what a check has found, in the way of all of them: a line each, and 1 as exit code if there is any."""

import sys
from collections.abc import Iterable
from pathlib import Path


def folder_of(arguments: list[str]) -> Path:
    """Find the folder that a check is asked to look at: the first argument, else the current one."""
    return Path(arguments[0] if arguments else ".").resolve()


def report(found: Iterable[str]) -> int:
    """Print each line, and return the exit code."""
    lines = list(found)
    sys.stdout.writelines(f"{line}\n" for line in lines)
    return 1 if lines else 0
