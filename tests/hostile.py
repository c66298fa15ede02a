"""Hostile values, and requests that are sound but for one of them: what a stranger may send."""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from itertools import chain, islice
from typing import Any, TypeAlias
from urllib.parse import quote

# As texts: in a path, a query, a form, a JSON text.
NUMBERS: tuple[str, ...] = (
    "-1", "1.5", "1e999", "NaN", "0x10", "1_000", "٣", "²", "9" * 30, "9" * 5000, "-" + "9" * 5000,
    str(2**31), str(2**63 - 1), str(2**63), str(2**64),
)  # fmt: skip
TIMES: tuple[str, ...] = (
    "0001-01-01", "1999-12-31", "2023-02-30", "2101-01-01", "9999-12-31", "10000-01-01", "20230315",
    "0001-01-01T00:00:00+07:00", "9999-12-31T23:59:59-07:00", "9999-12-31T23:59:59.999999Z", "2023-03-15T08:00:00",
    "1678838400", "1e18", "0001-Q1", "1000-01", "2999-Q4", "2999-12", "1000..2999", "2023-Q1..2999-Q4", "2023..",
)  # fmt: skip
LETTERS: tuple[str, ...] = (
    "", " ", ".", "..", ":", ",", "%", "@", "x", "null", "[]", "{expected}", "\x00", "a\x00b", "\x1f", "\x85",
    "\r\nx-injected: 1", "\u202e", "\ufffe", "😀", "Nguyễn", "Nguye\u0302\u0303n", "x" * 201, "x" * 1001, "ễ" * 1500,
    "a,b," * 300, "../../etc/passwd", "'; DROP TABLE aggregation.cell; --", "=cmd|' /C calc'!A0", "<script>x</script>",
    "unit:", "state:", "component", "series", "participants", "-value", "domain,domain", "VN", "06412@1",
)  # fmt: skip
TEXTS = NUMBERS + TIMES + LETTERS
# In a path or query as they stand: what percent-decoding makes of them is the server's affair.
ENCODED: tuple[str, ...] = ("%ff", "%ed%a0%80", "%c0%80", "%zz", "%2", "%00%00", "%25%30%30", "%2e%2e%2f", "%0d%0a")
# As JSON texts, in place of any value.
JSON: tuple[str, ...] = (
    "null", "true", "-1", "1.5", "1e999", "-1e999", "1e18", "2147483648", str(2**63), str(2**64), "9" * 4300,
    "-" + "9" * 4300, "9" * 5000, "1678838400", "[]", "{}", "[null]", '{"":""}', '{"x":1,"x":2}', '{"a.b":{"c":1}}',
    "[" * 150 + "]" * 150, "[" * 15_000 + "]" * 15_000, '{"a":' * 15_000 + "1" + "}" * 15_000, "NaN", '"\x01"',
    '"\\ud800"', '{"\\ud800":1}', '"\\u0000"', '{"\\u0000":1}',
    *(json.dumps(text) for text in (*NUMBERS[-6:], *TIMES[:13], *LETTERS[:27])),
)  # fmt: skip
BODIES: tuple[bytes, ...] = (
    b"", b" ", b"\n\n\n", b"null", b"{}", b"[]", b"[null]", b"[[]]", b"{", b'"', b"1" * 5000, b"\x00", b"\x00" * 1000,
    b"\xff\xfe{\x00}\x00", b"\xef\xbb\xbf{}", b"\xed\xa0\x80", b"\x1f\x8b\x08\x00", b"PK\x03\x04" + b"\x00" * 100,
    b"[" * 15_000 + b"]" * 15_000, b'{"a":' * 15_000 + b"1" + b"}" * 15_000, b"[" * 200_000, b'"\\ud800"',
    b"{}" * 1000, b"{}\n" * 300, b"," * 5000, b'"' * 5001, b"a;b;c\n" * 3, b"a\r\n\x00\r\n",
    b"indicator,unit\n\x00,\x00\n", b"dataelement,period,orgunit,value\n\xff,1,2,3\n", b"a=1&" * 1000,
    b"a=%ff&b=%00&reason=%ed%a0%80", b"until=%00&reason=%00",
    b"--x\r\nContent-Disposition: form-data; name*0*=utf-9''%ff; name*1=x\r\n\r\n\xff\xff\r\n--x--\r\n",
    b"--x\r\nContent-Type: multipart/mixed; boundary=x\r\n\r\n" * 200,
    b"--x\r\nContent-Type: message/rfc822\r\n\r\n" + b"Content-Type: message/rfc822\r\n\r\n" * 400,
)  # fmt: skip
CONTENT_TYPES: tuple[bytes, ...] = (
    b";", b"/", b"application/json; charset=utf-7", b"application/cloudevents+json; charset=\xff", b"text/csv;;;=",
    b"multipart/form-data", b"multipart/form-data; boundary=x", b'multipart/form-data; boundary="',
    b"multipart/form-data; boundary*=x''%ff", b"application/x-www-form-urlencoded; charset=utf-16",
    b"application/x-ndjson", b"application/cloudevents-batch+json",
)  # fmt: skip
HOSTS: tuple[bytes, ...] = (b"[", b"[::1", b"a b", b"@", b":999999", b"x/y?z#", b"xn--\xff")
HEADER_VALUES: tuple[bytes, ...] = (
    b"", b"\xff" * 50, "Nguyễn".encode(), b"9" * 5000, b"-1", b"\x01", b"a\x00b", b"%ed%a0%80", b'"', b'"\\', b'W/"*"',
    b"*", b"," * 1000, b";q=" * 500, b"text/html", b"vi;q=NaN", b"gzip", b"Bearer", b"Bearer " + b"\xff" * 40,
    b"Basic =", b"Basic " + b"/" * 401, b"Basic /////w==", b"ApiToken \xc3\xa9", b"0001-01-01T00:00:00+07:00",
    b"9999-12-31T23:59:59-07:00", b"1.0", b"vn.kip.obligation.opened.v1",
)  # fmt: skip
NEEDED_HEADERS = ("authorization", "content-type", "host")
HEADERS: tuple[str, ...] = (
    "accept", "accept-language", "if-none-match", "webhook-request-origin", "if-modified-since", "kip-officer",
    "kip-reach", "origin", "range", "traceparent", "tracestate", "user-agent", "x-next", "x-forwarded-for",
    "content-encoding", "ce-id", "ce-source", "ce-subject", "ce-time", "ce-type", "ce-specversion", "ce-",
)  # fmt: skip
METHODS = ("GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "BREW")

_PARAMETER = re.compile(r"\{(\w+)(?::\w+)?\}")
_MARK = "hostile-value-goes-here"
Document: TypeAlias = Mapping[str, Any] | list[Any]


@dataclass(frozen=True)
class Sound:
    """A request that is answered well. `route` is the route's own path; `form` or `document` or `body` is posted.

    `part`: of its hostile variants every so many-th, where another request meets the same code with all of them.
    """

    method: str
    route: str
    path: Mapping[str, str] = field(default_factory=dict)
    query: Mapping[str, str] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
    document: Document | None = None
    form: Mapping[str, str] | None = None
    body: bytes = b""
    part: int = 1

    def content(self) -> bytes:
        """The body."""
        if self.document is not None:
            return json.dumps(self.document).encode()
        if self.form is not None:
            return pairs(self.form).encode()
        return self.body

    def asked(self) -> "Asked":
        """It as it goes over the wire."""
        return Asked(self.method, self.target(), self._head(), self.content())

    def target(self, *, path: Mapping[str, str] | None = None, query: Mapping[str, str] | None = None) -> str:
        """Path and query, with others of either."""
        inserted = self.path if path is None else path
        made = _PARAMETER.sub(lambda found: quote(inserted[found[1]], safe=""), self.route)
        asked = self.query if query is None else query
        return made + (f"?{pairs(asked)}" if asked else "")

    def _head(self) -> tuple[tuple[str, bytes], ...]:
        return tuple((name, value.encode("latin-1")) for name, value in self.headers.items())


@dataclass(frozen=True)
class Asked:
    """One request: its method, its target as it is sent, its headers, its body."""

    method: str
    target: str
    headers: tuple[tuple[str, bytes], ...]
    body: bytes

    def wire(self) -> bytes:
        """Its bytes; the connection is closed after the answer."""
        host = () if any(name == "host" for name, _ in self.headers) else (("host", b"127.0.0.1"),)
        length = ("content-length", str(len(self.body)).encode())
        fields = [*host, ("connection", b"close"), *self.headers, length]
        lines = b"".join(name.encode() + b": " + value + b"\r\n" for name, value in fields)
        return f"{self.method} {self.target} HTTP/1.1\r\n".encode() + lines + b"\r\n" + self.body


def hostile(sound: Sound) -> Iterator[tuple[str, Asked]]:
    """The request with each of its parts hostile in turn, each under a name that tells what was put where."""
    variants = chain(_in_path(sound), _in_query(sound), _in_headers(sound), _in_body(sound), _of_methods(sound))
    return islice(variants, None, None, sound.part)


def _of_methods(sound: Sound) -> Iterator[tuple[str, Asked]]:
    for method in METHODS:
        yield f"method {method}", replace(sound.asked(), method=method)


def _in_path(sound: Sound) -> Iterator[tuple[str, Asked]]:
    for name in sound.path:
        for text in TEXTS:
            target = sound.target(path={**sound.path, name: text})
            yield f"path {name}={_short(text)}", replace(sound.asked(), target=target)
        for text in ENCODED:
            target = sound.target(path={**sound.path, name: _MARK}).replace(_MARK, text)
            yield f"path {name}={text} as it is", replace(sound.asked(), target=target)


def _in_query(sound: Sound) -> Iterator[tuple[str, Asked]]:
    for name in [*sound.query, "unheard-of"]:
        for text in TEXTS:
            target = sound.target(query={**sound.query, name: text})
            yield f"query {name}={_short(text)}", replace(sound.asked(), target=target)
        for text in ENCODED:
            target = sound.target(query={**sound.query, name: _MARK}).replace(_MARK, text)
            yield f"query {name}={text} as it is", replace(sound.asked(), target=target)
        twice = sound.target(query={**sound.query, name: "x"}) + f"&{name}=y"
        yield f"query {name} twice", replace(sound.asked(), target=twice)
    for rest in ("?", "?&&&", "?=", "?%00=%00", "?" + "a=1&" * 1000):
        yield f"query {rest[:10]}", replace(sound.asked(), target=sound.target(query={}) + rest)


def _in_headers(sound: Sound) -> Iterator[tuple[str, Asked]]:
    """Those that every request needs one by one, all others of one value together."""
    asked = sound.asked()
    for name in NEEDED_HEADERS:
        kept = tuple(item for item in asked.headers if item[0] != name)
        more = {"content-type": CONTENT_TYPES, "host": HOSTS}.get(name, ())
        for value in HEADER_VALUES + more:
            yield f"header {name}: {value[:30]!r}", replace(asked, headers=(*kept, (name, value)))
        yield f"header {name} not there", replace(asked, headers=kept)
        yield f"header {name} twice", replace(asked, headers=(*asked.headers, (name, b"x"), (name, b"y")))
    own = tuple(item for item in asked.headers if item[0] in NEEDED_HEADERS)
    for value in HEADER_VALUES:
        others = HEADERS if len(value) < 1000 else HEADERS[:4]  # a head has 32 KiB
        yield f"other headers: {value[:30]!r}", replace(asked, headers=(*own, *((name, value) for name in others)))


def _in_body(sound: Sound) -> Iterator[tuple[str, Asked]]:
    for body in BODIES:
        yield f"body {body[:20]!r} of {len(body)}", replace(sound.asked(), body=body)
    for place in _places(sound.document):
        name = ".".join(map(str, place))
        before, after = json.dumps(_with(sound.document, place, _MARK)).split(f'"{_MARK}"')
        for text in JSON:
            yield f"body {name}={_short(text)}", replace(sound.asked(), body=(before + text + after).encode())
        lacking = json.dumps(_without(sound.document, place))
        yield f"body without {name}", replace(sound.asked(), body=lacking.encode())
    form = sound.form or {}
    for name in form:
        for text in TEXTS:
            body = pairs({**form, name: text}).encode()
            yield f"form {name}={_short(text)}", replace(sound.asked(), body=body)
        for text in ENCODED:
            body = pairs({**form, name: _MARK}).replace(_MARK, text).encode()
            yield f"form {name}={text} as it is", replace(sound.asked(), body=body)


def _places(value: Any, here: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    """Every place in a document, the document itself apart."""
    items = value.items() if isinstance(value, Mapping) else enumerate(value) if isinstance(value, list) else ()
    for key, inner in items:
        yield (*here, key)
        yield from _places(inner, (*here, key))


def _with(value: Any, place: tuple[str | int, ...], made: Any) -> Any:
    if not place:
        return made
    copy = dict(value) if isinstance(value, Mapping) else list(value)
    copy[place[0]] = _with(value[place[0]], place[1:], made)
    return copy


def _without(value: Any, place: tuple[str | int, ...]) -> Any:
    copy = dict(value) if isinstance(value, Mapping) else list(value)
    if len(place) == 1:
        del copy[place[0]]
    else:
        copy[place[0]] = _without(value[place[0]], place[1:])
    return copy


def pairs(fields: Mapping[str, str]) -> str:
    """`a=1&b=2`, percent-encoded."""
    return "&".join(f"{quote(name, safe='')}={quote(value, safe='')}" for name, value in fields.items())


def _short(text: str) -> str:
    return repr(text[:30]) + (f" of {len(text)}" if len(text) > 30 else "")
