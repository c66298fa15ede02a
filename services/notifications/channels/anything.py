"""Everything else: any of the 160 services that the `apprise` package knows, by its URL (`zalo://token/chat_id`, …)."""

import logging

import apprise
from aiolimiter import AsyncLimiter

from services.notifications.channels import DeliveryError, Outgoing

# It logs addresses and tokens, which nobody may read.
logging.getLogger("apprise").setLevel(logging.CRITICAL + 1)


class AppriseChannel:
    """Sends subject and text. Apprise tells only whether it worked: a failure may pass, a bad URL will not."""

    kind = "apprise"

    def __init__(self, *, rate: float) -> None:
        self._limiter = AsyncLimiter(max(rate, 1), max(1 / rate, 1))

    async def send(self, message: Outgoing) -> None:
        """Hand over one message. Raises DeliveryError."""
        target = apprise.Apprise()
        if not target.add(message.address):
            raise DeliveryError("not an address that apprise can read", permanent=True)
        async with self._limiter:
            done = await target.async_notify(body=message.body, title=message.subject)
        if not done:
            raise DeliveryError("apprise could not deliver it", permanent=False)

    async def close(self) -> None:
        """Nothing is kept."""
