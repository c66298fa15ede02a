"""A real SMTP server that can misbehave as real ones do."""

import asyncio
import ssl
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Any

from aiosmtpd.smtp import SMTP, AuthResult


class MailServer:
    """Keeps what it accepts. `answers` are given in turn to DATA (then 250); `refused` maps recipients to an answer.

    `tls` is used from the first byte if `implicit`, else offered by STARTTLS. `logins` maps names to passwords: without
    one of them nothing is taken. A `slow` server answers DATA after so many seconds.
    """

    def __init__(
        self,
        *,
        tls: ssl.SSLContext | None = None,
        implicit: bool = False,
        logins: dict[str, str] | None = None,
        size_limit: int | None = None,
    ) -> None:
        self.kept: list[EmailMessage] = []
        self.raw: list[bytes] = []
        self.senders: list[str] = []  # of the envelopes
        self.options: list[list[str]] = []
        self.answers: list[str] = []
        self.refused: dict[str, str] = {}
        self.sender_refused: str | None = None
        self.login_answer: str | None = None
        self.logins_tried = 0
        self.drop_after_acceptance = 0
        self.slow = 0.0
        self.sessions = 0
        self.port = 0
        self._implicit = tls if implicit else None
        self._session: dict[str, Any] = {"hostname": "test", "enable_SMTPUTF8": True, "data_size_limit": size_limit}
        if tls is not None and not implicit:
            self._session |= {"tls_context": tls}
        if logins is not None:
            self._session |= {
                "authenticator": self._authenticator(logins), "auth_required": True, "auth_require_tls": False
            }  # fmt: skip

    async def start(self) -> None:
        def session() -> SMTP:
            self.sessions += 1
            return SMTP(self, **self._session)

        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(session, "127.0.0.1", self.port, ssl=self._implicit)
        self.port = self._server.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        self._server.close()

    async def __aenter__(self) -> "MailServer":
        await self.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.stop()

    def _authenticator(self, logins: dict[str, str]):
        def check(server, session, envelope, mechanism, data) -> AuthResult:
            self.logins_tried += 1
            known = logins.get(data.login.decode()) == data.password.decode()
            return AuthResult(success=known, handled=False, message=self.login_answer)

        return check

    async def handle_MAIL(self, server, session, envelope, address, options) -> str:  # noqa: N802 - aiosmtpd's name
        if self.sender_refused is not None:
            return self.sender_refused
        envelope.mail_from = address
        self.options.append(options)
        return "250 OK"

    async def handle_RCPT(self, server, session, envelope, address, options) -> str:  # noqa: N802 - aiosmtpd's name
        if address in self.refused:
            return self.refused[address]
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server, session, envelope) -> str:  # noqa: N802 - aiosmtpd's name
        await asyncio.sleep(self.slow)
        reply = self.answers.pop(0) if self.answers else "250 OK"
        if reply.startswith("2"):
            self.raw.append(envelope.original_content)
            self.senders.append(envelope.mail_from)
            self.kept.append(message_from_bytes(envelope.original_content, policy=policy.default))
        if self.drop_after_acceptance:
            self.drop_after_acceptance -= 1
            server.transport.abort()
        return reply
