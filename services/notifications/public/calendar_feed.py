"""Make an officer's iCalendar feed of deadlines (RFC 5545). Pure: a shifted deadline is the same event, moved.

It holds what the officer's agency owes on the clock's date at the unit where they sit then: what has come in is gone
from it, what was waived is cancelled.
"""

from collections.abc import Iterator, Sequence
from datetime import date, datetime, timedelta
from uuid import NAMESPACE_URL, uuid5
from zoneinfo import ZoneInfo

import structlog
from icalendar import Alarm, Calendar, Event

from services.notifications.apart import Asides
from services.notifications.messages.phrases import shift_text
from services.notifications.obligations.deadlines import Shift, deadline_of
from services.notifications.public.calendar_store import CalendarObligation
from shared.domain.duties import owes
from shared.domain.offices import seated
from shared.domain.periods import period_words
from shared.domain.seats import acting
from shared.domain.units import Units
from shared.programme.model import Programme
from shared.registry.officers import Officer
from shared.registry.snapshot import Registry

log = structlog.get_logger()
AHEAD = timedelta(days=366)
BEHIND = timedelta(days=60)
_ALARMS = (timedelta(days=-1), timedelta(hours=-2))
_NAMES = {"vi": "Hạn báo cáo", "en": "Report deadlines"}
_CANCELLED = frozenset({"waived"})


def calendar(registry: Registry, officer: Officer, rows: Sequence[CalendarObligation], now: datetime) -> bytes:
    """Make the feed: opened obligations as `rows` (of `offices`) have them, later ones as the programmes' rules and
    calendars put them today.
    """
    feed = Calendar()
    feed.add("prodid", "-//Kip//deadlines//VI")
    feed.add("version", "2.0")
    feed.add("method", "PUBLISH")
    feed.add("x-wr-calname", f"{_NAMES.get(officer.language, _NAMES['en'])}: {_place(registry, officer)}")
    feed.add("refresh-interval", timedelta(hours=6), parameters={"VALUE": "DURATION"})
    asides = Asides()
    known: set[tuple[str, ...]] = set()
    for row in rows:
        programme = registry.programmes.get(row.programme)
        with asides.unless_sound("obligation", "", row.programme, row.unit):
            if programme is not None and concerns(programme, officer, row.agency, now):
                shift = Shift.from_json(row.shifted_because) if row.shifted_because else None
                key = (row.programme, row.report, row.period, row.unit, row.agency)
                cancelled = row.state in _CANCELLED
                event = _event(registry, officer, key, row.due_at, shift, now, row.revision, cancelled)
                known.add(key)
                feed.add_component(event)
    for slug, programme in sorted(registry.programmes.items()):
        with asides.unless_sound("opening", slug, slug):
            for later, due_at, moved in _later(registry, programme, officer, now):
                if later not in known:
                    feed.add_component(_event(registry, officer, later, due_at, moved, now, 0, cancelled=False))
    if asides.found:  # the sweep puts such rows aside for a person; an officer sees the deadlines that there are
        log.warning("calendar.lacks", officer=officer.id, reasons=sorted({item.reason for item in asides.found})[:5])
    # RFC 5545, 3.6.5: whoever reads the feed need not know when summer time begins there.
    feed.add_missing_timezones((now - BEHIND).date(), (now + 2 * AHEAD).date())
    body: bytes = feed.to_ical()
    return body


def _place(registry: Registry, officer: Officer) -> str:
    unit = registry.units.get(officer.unit)
    return unit.name if unit else officer.unit


def offices(units: Units, officer: Officer, on: date) -> set[str]:
    """List the units for which an officer answers on a day: where they sit then, and those that it took over from.

    None where nothing stands for the unit of theirs any more.
    """
    seat = units.stands_for(officer.unit, on)
    return set() if seat is None else set(units.answers_for(seat, on))


def concerns(programme: Programme, officer: Officer, agency: str, now: datetime) -> bool:
    """Tell whether what the agency owes is the officer's today: theirs, or one that it acts for."""
    today = programme.today(now)
    if programme.at_rest(today) or not officer.belongs_to(programme.slug):
        return False
    return acting(programme, officer.agency, today) == acting(programme, agency, today)


def _later(
    registry: Registry, programme: Programme, officer: Officer, now: datetime
) -> Iterator[tuple[tuple[str, ...], datetime, Shift | None]]:
    """List a programme's deadlines of the coming year, whether their period has begun or not."""
    today = programme.today(now)
    seat = registry.units.stands_for(officer.unit, today)
    if seat is None:
        return
    unit = registry.units[seat]
    for report in programme.reports:
        agencies = sorted({r.agency for r in report.reporters if concerns(programme, officer, r.agency, now)})
        for period in programme.owed_periods(report.period):
            if programme.calendar.end(period) < (now - BEHIND).date():
                continue
            if programme.calendar.end(period) > (now + AHEAD).date():
                break
            for agency in agencies:
                for owed, rule in owes(programme, unit, agency, period).reports:
                    if owed == report.slug:
                        deadline = deadline_of(programme, rule, period)
                        if deadline.due_at >= now:
                            key = (programme.slug, owed, str(period), unit.uid, agency)
                            yield key, deadline.due_at, deadline.shifted_because


def _event(
    registry: Registry,
    officer: Officer,
    key: tuple[str, ...],
    due_at: datetime,
    shift: Shift | None,
    now: datetime,
    sequence: int,
    cancelled: bool,
) -> Event:
    slug, report, period, uid, agency = key
    programme = registry.programmes[slug]
    language = programme.language_for(officer.language)
    about = _about(programme, report, period, language)
    reason = shift_text(shift, language)
    event = Event()
    event.add("uid", f"{uuid5(NAMESPACE_URL, '/'.join(key))}@kip")
    event.add("sequence", sequence)
    event.add("dtstamp", now)
    event.add("dtstart", due_at.astimezone(ZoneInfo(programme.timezone)) - timedelta(minutes=30))
    event.add("dtend", due_at.astimezone(ZoneInfo(programme.timezone)))
    short = programme.text(programme.short or programme.label, language)
    owner = seated(programme.agency_name(agency, language), registry.units[uid], language)
    event.add("summary", f"[{short}] {about}: {owner}")
    event.add("categories", [short])
    event.add("description", "\n".join(filter(None, (programme.text(programme.label, language), reason))))
    event.add("status", "CANCELLED" if cancelled else "CONFIRMED")
    if not cancelled:
        for before in _ALARMS:
            alarm = Alarm()
            alarm.add("action", "DISPLAY")
            alarm.add("description", about)
            alarm.add("trigger", before, parameters={"RELATED": "END"})
            event.add_component(alarm)
    return event


def _about(programme: Programme, report: str, period: str, language: str) -> str:
    stated = programme.report.get(report)
    label = programme.text(stated.label, language) if stated else report
    return f"{label}, {period_words(period).in_language(language)}"


def since(now: datetime) -> datetime:
    """Give the instant from which on opened obligations are listed."""
    return now - BEHIND


__all__ = ["calendar", "concerns", "offices", "since"]
