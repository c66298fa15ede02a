"""Plan which alerts are due about obligations and problems, and when to look at each again. Pure."""

from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import date, datetime

from services.notifications.alerts.alert_store import WaitingProblem
from services.notifications.alerts.escalation import (
    Decision,
    Plan,
    Policy,
    Situation,
    at_rest,
    escalates,
    plan,
    policy_of,
)
from services.notifications.alerts.reasons import Reason
from services.notifications.alerts.received import NotifiedLate, receipt, told_from
from services.notifications.alerts.recipients import DueAlert
from services.notifications.alerts.uncertain import LostTime
from services.notifications.apart import Asides
from services.notifications.obligations.obligation_store import DueObligation, Move
from shared.domain.seats import Seats
from shared.programme.model import Programme
from shared.registry.snapshot import Registry

RECEIVED = "received"
PROBLEM_RAISED = "problem-raised"
PROBLEM_RESOLVED = "problem-resolved"


@dataclass(slots=True)
class Planned:
    """New state and next look of obligations, and the alerts that are due."""

    moves: list[Move] = field(default_factory=list)
    due: list[DueAlert] = field(default_factory=list)
    overdue: int = 0


class Planner:
    """Plans many obligations; the same situation is thought through once. What can't be planned goes to `asides`.

    `reasons` counts what was decided, by its reason.
    """

    def __init__(
        self, registry: Registry, now: datetime, asides: Asides, *, held: bool, lost: LostTime | None = None
    ) -> None:
        self._registry = registry
        self._asides = asides
        self._now = now
        self._held = held
        self._lost = lost
        self.reasons: Counter[Reason] = Counter()
        self._policies: dict[str, Policy] = {}
        self._escalates: dict[tuple[str, str], bool] = {}
        self._plans: dict[tuple[str, Situation], Plan] = {}
        self._seats: dict[str, Seats] = {}

    def escalate(self, rows: Sequence[DueObligation], sent: Mapping[int, frozenset[tuple[str, int]]]) -> Planned:
        """Plan unfinished obligations: `sent` has the (step, turn) pairs that each has had."""
        planned = Planned()
        for row in rows:
            with self._apart(row):
                late = row.due_at < self._now
                plan_ = self._plan(row, sent.get(row.id, frozenset()), late=late)
                due = [self._due(row, decision) for decision in plan_.due]
                planned.moves.append(Move(row.id, "overdue" if late else row.state, plan_.next_at))
                planned.due += due
                planned.overdue += late and row.state == "open"
                self.reasons.update([decision.reason for decision in plan_.decisions])
        return planned

    def receive(self, rows: Sequence[DueObligation], notified: Mapping[int, Sequence[NotifiedLate]]) -> Planned:
        """Plan who hears that a late report has come in: whoever was `notified`, by obligation, that it was late."""
        planned = Planned()
        for row in rows:
            with self._apart(row):
                if row.met_at is None:
                    raise ValueError("received late, and nobody knows when")
                hours = self.policy(row.programme).hours
                decided = receipt(notified.get(row.id, ()), row.met_at, hours, self._now)
                base = (row.id, None, row.cycle, RECEIVED, 1, row.programme)
                planned.moves.append(Move(row.id, row.state, decided.next_at))
                planned.due += [
                    DueAlert(
                        *base, unit, Reason.RECEIVED, officers=officers,
                        uncertain=self.is_uncertain(told_from(above, row.met_at, hours)),
                    )
                    for (unit, above), officers in decided.officers_by_place.items()
                ]  # fmt: skip
                self.reasons.update([reason for _, reason in decided.decisions] or [Reason.NOBODY_NOTIFIED])
        return planned

    def _apart(self, row: DueObligation) -> AbstractContextManager[None]:
        return self._asides.unless_sound("obligation", row.id, row.programme, row.unit)

    def problem(self, row: WaitingProblem, notified: Mapping[int, str]) -> list[DueAlert] | None:
        """Plan a problem: raised, for one level up, the lead agency and those in charge of its field; resolved, for
        those who had been `notified`.

        `notified` has the officers with the state of their alert. None where one of those is still queued: its delivery
        will say whether they hear of it at all. Raises KeyError for a unit that the register lacks.
        """
        slug = row.programme
        _ = self._registry.units[row.unit]  # nobody can be notified of a unit that the register lacks
        if self.at_rest(slug):
            self.reasons[Reason.AT_REST] += 1
            return []
        if row.state == "resolved":
            reason = _resolved(notified)
            self.reasons[reason] += 1
            if reason is Reason.UNDELIVERED:
                return None
            base = (None, row.id, row.cycle, PROBLEM_RESOLVED, 1, slug, row.unit, reason)
            if reason is not Reason.RESOLVED:
                return []
            return [DueAlert(*base, officers=frozenset(notified), uncertain=self._waits_since_before)]
        seats = self.seats(slug).of_problem(row.agency, row.unit, row.domain)
        self.reasons[Reason.RAISED if seats else Reason.NO_SEAT] += 1
        if not seats:
            return []
        raised = (None, row.id, row.cycle, PROBLEM_RAISED, 1, slug, seats[0].unit, Reason.RAISED, seats)
        return [DueAlert(*raised, uncertain=self._waits_since_before)]

    @property
    def _waits_since_before(self) -> bool:
        """Whether a problem that waits may have been told before a restore: in the first sweep after it each may."""
        return self._lost is not None and self._lost.first

    def is_uncertain(self, due_at: datetime) -> bool:
        """Tell whether what was due at this instant may have been sent before a restore."""
        return self._lost is not None and self._lost.has(due_at)

    def seats(self, slug: str) -> Seats:
        """Get the programme's seats of today, made at the first call."""
        if slug not in self._seats:
            programme = self._registry.programmes[slug]
            self._seats[slug] = Seats(programme, self._registry.units, self._today(slug))
        return self._seats[slug]

    def policy(self, slug: str) -> Policy:
        """Get the programme's escalation policy, made at the first call."""
        if slug not in self._policies:
            self._policies[slug] = policy_of(self._registry.programmes[slug])
        return self._policies[slug]

    def at_rest(self, slug: str) -> bool:
        """Tell whether the programme's time is over so long that nobody is asked for anything any more."""
        return self._registry.programmes[slug].at_rest(self._today(slug))

    def _today(self, slug: str) -> date:
        return self._now.astimezone(self.policy(slug).hours.zone).date()

    def _plan(self, row: DueObligation, sent: frozenset[tuple[str, int]], *, late: bool) -> Plan:
        slug = row.programme
        asked = (slug, row.agency)
        if asked not in self._escalates:
            self._escalates[asked] = escalates(self._registry.programmes[slug], row.agency)
        situation = Situation(
            late, row.due_at, row.reopened_at, self._escalates[asked], sent, self._unseated(row)
        )  # fmt: skip
        known = self._plans.get((slug, situation))
        if known is None:
            known = self._plans[slug, situation] = self._decide(slug, situation)
        return known

    def _decide(self, slug: str, situation: Situation) -> Plan:
        if self.at_rest(slug):
            return at_rest(situation, self.policy(slug))
        return plan(situation, self.policy(slug), self._now, held=self._held)

    def _unseated(self, row: DueObligation) -> frozenset[int]:
        steps = {step.to for step in self.policy(row.programme).steps}
        return frozenset(to for to in steps if not self.seats(row.programme).of(row.agency, row.unit, to))

    def _due(self, row: DueObligation, decision: Decision) -> DueAlert:
        turn = decision.turn
        seats = self.seats(row.programme).of(row.agency, row.unit, turn.to)
        return DueAlert(
            row.id, None, row.cycle, turn.step, turn.number, row.programme, seats[0].unit, decision.reason, seats,
            optional=turn.optional, reminds=turn.before and turn.to == 0, uncertain=self.is_uncertain(turn.at),
        )  # fmt: skip


def _resolved(notified: Mapping[int, str]) -> Reason:
    if not notified:
        return Reason.NOBODY_NOTIFIED
    return Reason.UNDELIVERED if "queued" in notified.values() else Reason.RESOLVED


def accusing_steps(programme: Programme) -> dict[str, int]:
    """Map the steps that speak of lateness to how many levels up they go."""
    return {step.slug: step.to for step in programme.escalation if not step.reminds}


def reminders(programmes: Mapping[str, Programme]) -> list[tuple[str, str]]:
    """List the steps that remind an office of what it owes itself, as (programme, step)."""
    return [
        (slug, step.slug)
        for slug, programme in programmes.items()
        for step in programme.escalation
        if step.reminds and step.to == 0
    ]
