"""The process that fills message texts, confined: `python -m shared.programme.text_child`."""

import json
from collections.abc import Mapping
from typing import Any

from jinja2 import TemplateError
from pydantic_core import to_json

from shared.programme.message_text import render
from shared.programme.text_filling import SECONDS
from shared.runtime.confined import MEBIBYTE, serve

MEMORY = 192 * MEBIBYTE
_LONGEST_REASON = 500


def _answer(asked: bytes) -> bytes:
    return to_json([_filled(template, variables) for template, variables in json.loads(asked)])


def _filled(template: str, variables: Mapping[str, Any]) -> tuple[str, str] | str:
    try:
        message = render(template, variables)
    except (TemplateError, ValueError) as error:
        return f"{type(error).__name__}: {error}"[:_LONGEST_REASON]
    return message.subject, message.body


if __name__ == "__main__":
    serve(_answer, memory=MEMORY, seconds=2 * int(SECONDS))
