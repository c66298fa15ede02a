"""Fills message texts in its own process, by `python -m shared.programme.text_filling` (`shared.runtime.confined`).

A request is a JSON list of [template, variables]; the answer has for each [subject, body], or a text that says what is
wrong with the template.
"""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from jinja2 import TemplateError
from pydantic_core import from_json, to_json

from shared.programme.message_text import Message, render
from shared.runtime.confined import MEBIBYTE, serve

MODULE = "shared.programme.text_filling"
MEMORY = 192 * MEBIBYTE
SECONDS = 5.0  # for what is asked together; the largest digest of the country takes a tenth of one
_LONGEST_REASON = 500


class TextError(Exception):
    """A text that can't be filled. Its text says why."""


def as_job(template: str, variables: Mapping[str, Any]) -> bytes:
    """One text to be filled. Raises ValueError for variables that are no data."""
    return to_json((template, dict(variables)))


def request(jobs: Sequence[bytes]) -> bytes:
    """These jobs as a request."""
    return b"[" + b",".join(jobs) + b"]"


def outcomes(answer: bytes) -> list[Message | TextError]:
    """An answer's messages, in the order of the request."""
    return [TextError(item) if isinstance(item, str) else Message(*item) for item in from_json(answer)]


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
