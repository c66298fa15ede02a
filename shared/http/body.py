"""Where a request's body ends: counted, or in chunks. What isn't body (extensions, trailers) is bounded and dropped."""

import re
from typing import Protocol

from shared.http.refusal import malformed
from shared.http.words import HttpWords

CHUNK_LINE_BYTES = 1024  # a size with its extensions
TRAILER_BYTES = 8 * 1024
FREE_CHUNKS = 4096  # of any size; a longer body's hold FULL_CHUNK bytes on average, or their sizes are most of the work
FULL_CHUNK = 64
_SIZE = re.compile(rb"([0-9A-Fa-f]{1,16})[ \t]*(?:;[^\r\n\0]*)?")
_TRAILER = re.compile(rb"[!#$%&'*+.^_`|~0-9A-Za-z-]+:[^\r\n\0]*")


class Body(Protocol):
    """Takes what comes behind a head."""

    def feed(self, data: bytes) -> tuple[bytes, bytes | None]:
        """Split bytes into what is body and what comes behind it; None there while more of the body is due.

        Raises RefusedRequestError.
        """
        ...


def body_behind(length: int | None) -> Body:
    """Make the reader of the body that a head of this `length` announces."""
    return ChunkedBody() if length is None else CountedBody(length)


class CountedBody:
    """A body of Content-Length bytes."""

    __slots__ = ("_left",)

    def __init__(self, length: int) -> None:
        self._left = length

    def feed(self, data: bytes) -> tuple[bytes, bytes | None]:
        """Take bytes, see Body."""
        if len(data) < self._left:
            self._left -= len(data)
            return data, None
        left, self._left = self._left, 0
        return data[:left], data[left:]


class ChunkedBody:
    """A body in chunks (RFC 9112, 7.1). A header in its trailer is dropped: nobody ever takes it for one."""

    __slots__ = ("_bytes", "_chunks", "_in_trailer", "_left", "_line", "_trailer_bytes")

    def __init__(self) -> None:
        self._chunks = 0
        self._bytes = 0  # of all chunks so far
        self._left = 0  # of the chunk under way, with the CRLF behind it
        self._line = b""  # a line of which the end is to come
        self._in_trailer = False
        self._trailer_bytes = 0

    def feed(self, data: bytes) -> tuple[bytes, bytes | None]:
        """Take bytes, see Body."""
        parts: list[bytes] = []
        place = 0
        while place < len(data):
            if self._left:
                place = self._take_chunk(data, place, parts)
                continue
            end = data.find(b"\n", place)
            if end < 0:
                self._line += data[place:]
                self._bound(self._line)
                break
            line = self._line + data[place : end + 1]
            self._line = b""
            place = end + 1
            self._bound(line)
            if not line.endswith(b"\r\n"):
                raise malformed(HttpWords.CHUNK_CRLF.value)
            if self._take_line(line[:-2]):
                return b"".join(parts), data[place:]
        return b"".join(parts), None

    def _take_chunk(self, data: bytes, place: int, parts: list[bytes]) -> int:
        """Take what is there of the chunk and its CRLF; the place behind it."""
        if self._left > 2:
            piece = data[place : place + self._left - 2]
            parts.append(piece)
            self._left -= len(piece)
            return place + len(piece)
        expected = b"\r\n"[2 - self._left :]
        got = data[place : place + self._left]
        if not expected.startswith(got):
            raise malformed(HttpWords.CHUNK_END.value)
        self._left -= len(got)
        return place + len(got)

    def _take_line(self, line: bytes) -> bool:
        """Take a chunk's size, or a line of the trailer. True where it ends the body."""
        if self._in_trailer:
            self._trailer_bytes += len(line)
            if line and not _TRAILER.fullmatch(line):
                raise malformed(HttpWords.TRAILER.value)
            return not line
        size = _SIZE.fullmatch(line)
        if size is None:
            raise malformed(HttpWords.CHUNK_SIZE.value)
        length = int(size[1], 16)
        self._chunks += length > 0
        self._bytes += length
        if self._chunks > FREE_CHUNKS and self._bytes < self._chunks * FULL_CHUNK:
            raise malformed(HttpWords.SMALL_CHUNKS.value.filled(least=FULL_CHUNK))
        self._in_trailer = length == 0
        self._left = length and length + 2
        return False

    def _bound(self, line: bytes) -> None:
        if self._in_trailer:
            if self._trailer_bytes + len(line) > TRAILER_BYTES:
                raise malformed(HttpWords.LONG_TRAILER.value.filled(most=TRAILER_BYTES))
        elif len(line) > CHUNK_LINE_BYTES:
            raise malformed(HttpWords.LONG_CHUNK_LINE.value.filled(most=CHUNK_LINE_BYTES))
