"""Sessions: a random secret in a cookie, by which a browser is known again. Verified ones act, others look."""

import hashlib
import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from uuid import UUID

from starlette.requests import Request
from starlette.responses import Response

from services.board.access import session_store
from services.board.access.session_store import Session
from services.board.access.site import Site
from shared.database.connections import Connection, Pool

UNVERIFIED = timedelta(hours=24)
VERIFIED = timedelta(days=30)
SECRET_BYTES = 32
DEVICE_BYTES = 8
_LONGEST_COOKIE = 64


class CodePolicy(StrEnum):
    """When a device needs a code: a new one, at each visit, or never (the link is enough)."""

    NEW_DEVICE = "new_device"
    ALWAYS = "always"
    NEVER = "never"


def hash_of(secret: str) -> bytes:
    """Hash a secret: what is kept of it, and what a code is bound to."""
    return hashlib.sha256(secret.encode()).digest()


def verified_until(policy: CodePolicy, now: datetime, former: Session | None) -> datetime | None:
    """Decide until when a session that a link opens counts as verified, beside the same officer's `former` one on this
    device; None: a code is needed first.
    """
    if policy is CodePolicy.NEVER:
        return now + VERIFIED
    known = former is not None and former.is_verified(now)
    return former.verified_until if known and former is not None and policy is CodePolicy.NEW_DEVICE else None


def verified_for(policy: CodePolicy) -> timedelta:
    """Decide how long a device counts as verified that has just shown its code."""
    return UNVERIFIED if policy is CodePolicy.ALWAYS else VERIFIED


@dataclass(frozen=True, slots=True)
class Sessions:
    """Opens, finds and ends sessions. `now` is the machine's clock."""

    pool: Callable[[], Pool]
    site: Site
    now: Callable[[], datetime]
    policy: CodePolicy

    async def find(self, request: Request) -> tuple[Session, bool] | None:
        """Find the session of a request's cookie, and whether it is over; None without one that we know."""
        secret = request.cookies.get(self.site.cookie, "")
        if not secret or len(secret) > _LONGEST_COOKIE:
            return None
        return await session_store.find(self.pool(), hash_of(secret), self.now())

    async def open(
        self,
        connection: Connection,
        officer: str,
        obligations: Sequence[str],
        message: UUID | None,
        link: UUID | None,
        *,
        former: Session | None,
        verified: bool,
    ) -> tuple[str, Session]:
        """Open a session, in place of what this browser had; return its secret.

        The mark of the device stays where the former one was the same officer's.
        """
        now = self.now()
        same = former if former is not None and former.officer == officer else None
        until = now + VERIFIED if verified else verified_until(self.policy, now, same)
        device = same.device if same is not None else secrets.token_hex(DEVICE_BYTES)
        session = Session(b"", officer, device, tuple(obligations), message, link, until or now + UNVERIFIED, until)
        if former is not None:
            await session_store.end(connection, former.hash, now)
        return await self._put(connection, session, now)

    async def verify(self, connection: Connection, session: Session) -> tuple[str, Session] | None:
        """Make a session a verified device's: with another secret, so that whoever knew the former one has nothing.

        None where the session has ended meanwhile: a code is good for as long as its session, and so for one device.
        """
        now = self.now()
        if not await session_store.end(connection, session.hash, now):
            return None
        until = now + verified_for(self.policy)
        fresh = replace(session, ends_at=until, verified_until=until, code_sent_to=None, code_ends_at=None)
        return await self._put(connection, fresh, now)

    async def _put(self, connection: Connection, session: Session, now: datetime) -> tuple[str, Session]:
        secret = secrets.token_urlsafe(SECRET_BYTES)
        kept = replace(session, hash=hash_of(secret))
        await session_store.insert(connection, kept, now)
        return secret, kept

    def give(self, response: Response, secret: str, session: Session) -> Response:
        """Put the secret into the browser's cookie, for as long as the session lasts."""
        seconds = int((session.ends_at - self.now()).total_seconds())
        response.set_cookie(
            self.site.cookie, secret, max_age=seconds, path="/", secure=self.site.secure, httponly=True, samesite="lax"
        )
        return response

    def take(self, response: Response) -> Response:
        """Take the cookie away."""
        response.delete_cookie(self.site.cookie, path="/", secure=self.site.secure, httponly=True, samesite="lax")
        return response
