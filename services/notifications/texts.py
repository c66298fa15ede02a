"""What a message says: gathers the facts of its items and renders the programme's templates for the reader."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from babel.dates import format_date

from services.notifications.escalation import addressees, contact_of, days_late, wanted_agencies
from shared.message_text import Message, render
from shared.programme import AgencyRole, Label, Programme, Step
from shared.units import Units

FALLBACK_LANGUAGE = "vi"
_BETWEEN_SECTIONS = "\n" + "—" * 40 + "\n\n"


@dataclass(frozen=True, slots=True)
class Reader:
    """Who reads: an officer addressed at a unit."""

    name: str
    language: str
    unit: str


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


def compose(
    programme: Programme,
    units: Units,
    reader: Reader,
    items: Sequence[Item],
    officers: Sequence[Mapping[str, Any]],
    now: datetime,
) -> Message:
    """One message: a section for each step (and for requests apart), the most serious first.

    `officers` are those of the items' units, to name whom to call. Raises jinja2.TemplateError or ValueError for a
    template that fails, KeyError for a template or step that the programme doesn't have.
    """
    language = language_for(programme, reader.language)
    steps = {step.slug: (place, step) for place, step in enumerate(programme.escalation)}
    sections: dict[tuple[int, bool], list[Item]] = {}
    for item in items:
        agency = programme.agency.get(item.agency)
        requested = agency is not None and agency.role is AgencyRole.REQUESTED
        sections.setdefault((steps[item.step][0], requested), []).append(item)
    parts = [
        _section(programme, units, reader, language, programme.escalation[place], requested, told, officers, now)
        for (place, requested), told in sorted(sections.items(), key=lambda entry: (-entry[0][0], entry[0][1]))
    ]
    return Message(parts[0].subject, _BETWEEN_SECTIONS.join(part.body for part in parts))


def _section(
    programme: Programme,
    units: Units,
    reader: Reader,
    language: str,
    step: Step,
    requested: bool,
    items: Sequence[Item],
    officers: Sequence[Mapping[str, Any]],
    now: datetime,
) -> Message:
    zone = ZoneInfo(programme.timezone)
    variables = {
        "officer": {"name": reader.name},
        "unit": {"name": units[reader.unit].name},
        "items": [_item(programme, units, language, item, officers, now) for item in items],
        "programme_label": in_language(programme.label, language),
        "now": _instant(now, zone),
        "count": len(items),
        "requested": requested,
    }
    return render(programme.messages[language][step.template], variables)


def _item(
    programme: Programme, units: Units, language: str, item: Item, officers: Sequence[Mapping[str, Any]], now: datetime
) -> dict[str, Any]:
    zone = ZoneInfo(programme.timezone)
    unit = units[item.unit]
    at_unit = [row for row in officers if row["unit"] == item.unit]
    wanted = wanted_agencies(programme, item.agency, 0, now.astimezone(zone).date())
    chosen = {contact.id for contact in addressees(map(contact_of, at_unit), wanted)}
    report = programme.report.get(item.report)
    return {
        "unit_name": unit.name,
        "unit_code": unit.code,
        "parent_name": units[unit.parent].name if unit.parent else None,
        "report_label": in_language(report.label, language) if report else item.report,
        "period": item.period,
        "due_at": _instant(item.due_at, zone),
        "shifted_because": shift_text(item.shifted_because, language),
        "days_late": days_late(item.due_at, now, zone),
        "contact": ", ".join(row["name"] for row in at_unit if row["id"] in chosen) or None,
    }


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


def _instant(at: datetime, zone: ZoneInfo) -> str:
    return f"{at.astimezone(zone):%H:%M %d/%m/%Y}"
