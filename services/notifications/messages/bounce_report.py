"""Read what came back to a return path: reports of delivery (RFC 3464), older bounces, and what is neither. Pure.

Anybody can send anything there, so whatever can be endless has a bound, and what can't be read is nobody's bounce.
"""

import re
from collections.abc import Iterator, Mapping
from email import message_from_bytes
from email.errors import MessageError
from email.message import Message
from enum import StrEnum
from typing import NamedTuple, TypeAlias

LONGEST = 256 * 1024  # bytes that are looked at; a report's own part comes before the mail that it returns
_MOST_PARTS = 64  # boundaries and messages within messages
_LONGEST_TEXT = 20_000
_LONGEST_REASON = 200
_REPORTS = frozenset({"message/delivery-status", "message/global-delivery-status"})  # the second: RFC 6533
_RETURNED = frozenset({"message/rfc822", "message/global", "text/rfc822-headers", "message/global-headers"})
_ENVELOPE = ("Delivered-To", "X-Original-To", "Envelope-To", "X-Envelope-To", "X-Forwarded-To", "To")
_STATUS = re.compile(r"(?<![\d.])([245])\.(\d{1,3})\.(\d{1,3})(?![\d.])")
_REPLY = re.compile(r"(?<![\d.])([45])[0-5]\d(?=[ -])")  # of SMTP, where there is no better code
_IN_A_WORD = r"[^\s<>@:;,()\"']"
# Looked for at the beginning of words alone, or a word of 80,000 letters takes their square.
_ADDRESS = re.compile(rf"(?<!{_IN_A_WORD}){_IN_A_WORD}+@{_IN_A_WORD}+")
_DAEMON = re.compile(r"mailer-daemon|postmaster|mail delivery (sub)?system|mail administrator", re.IGNORECASE)
# Enhanced codes (RFC 3463, and its registry at IANA) of an address that takes no mail, for good: bad, moved, ambiguous
# or disabled. The rest speaks of the way there (4), of us as the sender (1.7, 1.8), of a full mailbox (2.2)
# or takes shorter ones (2.3), of the system (3), protocol (5), content (6) or policy (7): tomorrow's mail may arrive.
_OF_A_DEAD_ADDRESS = frozenset({"5.1.0", "5.1.1", "5.1.2", "5.1.3", "5.1.6", "5.1.10", "5.2.1"})
_NO_MORE_SAID = "5.0.0"  # in a report: it failed for good, and that is all
Blocks: TypeAlias = list[Mapping[str, str]]


class Outcome(StrEnum):
    """What a report says."""

    DEAD = "dead"  # the address takes no mail, for good
    REFUSED = "refused"  # this mail did not arrive; the address may be good
    DELAYED = "delayed"  # it may still arrive
    AUTO_REPLY = "auto_reply"  # somebody is out of the office, or has read it
    OTHER = "other"  # nothing that we act on


_WORST_FIRST = (Outcome.DEAD, Outcome.REFUSED, Outcome.DELAYED, Outcome.OTHER)


class Report(NamedTuple):
    """A report: its outcome, the status (5.1.1; empty where none is said), the server's words without addresses, and
    the texts in which the return path stands, the likeliest first.
    """

    outcome: Outcome
    status: str
    reason: str
    places: tuple[str, ...]


def read_report(raw: bytes) -> Report:
    """Read one mail, as it came."""
    raw = raw[:LONGEST]
    lowered = raw.lower()
    if lowered.count(b"boundary") + lowered.count(b"message/") > _MOST_PARTS:
        return Report(Outcome.OTHER, "", "too many parts", ())
    try:
        mail = message_from_bytes(raw)
        parts = list(mail.walk())
        return _judged(mail, parts)
    except (
        MessageError,
        RecursionError,
        ValueError,
        LookupError,
        TypeError,
        AttributeError,
    ) as error:  # the parser's own, on a wild mail
        return Report(Outcome.OTHER, "", f"unreadable ({type(error).__name__})", ())


def _judged(mail: Message, parts: list[Message]) -> Report:
    places = tuple(_places(mail, parts))
    blocks = [block for part in parts if part.get_content_type() in _REPORTS for block in _blocks(part)]
    recipients = [block for block in blocks if "action" in block or "status" in block]
    if recipients:
        return _of_recipients(recipients, places)
    failed = mail.get("X-Failed-Recipients") is not None
    if not failed and _DAEMON.search(str(mail.get("From", ""))) is None:
        return Report(Outcome.AUTO_REPLY if _is_automatic(mail) else Outcome.OTHER, "", "", places)
    text = _text(parts)
    status = _status_in(text)
    if status is None and (reply := _REPLY.search(text)):
        status = f"{reply[1]}.0.0"
    if status is None and not failed and _is_automatic(mail):  # a postmaster may be out of the office too
        return Report(Outcome.AUTO_REPLY, "", "", places)
    if status is None or status == _NO_MORE_SAID:  # it came back, and no report says that the address is bad
        return Report(Outcome.REFUSED, status or "", _line(text, status or ""), places)
    outcome = _outcome("delayed" if status.startswith("4") else "failed", status)
    return Report(outcome, status, _line(text, status), places)


def _of_recipients(recipients: Blocks, places: tuple[str, ...]) -> Report:
    if any(block.get("action", "").lower() in {"delivered", "relayed", "expanded"} for block in recipients):
        return Report(Outcome.OTHER, "", "", places)  # an alias, some of whose members were reached
    found = []
    for block in recipients:
        said = block.get("diagnostic-code", "")
        status = _status_in(block.get("status", "")) or _status_in(said) or ""
        if status[2:4] in {"", "0."} and (better := _status_in(said)) and better[:1] == (status[:1] or better[:1]):
            status = better  # Exim says 5.0.0, and the server's own code beside it
        action = block.get("action", "").lower() or {"5": "failed", "4": "delayed"}.get(status[:1], "")
        found.append(Report(_outcome(action, status), status, _masked(said), places))
    return min(found, key=lambda report: _WORST_FIRST.index(report.outcome))


def _outcome(action: str, status: str) -> Outcome:
    if action == "delayed":
        return Outcome.DELAYED
    if action != "failed":
        return Outcome.OTHER
    dead = status in _OF_A_DEAD_ADDRESS or status == _NO_MORE_SAID
    return Outcome.DEAD if dead else Outcome.REFUSED  # a 4 that failed: given up after days


def _blocks(part: Message) -> Iterator[Mapping[str, str]]:
    """Split a report's part into its groups of fields, folded lines put together."""
    text = part.as_bytes().decode("utf-8", "replace").replace("\r\n", "\n")[: 4 * _LONGEST_TEXT]
    for group in re.split(r"\n[ \t]*\n", text):
        fields: dict[str, str] = {}
        name = ""
        for line in group.split("\n"):
            if line[:1] in {" ", "\t"} and name:
                fields[name] += " " + line.strip()
            elif ":" in line:
                name, _, value = line.partition(":")
                name = name.strip().lower()
                fields[name] = value.strip()
        yield fields


def _places(mail: Message, parts: list[Message]) -> Iterator[str]:
    for name in _ENVELOPE:
        for value in mail.get_all(name, ()):
            yield str(value)
    for part in parts:
        if part.get_content_type() in _RETURNED:
            inner = part.get_payload()
            returned = inner[0] if isinstance(inner, list) and inner else None
            yield str(returned.get("Return-Path", "") if isinstance(returned, Message) else inner)[:_LONGEST_TEXT]


def _is_automatic(mail: Message) -> bool:
    """Tell whether a mail answers by itself (RFC 3834), or says that it was read (RFC 8098)."""
    said = str(mail.get("Auto-Submitted", "no")).strip().lower()
    marks = ("X-Autoreply", "X-Autorespond", "X-Auto-Response-Suppress")
    return (
        not said.startswith("no")
        or any(mail.get(name) is not None for name in marks)
        or str(mail.get("Precedence", "")).lower() in {"auto_reply", "bulk", "junk"}
        or str(mail.get_param("report-type", "")).lower() == "disposition-notification"
    )


def _text(parts: list[Message]) -> str:
    """Read what a bounce says in words, before the mail that it returns."""
    texts = []
    for part in parts:
        if part.get_content_type() in _RETURNED:
            break
        if part.get_content_maintype() == "text":
            body = part.get_payload(decode=True)
            texts.append(body.decode("utf-8", "replace") if isinstance(body, bytes) else "")
    text = "\n".join(texts)[:_LONGEST_TEXT]
    return re.split(r"(?im)^-+ .*(original|copy of|header)", text, maxsplit=1)[0]  # the mail itself may follow as text


def _status_in(text: str) -> str | None:
    found = _STATUS.search(text)
    return found[0] if found else None


def _line(text: str, status: str) -> str:
    """Find the line with the code, or else the first one that isn't empty."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    coded = (line for line in lines if (status and status in line) or _REPLY.search(line))
    return _masked(next(coded, lines[0] if lines else ""))


def _masked(text: str) -> str:
    """Write a server's words without any address."""
    return _ADDRESS.sub("•••", " ".join(text.split()))[:_LONGEST_REASON]
