"""What a programme asks for now: the next deadline, or that it has ended. Pure."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import NamedTuple
from zoneinfo import ZoneInfo

from services.notifications.obligations.deadlines import deadline_of
from shared.domain.duties import holds
from shared.domain.periods import Period
from shared.programme.model import Programme

AHEAD = timedelta(days=400)  # a yearly report has its next deadline within them


class NextDeadline(NamedTuple):
    """The first deadline that is still to come: of a report, for a period, by the agencies of a level."""

    report: str
    period: Period
    level: str
    due_at: datetime


def next_deadline(programme: Programme, now: datetime) -> NextDeadline | None:
    """Find the next deadline of any report; None where nothing is owed any more, or not for a long time."""
    return min(_deadlines(programme, now), key=lambda item: item.due_at, default=None)


def _deadlines(programme: Programme, now: datetime) -> Iterator[NextDeadline]:
    today = programme.today(now)
    for report in programme.reports:
        for period in programme.owed_periods(report.period):
            end = programme.calendar.end(period)
            if end < today - AHEAD or end > today + AHEAD:
                continue
            for reporter in report.reporters:
                if holds(reporter, end):
                    due_at = deadline_of(programme, reporter.deadline, period).due_at
                    if due_at > now:
                        yield NextDeadline(report.slug, period, reporter.level, due_at)


def as_it_stands(programme: Programme, now: datetime) -> str:
    """Say in a few words what the programme asks for now."""
    today = programme.today(now)
    last = programme.calendar.end(programme.last_period)
    if programme.at_rest(today):
        return f"ended on {last:%d/%m/%Y}: its history can be read, nothing is owed"
    coming = next_deadline(programme, now)
    if coming is None and last >= today:
        return f"nothing is due in the next {AHEAD.days} days; its last day is {last:%d/%m/%Y}"
    if coming is None:
        return f"nothing is due any more; its last day was {last:%d/%m/%Y}"
    local = coming.due_at.astimezone(ZoneInfo(programme.timezone))
    return f"next deadline {local:%d/%m/%Y %H:%M}: {coming.report} for {coming.period}, each {coming.level}"
