"""Who acts: the officer whom a request names in its header `Kip-Officer`, as a key with the right `act` may.

`Kip-Officer: 12.0` is the officer 12 of generation 0; `Kip-Officer: 12.0; device=3f9c21ab` says on which device, by a
public mark of it. What an officer may do is each service's own to judge: nothing of it is taken from the request.
"""

import re
from collections.abc import Iterable
from enum import StrEnum
from typing import NamedTuple

from shared.access.headers import HeaderError, single
from shared.access.words import AccessWords
from shared.database.connections import Connection, Pool
from shared.registry.officer_store import ActingOfficer, find_acting_officer
from shared.registry.snapshot import Key
from shared.wording.words import Words

HEADER = "Kip-Officer"
_WRITTEN = re.compile(
    r"(?P<id>[1-9][0-9]{0,17})\.(?P<generation>0|[1-9][0-9]{0,8})(; ?device=(?P<device>[0-9a-f]{8,32}))?", re.ASCII
)


class ActingReference(NamedTuple):
    """An officer as a request names them, not yet looked up; `device` is the public mark of theirs, if it says one."""

    officer: int
    generation: int
    device: str | None = None

    @property
    def ref(self) -> str:
        """Write it as links and events have it: `12.0`."""
        return f"{self.officer}.{self.generation}"


class Acting(NamedTuple):
    """The officer whose request it is, as they are registered at this moment, and on which device."""

    officer: ActingOfficer
    device: str | None


class ActingFault(StrEnum):
    """Why nobody may act so: the stable codes, the same of every service."""

    MAY_NOT_ACT = "may_not_act"
    GONE = "gone"

    @property
    def status(self) -> int:
        """The HTTP status that it is answered with."""
        return 403 if self is ActingFault.MAY_NOT_ACT else 410


class ActingError(Exception):
    """Nobody may act so; `words` say why, and nothing of an officer."""

    def __init__(self, fault: ActingFault, words: Words) -> None:
        super().__init__(words.en)
        self.fault = fault
        self.words = words


def read_acting(headers: Iterable[tuple[bytes, bytes]]) -> ActingReference | None:
    """Read the header among ASGI's raw headers; None without one. Raises HeaderError for two, and for what is none."""
    given = single(headers, HEADER)
    if given is None:
        return None
    found = _WRITTEN.fullmatch(given)
    if found is None:
        raise HeaderError(HEADER, AccessWords.OFFICER.value)
    return ActingReference(int(found["id"]), int(found["generation"]), found["device"])


def let_act(key: Key) -> None:
    """Raise ActingError for a key that may not act for officers."""
    if not key.can_act:
        raise ActingError(ActingFault.MAY_NOT_ACT, AccessWords.MAY_NOT_ACT.value)


async def acting_officer(database: "Connection | Pool", key: Key, reference: ActingReference) -> Acting:
    """Look the officer up, at each request: a removal or a revocation counts from its commit on.

    Raises ActingError for a key without the right, for an officer who is removed and for another generation, and one
    of DATABASE_AWAY.
    """
    let_act(key)
    officer = await find_acting_officer(database, reference.officer)
    if officer is None or officer.generation != reference.generation:
        raise ActingError(ActingFault.GONE, AccessWords.OFFICER_GONE.value)
    return Acting(officer, reference.device)
