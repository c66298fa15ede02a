"""Writes the documents to docs/api, or checks that what stands there is what the code says.

`python -m services.intake.documents.files [--check]`
"""

import json
import sys
from pathlib import Path
from typing import Any

from services.intake.documents.asyncapi import asyncapi
from services.intake.documents.openapi import openapi
from services.intake.documents.schemas import MODELS, event_schema
from shared import __version__

ROOT = Path(__file__).resolve().parents[3]
FOLDER = ROOT / "docs" / "api"


def documents(version: str) -> dict[str, Any]:
    """Every document by its file name."""
    return {
        "openapi.json": openapi(version),
        "asyncapi.json": asyncapi(version),
        **{f"{kind}.schema.json": event_schema(kind) for kind in MODELS},
    }


def main(arguments: list[str]) -> int:
    stale = []
    for name, document in documents(__version__).items():
        path = FOLDER / name
        text = json.dumps(document, ensure_ascii=False, indent=2) + "\n"
        if "--check" not in arguments:
            path.write_text(text, encoding="utf-8")
        elif not path.exists() or path.read_text(encoding="utf-8") != text:
            stale.append(path.relative_to(ROOT).as_posix())
    for name in stale:
        sys.stdout.write(f"{name}: not what the code says; run 'python -m services.intake.documents.files'\n")
    return 1 if stale else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
