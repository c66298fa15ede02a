"""What a programme's texts are shown with: its own agencies, periods and deadlines, at units of the register. Pure."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from services.notifications.alerts.changed_after import CHANGED_AFTER
from services.notifications.alerts.decided import EXTENDED, WAIVED
from services.notifications.alerts.escalation import policy_of
from services.notifications.alerts.planning import PROBLEM_RAISED, PROBLEM_RESOLVED, RECEIVED
from services.notifications.alerts.summaries import Standing
from services.notifications.apart import Asides
from services.notifications.messages.contacts import Contacts
from services.notifications.messages.draft import Draft, Variables
from services.notifications.messages.reach_store import Contact
from services.notifications.messages.writer import Facts, Item, ProblemItem, Reader, Writer
from services.notifications.obligations.deadlines import Deadline, deadline_of
from services.notifications.obligations.figure_change_store import ChangedFigure
from shared.domain.duties import owes
from shared.domain.events import FigureSaid
from shared.domain.periods import Period
from shared.domain.seats import Seat, Seats
from shared.domain.units import Unit, Units
from shared.programme.message_text import SAMPLE
from shared.programme.model import AgencyRole, Programme
from shared.programme.reports import Report, Reporter

_NAME = "Nguyễn Văn A"
_ROLES = {"vi": "cán bộ đầu mối", "en": "focal point"}
_LATER = timedelta(days=5)  # than the deadline: when a report came, or a problem was raised
_NOTICES = {"received": RECEIVED, "decision": EXTENDED, "problem": PROBLEM_RAISED, CHANGED_AFTER: CHANGED_AFTER}
_TURNED = {EXTENDED: WAIVED, PROBLEM_RAISED: PROBLEM_RESOLVED}  # what a notice's text says otherwise


@dataclass(frozen=True, slots=True)
class Owing:
    """An agency at a unit that owes a report for a period, as an example of all that do."""

    report: Report
    reporter: Reporter
    unit: Unit
    period: Period
    deadline: Deadline


def owing(programme: Programme, units: Units, *, requested: bool) -> Owing:
    """Choose an example: of whom most levels are told, asked or ordered as `requested` says, the first in the files.

    Raises ValueError where nobody owes a report at any unit of the register.
    """
    found = list(_all_owing(programme, units))
    wanted = [one for one in found if _asked(programme, one.reporter.agency) == requested] or found
    if not wanted:
        raise ValueError("no unit of the register owes a report of the programme: --units names another register")
    return max(wanted, key=lambda one: len(units.ladder(one.unit.uid, _day(programme, one.deadline))))


def _all_owing(programme: Programme, units: Units) -> Iterator[Owing]:
    for report in programme.reports:
        for reporter in report.reporters:
            for period in programme.owed_periods(report.period):
                deadline = deadline_of(programme, reporter.deadline, period)
                there = _first(units, reporter.level, _day(programme, deadline))
                if there is not None and _owes(programme, report, there, reporter, period):
                    yield Owing(report, reporter, there, period, deadline)
                    break


def _owes(programme: Programme, report: Report, unit: Unit, reporter: Reporter, period: Period) -> bool:
    return report.slug in dict(owes(programme, unit, reporter.agency, period).reports)


def _first(units: Units, level: str, day: date) -> Unit | None:
    return next((unit for unit in units if unit.level == level and unit.in_force(day)), None)


def _day(programme: Programme, deadline: Deadline) -> date:
    return programme.today(deadline.due_at)


def _asked(programme: Programme, agency: str) -> bool:
    return programme.agency[agency].role is AgencyRole.REQUESTED


@dataclass(frozen=True, slots=True)
class Preview:
    """The variables of texts, about one example, in one language."""

    programme: Programme
    units: Units
    example: Owing
    language: str

    def variables(self, text: str, *, requested: bool) -> Variables:
        """Give what a text is filled with: of a step, a notice, the summary. `requested`: as who is asked reads it, and
        of notices the other half, a waiver and a problem's end.
        """
        if text == "summary":
            draft = self._summary()
        elif text in _NOTICES:
            step = _NOTICES[text]
            draft = self._notice(_TURNED.get(step, step) if requested else step)
        else:
            draft = self._step(text)
        (section, *_) = draft.sections
        return {**section.variables, "requested": requested}

    @property
    def _after(self) -> datetime:
        return policy_of(self.programme).hours.next_open(self.example.deadline.due_at + _LATER)

    def _seats(self, now: datetime) -> Seats:
        return Seats(self.programme, self.units, self.programme.today(now))

    def _heard(self, to: int, now: datetime) -> Seat:
        """Find who hears so many levels up, or as far up as somebody does."""
        agency, unit, seats = self.example.reporter.agency, self.example.unit.uid, self._seats(now)
        return next(found[0] for level in range(to, -1, -1) if (found := seats.of(agency, unit, level)))

    def _summary(self) -> Draft:
        """Draft a summary of two periods, after the second one's deadline."""
        report, periods = self.example.report.slug, [self.example.period, self.example.period.shift(1)]
        last = deadline_of(self.programme, self.example.reporter.deadline, periods[-1])
        now = policy_of(self.programme).hours.next_open(last.due_at + _LATER)
        counts = ((20, 2, 1, None), (22, 1, 0, 8.7))
        rows = [Standing(report, str(period), 23, *count) for period, count in zip(periods, counts, strict=True)]
        return self._writer(self._summary_seat(now), now).summary(rows)

    def _summary_seat(self, now: datetime) -> Seat:
        ladder = self.units.ladder(self.example.unit.uid, self.programme.today(now))
        levels = self.programme.summary_levels or tuple(step.level for step in ladder[-1:])
        seats = self._seats(now)
        found = (seat for step in ladder if step.level in levels for seat in seats.of_summary(step.uid))
        return next(found, None) or self._heard(1, now)

    def _step(self, text: str) -> Draft:
        steps = self.programme.escalation
        step = next((step for step in steps if step.template == text), steps[0])
        due = self.example.deadline.due_at
        now = next(turn.at for turn in policy_of(self.programme).timeline(due) if turn.step == step.slug)
        late = [self.example.unit, *(self._beside(now)[:1] if step.to else ())]
        silent = self._silent(now) if step.to > 1 else []
        items = [self._item(step.slug, unit, told=unit == self.example.unit) for unit in [*late, *silent]]
        expected = {self._group(silent[0]): len(silent)} if silent else {}
        return self._writer(self._heard(step.to, now), now, expected).draft(items)

    def _notice(self, step: str) -> Draft:
        if step in {PROBLEM_RAISED, PROBLEM_RESOLVED}:
            seat = self._heard(1, self._after)
            return self._writer(seat, self._after).draft([], [self._problem(step)])
        before = self.example.deadline.due_at - _LATER
        now = self._after if step in {RECEIVED, CHANGED_AFTER} else policy_of(self.programme).hours.next_open(before)
        return self._writer(self._heard(0, now), now).draft([self._item(step, self.example.unit)])

    def _beside(self, now: datetime) -> list[Unit]:
        """List the other units of the example's parent that owe the same."""
        below = self.units.children(self.example.unit.parent) if self.example.unit.parent else []
        return [unit for unit in below if unit != self.example.unit and self._owes(unit, now)]

    def _silent(self, now: datetime) -> list[Unit]:
        """List all units that owe the same below one beside the example's parent."""
        parent = self.units[self.example.unit.parent] if self.example.unit.parent else None
        around = self.units.children(parent.parent) if parent is not None and parent.parent else []
        below = (self.units.children(other.uid) for other in around if other != parent)
        owing = ([unit for unit in units if self._owes(unit, now)] for units in below)
        return next((units for units in owing if len(units) > 1), [])

    def _owes(self, unit: Unit, now: datetime) -> bool:
        it = self.example
        in_force = unit.in_force(self.programme.today(now))
        return in_force and _owes(self.programme, it.report, unit, it.reporter, it.period)

    def _group(self, unit: Unit) -> tuple[str, str, str, str]:
        return self.example.report.slug, str(self.example.period), unit.parent or "", self.example.reporter.agency

    def _item(self, step: str, unit: Unit, *, told: bool = False) -> Item:
        example, above = self.example, self._heard(1, self.example.deadline.due_at)
        return Item(
            step, example.report.slug, str(example.period), unit.uid, example.reporter.agency, example.deadline.due_at,
            example.deadline.shifted_because, 0, met_at=example.deadline.due_at + _LATER,
            decided_by=(above.unit, above.agency), above_told=told, figures=self._figures(),
        )  # fmt: skip

    def _figures(self) -> list[ChangedFigure]:
        """Make up a change of an indicator that is a ratio."""
        found = next((it for it in self.programme.indicators if not it.components), self.programme.indicators[0])
        before, now = (FigureSaid(numerator=count, denominator=530) for count in (412, 390))
        at = self.example.deadline.due_at + _LATER
        return [ChangedFigure(found.slug, str(self.example.period), before, now, "app", at)]

    def _problem(self, step: str) -> ProblemItem:
        raised_at = self.example.deadline.due_at + timedelta(hours=2)
        return ProblemItem(step, self.example.unit.uid, self.example.reporter.agency, raised_at, 0)

    def _writer(
        self, seat: Seat, now: datetime, expected: Mapping[tuple[str, str, str, str], int] | None = None
    ) -> Writer:
        programme = self.programme
        someone = Contact(self.example.unit.uid, self.example.reporter.agency, _NAME, [], reachable=True, paused=[])
        contacts = Contacts([someone], programme.slug, self._seats(now))
        reader = Reader(_NAME, _ROLES[self.language], seat.agency, self.language, seat.unit, str(SAMPLE["page"]))
        facts = Facts(contacts, expected or {}, [self._problem(PROBLEM_RAISED)])
        return Writer(programme, self.units, reader, facts, now, Asides())
