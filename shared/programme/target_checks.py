"""Checks what a programme says of its targets and surveys. Pure."""

from collections.abc import Iterator
from typing import Any, get_args

from shared.programme.indicators import Indicator, OverTime, Per, Survey
from shared.programme.model import Programme
from shared.programme.problems import Place, values_at

Fault = tuple[Place, str]
_SHARES = ("targets.*.value", "targets.*.baseline", "targets.*.own.*.value", "surveys.*.value")  # none above `per`


def excesses(raw: Any) -> Iterator[Fault]:
    """Find targets and surveyed figures that are more than the whole, in the file's raw values: they are named also
    where another part of the file is malformed.
    """
    for place, indicator in values_at(raw, "indicators.*"):
        per: Any = indicator.get("per", 100) if isinstance(indicator, dict) else None
        if per not in get_args(Per):
            continue  # the models say so
        for where, value in (found for pattern in _SHARES for found in values_at(indicator, pattern)):
            share = _number(value)
            if share is not None and share > per:
                yield (*place, *where), f"{share:g} is more than {per:,} of {per:,}"


def _number(value: Any) -> float | None:
    """Read a number as the models do, a quoted one too; None for what they refuse."""
    try:
        return float(value)
    except (TypeError, ValueError, OverflowError):
        return None


def target_faults(programme: Programme, indicator: Indicator, place: Place) -> Iterator[Fault]:
    """Find every (place, reason) in an indicator's targets."""
    stages = [stage.slug for stage in programme.stages]
    with_target = {target.stage for target in indicator.targets}
    first = next((slug for slug in stages if slug in with_target), None)
    for i, target in enumerate(indicator.targets):
        here = (*place, "targets", i)
        if any(target.stage == other.stage for other in indicator.targets[:i]):
            yield (*here, "stage"), f"stage {target.stage!r} has a target already"
        if target.course == "hold" and target.baseline is not None:
            yield (*here, "baseline"), "a target that holds is the same from the stage's first period on"
        falls = indicator.better == "lower" and indicator.over_time is not OverTime.CUMULATIVE
        if falls and target.stage == first and target.course == "ramp" and target.baseline is None:
            yield (*here, "baseline"), "missing: from which value does the figure have to fall? Else `course: hold`"
        units = [own.unit for own in target.own]
        for k, own in enumerate(target.own):
            if own.unit in units[:k]:
                yield (*here, "own", k, "unit"), f"{own.unit!r} has a target of its own already"


def survey_faults(indicator: Indicator, place: Place) -> Iterator[Fault]:
    """Find every (place, reason) in what surveys found of an indicator."""
    if indicator.value != "survey":
        return
    if indicator.over_time not in (OverTime.STOCK, OverTime.STATE):
        reason = "a survey's figure is a stock (of its own period) or a state (which holds until the next survey)"
        yield (*place, "over_time"), reason
    if indicator.breakdowns:
        yield (*place, "breakdowns"), "belong to what is reported; a survey has one value"
    for i, survey in enumerate(indicator.surveys):
        here = (*place, "surveys", i)
        if survey.period.kind is not indicator.period:
            yield (*here, "period"), f"{survey.period} is no {indicator.period}, the indicator's period"
        if any(_same(survey, other) for other in indicator.surveys[:i]):
            yield (*here, "period"), f"{survey.period} of {survey.unit or 'the root'} stands here already"


def _same(survey: Survey, other: Survey) -> bool:
    return (survey.period, survey.unit) == (other.period, other.unit)
