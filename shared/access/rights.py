"""What a request may see: the one rule that every row, figure and event passes before it leaves a service. Pure.

`docs/operate/keys.md` says it in plain words, under "Who sees what".
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace

from shared.domain.events import DECIDE
from shared.domain.units import Units
from shared.registry.officer_store import ActingOfficer
from shared.registry.snapshot import Key

_NOTHING: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Reach:
    """How far one request sees.

    `subtrees` are the units that its rights are held on: it sees what the rights on every one of them reach, so that
    another one can only narrow it. `programmes` and `kinds` (of events) are None for all. What `sender` has sent
    itself is seen whatever the rest says, but for a request that narrows itself to units (`narrowed_to`): only there.
    Without `small_numbers` it sees no small count of a sensitive indicator.
    """

    sender: str
    subtrees: tuple[str, ...]
    programmes: frozenset[str] | None = None
    kinds: frozenset[str] | None = None
    small_numbers: bool = False
    narrowed_to: tuple[str, ...] = ()

    @property
    def mark(self) -> str:
        """The same text for the same reach, in every process."""
        limits = (sorted(limit) if limit is not None else None for limit in (self.programmes, self.kinds))
        return repr((self.sender, self.subtrees, *limits, self.small_numbers, self.narrowed_to))

    def units(self, units: Units) -> frozenset[str]:
        """List the uids that it reaches."""
        reached = [units.reached_by(holder) for holder in self.subtrees]
        return reached[0].intersection(*reached[1:]) if reached else _NOTHING

    def sees_unit(self, units: Units, uid: str | None) -> bool:
        """Tell whether it reaches the unit; never one that the register doesn't know."""
        return uid is not None and bool(self.subtrees) and all(units.covers(holder, uid) for holder in self.subtrees)

    def sees_programme(self, *programmes: str | None) -> bool:
        """Tell whether it may see anything of the programme; of several that share it, of any."""
        return self.programmes is None or not self.programmes.isdisjoint(programmes)

    def sees_kind(self, kind: str) -> bool:
        """Tell whether it may see others' events of this kind one by one; figures and deadlines are of no kind."""
        return self.kinds is None or kind in self.kinds

    def sees(self, units: Units, uid: str | None, programme: str | None) -> bool:
        """Tell whether it sees a row about a unit in a programme."""
        return self.sees_programme(programme) and self.sees_unit(units, uid)

    def sees_figure(self, units: Units, uid: str, made_of: Iterable[str]) -> bool:
        """Tell whether it sees a figure of the unit that is put together from the figures of other units: only where it
        reaches all of them, or the figure less what it may see would be the one that it may not.
        """
        return self.sees_unit(units, uid) and all(self.sees_unit(units, source) for source in made_of)

    def sees_event(
        self, units: Units, uid: str | None, programmes: Iterable[str | None], kind: str, sender: str | None
    ) -> bool:
        """Tell whether it sees an event about `uid`, of `sender`, in programmes that share it: mostly a single one."""
        if sender == self.sender and self._holds(units, uid):
            return True
        return self.sees_kind(kind) and self.sees_programme(*programmes) and self.sees_unit(units, uid)

    def _holds(self, units: Units, uid: str | None) -> bool:
        """Tell whether the request speaks of the unit at all."""
        return all(uid is not None and units.covers(holder, uid) for holder in self.narrowed_to)


def own_events(key: Key, narrowed_to: str | None = None) -> Reach:
    """Return the reach of a key that may not read: what its sender has sent, no more."""
    return Reach(key.sender, (), programmes=_NOTHING, kinds=_NOTHING, narrowed_to=_given(narrowed_to))


def reach_of(key: Key, narrowed_to: str | None = None) -> Reach:
    """Return how far a key's rights go; of a request that narrows them to a unit's (uid), as far as both do."""
    kinds = (key.kinds or _NOTHING) - {DECIDE}  # no event's; and a key that posts nothing is not thereby blind
    narrowed = _given(narrowed_to)
    return Reach(key.sender, (key.subtree, *narrowed), key.programmes, kinds or None, key.small_numbers, narrowed)


def _given(uid: str | None) -> tuple[str, ...]:
    return () if uid is None else (uid,)


def officers_reach(reach: Reach, officer: ActingOfficer, seat: str) -> Reach:
    """Narrow a reach to what the officer's seat (the unit that stands for theirs) and programmes reach too."""
    named = frozenset(officer.programmes) or None
    programmes = named if reach.programmes is None or named is None else named & reach.programmes
    return replace(
        reach,
        subtrees=(*reach.subtrees, seat) if reach.subtrees else (),
        programmes=reach.programmes if named is None else programmes,
        narrowed_to=(*reach.narrowed_to, seat),
    )
