"""Opens a report for whoever asks: who they are, everything about it, and what is shown where it can't be."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Protocol, TypeAlias

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from services.board.pages.refusing import refusal
from services.board.pages.rendering import PAGE_HEADERS
from services.board.pages.words import Refusals
from services.board.report import draft_store
from services.board.report.asked import Asked, NotThereError, written_acting
from services.board.report.draft import Answers
from services.board.report.draft_store import LongDraftError, StaleDraftError, key_of
from services.board.report.fields import Form, form_of
from services.board.report.pages import Opened
from shared.database.connections import Pool
from shared.domain.obligation_name import ObligationName, ObligationNameError, read_obligation_name
from shared.domain.periods import parse_period
from shared.domain.seats import acting
from shared.http.held_body import BodyLimits
from shared.values.scalars import ScalarError, whole_number


@dataclass(frozen=True, slots=True)
class Who:
    """The officer of a session: their reference, a public mark of their device, the language of their pages, the unit
    and the agency where they sit; and the run's instant, by which deadlines go.
    """

    ref: str
    device: str | None
    language: str
    seat: str
    agency: str
    now: datetime

    @property
    def acting(self) -> str:
        """In whose name the services are asked."""
        return written_acting(self.ref, self.device)


Endpoint: TypeAlias = Callable[[Request], Awaitable[Response]]
Respond: TypeAlias = Callable[[Request, Who], Awaitable[Response]]


class Behind(Protocol):
    """Puts a page behind the board's door, which tells as a page what stands in the way."""

    def __call__(self, respond: Respond, *, fills: bool) -> Endpoint:
        """Let in whoever may look at the report of an address; one that `fills` it in needs a verified device."""


class Render(Protocol):
    """Renders a template of this folder within the board's layout."""

    def __call__(self, request: Request, template: str, content: Mapping[str, object], status: int = 200) -> Response:
        """Make the page."""


class Note(Protocol):
    """Notes in the audit what the officer of a request did."""

    async def __call__(self, request: Request, what: str, about: str, outcome: str) -> None:
        """Note it."""


Step: TypeAlias = "Callable[[ReportPages, Request, Who, Opened], Awaitable[Response]]"


@dataclass(frozen=True, slots=True)
class ReportPages:
    """The pages, with what they need. `asked` asks in somebody's name."""

    asked: Callable[[Who], Asked]
    pool: Callable[[], Pool]
    behind: Behind
    render: Render
    note: Note
    body: BodyLimits

    def step(self, step: Step, *, fills: bool) -> Endpoint:
        """Open the report for a step. Into one that `fills` the report in only officers of the agency that owes it are
        let; at the others whoever may see the report looks.
        """

        async def respond(request: Request, who: Who) -> Response:
            try:
                opened = await self.open(who, read_obligation_name(request.path_params["obligation"]))
                if fills and not opened.own:
                    raise refusal(Refusals.NOT_YOURS, 403, "not_yours")
                return await step(self, request, who, opened)
            except (ObligationNameError, NotThereError) as error:
                raise refusal(Refusals.NO_REPORT, 404, "no_report") from error
            except ScalarError as error:
                raise refusal(Refusals.BAD_FORM, 400, "unreadable") from error

        return self.behind(respond, fills=fills)

    async def open(self, who: Who, name: ObligationName) -> Opened:
        """Read everything about a report. Raises NotThereError, AwayError."""
        asked = self.asked(who)
        programme, unit, obligation = await asyncio.gather(
            asked.programme(name.programme), asked.unit(name.unit), asked.obligation(name, who.language)
        )
        report = programme.report.get(name.report)
        form = (
            None if report is None or name.agency not in programme.agency
            else form_of(programme, report, unit, name.agency, parse_period(name.period), who.language)
        )  # fmt: skip
        if form is None:
            raise NotThereError(str(name))
        own, standing = await asyncio.gather(_is_own(asked, who, form, programme.today(who.now)), asked.standing(form))
        async with self.pool().acquire() as connection:
            draft = await draft_store.open_draft(connection, key_of(name), who.ref, who.now)
            handed_in = await draft_store.last_answers(connection, key_of(name))
        return Opened(name, form, draft, standing, obligation, who.now, own, handed_in)

    async def keep(self, opened: Opened, who: Who, answers: Answers, version: int) -> bool:
        """Keep the answers in place of those of this version. Where the draft was changed meanwhile keep nothing, and
        return False: what is kept, and since when, is in the report as it is opened anew.

        Raises PageError for more than a report can be.
        """
        try:
            async with self.pool().acquire() as connection:
                await draft_store.keep_draft(connection, key_of(opened.name), version, answers, who.ref, opened.now)
        except LongDraftError as error:
            raise refusal(Refusals.TOO_LONG, 413, "too_large") from error
        except StaleDraftError:
            return False
        return True


async def _is_own(asked: Asked, who: Who, form: Form, today: date) -> bool:
    """Tell whether the report is owed by the officer's agency, where they sit: others look at it alone."""
    agencies = {acting(form.programme, agency, today) for agency in (form.agency, who.agency)}
    return len(agencies) == 1 and await asked.stands_for(form.unit, today) == who.seat


def number_of(fields: Mapping[str, str], name: str = "version") -> int:
    """Read a number that a page of ours wrote into its form. Raises ScalarError."""
    return whole_number(fields.get(name), most=2**31 - 1)


def to(opened: Opened, rest: str = "") -> Response:
    """Send the browser on to another page of the report."""
    return RedirectResponse(opened.path(rest), status_code=303, headers=PAGE_HEADERS)
