"""What can be worked out of a list of sums: by elimination, and by narrowing bounds until nothing moves.

It knows nothing of registers, marks or how it was decided what is shown.
"""

from collections.abc import Hashable, Iterable, Mapping
from fractions import Fraction
from typing import NamedTuple

MOST = 10**9


class Sum(NamedTuple):
    """So many of these unknowns, each counted once, lie between two bounds."""

    of: frozenset[Hashable]
    low: int
    high: int


def bounds(unknowns: Iterable[Hashable], sums: Iterable[Sum]) -> dict[Hashable, tuple[int, int]]:
    """Narrow what each unknown (0 or more, and whole) may be."""
    found: dict[Hashable, tuple[int, int]] = dict.fromkeys(unknowns, (0, MOST))
    known = list(sums)
    moved = True
    while moved:
        moved = False
        for item in known:
            least, most = sum(found[it][0] for it in item.of), sum(found[it][1] for it in item.of)
            for it in item.of:
                low, high = found[it]
                closer = max(low, item.low - (most - high)), min(high, item.high - (least - low))
                if closer != (low, high):
                    assert closer[0] <= closer[1], "no truth gives these answers"
                    found[it], moved = closer, True
                    least, most = least - low + closer[0], most - high + closer[1]
    return found


class Equations:
    """The sums that are known exactly, solved as far as they go."""

    def __init__(self, sums: Iterable[Sum]) -> None:
        self._rows: dict[Hashable, dict[Hashable, Fraction]] = {}
        for item in sums:
            if item.low == item.high:
                row = self._left({it: Fraction(1) for it in item.of})
                if row:
                    pivot = min(row, key=repr)
                    self._rows[pivot] = {it: factor / row[pivot] for it, factor in row.items()}

    def determine(self, of: Iterable[Hashable]) -> bool:
        """Whether the sum of these follows from the others."""
        return not self._left({it: Fraction(1) for it in of})

    def _left(self, row: Mapping[Hashable, Fraction]) -> dict[Hashable, Fraction]:
        left = dict(row)
        while pivots := [it for it in left if it in self._rows]:
            factor = left[pivots[0]]
            for it, other in self._rows[pivots[0]].items():
                left[it] = left.get(it, Fraction(0)) - factor * other
                if not left[it]:
                    del left[it]
        return left
