"""Answer what has the board's public address: a mail program's own button (RFC 8058) and an officer's calendar.

Who opens the button's address, or a link of before the board, is sent on to the board's page of the same link. The link
is the identity: there is no key.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import quote

from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.routing import Route

from services.notifications import act_store
from services.notifications.acknowledging import longest
from services.notifications.act_store import Author
from services.notifications.decision_words import DecisionError, Decline, Refused, declined
from services.notifications.forms import read_form
from services.notifications.holding import message_of_link, officer_holding
from services.notifications.links import Holder, LinkError, Links, Purpose
from services.notifications.public import calendar_store
from services.notifications.public.calendar_feed import calendar, offices, since
from services.notifications.refusing import private
from shared.database.connections import Pool
from shared.http.held_body import BodyLimits
from shared.registry.officers import Officer
from shared.registry.snapshot import Registry

BUTTON, PRESSED = "List-Unsubscribe", "One-Click"


@dataclass(frozen=True, slots=True)
class PublicAnswers:
    """The endpoints, with what they need. `board` is the public address, `body` bounds what is posted."""

    board: str
    registry: Callable[[], Registry]
    pool: Callable[[], Pool]
    links: Callable[[], Links]
    now: Callable[[], datetime]
    body: BodyLimits

    def routes(self) -> list[Route]:
        """List the routes."""
        return [
            Route("/v1/ack/{token}", private(self.send_on), methods=["GET"]),
            Route("/v1/ack/{token}", private(self.mute), methods=["POST"]),
            Route("/v1/calendar/{token}.ics", private(self.calendar), methods=["GET"]),
        ]

    async def send_on(self, request: Request) -> Response:
        """Send who opens the address on to the board, which says what the link is, or what is wrong with it."""
        return RedirectResponse(f"{self.board}/l/{quote(request.path_params['token'], safe='')}", status_code=303)

    async def mute(self, request: Request) -> Response:
        """Pause the officer's reminders of the message's programme: a mail program's button was pressed.

        Nobody looks at the answer, and the RFC forbids a redirect. Letters of before the button had a link of its own
        have the page's in its place.
        """
        holder, officer = await self._holder(request, Purpose.MUTE, Purpose.PAGE)
        form = await read_form(request, self.body)
        if form.get(BUTTON) != PRESSED:
            raise declined(Decline.BUTTON_ALONE, BUTTON)
        message = await message_of_link(self.pool(), holder, officer)
        programme, now = self.registry().programmes.get(message.programme), self.now()
        if programme is None:
            raise declined(Decline.NO_MESSAGE)
        until = longest(programme, now)
        await act_store.mute(self.pool(), Author(officer.id, officer.generation), programme.slug, until, now)
        return JSONResponse({"programme": programme.slug, "until": until.isoformat()})

    async def calendar(self, request: Request) -> Response:
        """Serve the officer's deadlines as iCalendar."""
        _, officer = await self._holder(request, Purpose.CALENDAR)
        registry, now = self.registry(), self.now()
        days = {programme.today(now) for programme in registry.programmes.values()}
        theirs = {unit for day in days for unit in offices(registry.units, officer, day)}
        rows = await calendar_store.obligations(self.pool(), sorted(theirs), since(now))
        return Response(calendar(registry, officer, rows, now), media_type="text/calendar; charset=utf-8")

    async def _holder(self, request: Request, *purposes: Purpose) -> tuple[Holder, Officer]:
        """Find the holder of the address's token, of the first of these purposes that it is for."""
        token = request.path_params["token"]
        for_which = next((one for one in purposes if self.links().is_for(one, token)), purposes[0])
        try:
            holder = self.links().read(for_which, token, self.now())
        except LinkError as error:
            raise DecisionError(Refused(404, "bad_link", error.words)) from error
        return holder, await officer_holding(self.pool(), holder)
