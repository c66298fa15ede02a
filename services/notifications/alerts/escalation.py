"""Decide which steps of the escalation are due for an obligation, why, and when to look again. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

from services.notifications.alerts.reasons import CLAIMED, Reason
from shared.domain.working_days import WorkingDays, working_days
from shared.programme.model import AgencyRole, Programme, Step


@dataclass(frozen=True, slots=True)
class WorkingHours:
    """When messages may go out: from `start` until before `end` on working days."""

    days: WorkingDays
    start: time
    end: time
    zone: ZoneInfo

    def opening(self, day: date) -> datetime:
        """Give the instant at which work starts on that day."""
        return datetime.combine(day, self.start, self.zone)

    def next_open(self, now: datetime) -> datetime:
        """Give `now` itself within working hours, else the next morning of a working day."""
        local = now.astimezone(self.zone)
        day = local.date()
        if self.days.is_working(day):
            if self.start <= local.time() < self.end:
                return now
            if local.time() < self.start:
                return self.opening(day)
        return self.opening(self.days.add(day, 1))

    def opened_at(self, now: datetime) -> datetime | None:
        """Say when the working day began that people are at work in at `now`; None while nobody is."""
        return self.opening(now.astimezone(self.zone).date()) if self.next_open(now) <= now else None


@dataclass(frozen=True, slots=True)
class Occurrence:
    """One turn of a step (repeats count from 1) and the instant from which it applies."""

    step: str
    number: int
    to: int
    at: datetime
    before: bool  # it reminds of a deadline that is still to come
    optional: bool


@dataclass(frozen=True, slots=True)
class Policy:
    """A programme's steps with its working hours."""

    steps: tuple[Step, ...]
    hours: WorkingHours

    def timeline(self, base: datetime) -> tuple[Occurrence, ...]:
        """List every turn of every step, counted from the deadline (or from a later reopening), in order of time."""
        return _timeline(self.steps, self.hours, base.astimezone(self.hours.zone).date())


def policy_of(programme: Programme) -> Policy:
    """Make the policy that the programme's file states."""
    days = working_days(programme.holidays.country, programme.calendar_overrides)
    hours = programme.working_hours
    return Policy(programme.escalation, WorkingHours(days, hours.start, hours.end, ZoneInfo(programme.timezone)))


@lru_cache(maxsize=512)
def _timeline(steps: tuple[Step, ...], hours: WorkingHours, day: date) -> tuple[Occurrence, ...]:
    turns = [
        Occurrence(
            step=step.slug,
            number=turn + 1,
            to=step.to,
            at=hours.opening(hours.days.add(day, step.working_days + turn * (step.repeat_working_days or 0))),
            before=step.reminds,
            optional=step.optional,
        )
        for step in steps
        for turn in range(step.at_most if step.repeat_working_days else 1)
    ]
    return tuple(sorted(turns, key=lambda turn: turn.at))


@dataclass(frozen=True, slots=True)
class Situation:
    """What decides about an obligation's steps.

    `sent` holds (step, number) of this cycle, `unseated` how many levels up nobody sits whom the agency reports to.
    """

    overdue: bool
    due_at: datetime
    reopened_at: datetime | None
    escalates: bool
    sent: frozenset[tuple[str, int]]
    unseated: frozenset[int] = frozenset()

    @property
    def base(self) -> datetime:
        """The instant that steps are counted from."""
        return self.due_at if self.reopened_at is None else max(self.due_at, self.reopened_at)

    def was_sent(self, turn: Occurrence) -> bool:
        """Tell whether this cycle has had the turn."""
        return (turn.step, turn.number) in self.sent


@dataclass(frozen=True, slots=True)
class Decision:
    """One turn of a step, and why it is claimed now or isn't."""

    turn: Occurrence
    reason: Reason


@dataclass(frozen=True, slots=True)
class Plan:
    """What is decided about every turn, in order of time, and when to look again (None: never by itself)."""

    decisions: tuple[Decision, ...]
    next_at: datetime | None

    @property
    def due(self) -> tuple[Decision, ...]:
        """The turns to claim now."""
        return tuple(decision for decision in self.decisions if decision.reason in CLAIMED)


def plan(situation: Situation, policy: Policy, now: datetime, *, held: bool) -> Plan:
    """Decide which steps to claim at `now`: for each addressed level the latest that applies, if it has not been.

    An earlier one that was missed (downtime) is passed over. Outside working hours nothing is claimed. While `held`
    (events are still on their way) nothing that accuses is: it is looked at again at the next sweep.
    """
    timeline = policy.timeline(situation.base)
    relevant = [turn for turn in timeline if _irrelevant(turn, situation) is None]
    applies = [turn for turn in relevant if turn.at <= now]
    opens = policy.hours.next_open(now)
    waits = Reason.OUTSIDE_HOURS if opens > now else Reason.HELD if held and situation.overdue else None
    decisions = tuple(Decision(turn, _reason(turn, situation, applies, now, waits)) for turn in timeline)
    upcoming = [turn.at for turn in relevant if turn.at > now]
    if not situation.overdue:
        upcoming = [at for at in upcoming if at <= situation.due_at] + [situation.due_at]
    if any(decision.reason is waits for decision in decisions):
        upcoming.append(opens)
    return Plan(decisions, min(upcoming, default=None))


def at_rest(situation: Situation, policy: Policy) -> Plan:
    """Decide that no step is claimed any more. An extension that has not run out is looked at again at its end: it
    becomes overdue, whoever hears of it.
    """
    decisions = tuple(Decision(turn, Reason.AT_REST) for turn in policy.timeline(situation.base))
    return Plan(decisions, None if situation.overdue else situation.due_at)


def _irrelevant(turn: Occurrence, situation: Situation) -> Reason | None:
    """Say why this turn is none of the situation's, whatever the time; None if it is."""
    if turn.before is situation.overdue:
        return Reason.DEADLINE_PASSED if turn.before else Reason.NOT_OVERDUE
    if turn.to and not situation.escalates:
        return Reason.NOT_ESCALATED
    return Reason.NO_SEAT if turn.to in situation.unseated else None


def _reason(
    turn: Occurrence, situation: Situation, applies: Sequence[Occurrence], now: datetime, waits: Reason | None
) -> Reason:
    """Say why a turn is claimed or isn't. `applies` are the relevant turns whose time has come, in order of time.

    `waits` is why nothing can be claimed at this instant.
    """
    irrelevant = _irrelevant(turn, situation)
    if irrelevant is not None:
        return irrelevant
    if turn.at > now:
        return Reason.NOT_YET
    if situation.was_sent(turn):
        return Reason.ALREADY_SENT
    same_level = [other for other in applies if other.to == turn.to]
    if turn is not same_level[-1]:
        return Reason.PASSED_OVER
    missed = not all(situation.was_sent(other) for other in same_level[:-1])
    return waits or (Reason.CAUGHT_UP if missed else Reason.REPEAT if turn.number > 1 else Reason.FIRST)


def escalates(programme: Programme, agency: str) -> bool:
    """Tell whether the level above is notified: a mass organisation is asked, never reported."""
    known = programme.agency.get(agency)
    return known is None or known.role is not AgencyRole.REQUESTED


def days_late(due_at: datetime, now: datetime, zone: ZoneInfo) -> int:
    """Count the calendar days from the deadline's day to today, at least 0."""
    return max(0, (now.astimezone(zone).date() - due_at.astimezone(zone).date()) // timedelta(days=1))


def first_look(programme: Programme, agency: str, due: datetime, now: datetime) -> datetime:
    """Plan when a fresh obligation of this agency is looked at first: now, if its deadline or a step is due."""
    situation = Situation(
        overdue=False, due_at=due, reopened_at=None, escalates=escalates(programme, agency), sent=frozenset()
    )
    first = plan(situation, policy_of(programme), now, held=False)
    return now if first.due or due < now or first.next_at is None else first.next_at
