"""The background task of Zalo's channel: tokens kept fresh, and once an hour a look at the template and the quota."""

import asyncio
from collections.abc import Callable, Mapping
from contextlib import suppress
from datetime import datetime, timedelta

import structlog

from services.notifications.messages.channels import BusyError, DeliveryError
from services.notifications.messages.channels import zalo_store as store
from services.notifications.messages.channels.zalo_api import ENABLED, Template, ZaloApi
from services.notifications.messages.channels.zalo_store import ZaloCheck
from services.notifications.messages.channels.zalo_token import Credentials
from services.notifications.messages.channels.zns import SLOTS
from shared.database.connections import DATABASE_AWAY, Pool
from shared.runtime.metrics import ZALO_QUOTA_DAILY, ZALO_QUOTA_REMAINING, ZALO_TEMPLATE_USABLE
from shared.runtime.supervision import Supervised

log = structlog.get_logger()
_PAUSE_SECONDS = 30.0
CHECK_EVERY = timedelta(hours=1)
_NAMED = 5


class ZaloKeeper:
    """Keeps tokens and checks the template, in every replica: the database lets one of them act."""

    def __init__(
        self,
        pool: Callable[[], Pool],
        api: ZaloApi,
        credentials: Credentials,
        template: str,
        now: Callable[[], datetime],
    ) -> None:
        self._pool = pool
        self._api = api
        self._credentials = credentials
        self._template = template
        self._now = now
        self._task = Supervised("zalo", self._run)

    def start(self) -> None:
        """Begin to keep."""
        self._task.start()

    async def stop(self) -> None:
        """Stop, but not between Zalo's answer and its commit."""
        await self._task.stop()
        await self._credentials.settle()

    async def turn(self) -> None:
        """Do what is to be done now. What can't be done is told, and done at a later turn."""
        await self._credentials.keep()
        with suppress(DeliveryError):  # without a token nothing can be asked, and the keeper says so elsewhere
            access = (await self._credentials.current()).access
            if await store.claim_check(self._pool(), self._now(), CHECK_EVERY, self._template):
                await self._check(access)
        self._observe(await store.read_check(self._pool()))

    async def _run(self) -> None:
        while True:
            with suppress(*DATABASE_AWAY):
                await self.turn()
            await asyncio.sleep(_PAUSE_SECONDS)

    async def _check(self, access: str) -> None:
        try:
            quota = await self._api.quota(access)
            found = await self._found(access)
        except (DeliveryError, BusyError) as error:
            log.warning("zalo.unchecked", reason=str(error))
            await store.unclaim_check(self._pool())
            return
        fault = fault_of(found) if isinstance(found, Template) else found
        status, quality = (found.status, found.quality) if isinstance(found, Template) else (None, None)
        check = ZaloCheck(self._now(), self._template, status, quality, fault, quota.daily, quota.remaining)
        await store.record_check(self._pool(), check)
        if fault is not None:
            log.error("zalo.template", template=self._template, reason=fault)

    async def _found(self, access: str) -> Template | str:
        """Read the template; where Zalo has none of that id for us, say so and name those that there are."""
        try:
            return await self._api.template(access, self._template)
        except DeliveryError as error:
            if error.away:
                raise
            there = await self._api.enabled_templates(access)
            listed = ", ".join(there[:_NAMED]) + (" …" if len(there) > _NAMED else "")
            return f"{error}; enabled are {listed or 'none'}"

    def _observe(self, check: ZaloCheck) -> None:
        if check.template != self._template:
            return  # nothing is known of it yet
        ZALO_TEMPLATE_USABLE.labels(self._template).set(check.fault is None)
        for gauge, value in ((ZALO_QUOTA_DAILY, check.quota_daily), (ZALO_QUOTA_REMAINING, check.quota_remaining)):
            if value is not None:
                gauge.labels(self._template).set(value)


def fault_of(template: Template, slots: Mapping[str, int] = SLOTS) -> str | None:
    """Say why a template is of no use to us: its state, or parameters that aren't ours or are too short. Else None.

    `slots` are our parameters with the longest text that we put there.
    """
    if template.status != ENABLED:
        return f"its state is {template.status}"
    missing = [name for name in slots if name not in template.longest]
    if missing:
        return f"it lacks the parameters {', '.join(missing)}"
    foreign = sorted(template.longest.keys() - slots.keys())
    if foreign:
        return f"it has parameters that we don't fill: {', '.join(foreign)}"
    short = [
        f"{name} ({template.longest[name]} of {most})" for name, most in slots.items() if _short(template, name, most)
    ]
    return f"its parameters are too short: {', '.join(short)}" if short else None


def _short(template: Template, name: str, most: int) -> bool:
    return 0 < template.longest[name] < most  # 0: Zalo says no length
