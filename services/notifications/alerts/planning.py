"""Plan which alerts are due about obligations and problems, and when to look at each again. Pure."""

from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import datetime
from zoneinfo import ZoneInfo

from services.notifications.alerts.alert_store import WaitingProblem
from services.notifications.alerts.escalation import (
    Decision,
    Plan,
    Policy,
    Situation,
    addressed,
    escalates,
    plan,
    policy_of,
    wanted_agencies,
)
from services.notifications.alerts.reasons import Reason
from services.notifications.alerts.received import NotifiedLate, receipt
from services.notifications.alerts.recipients import DueAlert
from services.notifications.apart import Asides
from services.notifications.obligations.obligation_store import DueObligation, Move
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

    def __init__(self, registry: Registry, now: datetime, asides: Asides, *, held: bool) -> None:
        self._registry = registry
        self._asides = asides
        self._now = now
        self._held = held
        self.reasons: Counter[Reason] = Counter()
        self._policies: dict[str, Policy] = {}
        self._escalates: dict[tuple[str, str], bool] = {}
        self._plans: dict[tuple[str, Situation], Plan] = {}
        self._wanted: dict[tuple[str, str, int], frozenset[str]] = {}

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
                decided = receipt(notified.get(row.id, ()), row.met_at, self.policy(row.programme).hours, self._now)
                base = (row.id, None, row.cycle, RECEIVED, 1, row.programme)
                planned.moves.append(Move(row.id, row.state, decided.next_at))
                planned.due += [
                    DueAlert(*base, unit, Reason.RECEIVED, officers=officers)
                    for unit, officers in decided.officers_by_unit.items()
                ]
                self.reasons.update([reason for _, reason in decided.decisions] or [Reason.NOBODY_NOTIFIED])
        return planned

    def _apart(self, row: DueObligation) -> AbstractContextManager[None]:
        return self._asides.unless_sound("obligation", row.id, row.programme, row.unit)

    def problem(self, row: WaitingProblem, notified: Mapping[int, str]) -> list[DueAlert] | None:
        """Plan a problem: raised, for the unit above and the lead agency; resolved, for those who had been `notified`.

        `notified` has the officers with the state of their alert. None where one of those is still queued: its delivery
        will say whether they hear of it at all. Raises KeyError for a unit that the register lacks.
        """
        programme = self._registry.programmes[row.programme]
        _ = self._registry.units[row.unit]  # nobody can be notified of a unit that the register lacks
        if row.state == "resolved":
            reason = _resolved(notified)
            self.reasons[reason] += 1
            if reason is Reason.UNDELIVERED:
                return None
            base = (None, row.id, row.cycle, PROBLEM_RESOLVED, 1, programme.slug, row.unit, reason)
            return [DueAlert(*base, officers=frozenset(notified))] if reason is Reason.RESOLVED else []
        self.reasons[Reason.RAISED] += 1
        today = self._now.astimezone(ZoneInfo(programme.timezone)).date()
        ladder = self._registry.units.ladder(row.unit, today)
        addressed_at = []
        if len(ladder) > 1:
            addressed_at.append((ladder[1].uid, wanted_agencies(programme, row.agency, 1, today)))
        lead = programme.lead(today)
        if lead is not None:
            seat = next((unit.uid for unit in ladder if unit.level == programme.agency[lead].level), None)
            if seat is not None:
                addressed_at.append((seat, frozenset({lead})))
        return [
            DueAlert(None, row.id, row.cycle, PROBLEM_RAISED, 1, programme.slug, unit, Reason.RAISED, wanted)
            for unit, wanted in addressed_at
        ]

    def policy(self, slug: str) -> Policy:
        """Get the programme's escalation policy, made at the first call."""
        if slug not in self._policies:
            self._policies[slug] = policy_of(self._registry.programmes[slug])
        return self._policies[slug]

    def _plan(self, row: DueObligation, sent: frozenset[tuple[str, int]], *, late: bool) -> Plan:
        slug = row.programme
        asked = (slug, row.agency)
        if asked not in self._escalates:
            self._escalates[asked] = escalates(self._registry.programmes[slug], row.agency)
        situation = Situation(late, row.due_at, row.reopened_at, self._escalates[asked], sent)
        known = self._plans.get((slug, situation))
        if known is None:
            known = self._plans[slug, situation] = plan(situation, self.policy(slug), self._now, held=self._held)
        return known

    def _due(self, row: DueObligation, decision: Decision) -> DueAlert:
        slug, agency, turn = row.programme, row.agency, decision.turn
        today = self._now.astimezone(self.policy(slug).hours.zone).date()
        unit = addressed(self._registry.units, row.unit, turn.to, today)
        memo = (slug, agency, turn.to)
        if memo not in self._wanted:
            self._wanted[memo] = wanted_agencies(self._registry.programmes[slug], agency, turn.to, today)
        return DueAlert(
            row.id, None, row.cycle, turn.step, turn.number, slug, unit.uid if unit else "", decision.reason,
            self._wanted[memo], optional=turn.optional,
        )  # fmt: skip


def _resolved(notified: Mapping[int, str]) -> Reason:
    if not notified:
        return Reason.NOBODY_NOTIFIED
    return Reason.UNDELIVERED if "queued" in notified.values() else Reason.RESOLVED


def accusing_steps(programme: Programme) -> dict[str, int]:
    """Map the steps that speak of lateness to how many levels up they go."""
    return {step.slug: step.to for step in programme.escalation if step.working_days > 0}
