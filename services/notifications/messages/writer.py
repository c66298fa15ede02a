"""Write what a message says: drafts the programme's templates with the facts of its items, for one reader."""

from collections.abc import Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache
from zoneinfo import ZoneInfo

from babel.dates import format_date, format_datetime

from services.notifications.alerts.escalation import days_late, wanted_agencies
from services.notifications.alerts.planning import PROBLEM_RAISED, PROBLEM_RESOLVED, RECEIVED
from services.notifications.alerts.summaries import Standing
from services.notifications.apart import Asides
from services.notifications.messages.html_part import Variables, html_of
from services.notifications.messages.message_store import Contact
from services.notifications.obligations.deadlines import Shift
from shared.domain.units import Units
from shared.programme.base import Label
from shared.programme.message import Message
from shared.programme.model import AgencyRole, Programme

FALLBACK_LANGUAGE = "vi"
_LEFT_OUT = {
    "vi": "Thư này còn thiếu {count} nội dung do dữ liệu có lỗi; bộ phận quản trị hệ thống đã được thông báo.",
    "en": "This message lacks {count} of its items, whose data are faulty; whoever runs the system has been told.",
}
_BETWEEN_SECTIONS = "\n" + "—" * 40 + "\n\n"
_INSTANTS = {"vi": "HH:mm dd/MM/yyyy", "en": "HH:mm, d MMM yyyy"}
_PROBLEMS = {PROBLEM_RAISED: False, PROBLEM_RESOLVED: True}


@dataclass(frozen=True, slots=True)
class Reader:
    """Who reads: an officer addressed at a unit. `page` is their own link for this message."""

    name: str
    language: str
    unit: str
    page: str


@dataclass(frozen=True, slots=True)
class Item:
    """One thing that a message says: a step of an obligation, by the alert that it carries."""

    step: str
    report: str
    period: str
    unit: str
    agency: str
    due_at: datetime
    shifted_because: Shift | None
    alert: int


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
    """What is known beside the items: officers by unit, how many owe by (report, period, parent), open problems."""

    officers: Mapping[str, Sequence[Contact]] = field(default_factory=dict)
    expected: Mapping[tuple[str, str, str], int] = field(default_factory=dict)
    problems: Sequence[ProblemItem] = ()


@dataclass(frozen=True, slots=True)
class Rendered:
    """A message in one language: plain text, and the same with tables."""

    subject: str
    body: str
    html: str


@dataclass(frozen=True, slots=True)
class Section:
    """One template of the programme, with what it is filled with; `rows` make the table of its HTML."""

    template: str
    variables: Variables
    rows: Sequence[Variables]


@dataclass(frozen=True, slots=True)
class Draft:
    """A message before its templates are filled. `left_out` says how many of its items could not be written."""

    sections: Sequence[Section]
    language: str
    left_out: int

    def rendered(self, texts: Sequence[Message]) -> Rendered:
        """Put the message together of the sections' texts in their order."""
        parts = [(text, section.rows) for text, section in zip(texts, self.sections, strict=True)]
        if self.left_out:
            lacks = _LEFT_OUT.get(self.language, _LEFT_OUT[FALLBACK_LANGUAGE]).format(count=self.left_out)
            parts.append((Message(parts[0][0].subject, f"{lacks}\n"), []))
        body = _BETWEEN_SECTIONS.join(text.body for text, _ in parts)
        return Rendered(parts[0][0].subject, body, html_of(parts, self.language))


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
        return language_for(self.programme, self.reader.language)

    def draft(self, items: Sequence[Item], problems: Sequence[ProblemItem] = ()) -> Draft:
        """Draft a message of alerts: a section for each step (and for requests apart), the most serious first.

        Without a section where nothing can be written. Raises KeyError for a template that the programme doesn't have.
        """
        places = {step.slug: place for place, step in enumerate(self.programme.escalation)}
        sections: dict[tuple[int, bool], list[Item]] = {}
        for item in items:
            with self._apart(item):
                self._prove(item)
                agency = self.programme.agency.get(item.agency)
                requested = agency is not None and agency.role is AgencyRole.REQUESTED
                place = -1 if item.step == RECEIVED else places[item.step]
                sections.setdefault((place, requested), []).append(item)
        parts = [
            self._section(place, found, requested=requested)
            for (place, requested), found in sorted(sections.items(), key=lambda entry: (-entry[0][0], entry[0][1]))
        ]
        for step, resolved in _PROBLEMS.items():
            listed = self._problems([item for item in problems if item.step == step])
            if listed:
                parts.append(self._filled("problem", listed, count=len(listed), resolved=resolved))
        return Draft(parts, self._language, len(self.asides.found))

    def summary(self, rows: Sequence[Standing]) -> Draft:
        """Draft the monthly summary."""
        lines: list[Variables] = [
            {
                "report_label": self._report_label(row.report),
                "period": row.period,
                "expected": row.expected,
                "on_time": row.on_time,
                "late": row.late,
                "missing": row.missing,
                "percent": row.percent,
                "change": row.change,
            }
            for row in rows
        ]
        section = self._filled("summary", lines, count=len(lines))
        return Draft([section], self._language, len(self.asides.found))

    def _section(self, place: int, items: Sequence[Item], *, requested: bool) -> Section:
        if place < 0:
            return self._filled("received", [self._item(item) for item in items], count=len(items))
        step = self.programme.escalation[place]
        dark, rest = self._folded(items) if step.to else ([], items)
        listed = [self._item(item) for item in rest]
        return self._filled(step.template, listed, dark=dark, count=len(items), requested=requested)

    def _prove(self, item: Item) -> None:
        """Work out once what may fail with an item, also where it is folded into a line with others."""
        unit = self.units[item.unit]
        _ = self.units[unit.parent] if unit.parent else None
        instant(item.due_at, self._zone, self._language)
        days_late(item.due_at, self.now, self._zone)
        shift_text(item.shifted_because, self._language)

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
        known: Variables = {
            "officer": {"name": self.reader.name},
            "unit": {"name": self.units[self.reader.unit].name},
            "programme_label": in_language(self.programme.label, language),
            "now": instant(self.now, self._zone, language),
            "page": self.reader.page,
            "problems": self._problems(self.facts.problems),
            "items": items,
            "dark": dark,
            "requested": False,
            "resolved": False,
            "language": language,
            **variables,
        }
        return Section(self.programme.messages[language][template], known, [*dark, *items])

    def _folded(self, items: Sequence[Item]) -> tuple[list[Variables], list[Item]]:
        """Fold whole subtrees that are silent into one line each; return those lines, and the other items."""
        groups: dict[tuple[str, str, str], list[Item]] = {}
        for item in items:
            groups.setdefault((item.report, item.period, self.units[item.unit].parent or ""), []).append(item)
        dark: list[Variables] = []
        rest: list[Item] = []
        for (report, period, parent), silent in groups.items():
            whole = self.facts.expected.get((report, period, parent), 0)
            if parent == self.reader.unit or len(silent) < max(2, whole) or not whole:
                rest += silent
                continue
            first = min(item.due_at for item in silent)
            dark.append(
                {
                    "unit_name": self.units[parent].name,
                    "unit_code": self.units[parent].code,
                    "parent_name": None,
                    "report_label": self._report_label(report),
                    "period": period,
                    "silent": len(silent),
                    "expected": whole,
                    "due_at": instant(first, self._zone, self._language),
                    "days_late": days_late(first, self.now, self._zone),
                    "contact": ", ".join(officer.name for officer in self.facts.officers.get(parent, ())) or None,
                }
            )
        return dark, rest

    def _item(self, item: Item) -> Variables:
        language, zone = self._language, self._zone
        unit = self.units[item.unit]
        there = self.facts.officers.get(item.unit, ())
        wanted = wanted_agencies(self.programme, item.agency, 0, self.now.astimezone(zone).date())
        chosen = [officer for officer in there if officer.agency in wanted] or there
        return {
            "unit_name": unit.name,
            "unit_code": unit.code,
            "parent_name": self.units[unit.parent].name if unit.parent else None,
            "report_label": self._report_label(item.report),
            "period": item.period,
            "due_at": instant(item.due_at, zone, language),
            "shifted_because": shift_text(item.shifted_because, language),
            "days_late": days_late(item.due_at, self.now, zone),
            "contact": ", ".join(officer.name for officer in chosen) or None,
        }

    def _problem(self, item: ProblemItem) -> Variables:
        unit = self.units[item.unit]
        agency = self.programme.agency.get(item.agency)
        return {
            "unit_name": unit.name,
            "unit_code": unit.code,
            "agency_label": in_language(agency.label, self._language) if agency else item.agency,
            "raised_at": instant(item.raised_at, self._zone, self._language) if item.raised_at else None,
        }

    def _report_label(self, slug: str) -> str:
        report = self.programme.report.get(slug)
        return in_language(report.label, self._language) if report else slug


def language_for(programme: Programme, wanted: str) -> str:
    """Choose the reader's language if the programme has texts in it, else the fallback."""
    return wanted if wanted in programme.messages else FALLBACK_LANGUAGE


def in_language(label: Label, language: str) -> str:
    """Give the label's text in the language if it has one, else in the fallback."""
    text: str = getattr(label, language, None) or getattr(label, FALLBACK_LANGUAGE)
    return text


def shift_text(shift: Shift | None, language: str) -> str | None:
    """Say why a deadline was moved: "chuyển từ 25/04/2026, Thứ Bảy"."""
    if shift is None:
        return None
    original, day = shift.original, shift.because.day
    moved = "moved from" if language == "en" else "chuyển từ"
    weekday = format_date(day, "EEEE", locale=language)
    name = dict(shift.because.name).get(language) or weekday
    if day == original:
        return f"{moved} {original:%d/%m/%Y}, {name}"
    return f"{moved} {original:%d/%m/%Y}: {day:%d/%m/%Y} {name}"


@lru_cache(maxsize=4096)
def instant(at: datetime, zone: ZoneInfo, language: str) -> str:
    """Write an instant as the reader does: "17:00 16/03/2023", "17:00, 16 Mar 2023"."""
    text: str = format_datetime(at, _INSTANTS.get(language, "medium"), tzinfo=zone, locale=language)
    return text
