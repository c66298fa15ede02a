"""A programme as data: what is reported, by whom, until when, in which words. Nothing in the code knows of any one.

The models below are the file format of `programmes/<slug>/programme.yaml`; `shared/programme/folder.py` reads it.
"""

from collections.abc import Iterator, Mapping
from datetime import date, time
from enum import StrEnum
from functools import cached_property
from typing import Annotated, Any, Literal, Self

from pydantic import Discriminator, Field, Tag, model_validator

from shared.domain.periods import Period, PeriodCalendar, PeriodKind
from shared.programme.base import Label, Model, Named, PeriodText, Slug, Sourced
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


class AfterCutoff(Model):
    """Due that many working days after the period's last day."""

    after_cutoff_working_days: int = Field(ge=1, le=60)


class DayOfMonth(Model):
    """Due on a day of the period's last month; a day off moves to the next working day."""

    day_of_month: int = Field(ge=1, le=31)
    roll: Literal["next_working_day"] = "next_working_day"


def _due_rule(value: Any) -> str:
    """Tell which rule is meant, so that a wrong number is one error and not one for each rule."""
    named = "day_of_month" in value if isinstance(value, Mapping) else isinstance(value, DayOfMonth)
    return "day_of_month" if named else "after_cutoff_working_days"


DueRule = Annotated[
    Annotated[AfterCutoff, Tag("after_cutoff_working_days")] | Annotated[DayOfMonth, Tag("day_of_month")],
    Discriminator(_due_rule),
]


class Reporter(Model):
    """Who owes a report: one agency at every unit of a level, with its deadline.

    It holds for periods that end from `since` to `until` (inclusive), and starts with the programme's `first_period`.
    """

    level: str
    agency: Slug
    deadline: DueRule
    since: date | None = None
    until: date | None = None


class Report(Named):
    """A report that units owe every period of its kind."""

    period: PeriodKind
    reporters: tuple[Reporter, ...] = Field(min_length=1)
    completed_by: Literal["submission", "indicators"] = "submission"


class IndicatorReporter(Model):
    """Which agencies report an indicator at a level, and how far up the figure goes.

    `groups` restricts what they may report to some options of the dimension `group`. `reach` lists the levels at which
    the figure is published; none means from its own level to the root.
    """

    level: str
    agencies: tuple[Slug, ...] = Field(min_length=1)
    groups: tuple[Slug, ...] = ()
    reach: tuple[str, ...] = ()
    since: date | None = None
    until: date | None = None


class OverTime(StrEnum):
    """What a longer period shows of the native ones."""

    STOCK = "stock"  # the last native period
    CUMULATIVE = "cumulative"  # the last one, counted since the stage began
    STATE = "state"  # the last one; a silent unit's last state is carried forward
    SUM = "sum"  # all of them added up


class Target(Model):
    """The percentage to reach by the end of a stage."""

    stage: Slug
    percent: float = Field(ge=0, le=100)
    label: Label | None = None


class SoftCheck(Model):
    """Limits that flag a figure and refuse nothing."""

    denominator_change: float | None = Field(default=None, gt=0)
    minimum: float | None = None
    maximum: float | None = None


class Series(Named):
    """A part of a pooled indicator that is shown as a series of its own: some options of one dimension, added up."""

    dimension: Slug
    options: tuple[Slug, ...] = Field(min_length=1)


class Indicator(Named):
    """A figure that units report as numerator and denominator, or as yes/no components.

    `options` narrows a breakdown to some of its dimension's options: `Programme.allowed` gives what an event may carry.
    """

    period: PeriodKind
    value: Literal["ratio", "share_of_units"]
    over_time: OverTime
    numerator: Label
    denominator: Label
    reporters: tuple[IndicatorReporter, ...] = Field(min_length=1)
    breakdowns: tuple[Slug, ...] = ()
    options: dict[Slug, tuple[Slug, ...]] = Field(default_factory=dict)
    components: tuple[Named, ...] = ()
    series: tuple[Series, ...] = ()
    targets: tuple[Target, ...] = ()
    baseline_percent: float | None = None
    checks: SoftCheck = SoftCheck()
    stops: Label | None = None  # why the figure ends where a reporter's `until` has passed

    @model_validator(mode="after")
    def _components_fit(self) -> Self:
        if (self.value == "share_of_units") != bool(self.components):
            raise ValueError("components belong to value share_of_units, and only to it")
        return self


class TaskGroup(Sourced):
    """A group of tasks of the plan."""


class Activity(Sourced):
    """A type of activity that an event can record, at the levels that hold it; `options` as with an indicator."""

    task: Slug | None = None
    levels: tuple[str, ...] = Field(min_length=1)
    breakdowns: tuple[Slug, ...] = ()
    options: dict[Slug, tuple[Slug, ...]] = Field(default_factory=dict)


class Measure(Named):
    """An output figure counted from activity events: nothing is reported for it.

    `records` counts events, `participants` attendances (of `groups`, or all), `money` dong (of `lines`, or all),
    `units` the units with at least one event in the period (a share of the units in force at `unit_levels`),
    `timeliness` reports on time of reports due. `by` restricts to one option of a dimension; `ratio_to` names the
    measure that this one is divided by. `anchor` quotes the plan's words that imply the figure.
    """

    counts: Literal["records", "participants", "money", "units", "timeliness"]
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


class Holidays(Model):
    """Public holidays: a country of the `holidays` package, and this folder's own CSV of swaps that it misses."""

    country: str = Field(pattern=r"^[A-Z]{2}$")
    overrides: str | None = None


class CalendarDay(Model):
    """One override of the holiday calendar, with the instrument that ordered it."""

    date: date
    kind: Literal["off", "work"]
    instrument: str


class Programme(Named):
    """One programme, whole and consistent: `shared/programme/folder.py` has checked every cross-reference."""

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
    tasks: tuple[TaskGroup, ...]
    activities: tuple[Activity, ...]
    indicators: tuple[Indicator, ...]
    measures: tuple[Measure, ...]
    reports: tuple[Report, ...]
    escalation: tuple[Step, ...]
    dhis2: Dhis2Names = Dhis2Names()
    forms: tuple[Form, ...] = ()
    summary_levels: tuple[str, ...] = ()  # whose lead agencies get a summary on each month's first working morning
    calendar_overrides: tuple[CalendarDay, ...] = ()
    messages: dict[str, dict[str, str]] = Field(default_factory=dict)

    @cached_property
    def calendar(self) -> PeriodCalendar:
        """Its periods' dates."""
        return PeriodCalendar(self.cutoff_day)

    @cached_property
    def indicator(self) -> dict[str, Indicator]:
        """Indicators by slug."""
        return {item.slug: item for item in self.indicators}

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

    def reporting_line(self, agency: str, on: date) -> tuple[str, ...]:
        """Return the slugs of the agencies that this one reports to on that day.

        One that has taken over the agency that it reported to reports where that one did.
        """
        line: dict[str, None] = {}
        for named in self.agency[agency].reports_to:
            if self.acting(named, on) != agency:
                line[self.acting(named, on)] = None
            else:
                line.update((self.acting(above, on), None) for above in self.agency[named].reports_to)
        return tuple(line)

    def accepts(self, period: Period) -> bool:
        """Tell whether the period lies in the programme's time (a longer period: its last month does)."""
        first, last = self._months
        return first <= period.first_month and period.last_month <= last

    @cached_property
    def _months(self) -> tuple[int, int]:
        return self.stages[0].first.first_month, self.last_period.last_month

    def owed_periods(self, kind: PeriodKind) -> Iterator[Period]:
        """List every period of a kind that is owed, in order."""
        period = Period(kind, -(-self.first_period.first_month // kind.months))
        while period.last_month <= self.last_period.last_month:
            yield period
            period = period.shift(1)
