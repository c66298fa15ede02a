"""E-mail over SMTP, with connections that are kept."""

import asyncio
import ssl
from base64 import encodebytes
from collections import deque
from email.header import Header
from email.headerregistry import Address
from email.utils import format_datetime, formataddr
from urllib.parse import parse_qs, unquote, urlsplit

import aiosmtplib

from services.notifications.channels import DeliveryError, Outgoing

TIMEOUT_SECONDS = 20.0
CONNECTIONS = 8  # to the mail server at most
_SCHEMES = {"smtp": 25, "smtps": 465}
_IDLE_SECONDS = 5.0  # an idle connection older than that is asked whether it is still there


class EmailChannel:
    """Sends through the server of KIP_SMTP_URL (`smtp[s]://user:password@host:port`, `?starttls=require|never`)."""

    kind = "email"

    def __init__(self, url: str, sender: str) -> None:
        parts = urlsplit(url)
        if parts.scheme not in _SCHEMES or not parts.hostname:
            raise ValueError(f"expected smtp://host:port or smtps://host:port, got the scheme {parts.scheme!r}")
        starttls = parse_qs(parts.query).get("starttls", ["auto"])[0]
        self._host = parts.hostname
        self._port = parts.port or _SCHEMES[parts.scheme]
        self._username = unquote(parts.username) if parts.username else None
        self._password = unquote(parts.password) if parts.password else None
        self._tls = parts.scheme == "smtps"
        self._starttls = {"require": True, "never": False}.get(starttls)
        self._sender = Address("Kịp", addr_spec=sender)
        self._free = asyncio.Semaphore(CONNECTIONS)
        self._idle: deque[tuple[aiosmtplib.SMTP, float]] = deque()

    async def send(self, message: Outgoing) -> None:
        """Hand over one mail. Raises DeliveryError: refused for good (5xx) or for now (4xx, no connection)."""
        try:
            mail = compose(message, self._sender)
        except ValueError as error:
            raise _failure(error) from error
        async with self._free:
            await self._hand_over(mail, message.address)

    async def _hand_over(self, mail: bytes, address: str) -> None:
        connection: aiosmtplib.SMTP | None = None
        try:
            connection = await self._connection()
            await connection.sendmail(self._sender.addr_spec, [address], mail, timeout=TIMEOUT_SECONDS)
        except (aiosmtplib.SMTPException, OSError, TimeoutError, ssl.SSLError, ValueError) as error:
            if connection is not None:
                connection.close()
            raise _failure(error) from error
        except asyncio.CancelledError:
            if connection is not None:
                connection.close()
            raise
        self._idle.append((connection, asyncio.get_running_loop().time()))

    async def close(self) -> None:
        """Say goodbye on every idle connection."""
        while self._idle:
            connection, _ = self._idle.pop()
            try:
                await connection.quit(timeout=2)
            except (aiosmtplib.SMTPException, OSError):
                connection.close()

    async def _connection(self) -> aiosmtplib.SMTP:
        while self._idle:
            connection, since = self._idle.pop()
            if asyncio.get_running_loop().time() - since < _IDLE_SECONDS:
                if connection.is_connected:
                    return connection
                continue
            try:
                await connection.noop(timeout=2)
            except (aiosmtplib.SMTPException, OSError):
                connection.close()
            else:
                return connection
        fresh = aiosmtplib.SMTP(
            hostname=self._host,
            port=self._port,
            username=self._username,
            password=self._password,
            use_tls=self._tls,
            start_tls=False if self._tls else self._starttls,
            timeout=TIMEOUT_SECONDS,
        )
        await fresh.connect()
        return fresh


def compose(message: Outgoing, sender: Address) -> bytes:
    """The mail: UTF-8 text and HTML, a Message-ID that a repeat has too, and headers that keep robots from answering.

    Laid out here because the standard library's generator parses every header once more: it took half of the time of a
    delivery. Header.encode folds the subject and is ASCII, so is all else. An address that isn't ASCII, or that would
    make a second header, is a ValueError.
    """
    if not message.address.isascii() or any(letter.isspace() for letter in message.address):
        raise ValueError("expected ASCII without spaces")
    boundary = f"=_{message.id.hex}"
    headers = {
        "From": formataddr((sender.display_name, sender.addr_spec)),
        "To": message.address,
        "Subject": Header(message.subject, "utf-8", header_name="Subject").encode(linesep="\r\n"),
        "Date": format_datetime(message.at),
        "Message-ID": f"<{message.id}@{sender.domain}>",
        "Auto-Submitted": "auto-generated",
        "X-Auto-Response-Suppress": "All",
        "List-Id": f"<{message.topic}.kip.{sender.domain}>",
        "List-Unsubscribe": f"<{message.page}>",
        "Content-Language": message.language,
        "MIME-Version": "1.0",
        "Content-Type": f'multipart/alternative; boundary="{boundary}"',
    }
    head = "".join(f"{name}: {value}\r\n" for name, value in headers.items()).encode("ascii")
    parts = (_part(boundary, "plain", message.body), _part(boundary, "html", message.html))
    return head + b"\r\n" + b"".join(parts) + f"--{boundary}--\r\n".encode()


def _part(boundary: str, subtype: str, text: str) -> bytes:
    head = f"--{boundary}\r\nContent-Type: text/{subtype}; charset=utf-8\r\nContent-Transfer-Encoding: base64\r\n\r\n"
    lines = text.replace("\r\n", "\n").replace("\n", "\r\n").encode()
    return head.encode() + encodebytes(lines).replace(b"\n", b"\r\n")


def _failure(error: Exception) -> DeliveryError:
    """A server's 5xx about this mail or address is final; all else, a refused login included, may pass."""
    answer: Exception = error
    if isinstance(error, aiosmtplib.SMTPRecipientsRefused) and error.recipients:
        answer = error.recipients[0]
    if isinstance(answer, aiosmtplib.SMTPAuthenticationError | aiosmtplib.SMTPConnectResponseError):
        return DeliveryError(f"{answer.code} {answer.message}", permanent=False)
    if isinstance(answer, aiosmtplib.SMTPHeloError):
        return DeliveryError(f"{answer.code} {answer.message}", permanent=False)
    if isinstance(answer, aiosmtplib.SMTPResponseException):
        return DeliveryError(f"{answer.code} {answer.message}", permanent=answer.code >= 500)
    if isinstance(answer, ValueError):
        return DeliveryError(f"not an address that can be written to: {answer}", permanent=True)
    return DeliveryError(f"{type(answer).__name__}: {answer}", permanent=False)
