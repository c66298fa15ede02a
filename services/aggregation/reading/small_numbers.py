"""Finds which figures of a sensitive indicator outsiders don't see, so that no small count can be worked out. Pure.

Two counts make up a figure: its numerator, and what lies between that and its denominator. One from 1 to below `least`
is small. Who may not see it gets all the other answers, adds them up and subtracts; so each figure is held against
what can be worked out from those around it. What is withheld depends on the figures of the whole register alone, never
on a question: no two questions, and no two readers, together get more than one. `docs/decisions/small-numbers.md` says
why it is done so.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple, TypeAlias

from services.aggregation.parts import Counters

WITHHELD = "withheld"  # the mark of a number that is not said to be small
Marks: TypeAlias = dict[str, str | None]  # of each unit with a figure: `<5` or WITHHELD; None where it is shown
# How many values a small count may still have for who knows all that is shown. Two would do if nobody knew how it is
# decided what is withheld; of three, two are left to who does where units report side by side.
_LEFT = 3
_ENDLESS = 10**18
_COUNTS = (0, 1)  # the numerator, and the rest of the denominator


class TreePlace(NamedTuple):
    """Where a unit stands in its tree, and how many units lie below it."""

    parent: str | None
    size: int


class _Node:
    """A unit with a figure, or what a unit with others below it has reported of its own (no uid).

    By count: its value, how many reporters below it have any, and the bounds that its mark and theirs give away.
    `hidden` are those of its children that have to be withheld where its own figure is shown; None where even all of
    them are not enough.
    """

    __slots__ = ("children", "counts", "hidden", "high", "low", "reporters", "size", "uid")

    def __init__(self, uid: str | None, size: int, counts: tuple[int, int], children: Sequence["_Node"]) -> None:
        self.uid, self.size, self.counts, self.children = uid, size, counts, children
        self.reporters: list[int] = [
            sum(child.reporters[q] for child in children) or int(counts[q] > 0) for q in _COUNTS
        ]
        self.low, self.high = [0, 0], [0, 0]
        self.hidden: list[_Node] | None = []


def withheld(cells: Mapping[str, Counters], places: Mapping[str, TreePlace], least: int) -> Marks:
    """Mark the figures of one native period, of every unit of its tree that has one.

    `cells` are those of an indicator that climbs to the root, `places` those of all their units.
    """
    return _Withholding(least).marks(cells, places)


class _Withholding:
    def __init__(self, least: int) -> None:
        self._least = least

    def marks(self, cells: Mapping[str, Counters], places: Mapping[str, TreePlace]) -> Marks:
        below: dict[str | None, list[str]] = {}
        for uid in sorted(cells):
            parent = places[uid].parent
            below.setdefault(parent if parent in cells else None, []).append(uid)
        found: Marks = dict.fromkeys(cells)
        for uid in below.get(None, ()):
            root = self._node(uid, cells, places, below)
            if self._closed(root):
                self._hide(root, found)
            else:
                self._show(root, found)
        return found

    def _node(
        self,
        uid: str,
        cells: Mapping[str, Counters],
        places: Mapping[str, TreePlace],
        below: Mapping[str | None, Sequence[str]],
    ) -> _Node:
        children = [self._node(child, cells, places, below) for child in below.get(uid, ())]
        counts = _counts(cells[uid])
        own = counts[0] - sum(child.counts[0] for child in children), counts[1] - sum(it.counts[1] for it in children)
        if children and own != (0, 0):
            children.append(self._bounded(_Node(None, 0, own, ())))
        return self._bounded(_Node(uid, places[uid].size, counts, children))

    def _bounded(self, node: _Node) -> _Node:
        """Work out what is known of a node that is withheld, and what has to be withheld below one that is shown."""
        for q in _COUNTS:
            low, high = sum(child.low[q] for child in node.children), sum(child.high[q] for child in node.children)
            if node.uid is None:
                low, high = 0, _ENDLESS  # it has no row, so no mark
            elif not node.children:
                low, high = self._of_a_reporter(node.counts[q])
            elif self._told(node, q):
                high = min(high, self._least - 1)
            elif node.reporters[q] and self._tellable(node, q):
                low = max(low, self._least)  # it would have been called small
            node.low[q], node.high[q] = low, high
        node.hidden = self._to_hide(node)
        return node

    def _of_a_reporter(self, count: int) -> tuple[int, int]:
        if self._small(count):
            return 1, self._least - 1
        return (self._least, _ENDLESS) if count else (0, 0)

    def _to_hide(self, node: _Node) -> list[_Node] | None:
        """Choose those that have to be hidden, and then others, the smallest units first, until nothing small is known.

        The order is one of the register, not of figures: which one is hidden must say nothing of what it counts.
        """
        closed = [child for child in node.children if self._closed(child)]
        if not closed:
            return closed
        hidden = [child for child in closed if child.uid is not None]
        # What a unit has reported of its own is never shown by itself; if nothing else is closed it must be small.
        hidden += [child if hidden else self._told_small(child) for child in node.children if child.uid is None]
        rest = [child for child in node.children if child.uid is not None and child not in closed]
        rest.sort(key=lambda child: (child.size, child.uid))
        for q in _COUNTS:
            while not self._open_at(hidden, _total(hidden, q), q):
                more = next((child for child in rest if child.counts[q] >= self._least), None)
                if more is None:
                    return None
                hidden.append(more)
                rest.remove(more)
        return hidden

    def _open_at(self, nodes: Sequence[_Node], total: int, q: int) -> bool:
        """Whether each small count below these keeps enough values for who knows their total and all the marks."""
        return self._open(nodes, total, total, q)

    def _open(self, nodes: Sequence[_Node], low: int, high: int, q: int) -> bool:
        """Do the same for nodes whose total lies between two bounds. Sums in a tree leave exactly these intervals."""
        least, most = sum(node.low[q] for node in nodes), sum(node.high[q] for node in nodes)
        for node in nodes:
            own_low = max(node.low[q], low - (most - node.high[q]))
            own_high = min(node.high[q], high - (least - node.low[q]))
            if self._guarded(node, own_low, own_high, q) and own_high - own_low + 1 < _LEFT:
                return False
            if not self._open(node.children, own_low, own_high, q):
                return False
        return True

    def _guarded(self, node: _Node, low: int, high: int, q: int) -> bool:
        """Whether the node's count must not be known: a small one, and without a mark one that may be small."""
        if node.uid is None:
            return low < self._least and high > 0
        return self._small(node.counts[q])

    def _told_small(self, own: _Node) -> _Node:
        told = _Node(None, own.size, own.counts, ())
        for q in _COUNTS:
            told.low[q], told.high[q] = (
                (1, self._least - 1) if self._small(own.counts[q]) else (own.low[q], own.high[q])
            )
        return told

    def _small(self, count: int) -> bool:
        return 1 <= count < self._least

    def _closed(self, node: _Node) -> bool:
        """Whether the node's own figure can't be shown in any case."""
        return any(map(self._small, node.counts)) or node.hidden is None

    def _tellable(self, node: _Node, q: int) -> bool:
        """Whether a small sum may be called so: of too many reporters it would say that each has next to nothing."""
        return self._least - node.reporters[q] >= _LEFT

    def _told(self, node: _Node, q: int) -> bool:
        return self._small(node.counts[q]) and self._tellable(node, q)

    def _hide(self, node: _Node, found: Marks) -> None:
        if node.uid is not None:
            found[node.uid] = f"<{self._least}" if self._told(node, 0) else WITHHELD
        for child in node.children:
            self._hide(child, found)

    def _show(self, node: _Node, found: Marks) -> None:
        hidden = node.hidden or ()
        for child in node.children:
            if child in hidden:
                self._hide(child, found)
            else:
                self._show(child, found)


def _total(nodes: Iterable[_Node], q: int) -> int:
    return sum(node.counts[q] for node in nodes)


def _counts(cell: Counters) -> tuple[int, int]:
    return cell.numerator, cell.denominator - cell.numerator


def parts_shown(whole: Counters, parts: Iterable[Counters], least: int, *, exclusive: bool) -> bool:
    """Whether the parts of one dimension may be shown of the root, the only unit of which outsiders see any.

    Only where none is small, and everybody has given them: what a few have given would tell of those few.
    """
    given = list(parts)
    if any(1 <= count < least for part in given for count in _counts(part)):
        return False
    if not exclusive:
        return all(part.records == whole.records for part in given)
    sums = [sum(_counts(part)[q] for part in given) for q in _COUNTS]
    return sums == list(_counts(whole))


def suppressed(row: Mapping[str, object], mark: str | None) -> dict[str, object]:
    """Take out of a row whatever its number could be worked out from."""
    if mark is None:
        return dict(row)
    hidden = dict.fromkeys(("value", "numerator", "denominator", "on_track", "attainment"))
    return {**row, **hidden, **({"flags": []} if "flags" in row else {}), "suppressed": mark}


def together(marks: Sequence[str | None]) -> str | None:
    """Mark a figure that is put together from figures with these marks: only if all are shown is it shown.

    So it says nothing that those don't say.
    """
    if len(marks) == 1 or not any(marks):
        return marks[0] if marks else None
    return WITHHELD
