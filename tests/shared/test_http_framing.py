"""Heads and bodies, taken apart however they are cut into pieces; and what is refused of them."""

import contextlib
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.http.body import FREE_CHUNKS, FULL_CHUNK, TRAILER_BYTES, ChunkedBody, CountedBody
from shared.http.head import HEAD_BYTES, Head, HeadReader
from shared.http.refusal import RefusedRequestError
from tests.raw_http import in_chunks

HOST = b"Host: x\r\n"


def cut(data: bytes, places: list[int]) -> list[bytes]:
    """The data in pieces."""
    ends = sorted({0, len(data), *(place % (len(data) + 1) for place in places)})
    return [data[begin:end] for begin, end in pairwise(ends)]


def read_head(data: bytes, places: list[int] | None = None) -> tuple[Head, bytes]:
    """The head and what came behind it."""
    reader = HeadReader()
    found: tuple[Head, bytes] | None = None
    behind = b""
    for piece in cut(data, places or []):
        if found is None:
            found = reader.feed(piece)
        else:
            behind += piece
    assert found is not None, "the head has no end"
    return found[0], found[1] + behind


def read_body(body: ChunkedBody | CountedBody, data: bytes, places: list[int]) -> tuple[bytes, bytes | None]:
    """The body and what came behind it; None there where it has no end."""
    taken, behind = b"", None
    for piece in cut(data, places):
        if behind is None:
            part, behind = body.feed(piece)
            taken += part
        else:
            behind += piece
    return taken, behind


PLACES = st.lists(st.integers(0, 10_000), max_size=30)


@given(PLACES, st.binary(max_size=50))
def test_a_head_is_the_same_however_it_is_cut(places: list[int], behind: bytes) -> None:
    line = b"\r\nPOST /a%20b/%C6%B0?q=1&r=?x HTTP/1.1\r\n"
    head, rest = read_head(line + HOST + b"Content-Length: 7\r\nX-Long:  value \r\n\r\n" + behind, places)
    assert (head.method, head.path, head.raw_path, head.query) == ("POST", "/a b/ư", b"/a%20b/%C6%B0", b"q=1&r=?x")
    assert head.headers == [(b"host", b"x"), (b"content-length", b"7"), (b"x-long", b"value")]
    assert (head.length, head.keep_alive, head.version, rest) == (7, True, "1.1", behind)


@given(st.lists(st.binary(min_size=1, max_size=300), max_size=8), PLACES, st.binary(max_size=50))
def test_chunks_are_the_same_however_they_are_cut(parts: list[bytes], places: list[int], behind: bytes) -> None:
    data = in_chunks(parts, b"Authorization: Bearer stolen\r\nX: y\r\n") + behind
    assert read_body(ChunkedBody(), data, places) == (b"".join(parts), behind)


@given(st.binary(max_size=300), PLACES, st.binary(max_size=50))
def test_a_counted_body_ends_where_it_was_said(data: bytes, places: list[int], behind: bytes) -> None:
    if data:
        assert read_body(CountedBody(len(data)), data + behind, places) == (data, behind)
    assert CountedBody(0).feed(behind) == (b"", behind)


@given(st.binary(max_size=400), PLACES)
def test_no_bytes_break_the_readers(data: bytes, places: list[int]) -> None:
    with contextlib.suppress(RefusedRequestError):
        read_body(ChunkedBody(), data, places)
    with contextlib.suppress(RefusedRequestError):
        HeadReader().feed(b"GET / HTTP/1.1\r\n" + data)


@pytest.mark.parametrize(
    ("target", "path", "query"),
    [(b"http://other/a?b", "/a", b"b"), (b"http://other", "/", b""), (b"//x/y", "//x/y", b""), (b"*", "*", b"")],
)
def test_targets_in_other_forms_are_paths(target: bytes, path: str, query: bytes) -> None:
    head, _ = read_head(b"OPTIONS " + target + b" HTTP/1.1\r\n" + HOST + b"\r\n")
    assert (head.path, head.query) == (path, query)


REFUSED = {
    "two hosts": (400, b"GET / HTTP/1.1\r\nHost: x\r\nHost: x\r\n\r\n"),
    "no host": (400, b"GET / HTTP/1.1\r\n\r\n"),
    "two types": (400, b"GET / HTTP/1.1\r\n" + HOST + b"Content-Type: a/b\r\nContent-Type: a/c\r\n\r\n"),
    "folded": (400, b"GET / HTTP/1.1\r\nHost: x\r\nX-A: b\r\n folded\r\n\r\n"),
    "space before the first header": (400, b"GET / HTTP/1.1\r\n Host: x\r\n\r\n"),
    "space before the colon": (400, b"GET / HTTP/1.1\r\nHost : x\r\n\r\n"),
    "bare line feeds": (400, b"GET / HTTP/1.1\nHost: x\n\n"),
    "a bare line feed": (400, b"GET / HTTP/1.1\r\nHost: x\nX: y\r\n\r\n"),
    "a zero byte": (400, b"GET / HTTP/1.1\r\nHost: x\r\nX: a\0b\r\n\r\n"),
    "both lengths": (400, b"POST / HTTP/1.1\r\n" + HOST + b"Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n"),
    "the other way round": (
        400,
        b"POST / HTTP/1.1\r\n" + HOST + b"Transfer-Encoding: chunked\r\nContent-Length: 3\r\n\r\n",
    ),
    "two lengths": (400, b"POST / HTTP/1.1\r\n" + HOST + b"Content-Length: 3\r\nContent-Length: 3\r\n\r\n"),
    "a list of lengths": (400, b"POST / HTTP/1.1\r\n" + HOST + b"Content-Length: 3, 3\r\n\r\n"),
    "a signed length": (400, b"POST / HTTP/1.1\r\n" + HOST + b"Content-Length: +3\r\n\r\n"),
    "a negative length": (400, b"POST / HTTP/1.1\r\n" + HOST + b"Content-Length: -3\r\n\r\n"),
    "a wild length": (400, b"POST / HTTP/1.1\r\n" + HOST + b"Content-Length: " + b"9" * 30 + b"\r\n\r\n"),
    "another coding": (501, b"POST / HTTP/1.1\r\n" + HOST + b"Transfer-Encoding: gzip, chunked\r\n\r\n"),
    "only another coding": (400, b"POST / HTTP/1.1\r\n" + HOST + b"Transfer-Encoding: gzip\r\n\r\n"),
    "chunked twice": (400, b"POST / HTTP/1.1\r\n" + HOST + b"Transfer-Encoding: chunked\r\n" * 2 + b"\r\n"),
    "chunked in 1.0": (400, b"POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n"),
    "h2c": (501, b"GET / HTTP/1.1\r\n" + HOST + b"Connection: Upgrade\r\nUpgrade: h2c\r\n\r\n"),
    "a websocket": (501, b"GET / HTTP/1.1\r\n" + HOST + b"Connection: Upgrade\r\nUpgrade: websocket\r\n\r\n"),
    "upgrade alone": (501, b"GET / HTTP/1.1\r\n" + HOST + b"Upgrade: h2c\r\n\r\n"),
    "HTTP/2": (505, b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"),
    "HTTP/2.0 in words": (505, b"GET / HTTP/2.0\r\n" + HOST + b"\r\n"),
    "HTTP/0.9": (505, b"GET /\r\n"),
    "HTTP/0.9 that goes on": (505, b"GET /\r\n\r\n"),
    "a proxy": (501, b"CONNECT a:443 HTTP/1.1\r\n" + HOST + b"\r\n"),
    "another expectation": (417, b"POST / HTTP/1.1\r\n" + HOST + b"Expect: coffee\r\n\r\n"),
    "TLS": (400, b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03"),
    "another protocol": (400, b"SSH-2.0-OpenSSH_9.6\r\n"),
    "an answer": (400, b"HTTP/1.1 200 OK\r\n\r\n"),
    "raw letters": (400, "GET /Hữu HTTP/1.1\r\n".encode()),
    "a fragment": (400, b"GET /a#b HTTP/1.1\r\n" + HOST + b"\r\n"),
    "no path": (400, b"GET a HTTP/1.1\r\n" + HOST + b"\r\n"),
    "another scheme": (400, b"GET ftp://x/a HTTP/1.1\r\n" + HOST + b"\r\n"),
    "too large": (431, b"GET / HTTP/1.1\r\nX: " + b"a" * HEAD_BYTES),
    "many headers": (431, b"GET / HTTP/1.1\r\n" + b"A: b\r\n" * (HEAD_BYTES // 6 + 1)),
}


@pytest.mark.parametrize("case", REFUSED)
@pytest.mark.parametrize("cuts", [[], list(range(0, 10_000, 7))], ids=["whole", "in pieces"])
def test_a_head_that_can_be_misread_is_refused_with_what_was_expected(case: str, cuts: list[int]) -> None:
    status, data = REFUSED[case]
    with pytest.raises(RefusedRequestError) as caught:
        read_head(data, cuts)
    assert caught.value.status == status
    assert caught.value.answer("vi").startswith(b"HTTP/1.1 %d " % status)
    assert str(caught.value)


@pytest.mark.parametrize(
    "data",
    [
        b"x\r\n", b"-1\r\n", b"+1\r\nx\r\n", b"0x1\r\nx\r\n", b"1_0\r\n", b" 1\r\nx\r\n", b"\r\n", b";a=b\r\n",
        b"1" * 17 + b"\r\n", b"1\nx\n0\n\n", b"1\r\nxy\r\n", b"1\r\nx\n0\r\n", b"1\rx\r\n", b"1;" + b"a" * 2000,
        b"0\r\nno header\r\n\r\n", b"0\r\nA: b\nC: d\r\n\r\n", b"0\r\n folded: x\r\n\r\n", b"0\r\nA: b\0\r\n\r\n",
        b"0\r\n" + b"A: b\r\n" * (TRAILER_BYTES // 4 + 1), b"0\r\nA: " + b"a" * (TRAILER_BYTES + 1),
    ],
)  # fmt: skip
@pytest.mark.parametrize("cuts", [[], list(range(0, 10_000, 3))], ids=["whole", "in pieces"])
def test_chunks_that_can_be_misread_are_refused(data: bytes, cuts: list[int]) -> None:
    with pytest.raises(RefusedRequestError) as caught:
        read_body(ChunkedBody(), data, cuts)
    assert caught.value.status == 400


def test_extensions_of_chunks_are_dropped() -> None:
    assert read_body(ChunkedBody(), b'3;a=b;c="d"\r\nabc\r\n0 ;x\r\n\r\n', []) == (b"abc", b"")


def test_a_body_in_too_many_small_chunks_is_refused_when_they_are_too_many() -> None:
    body = ChunkedBody()
    body.feed(b"1\r\nx\r\n" * FREE_CHUNKS)
    with pytest.raises(RefusedRequestError) as refused:
        body.feed(b"1\r\nx\r\n")
    assert "collect the data" in refused.value.words.en


def test_a_long_body_comes_in_chunks_of_a_line_each() -> None:
    line = b"x" * FULL_CHUNK
    taken, behind = ChunkedBody().feed(in_chunks([line] * (2 * FREE_CHUNKS), b""))
    assert (len(taken), behind) == (2 * FREE_CHUNKS * FULL_CHUNK, b"")
