"""Makes the figure of an indicator that nobody reports: what a survey found of the unit. Pure."""

from collections.abc import Sequence
from datetime import datetime

from services.aggregation.parts import Counters
from services.aggregation.reading.figures import Coverage, Value, identity, soft_checks
from services.aggregation.reading.subjects import Subject
from services.aggregation.reading.targets import aim_at, exact, held
from shared.domain.periods import PeriodCalendar, Span
from shared.domain.units import Unit
from shared.programme.indicators import Indicator, OverTime, Survey
from shared.programme.model import Programme


def survey_of(indicator: Indicator, calendar: PeriodCalendar, unit: Unit, asked: Span) -> Survey | None:
    """Find the unit's last survey within the asked period, of a state the last one up to its end.

    One that names no unit is the root's.
    """

    def shown(survey: Survey) -> bool:
        own = unit.parent is None if survey.unit is None else survey.unit == unit.uid
        begun = indicator.over_time is OverTime.STATE or calendar.start(survey.period) >= calendar.start(asked)
        return own and begun and calendar.end(survey.period) <= calendar.end(asked)

    return max(filter(shown, indicator.surveys), key=lambda survey: calendar.end(survey.period), default=None)


def survey_row(
    programme: Programme, subject: Subject, unit: Unit, ladder: Sequence[str], as_of: datetime
) -> dict[str, object]:
    """Make the unit's row: nothing is known but the rate, and nobody was expected to report it.

    `ladder` has the uids of the unit and of those above it, lowest first.
    """
    indicator = subject.indicator
    assert indicator is not None, "only indicators are surveyed"  # noqa: S101
    survey = survey_of(indicator, programme.calendar, unit, subject.period)
    value = survey.value if survey is not None else None
    aim = aim_at(indicator, programme, subject.coverage_period, ladder)
    return {
        **identity(programme, unit, subject.period),
        subject.field: subject.slug,
        **Value(value, None, None, indicator.per).row(),
        **Coverage(0, 0, 0).row(),
        **held(aim, exact(value) if value is not None else None),
        "reason": None if survey is not None else {"code": "not_surveyed"},
        "as_of": as_of.isoformat(),
        "approximate": False,
        "flags": soft_checks(subject, value, Counters(), None),
        "source": survey and survey.source.texts,
        "surveyed": survey and str(survey.period),
    }
