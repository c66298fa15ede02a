"""Zalo ZNS: a template that Zalo has approved beforehand, sent to a phone number by an official account.

https://developers.zalo.me/docs/zalo-notification-service : POST /message/template, header access_token.
"""

import json
from collections.abc import Callable
from datetime import datetime

from services.notifications.messages.channels import DeliveryError, Outgoing
from services.notifications.messages.channels.http_provider import Provider, number_of
from services.notifications.messages.channels.pace import NewPace

URL = "https://business.openapi.zalo.me/message/template"
_LONGEST_SLOT = 200
# Refusals that may pass: unknown, balance, token, wallet, not at night, the day's quota of account or template.
# https://zalo.cloud/zns/guidelines/handle-error-code
_TRY_AGAIN = frozenset({-100, -115, -124, -126, -133, -144, -147})


class ZnsChannel:
    """Fills the slots `name`, `message` and `link` of one approved template."""

    kind = "zalo"

    def __init__(
        self, token: str, template: str, *, url: str = URL, now: Callable[[], datetime], new_pace: NewPace
    ) -> None:
        self._token = token
        self._template = template
        self._url = url
        self._provider = Provider(new_pace, now)

    async def send(self, message: Outgoing) -> None:
        """Hand over one message. `tracking_id` stays the same over repeats. Raises DeliveryError."""
        body = {
            "phone": message.address,
            "template_id": self._template,
            "template_data": {
                "name": message.officer[:_LONGEST_SLOT],
                "message": message.subject[:_LONGEST_SLOT],
                "link": message.page,
            },
            "tracking_id": message.id.hex,
        }
        headers = {"access_token": self._token, "Content-Type": "application/json"}
        answer = await self._provider.post(self._url, json.dumps(body, ensure_ascii=False).encode(), headers)
        _judge(answer)

    async def close(self) -> None:
        """Give back connections."""
        await self._provider.close()


def _judge(body: bytes) -> None:
    """Judge a response: ZNS answers 200 whatever happened; `error` is 0 where it took the message."""
    try:
        answer = json.loads(body)
    except ValueError as error:
        raise DeliveryError("an answer that is not JSON", permanent=False) from error
    code = number_of(answer, "error")
    if code:
        raise DeliveryError(f"ZNS {code}: {answer.get('message')}", permanent=code not in _TRY_AGAIN)
