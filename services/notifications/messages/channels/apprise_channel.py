"""Everything else: services that the `apprise` package knows, by their URL (`zalo://token/chat_id`, …).

Only those that the settings list: many of the 160 name a host of their own, and so reach any host.
"""

import logging

from services.notifications.messages.channels import DeliveryError, Outgoing
from services.notifications.messages.channels.pace import NewPace, Pace
from shared.registry.destinations import Destinations

# It logs addresses and tokens, which nobody may read.
logging.getLogger("apprise").setLevel(logging.CRITICAL + 1)


class AppriseChannel:
    """Sends subject and text. Apprise says only whether it worked: a failure may pass, a bad URL will not."""

    kind = "apprise"

    def __init__(self, destinations: Destinations, *, new_pace: NewPace) -> None:
        self._destinations = destinations
        self._new_pace = new_pace
        self._paces: dict[str, Pace] = {}  # by the kind of service

    async def send(self, message: Outgoing) -> None:
        """Hand over one message. Raises DeliveryError, or BusyError over the service's rate."""
        fault = self._destinations.fault(self.kind, message.address)
        if fault is not None:
            raise DeliveryError(fault, permanent=True)
        import apprise  # noqa: PLC0415 - a twelfth of the service's start: only those pay whose settings allow it

        # One service: `Apprise.add` would take a text apart at its commas, and what follows has another scheme.
        service = apprise.Apprise.instantiate(message.address)
        if service is None:
            raise DeliveryError("not an address that apprise can read", permanent=True)
        scheme = message.address.partition("://")[0].casefold()
        if scheme not in self._paces:
            self._paces[scheme] = self._new_pace()
        self._paces[scheme].take()
        target = apprise.Apprise()
        target.add(service)
        done = await target.async_notify(body=message.body, title=message.subject)
        if not done:
            raise DeliveryError("apprise could not deliver it", permanent=False)

    async def close(self) -> None:
        """Do nothing: no connection is kept."""
