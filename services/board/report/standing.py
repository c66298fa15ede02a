"""Reads what counts of a unit's report now, as aggregation's records tell it, and fills the form with it. Pure.

A figure may have come from anybody: an app, a sheet, another programme that asks for the same, this form. It is shown
where it stands, and handed in again only where somebody changes it.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pydantic import AwareDatetime, BaseModel, ConfigDict

from services.board.report.checks import Earlier
from services.board.report.draft import FigureAnswer
from services.board.report.fields import COMPONENT, DENOMINATOR, NUMERATOR, Figure, Part
from services.board.report.typed import BY, MONEY, NO, PARTICIPANTS, YES
from shared.domain.events import Kind, Money, Split
from shared.domain.periods import period_words
from shared.programme.indicators import OverTime


class _Row(BaseModel):
    """A row of `GET /v1/records`: what it says beyond this is for others."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    programme: str
    sender: str
    id: str
    accepted_at: AwareDatetime
    officer: str | None = None


class Former(BaseModel):
    """A version of a figure that another one has taken the place of."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    numerator: int | None = None
    denominator: int | None = None
    sender: str
    id: str
    accepted_at: AwareDatetime


class Counted(_Row):
    """The figure that counts of one indicator and period, and what counted before it, the newest first."""

    indicator: str
    period: str
    numerator: int | None = None
    denominator: int | None = None
    components: dict[str, bool] | None = None
    breakdown: tuple[Split, ...] = ()
    former: tuple[Former, ...] = ()

    @property
    def key(self) -> str:
        """The key of the form's figure."""
        return f"{self.indicator}/{self.period}"


class Held(_Row):
    """An activity that counts. `officer` where it came from this form: then it can be corrected here."""

    activity: str
    record: str
    held_on: str
    domain: str | None = None
    by: dict[str, str] | None = None
    participants: dict[str, int] | None = None
    female: int | None = None
    money: tuple[Money, ...] | None = None

    @property
    def people(self) -> int:
        """How many attended."""
        return sum((self.participants or {}).values())

    @property
    def own(self) -> bool:
        """Whether it was recorded here."""
        return self.officer is not None

    @property
    def mark(self) -> str:
        """What its name ends with, which addresses name it by (`own_record`)."""
        return self.record.rpartition("/")[2]

    def typed(self) -> dict[str, str]:
        """Write it as somebody would have typed it."""
        year, month, day = self.held_on.split("-")
        by = {**(self.by or {}), **({"domain": self.domain} if self.domain else {})}
        counts = {f"{PARTICIPANTS}.{group}": str(count) for group, count in (self.participants or {}).items()}
        return {
            "activity": self.activity,
            "held_on.day": day.lstrip("0"),
            "held_on.month": month.lstrip("0"),
            "held_on.year": year,
            **{f"{BY}.{dimension}": option for dimension, option in by.items()},
            **counts,
            **({"female": str(self.female)} if self.female is not None else {}),
            **{f"{MONEY}.{item.line}": str(item.amount) for item in self.money or ()},
        }


@dataclass(frozen=True, slots=True)
class Standing:
    """What counts now: figures of the report's and of earlier periods by key, activities of the report's."""

    figures: Mapping[str, Counted]
    activities: Sequence[Held]

    def before(self, figure: Figure) -> list[Earlier]:
        """List the earlier figures that one is held against: of the period before, then of the year before."""
        found = []
        for period in dict.fromkeys((figure.period.shift(-1), figure.period.year_before)):
            known = self.figures.get(f"{figure.indicator.slug}/{period}")
            if known is not None and known.numerator is not None and known.denominator is not None:
                found.append(Earlier(period_words(str(period)), known.numerator, known.denominator))
        return found

    def counts_before(self, figure: Figure) -> Mapping[str, int]:
        """List the counts of the period before by the form's fields."""
        known = self.figures.get(f"{figure.indicator.slug}/{figure.period.shift(-1)}")
        return {} if known is None else counts_of(known)

    def state_before(self, figure: Figure) -> Mapping[str, bool]:
        """Return the components of the period before."""
        known = self.figures.get(f"{figure.indicator.slug}/{figure.period.shift(-1)}")
        return (known.components if known is not None else None) or {}


def read_standing(rows: Iterable[Mapping[str, Any]]) -> Standing:
    """Read rows of records, of several periods."""
    figures: dict[str, Counted] = {}
    activities: dict[str, Held] = {}
    for row in rows:
        if row["kind"] == Kind.INDICATOR_REPORTED:
            counted = Counted.model_validate(row)
            figures[counted.key] = counted
        elif row["kind"] == Kind.ACTIVITY_RECORDED:
            held = Held.model_validate(row)
            activities[f"{held.sender} {held.record}"] = held
    return Standing(figures, sorted(activities.values(), key=lambda held: (held.held_on, held.record)))


def counts_of(known: Counted) -> Mapping[str, int]:
    """List a figure's counts by the form's fields, those of its simple parts too."""
    found = {name: count for name in (NUMERATOR, DENOMINATOR) if (count := getattr(known, name)) is not None}
    for split in known.breakdown:
        if len(split.by) == 1:
            part = Part(*next(iter(split.by.items())), "")
            found |= {part.numerator: split.numerator, part.denominator: split.denominator}
    return found


def prefilled(figure: Figure, standing: Standing) -> FigureAnswer:
    """Fill in what is known: the figure that counts; else the denominator of the period before."""
    counted = standing.figures.get(figure.key)
    if counted is None:
        return FigureAnswer(typed=_from_before(figure, standing))
    if figure.components:
        states = counted.components or {}
        return FigureAnswer(typed={f"{COMPONENT}.{slug}": YES if state else NO for slug, state in states.items()})
    typed = {field: str(count) for field, count in counts_of(counted).items() if field in figure.fields}
    asked = {(part.dimension, part.option) for part in figure.parts}
    kept = (split for split in counted.breakdown if len(split.by) > 1 or not asked.issuperset(split.by.items()))
    return FigureAnswer(typed=typed, kept=tuple(kept))


def _from_before(figure: Figure, standing: Standing) -> dict[str, str]:
    if figure.components or figure.indicator.over_time is OverTime.SUM:
        return {}
    known = standing.figures.get(f"{figure.indicator.slug}/{figure.period.shift(-1)}")
    return {} if known is None or known.denominator is None else {DENOMINATOR: str(known.denominator)}
