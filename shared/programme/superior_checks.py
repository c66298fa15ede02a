"""Whether somebody above hears of what each agency owes: a programme whose steps climb needs somebody there. Pure."""

from collections.abc import Iterable, Iterator, Mapping
from datetime import date, timedelta

from shared.domain.seats import rungs
from shared.programme.model import Agency, AgencyRole, Programme
from shared.programme.problems import Place

Ladders = Mapping[date, frozenset[tuple[str, ...]]]  # the levels of every unit's ladder, lowest first, from a day on
_DAY = timedelta(days=1)


def superior_faults(programme: Programme, ladders: Ladders) -> Iterator[tuple[Place, str]]:
    """Find agencies of whose lateness nobody above would hear, at some time at which they owe a report.

    Not those that are asked only, and not those at the top.
    """
    if not any(step.to for step in programme.escalation):
        return
    for i, agency in enumerate(programme.agencies):
        if agency.role is not AgencyRole.REQUESTED:
            alone = next(_alone(programme, agency, ladders), None)
            if alone is not None:
                since, (own, above, *_) = alone
                yield (
                    ("agencies", i, "reports_to"),
                    f"nobody hears of it when {agency.slug!r} is late (from {since} on): name an agency that sits at "
                    f"{own!r} or {above!r} and acts then",
                )


def _alone(programme: Programme, agency: Agency, ladders: Ladders) -> Iterator[tuple[date, tuple[str, ...]]]:
    """List the days from which nobody hears, each with the ladder on which nobody does."""
    changes = {*ladders, *(other.until + _DAY for other in programme.agencies if other.until is not None)}
    for first, last in _owing(programme, agency.slug):
        for day in (first, *sorted(change for change in changes if first < change <= last)):
            for levels in sorted(_of_level(ladders, agency.level, day)):
                if len(levels) > 1 and not any(rungs(programme, agency.slug, levels, 1, day)):
                    yield day, levels


def _owing(programme: Programme, slug: str) -> Iterator[tuple[date, date]]:
    """List the times in which the agency owes a report: first and last day."""
    first, last = programme.owed_days
    for reporter in (reporter for report in programme.reports for reporter in report.reporters):
        if reporter.agency == slug:
            yield max(first, reporter.since or first), min(last, reporter.until or last)


def _of_level(ladders: Ladders, level: str, day: date) -> Iterable[tuple[str, ...]]:
    begun = max((since for since in ladders if since <= day), default=None)
    return (levels for levels in ladders[begun] if levels[0] == level) if begun is not None else ()
