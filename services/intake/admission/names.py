"""Checks what a sender has named and written: names of letters that every system keeps, and nothing of a person's.

Only the door asks: what is in the ledger, on a queue or among the dead is never refused for it.
"""

import re
from collections.abc import Iterable
from unicodedata import normalize
from urllib.parse import unquote

from services.intake.formats.cloudevents import Event
from shared.domain.events import Problem
from shared.domain.refusals import Code, Refusal
from shared.values.personal_data import in_identifier, in_text
from shared.wording.words import Words

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:/@+~=-]{0,199}")
_SOURCE = re.compile(r"[\w/.:@+~=-]{1,200}")  # letters of any script: an app's path
_NAME_RULE = Words(
    "tối đa 200 ký tự, bắt đầu bằng chữ cái không dấu hoặc chữ số, tiếp theo là chữ cái không dấu, chữ số hoặc "
    "._:/@+~=-, không có dấu cách",
    "up to 200 of A-Z, a-z, 0-9 and ._:/@+~=-, the first a letter or digit; write - for a space",
)
_SOURCE_RULE = Words(
    "tối đa 200 chữ cái, chữ số hoặc ._:/@+~=-, không có dấu cách",
    "up to 200 letters, digits and ._:/@+~=-; write - for a space",
)


def check_names(event: Event, year: int) -> Iterable[Refusal]:
    """Refuse a person's number in what a sender has named or written, and names that not every system keeps."""
    data = event.data
    for field, name in (
        ("id", event.id), ("data.record", getattr(data, "record", None)),
        ("data.supersedes", getattr(data, "supersedes", None)),
    ):  # fmt: skip
        if name is None:
            continue
        if in_identifier(name, year) is not None:
            yield Refusal(Code.PERSONAL_DATA, field)
        elif _NAME.fullmatch(name) is None:
            yield Refusal(Code.VALUE_INVALID, field, _NAME_RULE, name)
    source = unquote(event.source)
    if in_identifier(source, year) is not None:
        yield Refusal(Code.PERSONAL_DATA, "source")
    elif _SOURCE.fullmatch(normalize("NFC", source)) is None:
        yield Refusal(Code.VALUE_INVALID, "source", _SOURCE_RULE, event.source)
    if isinstance(data, Problem) and in_text(data.text, year) is not None:
        yield Refusal(Code.PERSONAL_DATA, "data.text")
