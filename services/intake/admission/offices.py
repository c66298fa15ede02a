"""Checks what is posted in an officer's name: only what their seat reports, whatever the key may. Pure.

A key that acts for officers has one sender for all of them, so the name of a record says whose it is: it begins with
its unit's uid and its agency, `06412@1/ubnd-xa/…`. So nobody's request touches the record of another seat.
"""

from datetime import date

from services.intake.formats.cloudevents import Event
from services.intake.refusals.event_words import OfficeWords
from shared.domain.events import Problem
from shared.domain.refusals import Code, Refusal
from shared.domain.seats import acting
from shared.domain.units import Unit, Units
from shared.programme.model import Programme
from shared.registry.officer_store import ActingOfficer
from shared.registry.officers import hears_of
from shared.wording.words import Told, listed


def outside_office(
    event: Event, unit: Unit, officer: ActingOfficer, programme: Programme, units: Units, today: date
) -> Refusal | None:
    """Say why an officer may not post the event about the unit; None where they may.

    They may for their agency at the unit that stands for theirs today, for what that came from too; of units below it
    they may raise and resolve problems.
    """
    if not hears_of(officer.programmes, programme.slug):
        return _refused("data.programme", listed(sorted(officer.programmes)), programme.slug)
    seat = units.stands_for(officer.unit, today)
    if seat is None:
        return _refused("subject", OfficeWords.NO_SEAT.value, event.subject)
    own, *above = (step.uid for step in units.ladder(unit.uid, today))
    if own == seat:
        agency = _agency(event)
        if agency is None or acting(programme, agency, today) != acting(programme, officer.agency, today):
            return _refused("data.agency", acting(programme, officer.agency, today), agency)
    elif not (seat in above and isinstance(event.data, Problem)):
        return _refused("subject", OfficeWords.UNIT.value.filled(uid=seat), event.subject)
    return _of_another_seat(event, unit)


def _agency(event: Event) -> str | None:
    """Read whose the event is; of the withdrawal of an activity, which names no agency, whose record it is."""
    if event.data.agency is not None:
        return event.data.agency
    named = (getattr(event.data, "record", None) or "").split("/")
    return named[1] if len(named) > 2 else None


def _of_another_seat(event: Event, unit: Unit) -> Refusal | None:
    """Refuse a record whose name doesn't begin with its unit and agency."""
    whose = f"{unit.uid}/{_agency(event)}/"
    for field in ("record", "supersedes"):
        name = getattr(event.data, field, None)
        if name is not None and not name.startswith(whose):
            return _refused(f"data.{field}", f"{whose}…", name)
    return None


def _refused(field: str, expected: Told, got: object) -> Refusal:
    return Refusal(Code.OFFICER_NOT_ALLOWED, field, expected, got)
