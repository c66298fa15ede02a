"""A real SMTP server that can misbehave as real ones do."""

import asyncio
from email import message_from_bytes, policy
from email.message import EmailMessage

from aiosmtpd.smtp import SMTP


class MailServer:
    """Keeps what it accepts. `answers` are given in turn to DATA (then 250); `refused` maps recipients to an answer."""

    def __init__(self) -> None:
        self.kept: list[EmailMessage] = []
        self.answers: list[str] = []
        self.refused: dict[str, str] = {}
        self.drop_after_acceptance = 0
        self.sessions = 0
        self.port = 0

    async def start(self) -> None:
        def session() -> SMTP:
            self.sessions += 1
            return SMTP(self, enable_SMTPUTF8=True, hostname="test")

        self._server = await asyncio.get_running_loop().create_server(session, "127.0.0.1", self.port)
        self.port = self._server.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        self._server.close()

    async def handle_RCPT(self, server, session, envelope, address, options) -> str:  # noqa: N802 - aiosmtpd's name
        if address in self.refused:
            return self.refused[address]
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server, session, envelope) -> str:  # noqa: N802 - aiosmtpd's name
        reply = self.answers.pop(0) if self.answers else "250 OK"
        if reply.startswith("2"):
            self.kept.append(message_from_bytes(envelope.original_content, policy=policy.default))
        if self.drop_after_acceptance:
            self.drop_after_acceptance -= 1
            server.transport.abort()
        return reply
