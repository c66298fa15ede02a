"""E-mail over SMTP, with connections that are kept."""

import asyncio
from collections import deque
from collections.abc import Callable
from functools import partial
from urllib.parse import parse_qs, unquote, urlsplit

import aiosmtplib
from aiosmtplib import SMTPStatus
from aiosmtplib.protocol import SMTPProtocol

from services.notifications.messages.channels import BusyError, DeliveryError, Outgoing
from services.notifications.messages.mail_layout import Origin, lay_out, mailbox

TIMEOUT_SECONDS = 20.0
TURN_SECONDS = 15.0
CONNECTIONS = 8  # to the mail server at most
_SCHEMES = {"smtp": 25, "smtps": 465}
_STARTTLS = {"auto": None, "require": True, "never": False}
_FINAL = 500  # the first of the codes that say that a repeat is of no use
_IDLE_SECONDS = 5.0  # an idle connection older than that is asked whether it is still there


class EmailChannel:
    """Sends through the server of KIP_SMTP_URL (`smtp[s]://user:password@host:port`, `?starttls=require|never`).

    `return_path` gives the envelope's sender, to which a mail comes back; without it that is the sender's own address.
    """

    kind = "email"

    def __init__(
        self, url: str, sender: str, *, reply_to: str = "", return_path: Callable[[Outgoing], str] | None = None
    ) -> None:
        parts = urlsplit(url)
        if parts.scheme not in _SCHEMES or not parts.hostname:
            raise ValueError(f"expected smtp://host:port or smtps://host:port, got the scheme {parts.scheme!r}")
        starttls = parse_qs(parts.query).get("starttls", ["auto"])[-1]
        if starttls not in _STARTTLS:
            raise ValueError(f"expected starttls={'|'.join(_STARTTLS)}, got {starttls!r}")
        self._host = parts.hostname
        self._port = parts.port or _SCHEMES[parts.scheme]
        self._username = unquote(parts.username) if parts.username else None
        self._password = unquote(parts.password) if parts.password else None
        self._tls = parts.scheme == "smtps"
        self._starttls = _STARTTLS[starttls]
        self._origin = Origin.of(sender, reply_to)
        self._return_path = return_path or (lambda _: self._origin.address)
        self._free = asyncio.Semaphore(CONNECTIONS)
        self._idle: deque[tuple[aiosmtplib.SMTP, float]] = deque()

    async def send(self, message: Outgoing) -> None:
        """Hand over one mail. Raises DeliveryError: refused for good (5xx) or for now (4xx, no connection).

        BusyError when every connection stays busy.
        """
        try:
            mail = lay_out(message, self._origin)
        except ValueError as error:
            raise DeliveryError(f"not an address that can be written to: {error}", permanent=True) from error
        try:
            sender = mailbox(self._return_path(message))
        except ValueError as error:  # the installation's fault, which may be put right
            raise DeliveryError(f"not a return path (KIP_MAIL_BOUNCE): {error}", permanent=False, away=True) from error
        await self._turn()
        try:
            await self._hand_over(mail, sender, message.address)
        finally:
            self._free.release()

    async def _turn(self) -> None:
        """Wait for a connection, but not so long that nothing of a worker's time is left. Raises BusyError."""
        if not self._free.locked():
            await self._free.acquire()
            return
        try:
            async with asyncio.timeout(TURN_SECONDS):
                await self._free.acquire()
        except TimeoutError:
            raise BusyError(TURN_SECONDS) from None

    async def _hand_over(self, mail: bytes, sender: str, address: str) -> None:
        try:
            connection = await self._connection()
            try:
                await self._transact(connection, mail, sender, address)
            except aiosmtplib.SMTPResponseException:
                await _start_over(connection)
                raise
            except BaseException:
                connection.close()
                raise
            finally:
                if connection.is_connected:
                    self._idle.append((connection, asyncio.get_running_loop().time()))
        except (aiosmtplib.SMTPException, OSError) as error:
            raise _failure(error) from error

    async def _transact(self, connection: aiosmtplib.SMTP, mail: bytes, sender: str, address: str) -> None:
        """Send one mail to one mailbox.

        Said to aiosmtplib's protocol itself: its commands look once more for what `lay_out` and `mailbox` let through
        never (line ends, dots that begin a line, control characters), and that was half of the time of handing over.
        """
        if connection.protocol is None:
            raise aiosmtplib.SMTPServerDisconnected("the connection is lost")
        say = partial(_say, connection.protocol)
        size = f" SIZE={len(mail)}" if connection.supports_extension("size") else ""
        answer = await say(f"MAIL FROM:<{sender}>{size}\r\n".encode())
        if answer.code != SMTPStatus.completed:
            raise aiosmtplib.SMTPSenderRefused(answer.code, answer.message, sender)
        answer = await say(f"RCPT TO:<{address}>\r\n".encode())
        if answer.code not in {SMTPStatus.completed, SMTPStatus.will_forward}:
            raise aiosmtplib.SMTPRecipientRefused(answer.code, answer.message, address)
        for words, wanted in ((b"DATA\r\n", SMTPStatus.start_input), (mail + b".\r\n", SMTPStatus.completed)):
            answer = await say(words)
            if answer.code != wanted:
                raise aiosmtplib.SMTPDataError(answer.code, answer.message)

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
        if fresh.is_ehlo_or_helo_needed:
            await fresh.ehlo()
        return fresh


async def _say(protocol: SMTPProtocol, words: bytes) -> aiosmtplib.SMTPResponse:
    protocol.write(words)
    return await protocol.read_response(TIMEOUT_SECONDS)


async def _start_over(connection: aiosmtplib.SMTP) -> None:
    """Forget the mail that was refused: the connection is good for the next one."""
    try:
        await connection.rset(timeout=2)
    except (aiosmtplib.SMTPException, OSError):
        connection.close()


def _failure(error: Exception) -> DeliveryError:
    """Judge a refusal: a 5xx about this mailbox or mail is final; the installation's own fault may be put right."""
    if isinstance(error, aiosmtplib.SMTPResponseException):
        about_this = isinstance(error, aiosmtplib.SMTPRecipientRefused | aiosmtplib.SMTPDataError)
        final = error.code == SMTPStatus.storage_exceeded or (about_this and error.code >= _FINAL)
        return DeliveryError(f"{error.code} {error.message}", permanent=final, away=not about_this)
    return DeliveryError(f"{type(error).__name__}: {error}", permanent=False, away=True)
