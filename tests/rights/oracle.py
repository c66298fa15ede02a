"""What each question about figures is to be answered: from the tables of `register.py`, by the rule's words."""

from collections.abc import Iterator

from tests.rights.ledger import OWN, PERIODS, Asked
from tests.rights.register import MADE_OF, PLACES, REACHED, climbs, standing


def questions() -> Iterator[tuple[str, Asked]]:
    for subject, periods in PERIODS.items():
        for asked in periods:
            yield subject, asked


def places(key: str, asked: Asked) -> list[str | None]:
    """Where is asked: everywhere for one period on each tree, for the others where the key reaches."""
    everywhere = asked in {PERIODS["child-service-access"][0], PERIODS["child-service-access"][2]}
    return [None, *(PLACES if everywhere else sorted(REACHED[key]))]


def parameters(subject: str, asked: Asked, within: str | None, **more: str) -> dict[str, str]:
    field = "activity" if subject == "parent-counselling" else "indicator"
    return {
        field: subject, "period": asked.period, "view": asked.view, "programme": OWN,
        **({"within": within} if within else {}), **more,
    }  # fmt: skip


def start(key: str, *, after: bool) -> str:
    """Where a question without a place begins: at the key's unit, or at what it climbs to on that tree."""
    if standing(key, after=after):
        return key
    order = {"commune": 0, "district": 1, "province": 2, "nation": 3}
    stand = [uid for uid in climbs(key, after=after) if standing(uid, after=after)]
    return min(stand, key=lambda uid: order[PLACES[uid].level])


def shown(key: str, asked: Asked, uid: str) -> bool:
    """Whether the key sees the unit's figure: it reaches the unit and all that the figure is put together from."""
    made_of = MADE_OF[uid] if asked.after and asked.counted_before else {uid}
    return {uid, *made_of} <= REACHED[key]


def answer_expected(key: str, asked: Asked, within: str | None, level: str | None) -> set[str] | int:
    """The units of the rows, or the status of the refusal."""
    if within is None and PLACES[key].epoch == 2 and not asked.after:
        return 400  # its unit wasn't there yet
    place = within or start(key, after=asked.after)
    if not standing(place, after=asked.after):
        return 400
    if within is not None and within not in REACHED[key]:
        return 403
    wanted = level or PLACES[place].level
    there = {
        uid for uid in PLACES
        if PLACES[uid].level == wanted and standing(uid, after=asked.after) and place in climbs(uid, after=asked.after)
    }  # fmt: skip
    seen = {uid for uid in there if shown(key, asked, uid)}
    return 403 if there and not seen else seen


def owing_below(asked: Asked, units: set[str]) -> dict[str, int]:
    """How many quarterly reports are owed at each of these units and below: communes' and districts'."""
    owing = [
        uid for uid in PLACES
        if standing(uid, after=asked.counted_after) and PLACES[uid].level in {"commune", "district"}
    ]  # fmt: skip
    return {unit: sum(unit in climbs(uid, after=asked.after) for uid in owing) for unit in units}
