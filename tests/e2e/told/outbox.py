"""What is told at a sweep, and what reaches officers when their quiet hours end: messages, before they are words."""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import NamedTuple

from tests.e2e.three_programmes.duties import Duties, Life
from tests.e2e.three_programmes.places import Places
from tests.e2e.three_programmes.plans import Owed, Plan
from tests.e2e.told.changes import Changes
from tests.e2e.told.digests import Digests
from tests.e2e.told.facts import Arrived, Changed, Decided, Due, Line, Message, Obstacle, Section
from tests.e2e.told.officers import Officer
from tests.e2e.told.problems import Trouble, Troubles
from tests.e2e.told.seats import Seats
from tests.e2e.told.steps import Alert, Arrival, Claimed, Steps
from tests.e2e.told.summaries import Summaries


class Item(NamedTuple):
    """One thing that a message was made for: a turn of an obligation, its arrival (no alert), or a problem."""

    kind: str
    owed: Owed | None = None
    cycle: int = 0
    claimed: Claimed | None = None
    alert: Alert | None = None
    trouble: Trouble | None = None
    number: int = 0  # of changes: which handing in they are about


class Key(NamedTuple):
    """What goes into one message: a summary is one of its own, and so is what an acknowledgement kept back."""

    officer: Officer
    programme: str
    summary: bool = False
    kept: bool = False


@dataclass(slots=True)
class Pending:
    """A message that waits until an instant."""

    key: Key
    unit: str
    until: datetime
    items: list[Item] = field(default_factory=list)


class Outbox:
    """All messages of the two years."""

    def __init__(self, plans: Mapping[str, Plan], places: Places, duties: Duties, seats: Seats) -> None:
        self.plans, self.places, self.duties, self.seats = plans, places, duties, seats
        self.steps = {slug: Steps(plan) for slug, plan in plans.items()}
        self.troubles = Troubles(seats)
        self.changes = Changes()
        self.summaries = Summaries(plans, places, duties, seats)
        self.digests = Digests(places, duties, seats)
        self.claims: defaultdict[Owed, list[Claimed]] = defaultdict(list)
        self.arrivals: defaultdict[Owed, list[Arrival]] = defaultdict(list)
        self.mutes: dict[tuple[Officer, str, Owed | None], datetime] = {}
        self.pending: list[Pending] = []
        self.leaving: list[Alert] = []  # at this instant
        self.decisions: list[tuple[Owed, str, int]] = []  # not yet told: extended or waived, in which cycle
        self.unaddressed = 0

    def sweep(self, now: datetime) -> None:
        """Decide who is told what at this instant. The obligations have been swept."""
        fresh: dict[Key, Pending] = {}
        for slug, plan in self.plans.items():
            at_work = plan.times.at_work(now)
            if at_work:  # also of a programme at rest: it asks for nothing
                self._arrivals(plan, now, fresh)
            if self.steps[slug].rests(plan.day(now)):
                continue
            self._problems(plan, now, fresh)
            if at_work:
                self._steps(plan, now, fresh)
                self._decided(plan, now, fresh)
                self._changed(plan, now, fresh)
                self._wake(plan, now, fresh)
                for officer, unit in self.summaries.readers(plan, now):
                    self._put(Key(officer, slug, summary=True), Item("summary"), now, fresh, unit)
        self.pending += fresh.values()

    def _put(self, key: Key, item: Item, now: datetime, fresh: dict[Key, Pending], unit: str = "") -> None:
        plan = self.plans[key.programme]
        if key not in fresh:
            unit = unit or self.seats.stands_for(key.officer.unit, plan.day(now)) or key.officer.unit
            fresh[key] = Pending(key, unit, self._quiet_until(key.officer, plan, now))
        fresh[key].items.append(item)

    def _quiet_until(self, officer: Officer, plan: Plan, now: datetime) -> datetime:
        """When the officer may be reached: at once, or at the end of the hours of quiet."""
        if officer.quiet is None:
            return now
        start, end = officer.quiet
        local = now.astimezone(plan.times.zone)
        at = local.time()
        quiet = start <= at < end if start < end else at >= start or at < end
        if not quiet:
            return now
        day = local.date() + timedelta(days=1 if start > end and at >= start else 0)
        return datetime.combine(day, end, plan.times.zone)

    def _steps(self, plan: Plan, now: datetime, fresh: dict[Key, Pending]) -> None:
        day, steps = plan.day(now), self.steps[plan.slug]
        for owed, life in self._lives(plan, "open", "overdue"):
            for turn in steps.due(owed.agency, life, self.claims[owed], now):
                seats = self.seats.seats(plan.slug, owed.unit, owed.agency, turn.to, day)
                if seats is None:
                    continue
                claimed = Claimed(life.cycle, turn, self.places.heir(owed.unit, day))
                self.claims[owed].append(claimed)
                readers = self.seats.readers(plan.slug, seats, day)
                self.unaddressed += not readers
                for officer in readers:
                    declined = turn.optional and not officer.optional
                    alert = Alert(officer, "declined") if declined else self._alert(officer, owed, now)
                    claimed.alerts.append(alert)
                    if alert.state == "queued":
                        item = Item(turn.step, owed, life.cycle, claimed, alert)
                        self._put(Key(officer, plan.slug), item, now, fresh)

    def _muted_until(self, officer: Officer, owed: Owed) -> datetime:
        never = self.duties.seen
        return max(self.mutes.get((officer, owed.programme, about), never) for about in (owed, None))

    def _wake(self, plan: Plan, now: datetime, fresh: dict[Key, Pending]) -> None:
        """Tell what was kept back, the latest of it, where its day has come and it is still true."""
        for owed, life in self._lives(plan, "open", "overdue", "late_met"):
            kept: dict[Officer, list[tuple[datetime, Item]]] = {}
            for at, item in self._items(owed):
                assert item.alert is not None
                if item.alert.state == "muted" and self._muted_until(item.alert.officer, owed) <= now:
                    kept.setdefault(item.alert.officer, []).append((at, item))
            for officer, found in kept.items():
                for _, item in found:
                    item.alert.state = "dropped"
                held = [pair for pair in found if self._holds(life, pair[1])]
                if held:
                    _, item = max(held, key=lambda pair: pair[0])
                    item.alert.state = "queued"
                    self._put(Key(officer, plan.slug, kept=True), item, now, fresh)

    def _items(self, owed: Owed) -> Iterator[tuple[datetime, Item]]:
        """All that was decided to be told of an obligation, each with its instant."""
        for claimed in self.claims[owed]:
            for alert in claimed.alerts:
                yield claimed.turn.at, Item(claimed.turn.step, owed, claimed.cycle, claimed, alert)
        for arrival in self.arrivals[owed]:
            yield arrival.at, Item("received", owed, arrival.cycle, None, arrival.alert)

    def _arrivals(self, plan: Plan, now: datetime, fresh: dict[Key, Pending]) -> None:
        for owed, life in self._lives(plan, "late_met"):
            assert life.met_at is not None
            known = {arrival.alert.officer for arrival in self.arrivals[owed] if arrival.cycle == life.cycle}
            for claimed in self.claims[owed]:
                told = claimed.cycle == life.cycle and not claimed.turn.before
                if told and self.steps[plan.slug].hears_of_arrival(claimed.turn, life.met_at, now):
                    for officer in [alert.officer for alert in claimed.alerts if alert.state == "sent"]:
                        if officer not in known:
                            known.add(officer)
                            self._arrive(plan, owed, Arrival(life.cycle, now, self._alert(officer, owed, now)), fresh)

    def _alert(self, officer: Officer, owed: Owed, now: datetime) -> Alert:
        return Alert(officer, "muted" if self._muted_until(officer, owed) > now else "queued")

    def _arrive(self, plan: Plan, owed: Owed, arrival: Arrival, fresh: dict[Key, Pending]) -> None:
        self.arrivals[owed].append(arrival)
        if arrival.alert.state == "queued":
            item = Item("received", owed, arrival.cycle, None, arrival.alert)
            self._put(Key(arrival.alert.officer, plan.slug), item, arrival.at, fresh)

    def _problems(self, plan: Plan, now: datetime, fresh: dict[Key, Pending]) -> None:
        for trouble in self.troubles.known.values():
            if trouble.programme != plan.slug:
                continue
            if not trouble.resolved and not trouble.claimed:
                trouble.claimed = True
                seats = self.troubles.concerned(trouble, plan.day(now))
                trouble.known_to = self.seats.readers(plan.slug, seats, plan.day(now))
                for officer in trouble.known_to:
                    item = Item("problem-raised", trouble=trouble)
                    self._put(Key(officer, plan.slug), item, now, fresh)
            elif trouble.resolved and not trouble.ended:
                trouble.ended = True
                for officer in trouble.told:
                    item = Item("problem-resolved", trouble=trouble)
                    self._put(Key(officer, plan.slug), item, now, fresh)

    def _decided(self, plan: Plan, now: datetime, fresh: dict[Key, Pending]) -> None:
        """Whoever owes hears of an extension or a waiver at the next hour of work, if it holds, acknowledged or not."""
        for owed, kind, cycle in [one for one in self.decisions if one[0].programme == plan.slug]:
            self.decisions.remove((owed, kind, cycle))
            life = self.duties.lives[owed]
            if self._holds(life, Item(kind, owed, cycle)):
                seats = self.seats.seats(plan.slug, owed.unit, owed.agency, 0, plan.day(now)) or []
                for officer in self.seats.readers(plan.slug, seats, plan.day(now)):
                    item = Item(kind, owed, cycle, None, Alert(officer, "queued"))
                    self._put(Key(officer, plan.slug), item, now, fresh)

    def _changed(self, plan: Plan, now: datetime, fresh: dict[Key, Pending]) -> None:
        """Whoever handed in hears once of each handing in that its figures were changed, acknowledged or not."""
        for owed, life in self._lives(plan, "met", "late_met"):
            due, number = self.changes.due(plan, owed, now), self.changes.number(owed)
            seats = self.seats.seats(plan.slug, owed.unit, owed.agency, 0, plan.day(now)) or [] if due else []
            for officer in self.seats.readers(plan.slug, seats, plan.day(now)):
                told = owed, life.cycle, number, officer
                if told not in self.changes.told:
                    self.changes.told.add(told)
                    item = Item("changed-after", owed, life.cycle, None, Alert(officer, "queued"), number=number)
                    self._put(Key(officer, plan.slug), item, now, fresh)
            for change in due:
                change.waits = False

    def _lives(self, plan: Plan, *states: str) -> Iterator[tuple[Owed, Life]]:
        return (
            (owed, life) for owed, life in self.duties.lives.items()
            if owed.programme == plan.slug and life.state in states
        )  # fmt: skip

    def reminders_wait_until(self) -> list[datetime]:
        """The ends of the quiet hours for which reminders wait."""
        waiting = [p for p in self.pending for item in p.items if item.claimed and item.claimed.turn.before]
        return sorted({pending.until for pending in waiting})

    def deliver(self, now: datetime) -> list[Message]:
        """What reaches its officer at this instant, as it stands then."""
        ready = [pending for pending in self.pending if pending.until <= now]
        self.leaving = [item.alert for pending in ready for item in pending.items if item.alert is not None]
        self.pending = [pending for pending in self.pending if pending.until > now]
        return [message for pending in ready if (message := self._message(pending, now)) is not None]

    def _message(self, pending: Pending, now: datetime) -> Message | None:
        """The message as it is true now, if anything of it still is."""
        officer, programme, *_ = pending.key
        kinds: dict[tuple[str, bool], list[Line]] = {}
        for item in pending.items:
            for line in self._line(pending, item, now):
                requested = item.owed is not None and self._is_requested(item.owed)
                kinds.setdefault((item.kind, requested), []).append(line)
        said = (line for lines in kinds.values() for line in lines)
        about = tuple(line.owed for line in said if isinstance(line, Due | Arrived | Decided | Changed))
        ordered = sorted(kinds, key=lambda key: self._gravity(programme, *key))
        sections = tuple(self._section(pending, *key, kinds[key], now) for key in ordered)
        return Message(officer, programme, pending.unit, now, sections, about) if sections else None

    def _gravity(self, programme: str, kind: str, requested: bool) -> tuple[int, bool]:
        """Where a section stands: what the reader owes, the last step first, an order before a request; what was
        decided about it; then what others owe likewise, what of that has come, and obstacles.
        """
        steps = self.plans[programme].file["escalation"]
        own = [step["slug"] for step in reversed(steps) if step["to"] == 0]
        others = [step["slug"] for step in reversed(steps) if step["to"] > 0]
        notices = ["problem-raised", "problem-resolved", "summary"]
        order = [*own, "extended", "waived", "changed-after", *others, "received", *notices]
        return order.index(kind), requested

    def _section(self, pending: Pending, kind: str, requested: bool, lines: list[Line], now: datetime) -> Section:
        plan = self.plans[pending.key.programme]
        day = plan.day(now)
        above = any(step["slug"] == kind and step["to"] > 0 for step in plan.file["escalation"])
        problems: tuple[Obstacle, ...] = ()
        if above:
            lines = self.digests.folded(lines, pending.unit, day)
        if above or kind == "summary":
            problems = tuple(self.troubles.open_for(pending.key.officer, plan.slug))
        return Section(kind, tuple(lines), problems, requested)

    def _line(self, pending: Pending, item: Item, now: datetime) -> Iterator[Line]:
        """What is still true of an item; its alert has ended with that."""
        plan = self.plans[pending.key.programme]
        if item.kind == "summary":
            yield from self.summaries.lines(plan, pending.unit, now)
        elif item.trouble is not None:
            if item.kind == "problem-resolved":
                yield item.trouble.what
            elif not item.trouble.resolved:
                item.trouble.told.append(pending.key.officer)
                yield item.trouble.what
        elif item.owed is not None:
            assert item.alert is not None
            life = self.duties.lives[item.owed]
            item.alert.state, item.alert.sent_at = "sent" if self._holds(life, item) else "dropped", now
            if item.alert.state == "sent" and item.kind == "changed-after":
                yield from self.changes.lines(item.owed, life.due)
            elif item.alert.state == "sent":
                yield self._said(plan, item, life, now)

    def _said(self, plan: Plan, item: Item, life: Life, now: datetime) -> Line:
        assert item.owed is not None
        if item.kind in {"extended", "waived"}:
            return Decided(item.owed, life.due)
        if item.claimed is None:
            assert life.met_at is not None
            return Arrived(item.owed, life.due, life.met_at)
        return self._due(plan, item.owed, life, item.claimed, now)

    def _holds(self, life: Life, item: Item) -> bool:
        """Whether it is still so."""
        if item.kind == "waived":
            return item.cycle == life.cycle and life.state == "waived"
        if item.kind == "changed-after":
            assert item.owed is not None
            last = item.number == self.changes.number(item.owed) and any(self.changes.standing(item.owed))
            return item.cycle == life.cycle and life.state in {"met", "late_met"} and last
        if item.kind == "extended":
            return item.cycle == life.cycle and life.state in {"open", "overdue"}
        if item.claimed is None:
            return item.cycle == life.cycle and life.state == "late_met"
        return item.cycle == life.cycle and life.state == ("open" if item.claimed.turn.before else "overdue")

    def _above_told(self, owed: Owed, claimed: Claimed, now: datetime) -> bool | None:
        """Whether a level between was sent word of it; None where that is sent at this instant."""
        between = [
            alert for other in self.claims[owed] if other.cycle == claimed.cycle and 0 < other.turn.to < claimed.turn.to
            for alert in other.alerts if alert.state == "sent" or alert in self.leaving
        ]  # fmt: skip
        if any(alert.state == "sent" and alert.sent_at != now for alert in between):
            return True
        return None if between else False

    def _is_requested(self, owed: Owed) -> bool:
        return self.steps[owed.programme].roles[owed.agency] == "requested"

    def _due(self, plan: Plan, owed: Owed, life: Life, claimed: Claimed, now: datetime) -> Due:
        day = plan.day(now)
        (seat,) = self.seats.seats(plan.slug, owed.unit, owed.agency, 0, day) or ()
        contacts = tuple(officer.name for officer in self.seats.officers_at(plan.slug, seat, day))
        requested = self._is_requested(owed)
        moved = None if life.extended else plan.moved(owed)
        late = max((day - plan.day(life.due)).days, 0)
        return Due(owed, life.due, late, contacts, requested, moved, self._above_told(owed, claimed, now))
