"""A request's head, read strictly: what two readers could understand differently is refused, with the cure."""

import re
from dataclasses import dataclass
from http import HTTPStatus
from urllib.parse import unquote

import httptools

from shared.http.refusal import RefusedRequestError, malformed, unsupported
from shared.http.words import HttpWords
from shared.wording.language import language_of

HEAD_BYTES = 32 * 1024
_END = b"\r\n\r\n"
_LANGUAGE = re.compile(rb"\r\naccept-language:[ \t]*([^\r\n]*)(?=\r\n)", re.IGNORECASE)
_ONCE = {
    b"host": "Host",
    b"content-length": "Content-Length",
    b"content-type": "Content-Type",
    b"transfer-encoding": "Transfer-Encoding",
}


@dataclass(frozen=True, slots=True)
class Head:
    """Request line and headers. `length` is the body's; None where it comes in chunks."""

    method: str
    raw_path: bytes
    path: str
    query: bytes
    version: str
    headers: list[tuple[bytes, bytes]]
    length: int | None
    keep_alive: bool
    expects_continue: bool


class HeadReader:
    """Takes one head's bytes as they come. The parser is httptools (llhttp, strict); what it lets pass is refused here.

    Source of the rules: RFC 9112, sections 2, 3, 5 and 6; RFC 9110, 7.2 and 7.8.
    """

    def __init__(self) -> None:
        self._parser: httptools.HttpRequestParser | None = None
        self._size = 0
        self._tail = b""  # the end may come in pieces
        self._target = b""
        self._headers: list[tuple[bytes, bytes]] = []
        self._first_line: bytes | None = b""  # None when it is known

    @property
    def begun(self) -> bool:
        """Whether anything of it has come."""
        return self._parser is not None

    @property
    def language(self) -> str:
        """In which language who asks is answered, by the headers that have come so far."""
        return language_of(self._headers)

    def feed(self, data: bytes) -> tuple[Head, bytes] | None:
        """Take bytes; return the head and what came behind it, or None while it isn't whole. Raises
        RefusedRequestError.
        """
        try:
            return self._feed(data)
        except RefusedRequestError:
            # The parser tells of a header when the next one begins; of what it isn't given it tells of none.
            self._headers += ((b"accept-language", value) for value in _LANGUAGE.findall(data[:HEAD_BYTES]))
            raise

    def _feed(self, data: bytes) -> tuple[Head, bytes] | None:
        if self._parser is None:
            data = data.lstrip(b"\r\n")  # some clients end the last body with a line too many
            if not data:
                return None
            self._parser = httptools.HttpRequestParser(self)
        found = (self._tail + data).find(_END)
        end = len(data) if found < 0 else found + len(_END) - len(self._tail)
        self._size += end
        if self._size > HEAD_BYTES:
            raise RefusedRequestError(
                HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE,
                "head_too_large",
                HttpWords.HEAD_TOO_LARGE.value.filled(most=HEAD_BYTES),
            )
        self._parse(self._parser, data[:end])
        if found < 0:
            self._look_at_first_line(data)
            self._tail = (self._tail + data)[-3:]
            return None
        head = self._head(self._parser)
        self._parser = None  # it knows us and we know it: nothing has to find that circle later
        return head, data[end:]

    def on_url(self, url: bytes) -> None:
        """Keep a piece of the target (httptools' callback)."""
        self._target += url

    def on_header(self, name: bytes, value: bytes) -> None:
        """Keep a header (httptools' callback)."""
        self._headers.append((name.lower(), value.rstrip(b" \t")))

    @staticmethod
    def _parse(parser: httptools.HttpRequestParser, data: bytes) -> None:
        try:
            parser.feed_data(data)
        except httptools.HttpParserUpgrade:
            pass  # refused by its header or method, as soon as the head is looked at
        except httptools.HttpParserInvalidMethodError:
            raise malformed(HttpWords.METHOD.value) from None
        except httptools.HttpParserInvalidURLError:
            raise malformed(HttpWords.TARGET.value) from None
        except httptools.HttpParserError:
            raise malformed(HttpWords.NO_HTTP.value) from None

    def _look_at_first_line(self, data: bytes) -> None:
        """Refuse HTTP/0.9, which has no second line: whoever speaks it would wait, and so would we."""
        if self._first_line is None:
            return
        line, ended, _ = (self._first_line + data).partition(b"\r\n")
        self._first_line = None if ended else line
        if ended and b" HTTP/" not in line:
            raise _version("0.9")

    def _head(self, parser: httptools.HttpRequestParser) -> Head:
        version = parser.get_http_version()
        if version not in {"1.0", "1.1"}:
            raise _version(version)
        method = parser.get_method().decode("ascii")
        if method == "CONNECT":
            raise unsupported(HttpWords.NO_PROXY.value)
        once = self._looked_through()
        if b"host" not in once and version == "1.1":
            raise malformed(HttpWords.NO_HOST.value)
        raw_path, query = _split_target(self._target)
        path = raw_path.decode("ascii")
        return Head(
            method, raw_path, unquote(path) if "%" in path else path, query, version, self._headers,
            _length(once, version), version == "1.1" and self._stays(),
            version == "1.1" and b"expect" in once,
        )  # fmt: skip

    def _stays(self) -> bool:
        """Tell whether the client wants to ask more (RFC 9112, 9.6). The parser has forgotten it where there is no
        body.
        """
        said = (value for name, value in self._headers if name == b"connection")
        return not any(option.strip().lower() == b"close" for value in said for option in value.split(b","))

    def _looked_through(self) -> dict[bytes, bytes]:
        """Find the headers that decide how the request is read. Raises RefusedRequestError where one comes twice."""
        found: dict[bytes, bytes] = {}
        for name, value in self._headers:
            if name in _ONCE:
                if name in found:
                    raise malformed(HttpWords.ONCE.value.filled(name=_ONCE[name]))
                found[name] = value
            elif name == b"upgrade":
                raise unsupported(HttpWords.NO_UPGRADE.value)
            elif name == b"expect":
                if value.lower() != b"100-continue":
                    raise RefusedRequestError(
                        HTTPStatus.EXPECTATION_FAILED, "expectation_failed", HttpWords.EXPECTATION.value
                    )
                found[name] = value
        return found


def _length(once: dict[bytes, bytes], version: str) -> int | None:
    encoding = once.get(b"transfer-encoding")
    if encoding is None:
        return int(once.get(b"content-length", b"0"))  # the parser has seen that it is a number of 64 bits
    if b"content-length" in once or version == "1.0":
        raise malformed(HttpWords.ONE_LENGTH.value)
    if encoding.strip().lower() != b"chunked":
        raise unsupported(HttpWords.ONLY_CHUNKED.value)
    return None


def _split_target(target: bytes) -> tuple[bytes, bytes]:
    """Split the target into path and query: `/path?query` or `http://host/path?query` (RFC 9112, 3.2.2)."""
    if not target.startswith(b"/") and target != b"*":
        scheme, found, rest = target.partition(b"://")
        if not found or scheme.lower() not in {b"http", b"https"}:
            raise malformed(HttpWords.PATH.value)
        _, slash, rest = rest.partition(b"/")
        target = slash + rest or b"/"
    if b"#" in target:
        raise malformed(HttpWords.NO_FRAGMENT.value)
    path, _, query = target.partition(b"?")
    return path, query


def _version(version: str) -> RefusedRequestError:
    return RefusedRequestError(
        HTTPStatus.HTTP_VERSION_NOT_SUPPORTED, "version_unsupported", HttpWords.VERSION.value.filled(got=version)
    )
