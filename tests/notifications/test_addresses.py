"""Where messages may go: judged by the address that is connected to, whatever a name or a text says."""

import csv
import ssl
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from ipaddress import ip_address, ip_network
from pathlib import Path
from socket import AF_INET, AF_INET6, SOCK_STREAM

import apprise
import pytest
import trustme

from cli.doctor.addresses import check_addresses
from cli.doctor.finding import State
from cli.officers.reading import COLUMNS, Known, read_officers
from services.notifications.messages.channels import DeliveryError, http_provider
from services.notifications.messages.channels.apprise_channel import AppriseChannel
from services.notifications.messages.channels.configured import make_channels
from services.notifications.messages.channels.outward import Outward
from services.notifications.messages.channels.webhook import WebhookChannel
from shared.registry.destinations import Destinations, is_public
from shared.runtime.config import SettingsError, load_settings
from tests.notifications.http_server import HttpServer
from tests.notifications.test_channels import HERE, REAL, SECRET, outgoing, unhurried

SETTINGS = {"amqp_url": "amqp://unused", "database_url": "postgresql://unused"}
INWARD = (
    "127.0.0.1", "127.255.0.1", "0.0.0.0", "10.0.0.1", "172.16.0.1", "192.168.1.1", "169.254.169.254",  # noqa: S104
    "100.100.100.200", "168.63.129.16", "192.0.0.192", "198.18.0.1", "224.0.0.1", "239.1.1.1", "240.0.0.1",
    "255.255.255.255", "::", "::1", "::7f00:1", "::ffff:127.0.0.1", "::ffff:8.8.8.8", "fe80::1", "fe80::1%lo",
    "fc00::1", "fd00:ec2::254", "fec0::1", "ff02::1", "64:ff9b::7f00:1", "64:ff9b:1::1", "2002:7f00:1::1",
    "2001:0:7f00:1::1",
    "2001:db8::1", "100.64.0.1",
)  # fmt: skip


@pytest.mark.parametrize("address", INWARD)
def test_an_address_that_is_not_anybodys_is_refused_with_the_cure(address):
    assert not is_public(ip_address(address))
    assert "KIP_WEBHOOK_NETWORKS" in (Destinations().host_fault(ip_address(address)) or "")


@pytest.mark.parametrize("address", ["8.8.8.8", "103.1.2.3", "2606:4700::1111", "2405:4800::1"])
def test_a_public_address_may_be_reached(address):
    assert Destinations().host_fault(ip_address(address)) is None


class Names:
    """A name server that says what the test wants, another thing each time."""

    def __init__(self, *answers):
        self.answers = list(answers)
        self.asked = []

    async def __call__(self, host, port, *, type):  # noqa: A002 - getaddrinfo's name
        self.asked.append(host)
        addresses = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        families = {4: AF_INET, 6: AF_INET6}
        return [(families[ip_address(a).version], SOCK_STREAM, 6, "", (a, port)) for a in addresses]


def webhook(destinations, names=None, trust=None):
    return WebhookChannel(SECRET, REAL, Outward(destinations, names), new_pace=unhurried, trust=trust)


async def refused(channel, address):
    with pytest.raises(DeliveryError) as raised:
        await channel.send(outgoing(address))
    await channel.close()
    return raised.value


async def test_a_webhook_is_https_unless_the_setting_allows_http():
    async with HttpServer() as server:
        error = await refused(webhook(replace(HERE, http=False)), f"{server.url}/hook")
    assert error.permanent
    assert "KIP_WEBHOOK_HTTP" in str(error)
    assert server.requests == []


async def test_a_name_that_leads_inward_is_not_connected_to():
    async with HttpServer() as server:
        port = server.url.rpartition(":")[2]
        for inward in (["127.0.0.1"], ["::ffff:127.0.0.1"], ["0.0.0.0"], ["::1", "127.0.0.1"]):  # noqa: S104
            error = await refused(webhook(Destinations(http=True), Names(inward)), f"http://hook.example:{port}/")
            assert error.permanent
            assert "KIP_WEBHOOK_NETWORKS" in str(error)
        real = await refused(webhook(Destinations(http=True)), f"http://localhost:{port}/")
        assert real.permanent
    assert server.requests == []


async def test_a_name_that_says_something_else_a_moment_later_changes_nothing():
    """It is asked once a connection, and what it said then is connected to."""
    async with HttpServer() as server:
        port = server.url.rpartition(":")[2]
        names = Names(["127.0.0.1"], ["10.255.255.1"])
        channel = webhook(HERE, names)
        await channel.send(outgoing(f"http://hook.example:{port}/"))
        await channel.close()
    assert names.asked == ["hook.example"]
    assert server.requests[0][1]["host"] == f"hook.example:{port}"


async def test_of_several_addresses_only_those_that_may_be_reached_are_tried():
    async with HttpServer() as server:
        port = server.url.rpartition(":")[2]
        destinations = replace(HERE, networks=(ip_network("127.0.0.1/32"),))
        channel = webhook(destinations, Names(["127.0.0.2", "127.0.0.1"]))
        await channel.send(outgoing(f"http://hook.example:{port}/"))
        await channel.close()
    assert len(server.requests) == 1


async def test_the_certificate_is_of_the_name_and_not_of_the_number():
    authority = trustme.CA()
    context, trust = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER), ssl.create_default_context()
    authority.issue_cert("hook.example").configure_cert(context)
    authority.configure_trust(trust)
    async with HttpServer(context=context) as server:
        port = server.url.rpartition(":")[2]
        good, other = (webhook(replace(HERE, http=False), Names(["127.0.0.1"]), trust) for _ in range(2))
        await good.send(outgoing(f"https://hook.example:{port}/"))
        await good.close()
        error = await refused(other, f"https://other.example:{port}/")
    assert not error.permanent
    assert len(server.requests) == 1


async def test_a_redirect_is_not_followed():
    async with HttpServer() as inner, HttpServer((302, b"")) as outer:
        outer.headers_of_answers = {"Location": f"{inner.url}/secret"}
        error = await refused(webhook(HERE), f"{outer.url}/hook")
    assert error.permanent
    assert inner.requests == []


@pytest.mark.parametrize(
    "address",
    ["json://127.0.0.1/", "JSON://127.0.0.1/", "xml://h/", "mailto://u:p@h", "file:///etc/passwd", "https://h/",
     "slack://a,json://127.0.0.1:{port}/", "nothing"],
)  # fmt: skip
async def test_what_apprise_may_not_send_to_is_permanent_and_not_tried(address):
    async with HttpServer() as server:
        port = server.url.rpartition(":")[2]
        destinations = Destinations.of(load_settings(SETTINGS))
        error = await refused(AppriseChannel(destinations, new_pace=unhurried), address.format(port=port))
    assert error.permanent
    assert server.requests == []


def test_the_services_that_are_allowed_by_default_name_no_host():
    known = {
        scheme: entry["details"]["tokens"]
        for entry in apprise.Apprise().details()["schemas"]
        for scheme in [*(entry["protocols"] or ()), *(entry["secure_protocols"] or ())]
    }
    schemes = Destinations.of(load_settings(SETTINGS)).schemes
    assert len(schemes) == 8
    for scheme in schemes:
        assert not {"host", "port", "path"} & known[scheme].keys(), scheme


def no_database():
    raise ConnectionError("the database has not answered yet")


def test_a_network_that_is_none_stops_the_start():
    with pytest.raises(SettingsError, match="KIP_WEBHOOK_NETWORKS"):
        load_settings({**SETTINGS, "webhook_networks": "10.0.0.0/8,10.1.2.3/8"})
    settings = load_settings({**SETTINGS, "webhook_networks": "10.0.0.0/8", "webhook_secret": SECRET})
    assert {"webhook", "apprise", "email"} <= make_channels(settings, no_database).by_kind.keys()


@pytest.mark.parametrize(
    ("cell", "cure"),
    [
        ("webhook:http://hook.example/", "KIP_WEBHOOK_HTTP"),
        ("webhook:https://127.0.0.1/", "KIP_WEBHOOK_NETWORKS"),
        ("webhook:https://[::ffff:169.254.169.254]/latest", "KIP_WEBHOOK_NETWORKS"),
        ("webhook:https://", "https://host/path"),
        ("webhook:https://host:99999/", "https://host/path"),
        ("webhook:https://h\u0111/", "https://host/path"),
        ("apprise:json://127.0.0.1/", "KIP_APPRISE_SCHEMES"),
    ],
)
def test_an_address_that_may_not_be_sent_to_is_refused_at_the_import(tmp_path, registry, cell, cure):
    path = tmp_path / "officers.csv"
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([COLUMNS, ["An", "x", "06427", "ubnd-xa", cell, "vi"]])
    known = Known(registry.units, tuple(registry.programmes.values()), datetime(2023, 3, 1, tzinfo=UTC))
    officers, problems, _ = read_officers(path, replace(known, destinations=Destinations.of(load_settings(SETTINGS))))
    assert officers == []
    assert "channels: expected " in problems[0]
    assert cure in problems[0]


async def test_the_doctor_names_what_may_not_be_sent_to_and_tells_no_token(pool, loaded_database):
    await pool.execute(
        """INSERT INTO registry.officer (name, role, unit, agency, channels, language) VALUES
           ('An', 'x', '06412@1', 'ubnd-xa', '{"apprise:json://user:hush@127.0.0.1/",email:a@b.vn}', 'vi'),
           ('Bình', 'x', '06412@1', 'ubnd-xa', '{webhook:https://localhost/hush}', 'vi')"""
    )
    (found,) = [finding async for finding in check_addresses(loaded_database, Destinations.of(load_settings(SETTINGS)))]
    assert found.state is State.BAD
    assert "KIP_APPRISE_SCHEMES" in found.seen
    assert "localhost leads nowhere that may be reached" in found.seen
    assert "hush" not in found.seen
    assert found.cure is not None
    assert "KIP_WEBHOOK_NETWORKS" in (Path(__file__).parents[2] / "docs" / "notifications.md").read_text("utf-8")


NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("retry_after", "date", "seconds"),
    [
        ("120", None, 120),
        ("9" * 5000, None, http_provider.LONGEST_REST),
        (format_datetime(NOW + timedelta(seconds=90), usegmt=True), None, 90),
        ("Sunday, 01-Mar-26 12:02:00 GMT", None, 120),
        # The server's clock stands an hour behind: its own Date says what it meant.
        (format_datetime(NOW - timedelta(minutes=59), usegmt=True),
         format_datetime(NOW - timedelta(hours=1), usegmt=True), 60),
        (format_datetime(NOW - timedelta(days=1), usegmt=True), None, 0),
        ("Fri, 31 Dec 9999 23:59:59 GMT", None, http_provider.LONGEST_REST),
        ("Fri, 31 Dec 99999 23:59:59 GMT", None, None),
        ("²", None, None),
        ("-5", None, None),
        ("soon", None, None),
        (None, None, None),
    ],
)  # fmt: skip
def test_how_long_a_server_wants_to_be_left_alone(retry_after, date, seconds):
    assert http_provider.seconds_until(retry_after, date, NOW) == seconds


async def test_a_date_to_be_left_alone_until_is_passed_on():
    async with HttpServer((503, b"")) as server:
        server.headers_of_answers = {
            "Date": format_datetime(NOW, usegmt=True),
            "Retry-After": format_datetime(NOW + timedelta(seconds=77), usegmt=True),
        }
        error = await refused(webhook(HERE), f"{server.url}/hook")
    assert error.retry_after == 77
