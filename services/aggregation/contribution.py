"""What a live record gives to the cells. Pure. A contribution is taken away exactly as it was given."""

from collections.abc import Iterable, Iterator
from datetime import date
from typing import NamedTuple, TypeAlias

from services.aggregation.parts import (
    WHOLE,
    Counters,
    Narrowed,
    Part,
    Parts,
    activity_parts,
    add_part,
    figure_parts,
    narrowed,
    together,
)
from services.aggregation.record_subject import RecordSubject, UnknownToUsError, loaded_programme, record_subject
from shared.domain.canonical import EventBody
from shared.domain.duties import applies
from shared.domain.events import OBLIGATION_PREFIX, Kind
from shared.domain.periods import parse_period
from shared.domain.units import Unit
from shared.programme.indicators import IndicatorReporter
from shared.programme.model import Programme
from shared.programme.reports import Reporter
from shared.registry.snapshot import Registry

Steps: TypeAlias = tuple[str, ...]  # uids, lowest first
CellKey: TypeAlias = tuple[str, str, str, str, str]  # (unit, subject, period, programme, province), as the cells' key
_COUNTED = frozenset({Kind.ACTIVITY_RECORDED.value, Kind.INDICATOR_REPORTED.value, Kind.REPORT_SUBMITTED.value})


class LeafKey(NamedTuple):
    """A cell at every step of a ladder at once: `ladder` numbers the steps in `Delta.ladders`."""

    ladder: int
    subject: str
    period: str
    programme: str
    province: str


class Delta:
    """What changes in the cells: sums by leaf and part, and the steps that each leaf climbs."""

    def __init__(self) -> None:
        self.ladders: dict[Steps, int] = {}
        self.leaves: dict[LeafKey, Parts] = {}

    def ladder(self, steps: Steps) -> int:
        """Number these steps."""
        return self.ladders.setdefault(steps, len(self.ladders))

    def leaf(self, key: LeafKey) -> Parts:
        """Return the sums of this leaf, to add to."""
        found = self.leaves.get(key)
        if found is None:
            found = self.leaves[key] = {}
        return found

    def cells(self) -> dict[CellKey, Parts]:
        """Add the leaves up to cells at every level. Cells of one leaf alone share its sums: don't change them."""
        steps = {number: uids for uids, number in self.ladders.items()}
        gathered: dict[CellKey, list[Parts]] = {}
        for (ladder, subject, period, programme, province), parts in self.leaves.items():
            for unit in steps[ladder]:
                key = (unit, subject, period, programme, province)
                held = gathered.get(key)
                if held is None:
                    gathered[key] = [parts]
                else:
                    held.append(parts)
        return {key: together(several) for key, several in gathered.items()}


class Duty(NamedTuple):
    """Whether a report of this kind is owed, and the levels at which its figure is published (none: all).

    `others` are the programmes besides the record's own that share its figure and expect it too.
    """

    owed: bool
    reach: tuple[str, ...]
    others: tuple[str, ...] = ()


NO_DUTY = Duty(False, ())


class Contributor:
    """Turns events into contributions by one snapshot of the registry, whose rules it remembers."""

    def __init__(self, registry: Registry) -> None:
        self.registry = registry
        self._ends: dict[tuple[str, str], date] = {}
        self._duties: dict[tuple[str, str, str, str, str], Duty] = {}
        self._narrowed: dict[tuple[str, str], tuple[Narrowed, ...]] = {}

    def record_subject(self, body: EventBody) -> RecordSubject:
        """Say what the event's record is about. Raises UnknownToUsError for a programme that isn't loaded."""
        return record_subject(body, self.registry)

    def add(self, delta: Delta, body: EventBody, sign: int) -> None:
        """Add what a live record of this event gives to each level (sign -1: take it away).

        Raises UnknownToUsError where the registry lacks the unit or the programme.
        """
        kind = body.kind
        if kind not in _COUNTED and not kind.startswith(OBLIGATION_PREFIX):
            return
        record = self.record_subject(body)
        unit = self.registry.units.get(body.unit)
        if unit is None:
            raise UnknownToUsError(f"unit {body.unit}")
        programme = loaded_programme(self.registry, record.programme)
        end = self._end(programme, record.period)
        duty = self._duty(programme, record, unit, end)
        steps = self.registry.units.steps(body.unit, end, duty.reach)
        key = LeafKey(delta.ladder(steps), record.subject, record.period, record.programme, body.province)
        climbing = delta.leaf(key)
        for part in self._parts(body, programme, record, duty if unit.in_force(end) else NO_DUTY):
            leaf = delta.leaf(key._replace(ladder=delta.ladder(steps[:1]))) if part.own else climbing
            add_part(leaf, part.by, part.counters, sign)

    def _parts(self, body: EventBody, programme: Programme, record: RecordSubject, duty: Duty) -> Iterator[Part]:
        data = body.data
        if body.kind == Kind.ACTIVITY_RECORDED:
            return activity_parts(data, self._narrowed_of(programme, data["activity"]))
        if body.kind == Kind.INDICATOR_REPORTED:
            indicator = programme.indicator[record.subject.partition(":")[2]]
            return figure_parts(data, indicator, int(duty.owed), duty.others)
        if body.kind == Kind.REPORT_SUBMITTED:
            return iter((Part(WHOLE, Counters(records=1, reported=int(duty.owed))),))
        one = Counters(records=1)
        return iter((Part(WHOLE, one), Part(f"state:{data['state']}", one)))

    def _narrowed_of(self, programme: Programme, activity: str) -> tuple[Narrowed, ...]:
        key = (programme.slug, activity)
        found = self._narrowed.get(key)
        if found is None:
            found = self._narrowed[key] = narrowed(programme, activity)
        return found

    def _end(self, programme: Programme, period: str) -> date:
        key = (programme.slug, period)
        end = self._ends.get(key)
        if end is None:
            end = self._ends[key] = programme.calendar.end(parse_period(period))
        return end

    def _duty(self, programme: Programme, record: RecordSubject, unit: Unit, end: date) -> Duty:
        """Decide as `owes` does, but for the unit's own time in force, and remember it: every event asks once."""
        key = (record.programme, record.subject, record.agency, record.period, unit.level)
        duty = self._duties.get(key)
        if duty is None:
            duty = self._duties[key] = self._decide(programme, record, unit, end)
        return duty

    def _decide(self, programme: Programme, record: RecordSubject, unit: Unit, end: date) -> Duty:
        subject, _, slug = record.subject.partition(":")
        if subject == "report":
            return _duty_of(programme, programme.report[slug].reporters, record, unit, end) or NO_DUTY
        if subject != "indicator":
            return NO_DUTY
        own = _duty_of(programme, programme.indicator[slug].reporters, record, unit, end)
        others: dict[str, Duty] = {}
        for member in self.registry.families.members(programme.slug, slug)[1:]:
            duty = _duty_of(member.programme, member.indicator.reporters, record, unit, end)
            if duty is not None:
                others[member.programme.slug] = duty
        speaking = [own] if own is not None else list(others.values())  # who speaks of it says the same reach
        return Duty(
            own is not None and own.owed,
            speaking[0].reach if speaking else (),
            tuple(other for other, duty in others.items() if duty.owed),
        )


def _duty_of(
    programme: Programme,
    reporters: Iterable[Reporter | IndicatorReporter],
    record: RecordSubject,
    unit: Unit,
    end: date,
) -> Duty | None:
    """Find the duty in one programme's own rules; None where no reporter of its is spoken of."""
    within = programme.is_owed(parse_period(record.period))
    for reporter in reporters:
        agencies = reporter.agencies if isinstance(reporter, IndicatorReporter) else (reporter.agency,)
        if record.agency in agencies and applies(reporter, unit, end):
            return Duty(within, reporter.reach if isinstance(reporter, IndicatorReporter) else ())
    return None
