"""What a request may see: the one rule that every row, figure and event passes before it leaves a service. Pure.

`docs/operate/keys.md` says it in plain words, under "Who sees what".
"""

from collections.abc import Iterable
from dataclasses import dataclass

from shared.domain.events import DECIDE
from shared.domain.units import Units
from shared.registry.snapshot import Key

_NOTHING: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Reach:
    """How far one request sees.

    `subtrees` are the units that its rights are held on: it sees what the rights on every one of them reach, so that
    another one can only narrow it. `programmes` and `kinds` (of events) are None for all. What `sender` has sent
    itself is seen whatever the rest says.
    """

    sender: str
    subtrees: tuple[str, ...]
    programmes: frozenset[str] | None = None
    kinds: frozenset[str] | None = None

    @property
    def mark(self) -> str:
        """The same text for the same reach, in every process."""
        limits = (sorted(limit) if limit is not None else None for limit in (self.programmes, self.kinds))
        return repr((self.sender, self.subtrees, *limits))

    def units(self, units: Units) -> frozenset[str]:
        """List the uids that it reaches."""
        reached = [units.reached_by(holder) for holder in self.subtrees]
        return reached[0].intersection(*reached[1:]) if reached else _NOTHING

    def sees_unit(self, units: Units, uid: str | None) -> bool:
        """Tell whether it reaches the unit; never one that the register doesn't know."""
        return uid is not None and bool(self.subtrees) and all(units.covers(holder, uid) for holder in self.subtrees)

    def sees_programme(self, programme: str | None) -> bool:
        """Tell whether it may see anything of the programme."""
        return self.programmes is None or programme in self.programmes

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

    def sees_event(self, units: Units, uid: str | None, programme: str | None, kind: str, sender: str | None) -> bool:
        """Tell whether it sees an event: about `uid`, of `sender`."""
        return sender == self.sender or (self.sees_kind(kind) and self.sees(units, uid, programme))


def own_events(key: Key) -> Reach:
    """Return the reach of a key that may not read: what its sender has sent, no more."""
    return Reach(key.sender, (), programmes=_NOTHING, kinds=_NOTHING)


def reach_of(key: Key) -> Reach:
    """Return how far a key's rights go."""
    kinds = (key.kinds or _NOTHING) - {DECIDE}  # no event's; and a key that posts nothing is not thereby blind
    return Reach(key.sender, (key.subtree,), key.programmes, kinds or None)
