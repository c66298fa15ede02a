"""A CloudEvents object as its sender wrote it, in the one form that the models check. Pure.

Source: CloudEvents 1.0.2, "Context Attributes", and its JSON format, sections 2.2 and 3.1.
"""

import re
from base64 import b64decode
from collections.abc import Mapping
from typing import Any

from services.intake.formats.json_text import UnreadableError, load
from services.intake.refusals.event_words import EnvelopeWords
from shared.domain.events import DATA_FIELDS, CloudEvent
from shared.domain.refusals import Code, Refusal
from shared.values.scalars import name_of

JSON = "application/json"
BASE64 = "data_base64"
_OWN = frozenset(CloudEvent.model_fields) | {"type", "data", BASE64}
_EXTENSION = re.compile(r"[a-z0-9]+", re.ASCII)
_LINE_ENDS = re.compile(r"[\r\n]")


class EnvelopeError(Exception):
    """The envelope can't be read: why."""

    def __init__(self, refusal: Refusal) -> None:
        super().__init__(refusal.field)
        self.refusal = refusal


def plain(item: Any) -> Any:
    """Write an event with its data in the open, whole numbers as such and no extension attributes.

    Knative, Dapr and tracing add attributes of their own on the way: they are taken, and not kept. What a name or value
    forbids to be one (`Revision`, an object) stays, to be refused by the model; so does a field of `data` that stands
    beside it, where dropping it would lose a figure. Raises EnvelopeError.
    """
    if not isinstance(item, dict):
        return item
    made = {name: value for name, value in item.items() if not _is_extension(name, value)}
    kind = made.get("datacontenttype")
    if isinstance(kind, str) and kind.partition(";")[0].strip().lower() == JSON:
        made["datacontenttype"] = JSON
    if BASE64 in made:
        coded = made.pop(BASE64)
        if made.get("data") is not None:
            raise EnvelopeError(Refusal(Code.VALUE_INVALID, BASE64, EnvelopeWords.ONE_DATA.value))
        made["data"] = _decoded(coded)
    if "data" in made:
        made["data"] = _whole(made["data"])
    return made


def _is_extension(name: str, value: object) -> bool:
    known = name in _OWN or name in DATA_FIELDS
    return not known and _EXTENSION.fullmatch(name) is not None and not isinstance(value, dict | list)


def _decoded(coded: object) -> Any:
    """Decode JSON in base64, which may be folded into lines as MIME has it."""
    if not isinstance(coded, str):
        words = EnvelopeWords.BASE64_TEXT.value.filled(got=name_of(coded))
        raise EnvelopeError(Refusal(Code.VALUE_INVALID, BASE64, words))
    try:
        text = b64decode(_LINE_ENDS.sub("", coded), validate=True)
    except ValueError:
        raise EnvelopeError(Refusal(Code.VALUE_INVALID, BASE64, EnvelopeWords.BASE64.value)) from None
    try:
        return load(text)
    except UnreadableError as error:
        words = EnvelopeWords.BASE64_JSON.value.filled(fault=error.words)
        raise EnvelopeError(Refusal(Code.VALUE_INVALID, BASE64, words)) from None


def _whole(value: Any) -> Any:
    """Write `24.0` and `2.4e1` as 24 throughout a value: JSON has one kind of numbers, and these are whole ones."""
    if isinstance(value, float):
        return int(value) if value.is_integer() else value
    if isinstance(value, Mapping):
        return {name: _whole(part) for name, part in value.items()}
    if isinstance(value, list):
        return [_whole(part) for part in value]
    return value
