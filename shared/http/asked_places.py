"""Reads below which unit a question asks, and on which day's tree. Pure."""

from collections.abc import Mapping
from datetime import date

from shared.access.rights import Reach
from shared.domain.units import Unit
from shared.http.read_api import QueryError, beyond, none_of
from shared.http.read_words import ReadWords
from shared.registry.snapshot import Registry
from shared.values.scalars import shown

VIEWS = ("as_reported", "as_of_today")


def within_asked(
    query: Mapping[str, str], registry: Registry, reach: Reach, end: date, today: date
) -> tuple[Unit, date]:
    """Read the unit below which is asked, on the tree of the period's `end` or of today, and the day of that tree.

    Where none is named, it is the one that the rights are held on or what that has become; of an old district that is a
    province, of which it sees a part: what is shown below it is for each row to say. Raises QueryError and
    ForbiddenError.
    """
    view = query.get("view", VIEWS[0])
    if view not in VIEWS:
        raise none_of("view", VIEWS, view)
    on = max(end, today) if view == "as_of_today" else end
    smallest = min(reach.subtrees, key=lambda uid: len(registry.units.reached_by(uid)))
    name = query.get("within", smallest)
    within = registry.units.find(name, on)
    if within is None:
        raise QueryError("within", ReadWords.NO_UNIT.value.filled(got=shown(name), day=on))
    if "within" not in query:
        within = registry.units.ladder(within.uid, on)[0]
    if not within.in_force(on):
        now = registry.units.ladder(within.uid, on)[0]
        asked = ReadWords.ASK_FOR.value.filled(unit=now.uid) if now is not within else ReadWords.ASK_AS_OF_TODAY.value
        raise QueryError("within", ReadWords.NOT_IN_FORCE.value.filled(unit=within.uid, day=on, cure=asked))
    if "within" in query and not reach.sees_unit(registry.units, within.uid):
        raise beyond(reach)
    return within, on
