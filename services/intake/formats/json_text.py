"""JSON as the door reads it: UTF-8, no NaN, no key twice in an object, of bounded depth and number of members."""

import json
from typing import Any

from pydantic_core import from_json

from services.intake.refusals import anonymous
from shared.words import Words

MEMBERS = 1_000_000  # of all arrays and objects of a body; its depth is bounded by the parser (200)
MARK = b"\xef\xbb\xbf"  # a byte order mark, which Windows' editors and languages put before UTF-8
_SPACE = b" \t\n\r"  # as JSON has it: what may stand between a key and its colon


class UnreadableError(Exception):
    """The body is not what its content type says. The text says where and what was expected, `detail` in both
    languages where it has them.
    """

    def __init__(self, detail: str | Words) -> None:
        super().__init__(detail.en if isinstance(detail, Words) else detail)
        self.detail = detail


class TooManyError(Exception):
    """The body holds more than the door takes in one request. The text says how many it takes."""


def load(body: bytes) -> Any:
    """Read one JSON value; a byte order mark before it is skipped (RFC 8259, section 8.1).

    Raises UnreadableError, and TooManyError before anything is made of a body with too many.

    Each member costs thirty times what `{},` does in the body. Counted is what begins or parts them; a text that holds
    such characters counts as well.
    """
    body = body.removeprefix(MARK)
    if len(body) > MEMBERS and sum(map(body.count, (b",", b"{", b"["))) > MEMBERS:
        raise TooManyError(f"at most {MEMBERS} values in a JSON body")
    try:
        value = from_json(body, allow_inf_nan=False)
    except ValueError as error:
        raise UnreadableError(f"expected JSON in UTF-8: {error}") from None
    refuse_duplicates(body)
    return value


def refuse_duplicates(body: bytes) -> None:
    """Raise UnreadableError where an object has a key twice: readers differ on which one counts. For valid JSON."""
    json.loads(body, object_pairs_hook=_unique)


def may_have_duplicates(body: bytes, keys: int) -> bool:
    """Whether valid JSON may have a key twice, where a parser that keeps the last found `keys` of them.

    Counts what ends a key, at a quarter of the cost of parsing again. A text that holds the same is suspicious as well:
    `refuse_duplicates` then decides.
    """
    return body.translate(None, _SPACE).count(b'":') != keys


def name_of(value: Any) -> str:
    """What a JSON value is, for people."""
    names = {dict: "an object", list: "an array", str: "a text", bool: "a boolean", type(None): "null"}
    return names.get(type(value), "a number")


def _shown(key: str) -> str:
    return repr(key[:60]) if anonymous(key) else "one"


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    made = dict(pairs)
    if len(made) != len(pairs):
        seen: set[str] = set()
        twice = next(key for key, _ in pairs if key in seen or seen.add(key))  # type: ignore[func-returns-value]
        raise UnreadableError(f"expected each key once in an object, got {_shown(twice)} twice")
    return made
