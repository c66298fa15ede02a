"""The page behind the address of a mail program's own button (RFC 8058), for a person who opens it.

Its POST goes to notifications by `/v1/ack/{token}`, from the mail program; from this page it goes the same way.
"""

from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from services.board.access.door import Door
from services.board.access.words import EntryRefusals, MuteWords
from services.board.pages.refusing import PageError
from services.board.pages.rendering import PAGE_HEADERS, page_language, sayer
from services.board.upstream.client import RefusedError
from services.board.upstream.obligations import LONGEST_PAUSE
from services.board.upstream.programmes import Programmes


@dataclass(frozen=True, slots=True)
class Muting:
    """The endpoints, with what they need."""

    door: Door
    programmes: Programmes

    def routes(self) -> list[Route]:
        """List the routes."""
        everybody = self.door.open_to_all
        return [
            Route("/l/{token}/pause", everybody(self.pause), methods=["POST"]),
            Route("/paused", everybody(self.paused), methods=["GET"]),
        ]

    async def show(self, request: Request, slug: str, language: str) -> Response:
        """Show what the button does; looking changes nothing."""
        programme = await self.programmes.programme(slug)
        name = programme.text(programme.label, programme.language_for(language))
        return self._page("mute.html", language, programme=name, action=f"{request.url.path}/pause")

    async def pause(self, request: Request) -> Response:
        """Pause the officer's reminders of the message's programme."""
        language = page_language(request)
        try:
            await self.door.officers.mute(request.path_params["token"], language)
        except RefusedError as error:
            if error.status != 404:
                raise
            raise PageError(404, "bad_link", EntryRefusals.BAD_LINK.value) from error
        return RedirectResponse("/paused", 303, headers=PAGE_HEADERS)

    async def paused(self, request: Request) -> Response:
        """Say that it is done."""
        return self._page("paused.html", page_language(request))

    def _page(self, template: str, language: str, **values: object) -> Response:
        say = sayer(MuteWords, language)
        return self.door.renderer.page(template, language, {"say": say, "days": LONGEST_PAUSE.days, **values})
