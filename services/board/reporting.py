"""The form behind the board's door: who opens a report, in whose name services are asked, in which frame it stands."""

from collections.abc import Mapping
from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import Response

from services.board.access.door import Door, Open, Reader
from services.board.pages.refusing import refusal
from services.board.pages.words import Refusals
from services.board.report.asked import Asked
from services.board.report.opening import Respond, Who
from services.board.upstream.client import Answered, Upstream
from services.board.upstream.programmes import Programmes


@dataclass(frozen=True, slots=True)
class _AskFor:
    """Asks in an officer's name: each answer reaches no further than their seat, their agency and their programmes."""

    upstream: Upstream
    headers: Mapping[str, str]

    async def get(self, service: str, path: str, query: Mapping[str, str]) -> Answered:
        return await self.upstream.get(service, path, query, self.headers)

    async def post(self, service: str, path: str, content: bytes, headers: Mapping[str, str]) -> Answered:
        return await self.upstream.post(service, path, content, {**self.headers, **headers})


@dataclass(frozen=True, slots=True)
class Reporting:
    """What the form needs of the board around it."""

    door: Door
    upstream: Upstream
    programmes: Programmes

    def behind(self, respond: Respond, *, fills: bool) -> Open:
        """Let in who may look at the report of an address, or fill it in."""

        async def behind_the_door(request: Request, reader: Reader) -> Response:
            if not reader.may_see(request.path_params["obligation"]):
                raise refusal(Refusals.NOT_NAMED, 403, "not_named")
            request.state.reader = reader
            return await respond(request, _who(reader))

        return self.door.verified(behind_the_door, _overview_of) if fills else self.door.reader(behind_the_door)

    async def note(self, request: Request, what: str, about: str, outcome: str) -> None:
        """Note in the audit what the officer of a request did."""
        await self.door.note(request.state.reader, what, about, outcome)

    def render(self, request: Request, template: str, content: Mapping[str, object], status: int = 200) -> Response:
        """Show a page of the form in the board's frame."""
        reader: Reader = request.state.reader
        return self.door.renderer.page(template, reader.language, content, reader=reader.line, status=status)

    def asked(self, who: Who) -> Asked:
        """Make what asks the services in this officer's name."""
        headers = {"Kip-Reach": who.seat, "Kip-Officer": who.acting, "Accept-Language": who.language}
        return Asked(_AskFor(self.upstream, headers), self.programmes)


def _who(reader: Reader) -> Who:
    session, officer = reader.session, reader.officer
    return Who(session.officer, session.device, reader.language, officer.seat.uid, officer.agency.slug, officer.clock)


def _overview_of(request: Request) -> str:
    return f"/report/{request.path_params['obligation']}"
