"""Zalo's template messages to phone numbers: ZNS, since 2026-01-01 called ZBS Template Message.

A template is approved beforehand. Its text may hold no link (https://zalo.cloud/blog, "Yêu cầu tổng quan về nội dung và
hình thức mẫu ZNS"): the officer's page goes into the address of a button, whose last part is a parameter.
"""

import unicodedata

from services.notifications.messages.channels import DeliveryError, Outgoing
from services.notifications.messages.channels.zalo_api import ZaloApi
from services.notifications.messages.channels.zalo_token import Credentials

# Our parameters, with the longest text that we put there: Zalo's types "Tên khách hàng" (30), one of 200, URL (200).
SLOTS = {"name": 30, "message": 200, "link": 128}
# Refusals that may pass: unknown, balance, wallet, charge, not at night, the day's quota of account or template.
# https://zalo.cloud/zns/guidelines/handle-error-code ; the same codes in a reading of ZBS's table of 2026-08-20.
_TRY_AGAIN = frozenset({-100, -115, -126, -133, -137, -144, -147})
# The access token: -124 here; -216 (invalid) and -220 (ended) from Zalo's other servers, which take the same one.
_TOKEN = frozenset({-124, -216, -220})


class ZnsChannel:
    """Fills the parameters `name`, `message` and `link` of one approved template, `otp` of the one for codes."""

    kind = "zalo"

    def __init__(self, api: ZaloApi, credentials: Credentials, template: str, code_template: str = "") -> None:
        self._api = api
        self._credentials = credentials
        self._template = template
        self._code_template = code_template

    async def send(self, message: Outgoing) -> None:
        """Hand over one message. `tracking_id` stays the same over repeats. Raises DeliveryError, BusyError."""
        template, data = self._filled(message)
        body = {
            "phone": message.address,
            "template_id": template,
            "template_data": data,
            "tracking_id": message.id.hex,
        }
        credential = await self._credentials.current()
        code, words = await self._api.send(credential.access, body)
        if code in _TOKEN:
            credential = await self._credentials.instead_of(credential)
            code, words = await self._api.send(credential.access, body)
        if code:
            raise DeliveryError(f"ZBS {code}: {words}", permanent=code not in _TRY_AGAIN | _TOKEN, away=code in _TOKEN)

    def _filled(self, message: Outgoing) -> tuple[str, dict[str, str]]:
        """Choose the template, and fill its parameters. Raises DeliveryError."""
        if message.code is not None:
            if not self._code_template:
                raise DeliveryError("no template for codes (KIP_ZNS_CODE_TEMPLATE)", permanent=True)
            return self._code_template, {"otp": message.code}
        return self._template, {
            "name": _fitting("name", message.officer),
            "message": _fitting("message", message.subject),
            "link": _button_part(message.page),
        }

    async def close(self) -> None:
        """Give back connections."""
        await self._api.close()


def _fitting(slot: str, text: str) -> str:
    """Cut a text to its parameter's length, in precomposed letters: Zalo counts code points."""
    return unicodedata.normalize("NFC", text)[: SLOTS[slot]]


def _button_part(page: str) -> str:
    """Take the last part of the page's address, which the button has after `…/l/`. Raises DeliveryError.

    Never cut: half a link opens nothing.
    """
    part = page.rpartition("/")[2]
    if len(part) > SLOTS["link"]:
        raise DeliveryError("the officer's link is too long for a button's parameter", permanent=True)
    return part
