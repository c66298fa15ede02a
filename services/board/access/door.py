"""The way to each page: who comes, from where, how often, and what that lets them see.

What stands in the way is told as a page.

An endpoint is behind one of three doors. `open_to_all` asks for nobody; `reader` for a session, of whatever device;
`verified` for a device that the officer has shown to be theirs: without it nothing is done, and of what there is only
what the message named is seen.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from datetime import datetime
from math import ceil

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from services.board.access import act_store, session_store
from services.board.access.limits import Buckets, Networks, address_of
from services.board.access.origins import posted_here
from services.board.access.session_store import Session
from services.board.access.sessions import Sessions
from services.board.access.ways_back import address_in, verify_first
from services.board.pages.refusing import PageError, refusal, refusal_page
from services.board.pages.rendering import PAGE_HEADERS, ReaderLine, Renderer, page_language
from services.board.pages.words import Refusals, Told
from services.board.upstream.client import AwayError, RefusedError
from services.board.upstream.officers import Officers, OfficerShown
from shared.database.connections import DATABASE_AWAY
from shared.http.held_body import BodyError
from shared.wording.words import in_both

SAFE_METHODS = frozenset({"GET", "HEAD"})
RETRY_SECONDS = "5"


@dataclass(frozen=True, slots=True)
class Reader:
    """Who reads: the session and its officer as they are registered at this moment; `language` is the page's."""

    session: Session
    officer: OfficerShown
    verified: bool
    language: str

    @property
    def counted_as(self) -> str:
        """By what it is counted how often they ask: whoever a link was forwarded to doesn't use up the officer's."""
        return self.session.officer if self.verified else self.session.device

    @property
    def line(self) -> ReaderLine:
        """What the head of each page says."""
        return ReaderLine(self.officer.name, self.officer.line, self.session.officer)

    @property
    def acting(self) -> dict[str, str]:
        """The headers with which a service is asked in the officer's name."""
        return {
            "Kip-Officer": f"{self.session.officer}; device={self.session.device}", "Accept-Language": self.language
        }  # fmt: skip

    def with_code(self, sent_to: str | None, ends_at: datetime | None) -> "Reader":
        """The same, for whom a code waits; with None none any more."""
        return replace(self, session=replace(self.session, code_sent_to=sent_to, code_ends_at=ends_at))

    def may_see(self, obligation: str) -> bool:
        """Tell whether this device may see an obligation: a verified one whatever the services give to its officer."""
        return self.verified or obligation in self.session.obligations


Open = Callable[[Request], Awaitable[Response]]
Read = Callable[[Request, Reader], Awaitable[Response]]


@dataclass(frozen=True, slots=True)
class Door:
    """The three doors. `by_address` and `by_officer` bound how often somebody may ask; `proxies` stand before us."""

    sessions: Sessions
    officers: Officers
    renderer: Renderer
    by_address: Buckets
    by_officer: Buckets
    proxies: Networks
    now: Callable[[], datetime]

    def open_to_all(self, respond: Open) -> Open:
        """Let anybody in, so often from an address."""

        async def endpoint(request: Request) -> Response:
            try:
                self._let_post(request)
                self._count(self.by_address, address_of(request, self.proxies))
                return await respond(request)
            except PageError as error:
                return refusal_page(self.renderer, request, error)
            except _FAULTS as error:
                return refusal_page(self.renderer, request, told_of(error))

        return endpoint

    def reader(self, respond: Read) -> Open:
        """Let in who has a session."""

        async def endpoint(request: Request) -> Response:
            reader = None
            try:
                self._let_post(request)
                reader = await self.find_reader(request)
                self._count(self.by_officer, reader.counted_as)
                return await respond(request, reader)
            except PageError as error:
                if reader is not None and error.language is None:
                    error.language = reader.officer.language
                return self._answered(request, error)
            except _FAULTS as error:
                return self._answered(request, told_of(error, reader.officer.language if reader else None))

        return endpoint

    def verified(self, respond: Read, back: Callable[[Request], str] | None = None) -> Open:
        """Let in who has a verified device; send all others to where they verify theirs, and then to the page that
        they asked for, or `back` from a POST, which can't be done again.
        """

        async def verified_only(request: Request, reader: Reader) -> Response:
            if reader.verified:
                return await respond(request, reader)
            there = address_in(request.url) if request.method in SAFE_METHODS else back(request) if back else ""
            return RedirectResponse(verify_first(there), 303, headers=PAGE_HEADERS)

        return self.reader(verified_only)

    async def find_reader(self, request: Request) -> Reader:
        """Find who reads. Raises PageError without a session, with one that is over, and for who was revoked."""
        found = await self.sessions.find(request)
        if found is None:
            self._count(self.by_address, address_of(request, self.proxies))
            raise refusal(Refusals.NO_SESSION, 403, "no_session")
        session, over = found
        if over:
            raise refusal(Refusals.SESSION_ENDED, 403, "no_session")
        now = self.now()
        try:
            officer = await self.officers.officer(session.officer, page_language(request))
        except RefusedError as error:
            if error.code != "gone":
                raise
            await self._end_all(session, now)
            raise refusal(Refusals.OFFICER_GONE, 410, "gone") from error
        await session_store.note_seen(self.sessions.pool(), session.hash, now)
        return Reader(session, officer, session.is_verified(now), page_language(request, officer.language))

    async def note(self, reader: Reader, what: str, about: str | None = None, outcome: str = act_store.DONE) -> None:
        """Note in the audit what a reader did, or tried."""
        session = reader.session
        await act_store.note(self.sessions.pool(), self.now(), session.officer, session.device, what, about, outcome)

    async def _end_all(self, session: Session, now: datetime) -> None:
        async with self.sessions.pool().acquire() as connection, connection.transaction():
            await session_store.end_all(connection, session.officer, now)
            await act_store.note(connection, now, session.officer, session.device, "end", outcome="revoked")

    def _let_post(self, request: Request) -> None:
        if request.method not in SAFE_METHODS and not posted_here(request.headers, self.sessions.site):
            raise refusal(Refusals.FOREIGN_POST, 403, "foreign_post")

    def _count(self, buckets: Buckets, who: str) -> None:
        seconds = ceil(buckets.take(who))
        if seconds:
            told = Refusals.TOO_OFTEN.value
            told = Told(told.heading, told.cure.filled(seconds=seconds))
            raise PageError(429, "too_often", told, headers={"Retry-After": str(seconds)})

    def _answered(self, request: Request, error: PageError) -> Response:
        """Show a refusal; the cookie goes with a session that is over."""
        page = refusal_page(self.renderer, request, error)
        return self.sessions.take(page) if error.code in {"no_session", "gone"} else page


_FAULTS: tuple[type[Exception], ...] = (AwayError, RefusedError, BodyError, *DATABASE_AWAY)


def told_of(error: Exception, language: str | None = None) -> PageError:
    """Say what a fault of a service, the database or a body is to a reader."""
    if isinstance(error, BodyError):
        return refusal(Refusals.BAD_FORM, error.status, error.error, language=language)
    if isinstance(error, RefusedError):
        if error.code == "gone":
            return refusal(Refusals.OFFICER_GONE, 410, "gone", language=language)
        told = Told(Refusals.NOT_DONE.value.heading, in_both(error.message))
        return PageError(error.status, error.code, told, headers=error.headers, language=language)
    headers = {"Retry-After": RETRY_SECONDS}
    return refusal(Refusals.AWAY, 503, "unavailable", headers=headers, language=language)
