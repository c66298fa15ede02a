"""Who posts: what a request may post at all. Pure."""

from typing import NamedTuple

from shared.access.acting import Acting, ActingReference
from shared.domain.canonical import NO_MARKS, Marks
from shared.domain.units import Units
from shared.registry.snapshot import Key


class Poster(NamedTuple):
    """A request's key, the unit (uid) to whose subtree the request narrows it (`Kip-Reach`), and the officer for whom
    it is posted (`Kip-Officer`): `reference` as the request names them, `acting` once they were looked up. None: no
    such header.
    """

    key: Key
    narrowed_to: str | None = None
    reference: ActingReference | None = None
    acting: Acting | None = None

    @property
    def subtrees(self) -> tuple[str, ...]:
        """The units below all of which it may post."""
        return (self.key.subtree,) if self.narrowed_to is None else (self.key.subtree, self.narrowed_to)

    @property
    def marks(self) -> Marks:
        """What its events carry of the officer."""
        return NO_MARKS if self.acting is None else Marks(self.acting.officer.ref, self.acting.device)

    def reaches(self, units: Units, uid: str) -> bool:
        """Tell whether it may post about the unit."""
        return units.covers(self.key.subtree, uid) and (self.narrowed_to is None or units.covers(self.narrowed_to, uid))
