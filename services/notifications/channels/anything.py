"""Everything else: any of the 160 services that the `apprise` package knows, by its URL (`zalo://token/chat_id`, …)."""

import logging

import apprise

from services.notifications.channels import DeliveryError, Outgoing
from services.notifications.channels.pace import NewPace, Pace

# It logs addresses and tokens, which nobody may read.
logging.getLogger("apprise").setLevel(logging.CRITICAL + 1)


class AppriseChannel:
    """Sends subject and text. Apprise tells only whether it worked: a failure may pass, a bad URL will not."""

    kind = "apprise"

    def __init__(self, *, new_pace: NewPace) -> None:
        self._new_pace = new_pace
        self._paces: dict[str, Pace] = {}  # by the kind of service

    async def send(self, message: Outgoing) -> None:
        """Hand over one message. Raises DeliveryError, or BusyError over the service's rate."""
        target = apprise.Apprise()
        if not target.add(message.address):
            raise DeliveryError("not an address that apprise can read", permanent=True)
        service = message.address.partition("://")[0].casefold()
        if service not in self._paces:
            self._paces[service] = self._new_pace()
        self._paces[service].take()
        done = await target.async_notify(body=message.body, title=message.subject)
        if not done:
            raise DeliveryError("apprise could not deliver it", permanent=False)

    async def close(self) -> None:
        """Nothing is kept."""
