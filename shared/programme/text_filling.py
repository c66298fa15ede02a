"""What is asked of the process that fills message texts (`text_child.py`), and what it answers.

A request is a JSON list of [template, variables]; the answer has for each [subject, body], or a text that says what is
wrong with the template. Nothing here imports the template engine: whoever asks does without it.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from pydantic_core import from_json, to_json

from shared.programme.message import Message

MODULE = "shared.programme.text_child"
SECONDS = 5.0  # for what is asked together; the largest digest of the country takes a tenth of one


class TextError(Exception):
    """A text that can't be filled. Its text says why."""


def as_job(template: str, variables: Mapping[str, Any]) -> bytes:
    """Encode one text to be filled. Raises ValueError for variables that are no data."""
    return to_json((template, dict(variables)))


def request(jobs: Sequence[bytes]) -> bytes:
    """Join these jobs to a request."""
    return b"[" + b",".join(jobs) + b"]"


def outcomes(answer: bytes) -> list[Message | TextError]:
    """Read an answer's messages, in the order of the request."""
    return [TextError(item) if isinstance(item, str) else Message(*item) for item in from_json(answer)]
