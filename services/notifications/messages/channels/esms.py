"""SMS through eSMS (https://esms.vn): one unaccented message of at most 160 characters."""

import json
import unicodedata
from collections.abc import Callable
from datetime import datetime

from services.notifications.messages.channels import DeliveryError, Outgoing
from services.notifications.messages.channels.http_provider import Provider, number_of, object_of
from services.notifications.messages.channels.pace import NewPace

URL = "https://rest.esms.vn/MainService.svc/json/SendMultipleMessage_V4_post_json/"
LONGEST = 160
_TOOK_IT = 100
_TOOK_IT_BEFORE = 124  # this RequestId was taken: the repeat of a message whose answer got lost
# The account's fault, not the number's (key, price list, balance, address): another try may do.
# https://developers.esms.vn/en/esms-api/table-of-error-codes
_TRY_AGAIN = frozenset({101, 102, 103, 140})
_CUSTOMER_CARE = "2"  # SmsType with a brand name


class EsmsChannel:
    """Sends the subject, unaccented. `RequestId` stays the same over repeats: eSMS takes it once."""

    kind = "sms"

    def __init__(
        self, key: str, secret: str, brand: str, *, url: str = URL, now: Callable[[], datetime], new_pace: NewPace
    ) -> None:
        self._key = key
        self._secret = secret
        self._brand = brand
        self._url = url
        self._provider = Provider(new_pace, now)

    async def send(self, message: Outgoing) -> None:
        """Hand over one SMS. Raises DeliveryError."""
        body = {
            "ApiKey": self._key,
            "SecretKey": self._secret,
            "Phone": message.address,
            "Content": short_text(message.subject),
            "Brandname": self._brand,
            "SmsType": _CUSTOMER_CARE,
            "RequestId": message.id.hex,
        }
        answer = await self._provider.post(self._url, json.dumps(body).encode(), {"Content-Type": "application/json"})
        _judge(answer)

    async def close(self) -> None:
        """Give back connections."""
        await self._provider.close()


def short_text(text: str) -> str:
    """Write a text without accents, in the GSM alphabet's ASCII part, 160 characters at most: "Bao cao qua han"."""
    plain = unicodedata.normalize("NFD", text.replace("đ", "d").replace("Đ", "D"))
    letters = "".join(letter for letter in plain if not unicodedata.combining(letter))
    ascii_only = " ".join("".join(letter if " " <= letter <= "~" else " " for letter in letters).split())
    return ascii_only if len(ascii_only) <= LONGEST else ascii_only[: LONGEST - 3].rstrip() + "..."


def _judge(body: bytes) -> None:
    """Judge a response: eSMS answers 200 whatever happened; CodeResult is 100 where it took the message."""
    answer = object_of(body)
    code = number_of(answer, "CodeResult")
    if code not in {_TOOK_IT, _TOOK_IT_BEFORE}:
        raise DeliveryError(f"eSMS {code}: {answer.get('ErrorMessage')}", permanent=code not in _TRY_AGAIN)
