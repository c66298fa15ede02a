"""Reads the cells behind a question, at one instant, and puts its rows together."""

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime

from services.aggregation.parts import Counters
from services.aggregation.reading import read_store
from services.aggregation.reading.coverage import Expectations, climb
from services.aggregation.reading.figures import (
    Cells,
    Coverage,
    Value,
    add,
    attainment,
    carried_forward,
    identity,
    percentage,
    soft_checks,
    split,
    timeliness,
    value_of,
)
from services.aggregation.reading.questions import Question
from services.aggregation.reading.subjects import Subject
from shared.access.rights import Reach
from shared.database.connections import Connection
from shared.domain.periods import Period
from shared.domain.units import Unit
from shared.http.read_api import QueryError, none_of
from shared.http.read_words import ReadWords
from shared.programme.model import OverTime, Programme
from shared.registry.snapshot import Registry


@dataclass(frozen=True, slots=True)
class Reading:
    """One snapshot of the database beside one of the registry, and how far who asks sees."""

    connection: Connection
    registry: Registry
    expectations: Expectations
    reach: Reach
    programme: Programme
    on: date
    as_of: datetime

    async def rows(self, subject: Subject, units: Sequence[Unit], by: str | None) -> list[dict[str, object]]:
        """Make the figures of these units, as far as who asks sees them, split by `by`."""
        units = self.seen(units, self.days(subject))
        uids = [unit.uid for unit in units]
        if subject.counts == "timeliness":
            return await self._timeliness_rows(subject, units)
        cells = await self._cells(subject, uids, by)
        divisor = await self._cells(subject.divisor, uids, by) if subject.divisor else {}
        coverage = await self._coverage(subject, uids)
        before = await self._year_before(subject, units) if by is None else {}
        rows: list[dict[str, object]] = []
        for unit in units:
            counters, below = cells.get(unit.uid, {}), divisor.get(unit.uid, {})
            if by is None:
                whole = counters.get(subject.part, Counters())
                under = below.get(subject.divisor.part, Counters()) if subject.divisor else None
                row = self._row(subject, unit, whole, coverage[unit.uid], under)
                value = value_of(subject, whole, coverage[unit.uid], under).value
                rows.append({**row, "flags": soft_checks(subject, value, whole, before.get(unit.uid))})
                continue
            unders = dict(_named(split(subject.divisor, below, by))) if subject.divisor else {}
            for options, part in split(subject, counters, by):
                under = unders.get(str(options), Counters()) if subject.divisor else None
                row = self._row(subject, unit, part, coverage[unit.uid], under)
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
        made_of = {source for day in others for source, times in self._makeup(day, [unit.uid])[unit.uid] if times > 0}
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
            made = Value(percentage(number, of), number, of)
        else:
            made = value_of(subject, counters, coverage, divisor)
        return {
            **identity(unit, subject.period),
            **made.row(),
            **coverage.row(),
            **attainment(self.programme, subject, made.value),
            "reason": self._reason(subject, unit, counters),
            "as_of": self.as_of.isoformat(),
            **self._provenance(subject, unit),
        }

    def _reason(self, subject: Subject, unit: Unit, counters: Counters) -> dict[str, str] | None:
        """Say why there is no figure, where it isn't for want of reports."""
        if subject.indicator is None or counters.records:
            return None
        end = self.programme.calendar.end(subject.periods[-1])
        reaching = [item for item in subject.indicator.reporters if not item.reach or unit.level in item.reach]
        if not reaching:
            return {"code": "not_published_here"}
        if all(item.until is not None and item.until < end for item in reaching):
            stops = subject.indicator.stops
            return {"code": "stopped", **({"vi": stops.vi, "en": stops.en} if stops else {})}
        if subject.indicator.components and all(item.level != unit.level for item in reaching):
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

    async def _cells(self, subject: Subject, uids: Sequence[str], by: str | None) -> Cells:
        """Read the counters of these units, on the tree of `on`."""
        if subject.indicator is not None and subject.indicator.over_time is OverTime.STATE:
            return await self._states(subject, uids)
        if subject.counts == "units":
            return await self._units_once(subject)
        below = _prefix(subject, by)
        total: defaultdict[str, dict[str, Counters]] = defaultdict(dict)
        for end, periods in self._trees(subject.periods):
            makeup = self._makeup(end, uids)
            sources = sorted({source for made in makeup.values() for source, _ in made})
            cells = await read_store.read_cells(
                self.connection, self.programme.slug, subject.cells, [str(p) for p in periods], sources,
                subject.part, below,
            )  # fmt: skip
            _join(total, cells, makeup)
        return total

    def _trees(self, periods: Sequence[Period]) -> list[tuple[date, list[Period]]]:
        """Group the periods by the tree on which their cells stand."""
        trees: dict[int, tuple[date, list[Period]]] = {}
        for period in periods:
            end = self.programme.calendar.end(period)
            trees.setdefault(self.registry.units.epoch(end), (end, []))[1].append(period)
        return list(trees.values())

    def _makeup(self, end: date, uids: Sequence[str]) -> dict[str, Sequence[tuple[str, int]]]:
        lineage = self.expectations.lineage()
        if lineage.same(end, self.on):
            return {uid: ((uid, 1),) for uid in uids}
        makeup = lineage.makeup(end, self.on)
        return {uid: makeup.get(uid, ()) for uid in uids}

    async def _states(self, subject: Subject, uids: Sequence[str]) -> Cells:
        last = subject.periods[-1]
        states = await read_store.last_states(self.connection, self.programme.slug, subject.cells[0], str(last))
        cells = carried_forward(states, self.registry, self.programme, last)
        total: defaultdict[str, dict[str, Counters]] = defaultdict(dict)
        _join(total, cells, self._makeup(self.programme.calendar.end(last), uids))
        return total

    async def _units_once(self, subject: Subject) -> Cells:
        levels = subject.measure.unit_levels if subject.measure is not None else ()
        active = await read_store.units_once(
            self.connection, self.programme.slug, subject.cells, [str(p) for p in subject.periods], subject.part
        )
        today = {self.registry.units.ladder(uid, self.on)[0] for uid in active if uid in self.registry.units}
        counts = climb(self.registry, [(unit, "", ()) for unit in today if unit.level in levels], self.on)
        return {uid: {subject.part: Counters(records=count)} for uid, count in counts.items()}

    async def _coverage(self, subject: Subject, uids: Sequence[str]) -> dict[str, Coverage]:
        programme, period = self.programme, subject.coverage_period
        expected = self.expectations.below(programme, subject.coverage, period, self.on)
        makeup = self._makeup(programme.calendar.end(period), uids)
        sources = sorted({source for made in makeup.values() for source, _ in made})
        cells = await read_store.read_cells(self.connection, programme.slug, [subject.coverage], [str(period)], sources)
        total: defaultdict[str, dict[str, Counters]] = defaultdict(dict)
        _join(total, cells, makeup)
        excused = await self._excused(subject)
        return {
            uid: Coverage(expected[uid], total.get(uid, {}).get("", Counters()).reported, excused[uid]) for uid in uids
        }

    async def _excused(self, subject: Subject) -> Counter[str]:
        waived = await self.waived(subject)
        if not waived:
            return Counter()
        reporters = self.expectations.reporters(self.programme, subject.coverage, subject.coverage_period)
        return climb(self.registry, [item for item in reporters if (item[0].uid, item[1]) in waived], self.on)

    async def waived(self, subject: Subject) -> set[tuple[str, str]]:
        """Read the (unit, agency) that are excused from the report that covers the subject, and haven't reported."""
        programme, period = self.programme, subject.coverage_period
        what, _, slug = subject.coverage.partition(":")
        reports = [slug] if what == "report" else [r.slug for r in programme.reports if r.period is period.kind]
        waived = await read_store.waived(self.connection, programme.slug, reports, str(period))
        if not waived:
            return waived
        return waived - await self.spoken(subject)

    async def spoken(self, subject: Subject) -> set[tuple[str, str]]:
        """Read the (unit, agency) with a live record of what covers the subject."""
        period = str(subject.coverage_period)
        return await read_store.live_reporters(self.connection, self.programme.slug, subject.coverage, period)

    async def _year_before(self, subject: Subject, units: Sequence[Unit]) -> dict[str, Counters]:
        """Read the wholes of a year earlier, of units that report themselves: above them coverage changes the sum."""
        if subject.indicator is None or subject.indicator.checks.denominator_change is None:
            return {}
        levels = {reporter.level for reporter in subject.indicator.reporters}
        last = subject.periods[-1]
        earlier = replace(subject, periods=(last.shift(-(12 // last.kind.months)),))
        reporting = [unit for unit in units if unit.level in levels]
        uids = [unit.uid for unit in self.seen(reporting, self.days(earlier))]
        if not uids:
            return {}
        cells = await self._cells(earlier, uids, None)
        return {uid: counters[""] for uid, counters in cells.items() if "" in counters}

    async def _timeliness_rows(self, subject: Subject, units: Sequence[Unit]) -> list[dict[str, object]]:
        states = await self.obligations(subject.cells, subject.periods[-1], [unit.uid for unit in units])
        coverage = await self._coverage(subject, [unit.uid for unit in units])
        rows: list[dict[str, object]] = []
        for unit in units:
            met = timeliness(states.get(unit.uid, {}))
            row = self._row(subject, unit, Counters(), coverage[unit.uid], None)
            rows.append({**row, "value": met.value, "numerator": met.on_time, "denominator": met.due})
        return rows

    async def obligations(
        self, cells: Sequence[str], period: Period, uids: Sequence[str]
    ) -> Mapping[str, Mapping[str, int]]:
        """Count how many obligations of a period stand in which state, for these units."""
        makeup = self._makeup(self.programme.calendar.end(period), uids)
        sources = sorted({source for made in makeup.values() for source, _ in made})
        found = await read_store.read_cells(
            self.connection, self.programme.slug, cells, [str(period)], sources, read_store.NOTHING, "state:"
        )
        total: defaultdict[str, dict[str, Counters]] = defaultdict(dict)
        _join(total, found, makeup)
        return {
            uid: {by.removeprefix("state:"): part.records for by, part in parts.items()} for uid, parts in total.items()
        }


def _join(
    total: defaultdict[str, dict[str, Counters]], cells: Cells, makeup: Mapping[str, Sequence[tuple[str, int]]]
) -> None:
    for uid, sources in makeup.items():
        for source, times in sources:
            for by, counters in cells.get(source, {}).items():
                total[uid][by] = add(total[uid].get(by, Counters()), counters, times)


def _prefix(subject: Subject, by: str | None) -> str:
    """Say what the names of the wanted parts begin with."""
    if by is None:
        return read_store.NOTHING
    if by == "series":
        series = subject.indicator.series if subject.indicator is not None else ()
        return f"{series[0].dimension}:" if series else read_store.NOTHING
    first = by.partition(",")[0]
    if subject.part and by not in {"participants", "money"}:
        return f"{subject.part},{first}:"
    return f"{first}:"


def _named(parts: Sequence[tuple[dict[str, str], Counters]]) -> list[tuple[str, Counters]]:
    return [(str(options), counters) for options, counters in parts]


def check_by(question: Question, by: str | None) -> str | None:
    """Put the dimensions into the order in which parts are named. Refuses a breakdown that the subject doesn't have."""
    if by is None:
        return None
    subject, programme = question.subject, question.programme
    known = {"participants", "money"}
    if subject.indicator is not None:
        known = set(subject.indicator.breakdowns)
        known |= {"series"} if subject.indicator.series else set()
        known |= {"component"} if subject.indicator.components else set()
    elif subject.measure is not None:
        known |= set(subject.measure.breakdowns)
    else:
        known |= set(programme.activity[subject.slug].breakdowns)
    names = by.split(",")
    if any(name not in known for name in names):
        raise none_of("by", sorted(known), by)
    if len(set(names)) < len(names):
        raise QueryError("by", ReadWords.DIMENSION_ONCE.value.filled(got=repr(by)))
    # Only an indicator's parts are kept by several dimensions at once.
    if len(names) > 1 and (subject.indicator is None or not set(names) <= set(subject.indicator.breakdowns)):
        raise QueryError("by", ReadWords.ONE_DIMENSION.value.filled(got=repr(by)))
    return ",".join(sorted(names))
