"""The load: a stream of posted events, the same for every contender and the same again from the same seed.

70 % activities, 25 % indicators, 5 % submissions; of the whole stream 5 % are exact duplicates of an earlier event and
3 % are corrections (a new event with the record's next revision). Everything is drawn from the programme and the
register of units, so that nothing here knows what they hold.
"""

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, TypeVar

from pydantic_core import to_json

from shared.domain.events import Kind
from shared.domain.periods import Period, PeriodKind
from shared.domain.units import Unit, Units
from shared.programme.indicators import Indicator
from shared.programme.model import Activity, Programme
from shared.programme.reports import Report

DUPLICATES, CORRECTIONS = 0.05, 0.03
ACTIVITIES, INDICATORS = 0.70, 0.25  # of what is new; the rest are submissions
SOURCE = "/bench"
Item = TypeVar("Item", Indicator, Report)


@dataclass(frozen=True, slots=True)
class Load:
    """A stream in its order."""

    events: tuple[bytes, ...]

    @property
    def identities(self) -> int:
        """How many of its events are no duplicates: what a ledger ends with."""
        return len(set(self.events))

    def first(self, count: int) -> "Load":
        """Its first `count` events, for a contender that would take too long over all of them."""
        return Load(self.events[:count])

    def batches(self, size: int) -> list[bytes]:
        """Bodies of CloudEvents batches with `size` events each, the last perhaps with fewer."""
        return [b"[%b]" % b",".join(self.events[first : first + size]) for first in range(0, len(self.events), size)]

    def lines(self) -> bytes:
        """The same as newline-delimited JSON."""
        return b"\n".join(self.events) + b"\n"


def make_load(programme: Programme, units: Units, within: Sequence[str], count: int, seed: str) -> Load:
    """`count` events of the lowest-level units below `within` (uids of one epoch; their heirs speak for later days).

    The year is the programme's last, so that events before and after a change of the ladder are both there.
    """
    return _Stream(programme, units, within, seed).take(count)


class _Stream:
    def __init__(self, programme: Programme, units: Units, within: Sequence[str], seed: str) -> None:
        self._chance = random.Random(seed)  # noqa: S311 - a load, not a secret
        self._programme = programme
        self._last = programme.last_period
        provinces = {units.province_of(uid) for uid in within}
        self._level = lowest_level(programme)
        self._units = [unit for unit in units if unit.level == self._level and units.province_of(unit.uid) in provinces]
        self._activities = [item for item in programme.activities if self._level in item.levels]
        self._indicators = self._figures_to_report()
        self._reports = self._reports_to_submit()
        self._on_day: dict[date, list[Unit]] = {}

    def take(self, count: int) -> Load:
        """The next `count` events."""
        written: list[bytes] = []
        latest: list[dict[str, Any]] = []  # the newest revision of each record that may be corrected
        for _ in range(count):
            draw = self._chance.random()
            if written and draw < DUPLICATES:
                written.append(self._chance.choice(written))
                continue
            if latest and draw < DUPLICATES + CORRECTIONS:
                place = self._chance.randrange(len(latest))
                event = latest[place] = self._corrected(latest[place])
            else:
                event = self._fresh()
                if "report" not in event["data"]:
                    latest.append(event)
            written.append(to_json(event))
        return Load(tuple(written))

    def _fresh(self) -> dict[str, Any]:
        draw = self._chance.random()
        if draw < ACTIVITIES:
            return self._activity()
        if draw < ACTIVITIES + INDICATORS:
            return self._figure(*next(self._indicators))
        report, unit, period = next(self._reports)
        data = {"report": report.slug, "agency": self._agency(unit), "period": str(period)}
        return self._event(Kind.REPORT_SUBMITTED, unit, self._programme.calendar.end(period), data)

    def _corrected(self, event: dict[str, Any]) -> dict[str, Any]:
        data = dict(event["data"], revision=event["data"]["revision"] + 1)
        if "participants" in data:
            data["participants"] = {group: people + 1 for group, people in data["participants"].items()}
        else:
            data["numerator"] = self._chance.randint(0, data["denominator"])
        return {**event, "id": self._id(), "data": data}

    def _activity(self) -> dict[str, Any]:
        chance, programme = self._chance, self._programme
        activity: Activity = chance.choice(self._activities)
        first, last = programme.calendar.start(self._last), programme.calendar.end(self._last)
        held_on = first + timedelta(days=chance.randint(0, (last - first).days))
        unit = chance.choice(self._in_force(held_on))
        allowed = {dimension: sorted(options) for dimension, options in sorted(programme.allowed(activity).items())}
        by = {dimension: chance.choice(options) for dimension, options in allowed.items() if chance.random() < 0.25}
        participants = {group: chance.randint(1, 40) for group in chance.sample(sorted(programme.groups), 2)}
        data: dict[str, Any] = {
            "activity": activity.slug,
            "record": self._id(),
            "held_on": held_on.isoformat(),
            "agency": self._agency(unit),
            "participants": participants,
            "female": chance.randint(0, sum(participants.values())),
        }
        domain = by.pop("domain", None)
        if domain is not None:
            data["domain"] = domain
        if by:
            data["by"] = by
        if chance.random() < 0.5:
            line = chance.choice(sorted(programme.lines))
            data["money"] = [{"line": line, "amount": chance.randint(1, 200) * 100_000}]
        return self._event(Kind.ACTIVITY_RECORDED, unit, held_on, data)

    def _figure(self, indicator: Indicator, unit: Unit, period: Period) -> dict[str, Any]:
        chance = self._chance
        reporter = next(item for item in indicator.reporters if item.level == self._level)
        allowed = self._programme.allowed(indicator)
        dimension = next(iter(reporter.options), None) or chance.choice(sorted(allowed))
        options = sorted(reporter.options.get(dimension) or allowed[dimension])
        denominator = chance.randint(50, 900)
        parts = [(option, chance.randint(1, denominator)) for option in options]
        data = {
            "indicator": indicator.slug,
            "agency": reporter.agencies[0],
            "period": str(period),
            "numerator": chance.randint(0, denominator),
            "denominator": denominator,
            "breakdown": [
                {"by": {dimension: option}, "numerator": chance.randint(0, part), "denominator": part}
                for option, part in parts
            ],
        }
        return self._event(Kind.INDICATOR_REPORTED, unit, self._programme.calendar.end(period), data)

    def _event(self, kind: Kind, unit: Unit, day: date, data: dict[str, Any]) -> dict[str, Any]:
        return {
            "specversion": "1.0",
            "id": self._id(),
            "source": SOURCE,
            "type": kind.type,
            "subject": unit.code,
            "time": f"{day.isoformat()}T{self._chance.randint(8, 16):02}:{self._chance.randint(0, 59):02}:00+07:00",
            "data": {"programme": self._programme.slug, "revision": 0, **data},
        }

    def _id(self) -> str:
        return f"{self._chance.getrandbits(128):032x}"

    def _in_force(self, day: date) -> list[Unit]:
        found = self._on_day.get(day)
        if found is None:
            found = self._on_day[day] = [unit for unit in self._units if unit.in_force(day)]
        return found

    def _agency(self, unit: Unit) -> str:
        return next(item.slug for item in self._programme.agencies if item.level == unit.level)

    def _figures_to_report(self) -> Iterator[tuple[Indicator, Unit, Period]]:
        """Each (indicator, unit, period) once, the newest period first: a record of its own for each event."""
        reported = [
            item
            for item in self._programme.indicators
            if not item.components and any(reporter.level == self._level for reporter in item.reporters)
        ]
        return self._each_once([(item, item.period) for item in reported])

    def _reports_to_submit(self) -> Iterator[tuple[Report, Unit, Period]]:
        owed = [item for item in self._programme.reports if any(entry.level == self._level for entry in item.reporters)]
        return self._each_once([(item, item.period) for item in owed])

    def _each_once(self, owed: Sequence[tuple[Item, PeriodKind]]) -> Iterator[tuple[Item, Unit, Period]]:
        kind = max((kind for _, kind in owed), key=lambda kind: kind.in_a_year)
        period = self._programme.calendar.parts(self._last, kind)[-1]
        while self._programme.accepts(period):
            units = self._in_force(self._programme.calendar.end(period))
            pairs = [(item, unit) for unit in units for item, length in owed if length is kind]
            self._chance.shuffle(pairs)
            yield from ((item, unit, period) for item, unit in pairs)
            period = period.shift(-1)
        raise ValueError("the programme's time holds no further record for these units: ask for fewer events")


def lowest_level(programme: Programme) -> str:
    """The level at which most is reported: that of the first reporter of the shortest report."""
    return max(programme.reports, key=lambda item: item.period.in_a_year).reporters[0].level
