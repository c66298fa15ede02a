"""JSON as the door reads it: UTF-8, no NaN, no key twice in an object, of bounded depth, members and lengths."""

import json
import re
from typing import Any

from pydantic_core import from_json

from services.intake.refusals.request_words import JsonWords
from shared.values.scalars import shown
from shared.wording.words import Words

MEMBERS = 1_000_000  # of all arrays and objects of a body; its depth is bounded by the parser (200)
NAMES = 10_000  # of one object
TEXT_CHARS = 1024 * 1024  # of one text
MARK = b"\xef\xbb\xbf"  # a byte order mark, which Windows' editors and languages put before UTF-8
_PLACE = re.compile(r"(.*) at line (\d+) column (\d+)")
# What the parser's words begin with.
_FAULTS = {
    "EOF": JsonWords.ENDS_EARLY,
    "trailing": JsonWords.GOES_ON,
    "recursion": JsonWords.TOO_DEEP,
    "invalid unicode": JsonWords.NOT_UTF8,
    "control character": JsonWords.CONTROL,
    "invalid escape": JsonWords.ESCAPE,
    "unexpected end of hex escape": JsonWords.ESCAPE,
    "lone leading surrogate": JsonWords.ESCAPE,
    "invalid number": JsonWords.NUMBER,
    "number": JsonWords.NUMBER,
    "key must be": JsonWords.NAME,
}
_SPACE = b" \t\n\r"  # as JSON has it: what may stand between a key and its colon


class UnreadableError(Exception):
    """The body is not what its content type says. `words` say where and what was expected."""

    def __init__(self, words: Words) -> None:
        super().__init__(words.en)
        self.words = words


class TooManyError(Exception):
    """The body holds more than the door takes in one request. `words` say how many it takes."""

    def __init__(self, words: Words) -> None:
        super().__init__(words.en)
        self.words = words


def load(body: bytes) -> Any:
    """Read one JSON value; a byte order mark before it is skipped (RFC 8259, section 8.1).

    Raises UnreadableError, and TooManyError before anything is made of a body with too many.

    Each member costs thirty times what `{},` does in the body. Counted is what begins or parts them; a text that holds
    such characters counts as well.
    """
    body = body.removeprefix(MARK)
    if len(body) > MEMBERS and sum(map(body.count, (b",", b"{", b"["))) > MEMBERS:
        raise TooManyError(JsonWords.MOST_VALUES.value.filled(most=MEMBERS))
    try:
        value = from_json(body, allow_inf_nan=False)
    except ValueError as error:
        raise UnreadableError(_fault_of(str(error))) from None
    refuse_duplicates(body)
    if _may_have_a_long_text(body):
        _refuse_long_texts(value)
    return value


def refuse_duplicates(body: bytes) -> None:
    """Raise UnreadableError where an object has a key twice: readers differ on which one counts. For valid JSON.

    And where an object has more than NAMES: what looks at each of them would do so in one go.
    """
    json.loads(body, object_pairs_hook=_unique)


def may_have_duplicates(body: bytes, keys: int) -> bool:
    """Say whether valid JSON may have a key twice, where a parser that keeps the last found `keys` of them.

    Counts what ends a key, at a quarter of the cost of parsing again. A text that holds the same is suspicious as well:
    `refuse_duplicates` then decides.
    """
    return body.translate(None, _SPACE).count(b'":') != keys


def _fault_of(found: str) -> Words:
    """Say what is wrong and where, of what the parser says: its own words are English, and for programmers."""
    place = _PLACE.fullmatch(found)
    what, line, column = place.groups() if place else (found, "1", "1")
    fault = next((words for begin, words in _FAULTS.items() if what.startswith(begin)), JsonWords.OTHER)
    return JsonWords.JSON.value.filled(fault=fault.value, line=line, column=column)


def _may_have_a_long_text(body: bytes) -> bool:
    """Tell whether some TEXT_CHARS bytes hold no quote: from the last quote of such a piece the next is looked at."""
    at = 0
    while len(body) - at > TEXT_CHARS:
        quote = body.rfind(b'"', at, at + TEXT_CHARS)
        if quote < 0:
            return True
        at = quote + 1
    return False


def _refuse_long_texts(value: Any) -> None:
    waiting = [value]
    while waiting:
        part = waiting.pop()
        if isinstance(part, dict):
            waiting += part
            waiting += part.values()
        elif isinstance(part, list):
            waiting += part
        elif isinstance(part, str) and len(part) > TEXT_CHARS:
            raise UnreadableError(JsonWords.LONG_TEXT.value.filled(most=TEXT_CHARS, got=len(part)))


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    if len(pairs) > NAMES:
        raise UnreadableError(JsonWords.MOST_NAMES.value.filled(most=NAMES, got=len(pairs)))
    made = dict(pairs)
    if len(made) != len(pairs):
        seen: set[str] = set()
        twice = next(key for key, _ in pairs if key in seen or seen.add(key))  # type: ignore[func-returns-value]
        raise UnreadableError(JsonWords.TWICE.value.filled(name=shown(twice)))
    return made
