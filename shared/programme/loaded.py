"""Programmes as they are loaded: documents that another version may have written."""

from collections.abc import Mapping
from contextlib import suppress

from pydantic import ValidationError

from shared.programme.model import Programme


def readable(documents: Mapping[str, str]) -> dict[str, Programme]:
    """Read the programmes that are loaded. One of another version can't be read, and is left alone."""
    found: dict[str, Programme] = {}
    for slug, text in documents.items():
        with suppress(ValidationError):
            found[slug] = Programme.model_validate_json(text)
    return found
