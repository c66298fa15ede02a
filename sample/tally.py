"""The generator's own count of what the year must come to, at every level: plain sums over what was posted.

It shares no code with the services, and not the period arithmetic either: what it says is the measure of the demo.
Rules: the first post of an id counts, the same again doesn't; of a record the highest revision stands; a withdrawal
competes like a revision; figures climb commune → district → province → nation.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from sample.post import Post
from shared.domain.units import Units

QUARTERS = ("2023-Q1", "2023-Q2", "2023-Q3", "2023-Q4")
YEAR = "2023"
WHOLE = ""
# How far a yes/no status goes: districts are counted by their province, provinces by the nation.
STATE_REACH = {"district": ("district", "province"), "province": ("nation",)}
Place = tuple[str, str, str]  # subject, period, uid


@dataclass(slots=True)
class Sums:
    """What is added up in one cell. `money` is in dong, `people` are attendances."""

    records: int = 0
    numerator: int = 0
    denominator: int = 0
    people: int = 0
    female: int = 0
    money: int = 0


@dataclass(frozen=True, slots=True)
class Standing:
    """A record as it stands at the end: alive, and the event that says so."""

    uid: str
    kind: str
    data: Mapping[str, Any]
    first_at: datetime


@dataclass
class Tally:
    """What the year comes to. Subjects are `activity:<slug>`, `indicator:<slug>` and `report:<slug>`.

    `cells` has by (subject, period, uid) the sums of the whole (`""`) and of each part (`domain:health`); `reported`
    how many live records there are; `states` the yes/no components by (indicator, period, uid) of who reported them;
    `standing` every live record by its key. `accepted` counts the different events that were posted, `posted` all.
    """

    cells: dict[Place, dict[str, Sums]] = field(default_factory=lambda: defaultdict(lambda: defaultdict(Sums)))
    reported: dict[Place, int] = field(default_factory=lambda: defaultdict(int))
    standing: dict[tuple[str, ...], Standing] = field(default_factory=dict)
    states: dict[tuple[str, str, str], Mapping[str, bool]] = field(default_factory=dict)
    posted: int = 0
    accepted: int = 0


def tally(posts: Iterable[Post], units: Units) -> Tally:
    """Add up the posts, given in the order in which they were made."""
    counted = Tally()
    extend(counted, posts, units)
    return counted


def extend(counted: Tally, posts: Iterable[Post], units: Units) -> None:
    """Add posts about records of which nothing was posted before."""
    settled = _settle(posts, counted)
    counted.standing |= settled
    for standing in settled.values():
        for uid in _ladder(units, standing.uid):
            _add(counted, standing, uid, units)


def _settle(posts: Iterable[Post], counted: Tally) -> dict[tuple[str, ...], Standing]:
    seen: set[tuple[str, str]] = set()
    best: dict[tuple[str, ...], tuple[int, Post]] = {}
    first_at: dict[tuple[str, ...], datetime] = {}
    replaced: set[tuple[str, ...]] = set()
    for post in posts:
        counted.posted += 1
        identity = (post.sender, post.event["id"])
        if identity in seen:
            continue
        seen.add(identity)
        data = post.event["data"]
        key = _key(post)
        first_at.setdefault(key, post.at)
        if "supersedes" in data:
            replaced.add(("activity", post.sender, data["supersedes"]))
        if key not in best or data["revision"] > best[key][0]:
            best[key] = (data["revision"], post)
    counted.accepted += len(seen)
    return {
        key: Standing(_uid(post), post.kind, post.event["data"], first_at[key])
        for key, (_, post) in best.items()
        if post.kind != "record.retracted" and key not in replaced
    }


def _key(post: Post) -> tuple[str, ...]:
    data = post.event["data"]
    for what in ("indicator", "report"):
        if what in data:
            return (what, data[what], _uid(post), data["agency"], data["period"])
    return ("activity", post.sender, data["record"])


def _uid(post: Post) -> str:
    """Find the unit of 2023 with that code: the first epoch ran to 30/06/2025."""
    return f"{post.event['subject']}@1"


def _ladder(units: Units, uid: str) -> Iterator[str]:
    current: str | None = uid
    while current is not None:
        yield current
        current = units[current].parent


def _add(counted: Tally, standing: Standing, uid: str, units: Units) -> None:
    data = standing.data
    if "activity" in data:
        for period in periods_of_day(date.fromisoformat(data["held_on"])):
            _add_activity(counted.cells[f"activity:{data['activity']}", period, uid], data)
    elif "report" in data:
        counted.reported[f"report:{data['report']}", data["period"], uid] += 1
    elif "components" in data:
        counted.states[data["indicator"], data["period"], standing.uid] = data["components"]
        if units[uid].level in STATE_REACH[units[standing.uid].level]:
            counted.reported[f"indicator:{data['indicator']}", data["period"], uid] += 1
    else:
        subject = f"indicator:{data['indicator']}"
        counted.reported[subject, data["period"], uid] += 1
        for by, part in ((WHOLE, data), *((_by(split["by"]), split) for split in data["breakdown"])):
            sums = counted.cells[subject, data["period"], uid][by]
            sums.records += 1
            sums.numerator += part["numerator"]
            sums.denominator += part["denominator"]


def _add_activity(cells: dict[str, Sums], data: Mapping[str, Any]) -> None:
    people, money = sum(data.get("participants", {}).values()), sum(item["amount"] for item in data.get("money", ()))
    parts = [WHOLE, *(f"{dimension}:{option}" for dimension, option in data.get("by", {}).items())]
    if "domain" in data:
        parts.append(f"domain:{data['domain']}")
    for by in parts:
        sums = cells[by]
        sums.records += 1
        sums.people += people
        sums.female += data.get("female", 0)
        sums.money += money


def _by(options: Mapping[str, str]) -> str:
    return ",".join(f"{dimension}:{option}" for dimension, option in sorted(options.items()))


def periods_of_day(day: date) -> tuple[str, ...]:
    """Name the month, quarter, half-year and year that a day counts in: the 15th begins the next month."""
    year, month = day.year, day.month + (day.day >= 15)
    if month == 13:
        year, month = year + 1, 1
    return (
        f"{year}-{month:02d}",
        f"{year}-Q{(month + 2) // 3}",
        f"{year}-H{(month + 5) // 6}",
        str(year),
    )


def last_states(counted: Tally, indicator: str, uids: Iterable[str], period: str) -> list[Mapping[str, bool]]:
    """Find the components of each of these units at the end of a quarter: what it reported last holds until it reports
    anew.

    Units that never reported have none.
    """
    found: list[Mapping[str, bool]] = []
    for uid in uids:
        known = [counted.states.get((indicator, quarter, uid)) for quarter in QUARTERS if quarter <= period]
        last = next((components for components in reversed(known) if components is not None), None)
        if last is not None:
            found.append(last)
    return found


@dataclass(frozen=True, slots=True)
class Overdue:
    """A report that was not in by its deadline: when it came at last, or None."""

    uid: str
    agency: str
    report: str
    period: str
    due_at: datetime
    came_at: datetime | None


def overdue(counted: Tally, owed: Iterable[tuple[str, str, str, str, datetime]]) -> list[Overdue]:
    """List what was late or never came, of what is owed: (uid, agency, report, period, due_at)."""
    found: list[Overdue] = []
    for uid, agency, report, period, due_at in owed:
        standing = counted.standing.get(("report", report, uid, agency, period))
        if standing is None or standing.first_at > due_at:
            found.append(Overdue(uid, agency, report, period, due_at, standing.first_at if standing else None))
    return found
