"""An accepted event that a service can't use, as it is kept for a person to look at."""

import re
from dataclasses import dataclass
from typing import Self

from pydantic_core import to_json

from shared.domain.canonical import JsonObject

_NUL = re.compile(r"(?<!\\)((?:\\\\)*)\\u0000")  # an escape of its own, not the end of an escaped backslash


@dataclass(frozen=True, slots=True)
class DeadEvent:
    """Its kind, why it can't be used, and the event as JSON that PostgreSQL can look into."""

    kind: str
    reason: str
    event: str

    @classmethod
    def of(cls, kind: str, reason: str, event: JsonObject) -> Self:
        """Make one of an event as it came.

        A NUL, which PostgreSQL reads nowhere, is written as ␀: one row with it would hide the whole table.
        """
        return cls(kind, reason, _NUL.sub(r"\1\\u2400", to_json(event).decode()))
