"""The reports of a programme: who owes one for every period of its kind, and until when."""

from collections.abc import Mapping
from datetime import date
from typing import Annotated, Any, Literal

from pydantic import Discriminator, Field, Tag

from shared.domain.periods import PeriodKind
from shared.programme.base import Label, Model, Named, Slug


class AfterCutoff(Model):
    """Due that many working days after the period's last day."""

    after_cutoff_working_days: int = Field(ge=1, le=60)


class DayOfMonth(Model):
    """Due on a day of the period's last month, or of the one `following`; a day off moves to the next working day."""

    day_of_month: int = Field(ge=1, le=31)
    month: Literal["last", "following"] = "last"
    roll: Literal["next_working_day"] = "next_working_day"


def _due_rule(value: Any) -> str:
    """Tell which rule is meant, so that a wrong number is one error and not one for each rule.

    A rule's name here is that of no field: `shared/programme/folder.py` clears it from the place of an error.
    """
    named = "day_of_month" in value if isinstance(value, Mapping) else isinstance(value, DayOfMonth)
    return "by the month" if named else "by the cut-off"


DueRule = Annotated[
    Annotated[AfterCutoff, Tag("by the cut-off")] | Annotated[DayOfMonth, Tag("by the month")],
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
    """A report that units owe every period of its kind.

    `recipients` is its distribution list («Nơi nhận») below the addressee, as the template prints it.
    """

    period: PeriodKind
    reporters: tuple[Reporter, ...] = Field(min_length=1)
    completed_by: Literal["submission", "indicators"] = "submission"
    recipients: tuple[Label, ...] = ()
