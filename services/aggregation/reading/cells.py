"""Reads the counters behind figures: what the cells of earlier trees come to on the tree of one day."""

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date

from services.aggregation.parts import WHOLE, Counters, counted_for, expected_part
from services.aggregation.reading import read_store
from services.aggregation.reading.coverage import Expectations, climb
from services.aggregation.reading.figures import Cells, Coverage, add, carried_forward
from services.aggregation.reading.read_store import Reporter, Target
from services.aggregation.reading.snapshot import Snapshot
from services.aggregation.reading.subjects import Subject
from shared.domain.periods import Period
from shared.programme.indicators import OverTime
from shared.programme.model import Programme
from shared.registry.snapshot import Registry


@dataclass(frozen=True, slots=True)
class TreeCells:
    """Counters of a programme's figures on the tree of the day `on`, in one snapshot of the database."""

    snapshot: Snapshot
    registry: Registry
    expectations: Expectations
    programme: Programme
    on: date

    async def gather(self, subjects: Sequence[Subject], uids: Sequence[str]) -> None:
        """Read at once all that the whole figures of these subjects and units are made of, and their coverage."""
        wanted, ends, covered = set[tuple[Target, str]](), set[date](), set[tuple[Period, Target]]()
        for subject in subjects:
            if subject.counts != "survey":
                covered.add((subject.coverage_period, _spoken_at(subject)))
                for period, target, part in _needed(self.programme, subject):
                    ends.add(self.programme.calendar.end(period))
                    wanted |= {(target, part)}
                    if target.programme != self.programme.slug:
                        wanted |= {(target, expected_part(self.programme.slug, part))}
        epochs = {self.registry.units.epoch(end): end for end in ends}
        makeups = [self.makeup(end, uids) for end in epochs.values()]
        units = {source for makeup in makeups for made in makeup.values() for source, _ in made}
        await self.snapshot.gather(wanted, units)
        periods = {str(period) for period, _ in covered}
        reports = [report.slug for report in self.programme.reports]
        excused = await self.snapshot.gather_waived(self.programme.slug, reports, periods) if covered else set()
        await self.snapshot.gather_spoken({target for _, target in covered}, {unit for unit, _ in excused})

    async def read(self, subject: Subject, uids: Sequence[str], by: str | None) -> Cells:
        """Give the counters of these units: the whole, and with `by` the parts below it."""
        if subject.outside:
            return {}
        if subject.indicator is not None and subject.indicator.over_time is OverTime.STATE:
            return await self._states(subject, uids)
        if subject.counts == "units":
            return await self._units_once(subject)
        below = _prefix(subject, by)
        total: defaultdict[str, dict[str, Counters]] = defaultdict(dict)
        for end, periods in self._trees(subject.periods):
            makeup = self.makeup(end, uids)
            sources = sorted({source for made in makeup.values() for source, _ in made})
            kept = await self._kept(subject, subject.cells, periods, sources, subject.part, below)
            _join(total, kept, makeup)
        return total

    async def coverage(self, subject: Subject, uids: Sequence[str]) -> dict[str, Coverage]:
        """Give of these units how many below them were expected to report, have, and are excused."""
        programme, period = self.programme, subject.coverage_period
        expected = self.expectations.below(programme, subject.coverage, period, self.on)
        shared_out = subject.indicator is not None and subject.indicator.components
        units = self.expectations.answering(programme, subject.slug, period, self.on) if shared_out else Counter[str]()
        makeup = self.makeup(programme.calendar.end(period), uids)
        sources = sorted({source for made in makeup.values() for source, _ in made})
        cells = await self._kept(subject, [subject.spoken_by], [period], sources)
        total: defaultdict[str, dict[str, Counters]] = defaultdict(dict)
        _join(total, cells, makeup)
        excused = await self._excused(subject)
        return {
            uid: Coverage(expected[uid], total.get(uid, {}).get(WHOLE, Counters()).reported, excused[uid], units[uid])
            for uid in uids
        }

    async def waived(self, subject: Subject) -> set[Reporter]:
        """Give who is excused from the report that covers the subject, and hasn't reported."""
        programme, period = self.programme, subject.coverage_period
        what, _, slug = subject.coverage.partition(":")
        reports = [slug] if what == "report" else [r.slug for r in programme.reports if r.period is period.kind]
        waived = await self.snapshot.waived(programme.slug, reports, str(period))
        return waived - await self.snapshot.spoken(_spoken_at(subject), waived)

    async def spoken(self, subject: Subject) -> set[Reporter]:
        """Give who has a live record of what covers the subject."""
        return await self.snapshot.spoken(_spoken_at(subject))

    async def obligations(
        self, cells: Sequence[str], period: Period, uids: Sequence[str]
    ) -> Mapping[str, Mapping[str, int]]:
        """Count how many obligations of a period stand in which state, for these units."""
        makeup = self.makeup(self.programme.calendar.end(period), uids)
        sources = sorted({source for made in makeup.values() for source, _ in made})
        found = await self.snapshot.cells(
            self.programme.slug, cells, [str(period)], sources, read_store.NOTHING, "state:"
        )
        total: defaultdict[str, dict[str, Counters]] = defaultdict(dict)
        _join(total, found, makeup)
        return {
            uid: {by.removeprefix("state:"): part.records for by, part in parts.items()} for uid, parts in total.items()
        }

    def makeup(self, end: date, uids: Sequence[str]) -> dict[str, Sequence[tuple[str, int]]]:
        """Say of which units' cells on the tree of `end` each of these units is made."""
        return self.expectations.lineage().sources(end, self.on, uids)

    async def _kept(
        self,
        subject: Subject,
        cells: Sequence[str],
        periods: Sequence[Period],
        units: Sequence[str],
        part: str = WHOLE,
        below: str = read_store.NOTHING,
    ) -> Cells:
        """Read cells as the programme sees them, whoever keeps them: reporters are counted by its own duties."""
        own, asked = self.programme.slug, (subject.kept_by, cells, [str(period) for period in periods], units)
        kept = await self.snapshot.cells(*asked, part, below)
        if subject.kept_by == own:
            return kept
        besides = below if below == read_store.NOTHING else expected_part(own, below)
        counted = await self.snapshot.cells(*asked, expected_part(own, part), besides)
        return {uid: counted_for(own, {**parts, **counted.get(uid, {})}) for uid, parts in kept.items()}

    def _trees(self, periods: Sequence[Period]) -> list[tuple[date, list[Period]]]:
        """Group the periods by the tree on which their cells stand."""
        trees: dict[int, tuple[date, list[Period]]] = {}
        for period in periods:
            end = self.programme.calendar.end(period)
            trees.setdefault(self.registry.units.epoch(end), (end, []))[1].append(period)
        return list(trees.values())

    async def _states(self, subject: Subject, uids: Sequence[str]) -> Cells:
        last, connection = subject.periods[-1], self.snapshot.connection
        first = str(self.programme.first_accepted(last.kind))
        states = await read_store.last_states(connection, subject.kept_by, subject.cells[0], first, str(last))
        cells = carried_forward(states, self.registry, self.programme, last)
        if subject.kept_by != self.programme.slug:
            cells = {uid: counted_for(self.programme.slug, parts) for uid, parts in cells.items()}
        total: defaultdict[str, dict[str, Counters]] = defaultdict(dict)
        _join(total, cells, self.makeup(self.programme.calendar.end(last), uids))
        return total

    async def _units_once(self, subject: Subject) -> Cells:
        levels = subject.measure.unit_levels if subject.measure is not None else ()
        periods = [str(period) for period in subject.periods]
        active = await read_store.units_once(
            self.snapshot.connection, self.programme.slug, subject.cells, periods, subject.part
        )
        today = {self.registry.units.ladder(uid, self.on)[0] for uid in active if uid in self.registry.units}
        counts = climb(self.registry, [(unit, "", ()) for unit in today if unit.level in levels], self.on)
        return {uid: {subject.part: Counters(records=count)} for uid, count in counts.items()}

    async def _excused(self, subject: Subject) -> Counter[str]:
        waived = await self.waived(subject)
        if not waived:
            return Counter()
        reporters = self.expectations.reporters(self.programme, subject.coverage, subject.coverage_period)
        return climb(self.registry, [item for item in reporters if (item[0].uid, item[1]) in waived], self.on)


def year_before(programme: Programme, subject: Subject) -> Subject | None:
    """Find the subject of a year earlier, by which a figure's denominator is checked; None where it isn't."""
    if subject.indicator is None or subject.indicator.checks.denominator_change is None:
        return None
    before = subject.periods[-1].year_before
    return replace(subject, periods=(before,), outside=not programme.accepts(before))


def _summed(subject: Subject) -> bool:
    """Whether the whole is added up from cells: states, units that count once and obligations are read otherwise."""
    state = subject.indicator is not None and subject.indicator.over_time is OverTime.STATE
    return not (subject.outside or state or subject.counts in {"units", "timeliness"})


def _spoken_at(subject: Subject) -> Target:
    return Target(subject.kept_by, subject.spoken_by, str(subject.coverage_period))


def _needed(programme: Programme, subject: Subject) -> Iterator[tuple[Period, Target, str]]:
    """List the parts of cells that the whole figure and its coverage are made of: period, target and part."""
    yield subject.coverage_period, _spoken_at(subject), WHOLE
    for made_of in (subject, subject.divisor, year_before(programme, subject)):
        if made_of is not None and _summed(made_of):
            for period in made_of.periods:
                for cell in made_of.cells:
                    yield period, Target(made_of.kept_by, cell, str(period)), made_of.part


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
