"""What obligations become and whom they alert, told a second time and more simply: one obligation at a time, one moment
after the other. Shares no code with the services: it reads the programme's YAML and the register's CSV itself, and has
its own list of days off. The rules are those of Decree 09/2019/NĐ-CP and of docs/notifications.md.
"""

import csv
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time
from functools import cache
from heapq import merge
from pathlib import Path
from typing import Any, NamedTuple

import yaml

from tests.notifications.model_addressing import Addressing, Officer
from tests.notifications.model_days import DAY, ZONE, at_work, cutoff, first_day, is_worked, worked
from tests.notifications.model_standing import stands_since

PERIODS = {"quarter": ("Q", 3), "half-year": ("H", 6), "year": ("", 12)}


class Event(NamedTuple):
    """A submission of a report or its withdrawal. `key`: report, period, unit, agency; `name`: which event of that key
    its sender's is; `edits`: the name of the one that it replaces.
    """

    key: tuple[str, str, str, str]
    revision: int | None
    accepted_at: datetime
    submitted: bool
    name: str
    sender: str = "year"
    edits: str | None = None


class Moment(NamedTuple):
    """Something that happens to all: `sweep` (`on`: nothing is on its way), `deliver` (`on`: the mail server answers),
    `take` (consumes events), `extend` and `waive` (one obligation; `until` for an extension).
    """

    at: datetime
    what: str
    on: bool = True
    events: tuple[Event, ...] = ()
    key: tuple[str, str, str, str] | None = None
    until: datetime | None = None


class Alert(NamedTuple):
    """A row that must stand in the table of alerts, once."""

    key: tuple[str, str, str, str]
    cycle: int
    step: str
    number: int
    unit: str
    officer: int | None
    made_at: datetime
    state: str


class Turn(NamedTuple):
    """One turn of a step of the policy."""

    step: str
    number: int
    to: int
    at: datetime
    before: bool
    optional: bool


@dataclass
class Told:
    """One turn that came due for an obligation. `ended`: sent, or cancelled because it had become untrue."""

    cycle: int
    turn: Turn
    at: datetime
    ended: str = "queued"


@dataclass
class Life:
    """What one obligation went through."""

    due: datetime
    state: str
    cycle: int = 1
    met_at: datetime | None = None
    reopened_at: datetime | None = None
    changes: list[tuple[str, int, datetime]] = field(default_factory=list)
    told: list[Told] = field(default_factory=list)
    received: list["Receipt"] = field(default_factory=list)
    decided: list["Decided"] = field(default_factory=list)


@dataclass
class Receipt:
    """ "Now received", for whoever had read `of`."""

    cycle: int
    at: datetime
    of: Told
    ended: str = "queued"


@dataclass
class Decided:
    """An extension or a waiver of a cycle; `at` is when it was told of, None while it waits."""

    step: str
    cycle: int
    at: datetime | None = None
    ended: str = "queued"

    def holds(self, life: Life) -> bool:
        """Whether nothing else has come since."""
        states = {"extended": {"open", "overdue"}, "waived": {"waived"}}[self.step]
        return self.cycle == life.cycle and life.state in states


class Model(Addressing):
    """The register and the programme as the model reads them; then every obligation's life under given moments."""

    def __init__(self, units: Path, programme: Path, officers: Iterable[Officer], seen: datetime) -> None:
        with units.open(encoding="utf-8", newline="") as file:
            rows = list(csv.DictReader(file))
        self.programme: dict[str, Any] = yaml.safe_load((programme / "programme.yaml").read_text(encoding="utf-8"))
        super().__init__(rows, self.programme["agencies"], officers)
        self.seen = seen
        self._lives: dict[tuple[Any, ...], Life] = {}

    def obligations(self, last_day: date) -> Iterator[tuple[tuple[str, str, str, str], datetime]]:
        """Who owes what, with the deadline, of every period that has begun by `last_day`."""
        by_level: dict[str, list[str]] = {}
        for uid, row in self.units.items():
            by_level.setdefault(row["level"], []).append(uid)
        for report in self.programme["reports"]:
            for period in self._periods(report["period"], last_day):
                end = cutoff(period)
                for reporter in report["reporters"]:
                    if end <= (reporter.get("until") or end):
                        due = self._due(reporter["deadline"], end)
                        for uid in by_level[reporter["level"]]:
                            if self.in_force(uid, end):
                                yield (report["slug"], period, uid, reporter["agency"]), due

    def _periods(self, kind: str, last_day: date) -> Iterator[str]:
        letter, months = PERIODS[kind]
        for year in range(2023, 2026):  # `last_period: 2025`
            for number in range(1, 12 // months + 1):
                period = f"{year}-{letter}{number}" if letter else str(year)
                begun = first_day(period)
                if first_day(str(self.programme["first_period"])) <= begun <= last_day:
                    yield period

    def _due(self, rule: dict[str, Any], end: date) -> datetime:
        if "after_cutoff_working_days" in rule:
            day = worked(end, rule["after_cutoff_working_days"])
        else:
            day = max(end.replace(day=rule["day_of_month"]), worked(end, 1))
            while not is_worked(day):
                day += DAY
        return datetime.combine(day, time(17), ZONE)

    @cache  # noqa: B019 - one model lives as long as its test
    def turns(self, day: date) -> list[Turn]:
        """Every turn of every step, counted from the day."""
        found = []
        for step in self.programme["escalation"]:
            for number in range(step.get("at_most", 1)):
                counted = step["working_days"] + number * step.get("repeat_working_days", 0)
                opens = datetime.combine(worked(day, counted), time(8), ZONE)
                found.append(
                    Turn(
                        step["slug"],
                        number + 1,
                        step["to"],
                        opens,
                        step["working_days"] <= 0,
                        step.get("optional", False),
                    )
                )
        return sorted(found, key=lambda turn: turn.at)

    def life(
        self,
        key: tuple[str, str, str, str],
        due: datetime,
        own: Sequence[tuple[int, Moment]],
        common: Sequence[tuple[int, Moment]],
    ) -> Life:
        """One obligation under the numbered moments that are its own (events, decisions) and those common to all."""
        climbs = self.agencies[key[3]]["role"] != "requested"
        begins = first_day(key[1])
        signature = (due, climbs, begins, tuple((n, m.what, m.until, tuple(e[1:] for e in m.events)) for n, m in own))
        life = self._lives.get(signature)
        if life is None:
            moments = [moment for _, moment in merge(common, own, key=lambda item: item[0])]
            life = self._lives[signature] = Run(self, due, climbs, begins).through(moments)
        return life

    def alerts(self, key: tuple[str, str, str, str], life: Life) -> Iterator[Alert]:
        """The rows that a life must have left."""
        for decided in life.decided:
            if decided.at is not None:
                about = (key[3], key[2], 0, decided.at.date())
                readers = self.readers(*about)
                if not readers:
                    unit = min(self.seats(*about), key=self.lowest)[0]
                    yield Alert(key, decided.cycle, decided.step, 1, unit, None, decided.at, "unaddressed")
                for unit, officer in readers:
                    yield Alert(key, decided.cycle, decided.step, 1, unit, officer.id, decided.at, decided.ended)
        for told in life.told:
            about = (key[3], key[2], told.turn.to, told.at.date())
            turn = (told.turn.step, told.turn.number)
            readers = self.readers(*about)
            seats = self.seats(*about)
            if seats and not readers:
                yield Alert(key, told.cycle, *turn, min(seats, key=self.lowest)[0], None, told.at, "unaddressed")
            for unit, officer in readers:
                declined = told.turn.optional and not officer.wants_optional
                ended = "declined" if declined else told.ended
                yield Alert(key, told.cycle, *turn, unit, officer.id, told.at, ended)
        heard: dict[tuple[int, int], tuple[str, Receipt]] = {}  # once, where they were told last before they hear of it
        for receipt in life.received:
            for unit, officer in self.readers(key[3], key[2], receipt.of.turn.to, receipt.of.at.date()):
                former = heard.get((receipt.cycle, officer.id))
                if former is None or former[1].at == receipt.at:
                    heard[receipt.cycle, officer.id] = (unit, receipt)
        for (cycle, reader), (unit, receipt) in heard.items():
            yield Alert(key, cycle, "received", 1, unit, reader, receipt.at, receipt.ended)


class Run:
    """The life of one obligation, moment by moment."""

    def __init__(self, model: Model, due: datetime, climbs: bool, begins: date) -> None:
        self.model, self.climbs, self.begins = model, climbs, begins
        self.life = Life(due, "")
        self.events: set[Event] = set()

    def through(self, moments: Iterable[Moment]) -> Life:
        for moment in moments:
            if moment.what == "take":
                self.events.update(moment.events)
                self._settle(moment.at)
            elif moment.what == "sweep":
                self._open(moment.at)
                self._sweep(moment.at, held=not moment.on)
            elif moment.what == "deliver" and moment.on:
                self._deliver()
            elif moment.what in {"extend", "waive"}:
                self._decide(moment)
        return self.life

    def _change(self, what: str, state: str, now: datetime) -> None:
        self.life.state = state
        self.life.changes.append((what, self.life.cycle, now))

    def _open(self, now: datetime) -> None:
        if not self.life.state and now.date() >= self.begins:
            expired = self.life.due < self.model.seen  # before anybody could have been told
            self._change("expired" if expired else "opened", "expired" if expired else "open", now)
            self._settle(now)

    def _settle(self, now: datetime) -> None:
        life = self.life
        stands = stands_since(self.events)
        former, life.met_at = life.met_at, stands if life.state else None
        if stands is None and life.state in {"met", "late_met"}:
            life.cycle, life.reopened_at = life.cycle + 1, now
            self._change("reopened", "open" if now <= life.due else "overdue", now)
        elif life.met_at != former:
            late = {"waived": "waived", "expired": "expired"}.get(life.state, "late_met")
            on_time = stands is not None and stands <= life.due and life.state != "waived"
            state = "met" if on_time else late
            self._change(state, state, now)

    def _decide(self, moment: Moment) -> None:
        life = self.life
        if life.state in {"open", "overdue"} and moment.until is not None and moment.until > life.due:
            life.due, life.reopened_at, life.cycle = moment.until, None, life.cycle + 1
            life.decided.append(Decided("extended", life.cycle))
            self._change("reopened", "open", moment.at)
        elif life.state in {"open", "overdue"} and moment.what == "waive":
            life.decided.append(Decided("waived", life.cycle))
            self._change("waived", "waived", moment.at)

    def _sweep(self, now: datetime, *, held: bool) -> None:
        life = self.life
        if life.state == "open" and life.due < now:
            self._change("overdue", "overdue", now)
        if at_work(now):
            self._tell_decided(now)
        if life.state not in {"open", "overdue", "late_met"} or not at_work(now):
            return
        if life.state == "late_met":
            self._receive(now)
            return
        if held and life.state == "overdue":
            return
        counted_from = max(life.due, life.reopened_at or life.due).date()
        for to in (0, 1, 2) if self.climbs else (0,):
            due = [
                turn
                for turn in self.model.turns(counted_from)
                if turn.to == to and turn.at <= now and turn.before == (life.state == "open")
            ]
            had = {(told.turn.step, told.turn.number) for told in life.told if told.cycle == life.cycle}
            if due and (due[-1].step, due[-1].number) not in had:  # after downtime only the latest
                life.told.append(Told(life.cycle, due[-1], now))

    def _tell_decided(self, now: datetime) -> None:
        """The unit hears of what was decided, at work, if it still holds; of what doesn't nobody ever hears."""
        waiting = [decided for decided in self.life.decided if decided.at is None]
        self.life.decided = [it for it in self.life.decided if it.at is not None or it.holds(self.life)]
        for decided in waiting:
            decided.at = now

    def _receive(self, now: datetime) -> None:
        """Who read that it was late hears that it came: the unit at once, those above on the next working morning."""
        life = self.life
        assert life.met_at is not None
        morning = datetime.combine(worked(life.met_at.date(), 1), time(8), ZONE)
        known = [receipt.of for receipt in life.received]
        for told in life.told:
            accused = told.cycle == life.cycle and told.ended == "sent" and not told.turn.before
            if accused and told not in known and (told.turn.to == 0 or now >= morning):
                life.received.append(Receipt(life.cycle, now, told))

    def _deliver(self) -> None:
        life = self.life
        for told in life.told:
            if told.ended == "queued":
                live = told.cycle == life.cycle and life.state in {"open", "overdue"}
                told.ended = "sent" if live else "cancelled"
        for decided in life.decided:
            if decided.at is not None and decided.ended == "queued":
                decided.ended = "sent" if decided.holds(life) else "cancelled"
        for receipt in life.received:
            if receipt.ended == "queued":
                live = receipt.cycle == life.cycle and life.state == "late_met"
                receipt.ended = "sent" if live else "cancelled"
