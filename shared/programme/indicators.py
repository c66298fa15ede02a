"""An indicator as a programme's file states it: what is counted, who reports it, and what it has to reach."""

from datetime import date
from enum import StrEnum
from typing import Literal, Self

from pydantic import Field, model_validator

from shared.domain.periods import PeriodKind
from shared.programme.base import Label, Model, Named, PeriodText, SharedName, Slug, UnitUid


class IndicatorReporter(Model):
    """Which agencies report an indicator at a level, and how far up the figure goes.

    `options` restricts the parts that they may report to some options of a dimension. `reach` lists the levels at which
    the figure is published; none means from its own level to the root.
    """

    level: str
    agencies: tuple[Slug, ...] = Field(min_length=1)
    options: dict[Slug, tuple[Slug, ...]] = Field(default_factory=dict)
    reach: tuple[str, ...] = ()
    since: date | None = None
    until: date | None = None


class OverTime(StrEnum):
    """What a longer period shows of the native ones."""

    STOCK = "stock"  # the last native period
    CUMULATIVE = "cumulative"  # the last one, counted since the stage began
    STATE = "state"  # the last one; a silent unit's last state is carried forward
    SUM = "sum"  # all of them added up


Per = Literal[100, 1000, 100000]  # of so many persons, or whatever is counted, a figure is given


class OwnTarget(Model):
    """A target that a unit has set for itself and for what lies below it, with the plan that says so."""

    unit: UnitUid
    value: float = Field(ge=0)
    label: Label


class Target(Model):
    """What an indicator has to reach by the end of a stage, in the indicator's unit (`per`).

    On the way a figure is held against a straight line: from the target of the stage before, from 0 where the stage
    counts anew, or from `baseline`. A target that holds is the same from the stage's first period on. `strict` where
    the plan says «dưới» (below) or «trên» (above): the value itself is not enough.
    """

    stage: Slug
    value: float = Field(ge=0)
    baseline: float | None = Field(default=None, ge=0)
    course: Literal["ramp", "hold"] = "ramp"
    strict: bool = False
    label: Label | None = None
    own: tuple[OwnTarget, ...] = ()


class Survey(Model):
    """What a survey found of an indicator that nobody reports: of the whole country, or of `unit` alone."""

    period: PeriodText
    value: float = Field(ge=0)
    source: Label
    unit: UnitUid | None = None


class SoftCheck(Model):
    """Limits that flag a figure and refuse nothing. Of `ratio_change` the form of a report alone asks."""

    denominator_change: float | None = Field(default=None, gt=0)
    ratio_change: float | None = Field(default=0.25, gt=0)
    minimum: float | None = None
    maximum: float | None = None


class Series(Named):
    """A part of a pooled indicator that is shown as a series of its own: some options of one dimension, added up."""

    dimension: Slug
    options: tuple[Slug, ...] = Field(min_length=1)


class Indicator(Named):
    """A figure that units report as numerator and denominator or as yes/no components, or that a survey finds.

    `age_max_completed_years` says up to which age the children counted go, where the programme has no such age. It is
    so many `per` 100 (per cent), 1,000 or 100,000, and `better` says which way is good. `options` narrows
    a breakdown to some of its dimension's options: `Programme.allowed` gives what an event may carry. Of a `sensitive`
    one, counts from 1 to below `least` are not shown to readers outside the reporting unit's own chain. `same_as`
    names the indicator of another programme (`<programme>/<indicator>`) that the same answer serves, as one record.
    """

    clauses: str | None = None
    objective: Slug | None = None
    period: PeriodKind
    value: Literal["ratio", "share_of_units", "survey"]
    per: Per = 100
    age_max_completed_years: int | None = Field(default=None, ge=0, le=150)
    better: Literal["higher", "lower"] = "higher"
    over_time: OverTime
    numerator: Label
    denominator: Label
    reporters: tuple[IndicatorReporter, ...] = ()
    surveys: tuple[Survey, ...] = ()
    same_as: SharedName | None = None
    sensitive: bool = False
    least: int = Field(default=5, ge=5, le=100)
    breakdowns: tuple[Slug, ...] = ()
    options: dict[Slug, tuple[Slug, ...]] = Field(default_factory=dict)
    components: tuple[Named, ...] = ()
    series: tuple[Series, ...] = ()
    targets: tuple[Target, ...] = ()
    checks: SoftCheck = SoftCheck()
    stops: Label | None = None  # why the figure ends where a reporter's `until` has passed

    @property
    def parts(self) -> tuple[str, ...]:
        """What a record of it is made of: its components, else numerator and denominator."""
        return tuple(component.slug for component in self.components) or ("numerator", "denominator")

    @model_validator(mode="after")
    def _components_fit(self) -> Self:
        if (self.value == "share_of_units") != bool(self.components):
            raise ValueError("components belong to value share_of_units, and only to it")
        if (self.value == "survey") == bool(self.reporters):
            raise ValueError("an indicator needs reporters, and one of value survey has none")
        if self.surveys and self.value != "survey":
            raise ValueError("surveys belong to value survey")
        return self
