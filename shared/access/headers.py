"""The headers by which a request narrows what its key may do: each at most once, understood or refused. Pure."""

from collections.abc import Iterable

from shared.access.words import AccessWords
from shared.domain.units import Units
from shared.wording.words import Words

REACH = "Kip-Reach"


class HeaderError(Exception):
    """The header can't be taken as it came: which one, and what was expected in it."""

    def __init__(self, header: str, expected: Words) -> None:
        self.header = header
        self.expected = AccessWords.IN_HEADER.value.filled(expected=expected, name=header)
        super().__init__(self.expected.en)


def single(headers: Iterable[tuple[bytes, bytes]], name: str) -> str | None:
    """Find a header among ASGI's raw headers; None without one. Raises HeaderError where there are two."""
    wanted = name.lower().encode()
    found = [value for given, value in headers if given == wanted]
    if len(found) > 1:
        raise HeaderError(name, AccessWords.ONCE.value)
    return found[0].decode("latin-1").strip() if found else None


def read_narrowing(headers: Iterable[tuple[bytes, bytes]], units: Units) -> str | None:
    """Read the unit (uid) to whose subtree a request narrows its key by `Kip-Reach`; None where it doesn't.

    Raises HeaderError for two headers, and for a unit that the register doesn't have.
    """
    uid = single(headers, REACH)
    if uid is not None and uid not in units:
        raise HeaderError(REACH, AccessWords.REACH.value)
    return uid
