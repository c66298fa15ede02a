"""What an event means for the figures: pure. Records pick a winner, winners contribute, contributions climb the ladder.

Every rule here is commutative: any order of arrival and any duplication gives the same records and cells.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, NamedTuple, TypeAlias

from shared.duties import applies
from shared.events import Kind
from shared.periods import Period, PeriodKind, parse_period
from shared.programme import Indicator, Programme
from shared.registry.snapshot import Registry
from shared.units import Unit

SUPERSEDED = 2**31 - 1  # a revision above every one that a sender can give: `supersedes` is final
WHOLE = ""  # the `by` of a cell that is not a part


class Rank(NamedTuple):
    """What the winning revision is chosen by; the sender only breaks a tie of everything else."""

    revision: int
    time: datetime
    source: str
    id: str
    sender: str


@dataclass(frozen=True, slots=True)
class Claim:
    """An event's claim to be the current state of a record."""

    key: str
    rank: Rank
    alive: bool
    event: "Said"


@dataclass(frozen=True, slots=True)
class Said:
    """What a claim rests on: the event without its envelope."""

    province: str
    sender: str
    kind: str
    unit: str
    time: datetime
    data: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class About:
    """What a record is about, for look-ups. Empty texts where a withdrawal doesn't say."""

    programme: str
    subject: str
    agency: str
    period: str


class Counters(NamedTuple):
    """The numbers of a cell. `people` are attendances, `amount` is whole dong, `reported` counts live reporters."""

    records: int = 0
    reported: int = 0
    numerator: int = 0
    denominator: int = 0
    people: int = 0
    female: int = 0
    amount: int = 0


class CellKey(NamedTuple):
    """Which cell; also its sort order, which every writer shares so that no two can deadlock."""

    unit: str
    subject: str
    period: str
    by: str
    programme: str
    province: str


@dataclass(frozen=True, slots=True)
class Current:
    """A record as it stands: its rank, and the event behind it while it is alive."""

    rank: Rank
    said: Said | None


RecordKey: TypeAlias = tuple[str, str]  # (key, province)
Delta: TypeAlias = dict[CellKey, list[int]]


class UnknownToUsError(Exception):
    """The event names a unit or programme that this registry lacks: refresh and try again, don't drop."""


def claims(said: Said, source: str, event_id: str) -> list[Claim]:
    """The claims of an event: on its own record, and on the one that it supersedes."""
    data = said.data
    key = record_key(said)
    if said.kind in {Kind.PROBLEM_RAISED, Kind.PROBLEM_RESOLVED}:
        revision = int(said.kind == Kind.PROBLEM_RESOLVED)
        alive = said.kind == Kind.PROBLEM_RAISED
    else:
        revision = data.get("revision", 0)
        alive = said.kind != Kind.RECORD_RETRACTED
    made = [Claim(key, Rank(revision, said.time, source, event_id, said.sender), alive, said)]
    former = data.get("supersedes")
    if former is not None and former != data["record"]:
        key = f"activity:{data['programme']}:{said.sender}:{former}"
        made.append(Claim(key, Rank(SUPERSEDED, said.time, source, event_id, said.sender), False, said))
    return made


def strongest(made: Iterable[Claim]) -> dict[RecordKey, Claim]:
    """The claim with the highest rank on each record."""
    best: dict[RecordKey, Claim] = {}
    for claim in made:
        key = (claim.key, claim.event.province)
        rival = best.get(key)
        if rival is None or claim.rank > rival.rank:
            best[key] = claim
    return best


def settle(
    best: Mapping[RecordKey, Claim], current: Mapping[RecordKey, Current], registry: Registry
) -> tuple[list[tuple[Claim, About]], Delta]:
    """Which claims win against the records as they stand, and what that changes in the cells: new less old."""
    winners: list[tuple[Claim, About]] = []
    delta: Delta = {}
    for key, claim in best.items():
        standing = current.get(key)
        if standing is not None and standing.rank >= claim.rank:
            continue
        if standing is not None and standing.said is not None:
            add_contribution(delta, standing.said, registry, -1)
        if claim.alive:
            add_contribution(delta, claim.event, registry, 1)
        winners.append((claim, about(claim.event, registry)))
    return winners, delta


def record_key(said: Said) -> str:
    """The key of the record that the event is about, unique within its province."""
    data = said.data
    programme = data["programme"]
    if said.kind in {Kind.PROBLEM_RAISED, Kind.PROBLEM_RESOLVED}:
        return f"problem:{programme}:{said.sender}:{data['record']}"
    for what in ("indicator", "report"):
        if data.get(what) is not None:
            return f"{what}:{programme}:{data[what]}:{said.unit}:{data['agency']}:{data['period']}"
    return f"activity:{programme}:{said.sender}:{data['record']}"


def about(said: Said, registry: Registry) -> About:
    """What the event's record is about. Raises UnknownToUsError for a programme that isn't loaded."""
    data = said.data
    agency = data.get("agency") or ""
    for what in ("indicator", "report"):
        if data.get(what) is not None:
            return About(data["programme"], f"{what}:{data[what]}", agency, data["period"])
    if "activity" in data:
        period = _month(_programme(registry, data), date.fromisoformat(data["held_on"]))
        return About(data["programme"], f"activity:{data['activity']}", agency, str(period))
    if said.kind in {Kind.PROBLEM_RAISED, Kind.PROBLEM_RESOLVED}:
        return About(data["programme"], "problem", agency, "")
    return About(data["programme"], "", agency, "")


def add_contribution(delta: Delta, said: Said, registry: Registry, sign: int) -> None:
    """Add (sign 1) or take away (sign -1) what a live record of this event gives to the cells of each level.

    Raises UnknownToUsError where the registry lacks the unit or the programme.
    """
    if said.kind in {Kind.PROBLEM_RAISED, Kind.PROBLEM_RESOLVED, Kind.RECORD_RETRACTED}:
        return
    programme = _programme(registry, said.data)
    what = about(said, registry)
    period = parse_period(what.period)
    unit = registry.units.get(said.unit)
    if unit is None:
        raise UnknownToUsError(f"unit {said.unit}")
    end = programme.calendar.end(period)
    reach = _reach(said, programme, unit, end)
    steps = [step.uid for step in registry.units.ladder(said.unit, end) if not reach or step.level in reach]
    for by, counters in parts(said, programme):
        for uid in steps:
            cell = CellKey(uid, what.subject, what.period, by, what.programme, said.province)
            sums = delta.get(cell)
            if sums is None:
                delta[cell] = [sign * count for count in counters]
            else:
                for index, count in enumerate(counters):
                    if count:
                        sums[index] += sign * count


def parts(said: Said, programme: Programme) -> Iterable[tuple[str, Counters]]:
    """The whole and its breakdowns, each as (`by`, counters): `domain:health`, `participants:parent`, `money:f1`."""
    data = said.data
    if said.kind == Kind.REPORT_SUBMITTED:
        yield WHOLE, Counters(records=1, reported=1)
    elif said.kind == Kind.INDICATOR_REPORTED:
        yield from _figure_parts(data, programme.indicator[data["indicator"]])
    else:
        yield from _activity_parts(data)


def _figure_parts(data: Mapping[str, Any], indicator: Indicator) -> Iterable[tuple[str, Counters]]:
    if indicator.components:
        states = data["components"]
        yield WHOLE, Counters(records=1, reported=1, numerator=int(all(states.values())))
        for component, state in states.items():
            yield f"component:{component}", Counters(records=1, reported=1, numerator=int(state))
        return
    yield WHOLE, Counters(1, 1, data["numerator"], data["denominator"])
    for split in data.get("breakdown", ()):
        yield by_text(split["by"]), Counters(1, 1, split["numerator"], split["denominator"])


def _activity_parts(data: Mapping[str, Any]) -> Iterable[tuple[str, Counters]]:
    participants: Mapping[str, int] = data.get("participants", {})
    money = data.get("money", ())
    whole = Counters(
        records=1,
        people=sum(participants.values()),
        female=data.get("female") or 0,
        amount=sum(item["amount"] for item in money),
    )
    yield WHOLE, whole
    for dimension, option in data.get("by", {}).items():
        yield f"{dimension}:{option}", whole
    if data.get("domain") is not None:
        yield f"domain:{data['domain']}", whole
    for group, people in participants.items():
        yield f"participants:{group}", Counters(records=1, people=people)
    for item in money:
        yield f"money:{item['line']}", Counters(records=1, amount=item["amount"])


def by_text(by: Mapping[str, str]) -> str:
    """A combination of options as one text, the same for every order: `domain:health,sex:female`."""
    return ",".join(f"{dimension}:{option}" for dimension, option in sorted(by.items()))


def _reach(said: Said, programme: Programme, unit: Unit, end: date) -> tuple[str, ...]:
    """The levels at which the figure is published; empty for all from its own up."""
    indicator = said.data.get("indicator")
    if indicator is not None:
        for reporter in programme.indicator[indicator].reporters:
            if said.data["agency"] in reporter.agencies and applies(reporter, unit, end):
                return reporter.reach
    return ()


def _programme(registry: Registry, data: Mapping[str, Any]) -> Programme:
    programme = registry.programmes.get(data["programme"])
    if programme is None:
        raise UnknownToUsError(f"programme {data['programme']}")
    return programme


def _month(programme: Programme, day: date) -> Period:
    return programme.calendar.containing(day, PeriodKind.MONTH)
