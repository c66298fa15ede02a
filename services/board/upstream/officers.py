"""What the board asks notifications about officers: whose a link is, who somebody is, codes. Typed answers."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import quote
from uuid import UUID

from pydantic import BaseModel

from services.board.upstream.client import Answered, Upstream, read

SERVICE = "notifications"
MUTE = "mute"  # what the link of a mail program's own button is for


class UnitShown(BaseModel):
    """A unit as it is named to people."""

    uid: str
    code: str
    name: str
    level: str | None


class AgencyShown(BaseModel):
    """An agency as it is named to people."""

    slug: str
    name: str


class OfficerShown(BaseModel):
    """An officer as they are registered at this moment; `today` is the unit that stands for theirs, `personal` are the
    masked addresses that a code can go to, `clock` is the run's.
    """

    ref: str
    name: str
    role: str
    unit: UnitShown
    today: UnitShown | None
    agency: AgencyShown
    office: str
    programmes: list[str]
    language: str
    personal: list[str]
    clock: datetime

    @property
    def seat(self) -> UnitShown:
        """The unit where they sit today; the one that they are registered at where none stands for it."""
        return self.today or self.unit

    @property
    def line(self) -> str:
        """Role and office in one line, as letters address them."""
        return f"{self.role}, {self.office}" if self.role else self.office


class MessageShown(BaseModel):
    """The message that a link came in, and what it named."""

    id: UUID
    programme: str
    sent_at: datetime | None
    obligations: list[str]
    problems: list[int]


class Resolved(BaseModel):
    """Whose a link is, and what for: `page`, or `mute`, the address of a mail program's own button. `link` names the
    link itself; a notifications of the version before, during an upgrade, doesn't.
    """

    purpose: str
    officer: OfficerShown
    message: MessageShown
    link: UUID | None = None
    until: datetime


class Muted(BaseModel):
    """Reminders of a programme are paused."""

    programme: str
    until: datetime


class Renewed(BaseModel):
    """A fresh link was asked for; whether one was sent is not said."""

    sent: bool


class CodeSent(BaseModel):
    """Where a code went (masked), good until when."""

    sent_to: str
    expires_at: datetime


class Verified(BaseModel):
    """A code was right."""

    verified: bool


@dataclass(frozen=True, slots=True)
class Officers:
    """The questions. Each raises AwayError and RefusedError; refusals are in `language`."""

    upstream: Upstream

    async def resolve(self, token: str, language: str) -> Resolved:
        """Ask whose a link is, and what its message named."""
        return read(await self._post("/v1/links/resolve", {"token": token}, language), Resolved)

    async def renew(self, token: str, language: str) -> None:
        """Have a fresh link sent to the address on file; whether one was, nobody is told."""
        read(await self._post("/v1/links/renew", {"token": token}, language), Renewed)

    async def mute(self, token: str, language: str) -> Muted:
        """Press a mail program's own button (RFC 8058)."""
        headers = {"Content-Type": "application/x-www-form-urlencoded", "Accept-Language": language}
        path = f"/v1/ack/{quote(token, safe='')}"
        return read(await self.upstream.post(SERVICE, path, b"List-Unsubscribe=One-Click", headers), Muted)

    async def officer(self, ref: str, language: str) -> OfficerShown:
        """Ask who an officer is."""
        path = f"/v1/officers/{quote(ref, safe='')}"
        return read(await self.upstream.get(SERVICE, path, {}, {"Accept-Language": language}), OfficerShown)

    async def send_code(
        self, ref: str, session: bytes, message: UUID | None, link: UUID | None, language: str
    ) -> CodeSent:
        """Have a code sent that verifies the device of a session, which was entered by a message's link or another."""
        entered_by = {name: str(id_) for name, id_ in (("message", message), ("link", link)) if id_ is not None}
        body = {"officer": ref, "session": session.hex(), **entered_by}
        return read(await self._post("/v1/codes", body, language), CodeSent)

    async def verify_code(self, ref: str, session: bytes, code: str, language: str) -> None:
        """Try a code."""
        body = {"officer": ref, "session": session.hex(), "code": code}
        read(await self._post("/v1/codes/verify", body, language), Verified)

    async def _post(self, path: str, body: Mapping[str, object], language: str) -> Answered:
        return await self.upstream.post_json(SERVICE, path, body, {"Accept-Language": language})
