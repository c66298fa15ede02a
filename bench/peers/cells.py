"""From the pipeline's own contributions to rows of cells, for the peers that add them up in Python."""

from collections.abc import Sequence

from services.aggregation.contribution import Delta

CELL_KEY = ("unit", "subject", "period", "by", "programme", "province")
Row = tuple[str | int, ...]


def cell_rows(delta: Delta) -> Sequence[Row]:
    """A row for each cell at each level that isn't left as it is, key and counters, in the order of the keys."""
    steps = {number: uids for uids, number in delta.ladders.items()}
    cells: dict[tuple[str, ...], list[int]] = {}
    for (ladder, subject, period, programme, province), parts in delta.leaves.items():
        for by, sums in parts.items():
            for uid in steps[ladder]:
                held = cells.setdefault((uid, subject, period, by, programme, province), [0] * len(sums))
                for index, count in enumerate(sums):
                    held[index] += count
    return sorted((*key, *sums) for key, sums in cells.items() if any(sums))
