"""Takes a record apart into counters, whole and in parts. Pure. A part's name (`by`) says which options it is of.

Invariant: parts are only added up, each sum by itself. So the order in which records come and go doesn't matter, and a
record that goes leaves the sums as they were before it came.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from operator import add, neg, sub
from typing import NamedTuple, TypeAlias

from shared.domain.canonical import EventData
from shared.programme.indicators import Indicator
from shared.programme.model import Programme

WHOLE = ""  # the `by` of a cell that is not a part
ONCE = "unit:"  # what the names of parts begin with that count each unit once
EXPECTED_BY = "expected by:"  # and of those that count reporters for another programme; no dimension has a space
Parts: TypeAlias = dict[str, list[int]]  # the counters of a cell and its parts by their names


class Counters(NamedTuple):
    """The numbers of a cell. `people` are attendances, `amount` is whole dong, `reported` counts live reporters of
    whom the report is expected."""

    records: int = 0
    reported: int = 0
    numerator: int = 0
    denominator: int = 0
    people: int = 0
    female: int = 0
    amount: int = 0


class Part(NamedTuple):
    """Counters under a `by` such as `domain:health`. An `own` part stays at the unit itself and doesn't climb."""

    by: str
    counters: Counters
    own: bool = False


def add_part(parts: Parts, by: str, counters: Sequence[int], sign: int) -> None:
    """Add to a part (sign 1) or take away from it (sign -1). Its sums are made anew: others may share the old ones."""
    sums = parts.get(by)
    if sums is not None:
        parts[by] = [*map(add if sign == 1 else sub, sums, counters)]
    else:
        parts[by] = [*counters] if sign == 1 else [*map(neg, counters)]


def together(several: Sequence[Parts]) -> Parts:
    """Add all of these up; return an only one itself, not a copy."""
    if len(several) == 1:
        return several[0]
    total = {**several[0]}
    for parts in several[1:]:
        for by, sums in parts.items():
            add_part(total, by, sums, 1)
    return total


def less(right: Parts, standing: Parts) -> Parts:
    """Subtract: what must be added to `standing` to make it `right`, without what is zero."""
    total = {**right}
    for by, sums in standing.items():
        add_part(total, by, sums, -1)
    return {by: sums for by, sums in total.items() if any(sums)}


class Narrowed(NamedTuple):
    """A measure that counts only some of its activities' numbers, and so has parts of its own: `measure:<slug>`, or
    `unit:<slug>` where each unit counts once."""

    slug: str
    groups: frozenset[str]
    lines: frozenset[str]
    by: tuple[tuple[str, str], ...]
    breakdowns: tuple[str, ...]
    own: bool


def narrowed(programme: Programme, activity: str) -> tuple[Narrowed, ...]:
    """Find the measures that count this activity's events in part: some groups, lines or options, or each unit once."""
    return tuple(
        Narrowed(
            measure.slug,
            frozenset(measure.groups),
            frozenset(measure.lines),
            tuple(sorted(measure.by.items())),
            measure.breakdowns,
            measure.counts == "units",
        )
        for measure in programme.measures
        if activity in measure.activities
        and (measure.groups or measure.lines or measure.by or measure.counts == "units")
    )


def figure_parts(data: EventData, indicator: Indicator, reported: int, others: Collection[str] = ()) -> Iterator[Part]:
    """Take an indicator's record apart. `reported` is 1 where the report was expected of its sender.

    `others` are further programmes that share the figure and expected it: each has parts of its own, beside every part,
    in which only `reported` counts. They are apart because one counter can't count for programmes of other duties.
    """
    for part in _figure_parts(data, indicator, reported):
        yield part
        for programme in others:
            yield Part(expected_part(programme, part.by), Counters(reported=1))


def expected_part(programme: str, by: str) -> str:
    """Name the part that counts who gave the part `by`, of those of whom the programme expects the figure."""
    return f"{EXPECTED_BY}{programme},{by}" if by else f"{EXPECTED_BY}{programme}"


def counted_for(programme: str, parts: Mapping[str, Counters]) -> dict[str, Counters]:
    """Read parts as a programme does that shares the figure: reporters as its own duties count them."""
    return {
        by: counters._replace(reported=parts.get(expected_part(programme, by), Counters()).reported)
        for by, counters in parts.items()
        if not by.startswith(EXPECTED_BY)
    }


def _figure_parts(data: EventData, indicator: Indicator, reported: int) -> Iterator[Part]:
    if indicator.components:
        states = data["components"]
        yield Part(WHOLE, Counters(records=1, reported=reported, numerator=int(all(states.values()))))
        for component, state in states.items():
            yield Part(f"component:{component}", Counters(1, reported, int(state)))
        return
    yield Part(WHOLE, Counters(1, reported, data["numerator"], data["denominator"]))
    for split in data.get("breakdown", ()):
        yield Part(by_text(split["by"]), Counters(1, reported, split["numerator"], split["denominator"]))


def activity_parts(data: EventData, measures: tuple[Narrowed, ...]) -> Iterator[Part]:
    """Take an activity's record apart: the whole, each option, group of participants, funding line and measure."""
    participants: Mapping[str, int] = data.get("participants") or {}
    lines: dict[str, int] = {}
    for item in data.get("money") or ():
        lines[item["line"]] = lines.get(item["line"], 0) + item["amount"]
    female = data.get("female") or 0
    whole = Counters(1, 0, 0, 0, sum(participants.values()), female, sum(lines.values()))
    yield Part(WHOLE, whole)
    options: dict[str, str] = dict(data.get("by") or {})
    if data.get("domain") is not None:
        options["domain"] = data["domain"]
    for dimension, option in options.items():
        yield Part(f"{dimension}:{option}", whole)
    for group, people in participants.items():
        yield Part(f"participants:{group}", Counters(records=1, people=people))
    for line, amount in lines.items():
        yield Part(f"money:{line}", Counters(records=1, amount=amount))
    for measure in measures:
        if all(options.get(dimension) == option for dimension, option in measure.by):
            yield from _measure_parts(measure, options, participants, lines, female)


def _measure_parts(
    measure: Narrowed,
    options: Mapping[str, str],
    participants: Mapping[str, int],
    lines: Mapping[str, int],
    female: int,
) -> Iterator[Part]:
    people = sum(count for group, count in participants.items() if not measure.groups or group in measure.groups)
    # Women and girls are reported for the whole event only: where others took part too, the measure's are not known.
    known = not measure.groups or all(group in measure.groups for group, count in participants.items() if count)
    amount = sum(count for line, count in lines.items() if not measure.lines or line in measure.lines)
    counters = Counters(1, 0, 0, 0, people, female if known else 0, amount)
    name = f"{ONCE if measure.own else 'measure:'}{measure.slug}"
    yield Part(name, counters, measure.own)
    for dimension in measure.breakdowns:
        if dimension in options:
            yield Part(f"{name},{dimension}:{options[dimension]}", counters, measure.own)


def by_text(by: Mapping[str, str]) -> str:
    """Write a combination of options as one text, the same for every order: `domain:health,sex:female`."""
    if len(by) == 1:
        ((dimension, option),) = by.items()
        return f"{dimension}:{option}"
    return ",".join(f"{dimension}:{option}" for dimension, option in sorted(by.items()))
