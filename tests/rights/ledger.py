"""What was said in the small register, each number a power of two, so that a figure tells whose numbers are in it."""

from collections.abc import Iterable
from typing import Any, NamedTuple

from tests.rights.register import PLACES, climbs, standing
from tests.system import event

OWN, OTHER = "ecd-1437", "ecd-next"
COMMUNES = [uid for uid, place in PLACES.items() if place.level == "commune"]
NUMBER = {uid: 2**place for place, uid in enumerate(COMMUNES)}


class Said(NamedTuple):
    """An event, with what the rule asks about it."""

    id: str
    unit: str
    programme: str
    kind: str
    subject: str  # an indicator's or activity's slug; of a withdrawal that of its record
    when: str  # a period, or the day of an activity
    record: str
    body: dict[str, Any]


class Asked(NamedTuple):
    """A period, as it is asked, on which tree it then stands, and on which trees it was counted."""

    period: str
    view: str
    after: bool  # it stands on the tree of after the merger
    counted_before: bool
    counted_after: bool


PERIODS = {
    "child-service-access": [
        Asked("2023-Q1", "as_reported", False, True, False),
        Asked("2023-Q1", "as_of_today", True, True, False),
        Asked("2025-Q3", "as_reported", True, False, True),
    ],
    "parent-counselling": [
        Asked("2025-03", "as_reported", False, True, False),
        Asked("2025-03", "as_of_today", True, True, False),
        Asked("2025-09", "as_reported", True, False, True),
        Asked("2025", "as_reported", True, True, True),
    ],
}
# An activity's period by the day on which it was held; the year has both.
DAYS = {"2025-03-10": {"2025-03", "2025"}, "2025-08-20": {"2025-09", "2025"}}


def said() -> list[Said]:
    """All events."""
    return [*_figures(OWN, 1), *_figures(OTHER, 2**20), *_sessions(), *_withdrawals()]


def total(subject: str, asked: Asked, uid: str) -> int:
    """The sum at a unit, added up one by one: the numerator of an indicator, the participants of an activity."""
    return sum(
        item.body["numerator"] if item.kind == "indicator.reported" else item.body["participants"]["parent"]
        for item in said()
        if (item.subject, item.programme) == (subject, OWN)
        and item.kind != "record.retracted"
        and not item.record.startswith("withdrawn")
        and asked.period in _periods(item)
        and uid in climbs(item.unit, after=asked.after)
    )


def behind(subject: str, asked: Asked, within: str, reached: Iterable[str]) -> set[str]:
    """The ids of the events that explain a figure of OWN to who reaches these units."""
    seen = [item for item in said() if item.unit in set(reached) and item.programme == OWN and item.subject == subject]
    of_it = {
        item.id
        for item in seen
        if item.kind != "record.retracted"
        and asked.period in _periods(item)
        and within in climbs(item.unit, after=asked.after)
    }
    records = {item.record for item in seen if item.id in of_it and item.record}
    return of_it | {item.id for item in seen if item.kind == "record.retracted" and item.record in records}


def _periods(item: Said) -> set[str]:
    return DAYS.get(item.when, {item.when})


def _figures(programme: str, times: int) -> Iterable[Said]:
    for uid in COMMUNES:
        period = "2025-Q3" if standing(uid, after=True) else "2023-Q1"
        number = NUMBER[uid] * times
        data = {
            "programme": programme, "indicator": "child-service-access", "agency": "ubnd-xa", "period": period,
            "revision": 0, "numerator": number, "denominator": 2**60 // 2**21,
        }  # fmt: skip
        yield Said(
            f"{programme}-a-{uid}", uid, programme, "indicator.reported", "child-service-access", period, "", data
        )


def _sessions() -> Iterable[Said]:
    for uid in COMMUNES:
        yield _held(uid, "parent-counselling", f"c-{uid}", NUMBER[uid])
        yield _held(uid, "parent-counselling", f"withdrawn-c-{uid}", 1)
        yield _held(uid, "supervision", f"withdrawn-s-{uid}", 1)


def _held(uid: str, activity: str, record: str, parents: int) -> Said:
    day = "2025-08-20" if standing(uid, after=True) else "2025-03-10"
    data: dict[str, Any] = {
        "programme": OWN, "activity": activity, "record": record, "revision": 0, "held_on": day, "agency": "ubnd-xa",
    }  # fmt: skip
    if activity == "parent-counselling":
        data |= {"domain": "nutrition", "participants": {"parent": parents}}
    return Said(f"e-{record}", uid, OWN, "activity.recorded", activity, day, record, data)


def _withdrawals() -> Iterable[Said]:
    """Of today, so of a unit that stands today: a record of an old unit is withdrawn at what it has become."""
    for uid in COMMUNES:
        at = uid if standing(uid, after=True) else PLACES[uid].successor
        for letter, activity in (("c", "parent-counselling"), ("s", "supervision")):
            record = f"withdrawn-{letter}-{uid}"
            data = {"programme": OWN, "record": record, "revision": 1}
            yield Said(f"w-{record}", at, OWN, "record.retracted", activity, "", record, data)


def as_event(item: Said) -> dict[str, Any]:
    """As a sender posts it."""
    time = "2025-12-18T08:00:00+07:00"
    return event(item.kind, item.unit, item.body, id=item.id, source="/rights", time=time)
