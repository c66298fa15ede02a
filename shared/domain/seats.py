"""Decides who hears of what an agency owes: at which units, for which agencies an officer must sit. Pure.

The one rule that alerts, summaries, contacts, `kip check` and `kip doctor` share (docs/decisions/who-is-told.md).
"""

from collections.abc import Container, Iterator, Sequence
from datetime import date
from typing import NamedTuple

from shared.domain.units import Units
from shared.programme.model import Programme


class Seat(NamedTuple):
    """Where an officer sits: for an agency at a unit (its uid)."""

    unit: str
    agency: str


class Seats:
    """Who hears of one programme's matters on one day. What the levels alone decide is thought through once."""

    def __init__(self, programme: Programme, units: Units, on: date) -> None:
        self._programme = programme
        self._units = units
        self._on = on
        self._rungs: dict[tuple[str, int, tuple[str, ...]], tuple[tuple[int, str], ...]] = {}

    def of(self, agency: str, unit: str, to: int) -> tuple[Seat, ...]:
        """List the seats that hear `to` levels up of what the agency at the unit owes, those of the lowest unit first.

        None where nobody sits there at all. Raises KeyError for a unit that the register lacks.
        """
        ladder = self._units.ladder(unit, self._on)
        key = (agency, to, tuple(step.level for step in ladder))
        if key not in self._rungs:
            self._rungs[key] = tuple(rungs(self._programme, agency, key[2], to, self._on))
        return tuple(Seat(ladder[rung].uid, above) for rung, above in self._rungs[key])

    def of_problem(self, agency: str, unit: str, domain: str | None) -> tuple[Seat, ...]:
        """List the seats that hear of a problem: one level up, the lead agency's, and those in charge of its field."""
        lead = self._programme.lead(self._on)
        fields = () if domain is None else self._programme.in_charge_of(domain, self._on)
        ladder = self._units.ladder(unit, self._on)
        found = dict.fromkeys(self.of(agency, unit, 1))
        for leading in (*(() if lead is None else (lead,)), *fields):
            level = self._programme.agency[leading].level
            found.update((Seat(step.uid, leading), None) for step in ladder if step.level == level)
        return tuple(found)

    def of_summary(self, unit: str) -> tuple[Seat, ...]:
        """List the seats at a unit that read its summary: the lead agency's, and of those that it reports to."""
        lead = self._programme.lead(self._on)
        if lead is None:
            return ()
        readers = superiors(self._programme, lead, self._on) | {lead}
        return tuple(Seat(unit, agency) for agency in _at(self._programme, readers, self._units[unit].level))

    def acting(self, agency: str) -> str:
        """Return who acts for the agency today."""
        return acting(self._programme, agency, self._on)

    def stands_for(self, uid: str) -> str | None:
        """Return the unit that stands for this one today; None where nobody does: its officers sit nowhere."""
        return self._units.stands_for(uid, self._on)


def acting(programme: Programme, agency: str, on: date) -> str:
    """Return who acts for the agency on that day; the name itself for one that the programme no longer has."""
    return programme.acting(agency, on) if agency in programme.agency else agency


def superiors(programme: Programme, agency: str, on: date) -> frozenset[str]:
    """Find all that it reports to and that act on that day, directly or not, without itself.

    Who took over from one of them took its superiors too: they report where both did.
    """
    found: set[str] = set()
    waiting = [agency]
    while waiting:
        known = programme.agency.get(waiting.pop())
        if known is not None:
            ended = known.until is not None and known.until < on
            over = {known.successor} if ended and known.successor is not None else set()
            fresh = {*known.reports_to, *over} - found
            found |= fresh
            waiting.extend(fresh)
    above = {acting(programme, slug, on) for slug in found} - {acting(programme, agency, on)}
    return frozenset(slug for slug in above if _acts(programme, slug, on))


def rungs(programme: Programme, agency: str, levels: Sequence[str], to: int, on: date) -> Iterator[tuple[int, str]]:
    """List who hears `to` levels up of what the agency owes, as (place on its unit's ladder, agency).

    `levels` are those of the ladder, lowest first. The owing one hears at its own unit (0), after its end the one that
    acts for it. One level up are those that it reports to at its own level and the next; at the top only where there
    is none below. Further up are those of them that sit exactly there.
    """
    if to == 0:
        yield 0, acting(programme, agency, on)
        return
    above = superiors(programme, agency, on)
    near = range(2) if to == 1 else range(to, to + 1)
    found = [(rung, slug) for rung in near if rung < len(levels) for slug in _at(programme, above, levels[rung])]
    below = [(rung, slug) for rung, slug in found if rung < len(levels) - 1]
    yield from below if to == 1 and below else found


def _acts(programme: Programme, agency: str, on: date) -> bool:
    known = programme.agency.get(agency)
    return known is not None and (known.until is None or on <= known.until)


def _at(programme: Programme, agencies: Container[str], level: str) -> list[str]:
    """List which of these agencies sit at the level, in the programme's order."""
    return [known.slug for known in programme.agencies if known.level == level and known.slug in agencies]
