"""Holds a figure against its target: which one applies, the line that leads to it, how much of it is reached. Pure.

All of it is exact arithmetic: a figure that lies on the line must not fall off it by a rounding.
"""

from collections.abc import Sequence
from datetime import date
from fractions import Fraction
from typing import NamedTuple

from shared.domain.periods import Period, PeriodKind
from shared.programme.indicators import Indicator, OverTime, Target
from shared.programme.model import Programme


class Aim(NamedTuple):
    """What a figure of one unit is held against: the target of its stage, whose it is, and where the line stands.

    `target_of` is the uid of the unit that set it for itself; None where it is the programme's.
    """

    target: float
    target_of: str | None
    line: Fraction
    lower: bool
    strict: bool

    def on_track(self, value: Fraction) -> bool:
        """Whether the value is as good as the line; where the plan says «dưới» or «trên», better."""
        if value == self.line:
            return not self.strict
        return (value < self.line) is self.lower

    def attainment(self, value: Fraction) -> float | None:
        """How much of the target is reached, in per cent: from 100 on exactly where the value is as good as it.

        Value ÷ target, of one that falls target ÷ value; None where that divides by 0.
        """
        goal = exact(self.target)
        over, under = (goal, value) if self.lower else (value, goal)
        return round(float(100 * over / under), 4) if under else None


def aim_at(indicator: Indicator, programme: Programme, period: Period, ladder: Sequence[str]) -> Aim | None:
    """Find what a figure of the period is held against, by the stage that the period's end lies in; None in a stage
    without a target, and outside all stages.

    `ladder` has the uids of the figure's unit and of those above it, lowest first: the first with a target of its own
    has the say. The line goes by months: a week stands where its month does.
    """
    targets = {target.stage: target for target in indicator.targets}
    month = _month(programme, programme.calendar.end(period))
    former: Target | None = None
    for stage in programme.stages:
        target = targets.get(stage.slug)
        first = _month(programme, programme.calendar.start(stage.first))
        last = _month(programme, programme.calendar.end(stage.last))
        if month <= last:
            if target is None or month < first:
                return None
            value, of = _goal(target, ladder)
            start = _start(indicator, target, former, ladder)
            way = Fraction(1) if target.course == "hold" else Fraction(month - first + 1, last - first + 1)
            line = start + (exact(value) - start) * way
            return Aim(value, of, line, indicator.better == "lower", target.strict)
        former = target or former
    return None


def held(aim: Aim | None, value: Fraction | None) -> dict[str, object]:
    """Say how a figure stands to its target, as it stands in every figure."""
    return {
        "target": aim and aim.target,
        "target_of": aim and aim.target_of,
        "on_track": aim.on_track(value) if aim is not None and value is not None else None,
        "attainment": aim.attainment(value) if aim is not None and value is not None else None,
    }


def _month(programme: Programme, day: date) -> int:
    return programme.calendar.containing(day, PeriodKind.MONTH).ordinal


def _goal(target: Target, ladder: Sequence[str]) -> tuple[float, str | None]:
    """Pick the target's value for a unit, and the uid of the unit that set it."""
    own = {item.unit: item.value for item in target.own}
    return next(((own[uid], uid) for uid in ladder if uid in own), (target.value, None))


def _start(indicator: Indicator, target: Target, former: Target | None, ladder: Sequence[str]) -> Fraction:
    """Find where the line begins: a figure that counts anew with its stage begins at 0 again."""
    if target.baseline is not None:
        return exact(target.baseline)
    if former is None or indicator.over_time is OverTime.CUMULATIVE:
        return Fraction(0)
    return exact(_goal(former, ladder)[0])


def exact(number: float) -> Fraction:
    """Take a number as it was written in the programme: 9.5, not the nearest double."""
    return Fraction(repr(number))
