"""What programmes may not be beside each other, with both places: for `kip check` and `kip load`. Pure."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from shared.programme.family_checks import FamilyFault, family_faults
from shared.programme.model import Programme
from shared.programme.problems import Document, Problem
from shared.programme.side_by_side import clashes


class Placed(NamedTuple):
    """A programme, and the document that says where its things stand."""

    programme: Programme
    document: Document


def problems_together(wanted: Sequence[Placed], beside: Sequence[Placed], *, whole: bool) -> list[Problem]:
    """Find what the wanted programmes may not be beside each other and beside those others.

    Where not all that stands beside could be read (not `whole`), nothing is said of a programme that isn't there.
    """
    found = {
        problem: None
        for one in wanted
        for other in (*wanted, *beside)
        if other is not one
        for problem in _clashes(one, other)
    }
    placed = {it.programme.slug: it for it in (*beside, *wanted)}
    ours = {it.programme.slug for it in wanted}
    for fault in family_faults({slug: it.programme for slug, it in placed.items()}):
        if ours & {fault.programme, fault.root[0]} and (whole or fault.root[0] in placed):
            found[_problem(fault, placed, ours)] = None
    return list(found)


def _clashes(one: Placed, other: Placed) -> Iterator[Problem]:
    for clash in clashes(one.programme, other.programme):
        yield one.document.problem(clash.place, f"{clash.reason} ({other.document.problem(clash.other, '').where})")


def _problem(fault: FamilyFault, placed: dict[str, Placed], ours: set[str]) -> Problem:
    """Tell of a fault where it stands or, where that is none of ours, at what it names."""
    there = placed[fault.programme].document.problem(fault.place, fault.reason)
    if fault.programme in ours:
        return there
    slug, indicator = fault.root
    root = placed[slug]
    index = [i for i, it in enumerate(root.programme.indicators) if it.slug == indicator]  # none, where it is gone
    return root.document.problem(("indicators", *index), f"{indicator!r} is another programme's too: {there}")
