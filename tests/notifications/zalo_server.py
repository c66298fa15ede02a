"""A server that behaves as Zalo's documents say: refresh tokens that work once, access tokens that end, codes with 200.

Written from a reading of docs.zaloplatforms.com of 2026-08-20, independent of the code that it tests.
"""

import asyncio
import json
from datetime import UTC, datetime, timedelta
from itertools import count
from time import monotonic
from urllib.parse import parse_qs, urlsplit

from services.notifications.messages.channels.http_provider import Provider
from services.notifications.messages.channels.pace import Pace
from services.notifications.messages.channels.zalo_api import ZaloApi
from services.notifications.messages.channels.zalo_token import FixedToken
from services.notifications.messages.channels.zns import ZnsChannel
from shared.runtime.clock import SystemClock

APP, SECRET, TEMPLATE = "3608465248940903967", "app-secret", "7890"
PARAMETERS = {"name": 30, "message": 200, "link": 200}


def unhurried():
    return Pace(10_000, monotonic)


def zalo_api(url, new_pace=unhurried):
    return ZaloApi(Provider(new_pace, SystemClock().now), url, url)


def zns_channel(url, new_pace=unhurried):
    """The channel with a token that the settings give."""
    return ZnsChannel(zalo_api(url, new_pace), FixedToken("token"), TEMPLATE)


class ZaloServer:
    """`now` is its clock, which a test moves. `before` and `after` are events that a refresh waits for: before Zalo has
    made new tokens, and before it says them. `drop_before` and `drop_after` end so many connections at these points.
    """

    def __init__(self, now=None):
        self.now = now or datetime(2026, 1, 5, 8, tzinfo=UTC)
        self.refreshes = []  # when
        self.refused = []  # codes of the token server
        self.sent = []  # bodies
        self.before = self.after = None
        self.minted = asyncio.Event()
        self.arrived = asyncio.Event()
        self.drop_before = self.drop_after = 0
        self.status = "ENABLE"
        self.parameters = dict(PARAMETERS)
        self.quota = {"dailyQuota": "500", "remainingQuota": 499}
        self.away = False
        self._numbers = count(1)
        self._refresh = {}  # token → end
        self._access = None  # (token, end): minting another ends the one before at once
        self._connections = set()

    def grant(self):
        """What the official account's administrator gets by consenting: a refresh token."""
        number = next(self._numbers)
        self._refresh = {f"refresh-{number}": self.now + timedelta(days=90)}
        self._access = (f"access-{number}", self.now + timedelta(seconds=90_000))
        return f"refresh-{number}"

    def revoke_access(self):
        self._access = None

    async def __aenter__(self):
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.url = f"http://127.0.0.1:{self._server.sockets[0].getsockname()[1]}"
        return self

    async def __aexit__(self, *_):
        self._server.close()
        for writer in self._connections:
            writer.close()

    async def _serve(self, reader, writer):
        self._connections.add(writer)
        try:
            while line := await reader.readline():
                method, target, _ = line.decode().split()
                headers = {}
                while (field := await reader.readline()).strip():
                    name, _, value = field.decode().partition(":")
                    headers[name.strip().lower()] = value.strip()
                body = await reader.readexactly(int(headers.get("content-length", "0")))
                answer = None if self.away else await self._answer(method, target, headers, body)
                if answer is None:
                    break
                text = json.dumps(answer).encode()
                writer.write(f"HTTP/1.1 200 OK\r\nContent-Length: {len(text)}\r\n\r\n".encode() + text)
                await writer.drain()
        finally:
            self._connections.discard(writer)
            writer.close()

    async def _answer(self, method, target, headers, body):
        parts = urlsplit(target)
        if parts.path == "/v4/oa/access_token":
            return await self._token(headers, {key: values[0] for key, values in parse_qs(body.decode()).items()})
        if self._access is None or headers.get("access_token") != self._access[0] or self.now >= self._access[1]:
            return {"error": -124, "message": "Access token invalid"}
        asked = {
            ("POST", "/message/template"): self._send,
            ("GET", "/template/info/v2"): self._template,
            ("GET", "/template/all"): lambda *_: {"data": [{"templateId": 7890, "status": "ENABLE"}]},
            ("GET", "/message/quota"): lambda *_: {"data": self.quota},
        }.get((method, parts.path), lambda *_: {"error": -106, "message": "Method unsupported"})
        return {"error": 0, "message": "Success", **asked(parts.query, body)}

    def _send(self, query, body):
        self.sent.append(json.loads(body))
        return {"data": {"msg_id": "a4d0243feee163bd3af2", "sent_time": "1626926349402"}}

    def _template(self, query, body):
        if parse_qs(query)["template_id"] != [TEMPLATE]:
            return {"error": -109, "message": "Template ID invalid"}
        listed = [
            {"name": name, "require": True, "type": "STRING", "maxLength": most, "minLength": 0, "acceptNull": False}
            for name, most in self.parameters.items()
        ]
        data = {"templateId": TEMPLATE, "status": self.status, "templateQuality": "HIGH", "listParams": listed}
        return {"data": data}

    async def _token(self, headers, form):
        self.arrived.set()
        if self.before is not None:
            await self.before.wait()
        if self.drop_before:
            self.drop_before -= 1
            return None
        if form.get("app_id") != APP:
            return self._refuse(-14002, "Invalid appId")
        if headers.get("secret_key") != SECRET:
            return self._refuse(-14004, "Invalid secret key")
        until = self._refresh.pop(form["refresh_token"], None)
        if until is None or until <= self.now:
            return self._refuse(-14014, "Invalid refresh token.")
        number = next(self._numbers)
        self._refresh = {f"refresh-{number}": self.now + timedelta(days=90)}
        self._access = (f"access-{number}", self.now + timedelta(seconds=90_000))
        self.refreshes.append(self.now)
        self.minted.set()
        if self.after is not None:
            await self.after.wait()
        if self.drop_after:
            self.drop_after -= 1
            return None
        return {"access_token": self._access[0], "refresh_token": f"refresh-{number}", "expires_in": "90000"}

    def _refuse(self, code, name):
        self.refused.append(code)
        return {"error": code, "error_name": name, "error_reason": "", "error_description": name, "ref_doc": ""}
