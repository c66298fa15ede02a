"""Serve what the board asks about officers: whose a link is, who an officer is, and codes that verify a device.

Only keys that may act for officers ask this, each within its reach.
"""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from math import ceil
from uuid import UUID, uuid4

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from services.notifications import link_store
from services.notifications.asked import language_asked
from services.notifications.decision_words import DecisionError, Decline, Refused, declined, filled
from services.notifications.forms import read_form
from services.notifications.holding import message_of_link, officer_holding
from services.notifications.link_store import LinkedMessage
from services.notifications.links import Holder, LinkError, Links, Purpose, link_id, new_mark
from services.notifications.messages.masking import masked
from services.notifications.officers import code_store
from services.notifications.officers.asking import (
    Asker,
    asker_of,
    officer_by_ref,
    only_fields,
    text_field,
    within_reach,
)
from services.notifications.officers.at_once import AtOnce
from services.notifications.officers.codes import (
    LIVES,
    MOST_AN_HOUR,
    MOST_BY_MESSAGES,
    TRIES,
    TooManyError,
    code_of,
    digest_of,
    new_code,
    same,
    session_of,
)
from services.notifications.officers.desk import desk, shown_problem
from services.notifications.officers.desk_store import DeskProblem
from services.notifications.officers.letters import code_letter, link_letter
from services.notifications.officers.named import named_problems, shown_names
from services.notifications.officers.profile import Address, Shown, addresses, profile
from services.notifications.refusing import Endpoint, refusing
from shared.database.connections import Pool
from shared.http.held_body import BodyLimits
from shared.http.read_api import guarded, only, parameters
from shared.registry.officers import Officer
from shared.registry.snapshot import Registry

DESK_PARAMETERS = frozenset({"labels"})
RENEWAL_PAUSE = timedelta(hours=1)
UNSENT_PAUSE = timedelta(minutes=5)  # after one that no address took
LINK_KINDS = ("email", "zalo")  # an SMS has no room for a link
_SOON_SECONDS = 30


@dataclass(frozen=True, slots=True)
class Sending:
    """How officers are reached at once: by which kinds of channels a code can go, and a link."""

    at_once: AtOnce
    code_kinds: Collection[str]
    link_kinds: Collection[str]


@dataclass(frozen=True, slots=True)
class OfficerAnswers:
    """The endpoints, with what they need.

    `now` is the run's clock, `machine` the machine's; `code_key` hashes codes.
    """

    registry: Callable[[], Registry]
    pool: Callable[[], Pool]
    links: Callable[[], Links]
    code_key: Callable[[], bytes]
    now: Callable[[], datetime]
    machine: Callable[[], datetime]
    body: BodyLimits
    sending: Sending

    def routes(self) -> list[Route]:
        """List the routes."""
        return [
            _post("/v1/links/resolve", self.resolve),
            _post("/v1/links/renew", self.renew),
            _post("/v1/codes", self.send_code),
            _post("/v1/codes/verify", self.verify_code),
            Route("/v1/officers/{ref}/messages/{message}", guarded(refusing(self.message)), methods=["GET"]),
            Route("/v1/officers/{ref}/desk", guarded(refusing(self.desk)), methods=["GET"]),
            Route("/v1/officers/{ref}", guarded(refusing(self.officer)), methods=["GET"]),
        ]

    async def resolve(self, request: Request) -> Response:
        """Say whose a link is, what it is for, and of a page's link what its message named."""
        asker, fields = await self._asked(request, "token")
        pool = self.pool()
        token = text_field(fields, "token")
        purpose = self._purpose(token)
        holder = self._holder(purpose, token)
        officer = within_reach(self.registry(), asker, await officer_holding(pool, holder))
        message = await message_of_link(pool, holder, officer)
        if not asker.reach.sees_programme(message.programme):
            raise declined(Decline.NO_MESSAGE)
        shown = await self._message(message, officer, names=purpose is Purpose.PAGE)
        problems = await self._problems(asker, message, officer) if purpose is Purpose.PAGE else ()
        shown["problems"] = [row.id for row in problems]
        whose = await self._profile(officer)
        return JSONResponse(
            {
                "purpose": str(purpose), "officer": whose, "message": shown,
                "link": str(link_id(message.id, holder.fresh)), "until": holder.until.isoformat(),
            }
        )  # fmt: skip

    async def renew(self, request: Request) -> Response:
        """Send a fresh link for one of ours to the address on file; whether it was sent is not said."""
        asker, fields = await self._asked(request, "token")
        token = text_field(fields, "token")
        try:
            holder = self.links().whose(self._purpose(token), token)
            officer = within_reach(self.registry(), asker, await officer_holding(self.pool(), holder))
        except (LinkError, DecisionError):
            return _SENT
        if holder.message is not None:
            await self._renew(holder.message, officer)
        return _SENT

    async def officer(self, request: Request) -> Response:
        """Say who an officer is."""
        return JSONResponse(await self._profile(await self._officer(request)))

    async def desk(self, request: Request) -> Response:
        """Show what an officer owes, what is late below them, problems, and what they have acknowledged."""
        registry, now = self.registry(), self.now()
        query = parameters(request)
        only(query, DESK_PARAMETERS)
        language = language_asked(query)
        asker = asker_of(registry, request, now)
        officer = await officer_by_ref(self.pool(), registry, asker, request.path_params["ref"])
        found = await desk(self.pool(), registry, self.links(), asker, officer, now, language)
        return JSONResponse({"officer": await self._profile(officer), **found})

    async def message(self, request: Request) -> Response:
        """Show what a message named to an officer, as it stands now."""
        registry, pool, query = self.registry(), self.pool(), parameters(request)
        only(query, DESK_PARAMETERS)
        language, asker = language_asked(query), asker_of(registry, request, self.now())
        officer = await officer_by_ref(pool, registry, asker, request.path_params["ref"])
        message = await link_store.message_of(pool, _message_id(request.path_params["message"]), officer.id)
        if message is None or not (
            officer.belongs_to(message.programme) and asker.reach.sees_programme(message.programme)
        ):
            raise declined(Decline.NO_MESSAGE)
        shown = [shown_problem(registry, row, language) for row in await self._problems(asker, message, officer)]
        return JSONResponse({**await self._message(message, officer), "problems": shown})

    async def send_code(self, request: Request) -> Response:
        """Send a code that verifies a session's device, by the officer's own channels.

        Where there were too many, send the officer a fresh link instead: one of an hour's codes is kept for it, if a
        link reaches them.
        """
        asker, fields = await self._asked(request, "officer", "session", "message", "link")
        pool, now = self.pool(), self.machine()
        session, message, link = session_of(text_field(fields, "session")), *_entered_by(fields)
        officer = await officer_by_ref(pool, self.registry(), asker, fields.get("officer"))
        reached = await self._addresses(officer, self.sending.code_kinds)
        if not reached:
            raise declined(Decline.NO_PERSONAL_CHANNEL)
        code, sent_as = new_code(), uuid4()
        digest = digest_of(self.code_key(), officer.ref, session, code)
        try:
            keeps_one = bool(await self._addresses(officer, self.sending.link_kinds))
            count = await code_store.make(
                pool, officer.id, session, digest, link, now, now + LIVES, keeps_one=keeps_one
            )
        except TooManyError as error:
            if message is not None and await link_store.message_of(pool, message, officer.id) is not None:
                await self._renew(message, officer)
            raise _too_many(error, now) from None
        minutes = int(LIVES.total_seconds() // 60)
        sent_to = await self.sending.at_once.send(
            "code", reached, lambda address: code_letter(officer, sent_as, address, code, minutes, count, now)
        )
        if sent_to is None:
            raise DecisionError(Decline.UNSENT.value, retry_after=_SOON_SECONDS)
        return JSONResponse({"sent_to": masked(sent_to), "expires_at": (now + LIVES).isoformat()}, status_code=202)

    async def verify_code(self, request: Request) -> Response:
        """Try a session's code."""
        asker, fields = await self._asked(request, "officer", "session", "code")
        pool = self.pool()
        session = session_of(text_field(fields, "session"))
        code = code_of(text_field(fields, "code"))
        officer = await officer_by_ref(pool, self.registry(), asker, fields.get("officer"))
        given = digest_of(self.code_key(), officer.ref, session, code)
        tried = await code_store.try_code(
            pool, officer.id, session, self.machine(), lambda kept: same(kept, given), most=TRIES
        )
        if tried is None:
            raise declined(Decline.CODE_EXPIRED)
        if not tried.right:
            raise DecisionError(filled(Decline.CODE_WRONG, left=tried.left), "code", left=tried.left)
        return JSONResponse({"verified": True})

    async def _asked(self, request: Request, *known: str) -> tuple[Asker, Mapping[str, object]]:
        """Find who asks, then read what they post: nobody else's body is read."""
        asker = asker_of(self.registry(), request, self.now())
        fields = await read_form(request, self.body)
        only_fields(fields, known)
        return asker, fields

    async def _officer(self, request: Request) -> Officer:
        registry = self.registry()
        asker = asker_of(registry, request, self.now())
        return await officer_by_ref(self.pool(), registry, asker, request.path_params["ref"])

    def _purpose(self, token: str) -> Purpose:
        return Purpose.MUTE if self.links().is_for(Purpose.MUTE, token) else Purpose.PAGE

    def _holder(self, purpose: Purpose, token: str) -> Holder:
        try:
            return self.links().read(purpose, token, self.now())
        except LinkError as error:
            if error.reason is Decline.EXPIRED:
                raise DecisionError(Decline.LINK_EXPIRED.value, officer_hint=None) from None
            raise DecisionError(Refused(404, "bad_link", error.words)) from None

    async def _renew(self, message: UUID, officer: Officer) -> None:
        """Begin to send the officer a fresh link for a message of theirs, once an hour.

        Where it can't be sent the one before it stays the newest, and another is tried soon.
        """
        reached = await self._addresses(officer, self.sending.link_kinds)
        if not reached:
            return
        pool, machine, sent_as, fresh = self.pool(), self.machine(), uuid4(), new_mark()
        noted = await link_store.note_renewal(pool, officer.id, link_id(message, fresh), machine, RENEWAL_PAUSE)
        if noted is None:
            return
        page = self.links().page(officer.id, officer.generation, message, self.now(), fresh=fresh)
        self.sending.at_once.begin(
            "link",
            reached,
            lambda address: link_letter(officer, sent_as, address, page, machine),
            unsent=lambda: link_store.take_back(pool, officer.id, noted, machine - RENEWAL_PAUSE + UNSENT_PAUSE),
        )

    async def _problems(self, asker: Asker, message: LinkedMessage, officer: Officer) -> list[DeskProblem]:
        """Read the obstacles that a message named, of those that the key sees."""
        registry = self.registry()
        named = await named_problems(self.pool(), registry, message, officer.id)
        return [row for row in named if asker.reach.sees(registry.units, row.unit, row.programme)]

    async def _message(self, message: LinkedMessage, officer: Officer, *, names: bool = True) -> Shown:
        """Show a message; not what it named by the address of a mail program's button."""
        return {
            "id": str(message.id),
            "programme": message.programme,
            "sent_at": message.sent_at.isoformat() if message.sent_at else None,
            "obligations": await shown_names(self.pool(), message, officer.id) if names else [],
        }

    async def _profile(self, officer: Officer) -> Shown:
        personal = await self._addresses(officer, self.sending.code_kinds)
        return profile(self.registry(), officer, personal, self.now())

    async def _addresses(self, officer: Officer, kinds: Collection[str]) -> list[Address]:
        return addresses(officer, kinds, await link_store.dead_of(self.pool(), officer.channels))


_SENT = JSONResponse({"sent": True}, status_code=202)


def _post(path: str, endpoint: Endpoint) -> Route:
    return Route(path, guarded(refusing(endpoint)), methods=["POST"])


def _message_id(written: str) -> UUID:
    """Read a message's id. Raises DecisionError."""
    try:
        return UUID(written)
    except ValueError:
        raise declined(Decline.NO_MESSAGE) from None


def _entered_by(fields: Mapping[str, object]) -> tuple[UUID | None, UUID | None]:
    """Read which message's link the session was entered by, and the link, where it was one. Raises DecisionError.

    Of a message alone, as a board of the version before names it, the link counts as the message's.
    """
    message, link = (_id_field(fields, name) for name in ("message", "link"))
    return message, link or message


def _id_field(fields: Mapping[str, object], name: str) -> UUID | None:
    if fields.get(name) is None:
        return None
    try:
        return UUID(text_field(fields, name))
    except ValueError:
        raise DecisionError(Decline.NO_MESSAGE.value._replace(status=422, error="value_invalid"), name) from None


def _too_many(error: TooManyError, now: datetime) -> DecisionError:
    seconds = max(1, ceil((error.free_at - now).total_seconds()))
    refused = (
        filled(Decline.TOO_MANY_BY_MESSAGES, most=MOST_BY_MESSAGES) if error.by_messages
        else filled(Decline.TOO_MANY_CODES, most=MOST_AN_HOUR)
    )  # fmt: skip
    return DecisionError(refused, retry_after=seconds)
