"""Finds which cells of an earlier tree of units make up a figure of a later one. Pure."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from typing import TypeAlias

from shared.domain.units import Unit, Units

# By unit of the later tree, the units of the earlier one whose cells are added (1) or taken away (-1).
Makeup: TypeAlias = Mapping[str, Sequence[tuple[str, int]]]


class Lineage:
    """Maps figures from the tree on one day to the tree on a later one; remembered by epochs of the register."""

    def __init__(self, units: Units) -> None:
        self._units = units
        self._makeups: dict[tuple[int, int], Makeup] = {}
        self._approximate: dict[tuple[int, int], defaultdict[str, list[str]]] = {}

    def same(self, earlier: date, later: date) -> bool:
        """Whether both days have one tree."""
        return self._units.epoch(earlier) == self._units.epoch(later)

    def makeup(self, earlier: date, later: date) -> Makeup:
        """Say what each unit of the later day is made of.

        A cell holds all that lies below its unit, so a unit that moved whole is one cell; where only a part of an old
        unit belongs to a new one, that part's cells are added, and what went elsewhere is taken away.
        """
        key = (self._units.epoch(earlier), self._units.epoch(later))
        made = self._makeups.get(key)
        if made is None:
            made = self._makeups[key] = self._make_up(earlier, later)
        return made

    def sources(self, earlier: date, later: date, uids: Iterable[str]) -> dict[str, Sequence[tuple[str, int]]]:
        """Say what each of these units of the later day is made of; on one tree of itself."""
        if self.same(earlier, later):
            return {uid: ((uid, 1),) for uid in uids}
        makeup = self.makeup(earlier, later)
        return {uid: makeup.get(uid, ()) for uid in uids}

    def _make_up(self, earlier: date, later: date) -> Makeup:
        """Compare each unit's later ladder with its parent's.

        Invariant: added up over all units of the earlier day, each unit's own figure reaches each step of its later
        ladder exactly once. A parent's cell holds the unit's figure already and carries it to the parent's ladder: so
        the unit's cell is added only where its ladder leaves that one, and taken away from the steps it doesn't climb.
        """
        makeup: defaultdict[str, list[tuple[str, int]]] = defaultdict(list)
        for unit in self._in_force(earlier):
            here = {step.uid for step in self._units.ladder(unit.uid, later)}
            above = set[str]()
            if unit.parent is not None:
                above = {step.uid for step in self._units.ladder(unit.parent, later)}
            for uid in here - above:
                makeup[uid].append((unit.uid, 1))
            for uid in above - here:
                makeup[uid].append((unit.uid, -1))
        return makeup

    def approximate(self, earlier: date, later: date) -> Mapping[str, Sequence[str]]:
        """List, by unit of the later day, the divided units of the earlier one that went to it in part only.

        All that they counted is with their default successor.
        """
        key = (self._units.epoch(earlier), self._units.epoch(later))
        found = self._approximate.get(key)
        if found is None:
            found = self._approximate[key] = defaultdict(list)
            for unit in self._in_force(earlier):
                for uid in self._torn(unit, later) if unit.other_successors else ():
                    found[uid].append(unit.uid)
        return found

    def _torn(self, unit: Unit, later: date) -> set[str]:
        if unit.in_force(later):
            return set()
        heirs = [unit.uid, *(uid for uid in unit.other_successors if uid in self._units)]
        ladders = [{step.uid for step in self._units.ladder(heir, later)} for heir in heirs]
        whole = ladders[0]
        return whole.union(*ladders) - whole.intersection(*ladders)

    def _in_force(self, on: date) -> list[Unit]:
        return [unit for unit in self._units if unit.in_force(on)]
