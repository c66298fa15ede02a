"""Keeps documents in docs/api: written from the code, or checked against it."""

import json
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
FOLDER = ROOT / "docs" / "api"


def keep(documents: Mapping[str, Any], module: str, arguments: Sequence[str]) -> int:
    """Write the documents by their file names; with `--check` name those that aren't what the code says.

    `module` is what makes them. Returns the command's exit code.
    """
    stale = []
    for name, document in documents.items():
        file = FOLDER / name
        text = json.dumps(document, ensure_ascii=False, indent=2) + "\n"
        if "--check" not in arguments:
            file.write_text(text, encoding="utf-8")
        elif not file.exists() or file.read_text(encoding="utf-8") != text:
            stale.append(file.relative_to(ROOT).as_posix())
    for name in stale:
        sys.stdout.write(f"{name}: not what the code says; run 'python -m {module}'\n")
    return 1 if stale else 0
