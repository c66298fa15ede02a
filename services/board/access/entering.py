"""The page behind a link: GET shows whose it is and changes nothing, whoever opens it; the button posts for a session.

A link is a message's, which notifications has signed, or one that an operator has made for an officer.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from services.board.access import act_store, invitation_store
from services.board.access.door import Door
from services.board.access.invitation_store import Invitation
from services.board.access.muting import Muting
from services.board.access.sessions import hash_of
from services.board.access.words import EntryRefusals, EntryWords
from services.board.pages.refusing import PageError
from services.board.pages.rendering import PAGE_HEADERS, page_language, sayer
from services.board.pages.written import instant
from services.board.upstream.client import RefusedError
from services.board.upstream.officers import MUTE, MessageShown, OfficerShown
from services.board.upstream.programmes import Programmes
from shared.wording.words import Words, joined

SIGNED = "."  # between the parts of a token that notifications has signed; an operator's has none


@dataclass(frozen=True, slots=True)
class Opened:
    """What a link is: whose, and the message that it came in, or the operator's making of it.

    `mutes`: it is the address of a mail program's own button, and opens nothing.
    """

    officer: OfficerShown
    message: MessageShown | None
    link: UUID | None
    invitation: Invitation | None
    hash: bytes
    mutes: bool = False

    @property
    def obligations(self) -> Sequence[str]:
        """The names of what the message named."""
        return self.message.obligations if self.message is not None else ()

    @property
    def message_id(self) -> UUID | None:
        """Which message the link came in."""
        return self.message.id if self.message is not None else None

    @property
    def verified(self) -> bool:
        """Whether the link itself says that the device is the officer's: an operator does."""
        return self.invitation is not None and self.invitation.verified


@dataclass(frozen=True, slots=True)
class Entering:
    """The endpoints, with what they need."""

    door: Door
    programmes: Programmes
    muting: Muting

    def routes(self) -> list[Route]:
        """List the routes."""
        everybody = self.door.open_to_all
        return [
            Route("/l/{token}", everybody(self.show), methods=["GET"]),
            Route("/l/{token}", everybody(self.enter), methods=["POST"]),
            Route("/l/{token}/renew", everybody(self.renew), methods=["POST"]),
            Route("/renewed", everybody(self.renewed), methods=["GET"]),
        ]

    async def show(self, request: Request) -> Response:
        """Show whose link it is."""
        opened = await self._opened(request)
        language = page_language(request, opened.officer.language)
        if opened.mutes and opened.message is not None:
            return await self.muting.show(request, opened.message.programme, language)
        found = await self.door.sessions.find(request)
        values = {
            "say": sayer(EntryWords, language),
            "officer": opened.officer,
            "about": (await self._about(opened)).in_language(language),
            "already": found is not None and not found[1] and found[0].officer == opened.officer.ref,
        }
        return self.door.renderer.page("link.html", language, values)

    async def enter(self, request: Request) -> Response:
        """Give a session to who pressed the button, and a clean address."""
        opened = await self._opened(request)
        if opened.mutes:
            raise PageError(404, "bad_link", EntryRefusals.BAD_LINK.value)
        sessions, now, ref = self.door.sessions, self.door.now(), opened.officer.ref
        found = await sessions.find(request)
        former = found[0] if found is not None and not found[1] else None
        async with sessions.pool().acquire() as connection, connection.transaction():
            if opened.invitation is not None and not await invitation_store.use(connection, opened.hash, now):
                raise _over(opened.officer)
            secret, session = await sessions.open(
                connection, ref, opened.obligations, opened.message_id, opened.link, former=former,
                verified=opened.verified,
            )  # fmt: skip
            about = str(opened.message_id) if opened.message_id is not None else None
            outcome = "verified" if session.is_verified(now) else "unverified"
            await act_store.note(connection, now, ref, session.device, "enter", about, outcome)
        return sessions.give(RedirectResponse("/", 303, headers=PAGE_HEADERS), secret, session)

    async def renew(self, request: Request) -> Response:
        """Ask for a fresh link to the address on file: the same is said whether or not there was one to send to."""
        await self.door.officers.renew(request.path_params["token"], page_language(request))
        return RedirectResponse("/renewed", 303, headers=PAGE_HEADERS)

    async def renewed(self, request: Request) -> Response:
        """Say that it was asked for."""
        language = page_language(request)
        return self.door.renderer.page("renewed.html", language, {"say": sayer(EntryWords, language)})

    async def _opened(self, request: Request) -> Opened:
        """Find whose link it is. Raises PageError that says what to do, AwayError."""
        token, language = request.path_params["token"], page_language(request)
        if SIGNED not in token:
            return await self._invited(token, language)
        try:
            resolved = await self.door.officers.resolve(token, language)
        except RefusedError as error:
            if error.code == "expired":
                told = EntryRefusals.EXPIRED.value
                raise PageError(410, "expired", told, renew=f"/l/{token}/renew") from error
            if error.status in {404, 422}:
                raise PageError(404, "bad_link", EntryRefusals.BAD_LINK.value) from error
            raise
        return Opened(resolved.officer, resolved.message, resolved.link, None, b"", resolved.purpose == MUTE)

    async def _invited(self, token: str, language: str) -> Opened:
        hash_ = hash_of(token)
        invitation = await invitation_store.find(self.door.sessions.pool(), hash_, self.door.now())
        if invitation is None:
            raise PageError(404, "bad_link", EntryRefusals.BAD_LINK.value)
        officer = await self.door.officers.officer(invitation.officer, language)
        if invitation.over:
            raise _over(officer)
        return Opened(officer, None, None, invitation, hash_)

    async def _about(self, opened: Opened) -> Words:
        message = opened.message
        if message is None:
            return EntryWords.INVITED.value
        what = [
            words.value.filled(count=len(named))
            for words, named in ((EntryWords.REPORTS, message.obligations), (EntryWords.PROBLEMS, message.problems))
            if named
        ]
        named = joined(what, ", ")
        if message.sent_at is None:
            return EntryWords.NAMES.value.filled(what=named) if what else EntryWords.NAMES_NONE.value
        zones = await self.programmes.zones([message.programme])
        words = EntryWords.SENT if what else EntryWords.SENT_NONE
        return words.value.filled(at=instant(message.sent_at, zones[message.programme]), what=named)


def _over(officer: OfficerShown) -> PageError:
    return PageError(410, "used", EntryRefusals.INVITATION_OVER.value, language=officer.language)
