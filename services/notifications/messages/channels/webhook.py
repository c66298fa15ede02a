"""A signed webhook (https://www.standardwebhooks.com), for systems that show messages in their own way."""

import json
from ssl import SSLContext

from standardwebhooks.webhooks import Webhook

from services.notifications.messages.channels import DeliveryError, Outgoing
from services.notifications.messages.channels.http_provider import Provider
from services.notifications.messages.channels.outward import Outward
from services.notifications.messages.channels.pace import NewPace
from shared.runtime.clock import Clock

EVENT_TYPE = "kip.message"


class WebhookChannel:
    """Posts the message as JSON. `webhook-id` stays the same over repeats: the receiver's idempotency key."""

    kind = "webhook"

    def __init__(
        self, secret: str, machine: Clock, outward: Outward, *, new_pace: NewPace, trust: SSLContext | None = None
    ) -> None:
        self._signer = Webhook(secret)
        self._machine = machine  # a receiver compares the time with its own, whatever the run simulates
        self._destinations = outward.destinations
        self._provider = Provider(new_pace, machine.now, outward, trust)

    async def send(self, message: Outgoing) -> None:
        """Hand over one message. Raises DeliveryError."""
        fault = self._destinations.fault(self.kind, message.address)
        if fault is not None:
            raise DeliveryError(fault, permanent=True)
        body = json.dumps(
            {
                "type": EVENT_TYPE,
                "timestamp": message.at.isoformat(),
                "data": {
                    "programme": message.topic,
                    "officer": message.officer,
                    "language": message.language,
                    "subject": message.subject,
                    "text": message.body,
                    "page": message.page,
                },
            },
            ensure_ascii=False,
        )
        now, id_ = self._machine.now(), f"msg_{message.id.hex}"
        headers = {
            "Content-Type": "application/json",
            "webhook-id": id_,
            "webhook-timestamp": str(int(now.timestamp())),
            "webhook-signature": self._signer.sign(id_, now, body),
        }
        await self._provider.post(message.address, body.encode(), headers)

    async def close(self) -> None:
        """Give back connections."""
        await self._provider.close()
