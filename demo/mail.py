"""Reads the letters in the mailbox's folder, and compares them line by line with what the year must cause."""

import re
from collections import Counter
from collections.abc import Iterator
from email import message_from_bytes, policy
from email.message import EmailMessage
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import NamedTuple

from demo.figures import Compared
from sample.letters import Told
from sample.workdays import HANOI
from shared.programme.model import Programme

# The lines of the Vietnamese texts: a digest names the unit with its code, a letter to the unit itself the report.
_DIGEST = re.compile(r"- .+ \((?P<code>\d+)\), (?P<period>[\w ]+): chậm \d+ ngày .*")
_OWN = re.compile(
    r"- (?P<report>.+), (?P<period>[\w ]+) \([\d/–]+\): hạn [\d:]+ ngày [\d/]+(?P<late>, đã chậm \d+ ngày)?.*;"
    r" đơn vị báo cáo: .+ \((?P<code>\d+)\)"
)
_RECEIVED = re.compile(
    r"- (?P<report>.+), (?P<period>[\w ]+) \([\d/–]+\): nhận lúc (?P<at>[\d:]+ ngày [\d/]+);"
    r" đơn vị báo cáo: .+ \((?P<code>\d+)\)"
)
_LINK = re.compile(r"https?://\S+/l/\S+")
_CODE = re.compile(r"\b\d{6}\b")


class Received(NamedTuple):
    """One line of a letter that says that a late report has come; `at` is in words."""

    address: str
    unit_code: str
    report: str
    period: str
    at: str


def letters(folder: Path, after: int = 0) -> list[EmailMessage]:
    """Read the mails in the order in which they arrived, those after the first so many."""
    found: list[EmailMessage] = []
    for path in sorted(folder.glob("*.eml"))[after:]:
        message = message_from_bytes(path.read_bytes(), policy=policy.default)
        if isinstance(message, EmailMessage):
            found.append(message)
    return found


def text_of(letter: EmailMessage) -> str:
    """Return a mail's plain text, which stands beside the HTML."""
    part = letter.get_body(("plain",))
    return str(part.get_content()) if part is not None else ""


def read_lines(letter: EmailMessage, programme: Programme) -> Iterator[Told]:
    """Read what a mail tells, line by line."""
    on = parsedate_to_datetime(letter["Date"]).astimezone(HANOI).date()
    address = str(letter["To"])
    labels = {programme.text(report.label, "vi") for report in programme.reports}
    heading = ""
    for line in text_of(letter).splitlines():
        heading = line if line in labels else heading
        if digest := _DIGEST.fullmatch(line):
            yield Told(on, address, True, True, digest["code"], heading, digest["period"])
        elif own := _OWN.fullmatch(line):
            yield Told(on, address, False, own["late"] is not None, own["code"], own["report"], own["period"])


def read_received(letter: EmailMessage) -> Iterator[Received]:
    """Read of which late reports a mail says that they have come."""
    for line in text_of(letter).splitlines():
        if found := _RECEIVED.fullmatch(line):
            yield Received(str(letter["To"]), found["code"], found["report"], found["period"], found["at"])


def link_in(letter: EmailMessage) -> str:
    """Find the link to the board in a mail. Raises LookupError where there is none."""
    found = _LINK.search(text_of(letter))
    if found is None:
        raise LookupError(f"no link in {letter['Subject']!r}")
    return found[0]


def code_in(letter: EmailMessage) -> str | None:
    """Find the code that verifies a device, in the mail that brings it; None in any other."""
    found = _CODE.search(str(letter["Subject"]))
    return found[0] if found is not None else None


def compare_letters(expected: Counter[Told], folder: Path, programme: Programme) -> Compared:
    """Compare every line that must come with every line that came; `requests` counts the mails."""
    arrived = letters(folder)
    came = Counter(told for letter in arrived for told in read_lines(letter, programme))
    compared = Compared(requests=len(arrived))
    for told in sorted(expected.keys() | came.keys(), key=lambda told: (told.on, told.address, told.unit_code)):
        compared.add(f"line {told}", expected[told], came[told])
    return compared
