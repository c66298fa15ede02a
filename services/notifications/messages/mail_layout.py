"""Lay a message out as a mail: RFC 5322 headers and a multipart/alternative body, as bytes.

Laid out here because the standard library's generator parses every header once more: it took half of the time of a
delivery. Everything is ASCII, so that no server needs SMTPUTF8 or 8BITMIME, and no line begins with a dot, so that the
mail goes as it is between DATA and the dot that ends it.
"""

import re
from base64 import b64encode
from dataclasses import dataclass
from datetime import datetime
from email.utils import format_datetime, formataddr, unquote
from functools import lru_cache
from typing import Self

from services.notifications.messages.channels import Outgoing

NAME = "Kịp"  # who writes where the setting has an address alone
_NOT_IN_A_MAILBOX = re.compile(r"[^!-~]|[<>()\[\],;:\\\"]")  # no quoted local parts, no address literals
_PLAIN_SUBJECT = re.compile(r"(?!.*=\?)[ -~]{1,66}")
# A line with an encoded word has 76 characters at most (RFC 2047): 55 beside "Subject: =?utf-8?b?" and "?=".
_BYTES_A_WORD = 39
_LETTERS_A_LINE = 76  # of base64, RFC 2045


@dataclass(frozen=True, slots=True)
class Origin:
    """Who writes: the envelope's sender, the From header, the domain of ids, and where an answer goes if not there."""

    address: str
    header: str
    domain: str
    reply_to: str | None

    @classmethod
    def of(cls, sender: str, reply_to: str = "") -> Self:
        """Make the origin of `a@b.vn` or `Sở Y tế <a@b.vn>`. Raises ValueError for an address that can't be written."""
        named, _, address = sender.rpartition("<")
        name, address = unquote(named.strip()), mailbox(address.removesuffix(">") if named else address)
        return cls(
            address, _named(name or NAME, address), address.rpartition("@")[2], mailbox(reply_to) if reply_to else None
        )


def mailbox(address: str) -> str:
    """Check an address that is to stand in a command and a header. Raises ValueError, without the address in it."""
    local, _, domain = address.rpartition("@")
    if not local or not domain or "@" in local or _NOT_IN_A_MAILBOX.search(address):
        raise ValueError("expected name@domain in ASCII, without spaces and brackets")
    return address


def lay_out(message: Outgoing, origin: Origin) -> bytes:
    """Lay out the mail, of lines that end in CRLF. Raises ValueError for an address that can't be written to.

    A repeat has the same Message-ID. The other headers keep robots from answering, and let a mail program offer its
    button to leave: RFC 8058, which asks for https.
    """
    boundary = f"=_{message.id.hex}"
    leave = f"List-Unsubscribe: <{message.mute}>\r\n" if message.mute else ""
    one_click = "List-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n" if message.mute.startswith("https:") else ""
    reply_to = f"Reply-To: {origin.reply_to}\r\n" if origin.reply_to else ""
    head = (
        f"From: {origin.header}\r\n{reply_to}"
        f"To: {mailbox(message.address)}\r\n"
        f"Subject: {_subject(message.subject)}\r\n"
        f"Date: {_date(message.at)}\r\n"
        f"Message-ID: <{message.id}@{origin.domain}>\r\n"
        "Auto-Submitted: auto-generated\r\n"
        "X-Auto-Response-Suppress: DR, RN, NRN, OOF, AutoReply\r\n"  # not NDR: that it came back is to be told
        f"List-Id: <{message.topic}.kip.{origin.domain}>\r\n"
        f"{leave}{one_click}"
        f"Content-Language: {message.language}\r\n"
        "MIME-Version: 1.0\r\n"
        f'Content-Type: multipart/alternative;\r\n boundary="{boundary}"\r\n\r\n'
    )
    parts = (_part(boundary, "plain", message.body), _part(boundary, "html", message.html))
    return head.encode("ascii") + b"".join(parts) + f"--{boundary}--\r\n".encode()


@lru_cache(maxsize=64)
def _date(at: datetime) -> str:
    """Write an instant as RFC 5322 does. Remembered, because all messages of a body are of one instant."""
    return format_datetime(at)


def _subject(text: str) -> str:
    """Write the subject as it is, or encoded."""
    return text if _PLAIN_SUBJECT.fullmatch(text) else _encoded(text)


def _named(name: str, address: str) -> str:
    """Write a mailbox with its owner's name."""
    return formataddr((name, address)) if name.isascii() else f"{_encoded(name)}\r\n <{address}>"


def _encoded(text: str) -> str:
    """Write the encoded words of RFC 2047, a line each; none cuts a character in two."""
    raw, words = text.encode(), []
    while raw:
        end = _BYTES_A_WORD
        while end < len(raw) and raw[end] & 0xC0 == 0x80:  # within a character
            end -= 1
        words.append(f"=?utf-8?b?{b64encode(raw[:end]).decode()}?=")
        raw = raw[end:]
    return "\r\n ".join(words)


def _part(boundary: str, subtype: str, text: str) -> bytes:
    head = f"--{boundary}\r\nContent-Type: text/{subtype}; charset=utf-8\r\nContent-Transfer-Encoding: base64\r\n\r\n"
    letters = b64encode(text.replace("\r\n", "\n").replace("\n", "\r\n").encode())
    lines = [letters[start : start + _LETTERS_A_LINE] for start in range(0, len(letters), _LETTERS_A_LINE)]
    return head.encode() + b"\r\n".join(lines) + b"\r\n"
