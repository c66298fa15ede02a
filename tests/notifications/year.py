"""A year of the whole nation for `test_year.py`: who reports when, what the weather and the machines do. Seeded."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from random import Random

from tests.notifications.model_days import DAY, ZONE, cutoff, is_worked, worked
from tests.notifications.model_obligations import Event, Model, Moment

Key = tuple[str, str, str, str]
BEGINS = datetime(2024, 12, 18, 8, tzinfo=ZONE)  # communes' fourth quarter was due the evening before: it opens expired
ENDS = date(2026, 1, 9)
HOURS = (time(8), time(11), time(17, 0, 30))
NIGHT = (time(20),)  # on days off
REPORTED_AT = (time(9, 15), time(16, 50), time(17), time(17, 0, 1), time(22, 30))

# No replica runs: over the communes' deadline of the first quarter, and over the merger of the communes.
DOWN = (
    (datetime(2025, 3, 17, 12, tzinfo=ZONE), datetime(2025, 3, 20, 10, tzinfo=ZONE)),
    (datetime(2025, 6, 28, 0, tzinfo=ZONE), datetime(2025, 7, 2, 9, tzinfo=ZONE)),
)
# The mail server is away.
SMTP_DOWN = (
    (datetime(2025, 3, 21, 7, tzinfo=ZONE), datetime(2025, 3, 21, 22, tzinfo=ZONE)),
    (datetime(2025, 6, 18, 7, tzinfo=ZONE), datetime(2025, 6, 18, 22, tzinfo=ZONE)),
    (datetime(2025, 9, 17, 7, tzinfo=ZONE), datetime(2025, 9, 17, 12, tzinfo=ZONE)),
)


def within(now: datetime, spans: Iterable[tuple[datetime, datetime]]) -> bool:
    """Whether the instant lies in one of the spans."""
    return any(start <= now < end for start, end in spans)


@dataclass
class Year:
    """Everything that happens, in order. `obligations`: deadline by key."""

    model: Model
    chance: Random
    obligations: dict[Key, datetime] = field(default_factory=dict)
    moments: list[Moment] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.obligations = dict(self.model.obligations(ENDS))
        instants = list(self._instants())
        taken: dict[datetime, list[Event]] = {}
        lagging: set[datetime] = set()
        parents = sorted({row["parent"] for row in self.model.units.values()} - {"", "VN"})
        dark = set(self.chance.sample(parents, 6))  # nobody there reports anything all year
        for key, due in self.obligations.items():
            silent = self.model.units[key[2]]["parent"] in dark
            for event in [] if silent else self._answers(key, due):
                arrives = next((number for number, now in enumerate(instants) if now > event.accepted_at), None)
                if arrives is None:
                    continue
                if self.chance.random() < 0.002:  # it lies in a queue or in the spool for a while
                    delay = self.chance.randint(1, 3)
                    lagging.update(instants[arrives : arrives + delay])
                    arrives += delay
                for number in {arrives, arrives + 2 if self.chance.random() < 0.01 else arrives}:  # some come twice
                    if number < len(instants):
                        taken.setdefault(instants[number], []).append(event)
        decisions = self._decisions()
        for before, now in zip([BEGINS - DAY, *instants], instants, strict=False):
            self.moments += sorted(m for m in decisions if before < m.at <= now)
            if now in taken:
                self.moments.append(Moment(now, "take", events=tuple(taken[now])))
            self.moments.append(Moment(now, "sweep", on=now not in lagging))
            self.moments.append(Moment(now, "deliver", on=not within(now, SMTP_DOWN)))

    def of(self) -> dict[Key, list[tuple[int, Moment]]]:
        """By obligation, the numbered moments that concern it alone: what is taken about it, and what was decided."""
        found: dict[Key, list[tuple[int, Moment]]] = {}
        for number, moment in enumerate(self.moments):
            own: dict[Key, list[Event]] = {}
            for event in moment.events:
                own.setdefault(event.key, []).append(event)
            for key, events in own.items():
                found.setdefault(key, []).append((number, moment._replace(events=tuple(events), key=key)))
            if moment.key is not None:
                found.setdefault(moment.key, []).append((number, moment))
        return found

    def _instants(self) -> Iterator[datetime]:
        """When the service looks: around deadlines, at the start of each period, and once a week."""
        busy = set()
        for due in set(self.obligations.values()):
            busy.update(due.date() + DAY * count for count in range(-2, 11))
        busy.update(date(2025, month, day) for month in (3, 6, 9, 12) for day in (15, 16))
        day = BEGINS.date()
        while day <= ENDS:
            if day in busy or day.weekday() == 2:
                for hour in HOURS if is_worked(day) else NIGHT:
                    now = datetime.combine(day, hour, ZONE)
                    if now >= BEGINS and not within(now, DOWN):
                        yield now
            day += DAY

    def _answers(self, key: Key, due: datetime) -> list[Event]:
        """What its unit hands in and takes back."""
        fate = self.chance.random()
        begins = cutoff(key[1]) + DAY
        early = self._at(begins - DAY * self.chance.randint(0, 3), REPORTED_AT[:2])
        last = self._at(due.date() - DAY * self.chance.randint(0, 1))
        late = self._at(worked(due.date(), self.chance.choice((1, 1, 2, 3, 4, 6, 9))) - DAY * self.chance.randint(0, 1))
        for until, handed_in in ((0.965, early), (0.98, last), (0.992, late)):
            if fate < until:
                return self._sent([Event(key, 0, handed_in, True, "0")])
        if fate < 0.995:
            return []
        first = self.chance.choice((early, early, late))
        withdrawn = self._at((first + timedelta(days=self.chance.choice((1, 2, 4, 7, 25)))).date(), REPORTED_AT[4:])
        again = self._at(withdrawn.date() + DAY * self.chance.choice((1, 2, 3, 5, 8)))
        history = [Event(key, 0, first, True, "0"), Event(key, 1, withdrawn, False, "1")]
        return self._sent(history + ([Event(key, 2, again, True, "2")] if self.chance.random() < 0.6 else []))

    def _sent(self, history: list[Event]) -> list[Event]:
        """As senders send it: some know no revisions, in all of it or here and there; some edit what they sent, and the
        edit may be accepted first; of some a copy comes that was accepted at another time.
        """
        if self.chance.random() < 0.2:
            kept = self.chance.choice((0.0, 0.5))  # the share that goes on with revisions
            sender = self.chance.choice(("sheet", "form"))
            history = [
                event if self.chance.random() < kept else event._replace(revision=None, sender=sender)
                for event in history
            ]
        for event in history[:]:
            later = timedelta(hours=self.chance.choice((-30, -3, 5, 49)))
            if event.sender == "form" and self.chance.random() < 0.1:
                edit = event._replace(accepted_at=event.accepted_at + later, name=f"{event.name}-edit")
                history.append(edit._replace(edits=event.name, submitted=self.chance.random() < 0.8))
            elif self.chance.random() < 0.01:
                history.append(event._replace(accepted_at=event.accepted_at + later))
        return history

    def _at(self, day: date, hours: tuple[time, ...] = REPORTED_AT) -> datetime:
        return datetime.combine(day, self.chance.choice(hours), ZONE)

    def _decisions(self) -> list[Moment]:
        """An officer of a level above extends or waives; some come too late to change anything."""
        found = []
        for key in self.chance.sample(sorted(self.obligations), 400):
            due = self.obligations[key]
            now = datetime.combine(due.date() + DAY * self.chance.randint(-3, 4), time(9, 30), ZONE)
            if now <= BEGINS or within(now, DOWN):
                continue
            if self.chance.random() < 0.6:
                day = worked(due.date(), self.chance.choice((3, 5, 12)))
                found.append(Moment(now, "extend", key=key, until=datetime.combine(day, time(17), ZONE)))
            else:
                found.append(Moment(now, "waive", key=key))
        return found
