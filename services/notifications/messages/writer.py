"""Write what a message says: drafts the programme's templates with the facts of its items, for one reader."""

from collections.abc import Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import date, datetime
from functools import lru_cache
from zoneinfo import ZoneInfo

from services.notifications.alerts.changed_after import CHANGED_AFTER
from services.notifications.alerts.decided import EXTENDED, WAIVED
from services.notifications.alerts.escalation import days_late
from services.notifications.alerts.planning import PROBLEM_RAISED, PROBLEM_RESOLVED, RECEIVED
from services.notifications.alerts.summaries import Standing
from services.notifications.apart import Asides
from services.notifications.messages.contacts import Contacts
from services.notifications.messages.draft import Draft, Section, Variables
from services.notifications.messages.phrases import day_text, former, instant, shift_text
from services.notifications.obligations.deadlines import Shift
from services.notifications.obligations.figure_change_store import ChangedFigure
from shared.domain.offices import area, place, seated
from shared.domain.periods import PeriodCalendar, PeriodError, parse_period, period_words
from shared.domain.seats import superiors
from shared.domain.units import Unit, Units
from shared.programme.common_texts import common_text
from shared.programme.figure_words import figure_words
from shared.programme.model import AgencyRole, Programme

_NOTICES = {
    RECEIVED: "received",
    EXTENDED: "decision",
    WAIVED: "decision",
    CHANGED_AFTER: CHANGED_AFTER,
}  # steps that no programme states
_PROBLEMS = {PROBLEM_RAISED: False, PROBLEM_RESOLVED: True}


@dataclass(frozen=True, slots=True)
class Reader:
    """Who reads: an officer addressed at a unit. `page` is their own link for this message."""

    name: str
    role: str
    agency: str
    language: str
    unit: str
    page: str


@dataclass(frozen=True, slots=True)
class Item:
    """One thing that a message says: a step of an obligation, by the alert that it carries.

    `decided_by` is who extended or waived: a unit and an agency, None of an operator. `above_told` says whether a level
    between the unit and the reader was sent word of it.
    """

    step: str
    report: str
    period: str
    unit: str
    agency: str
    due_at: datetime
    shifted_because: Shift | None
    alert: int
    met_at: datetime | None = None
    decided_by: tuple[str, str] | None = None
    above_told: bool = False
    figures: Sequence[ChangedFigure] = ()  # that somebody else has changed after they were handed in


@dataclass(frozen=True, slots=True)
class ProblemItem:
    """A problem that an alert is about, or that is listed because it is open. Its text stays behind the link."""

    step: str
    unit: str
    agency: str
    raised_at: datetime | None
    problem: int
    alert: int | None = None


@dataclass(frozen=True, slots=True)
class Facts:
    """What is known beside the items: who can be asked, how many owe by (report, period, parent, agency), problems."""

    contacts: Contacts
    expected: Mapping[tuple[str, str, str, str], int] = field(default_factory=dict)
    problems: Sequence[ProblemItem] = ()


@dataclass(frozen=True, slots=True)
class Writer:
    """Drafts one reader's message about one programme. What can't be written goes to `asides`, the rest is sent."""

    programme: Programme
    units: Units
    reader: Reader
    facts: Facts
    now: datetime
    asides: Asides

    @property
    def _zone(self) -> ZoneInfo:
        return ZoneInfo(self.programme.timezone)

    @property
    def _language(self) -> str:
        return self.programme.language_for(self.reader.language)

    @property
    def _today(self) -> date:
        return self.now.astimezone(self._zone).date()

    def draft(self, items: Sequence[Item], problems: Sequence[ProblemItem] = ()) -> Draft:
        """Draft a message of alerts: a section for each step (and for requests apart), the reader's own first.

        Without a section where nothing can be written. Raises KeyError for a template that the programme doesn't have.
        """
        places = {step: place for place, step in enumerate(self._steps())}
        sections: dict[tuple[int, bool], list[Item]] = {}
        for item in items:
            with self._apart(item):
                self._prove(item)
                agency = self.programme.agency.get(item.agency)
                requested = agency is not None and agency.role is AgencyRole.REQUESTED
                sections.setdefault((places[item.step], requested), []).append(item)
        parts = [
            self._section(found, requested=requested)
            for (_, requested), found in sorted(sections.items(), key=lambda entry: entry[0])
        ]
        for step, resolved in _PROBLEMS.items():
            listed = self._problems([item for item in problems if item.step == step])
            if listed:
                parts.append(self._filled("problem", listed, resolved=resolved))
        return Draft(parts, self._language, len(self.asides.found))

    def summary(self, rows: Sequence[Standing]) -> Draft:
        """Draft the monthly summary."""
        lines: list[Variables] = [
            {
                "report_label": self._report_label(row.report),
                **self._period(row.period),
                "expected": row.expected,
                "on_time": row.on_time,
                "late": row.late,
                "missing": row.missing,
                "percent": row.percent,
                "change": row.change,
            }
            for row in rows
        ]
        return Draft([self._filled("summary", lines)], self._language, len(self.asides.found))

    def _steps(self) -> list[str]:
        """List the steps as their sections stand: what the reader owes, what was decided about it and changed of it,
        before what others owe and what of that has come; of each the gravest first.
        """
        steps = self.programme.escalation[::-1]
        own = [step.slug for step in steps if not step.to]
        others = [step.slug for step in steps if step.to]
        return [*own, EXTENDED, WAIVED, CHANGED_AFTER, *others, RECEIVED]

    def _section(self, items: Sequence[Item], *, requested: bool) -> Section:
        """Fill the template of one step with its items: what is due first, then in the order of the programme's
        reports. The first one names the subject.
        """
        slug = items[0].step
        order = {report: number for number, report in enumerate(self.programme.report)}
        ordered = sorted(items, key=lambda item: (item.due_at, order.get(item.report, len(order))))
        if slug in _NOTICES:
            listed = [self._item(item) for item in ordered]
            return self._filled(_NOTICES[slug], listed, requested=requested, waived=slug == WAIVED)
        step = next(step for step in self.programme.escalation if step.slug == slug)
        dark, rest = self._folded(ordered) if step.to else ([], ordered)
        listed = [self._item(item) for item in rest]
        told = all(item.above_told for item in items)
        return self._filled(step.template, listed, dark=dark, reports=len(items), requested=requested, above_told=told)

    def _prove(self, item: Item) -> None:
        """Work out once what may fail with an item, also where it is folded into a line with others."""
        unit = self.units[item.unit]
        _ = self.units[unit.parent] if unit.parent else None
        instant(item.due_at, self._zone, self._language)
        days_late(item.due_at, self.now, self._zone)
        shift_text(item.shifted_because, self._language)
        if item.met_at is not None:
            instant(item.met_at, self._zone, self._language)
        if item.decided_by is not None:
            _ = self.units[item.decided_by[0]]

    def _apart(self, item: Item) -> AbstractContextManager[None]:
        return self.asides.unless_sound("alert", item.alert, self.programme.slug, item.unit)

    def _problems(self, items: Iterable[ProblemItem]) -> list[Variables]:
        listed: list[Variables] = []
        for item in items:
            kind, subject = ("problem", item.problem) if item.alert is None else ("alert", item.alert)
            with self.asides.unless_sound(kind, subject, self.programme.slug, item.unit):
                listed.append(self._problem(item))
        return listed

    def _filled(
        self, template: str, items: Sequence[Variables], *, dark: Sequence[Variables] = (), **variables: object
    ) -> Section:
        language = self._language
        unit = self.units[self.reader.unit]
        known: Variables = {
            "officer": {"name": self.reader.name, "role": self.reader.role, "office": self._office()},
            "unit": {"name": unit.name, "place": area(unit, language)},
            "programme_label": self.programme.text(self.programme.label, language),
            "programme_short": self.programme.text(self.programme.short or self.programme.label, language),
            "issuer": self._issuer(),
            "how_to_report": self._how_to_report(),
            "now": instant(self.now, self._zone, language),
            "day": day_text(self._today, language),
            "page": self.reader.page,
            "problems": self._problems(self.facts.problems),
            "items": items,
            "dark": dark,
            "count": len(dark) + len(items),
            "reports": len(items),
            "above_told": False,
            "requested": False,
            "resolved": False,
            "waived": False,
            "language": language,
            **variables,
        }
        own = self.programme.messages[language].get(template)
        return Section(own or common_text(language, template), known)

    def _office(self) -> str:
        """Name where the reader sits: their agency at the unit; the unit alone of an agency of no programme's."""
        known = self.reader.agency in self.programme.agency
        return self._body(self.reader.unit, self.reader.agency if known else "")

    def _issuer(self) -> str:
        """Name the body in whose name is written: who leads the programme at or above the reader's unit, else the
        nearest who directs it; to that body itself whoever directs it above; the programme where there is none.
        """
        programme, language, today = self.programme, self._language, self._today
        seats = {unit.level: unit for unit in self.units.ladder(self.reader.unit, today)}
        own = programme.acting(self.reader.agency, today) if self.reader.agency in programme.agency else None
        acting = [programme.acting(it.slug, today) for it in programme.agencies if it.role is AgencyRole.DIRECTS]
        directing = [slug for level in seats for slug in acting if programme.agency[slug].level == level]
        lead = programme.lead(today)
        issuers = [slug for slug in (lead, *directing) if slug and programme.agency[slug].level in seats]
        if own is not None and issuers[:1] == [own]:
            above = superiors(programme, own, today)
            issuers = [slug for slug in directing if slug in above]
        if not issuers:
            return programme.text(programme.label, language)
        agency = programme.agency[issuers[0]]
        return seated(programme.text(agency.label, language), seats[agency.level], language)

    def _how_to_report(self) -> str | None:
        how = self.programme.how_to_report
        return self.programme.text(how, self._language) if how else None

    def _folded(self, items: Sequence[Item]) -> tuple[list[Variables], list[Item]]:
        """Fold whole subtrees that are silent into one line each; return those lines, and the other items.

        What lay below a unit that went into the reader's own is the reader's to ask: it is named one by one.
        """
        groups: dict[tuple[str, str, str, str], list[Item]] = {}
        for item in items:
            parent = self.units[item.unit].parent or ""
            groups.setdefault((item.report, item.period, parent, item.agency), []).append(item)
        dark: list[Variables] = []
        rest: list[Item] = []
        for (report, period, parent, agency), silent in groups.items():
            whole = self.facts.expected.get((report, period, parent, agency), 0)
            head = self.units.ladder(parent, self._today)[0].uid if parent else ""
            if head == self.reader.unit or len(silent) < max(2, whole) or not whole:
                rest += silent
            else:
                dark.append(self._fold(self.units[parent], silent, whole))
        return dark, rest

    def _fold(self, parent: Unit, silent: Sequence[Item], whole: int) -> Variables:
        first = min(item.due_at for item in silent)
        owing = [(item.agency, item.unit) for item in silent]
        head = self.units.ladder(parent.uid, self._today)[0]  # who is over them today
        return {
            "unit_name": parent.name,
            "unit_code": parent.code,
            "former": former(parent, None, self._today, self._language),
            "parent_name": None,
            "agency_label": self._agency_label(silent[0].agency),
            "report_label": self._report_label(silent[0].report),
            **self._period(silent[0].period),
            "silent": len(silent),
            "expected": whole,
            "due_at": instant(first, self._zone, self._language),
            "days_late": days_late(first, self.now, self._zone),
            "contact": self.facts.contacts.over(owing, head.uid, self._language),
            "above_told": all(item.above_told for item in silent),
        }

    def _item(self, item: Item) -> Variables:
        language, zone = self._language, self._zone
        unit = self.units[item.unit]
        return {
            **self._owner(unit, item.agency),
            "parent_name": self.units[unit.parent].name if unit.parent else None,
            "report_label": self._report_label(item.report),
            **self._period(item.period),
            "due_at": instant(item.due_at, zone, language),
            "shifted_because": shift_text(item.shifted_because, language),
            "days_late": days_late(item.due_at, self.now, zone),
            "received_at": instant(item.met_at, zone, language) if item.met_at else None,
            "decided_by": self._body(*item.decided_by) if item.decided_by else None,
            "contact": self.facts.contacts.of(item.agency, item.unit, language),
            "above_told": item.above_told,
            "figures": [self._figure(item, figure) for figure in item.figures],
        }

    def _figure(self, item: Item, figure: ChangedFigure) -> Variables:
        known = self.programme.indicator.get(figure.indicator)
        before, now = (figure_words(self.programme, figure.indicator, it) for it in (figure.before, figure.now))
        other_period = period_words(figure.period).in_language(self._language) if figure.period != item.period else None
        return {
            "label": figure.indicator if known is None else self.programme.text(known.label, self._language),
            "period": other_period,
            "before": before.in_language(self._language),
            "now": now.in_language(self._language),
            "by": figure.by,
            "at": instant(figure.at, self._zone, self._language),
        }

    def _problem(self, item: ProblemItem) -> Variables:
        return {
            **self._owner(self.units[item.unit], item.agency),
            "raised_at": instant(item.raised_at, self._zone, self._language) if item.raised_at else None,
        }

    def _owner(self, unit: Unit, agency: str) -> Variables:
        """Say who owes a report: the agency at its unit, and until when there was either."""
        return {
            "unit_name": unit.name,
            "unit_code": unit.code,
            "agency_label": self._agency_label(agency),
            "owner": f"{self._body(unit.uid, agency)} ({unit.code})",
            "former": former(unit, self.programme.agency.get(agency), self._today, self._language),
        }

    def _body(self, uid: str, agency: str) -> str:
        unit = self.units[uid]
        return seated(self._agency_label(agency), unit, self._language) if agency else place(unit, self._language)

    def _agency_label(self, slug: str) -> str:
        return self.programme.agency_name(slug, self._language)

    def _period(self, text: str) -> Variables:
        days = _days(self.programme.calendar, text)
        return {"period": period_words(text).in_language(self._language), "period_days": days}

    def _report_label(self, slug: str) -> str:
        report = self.programme.report.get(slug)
        return self.programme.text(report.label, self._language) if report else slug


@lru_cache(maxsize=4096)
def _days(calendar: PeriodCalendar, period: str) -> str:
    """Write a period's first and last day; what is no period as it is."""
    try:
        return calendar.days(parse_period(period))
    except PeriodError:
        return period
