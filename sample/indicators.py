"""Invented figures of the indicators: who is counted, how many of them, and how the share grows over the year."""

import random
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any

from sample import workdays
from sample.duties import YEAR, Submission, in_time_of, working_instant
from sample.post import Pen, Post
from sample.scope import Scope
from shared.domain.events import Kind
from shared.domain.periods import Period, PeriodKind
from shared.domain.units import Unit
from shared.programme.indicators import Indicator, IndicatorReporter
from shared.programme.model import Programme

ACCESS = "child-service-access"
NETWORK = "district-network-model"
# Children to 8 years in a unit of this type, fewest and most.
CHILDREN = {"xa": (320, 1150), "thi-tran": (600, 1500), "phuong": (700, 2100)}
# Staff of the provincial groups, fewest and most.
STAFF = {
    "staff-health-facility": (2200, 3800),
    "staff-education": (6500, 11800),
    "staff-child-nurturing": (140, 380),
    "staff-child-protection": (90, 240),
}


@dataclass(frozen=True, slots=True)
class People:
    """How many live in a commune, and the share of children reached when the year begins."""

    children: int
    parents: int
    caregivers: int
    staff: int
    reached: float


@cache
def people_of(seed: int, uid: str, kind: str) -> People:
    """Invent the population of a commune."""
    rng = random.Random(f"{seed}/people/{uid}")
    children = rng.randint(*CHILDREN.get(kind, CHILDREN["xa"]))
    return People(
        children=children,
        parents=round(children * rng.uniform(1.35, 1.7)),
        caregivers=round(children * rng.uniform(0.2, 0.45)),
        staff=rng.randint(7, 26),
        reached=rng.uniform(0.66, 0.9),
    )


def indicator_posts(
    seed: int, programme: Programme, scope: Scope, submissions: Iterable[Submission], pen: Pen
) -> Iterator[Post]:
    """Invent indicators A, B and C of the year's quarters. Who hands in no report for a quarter sends no figures
    either.
    """
    when = {
        (item.duty.unit.uid, item.duty.agency, item.duty.period): item.at
        for item in submissions
        if item.duty.period.kind is PeriodKind.QUARTER
    }
    for indicator in programme.indicators:
        for reporter in indicator.reporters:
            for period in workdays.CALENDAR.parts(YEAR, indicator.period):
                if in_time_of(reporter.since, reporter.until, period):
                    yield from _posts_of(seed, indicator, reporter, period, scope, when, pen)


def _posts_of(
    seed: int,
    indicator: Indicator,
    reporter: IndicatorReporter,
    period: Period,
    scope: Scope,
    when: Mapping[tuple[str, str, Period], datetime | None],
    pen: Pen,
) -> Iterator[Post]:
    for unit in scope.at(reporter.level):
        for agency in reporter.agencies:
            rng = random.Random(f"{seed}/{indicator.slug}/{unit.uid}/{agency}/{period}")
            if (unit.uid, agency, period) in when:
                instant = when[unit.uid, agency, period]
            else:
                instant = _own_instant(rng, period)
            if instant is None:
                continue
            figures = _figures(seed, rng, indicator, reporter, unit, period)
            record = {"indicator": indicator.slug, "agency": agency, "period": str(period), "revision": 0, **figures}
            yield pen.write(instant, unit.uid, Kind.INDICATOR_REPORTED, record)


def _own_instant(rng: random.Random, period: Period) -> datetime | None:
    """Draw when somebody who owes no quarterly report sends figures: within six working days; one in ten does not."""
    if rng.random() < 0.1:
        return None
    return working_instant(rng, workdays.shift(workdays.CALENDAR.end(period), rng.randint(1, 6)))


def _figures(
    seed: int, rng: random.Random, indicator: Indicator, reporter: IndicatorReporter, unit: Unit, period: Period
) -> dict[str, Any]:
    quarter = period.ordinal % 4
    if indicator.slug == NETWORK:
        return {"components": _components(seed, indicator, unit, quarter)}
    if indicator.slug == ACCESS:
        return _access(rng, people_of(seed, unit.uid, unit.type), quarter)
    return _skills(seed, unit, reporter.options.get("group", ()), quarter)


def _access(rng: random.Random, people: People, quarter: int) -> dict[str, Any]:
    children = people.children + round(people.children * 0.004 * quarter)
    served = min(children, round(children * min(0.985, people.reached + 0.018 * quarter + rng.uniform(-0.01, 0.01))))
    domains = {
        "health": 0.97, "education": 0.82, "nutrition": 0.74,
        "nurturing-care": 0.55, "child-protection": 0.31, "social-welfare": 0.24,
    }  # fmt: skip
    breakdown = [
        _split("domain", domain, round(served * share * rng.uniform(0.94, 1.0)), children)
        for domain, share in domains.items()
    ]
    for dimension, options in (("sex", ("female", "male")), ("age-band", ("0-35-months", "3-5-years", "6-8-years"))):
        of_all = _parts(rng, children, len(options))
        of_served = _parts_within(served, of_all, children)
        breakdown += [_split(dimension, *part) for part in zip(options, of_served, of_all, strict=True)]
    return {"numerator": served, "denominator": children, "breakdown": breakdown}


def _skills(seed: int, unit: Unit, groups: tuple[str, ...], quarter: int) -> dict[str, Any]:
    """Invent distinct persons since the stage began: the numerator never falls."""
    rng = random.Random(f"{seed}/skills/{unit.uid}/{groups}")
    people = people_of(seed, unit.uid, unit.type)
    sizes = {"parent": people.parents, "caregiver": people.caregivers, "staff-community": people.staff}
    breakdown = []
    for group in groups:
        size = sizes.get(group) or rng.randint(*STAFF[group])
        share = min(0.99, rng.uniform(0.45, 0.86) + 0.03 * quarter)
        breakdown.append(_split("group", group, int(size * share), size))
    return {
        "numerator": sum(split["numerator"] for split in breakdown),
        "denominator": sum(split["denominator"] for split in breakdown),
        "breakdown": breakdown,
    }


def _components(seed: int, indicator: Indicator, unit: Unit, quarter: int) -> dict[str, bool]:
    """Let each component begin in some quarter; one district in ten stops one again in the last."""
    rng = random.Random(f"{seed}/network/{unit.uid}")
    begins = {component.slug: rng.choice((0, 0, 0, 0, 0, 0, 1, 2, 9)) for component in indicator.components}
    stopped = rng.choice(sorted(begins)) if rng.random() < 0.1 else None
    return {slug: first <= quarter and not (slug == stopped and quarter == 3) for slug, first in begins.items()}


def _split(dimension: str, option: str, numerator: int, denominator: int) -> dict[str, Any]:
    return {"by": {dimension: option}, "numerator": numerator, "denominator": denominator}


def _parts(rng: random.Random, whole: int, number: int) -> list[int]:
    """Split a whole into parts of about the same size that add up to it."""
    parts = [round(whole / number * rng.uniform(0.9, 1.08)) for _ in range(number - 1)]
    return [*parts, whole - sum(parts)]


def _parts_within(served: int, parts: list[int], whole: int) -> list[int]:
    """Split the served among the parts: none exceeds its part, and they add up to `served`."""
    found = [part * served // whole for part in parts]
    for index in range(served - sum(found)):
        found[index % len(found)] += 1
    return found
