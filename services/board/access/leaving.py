"""Sign out: the session on this device ends, and with it what it could see and do."""

from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from services.board.access import session_store
from services.board.access.door import Door, Reader
from services.board.pages.rendering import PAGE_HEADERS


@dataclass(frozen=True, slots=True)
class Leaving:
    """The endpoint, with what it needs."""

    door: Door

    def routes(self) -> list[Route]:
        """List the routes."""
        return [Route("/signout", self.door.reader(self.sign_out), methods=["POST"])]

    async def sign_out(self, _: Request, reader: Reader) -> Response:
        """End the session."""
        sessions = self.door.sessions
        await session_store.end(sessions.pool(), reader.session.hash, self.door.now())
        await self.door.note(reader, "sign_out")
        headers = {**PAGE_HEADERS, "Clear-Site-Data": '"storage"'}  # what was typed here and not sent is nobody else's
        return sessions.take(RedirectResponse("/", 303, headers=headers))
