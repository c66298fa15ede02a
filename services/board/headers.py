"""Pure: which headers go through the board, there and back."""

from collections.abc import Iterable

# What a calendar, a browser or a mail program may ask for. No cookie and no key: what is behind the board asks for
# neither, and the board's are nobody else's.
ASKED = frozenset(
    {b"accept", b"accept-encoding", b"accept-language", b"content-type", b"if-none-match", b"if-modified-since",
     b"user-agent"}
)  # fmt: skip
# Of one connection and no further (RFC 9110, 7.6.1); the date is that of whoever answers.
HOP_BY_HOP = frozenset(
    {b"connection", b"keep-alive", b"proxy-authenticate", b"proxy-authentication-info", b"proxy-connection", b"te",
     b"trailer", b"transfer-encoding", b"upgrade"}
)  # fmt: skip
OWN = frozenset({b"date", b"server"})
Headers = list[tuple[bytes, bytes]]


def there(asked: Iterable[tuple[bytes, bytes]]) -> Headers:
    """Choose the headers of a request that go on."""
    chosen = [(name, value) for name, value in asked if name in ASKED]
    if all(name != b"accept-encoding" for name, _ in chosen):
        chosen.append((b"accept-encoding", b"identity"))  # else the client that asks for us adds its own
    return chosen


def back(answered: Iterable[tuple[bytes, bytes]]) -> Headers:
    """Choose the headers of an answer that come back."""
    lower = [(name.lower(), value) for name, value in answered]
    named = {option.strip().lower() for name, value in lower if name == b"connection" for option in value.split(b",")}
    dropped = HOP_BY_HOP | OWN | named
    return [(name, value) for name, value in lower if name not in dropped]
