"""Invented activities of every type of the programme, at every level that may record it."""

import random
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from sample import workdays
from sample.duties import YEAR, working_instant
from sample.post import Pen, Post
from sample.scope import Scope
from shared.domain.events import Kind
from shared.domain.units import Unit
from shared.programme.model import Activity, AgencyRole, Programme


@dataclass(frozen=True, slots=True)
class Habit:
    """How often a commune does it in a year, who comes (fewest and most of each group), and what it costs in dong."""

    yearly: float
    groups: Mapping[str, tuple[int, int]]
    cost: tuple[int, int] | None = None


_PARENTS = {"parent": (12, 45), "caregiver": (0, 14)}
_CHILDREN = {"child-0-8": (8, 60)}
_STAFF = {"child-work-staff": (3, 16), "staff-community": (2, 12)}
USUAL = Habit(1, _STAFF)
HABITS = {
    "communication-session": Habit(9, {**_PARENTS, "authorities-and-community": (10, 90)}, (300_000, 2_500_000)),
    "advocacy": Habit(5, {"authorities-and-community": (15, 80), "parent": (5, 30)}, (200_000, 900_000)),
    "training": Habit(
        1.5, {**_STAFF, "staff-education": (2, 12), "staff-health-facility": (1, 5)}, (1_500_000, 9_000_000)
    ),
    "parent-counselling": Habit(11, _PARENTS, (100_000, 800_000)),
    "parenting-programme": Habit(1.5, _PARENTS, (500_000, 3_000_000)),
    "service-health": Habit(7, _CHILDREN, (300_000, 2_000_000)),
    "service-nutrition": Habit(6, _CHILDREN, (400_000, 3_000_000)),
    "service-early-education": Habit(4, _CHILDREN, (200_000, 1_200_000)),
    "life-skills-education": Habit(3, {"preschool-and-primary-pupil": (20, 120)}, (200_000, 1_000_000)),
    "service-nurturing-care": Habit(3, _CHILDREN),
    "service-child-protection": Habit(1.5, {"child-0-8": (1, 6)}),
    "service-social-welfare": Habit(2, {"child-0-8": (2, 25)}, (500_000, 12_000_000)),
    "service-culture-sport": Habit(2, {"child-0-8": (20, 150)}, (500_000, 4_000_000)),
    "first-1000-days-counselling": Habit(5, {"pregnant-woman": (2, 14), "parent": (3, 16)}, (100_000, 500_000)),
    "coordination": Habit(1.5, {"related-agency": (4, 15)}),
    "network-referral": Habit(3, {"child-0-8": (1, 1)}),
    "pilot-model": Habit(0.3, _PARENTS, (3_000_000, 20_000_000)),
    "measurement-pilot": Habit(0.2, _CHILDREN),
    "needs-assessment": Habit(2, {"child-0-8": (30, 220)}, (200_000, 900_000)),
    "supervision": Habit(2.5, _STAFF),
    "review-meeting": Habit(1.5, {"related-agency": (6, 24)}, (200_000, 800_000)),
    "financial-inspection": Habit(0.3, _STAFF),
    "resource-mobilisation": Habit(1.5, {}, (1_000_000, 40_000_000)),
    "oda-mobilisation": Habit(2, {}, (200_000_000, 1_500_000_000)),
    "planning": Habit(1, _STAFF),
    "budgeting": Habit(1, {}, (8_000_000, 60_000_000)),
    "mainstreaming": Habit(1, {"authorities-and-community": (10, 60)}),
    "report": Habit(3, {}),
    "issue-escalation": Habit(0.4, {}),
}
MOBILISED = {"resource-mobilisation": ("f3-mobilised", "f4-donations-local"), "oda-mobilisation": ("f5-oda",)}
BUDGET_LINES = ("f1-state-budget", "f2-integrated", "f4-donations-local")
# How much more often than a commune, in all types together.
BUSYNESS = {"commune": 1.0, "district": 1.4, "province": 2.5}
_FIRST, _LAST = workdays.CALENDAR.start(YEAR), workdays.CALENDAR.end(YEAR)
# What every attendance is split by beside its type; sex is the field `female`, the domain a field of its own.
_OWN_FIELDS = frozenset({"sex", "domain"})


def activity_posts(seed: int, programme: Programme, scope: Scope, pen: Pen) -> Iterator[Post]:
    """Invent a year of activities, each posted within three days of the day on which it was held."""
    for level, busyness in BUSYNESS.items():
        for unit in scope.at(level):
            rng = random.Random(f"{seed}/activities/{unit.uid}")
            number = 0
            for activity in programme.activities:
                if level not in activity.levels:
                    continue
                for _ in range(_how_often(rng, activity, busyness)):
                    number += 1
                    yield _post(rng, programme, activity, unit, number, pen)


def _how_often(rng: random.Random, activity: Activity, busyness: float) -> int:
    yearly = HABITS.get(activity.slug, USUAL).yearly * busyness * rng.uniform(0.6, 1.4)
    return int(yearly) + (rng.random() < yearly % 1)


def _post(rng: random.Random, programme: Programme, activity: Activity, unit: Unit, number: int, pen: Pen) -> Post:
    held_on = _day(rng)
    instant = working_instant(rng, held_on + timedelta(days=rng.randint(0, 3)))
    if instant.date() == held_on:  # posted in the evening of the day itself
        instant = workdays.at(held_on, 16)
    record = {
        "activity": activity.slug,
        "record": f"{unit.code}-{number:04d}",
        "revision": 0,
        "held_on": held_on.isoformat(),
        "agency": _agency(rng, programme, unit.level),
        **_described(rng, programme, activity),
        **_attended(rng, activity),
        **_paid(rng, activity),
    }
    return pen.write(instant, unit.uid, Kind.ACTIVITY_RECORDED, record)


def _day(rng: random.Random) -> date:
    day = _FIRST + timedelta(days=rng.randrange((_LAST - _FIRST).days + 1))
    return day if workdays.is_working_day(day) or rng.random() < 0.3 else _LAST - (_LAST - day) // 2


def _agency(rng: random.Random, programme: Programme, level: str) -> str:
    """Draw an agency: mostly one that carries the programme out, now and then an organisation that is asked to help."""
    agencies = [agency for agency in programme.agencies if agency.level == level]
    ordered = [agency.slug for agency in agencies if agency.role is not AgencyRole.REQUESTED]
    asked = [agency.slug for agency in agencies if agency.role is AgencyRole.REQUESTED]
    return rng.choice(asked if asked and rng.random() < 0.1 else ordered)


def _described(rng: random.Random, programme: Programme, activity: Activity) -> dict[str, Any]:
    by = {
        dimension: rng.choice(_options(programme, activity, dimension))
        for dimension in activity.breakdowns
        if dimension not in _OWN_FIELDS and rng.random() < 0.7
    }
    found: dict[str, Any] = {"by": by} if by else {}
    if "domain" in activity.breakdowns:
        found["domain"] = rng.choice(_options(programme, activity, "domain"))
    return found


def _options(programme: Programme, activity: Activity, dimension: str) -> list[str]:
    allowed = activity.options.get(dimension) or programme.options[dimension]
    return sorted(allowed)


def _attended(rng: random.Random, activity: Activity) -> dict[str, Any]:
    habit = HABITS.get(activity.slug, USUAL)
    came = {group: rng.randint(*span) for group, span in habit.groups.items()}
    came = {group: number for group, number in came.items() if number}
    people = sum(came.values())
    if not people:
        return {}
    return {"participants": came, "female": round(people * rng.uniform(0.35, 0.8))}


def _paid(rng: random.Random, activity: Activity) -> dict[str, Any]:
    cost = HABITS.get(activity.slug, USUAL).cost
    if cost is None or rng.random() < 0.25:
        return {}
    lines = MOBILISED.get(activity.slug, BUDGET_LINES)
    chosen = rng.sample(lines, 1 if rng.random() < 0.8 else min(2, len(lines)))
    return {"money": [{"line": line, "amount": rng.randint(*cost) // 50_000 * 50_000} for line in sorted(chosen)]}
