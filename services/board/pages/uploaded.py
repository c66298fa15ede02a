"""Read what a page of ours posts with a file: its fields and one file, in a bounded body that is held meanwhile.

A body is taken as browsers write it (RFC 7578, and the encoding that HTML gives): anything else is refused.
"""

import re
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass

from starlette.requests import Request

from services.board.pages.refusing import refusal
from services.board.pages.words import Refusals
from shared.http.held_body import BodyLimits, HeldBody

MOST_PARTS = 20
_BOUNDARY = re.compile(r"multipart/form-data; *boundary=\"?([0-9A-Za-z'()+_,./:=?-]{1,70})\"?", re.IGNORECASE)
_NAME = re.compile(rb"^content-disposition: *form-data; *name=\"([^\"\r\n]{1,100})\"(; *filename=\")?", re.I | re.M)


@dataclass(frozen=True, slots=True)
class Uploaded:
    """The fields by their names, and the content of the file; empty where nobody chose one."""

    fields: Mapping[str, str]
    content: bytes


@asynccontextmanager
async def uploaded(request: Request, limits: BodyLimits) -> AsyncIterator[Uploaded]:
    """Hold what was posted for as long as the block lasts. Raises BodyError, and PageError for what no page of ours has
    posted.
    """
    boundary = _BOUNDARY.fullmatch(request.headers.get("content-type", ""))
    if boundary is None:
        raise refusal(Refusals.BAD_FORM, 415, "unreadable")
    async with HeldBody(request, limits) as body:
        fields: dict[str, str] = {}
        content = b""
        for name, value, is_file in _parts(body, boundary[1].encode()):
            if is_file:
                content = value
            else:
                fields[name] = _text(value)
        yield Uploaded(fields, content)


def _parts(body: bytes, boundary: bytes) -> Iterator[tuple[str, bytes, bool]]:
    """Take the body apart: name, content, and whether it is a file's, of each part."""
    pieces = (b"\r\n" + body).split(b"\r\n--" + boundary, MOST_PARTS + 1)
    if len(pieces) < 3 or pieces[0] or not pieces[-1].startswith(b"--"):
        raise refusal(Refusals.BAD_FORM, 400, "unreadable")
    for part in pieces[1:-1]:
        head, end, value = part.removeprefix(b"\r\n").partition(b"\r\n\r\n")
        named = _NAME.search(head)
        if not part.startswith(b"\r\n") or not end or named is None:
            raise refusal(Refusals.BAD_FORM, 400, "unreadable")
        yield _text(named[1]), value, named[2] is not None


def _text(value: bytes) -> str:
    try:
        text = value.decode("utf-8")
    except UnicodeDecodeError as error:
        raise refusal(Refusals.BAD_FORM, 400, "unreadable") from error
    if "\x00" in text:
        raise refusal(Refusals.BAD_FORM, 400, "unreadable")
    return text
