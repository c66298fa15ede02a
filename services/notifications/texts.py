"""What a message says: gathers the facts of its items and renders the programme's templates for the reader."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo

from babel.dates import format_date, format_datetime

from services.notifications.escalation import days_late, wanted_agencies
from services.notifications.html_part import html_of
from services.notifications.planning import PROBLEM_RAISED, PROBLEM_RESOLVED, RECEIVED
from services.notifications.summaries import Standing
from shared.message_text import Message, render
from shared.programme import AgencyRole, Programme
from shared.programme_base import Label
from shared.units import Units

FALLBACK_LANGUAGE = "vi"
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
    """One thing told: a step of an obligation."""

    step: str
    report: str
    period: str
    unit: str
    agency: str
    due_at: datetime
    shifted_because: Mapping[str, Any] | None


@dataclass(frozen=True, slots=True)
class ProblemItem:
    """A problem told, or listed because it is open. Its text stays behind the link."""

    step: str
    unit: str
    agency: str
    raised_at: datetime | None


@dataclass(frozen=True, slots=True)
class Facts:
    """What is known beside the items: officers by unit, how many owe by (report, period, parent), open problems."""

    officers: Mapping[str, Sequence[Mapping[str, Any]]] = field(default_factory=dict)
    expected: Mapping[tuple[str, str, str], int] = field(default_factory=dict)
    problems: Sequence[ProblemItem] = ()


@dataclass(frozen=True, slots=True)
class Letter:
    """A message in one language: plain text, and the same with tables."""

    subject: str
    body: str
    html: str


@dataclass(frozen=True, slots=True)
class Writer:
    """Writes one reader's message about one programme."""

    programme: Programme
    units: Units
    reader: Reader
    facts: Facts
    now: datetime

    @property
    def _zone(self) -> ZoneInfo:
        return ZoneInfo(self.programme.timezone)

    @property
    def _language(self) -> str:
        return language_for(self.programme, self.reader.language)

    def letter(self, items: Sequence[Item], problems: Sequence[ProblemItem] = ()) -> Letter:
        """One message: a section for each step (and for requests apart), the most serious first.

        Raises jinja2.TemplateError or ValueError for a template that fails, KeyError for a template or step that the
        programme doesn't have.
        """
        places = {step.slug: place for place, step in enumerate(self.programme.escalation)}
        sections: dict[tuple[int, bool], list[Item]] = {}
        for item in items:
            agency = self.programme.agency.get(item.agency)
            requested = agency is not None and agency.role is AgencyRole.REQUESTED
            place = -1 if item.step == RECEIVED else places[item.step]
            sections.setdefault((place, requested), []).append(item)
        parts = [
            self._section(place, told, requested=requested)
            for (place, requested), told in sorted(sections.items(), key=lambda entry: (-entry[0][0], entry[0][1]))
        ]
        for step, resolved in _PROBLEMS.items():
            told_problems = [item for item in problems if item.step == step]
            if told_problems:
                listed = [self._problem(item) for item in told_problems]
                parts.append(self._render("problem", items=listed, count=len(listed), resolved=resolved))
        return _joined(parts, self._language)

    def summary(self, rows: Sequence[Standing]) -> Letter:
        """The monthly summary."""
        language = self._language
        lines = [
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
        return _joined([self._render("summary", items=lines, count=len(lines))], language)

    def _section(self, place: int, items: Sequence[Item], *, requested: bool) -> tuple[Message, list[dict[str, Any]]]:
        if place < 0:
            return self._render("received", items=[self._item(item) for item in items], count=len(items))
        step = self.programme.escalation[place]
        dark, rest = self._folded(items) if step.to else ([], items)
        listed = [self._item(item) for item in rest]
        return self._render(step.template, items=listed, dark=dark, count=len(items), requested=requested)

    def _render(self, template: str, **variables: Any) -> tuple[Message, list[dict[str, Any]]]:
        language = self._language
        known = {
            "officer": {"name": self.reader.name},
            "unit": {"name": self.units[self.reader.unit].name},
            "programme_label": in_language(self.programme.label, language),
            "now": instant(self.now, self._zone, language),
            "page": self.reader.page,
            "problems": [self._problem(item) for item in self.facts.problems],
            "dark": [],
            "requested": False,
            "resolved": False,
            "language": language,
            **variables,
        }
        return render(self.programme.messages[language][template], known), [*known["dark"], *known["items"]]

    def _folded(self, items: Sequence[Item]) -> tuple[list[dict[str, Any]], list[Item]]:
        """Whole subtrees that are silent, as one line each, and the items that are not among those."""
        groups: dict[tuple[str, str, str], list[Item]] = {}
        for item in items:
            groups.setdefault((item.report, item.period, self.units[item.unit].parent or ""), []).append(item)
        dark: list[dict[str, Any]] = []
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
                    "contact": ", ".join(row["name"] for row in self.facts.officers.get(parent, ())) or None,
                }
            )
        return dark, rest

    def _item(self, item: Item) -> dict[str, Any]:
        language, zone = self._language, self._zone
        unit = self.units[item.unit]
        at_unit = self.facts.officers.get(item.unit, ())
        wanted = wanted_agencies(self.programme, item.agency, 0, self.now.astimezone(zone).date())
        chosen = [row["name"] for row in at_unit if row["agency"] in wanted] or [row["name"] for row in at_unit]
        return {
            "unit_name": unit.name,
            "unit_code": unit.code,
            "parent_name": self.units[unit.parent].name if unit.parent else None,
            "report_label": self._report_label(item.report),
            "period": item.period,
            "due_at": instant(item.due_at, zone, language),
            "shifted_because": shift_text(item.shifted_because, language),
            "days_late": days_late(item.due_at, self.now, zone),
            "contact": ", ".join(chosen) or None,
        }

    def _problem(self, item: ProblemItem) -> dict[str, Any]:
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


def _joined(parts: Sequence[tuple[Message, list[dict[str, Any]]]], language: str) -> Letter:
    body = _BETWEEN_SECTIONS.join(message.body for message, _ in parts)
    return Letter(parts[0][0].subject, body, html_of(parts, language))


def language_for(programme: Programme, wanted: str) -> str:
    """The reader's language if the programme has texts in it, else the fallback."""
    return wanted if wanted in programme.messages else FALLBACK_LANGUAGE


def in_language(label: Label, language: str) -> str:
    """The label's text in a language that it has, else in the fallback."""
    text: str = getattr(label, language, None) or getattr(label, FALLBACK_LANGUAGE)
    return text


def shift_text(shift: Mapping[str, Any] | None, language: str) -> str | None:
    """Why a deadline was moved: "chuyển từ 25/04/2026, Thứ Bảy"."""
    if shift is None:
        return None
    original, day = date.fromisoformat(shift["from"]), date.fromisoformat(shift["day"])
    moved = "moved from" if language == "en" else "chuyển từ"
    weekday = format_date(day, "EEEE", locale=language)
    name = shift["name"].get(language) or weekday
    if day == original:
        return f"{moved} {original:%d/%m/%Y}, {name}"
    return f"{moved} {original:%d/%m/%Y}: {day:%d/%m/%Y} {name}"


@lru_cache(maxsize=4096)
def instant(at: datetime, zone: ZoneInfo, language: str) -> str:
    """A time as the reader writes it: "17:00 16/03/2023", "17:00, 16 Mar 2023"."""
    text: str = format_datetime(at, _INSTANTS.get(language, "medium"), tzinfo=zone, locale=language)
    return text
