"""What the board asks notifications about obligations, and the acts of officers about them. Typed answers."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from urllib.parse import quote
from uuid import UUID

from pydantic import BaseModel

from services.board.upstream.client import Answered, Upstream, read
from services.board.upstream.officers import SERVICE, OfficerShown
from shared.domain.events import FigureSaid

Headers = Mapping[str, str]
# What notifications takes: obligations in one acknowledgement, and until when. So long a mail program's button pauses.
MOST_AT_ONCE, LONGEST_PAUSE = 500, timedelta(days=31)


class ObligationShown(BaseModel):
    """An obligation as it stands, with its labels in the language that was asked for."""

    id: str
    programme: str
    unit: str
    agency: str
    report: str
    period: str
    due_at: datetime
    state: str
    met_at: datetime | None
    reason: str | None = None
    programme_name: str
    programme_short: str
    report_name: str
    period_name: str
    owner_name: str


class FigureChangeShown(BaseModel):
    """A figure as it was handed in and as it counts now (None: withdrawn), by which sender it was changed and when."""

    indicator: str
    before: FigureSaid
    now: FigureSaid | None
    by: str
    at: datetime
    indicator_name: str
    period: str
    period_name: str


class ChangedShown(ObligationShown):
    """A report of which figures were changed after it was handed in."""

    figures: list[FigureChangeShown]


class ProblemShown(BaseModel):
    """An obstacle that a unit has raised."""

    id: int
    programme: str
    unit: str
    agency: str
    state: str
    text: str | None
    raised_at: datetime | None
    owner_name: str


class NamedShown(BaseModel):
    """What a message named, beside its obligations."""

    problems: list[ProblemShown]


class Acknowledged(BaseModel):
    """What an officer has acknowledged until when; without an obligation all of the programme."""

    programme: str
    obligation: str | None
    until: datetime
    reminders_only: bool = False
    programme_short: str
    report_name: str | None = None
    period_name: str | None = None
    owner_name: str | None = None


class DeskShown(BaseModel):
    """What an officer owes and what they owe no more, what is late below them, what others have changed of what they
    handed in, obstacles, what they have acknowledged; `more`: which are cut.
    """

    owed: list[ObligationShown]
    settled: list[ObligationShown] = []  # none of a notifications that is older than this board
    late_below: list[ObligationShown]
    changed: list[ChangedShown]
    problems: list[ProblemShown]
    acknowledged: list[Acknowledged]
    more: list[str]
    calendar: str
    clock: datetime
    officer: OfficerShown


class Done(BaseModel):
    """An act was done."""


@dataclass(frozen=True, slots=True)
class Obligations:
    """The questions and acts. Each raises AwayError and RefusedError; `acting` are the headers of who acts."""

    upstream: Upstream

    async def one(self, name: str, headers: Headers, language: str) -> ObligationShown:
        """Ask how an obligation stands."""
        answered = await self.upstream.get(SERVICE, _path(name), {"labels": language}, headers)
        return read(answered, ObligationShown)

    async def named(self, ref: str, message: UUID, headers: Headers, language: str) -> NamedShown:
        """Ask what a message named to an officer."""
        path = f"/v1/officers/{quote(ref, safe='')}/messages/{message}"
        return read(await self.upstream.get(SERVICE, path, {"labels": language}, headers), NamedShown)

    async def desk(self, ref: str, headers: Headers, language: str) -> DeskShown:
        """Ask for an officer's desk."""
        path = f"/v1/officers/{quote(ref, safe='')}/desk"
        return read(await self.upstream.get(SERVICE, path, {"labels": language}, headers), DeskShown)

    async def extend(self, name: str, until: str, reason: str, acting: Headers) -> None:
        """Give an obligation a later deadline."""
        await self._decide(name, "extend", {"until": until, "reason": reason}, acting)

    async def waive(self, name: str, reason: str, acting: Headers) -> None:
        """Expect an obligation no more."""
        await self._decide(name, "waive", {"reason": reason}, acting)

    async def acknowledge(self, ref: str, programme: str, names: Sequence[str], until: str, acting: Headers) -> None:
        """Be told no more of these, or where none is named of all of the programme, until the morning of a day."""
        for some in _parts(names):
            body = {"programme": programme, "obligations": some, "until": until}
            _done(await self.upstream.post_json(SERVICE, _acknowledgements(ref), body, acting))

    async def undo(self, ref: str, programme: str, names: Sequence[str], acting: Headers) -> None:
        """Be told of them again."""
        body = {"programme": programme, "obligations": list(names)}
        _done(await self.upstream.delete(SERVICE, _acknowledgements(ref), body, acting))

    async def _decide(self, name: str, what: str, body: Mapping[str, object], acting: Headers) -> None:
        _done(await self.upstream.post_json(SERVICE, f"{_path(name)}/{what}", body, acting))


def _done(answered: Answered) -> None:
    read(answered, Done)


def _parts(names: Sequence[str]) -> Iterator[list[str]]:
    """Part names into as many as are taken at once; none are one part."""
    for first in range(0, max(len(names), 1), MOST_AT_ONCE):
        yield list(names[first : first + MOST_AT_ONCE])


def _path(name: str) -> str:
    return f"/v1/obligations/{quote(name, safe='')}"


def _acknowledgements(ref: str) -> str:
    return f"/v1/officers/{quote(ref, safe='')}/acknowledgements"
