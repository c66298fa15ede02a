"""Administrative units: two trees joined by successors, looked up by uid or by code and date.

A code is not a key: 3,350 codes exist both before and after 1 July 2025 and 1,802 of them name another place.
`uid` is the key. Depth and level names are data; the code knows only parents and successors.
"""

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta

_HOLDERS = 1024  # of rights, whose reach is remembered


@dataclass(frozen=True, slots=True)
class Unit:
    """One unit over its time in force (both dates inclusive; None is unbounded)."""

    uid: str
    code: str
    name: str
    level: str
    type: str
    parent: str | None
    valid_from: date | None
    valid_to: date | None
    successor: str | None
    other_successors: tuple[str, ...]

    def in_force(self, on: date) -> bool:
        """Whether the unit exists on that day."""
        return (self.valid_from is None or self.valid_from <= on) and (self.valid_to is None or on <= self.valid_to)


class Units:
    """The register in memory, immutable. Look-ups that fail return None; broken registers raise ValueError at once."""

    def __init__(self, units: Iterable[Unit]) -> None:
        self._by_uid = {unit.uid: unit for unit in units}
        self._by_code: dict[str, list[Unit]] = defaultdict(list)
        self._children: dict[str, list[str]] = defaultdict(list)
        self._predecessors: dict[str, list[str]] = defaultdict(list)
        for unit in self._by_uid.values():
            self._by_code[unit.code].append(unit)
            if unit.parent is not None:
                self._children[unit.parent].append(unit.uid)
            if unit.successor is not None:
                self._predecessors[unit.successor].append(unit.uid)
        self._epochs = _epochs(self._by_uid.values())
        self._ladders: dict[tuple[str, int], tuple[Unit, ...]] = {}
        self._steps: dict[tuple[str, int, tuple[str, ...]], tuple[str, ...]] = {}
        self._roots: dict[str, str] = {}
        self._reached: dict[str, frozenset[str]] = {}

    def __len__(self) -> int:
        return len(self._by_uid)

    def __iter__(self) -> Iterator[Unit]:
        return iter(self._by_uid.values())

    def __contains__(self, uid: object) -> bool:
        return uid in self._by_uid

    def get(self, uid: str) -> Unit | None:
        """Look up the unit with this uid."""
        return self._by_uid.get(uid)

    def __getitem__(self, uid: str) -> Unit:
        return self._by_uid[uid]

    def by_code(self, code: str) -> list[Unit]:
        """List every unit that ever had this code."""
        return self._by_code.get(code, [])

    def find(self, code_or_uid: str, on: date) -> Unit | None:
        """Look up the unit with this uid, or the one with this code that is in force on the day."""
        unit = self._by_uid.get(code_or_uid)
        if unit is not None and unit.uid != unit.code:
            return unit
        for named in self._by_code.get(code_or_uid, ()):
            if named.in_force(on):
                return named
        return None

    def children(self, uid: str) -> list[Unit]:
        """List the units directly below."""
        return [self._by_uid[child] for child in self._children.get(uid, ())]

    def descendants(self, uid: str) -> Iterator[Unit]:
        """List the unit itself and all below it in its own tree."""
        stack = [uid]
        while stack:
            current = stack.pop()
            yield self._by_uid[current]
            stack.extend(self._children.get(current, ()))

    def predecessors(self, uid: str) -> list[Unit]:
        """List the units whose (default) successor this one is."""
        return [self._by_uid[old] for old in self._predecessors.get(uid, ())]

    def came_from(self, uid: str) -> Iterator[str]:
        """List the uids of the unit itself and of all whose (default) successor it is, through others too."""
        yield uid
        for former in self._predecessors.get(uid, ()):
            yield from self.came_from(former)

    def stands_for(self, uid: str, on: date) -> str | None:
        """Return the uid of the unit that stands for this one on that day, by successors alone.

        None for one that went into its parent (a district): the parent is another's.
        """
        unit = self._by_uid.get(uid)
        while unit is not None and unit.valid_to is not None and unit.valid_to < on:
            unit = self._by_uid.get(unit.successor) if unit.successor is not None else None
        return None if unit is None else unit.uid

    def answers_for(self, uid: str, on: date) -> Iterator[str]:
        """List the uids of the units whose matters are this one's on that day: its own, those of the units that it came
        from, and of those below them that ended without a successor.
        """
        for former in self.came_from(uid):
            yield former
            for below in self.children(former):
                if below.successor is None and below.valid_to is not None and below.valid_to < on:
                    yield from self.answers_for(below.uid, on)

    def path(self, uid: str) -> tuple[Unit, ...]:
        """List the unit and its ancestors in its own tree, lowest first."""
        steps: list[Unit] = []
        current: str | None = uid
        while current is not None:
            steps.append(self._by_uid[current])
            current = steps[-1].parent
        return tuple(steps)

    def ladder(self, uid: str, on: date) -> tuple[Unit, ...]:
        """List the steps that a figure of this unit climbs on that day, lowest first.

        A unit in force climbs its own tree. One that is no more climbs through its successor's; one without a
        successor (a district) through its parent's.
        """
        key = (uid, self.epoch(on))
        ladder = self._ladders.get(key)
        if ladder is None:
            ladder = self._ladders[key] = self._climb(uid, on)
        return ladder

    def ladder_levels(self) -> dict[date, frozenset[tuple[str, ...]]]:
        """List the levels of the ladders of all units in force, lowest first, from each change of the register on."""
        return {
            day: frozenset(self._levels(unit.uid) for unit in self._by_uid.values() if unit.in_force(day))
            for day in (date.min, *self._epochs)
        }

    def _levels(self, uid: str) -> tuple[str, ...]:
        return tuple(step.level for step in self.path(uid))

    def steps(self, uid: str, on: date, levels: tuple[str, ...] = ()) -> tuple[str, ...]:
        """List the uids of the ladder on that day; with `levels` only those of its steps that are of these levels."""
        key = (uid, self.epoch(on), levels)
        steps = self._steps.get(key)
        if steps is None:
            ladder = self.ladder(uid, on)
            steps = self._steps[key] = tuple(step.uid for step in ladder if not levels or step.level in levels)
        return steps

    def epoch(self, on: date) -> int:
        """Number the time between two changes of the register that the day lies in: ladders are the same throughout."""
        return bisect_right(self._epochs, on)

    def _climb(self, uid: str, on: date) -> tuple[Unit, ...]:
        unit = self._by_uid[uid]
        while not (unit.in_force(on) or (unit.valid_from is not None and on < unit.valid_from)):
            step = unit.successor or unit.parent
            if step is None:
                break
            unit = self._by_uid[step]
        return self.path(unit.uid)

    def today(self, uid: str) -> Unit:
        """Follow the unit to the end of the successor chain (through the parent where there is no successor)."""
        unit = self._by_uid[uid]
        while unit.valid_to is not None:
            step = unit.successor or unit.parent
            if step is None:
                break
            unit = self._by_uid[step]
        return unit

    def province_of(self, uid: str) -> str:
        """Find the uid of the unit just below the root, at the end of the successor chain; the root itself for a root.

        Both epochs of a place share it (`06@1` and `19@1` give `19@2`): it is the key of partitions and of every
        aggregation table.
        """
        province = self._roots.get(uid)
        if province is None:
            path = self.path(self.today(uid).uid)
            province = self._roots[uid] = path[max(len(path) - 2, 0)].uid
        return province

    def covers(self, holder: str, uid: str) -> bool:
        """Whether rights held on `holder` reach `uid`."""
        return uid in self.reached_by(holder)

    def reached_by(self, holder: str) -> frozenset[str]:
        """List the units that rights held on `holder` reach: all below it, what it came from, and what becomes of both.

        Rights follow successors, and a successor may post for its predecessors' earlier periods; what else went into
        the same successor stays another's. A district's rights go on in the communes that its communes became, not in
        the whole province. Remembered, because a door asks for every event; for so many holders only, because a reader
        may ask for any.
        """
        reached = self._reached.get(holder)
        if reached is None:
            if len(self._reached) >= _HOLDERS:
                self._reached.clear()
            reached = self._reached[holder] = self._reaches(holder)
        return reached

    def _reaches(self, holder: str) -> frozenset[str]:
        if holder not in self._by_uid:
            return frozenset()
        reached: set[str] = set()
        coming = [unit.uid for unit in self.descendants(holder)]
        while coming:  # backwards: whose figures climb through what is reached
            uid = coming.pop()
            if uid not in reached:
                reached.add(uid)
                coming += self._predecessors.get(uid, ())
                coming += (child.uid for child in self.children(uid) if _ends_in_its_parent(child))
        going = [self._by_uid[uid].successor for uid in reached]
        while going:  # forwards: what they became
            heir = going.pop()
            if heir is not None and heir not in reached:
                reached.add(heir)
                going.append(self._by_uid[heir].successor)
        return frozenset(reached)


def _ends_in_its_parent(unit: Unit) -> bool:
    """Whether the unit is no more, and nothing has taken its place."""
    return unit.valid_to is not None and unit.successor is None


def _epochs(units: Iterable[Unit]) -> list[date]:
    """List the days on which some unit comes into force or is no more, in order."""
    days = {unit.valid_from for unit in units if unit.valid_from is not None}
    days |= {unit.valid_to + timedelta(days=1) for unit in units if unit.valid_to is not None}
    return sorted(days)
