"""What Zalo's servers are asked, and what their answers mean.

ZNS is called "ZBS Template Message" since 2026-01-01; hosts and paths of what is sent to phone numbers stayed (seen in
a reading of Zalo's documents, docs.zaloplatforms.com, of 2026-08-20):
- https://oauth.zaloapp.com/v4/oa/access_token: header secret_key; form refresh_token, app_id, grant_type. An access
  token lives 90000 s, a refresh token three months and for one use (same reading; hexasync.vn says the same).
- https://business.openapi.zalo.me: /message/template, /template/info/v2 (the one without v2 answers -106),
  /template/all, /message/quota; header access_token.
Both answer 200 whatever happened: `error` is 0, or absent at the first, where it went well.
"""

import json
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, NamedTuple, TypeGuard
from urllib.parse import quote, urlencode

import httpcore

from services.notifications.messages.channels import DeliveryError
from services.notifications.messages.channels.http_provider import Provider, number_of, object_of
from services.notifications.messages.channels.zalo_store import Fresh

URL = "https://business.openapi.zalo.me"
OAUTH_URL = "https://oauth.zaloapp.com"
ACCESS_SECONDS = 90_000
REFRESH_LIFE = timedelta(days=90)  # «3 tháng»
LONGEST_TOKEN = 4096
ENABLED = "ENABLE"
# "Invalid refresh token": seen in programs that use the API, in no table of Zalo's. The name decides as well.
_SPENT = -14014
_MOST_LISTED = 100  # of templates, the API's own limit


class RefreshError(Exception):
    """A refresh that gave no tokens. `answered`: Zalo, or the network on the way there, said so; without it nobody
    knows whether the token is spent. `lost`: this refresh token will never be taken.
    """

    def __init__(self, reason: str, *, answered: bool, lost: bool = False) -> None:
        super().__init__(reason)
        self.answered = answered
        self.lost = lost


class Template(NamedTuple):
    """An approved text: its state and quality, and the longest text that each parameter takes."""

    status: str
    quality: str | None
    longest: Mapping[str, int]


class Quota(NamedTuple):
    """How many messages a day Zalo allows, and how many are left today."""

    daily: int
    remaining: int


class ZaloApi:
    """Asks Zalo's servers (or those at `url` and `oauth_url`)."""

    def __init__(self, provider: Provider, url: str = "", oauth_url: str = "") -> None:
        self._provider = provider
        self._url = (url or URL).rstrip("/")
        self._oauth_url = (oauth_url or OAUTH_URL).rstrip("/")

    async def refresh(self, app: str, secret: str, token: str, now: datetime) -> Fresh:
        """Turn a refresh token into new tokens, once. Raises RefreshError, and BusyError without having asked."""
        form = {"refresh_token": token, "app_id": app, "grant_type": "refresh_token"}
        headers = {"secret_key": secret, "Content-Type": "application/x-www-form-urlencoded"}
        url = f"{self._oauth_url}/v4/oa/access_token"
        try:
            answer = await self._provider.exchange("POST", url, urlencode(form).encode(), headers)
        except DeliveryError as error:
            never_there = isinstance(error.__cause__, httpcore.ConnectError | httpcore.ConnectTimeout)
            raise RefreshError(str(error), answered=never_there) from error
        return _tokens(answer.body, answer.line, now)

    async def send(self, access: str, body: Mapping[str, object]) -> tuple[int, str]:
        """Send a message of a template; return the code (0: taken) and Zalo's words. Raises as `post` does."""
        content = json.dumps(body, ensure_ascii=False).encode()
        headers = {"access_token": access, "Content-Type": "application/json"}
        return _code(object_of(await self._provider.post(f"{self._url}/message/template", content, headers)))

    async def template(self, access: str, template: str) -> Template:
        """Read how a template stands. Raises DeliveryError, and BusyError."""
        data = await self._data(access, f"/template/info/v2?template_id={quote(template, safe='')}")
        return _template(data)

    async def enabled_templates(self, access: str) -> list[str]:
        """List the ids of the templates that may be sent, a hundred at most. Raises as `template` does."""
        found = await self._data(access, f"/template/all?offset=0&limit={_MOST_LISTED}&status=1")
        return [str(item.get("templateId")) for item in _objects(found)]

    async def quota(self, access: str) -> Quota:
        """Read the day's quota. Raises as `template` does."""
        (data,) = _objects([await self._data(access, "/message/quota")])
        return Quota(number_of(data, "dailyQuota"), number_of(data, "remainingQuota"))

    async def close(self) -> None:
        """Give back connections."""
        await self._provider.close()

    async def _data(self, access: str, path: str) -> Any:
        answer = object_of(await self._provider.get(f"{self._url}{path}", {"access_token": access}))
        code, words = _code(answer)
        if code or "data" not in answer:
            raise DeliveryError(f"ZBS {code}: {words}", permanent=False)
        return answer["data"]


def _template(data: Any) -> Template:
    """Read a template's description. Raises DeliveryError for another shape."""
    (item,) = _objects([data])
    longest = {str(one.get("name")): _length(one.get("maxLength")) for one in _objects(item.get("listParams"))}
    quality = item.get("templateQuality")
    return Template(str(item.get("status")), None if quality is None else str(quality), longest)


def _length(value: object) -> int:
    """Read the longest text of a parameter; 0 where none is said. Raises DeliveryError for what is no number."""
    text = str(value or 0)
    if not (text.isascii() and text.isdigit() and len(text) < 10):
        raise DeliveryError("a maxLength that is no number", permanent=False, away=True)
    return int(text)


def _objects(found: Any) -> list[Mapping[str, Any]]:
    """Take a list of JSON objects; none for null. Raises DeliveryError for anything else."""
    listed = [] if found is None else found
    if not isinstance(listed, list) or not all(isinstance(item, dict) for item in listed):
        raise DeliveryError("an answer of another shape than Zalo's documents say", permanent=False, away=True)
    return listed


def is_token(found: object) -> TypeGuard[str]:
    """Tell whether it may be a token: one word of ASCII, fit for a header and a form."""
    return isinstance(found, str) and 0 < len(found) <= LONGEST_TOKEN and all("!" <= letter <= "~" for letter in found)


def _code(answer: Mapping[str, Any]) -> tuple[int, str]:
    return number_of(answer, "error"), str(answer.get("message"))


def _tokens(body: bytes, line: str, now: datetime) -> Fresh:
    """Read an answer of the token server, which refuses with 200 as well. Raises RefreshError."""
    try:
        answer = object_of(body)
    except DeliveryError as error:
        raise RefreshError(f"{line}: {error}", answered=False) from error
    refresh, access = answer.get("refresh_token"), answer.get("access_token")
    if refresh and access:
        if not (is_token(refresh) and is_token(access)):
            raise RefreshError(f"{line}: tokens that are no word of ASCII", answered=False)
        lives = timedelta(seconds=_seconds(answer.get("expires_in"), ACCESS_SECONDS))
        # Of the refresh token's own life the answer says nothing that was seen: three months from now, unless it does.
        kept = timedelta(seconds=_seconds(answer.get("refresh_token_expires_in"), int(REFRESH_LIFE.total_seconds())))
        return Fresh(refresh, access, now + lives, now + kept)
    name = str(answer.get("error_name") or answer.get("message") or "")
    code = answer.get("error")
    if code is None:
        raise RefreshError(f"{line}: an answer with neither tokens nor an error", answered=False)
    said = (str(answer.get(key) or "") for key in ("error_name", "error_reason", "error_description"))
    words = " ".join(dict.fromkeys(said)).strip()
    lost = str(code) == str(_SPENT) or "refresh token" in name.casefold()
    raise RefreshError(f"{code}: {words or name}", answered=True, lost=lost)


def _seconds(value: object, otherwise: int) -> int:
    """Read a number of seconds, which Zalo writes as a text."""
    text = str(value)
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 and int(text) else otherwise
