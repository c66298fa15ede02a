"""Keep Zalo's access token fresh: it lives 25 hours, and the refresh token that renews it works once.

One replica refreshes, hours ahead of the end. That it begins is written down before the refresh token goes out, and
what comes back is written down before anything else is done with it, for as long as that takes. What stays is the
moment between Zalo's answer and its commit: whoever dies there, or never gets the answer, has spent the refresh token
for nothing. It is tried once more, in case Zalo never saw it; refused, it is *lost*, and a person must give another
(`kip zalo token`). Nothing in Zalo's documents brings it back.
"""

import asyncio
from collections.abc import Callable
from datetime import datetime, timedelta
from enum import StrEnum
from typing import NamedTuple, Protocol

import structlog

from services.notifications.messages.channels import BusyError, DeliveryError
from services.notifications.messages.channels import zalo_store as store
from services.notifications.messages.channels.zalo_api import REFRESH_LIFE, RefreshError, ZaloApi
from services.notifications.messages.channels.zalo_store import ZaloToken
from shared.database.connections import DATABASE_AWAY, Pool
from shared.runtime.metrics import ZALO_REFRESH_TOKEN_SECONDS, ZALO_TOKEN_LOST, ZALO_TOKEN_SECONDS
from shared.runtime.retry import patiently

log = structlog.get_logger()
EARLY = timedelta(hours=5)  # before the end: twenty of the twenty-five hours are over
LEASE = timedelta(seconds=60)  # of the replica that refreshes; longer than it waits for the answer
ANSWER_SECONDS = 20.0
# Zalo refused an access token that should still be good: it is refreshed at once, but not again and again.
SETTLED = timedelta(minutes=5)
CURE = "give a new refresh token: kip zalo token"


class Step(StrEnum):
    """What there is to do about the tokens."""

    NONE_GIVEN = "none_given"  # nobody has given any
    GOOD = "good"
    DUE = "due"  # to be refreshed
    UNDER_WAY = "under_way"  # a replica is at it, or was a moment ago
    LOST = "lost"  # a person must give another


class Credential(NamedTuple):
    """An access token, and which one it is."""

    number: int
    access: str

    def __repr__(self) -> str:
        """Write it without the token."""
        return f"Credential(number={self.number})"


class Credentials(Protocol):
    """Where the channel gets its access token from."""

    async def current(self) -> Credential:
        """Give the access token. Raises DeliveryError where there is none that is good."""
        ...

    async def instead_of(self, refused: Credential) -> Credential:
        """Give the one after an access token that Zalo refused. Raises DeliveryError."""
        ...

    async def keep(self) -> object:
        """Refresh it if that is due."""
        ...

    async def settle(self) -> None:
        """Wait until what was asked of Zalo is answered and kept."""
        ...


def step_of(token: ZaloToken | None, now: datetime, *, refused: int | None = None) -> Step:
    """Decide what to do. `refused` is the number of tokens that Zalo has just not taken."""
    if token is None:
        return Step.NONE_GIVEN
    if token.lost or token.refresh is None:
        return Step.LOST
    ended = token.access is None or token.access_until is None or token.access_until - now <= EARLY
    if not ended and (token.number != refused or now - token.got_at < SETTLED):
        return Step.GOOD
    if token.tried_at is not None and now - token.tried_at < LEASE:
        return Step.UNDER_WAY
    return Step.DUE


class FixedToken:
    """An access token from the settings, that nobody refreshes: good for a day's trial."""

    def __init__(self, access: str) -> None:
        self._credential = Credential(0, access)

    async def current(self) -> Credential:
        """Give the token."""
        return self._credential

    async def instead_of(self, refused: Credential) -> Credential:
        """Refuse: there is no other."""
        reason = (
            "Zalo refuses KIP_ZNS_TOKEN, which lives 25 hours: set KIP_ZNS_APP_ID, KIP_ZNS_SECRET and a refresh token"
        )
        raise DeliveryError(reason, permanent=False, away=True)

    async def keep(self) -> None:
        """Do nothing: nobody can refresh it."""

    async def settle(self) -> None:
        """Do nothing: nothing is asked of Zalo."""


class ZaloTokens:
    """The tokens that the database holds, of all replicas. `first` is the refresh token of the settings, if any."""

    def __init__(
        self,
        pool: Callable[[], Pool],
        api: ZaloApi,
        app: str,
        secret: str,
        first: str | None,
        now: Callable[[], datetime],
    ) -> None:
        self._pool = pool
        self._api = api
        self._app = app
        self._secret = secret
        self._first = first
        self._now = now
        self._known: ZaloToken | None = None
        self._refreshing: asyncio.Task[None] | None = None

    async def current(self) -> Credential:
        """Give the access token, from memory while it is good. Raises DeliveryError where there is none."""
        if self._good(self._known) is None:
            await self.keep()
        return self._given()

    async def instead_of(self, refused: Credential) -> Credential:
        """Give the access token that took the place of a refused one: another replica's, or one refreshed now."""
        await self.keep(refused.number)
        given = self._given()
        if given.number == refused.number:
            raise DeliveryError("Zalo refuses the access token, and no other is there yet", permanent=False, away=True)
        return given

    async def keep(self, refused: int | None = None) -> Step:
        """Do what is to be done about the tokens, and say what that was. Raises DATABASE_AWAY's."""
        pool = self._pool()
        if self._first is not None:
            await store.seed(pool, self._first, self._now(), self._now() + REFRESH_LIFE)
            self._first = None
        self._known = await store.newest(pool)
        step = step_of(self._known, self._now(), refused=refused)
        if step is Step.DUE and self._known is not None:
            if self._refreshing is None:  # of this process; the row's lease keeps other replicas out
                self._refreshing = asyncio.create_task(self._refresh(pool, self._known), name="zalo refresh")
                self._refreshing.add_done_callback(self._refreshed)
            await asyncio.shield(self._refreshing)  # whoever waits for it may leave; the answer must be kept
            self._known = await store.newest(pool)
        self._observe()
        return step

    async def settle(self) -> None:
        """Wait for a refresh that is under way: what it brings must be written down."""
        if self._refreshing is not None:
            await asyncio.wait({self._refreshing})

    def _refreshed(self, task: "asyncio.Task[None]") -> None:
        self._refreshing = None
        if not task.cancelled() and (error := task.exception()) is not None:
            log.error("zalo.refresh_broken", reason=type(error).__name__)

    async def _refresh(self, pool: Pool, token: ZaloToken) -> None:
        if token.refresh is None or not await store.begin(pool, token.number, self._now(), LEASE):
            return
        try:
            async with asyncio.timeout(ANSWER_SECONDS):
                fresh = await self._api.refresh(self._app, self._secret, token.refresh, self._now())
        except RefreshError as error:
            await self._note(pool, token, error)
        except BusyError as error:
            await self._note(pool, token, RefreshError(str(error), answered=True))
        except TimeoutError:
            await self._note(pool, token, RefreshError("no answer in time", answered=False))
        else:
            await patiently("zalo token", lambda: store.replace(pool, token.number, fresh, self._now()), DATABASE_AWAY)
            log.info("zalo.refreshed", good_until=fresh.access_until.isoformat())

    async def _note(self, pool: Pool, token: ZaloToken, error: RefreshError) -> None:
        fault = str(error).replace(token.refresh or "", "•••")
        if error.lost and token.unanswered:
            fault = f"{fault}; an answer to an earlier attempt never came, and with it the token that it brought"
        level = log.error if error.lost else log.warning
        level("zalo.refresh_failed", reason=fault, lost=error.lost, cure=CURE if error.lost else None)
        await patiently(
            "zalo token",
            lambda: store.note(pool, token.number, fault, lost=error.lost, answered=error.answered),
            DATABASE_AWAY,
        )

    def _good(self, token: ZaloToken | None) -> str | None:
        if token is None or token.access_until is None or token.access_until <= self._now():
            return None
        return token.access

    def _given(self) -> Credential:
        token, access = self._known, self._good(self._known)
        if token is not None and access is not None:
            return Credential(token.number, access)
        if token is None:
            reason = f"there is no token for Zalo: {CURE}"
        else:
            reason = f"the access token has ended and was not refreshed: {token.fault or 'no answer yet'}"
        raise DeliveryError(reason, permanent=False, away=True)

    def _observe(self) -> None:
        token, now = self._known, self._now()
        lost = token is not None and step_of(token, now) is Step.LOST
        ends = (
            (ZALO_TOKEN_SECONDS, token.access_until if token is not None else None),
            (ZALO_REFRESH_TOKEN_SECONDS, token.refresh_until if token is not None and not lost else None),
        )
        for gauge, end in ends:
            gauge.labels(self._app).set(max((end - now).total_seconds(), 0.0) if end is not None else 0.0)
        ZALO_TOKEN_LOST.labels(self._app).set(lost)
