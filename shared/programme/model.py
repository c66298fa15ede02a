"""A programme as data: what is reported, by whom, until when, in which words. Nothing in the code knows of any one.

The models below are the file format of `programmes/<slug>/programme.yaml`; `shared/programme/folder.py` reads it.
"""

import re
from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from enum import StrEnum
from functools import cached_property
from typing import Literal
from zoneinfo import ZoneInfo

from pydantic import Field

from shared.domain.periods import Period, PeriodCalendar, PeriodKind
from shared.programme.base import LANGUAGES, Label, Language, Model, Named, PeriodText, Slug, Sourced
from shared.programme.indicators import Indicator
from shared.programme.reports import Report
from shared.programme.senders import Dhis2Names, Form


class Dimension(Named):
    """A breakdown: its options are the only values that an event may carry.

    The options of an `exclusive` one add up to the whole (sex); those of another overlap (one child is served in
    several domains). An activity event's field `domain` is an option of the dimension with the slug `domain`.
    """

    options: tuple[Named, ...] = Field(min_length=1)
    exclusive: bool = True


class Stage(Named):
    """A range of years with targets of its own. Cumulative indicators start again at `first`."""

    first: PeriodText
    last: PeriodText


class AgencyRole(StrEnum):
    """What an agency is to the programme: one leads it, others lead in their own field.

    A `requested` one is asked, not ordered: its steps never escalate.
    """

    DIRECTS = "directs"
    LEADS = "leads"
    LEADS_FIELD = "leads-field"
    IMPLEMENTS = "implements"
    COORDINATES = "coordinates"
    SUPPORTS = "supports"
    REQUESTED = "requested"


class Agency(Sourced):
    """An agency and the level of the unit that it sits at.

    `domains` are those that it leads. After `until` its `successor` acts for it, also where others report to it.
    """

    level: str
    role: AgencyRole
    reports_to: tuple[Slug, ...] = ()
    duties: tuple[Label, ...] = ()
    domains: tuple[Slug, ...] = ()
    until: date | None = None
    successor: Slug | None = None


class LeftOut(Sourced):
    """Something that the plan asks for and that isn't measured here, and why."""

    reason: Label


class FollowUp(Model):
    """What has to come so many months after an activity: a record of the same type with the options `until`.

    `after` are the options of the record that it counts from: a pilot model is evaluated 36 months after its start.
    """

    after: dict[Slug, Slug] = Field(min_length=1, max_length=1)
    until: dict[Slug, Slug] = Field(min_length=1, max_length=1)
    months: int = Field(ge=1, le=120)


class TaskGroup(Sourced):
    """A group of tasks of the plan."""


class Activity(Sourced):
    """A type of activity that an event can record, at the levels that hold it; `options` as with an indicator."""

    task: Slug | None = None
    levels: tuple[str, ...] = Field(min_length=1)
    breakdowns: tuple[Slug, ...] = ()
    options: dict[Slug, tuple[Slug, ...]] = Field(default_factory=dict)
    follow_up: FollowUp | None = None


class Measure(Named):
    """An output figure counted from activity events: nothing is reported for it.

    `records` counts events, `participants` attendances (of `groups`, or all), `money` dong (of `lines`, or all),
    `units` the units with at least one event in the period (a share of the units in force at `unit_levels`),
    `timeliness` reports on time of reports due, `followed_up` the follow-ups that have come of all that were due by the
    period's end. `by` restricts to one option of a dimension; `ratio_to` names the measure that this one is divided by.
    `anchor` quotes the plan's words that imply the figure.
    """

    counts: Literal["records", "participants", "money", "units", "timeliness", "followed_up"]
    activities: tuple[Slug, ...] = ()
    groups: tuple[Slug, ...] = ()
    lines: tuple[Slug, ...] = ()
    by: dict[Slug, Slug] = Field(default_factory=dict)
    unit_levels: tuple[str, ...] = ()
    breakdowns: tuple[Slug, ...] = ()
    ratio_to: Slug | None = None
    anchor: str


class WorkingHours(Model):
    """When a message may be handed over, on working days."""

    start: time
    end: time


class Step(Named):
    """One step of the escalation.

    `working_days` counts from the deadline's day (negative: before); the message goes out at the start of that day's
    working hours. `to` is how many levels up the addressee sits (0 the unit itself). A step repeats every
    `repeat_working_days` until `at_most` were sent. `template` names the text in `messages/<language>/`.
    """

    working_days: int = Field(ge=-30, le=60)
    to: int = Field(ge=0, le=4)
    repeat_working_days: int | None = Field(default=None, ge=1)
    at_most: int = Field(default=1, ge=1, le=20)
    optional: bool = False
    template: Slug

    @property
    def reminds(self) -> bool:
        """Whether it reminds of a deadline that is still to come; any other accuses."""
        return self.working_days <= 0


COUNTRY = re.compile(r"[A-Z]{2}", re.ASCII)


class Holidays(Model):
    """Public holidays: a country of the `holidays` package. What that misses is one file for all programmes."""

    country: str = Field(pattern=rf"^{COUNTRY.pattern}$")


class CalendarDay(Model):
    """A day of a country's calendar that the package `holidays` doesn't know, with the instrument that ordered it."""

    date: date
    kind: Literal["off", "work"]
    instrument: str


WIND_UP_DAYS = 92  # after a programme's last day: its last reports come in late, then it is at rest


class Programme(Named):
    """One programme, whole and consistent: `shared/programme/folder.py` has checked every cross-reference."""

    languages: tuple[Language, ...] = Field(default=LANGUAGES, min_length=1)  # the first for who reads none of them
    short: Label | None = None  # what it is called in a subject, a text message or a calendar: «Đề án 1437»
    how_to_report: Label | None = None  # one line in letters that ask for a report: «qua ứng dụng hoặc tệp biểu mẫu»
    legal_basis: tuple[Label, ...]
    notes: tuple[Label, ...] = ()
    timezone: str
    cutoff_day: int | None = Field(ge=1, le=28)
    due_time: time
    first_period: PeriodText
    last_period: PeriodText
    holidays: Holidays
    working_hours: WorkingHours
    age_max_completed_years: int | None = None
    stages: tuple[Stage, ...]
    participant_groups: tuple[Named, ...]
    dimensions: tuple[Dimension, ...]
    agencies: tuple[Agency, ...]
    funding_lines: tuple[Sourced, ...]
    objectives: tuple[Sourced, ...] = ()
    left_out: tuple[LeftOut, ...] = ()
    tasks: tuple[TaskGroup, ...]
    activities: tuple[Activity, ...]
    indicators: tuple[Indicator, ...]
    measures: tuple[Measure, ...]
    reports: tuple[Report, ...] = Field(min_length=1)  # who has reported is what every figure's coverage counts
    escalation: tuple[Step, ...]
    dhis2: Dhis2Names = Dhis2Names()
    forms: tuple[Form, ...] = ()
    summary_levels: tuple[str, ...] = ()  # whose lead agencies get a summary on each month's first working morning
    calendar_overrides: tuple[CalendarDay, ...] = ()
    messages: dict[str, dict[str, str]] = Field(default_factory=dict)

    def language_for(self, wanted: str) -> str:
        """Choose the language that a reader wants, or the programme's first where it isn't written in that one."""
        return wanted if wanted in self.languages else self.languages[0]

    def text(self, label: Label, wanted: str) -> str:
        """Write a label in the language that a reader wants, or in the programme's first."""
        return label.texts[self.language_for(wanted)]

    def agency_name(self, slug: str, wanted: str) -> str:
        """Name an agency likewise; one that the programme doesn't know by its slug."""
        known = self.agency.get(slug)
        return slug if known is None else self.text(known.label, wanted)

    @cached_property
    def calendar(self) -> PeriodCalendar:
        """Its periods' dates."""
        return PeriodCalendar(self.cutoff_day)

    @cached_property
    def indicator(self) -> dict[str, Indicator]:
        """Indicators by slug."""
        return {item.slug: item for item in self.indicators}

    @cached_property
    def sharing(self) -> tuple[Indicator, ...]:
        """The indicators that share their answers with another programme's."""
        return tuple(item for item in self.indicators if item.same_as is not None)

    @cached_property
    def activity(self) -> dict[str, Activity]:
        """Activity types by slug."""
        return {item.slug: item for item in self.activities}

    @cached_property
    def report(self) -> dict[str, Report]:
        """Reports by slug."""
        return {item.slug: item for item in self.reports}

    @cached_property
    def agency(self) -> dict[str, Agency]:
        """Agencies by slug."""
        return {item.slug: item for item in self.agencies}

    @cached_property
    def options(self) -> dict[str, frozenset[str]]:
        """The option slugs of each dimension."""
        return {item.slug: frozenset(option.slug for option in item.options) for item in self.dimensions}

    @cached_property
    def groups(self) -> frozenset[str]:
        """The slugs of the participant groups."""
        return frozenset(item.slug for item in self.participant_groups)

    @cached_property
    def lines(self) -> frozenset[str]:
        """The slugs of the funding lines."""
        return frozenset(item.slug for item in self.funding_lines)

    def allowed(self, item: Indicator | Activity) -> dict[str, frozenset[str]]:
        """Return, by dimension, the options that an event of this indicator or activity may carry."""
        return self._allowed[type(item), item.slug]

    @cached_property
    def _allowed(self) -> dict[tuple[type, str], dict[str, frozenset[str]]]:
        items: tuple[Indicator | Activity, ...] = (*self.indicators, *self.activities)
        return {
            (type(item), item.slug): {
                slug: frozenset(item.options.get(slug, self.options.get(slug, ()))) for slug in item.breakdowns
            }
            for item in items
        }

    @cached_property
    def agencies_at(self) -> dict[str, frozenset[str]]:
        """The slugs of the agencies of each level."""
        levels = {item.level for item in self.agencies}
        return {level: frozenset(item.slug for item in self.agencies if item.level == level) for level in levels}

    def acting(self, agency: str, on: date) -> str:
        """Return the slug of the agency itself or, after its end, of the one that acts for it on that day."""
        known = self.agency[agency]
        while known.until is not None and known.until < on and known.successor is not None:
            known = self.agency[known.successor]
        return known.slug

    def lead(self, on: date) -> str | None:
        """Return the slug of the agency that leads the programme on that day: problems are told to it."""
        return next((self.acting(item.slug, on) for item in self.agencies if item.role is AgencyRole.LEADS), None)

    def in_charge_of(self, domain: str, on: date) -> tuple[str, ...]:
        """Return the slugs of the agencies that lead the field on that day."""
        return tuple(dict.fromkeys(self.acting(item.slug, on) for item in self.agencies if domain in item.domains))

    @cached_property
    def accepted_days(self) -> tuple[date, date]:
        """The first and the last day of the time for which it takes anything: from its first stage on."""
        return self.calendar.start(self.stages[0].first), self.calendar.end(self.last_period)

    @cached_property
    def owed_days(self) -> tuple[date, date]:
        """The first and the last day of the time for which something is owed."""
        return self.calendar.start(self.first_period), self.calendar.end(self.last_period)

    def accepts(self, period: Period) -> bool:
        """Tell whether the period belongs to the programme's time, from its first stage on."""
        return self.calendar.belongs(period, *self.accepted_days)

    def accepts_day(self, day: date) -> bool:
        """Tell whether an activity of that day lies in the programme's time."""
        first, last = self.accepted_days
        return first <= day <= last

    def is_owed(self, period: Period) -> bool:
        """Tell whether the period belongs to the time for which something is owed."""
        return self.calendar.belongs(period, *self.owed_days)

    def first_accepted(self, kind: PeriodKind) -> Period:
        """Return the first period of a kind that it accepts."""
        period = self.calendar.containing(self.accepted_days[0], kind)
        return period if self.accepts(period) else period.shift(1)

    @cached_property
    def heard_days(self) -> tuple[date, date]:
        """The first and the last day on which anybody is told of anything: for a while after its end its last reports
        come in.
        """
        first, last = self.accepted_days
        return first, last + timedelta(days=WIND_UP_DAYS)

    def today(self, now: datetime) -> date:
        """Give the day that it is then where the programme runs."""
        return now.astimezone(ZoneInfo(self.timezone)).date()

    def at_rest(self, day: date) -> bool:
        """Tell whether the programme has ended long enough ago that nobody is asked for anything any more."""
        return self.heard_days[1] < day

    def owed_periods(self, kind: PeriodKind) -> Iterator[Period]:
        """List every period of a kind that is owed, in order."""
        period = self.calendar.containing(self.owed_days[0], kind)
        if not self.is_owed(period):
            period = period.shift(1)
        while self.is_owed(period):
            yield period
            period = period.shift(1)
