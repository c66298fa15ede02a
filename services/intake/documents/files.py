"""Writes the documents to docs/api, or checks that what stands there is what the code says.

`python -m services.intake.documents.files [--check]`
"""

import sys
from typing import Any

from services.intake.documents.asyncapi import asyncapi
from services.intake.documents.openapi import openapi
from services.intake.documents.schemas import MODELS, event_schema
from shared import __version__
from shared.documents.files import keep


def documents(version: str) -> dict[str, Any]:
    """Write every document, by its file name."""
    return {
        "openapi.json": openapi(version),
        "asyncapi.json": asyncapi(version),
        **{f"{kind}.schema.json": event_schema(kind) for kind in MODELS},
    }


if __name__ == "__main__":
    sys.exit(keep(documents(__version__), "services.intake.documents.files", sys.argv[1:]))
