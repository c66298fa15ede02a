"""An officer as the board shows them to themselves: who they are, where they sit, how a code reaches them. Pure."""

from collections.abc import Collection, Sequence
from datetime import UTC, date, datetime
from typing import NamedTuple

from services.notifications.messages.masking import masked
from shared.domain.offices import seated
from shared.domain.units import Unit
from shared.programme.model import Programme
from shared.registry.officers import Officer
from shared.registry.snapshot import Registry

Shown = dict[str, object]


class Address(NamedTuple):
    """Where a channel leads: its kind, and the address without it."""

    kind: str
    address: str


def addresses(officer: Officer, kinds: Collection[str], dead: Collection[str]) -> list[Address]:
    """List the officer's addresses of these kinds in their order of preference, but for those that mail came back from
    (`dead`, in lower case).
    """
    living = (str(channel) for channel in officer.channels if str(channel).lower() not in dead)
    split = (channel.partition(":") for channel in living)
    return [Address(kind, address) for kind, _, address in split if kind in kinds]


def theirs(registry: Registry, officer: Officer) -> list[Programme]:
    """List the loaded programmes that the officer belongs to."""
    return [programme for slug, programme in sorted(registry.programmes.items()) if officer.belongs_to(slug)]


def today_of(registry: Registry, officer: Officer, now: datetime) -> date:
    """Give the day it is for the officer: that of their programmes, the latest where these differ."""
    days = [programme.today(now) for programme in theirs(registry, officer)]
    return max(days, default=now.astimezone(UTC).date())


def profile(registry: Registry, officer: Officer, personal: Sequence[Address], now: datetime) -> Shown:
    """Show an officer; `personal` are the addresses that a code can go to."""
    units = registry.units
    seat = units.stands_for(officer.unit, today_of(registry, officer, now))
    registered = units.get(officer.unit)
    return {
        "ref": officer.ref,
        "name": officer.name,
        "role": officer.role,
        "unit": _unit(registered) if registered is not None else _unknown(officer.unit),
        "today": _unit(units[seat]) if seat is not None else None,
        "agency": {"slug": officer.agency, "name": _agency_name(registry, officer)},
        "office": _office(registry, officer, units.get(seat or officer.unit)),
        "programmes": list(officer.programmes),
        "language": officer.language,
        "personal": [masked(address.address) for address in personal],
        "clock": now.isoformat(),
    }


def _unit(unit: Unit) -> Shown:
    return {"uid": unit.uid, "code": unit.code, "name": unit.name, "level": unit.level}


def _unknown(uid: str) -> Shown:
    """Show a unit that the register has no more by what is known of it."""
    return {"uid": uid, "code": uid, "name": uid, "level": None}


def _office(registry: Registry, officer: Officer, unit: Unit | None) -> str:
    """Name the agency at the unit where they sit, as letters do: «UBND xã Yên Vượng»."""
    agency = _agency_name(registry, officer)
    return agency if unit is None else seated(agency, unit, officer.language)


def _agency_name(registry: Registry, officer: Officer) -> str:
    """Name the agency as the first of the officer's programmes that knows it does; by its slug where none does."""
    for programme in theirs(registry, officer):
        if officer.agency in programme.agency:
            return programme.agency_name(officer.agency, officer.language)
    return officer.agency
