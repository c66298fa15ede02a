"""Puts the rows of an answer together, from the counters of one instant, as far as who asks sees them."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from fractions import Fraction
from typing import NamedTuple

from services.aggregation.parts import WHOLE, Counters
from services.aggregation.reading.cells import TreeCells, year_before
from services.aggregation.reading.coverage import Expectations
from services.aggregation.reading.figures import (
    Cells,
    Coverage,
    Value,
    identity,
    soft_checks,
    split,
    timeliness,
    value_of,
)
from services.aggregation.reading.outsiders import Outsiders, instead_of_parts
from services.aggregation.reading.small_numbers import WITHHELD, Marks, suppressed
from services.aggregation.reading.subjects import TASK, Subject, by_tasks
from services.aggregation.reading.surveys import survey_row
from services.aggregation.reading.targets import aim_at, held
from shared.access.rights import Reach
from shared.domain.units import Unit
from shared.http.read_words import ReadWords
from shared.programme.model import Programme
from shared.programme.soft_checks import percentage
from shared.registry.snapshot import Registry


class _Read(NamedTuple):
    """What a page of rows is made of, by unit: cells, those of the divisor, coverage, and what is withheld."""

    cells: Cells
    divisor: Cells
    coverage: Mapping[str, Coverage]
    marks: Marks


@dataclass(frozen=True, slots=True)
class Reading:
    """One snapshot of the database beside one of the registry, how far who asks sees, and what outsiders don't."""

    registry: Registry
    expectations: Expectations
    reach: Reach
    programme: Programme
    on: date
    as_of: datetime
    cells: TreeCells
    outsiders: Outsiders

    async def rows(self, subject: Subject, units: Sequence[Unit], by: str | None) -> list[dict[str, object]]:
        """Make the figures of these units, as far as who asks sees them, split by `by`."""
        if by == TASK:
            parts = [(task, await self.rows(part, units, None)) for task, part in by_tasks(self.programme, subject)]
            return [{**row, "by": {TASK: task}} for task, rows in parts for row in rows]
        units = self.seen(units, self.days(subject))
        uids = [unit.uid for unit in units]
        if subject.counts == "timeliness":
            return await self._timeliness_rows(subject, units)
        if subject.counts == "survey":
            ladders = [self.registry.units.steps(uid, self.on) for uid in uids]
            return [survey_row(self.programme, subject, *it, self.as_of) for it in zip(units, ladders, strict=True)]
        read = _Read(
            await self.cells.read(subject, uids, by),
            await self.cells.read(subject.divisor, uids, by) if subject.divisor else {},
            await self.cells.coverage(subject, uids),
            await self.outsiders.marks(subject, uids) if self._hides(subject) else {},
        )
        if by is not None:
            return [row for unit in units for row in await self._parts(subject, unit, by, read)]
        before = await self._year_before(subject, units)
        return [
            suppressed(self._whole(subject, unit, read, before.get(unit.uid)), self._mark(subject, unit, read))
            for unit in units
        ]

    def _hides(self, subject: Subject) -> bool:
        """Whether small numbers of the subject are hidden from who asks."""
        return subject.indicator is not None and subject.indicator.sensitive and not self.reach.small_numbers

    def _mark(self, subject: Subject, unit: Unit, read: _Read) -> str | None:
        """Mark the unit's figure; one that ought to have a mark and has none is not shown."""
        there = read.cells.get(unit.uid, {}).get(subject.part, Counters()).records > 0
        return read.marks.get(unit.uid, WITHHELD if there else None) if self._hides(subject) else None

    def _whole(self, subject: Subject, unit: Unit, read: _Read, before: Counters | None) -> dict[str, object]:
        whole = read.cells.get(unit.uid, {}).get(subject.part, Counters())
        under = read.divisor.get(unit.uid, {}).get(subject.divisor.part, Counters()) if subject.divisor else None
        coverage = read.coverage[unit.uid]
        value = value_of(subject, whole, coverage, under).value
        flags = soft_checks(subject, value, whole, before)
        return {**self._row(subject, unit, whole, coverage, under), "flags": flags}

    async def _parts(self, subject: Subject, unit: Unit, by: str, read: _Read) -> list[dict[str, object]]:
        counters, below = read.cells.get(unit.uid, {}), read.divisor.get(unit.uid, {})
        coverage = read.coverage[unit.uid]
        if self._hides(subject) and counters:
            shown = read.marks.get(unit.uid, WITHHELD) is None
            if not (shown and await self.outsiders.parts_shown(subject, unit, by)):
                row = {**self._row(subject, unit, Counters(), coverage, None), "reason": None}
                return [suppressed(instead_of_parts(row, by), WITHHELD)]
        unders = dict(_named(split(subject.divisor, below, by))) if subject.divisor else {}
        rows: list[dict[str, object]] = []
        for options, part in split(subject, counters, by):
            under = unders.get(str(options), Counters()) if subject.divisor else None
            row = self._row(subject, unit, part, coverage, under)
            # Of a series, which joins several parts, nobody knows how many different reporters gave it.
            known = subject.indicator is not None and by != "series"
            rows.append({**row, "by": options, **({"part_reported": part.reported} if known else {})})
        return rows

    def days(self, subject: Subject) -> list[date]:
        """List the days on whose trees a figure and its coverage stood before they were brought to the tree of `on`."""
        divisors = subject.divisor.periods if subject.divisor is not None else ()
        ends = [self.programme.calendar.end(p) for p in (*subject.periods, subject.coverage_period, *divisors)]
        return list({self.registry.units.epoch(end): end for end in ends}.values())

    def sees(self, unit: Unit, days: Iterable[date]) -> bool:
        """Whether who asks sees a figure of the unit that is put together from the trees of these days."""
        lineage = self.expectations.lineage()
        others = [day for day in days if not lineage.same(day, self.on)]
        made_of = {
            source for day in others for source, times in self.cells.makeup(day, [unit.uid])[unit.uid] if times > 0
        }
        return self.reach.sees_figure(self.registry.units, unit.uid, made_of)

    def seen(self, units: Iterable[Unit], days: Collection[date]) -> list[Unit]:
        """Keep those of the units of which who asks sees such a figure."""
        return [unit for unit in units if self.sees(unit, days)]

    def _row(
        self, subject: Subject, unit: Unit, counters: Counters, coverage: Coverage, divisor: Counters | None
    ) -> dict[str, object]:
        if subject.counts == "units":
            below = self.expectations.in_force(subject.measure.unit_levels if subject.measure else (), self.on)
            number, of = counters.records, below[unit.uid]
            made = Value(percentage(number, of), number, of, 100)
        else:
            made = value_of(subject, counters, coverage, divisor)
        return {
            **identity(self.programme, unit, subject.period),
            subject.field: subject.slug,
            **made.row(),
            **coverage.row(),
            **self._held(subject, unit, made.exact),
            "reason": self._reason(subject, unit, counters),
            "as_of": self.as_of.isoformat(),
            **self._provenance(subject, unit),
        }

    def _held(self, subject: Subject, unit: Unit, value: Fraction | None) -> dict[str, object]:
        """Hold a figure against the target that applies to the unit when the figure's period ends."""
        if subject.indicator is None:
            return held(None, None)
        ladder = self.registry.units.steps(unit.uid, self.on)
        return held(aim_at(subject.indicator, self.programme, subject.coverage_period, ladder), value)

    def _reason(self, subject: Subject, unit: Unit, counters: Counters) -> dict[str, str] | None:
        """Say why there is no figure, where it isn't for want of reports."""
        if subject.indicator is None or counters.records:
            return None
        if subject.outside:
            span = {"first": self.programme.stages[0].first, "last": self.programme.last_period}
            words = ReadWords.OUTSIDE.value.filled(**span)
            return {"code": "outside_programme", "vi": words.vi, "en": words.en}
        end = self.programme.calendar.end(subject.periods[-1])
        above = {self.registry.units[uid].level for uid in self.registry.units.steps(unit.uid, self.on)[1:]}
        reaching = [
            item
            for item in subject.indicator.reporters
            if (unit.level in item.reach if item.reach else item.level not in above)
        ]
        if not reaching:
            return {"code": "not_published_here"}
        if all(item.until is not None and item.until < end for item in reaching):
            stops = subject.indicator.stops
            return {"code": "stopped", **(stops.texts if stops else {})}
        if subject.indicator.components and all(item.reach and item.level not in item.reach for item in reaching):
            return {"code": "no_status_of_their_own"}
        return None

    def _provenance(self, subject: Subject, unit: Unit) -> dict[str, object]:
        lineage = self.expectations.lineage()
        divided: dict[str, None] = {}
        former: dict[str, None] = {}
        moved = False
        for period in subject.periods:
            end = self.programme.calendar.end(period)
            if not lineage.same(end, self.on):
                moved = True
                divided.update(dict.fromkeys(lineage.approximate(end, self.on).get(unit.uid, ())))
                sources = lineage.makeup(end, self.on).get(unit.uid, ())
                former.update(dict.fromkeys(uid for uid, times in sources if times > 0 and uid != unit.uid))
        mixed = moved and subject.period not in subject.periods
        made: dict[str, object] = {"approximate": bool(divided) or (mixed and self._spans(subject))}
        if former:
            made["lineage"] = list(former)
        if divided:
            made["divided"] = list(divided)[:20]
        return made

    def _spans(self, subject: Subject) -> bool:
        """Whether the asked period lies on two trees."""
        calendar = self.programme.calendar
        return not self.expectations.lineage().same(calendar.start(subject.period), calendar.end(subject.period))

    async def _year_before(self, subject: Subject, units: Sequence[Unit]) -> dict[str, Counters]:
        """Read the wholes of a year earlier, of units that report themselves: above them coverage changes the sum."""
        earlier = year_before(self.programme, subject)
        if earlier is None or subject.indicator is None:
            return {}
        levels = {reporter.level for reporter in subject.indicator.reporters}
        uids = [unit.uid for unit in self.seen((it for it in units if it.level in levels), self.days(earlier))]
        if not uids:
            return {}
        cells = await self.cells.read(earlier, uids, None)
        marks = await self.outsiders.marks(earlier, uids) if self._hides(subject) else {}
        return {uid: it[WHOLE] for uid, it in cells.items() if WHOLE in it and marks.get(uid) is None}

    async def _timeliness_rows(self, subject: Subject, units: Sequence[Unit]) -> list[dict[str, object]]:
        uids = [unit.uid for unit in units]
        states = await self.cells.obligations(subject.cells, subject.periods[-1], uids)
        coverage = await self.cells.coverage(subject, uids)
        rows: list[dict[str, object]] = []
        for unit in units:
            met = timeliness(states.get(unit.uid, {}))
            row = self._row(subject, unit, Counters(), coverage[unit.uid], None)
            rows.append({**row, "value": met.value, "numerator": met.on_time, "denominator": met.due, "per": 100})
        return rows


def _named(parts: Sequence[tuple[dict[str, str], Counters]]) -> list[tuple[str, Counters]]:
    return [(str(options), counters) for options, counters in parts]
