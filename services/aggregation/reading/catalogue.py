"""What a programme holds, for people: its aims, targets, tasks, duties and deadlines in both languages. Pure.

It is what the programme's file says, less what belongs to senders, officers and messages, and with its rules in words.
"""

from datetime import date, time

from shared.programme.base import Label, Language, Model, Named, PeriodText, Sourced
from shared.programme.indicators import Indicator
from shared.programme.model import (
    Activity,
    Agency,
    Dimension,
    Holidays,
    LeftOut,
    Measure,
    Programme,
    Stage,
    TaskGroup,
    WorkingHours,
)
from shared.programme.reports import Report, Reporter
from shared.programme.rule_words import age_words, due_words
from shared.wording.words import Words


class Age(Model):
    """Up to which age children belong to it, in completed years, and what that means."""

    completed_years: int
    meaning: Label


class Scope(Model):
    """For which time, at which levels and up to which age the programme holds. Both days are inclusive."""

    first_period: PeriodText
    last_period: PeriodText
    owed_from: date
    last_day: date
    levels: tuple[str, ...]
    age: Age | None = None


class DueReporter(Reporter):
    """Who owes a report, with the deadline in words too."""

    due: Label


class DueReport(Report):
    """A report with its deadlines in words."""

    reporters: tuple[DueReporter, ...]


class IndicatorOfAge(Indicator):
    """An indicator with the age of the children that it counts in words."""

    age: Age | None = None


class ProgrammeEntry(Named):
    """A programme in the list of them."""

    scope: Scope


class Catalogue(ProgrammeEntry):
    """All that people have to know of a programme, and all that a form needs which asks for its reports."""

    languages: tuple[Language, ...]
    short: Label | None = None
    how_to_report: Label | None = None
    timezone: str
    cutoff_day: int | None
    due_time: time
    working_hours: WorkingHours
    holidays: Holidays
    legal_basis: tuple[Label, ...]
    notes: tuple[Label, ...]
    stages: tuple[Stage, ...]
    objectives: tuple[Sourced, ...]
    indicators: tuple[IndicatorOfAge, ...]
    left_out: tuple[LeftOut, ...]
    tasks: tuple[TaskGroup, ...]
    activities: tuple[Activity, ...]
    measures: tuple[Measure, ...]
    agencies: tuple[Agency, ...]
    reports: tuple[DueReport, ...]
    dimensions: tuple[Dimension, ...]
    participant_groups: tuple[Named, ...]
    funding_lines: tuple[Sourced, ...]


def entry_of(programme: Programme) -> ProgrammeEntry:
    """Make a programme's line in the list."""
    return ProgrammeEntry(slug=programme.slug, label=programme.label, scope=_scope(programme))


def catalogue_of(programme: Programme) -> Catalogue:
    """Make a programme's catalogue."""
    same = Catalogue.model_fields.keys() - {"scope", "indicators", "reports"}
    return Catalogue(
        scope=_scope(programme),
        indicators=tuple(map(_with_age, programme.indicators)),
        reports=tuple(_with_deadlines(programme, report) for report in programme.reports),
        **{name: getattr(programme, name) for name in same},
    )


def _scope(programme: Programme) -> Scope:
    calendar = programme.calendar
    held = [level for activity in programme.activities for level in activity.levels]
    owed = [reporter.level for report in programme.reports for reporter in report.reporters]
    reported = [reporter.level for indicator in programme.indicators for reporter in indicator.reporters]
    return Scope(
        first_period=programme.first_period,
        last_period=programme.last_period,
        owed_from=calendar.start(programme.first_period),
        last_day=calendar.end(programme.last_period),
        levels=tuple(dict.fromkeys((*owed, *reported, *held))),
        age=_age(programme.age_max_completed_years),
    )


def _age(years: int | None) -> Age | None:
    return None if years is None else Age(completed_years=years, meaning=_label(age_words(years)))


def _with_age(indicator: Indicator) -> IndicatorOfAge:
    return IndicatorOfAge(**{**dict(indicator), "age": _age(indicator.age_max_completed_years)})


def _with_deadlines(programme: Programme, report: Report) -> DueReport:
    said = [
        DueReporter(**dict(reporter), due=_label(due_words(reporter.deadline, programme.due_time)))
        for reporter in report.reporters
    ]
    return DueReport(**{**dict(report), "reporters": tuple(said)})


def _label(words: Words) -> Label:
    return Label(vi=words.vi, en=words.en)
