"""What a page posts with a file, as browsers write it, and what no page of ours has posted."""

from collections.abc import Mapping

import pytest
from starlette.requests import Request

from services.board.pages.refusing import PageError
from services.board.pages.uploaded import Uploaded, uploaded
from shared.http.held_body import BodyLimits, Memory

LIMITS = BodyLimits(100_000, 5, Memory(100_000, 100_000))
PLAIN = "multipart/form-data; boundary=----WebKitFormBoundaryAbC1"


async def take(body: bytes, content_type: str = PLAIN) -> Uploaded:
    async def receive() -> Mapping[str, object]:
        return {"type": "http.request", "body": body, "more_body": False}

    headers = [(b"content-type", content_type.encode())]
    scope = {"type": "http", "method": "POST", "path": "/", "headers": headers, "query_string": b""}
    async with uploaded(Request(scope, receive), LIMITS) as posted:  # type: ignore[arg-type]
        return posted


def body(*parts: tuple[bytes, bytes], end: bytes = b"--\r\n") -> bytes:
    boundary = b"------WebKitFormBoundaryAbC1"
    written = b"".join(boundary + b"\r\n" + head + b"\r\n\r\n" + content + b"\r\n" for head, content in parts)
    return written + boundary + end


VERSION = (b'Content-Disposition: form-data; name="version"', b"3")
FILE = (
    'Content-Disposition: form-data; name="file"; filename="phiếu %22của%22 tôi.xlsx"\r\nContent-Type: a/b'.encode(),
    b"PK\r\n\r\n--\0\r\n",
)


async def test_fields_and_the_file_come_as_they_were_sent() -> None:
    posted = await take(body(VERSION, FILE))
    assert (posted.fields, posted.content) == ({"version": "3"}, FILE[1])
    quoted = await take(body(VERSION, FILE), 'multipart/form-data; boundary="----WebKitFormBoundaryAbC1"')
    assert quoted == posted


async def test_no_file_is_an_empty_one() -> None:
    empty = (b'Content-Disposition: form-data; name="file"; filename=""\r\nContent-Type: application/octet-stream', b"")
    assert (await take(body(VERSION, empty))).content == b""


@pytest.mark.parametrize(
    "sent",
    [
        b"", b"x", body(), body(VERSION, end=b"\r\n"), b"before" + body(VERSION), body((b"X: y", b"")),
        body((b'Content-Disposition: form-data; name="a"', b"\xff")), body(*[VERSION] * 21),
        body((b'Content-Disposition: form-data; name="a"', b"\0")), body(VERSION)[:40],
        body(VERSION).replace(b"\r\n\r\n", b"\r\n"),
    ],
)  # fmt: skip
async def test_what_no_page_has_posted_is_refused(sent: bytes) -> None:
    with pytest.raises(PageError) as refused:
        await take(sent)
    assert (refused.value.status, LIMITS.memory.held) == (400, 0)


@pytest.mark.parametrize("kind", ["", "text/plain", "multipart/form-data", "multipart/mixed; boundary=a"])
async def test_another_type_is_refused(kind: str) -> None:
    with pytest.raises(PageError) as refused:
        await take(body(VERSION), kind)
    assert refused.value.status == 415
