"""Which indicators of several programmes are one figure: an answer to any of them makes one record. Pure.

An indicator that says `same_as` belongs to the family of the one that it names, the root. Records and cells stand under
the root's name, whichever member an event names; each member is read in its own programme's periods, with that one's
duties and targets. What the members must have in common, `shared/programme/family_checks.py` says.
"""

from collections.abc import Mapping
from datetime import date, timedelta
from typing import NamedTuple, TypeAlias

from shared.domain.periods import Period
from shared.programme.indicators import Indicator
from shared.programme.model import Programme

Name: TypeAlias = tuple[str, str]  # of an indicator: its programme's slug and its own
Range: TypeAlias = tuple[Period, Period]  # from the first to the last, of whichever kinds


class Member(NamedTuple):
    """An indicator of a family, with its programme."""

    programme: Programme
    indicator: Indicator


class Families:
    """The families of the programmes that are loaded. An indicator that shares with no other is one by itself.

    `mark` is the same text for the same families, a line for each indicator that says `same_as`. With another one,
    records stand under other names.
    """

    def __init__(self, programmes: Mapping[str, Programme]) -> None:
        self._programmes = programmes
        self._roots: dict[Name, Name] = {}
        self._joined: dict[Name, list[Name]] = {}
        for slug in sorted(programmes):
            for indicator in programmes[slug].sharing:
                root = root_of(indicator)
                self._roots[slug, indicator.slug] = root
                self._joined.setdefault(root, []).append((slug, indicator.slug))
        self.mark = "\n".join(f"{'/'.join(name)} = {'/'.join(root)}" for name, root in sorted(self._roots.items()))

    def root(self, programme: str, indicator: str) -> Name:
        """Name the indicator under which records and cells of this one stand, whether or not that is loaded."""
        name = (programme, indicator)
        return self._roots.get(name, name)

    def rootless(self) -> list[Name]:
        """List the indicators whose root is not loaded: a figure of theirs has no place to stand."""
        return [name for name, root in self._roots.items() if self._member(*root) is None]

    def differing(self, other: "Families") -> frozenset[Name]:
        """Name the indicators whose figures are kept, or counted for others, unlike in the other families."""
        return frozenset(name for pair in self._roots.items() ^ other._roots.items() for name in pair)

    def members(self, programme: str, indicator: str) -> tuple[Member, ...]:
        """List the loaded members of the indicator's family, the root first; none for an unknown indicator."""
        root = self.root(programme, indicator)
        found = (self._member(*name) for name in (root, *self._joined.get(root, ())))
        return tuple(member for member in found if member is not None)

    def programmes(self, programme: str, indicator: str | None) -> frozenset[str]:
        """Name the programmes whose rights reach what this one says of the indicator (None: of anything else)."""
        if indicator is None or not self._roots:
            return frozenset((programme,))
        return frozenset((programme, *(member.programme.slug for member in self.members(programme, indicator))))

    def accepts(self, programme: str, indicator: str, period: Period) -> bool:
        """Tell whether any member's programme accepts figures of the period."""
        return any(member.programme.accepts(period) for member in self.members(programme, indicator))

    def accepted(self, programme: str, indicator: str) -> list[Range]:
        """List the periods that the members' programmes accept, in order, those that touch as one."""
        members = self.members(programme, indicator)
        spans = [
            (it.programme.accepted_days, (it.programme.stages[0].first, it.programme.last_period)) for it in members
        ]
        joined: list[tuple[tuple[date, date], Range]] = []
        for (begins, ends), (first, last) in sorted(spans, key=lambda span: span[0]):
            if joined and begins <= joined[-1][0][1] + timedelta(days=1):
                (since, until), (earliest, latest) = joined.pop()
                joined.append(((since, max(until, ends)), (earliest, last if ends > until else latest)))
            else:
                joined.append(((begins, ends), (first, last)))
        return [span for _, span in joined]

    def _member(self, programme: str, indicator: str) -> Member | None:
        known = self._programmes.get(programme)
        found = known.indicator.get(indicator) if known is not None else None
        return None if known is None or found is None else Member(known, found)


def record_name(programme: Programme, indicator: str) -> Name:
    """Name the indicator under which the records of one of the programme's stand: another's, or its own."""
    known = programme.indicator[indicator]
    return (programme.slug, indicator) if known.same_as is None else root_of(known)


def root_of(indicator: Indicator) -> Name:
    """Read which indicator this one says that it is the same as. Raises ValueError where it says none."""
    if indicator.same_as is None:
        raise ValueError(f"{indicator.slug} stands by itself")
    programme, _, slug = indicator.same_as.partition("/")
    return programme, slug
