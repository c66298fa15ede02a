"""What a message says, before it is put into words."""

from dataclasses import dataclass
from datetime import datetime

from tests.e2e.three_programmes.plans import Owed
from tests.e2e.three_programmes.times import Moved
from tests.e2e.told.officers import Officer


@dataclass(frozen=True, slots=True)
class Due:
    """A report that is due or late. `contacts`: who sits where it is owed; `requested`: it is asked for, not ordered;
    `above_told`: whether the level between was told; None where it is being told at the same time.
    """

    owed: Owed
    due: datetime
    days_late: int
    contacts: tuple[str, ...]
    requested: bool
    moved: Moved | None  # why it isn't due on the day on which it would be
    above_told: bool | None


@dataclass(frozen=True, slots=True)
class Dark:
    """Everybody below a unit who owes the report of a period is late with it."""

    unit: str
    report: str
    period: str
    agency: str
    silent: int
    expected: int
    due: datetime
    days_late: int
    contacts: tuple[str, ...]
    above_told: bool | None


@dataclass(frozen=True, slots=True)
class Arrived:
    """A late report that has come."""

    owed: Owed
    due: datetime
    at: datetime


@dataclass(frozen=True, slots=True)
class Decided:
    """An extension or a waiver by an operator, told to the unit."""

    owed: Owed
    due: datetime


@dataclass(frozen=True, slots=True)
class Changed:
    """A figure of a report that an officer has handed in, and that another sender has changed since."""

    owed: Owed
    due: datetime
    indicator: str
    before: tuple[int, int]
    now: tuple[int, int] | None
    by: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Obstacle:
    """A problem that was raised."""

    record: str
    unit: str
    agency: str
    raised_at: datetime


@dataclass(frozen=True, slots=True)
class Tally:
    """How a report of a period came in. `before`: the share on time of the period before, in per cent."""

    report: str
    period: str
    expected: int
    on_time: int
    late: int
    missing: int
    before: float | None


Line = Due | Dark | Arrived | Decided | Changed | Obstacle | Tally


@dataclass(frozen=True, slots=True)
class Section:
    """What a message says of one kind: a step's slug, or a notice's. `requested`: all of it is asked for."""

    kind: str
    lines: tuple[Line, ...]
    problems: tuple[Obstacle, ...] = ()
    requested: bool = False


@dataclass(frozen=True, slots=True)
class Message:
    """One message to an officer, their own first. `unit`: where they sit; `about`: the obligations of its steps."""

    officer: Officer
    programme: str
    unit: str
    at: datetime
    sections: tuple[Section, ...]
    about: tuple[Owed, ...] = ()

    @property
    def is_uncertain(self) -> bool:
        """Whether the level between is being told of some of it at the same instant."""
        lines = (line for section in self.sections for line in section.lines)
        return any(isinstance(line, Due | Dark) and line.above_told is None for line in lines)
