"""What the way in decides: where cookies may go, whose POST counts, how often, and who asks."""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import pytest
from starlette.requests import Request

from services.board.access.limits import Buckets, address_of, networks_of
from services.board.access.origins import posted_here
from services.board.access.session_store import Session
from services.board.access.sessions import VERIFIED, CodePolicy, verified_until
from services.board.access.site import Site, site_of
from shared.runtime.config import Settings, SettingsError

NOW = datetime(2026, 3, 2, 8, tzinfo=UTC)
OURS = Site("https://kip.example.vn")


def settings(public_url: str, bind: str = "127.0.0.1") -> Settings:
    return Settings(amqp_url="amqp:", database_url="postgresql://x/y", public_url=public_url, bind=bind)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("url", "origin", "cookie"),
    [
        ("https://kip.example.vn", "https://kip.example.vn", "__Host-kip"),
        ("https://kip.example.vn:443/", "https://kip.example.vn", "__Host-kip"),
        ("https://KIP.example.vn:8443", "https://kip.example.vn:8443", "__Host-kip"),
        ("http://127.0.0.1:8083", "http://127.0.0.1:8083", "kip"),
        ("http://localhost:80", "http://localhost", "kip"),
        ("http://[::1]:8083", "http://[::1]:8083", "kip"),
        ("", "http://127.0.0.1:8083", "kip"),
    ],
)
def test_cookies_go_over_tls_or_stay_on_this_machine(url: str, origin: str, cookie: str) -> None:
    site = site_of(settings(url))
    assert (site.origin, site.cookie, site.secure) == (origin, cookie, cookie != "kip")


@pytest.mark.parametrize(
    "url",
    ["http://kip.example.vn", "http://10.0.0.1:8083", "ftp://127.0.0.1", "https://kip.example.vn/kip", "https://",
     "kip", "https://a@kip.example.vn", "https://kip.example.vn:x", "https://kip.example.vn?a"],
)  # fmt: skip
def test_an_address_over_which_no_cookie_may_go_stops_the_start(url: str) -> None:
    with pytest.raises(SettingsError, match="KIP_PUBLIC_URL: expected https://host"):
        site_of(settings(url))


@pytest.mark.parametrize(
    ("headers", "taken"),
    [
        ({"origin": "https://kip.example.vn", "sec-fetch-site": "same-origin"}, True),
        ({"origin": "null", "sec-fetch-site": "same-origin"}, True),
        ({"sec-fetch-site": "same-origin"}, True),
        ({"origin": "https://kip.example.vn"}, True),
        ({}, False),
        ({"origin": "null"}, False),
        ({"origin": "https://kip.example.vn.evil.vn"}, False),
        ({"origin": "http://kip.example.vn"}, False),
        ({"origin": "https://evil.vn", "sec-fetch-site": "same-origin"}, False),
        ({"origin": "https://kip.example.vn", "sec-fetch-site": "cross-site"}, False),
        ({"origin": "https://kip.example.vn", "sec-fetch-site": "same-site"}, False),
        ({"origin": "https://kip.example.vn", "sec-fetch-site": "none"}, False),
        ({"origin": "null", "sec-fetch-site": "none"}, False),
    ],
)
def test_a_post_counts_from_a_page_of_ours_alone(headers: dict[str, str], taken: bool) -> None:
    assert posted_here(headers, OURS) is taken


@dataclass
class Watch:
    seconds: float = 0.0
    known: list[str] = field(default_factory=list)

    def __call__(self) -> float:
        return self.seconds


def test_a_bucket_gives_so_many_at_once_and_fills_with_time() -> None:
    watch = Watch()
    buckets = Buckets(rate=0.5, burst=3, seconds=watch)
    assert [buckets.take("a") for _ in range(4)] == [0, 0, 0, 2]
    assert buckets.take("b") == 0
    watch.seconds = 2
    assert (buckets.take("a"), buckets.take("a")) == (0, 2)
    watch.seconds = 3600
    assert [buckets.take("a") for _ in range(4)] == [0, 0, 0, 2]


def test_who_asked_longest_ago_is_forgotten_first() -> None:
    buckets = Buckets(rate=0.001, burst=1, seconds=Watch(), most=2)
    assert [buckets.take(who) for who in ("a", "b", "a", "c")] == [0, 0, 1000, 0]
    assert (buckets.take("a") > 0, buckets.take("b")) == (True, 0)


def asked_from(peer: str, forwarded: str | None = None) -> Request:
    headers = [(b"x-forwarded-for", forwarded.encode())] if forwarded is not None else []
    return Request({"type": "http", "headers": headers, "client": (peer, 40000)})


@pytest.mark.parametrize(
    ("peer", "forwarded", "address"),
    [
        ("203.0.113.9", "198.51.100.7", "203.0.113.9"),
        ("10.1.2.3", "198.51.100.7", "198.51.100.7"),
        ("10.1.2.3", "192.0.2.1, 198.51.100.7, 10.1.2.4", "198.51.100.7"),
        ("10.1.2.3", None, "10.1.2.3"),
        ("10.1.2.3", "not an address", "not an address"),
        ("2001:db8:1:2:3:4:5:6", None, "2001:db8:1:2::/64"),
    ],
)
def test_only_a_proxy_of_ours_is_believed_who_asks(peer: str, forwarded: str | None, address: str) -> None:
    assert address_of(asked_from(peer, forwarded), networks_of("10.1.2.0/24")) == address


@pytest.mark.parametrize(
    ("policy", "known_until", "verified"),
    [
        (CodePolicy.NEW_DEVICE, None, None),
        (CodePolicy.NEW_DEVICE, NOW + timedelta(days=3), NOW + timedelta(days=3)),
        (CodePolicy.NEW_DEVICE, NOW, None),
        (CodePolicy.ALWAYS, NOW + timedelta(days=3), None),
        (CodePolicy.NEVER, None, NOW + VERIFIED),
    ],
)
def test_a_link_opens_a_verified_session_on_a_known_device_alone(
    policy: CodePolicy, known_until: datetime | None, verified: datetime | None
) -> None:
    former = Session(b"", "12.0", "3f9c21ab", (), None, None, NOW + timedelta(days=30), known_until)
    assert verified_until(policy, NOW, former) == verified
    assert verified_until(policy, NOW, None) == (NOW + VERIFIED if policy is CodePolicy.NEVER else None)
