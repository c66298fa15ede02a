"""Which letters the made-up year must cause: who is told of which late report, and on which morning."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from sample import workdays
from sample.duties import Duty
from sample.officers import Officer
from sample.scope import Scope
from sample.tally import Tally
from shared.domain.periods import period_words
from shared.domain.units import Unit
from shared.programme.model import AgencyRole, Programme, Step


@dataclass(frozen=True, slots=True)
class Told:
    """One line of one letter. `digest` tells a level above; else the unit itself is told."""

    on: date
    address: str
    digest: bool
    overdue: bool
    unit_code: str
    report: str
    period: str  # in words


def expected_letters(
    programme: Programme, scope: Scope, tally: Tally, duties: Iterable[Duty], officers: Sequence[Officer]
) -> Counter[Told]:
    """Count every line of every message of the year that must come: by the step's morning, once."""
    contacts: dict[str, list[Officer]] = {}
    for officer in officers:
        contacts.setdefault(officer.unit, []).append(officer)
    return Counter(told for duty in duties for told in _about(programme, scope, duty, _came_at(tally, duty), contacts))


def _came_at(tally: Tally, duty: Duty) -> datetime | None:
    standing = tally.standing.get(("report", duty.report, duty.unit.uid, duty.agency, str(duty.period)))
    return standing.first_at if standing else None


def _about(
    programme: Programme, scope: Scope, duty: Duty, came_at: datetime | None, contacts: dict[str, list[Officer]]
) -> Iterator[Told]:
    requested = programme.agency[duty.agency].role is AgencyRole.REQUESTED
    ladder = scope.units.path(duty.unit.uid)
    for step in programme.escalation:
        if (requested and step.to) or step.to >= len(ladder):
            continue
        for day in _days(step, duty.due_at.date()):
            if came_at is not None and came_at < workdays.morning(day):
                continue
            for officer in _addressed(programme, duty.agency, step.to, ladder, contacts):
                yield Told(
                    on=day,
                    address=officer.address,
                    digest=step.to > 0,
                    # Those who are asked and not ordered read no "overdue".
                    overdue=step.working_days > 0 and not requested,
                    unit_code=duty.unit.code,
                    report=programme.text(programme.report[duty.report].label, "vi"),
                    period=period_words(str(duty.period)).vi,
                )


def _days(step: Step, due_on: date) -> Iterator[date]:
    day = workdays.shift(due_on, step.working_days)
    for _ in range(step.at_most if step.repeat_working_days else 1):
        yield day
        day = workdays.shift(day, step.repeat_working_days or 0)


def _addressed(
    programme: Programme, agency: str, to: int, ladder: Sequence[Unit], contacts: dict[str, list[Officer]]
) -> list[Officer]:
    """Choose the officers of the agency itself; above it of those that it reports to: one level up at its own unit
    and the next, at the nation only where there are none below; further up at that very unit.
    """
    if to == 0:
        return [officer for officer in contacts.get(ladder[0].uid, []) if officer.agency == agency]
    above = _superiors(programme, agency)
    near = ladder[:2] if to == 1 else ladder[to : to + 1]
    seats = [(unit, slug) for unit in near for slug in above if programme.agency[slug].level == unit.level]
    if to == 1 and any(unit.parent for unit, _ in seats):
        seats = [(unit, slug) for unit, slug in seats if unit.parent]
    return [officer for unit, slug in seats for officer in contacts.get(unit.uid, []) if officer.agency == slug]


def _superiors(programme: Programme, agency: str) -> set[str]:
    """List the agencies that it reports to, and those that these report to, as they were in 2023."""
    found: set[str] = set()
    waiting = [agency]
    while waiting:
        for above in programme.agency[waiting.pop()].reports_to:
            if above not in found:
                found.add(above)
                waiting.append(above)
    return found
