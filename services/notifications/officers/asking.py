"""Who asks about officers: a key that may act for them, within its reach."""

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import NamedTuple

from starlette.requests import Request

from services.notifications.decision_words import Decline, declined, invalid
from shared.access.acting import ActingError, ActingFault, let_act
from shared.access.headers import read_narrowing
from shared.access.rights import Reach, reach_of
from shared.access.words import AccessWords
from shared.database.connections import Pool
from shared.http.read_api import beyond, key_of
from shared.registry.officer_store import find_officer
from shared.registry.officers import Officer
from shared.registry.snapshot import Key, Registry
from shared.values.scalars import ScalarError, text, whole_number


class Asker(NamedTuple):
    """A key with the right `act`, and how far this request of its sees."""

    key: Key
    reach: Reach


def asker_of(registry: Registry, request: Request, now: datetime) -> Asker:
    """Find who asks.

    Raises UnauthorizedError, ActingError, HeaderError, and ConnectionError before the registry is loaded.
    """
    key = key_of(registry, request, now)
    let_act(key)
    return Asker(key, reach_of(key, read_narrowing(request.scope["headers"], registry.units)))


async def officer_by_ref(pool: Pool, registry: Registry, asker: Asker, ref: object) -> Officer:
    """Find the officer of a reference (12.0), whom the key reaches.

    Raises ActingError for one who is removed or of another generation, and for what is no reference at all.
    """
    officer = await find_officer(pool, _number(ref))
    if officer is None or officer.ref != ref:
        raise ActingError(ActingFault.GONE, AccessWords.OFFICER_GONE.value)
    return within_reach(registry, asker, officer)


def within_reach(registry: Registry, asker: Asker, officer: Officer) -> Officer:
    """Return the officer. Raises ForbiddenError for one at a unit that the key doesn't reach."""
    if not asker.reach.sees_unit(registry.units, officer.unit):
        raise beyond(asker.reach)
    return officer


def _number(ref: object) -> int:
    try:
        return whole_number(text(ref).partition(".")[0])
    except ScalarError:
        return 0  # nobody's


def only_fields(fields: Mapping[str, object], known: Collection[str]) -> None:
    """Refuse a field that isn't known. Raises DecisionError."""
    for name in fields:
        if name not in known:
            raise declined(Decline.NO_FIELD, name if name.isidentifier() else None, names=", ".join(sorted(known)))


def text_field(fields: Mapping[str, object], name: str) -> str:
    """Read a text that must be there, as long as an identifier at most. Raises DecisionError."""
    try:
        return text(fields.get(name))
    except ScalarError as error:
        raise invalid(name, error) from None
