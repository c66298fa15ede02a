"""What has to be told about which obligation or problem, and when each is looked at again. Pure."""

from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from services.notifications.alerts.escalation import (
    Occurrence,
    Plan,
    Policy,
    Situation,
    addressed,
    escalates,
    plan,
    policy_of,
    wanted_agencies,
)
from services.notifications.alerts.recipients import Need
from services.notifications.apart import Asides
from shared.programme.model import Programme
from shared.registry.snapshot import Registry

RECEIVED = "received"
PROBLEM_RAISED = "problem-raised"
PROBLEM_RESOLVED = "problem-resolved"


@dataclass(slots=True)
class Planned:
    """New state and next look of obligations, and what is to be told."""

    moves: list[tuple[int, str, datetime | None]] = field(default_factory=list)
    needs: list[Need] = field(default_factory=list)
    overdue: int = 0


class Planner:
    """Plans many obligations; the same situation is thought through once. What can't be planned goes to `asides`."""

    def __init__(self, registry: Registry, now: datetime, asides: Asides, *, held: bool) -> None:
        self._registry = registry
        self._asides = asides
        self._now = now
        self._held = held
        self._policies: dict[str, Policy] = {}
        self._escalates: dict[tuple[str, str], bool] = {}
        self._plans: dict[tuple[str, Situation], Plan] = {}
        self._wanted: dict[tuple[str, str, int], frozenset[str]] = {}

    def escalate(self, rows: Sequence[Mapping[str, Any]], sent: Mapping[int, frozenset[tuple[str, int]]]) -> Planned:
        """What unfinished obligations need: `sent` has the steps that each has had."""
        planned = Planned()
        for row in rows:
            with self._apart(row):
                late = row["due_at"] < self._now
                plan_ = self._plan(row, sent.get(row["id"], frozenset()), late=late)
                needs = [self._need(row, turn) for turn in plan_.send]
                planned.moves.append((row["id"], "overdue" if late else row["state"], plan_.next_at))
                planned.needs += needs
                planned.overdue += late and row["state"] == "open"
        return planned

    def receive(self, rows: Sequence[Mapping[str, Any]], told: Mapping[int, Sequence[Mapping[str, Any]]]) -> Planned:
        """Who hears that a late report has come in: whoever was told that it was late.

        The unit's own officers at once, those above on the next working morning, so that one letter names all that
        came on a day. `told` has, by obligation, rows (officer, unit, to, told, pending) of alerts that it was late;
        what is only `pending` has reached nobody yet: its delivery will say, and then it is looked at again.
        """
        planned = Planned()
        for row in rows:
            with self._apart(row):
                needs, next_at = self._receive(row, told.get(row["id"], ()))
                planned.moves.append((row["id"], row["state"], next_at))
                planned.needs += needs
        return planned

    def _receive(
        self, row: Mapping[str, Any], found: Sequence[Mapping[str, Any]]
    ) -> tuple[list[Need], datetime | None]:
        hours = self.policy(row["programme"]).hours
        opens = hours.next_open(self._now)
        if opens > self._now:
            return [], self._now if any(item["pending"] for item in found) else opens if found else None
        morning = hours.opening(hours.days.add(row["met_at"].astimezone(hours.zone).date(), 1))
        heard = [item for item in found if item["told"]]
        by_unit: dict[str, set[int]] = {}
        for item in heard:
            if not item["to"] or morning <= self._now:
                by_unit.setdefault(item["unit"], set()).add(item["officer"])
        needs = [
            Need(row["id"], None, row["cycle"], RECEIVED, 1, row["programme"], unit, officers=frozenset(ids))
            for unit, ids in sorted(by_unit.items())
        ]
        if any(item["pending"] for item in found):
            return needs, self._now
        return needs, morning if any(item["to"] for item in heard) and morning > self._now else None

    def _apart(self, row: Mapping[str, Any]) -> AbstractContextManager[None]:
        return self._asides.unless_sound("obligation", row["id"], row["programme"], row["unit"])

    def problem(self, row: Mapping[str, Any], told: frozenset[int]) -> list[Need]:
        """A raised problem goes to the unit above and to the lead agency; a resolved one to those who were told.

        Raises KeyError for a unit that the register lacks.
        """
        programme = self._registry.programmes[row["programme"]]
        _ = self._registry.units[row["unit"]]  # nobody can be told of a unit that the register lacks
        if row["state"] == "resolved":
            if not told:
                return []
            base = (None, row["id"], row["cycle"], PROBLEM_RESOLVED, 1, programme.slug, row["unit"])
            return [Need(*base, officers=told)]
        today = self._now.astimezone(ZoneInfo(programme.timezone)).date()
        ladder = self._registry.units.ladder(row["unit"], today)
        needs = []
        if len(ladder) > 1:
            wanted = wanted_agencies(programme, row["agency"], 1, today)
            needs.append((ladder[1].uid, wanted))
        lead = programme.lead(today)
        if lead is not None:
            seat = next((unit.uid for unit in ladder if unit.level == programme.agency[lead].level), None)
            if seat is not None:
                needs.append((seat, frozenset({lead})))
        return [
            Need(None, row["id"], row["cycle"], PROBLEM_RAISED, 1, programme.slug, unit, wanted)
            for unit, wanted in needs
        ]

    def policy(self, slug: str) -> Policy:
        """The programme's policy."""
        if slug not in self._policies:
            self._policies[slug] = policy_of(self._registry.programmes[slug])
        return self._policies[slug]

    def _plan(self, row: Mapping[str, Any], sent: frozenset[tuple[str, int]], *, late: bool) -> Plan:
        slug = row["programme"]
        asked = (slug, row["agency"])
        if asked not in self._escalates:
            self._escalates[asked] = escalates(self._registry.programmes[slug], row["agency"])
        situation = Situation(late, row["due_at"], row["reopened_at"], self._escalates[asked], sent)
        known = self._plans.get((slug, situation))
        if known is None:
            known = self._plans[slug, situation] = plan(situation, self.policy(slug), self._now, held=self._held)
        return known

    def _need(self, row: Mapping[str, Any], turn: Occurrence) -> Need:
        slug, agency = row["programme"], row["agency"]
        today = self._now.astimezone(self.policy(slug).hours.zone).date()
        unit = addressed(self._registry.units, row["unit"], turn.to, today)
        memo = (slug, agency, turn.to)
        if memo not in self._wanted:
            self._wanted[memo] = wanted_agencies(self._registry.programmes[slug], agency, turn.to, today)
        return Need(
            row["id"], None, row["cycle"], turn.step, turn.number, slug, unit.uid if unit else "",
            self._wanted[memo], optional=turn.optional,
        )  # fmt: skip


def accusing_steps(programme: Programme) -> dict[str, int]:
    """The steps that tell of lateness, with how many levels up they go."""
    return {step.slug: step.to for step in programme.escalation if step.working_days > 0}
