"""What one request reads of one instant of the database. Many figures are read at once: a page asks for hundreds."""

from collections.abc import Collection, Iterable, Sequence

from services.aggregation.parts import WHOLE, Counters
from services.aggregation.reading import read_store
from services.aggregation.reading.figures import Cells, add
from services.aggregation.reading.read_store import Reporter, Target
from shared.database.connections import Connection


class Snapshot:
    """The cells and records of one instant. What was gathered is answered from memory, all else is read when asked."""

    def __init__(self, connection: Connection) -> None:
        self.connection = connection
        self._units: frozenset[str] = frozenset()
        self._cells: dict[tuple[Target, str], dict[str, Counters]] = {}
        self._waived: dict[tuple[str, str, str], set[Reporter]] = {}
        self._spoken: dict[Target, set[Reporter]] = {}
        self._speakers: frozenset[str] = frozenset()  # the units of whom `_spoken` tells

    async def gather(self, wanted: Collection[tuple[Target, str]], units: Collection[str]) -> None:
        """Read these parts of cells, of these units, in the place of what was gathered before."""
        self._units, self._cells = frozenset(units), {key: {} for key in wanted}
        if wanted and units:
            targets, parts = {target for target, _ in wanted}, {part for _, part in wanted}
            self._cells |= await read_store.each_cell(self.connection, targets, parts, sorted(units))

    async def gather_waived(self, programme: str, reports: Iterable[str], periods: Collection[str]) -> set[Reporter]:
        """Read whose obligations for these reports are waived; of any of them."""
        slugs = list(reports)
        found = await read_store.waived(self.connection, programme, slugs, list(periods))
        for slug in slugs:
            for period in periods:
                self._waived[programme, slug, period] = found.get((slug, period), set())
        return set().union(*found.values())

    async def gather_spoken(self, targets: Collection[Target], units: Collection[str]) -> None:
        """Read who of these units has a live record at these targets, in the place of what was gathered before."""
        self._speakers = frozenset(units)
        self._spoken = await read_store.live_reporters(self.connection, targets, sorted(units)) if units else {}

    async def cells(
        self,
        programme: str,
        subjects: Sequence[str],
        periods: Sequence[str],
        units: Sequence[str],
        part: str = WHOLE,
        below: str = read_store.NOTHING,
    ) -> Cells:
        """Give the counters of each unit by `by`, as `read_store.read_cells` does."""
        keys = [(Target(programme, subject, period), part) for subject in subjects for period in periods]
        if below != read_store.NOTHING or not self._units.issuperset(units) or not self._cells.keys() >= {*keys}:
            return await read_store.read_cells(self.connection, programme, subjects, periods, units, part, below)
        total: dict[str, Counters] = {}
        for key in keys:
            kept = self._cells[key]
            for unit in kept.keys() & units:
                total[unit] = add(total[unit], kept[unit]) if unit in total else kept[unit]
        return {unit: {part: counters} for unit, counters in total.items()}

    async def waived(self, programme: str, reports: Sequence[str], period: str) -> set[Reporter]:
        """Give whose obligation for one of these reports is waived."""
        if any((programme, report, period) not in self._waived for report in reports):
            await self.gather_waived(programme, reports, [period])
        return set().union(*(self._waived[programme, report, period] for report in reports))

    async def spoken(self, target: Target, among: Collection[Reporter] | None = None) -> set[Reporter]:
        """Give who has a live record at the target, of all reporters or of these."""
        if among is None:
            return (await read_store.live_reporters(self.connection, [target]))[target]
        units = {unit for unit, _ in among}
        if not (target in self._spoken and self._speakers >= units):
            await self.gather_spoken([target], units)
        return self._spoken[target] & {*among} if units else set()
