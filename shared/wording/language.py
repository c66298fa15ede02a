"""In which language who asks is answered: decided here, from Accept-Language, for every door of every service."""

import re
from collections.abc import Iterable
from functools import lru_cache

ENGLISH, VIETNAMESE = "en", "vi"
_RANGE = re.compile(
    r"\s*([A-Za-z]{1,8}(?:-[A-Za-z0-9]{1,8})*|\*)\s*(?:;\s*[qQ]\s*=\s*(0(?:\.\d{0,3})?|1(?:\.0{0,3})?)\s*)?"
)
_MOST = 4096  # characters that are looked at


def language_of(headers: Iterable[tuple[bytes, bytes]]) -> str:
    """Choose `vi` or `en` by the Accept-Language lines among ASGI's raw headers."""
    lines = [value for name, value in headers if name == b"accept-language"]
    return preferred(b",".join(lines).decode("latin-1")[:_MOST]) if lines else ENGLISH


@lru_cache(maxsize=256)
def preferred(asked: str) -> str:
    """Choose the one of our two languages that a list of ranges (RFC 9110, 12.5.4) prefers: by weight, then by place.

    A range of Vietnamese of any region is Vietnamese. What can't be read of it counts for nothing; nothing is English.
    """
    weights: dict[str, float] = {}
    for item in asked.split(","):
        found = _RANGE.fullmatch(item)
        if found is not None:
            weights.setdefault(found[1].partition("-")[0].lower(), float(found[2] or 1))
    others = weights.get("*", 0.0)
    vietnamese, english = weights.get(VIETNAMESE, others), weights.get(ENGLISH, others)
    if vietnamese != english:
        return VIETNAMESE if vietnamese > english else ENGLISH
    order = list(weights)
    named_first = VIETNAMESE in order and (ENGLISH not in order or order.index(VIETNAMESE) < order.index(ENGLISH))
    return VIETNAMESE if vietnamese > 0 and named_first else ENGLISH
