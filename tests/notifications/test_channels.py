"""Channels against local servers that speak the real protocol, and misbehave."""

import json
from base64 import b64encode
from dataclasses import replace
from datetime import UTC, datetime
from ipaddress import ip_network
from time import monotonic
from uuid import UUID

import pytest
from standardwebhooks.webhooks import Webhook

from services.notifications.messages.channels import BusyError, DeliveryError, Outgoing, http_provider
from services.notifications.messages.channels.apprise_channel import AppriseChannel
from services.notifications.messages.channels.esms import EsmsChannel, short_text
from services.notifications.messages.channels.outward import Outward
from services.notifications.messages.channels.pace import Pace
from services.notifications.messages.channels.webhook import WebhookChannel
from services.notifications.messages.channels.zalo_token import FixedToken
from services.notifications.messages.channels.zns import ZnsChannel
from shared.registry.destinations import Destinations
from shared.runtime.clock import SystemClock
from tests.notifications.http_server import HttpServer
from tests.notifications.zalo_server import TEMPLATE, zalo_api, zns_channel

SECRET = "whsec_" + b64encode(b"0123456789abcdef01234567").decode()
REAL = SystemClock()
HERE = Destinations(http=True, networks=(ip_network("127.0.0.0/8"),), schemes=frozenset({"json"}))
ID = UUID("11111111-2222-3333-4444-555555555555")


def outgoing(address):
    return Outgoing(
        id=ID, address=address, subject="Báo cáo quá hạn: Xã Yên Vượng", body="Kính gửi: Nguyễn Văn Đường\n",
        html="<p></p>", language="vi", topic="ecd-1437", page="https://kip.example.vn/l/x",
        mute="https://kip.example.vn/v1/ack/y",
        officer="Nguyễn Văn Đường", at=datetime(2023, 3, 17, 1, tzinfo=UTC),
    )  # fmt: skip


def unhurried():
    return Pace(1000, monotonic)


def made(kind, url, new_pace=unhurried):
    match kind:
        case "zalo":
            return zns_channel(url, new_pace), outgoing("84912345678")
        case "sms":
            channel = EsmsChannel("key", "secret", "KIP", url=url, now=REAL.now, new_pace=new_pace)
            return channel, outgoing("84912345678")
        case "webhook":
            return WebhookChannel(SECRET, REAL, Outward(HERE), new_pace=new_pace), outgoing(f"{url}/hook")
        case _:
            return AppriseChannel(HERE, new_pace=new_pace), outgoing(f"json://{url.removeprefix('http://')}/hook")


GOOD = {"zalo": {"error": 0}, "sms": {"CodeResult": "100"}, "webhook": {}, "apprise": {}}


async def sent(kind, server):
    channel, message = made(kind, server.url)
    try:
        await channel.send(message)
    finally:
        await channel.close()
    return server.requests[-1]


@pytest.mark.parametrize("kind", GOOD)
async def test_a_message_that_is_taken_arrives_whole(kind):
    async with HttpServer((200, GOOD[kind])) as server:
        _, headers, body = await sent(kind, server)
    found = json.loads(body)
    match kind:
        case "zalo":
            assert headers["access_token"] == "token"
            assert (found["phone"], found["template_id"], found["tracking_id"]) == ("84912345678", "7890", ID.hex)
            slots = {"name": "Nguyễn Văn Đường", "message": "Báo cáo quá hạn: Xã Yên Vượng", "link": "x"}
            assert found["template_data"] == slots
        case "sms":
            assert (found["Content"], found["RequestId"]) == ("Bao cao qua han: Xa Yen Vuong", ID.hex)
            assert (found["Phone"], found["Brandname"], found["SmsType"]) == ("84912345678", "KIP", "2")
        case "webhook":
            assert Webhook(SECRET).verify(body, headers)["data"]["subject"] == "Báo cáo quá hạn: Xã Yên Vượng"
            assert headers["webhook-id"] == f"msg_{ID.hex}"
        case "apprise":
            assert found["title"] == "Báo cáo quá hạn: Xã Yên Vượng"


@pytest.mark.parametrize(
    ("kind", "answer", "permanent"),
    [
        ("zalo", (200, {"error": -118, "message": "no such account"}), True),
        ("zalo", (200, {"error": -144, "message": "quota"}), False),
        ("zalo", (200, b"<html>"), False),
        ("zalo", (200, {}), False),
        ("zalo", (200, b"[" * 60_000), False),
        ("zalo", (200, b'{"error": 1e999}'), False),
        ("zalo", (200, {"error": 0.5}), False),
        ("zalo", (200, {"error": False}), False),
        ("zalo", (502, b""), False),
        ("zalo", "close", False),
        ("sms", (200, {"CodeResult": "99", "ErrorMessage": "blocked"}), True),
        ("sms", (200, {"CodeResult": "103", "ErrorMessage": "balance"}), False),
        ("sms", (500, b"oops"), False),
        ("sms", (200, b"[" * 60_000), False),
        ("sms", (200, ["CodeResult", "100"]), False),
        ("sms", (200, {"CodeResult": 100.5}), False),
        ("sms", "close", False),
        ("webhook", (410, b""), True),
        ("webhook", (404, b""), True),
        ("webhook", (302, b""), True),
        ("webhook", (429, b""), False),
        ("webhook", (503, b""), False),
        ("webhook", "close", False),
        ("apprise", (500, b""), False),
        ("apprise", "close", False),
    ],
)
async def test_what_may_pass_and_what_will_not_are_told_apart(kind, answer, permanent):
    async with HttpServer(answer) as server:
        with pytest.raises(DeliveryError) as raised:
            await sent(kind, server)
    assert raised.value.permanent is permanent


async def test_a_server_that_never_answers_is_left(monkeypatch):
    monkeypatch.setattr(http_provider, "TIMEOUT_SECONDS", 0.2)
    async with HttpServer("silence") as server:
        with pytest.raises(DeliveryError, match="Timeout") as raised:
            await sent("webhook", server)
    assert not raised.value.permanent


async def test_how_long_a_provider_wants_to_be_left_alone_is_passed_on():
    async with HttpServer((429, b"")) as server:
        server.headers_of_answers = {"Retry-After": "120"}
        with pytest.raises(DeliveryError) as raised:
            await sent("webhook", server)
    assert raised.value.retry_after == 120


async def test_a_repeat_that_the_provider_knows_already_counts_as_sent_and_carries_the_same_key():
    async with HttpServer("close", (200, {"CodeResult": "124"})) as server:
        with pytest.raises(DeliveryError):
            await sent("sms", server)
        await sent("sms", server)
    assert [json.loads(body)["RequestId"] for _, _, body in server.requests] == [ID.hex, ID.hex]


async def test_an_address_that_apprise_can_t_read_is_permanent():
    destinations = Destinations(schemes=frozenset({"nonsense"}))
    with pytest.raises(DeliveryError) as raised:
        await AppriseChannel(destinations, new_pace=unhurried).send(outgoing("nonsense://"))
    assert raised.value.permanent


def test_an_sms_is_unaccented_and_at_most_160_characters():
    assert short_text("Đề nghị gửi báo cáo: Hội Phụ nữ – hạn 17:00") == "De nghi gui bao cao: Hoi Phu nu han 17:00"
    long = short_text("Báo cáo " * 40)
    assert len(long) <= 160
    assert long.isascii()
    assert long.endswith("...")


class Seconds:
    """A clock that the test moves."""

    def __init__(self):
        self.now = 1000.0

    def __call__(self):
        return self.now


async def tried(channel, message, count):
    """How many of so many attempts got through, and when the others may come back, in seconds from now."""
    passed, later = 0, []
    for _ in range(count):
        try:
            await channel.send(message)
            passed += 1
        except BusyError as busy:
            later.append(busy.seconds)
    return passed, later


@pytest.mark.parametrize("kind", GOOD)
async def test_a_provider_gets_no_more_requests_a_second_than_it_takes(kind):
    clock = Seconds()
    async with HttpServer((200, GOOD[kind])) as server:
        channel, message = made(kind, server.url, lambda: Pace(5, clock))
        assert (await tried(channel, message, 12))[0] == 5  # a second's worth at once
        assert len(server.requests) == 5
        for second in range(1, 4):
            clock.now += 1
            await tried(channel, message, 12)
            assert len(server.requests) == 5 + 5 * second
        await channel.close()


async def test_those_who_are_told_to_come_back_find_a_turn_when_they_do():
    clock = Seconds()
    async with HttpServer((200, GOOD["sms"])) as server:
        channel, message = made("sms", server.url, lambda: Pace(2, clock))
        passed, later = await tried(channel, message, 22)
        assert (passed, later) == (2, [pytest.approx(0.5 * n) for n in range(1, 21)])
        begun = clock.now
        for seconds in later:
            clock.now = begun + seconds + 0.001
            assert (await tried(channel, message, 1))[0] == 1
        await channel.close()


async def test_a_rate_below_one_a_second_is_kept_too():
    clock = Seconds()
    async with HttpServer((200, GOOD["zalo"])) as server:
        channel, message = made("zalo", server.url, lambda: Pace(0.1, clock))
        for _ in range(30):
            await tried(channel, message, 1)
            clock.now += 1
        assert len(server.requests) == 3
        await channel.close()


@pytest.mark.parametrize("kind", ["zalo", "sms", "webhook"])
async def test_after_a_429_the_provider_is_left_alone_by_every_message_for_as_long_as_it_says(kind):
    clock = Seconds()
    async with HttpServer((429, b""), (200, GOOD[kind])) as server:
        server.headers_of_answers = {"Retry-After": "120"}
        channel, message = made(kind, server.url, lambda: Pace(10, clock))
        with pytest.raises(DeliveryError):
            await channel.send(message)
        clock.now += 119
        assert (await tried(channel, message, 3))[0] == 0
        assert len(server.requests) == 1
        clock.now += 1.001
        assert (await tried(channel, message, 1))[0] == 1
        await channel.close()


async def test_one_webhooks_server_that_wants_rest_holds_no_others():
    clock = Seconds()
    async with HttpServer((429, b"")) as resting, HttpServer() as other:
        resting.headers_of_answers = {"Retry-After": "120"}
        channel, message = made("webhook", resting.url, lambda: Pace(10, clock))
        with pytest.raises(DeliveryError):
            await channel.send(message)
        with pytest.raises(BusyError):
            await channel.send(message)
        await channel.send(replace(message, address=f"{other.url}/hook"))
        await channel.close()
    assert len(other.requests) == 1


async def test_the_rate_is_a_replicas_two_take_twice_as_much():
    clock = Seconds()
    async with HttpServer((200, GOOD["sms"])) as server:
        for _ in range(2):
            channel, message = made("sms", server.url, lambda: Pace(5, clock))
            await tried(channel, message, 20)
            await channel.close()
    assert len(server.requests) == 10


@pytest.mark.parametrize("address", ["http://[::1/hook", "ftp://b.vn/hook", "http://"])
async def test_a_webhook_that_no_one_can_post_to_is_permanent(address):
    channel, message = made("webhook", "")
    with pytest.raises(DeliveryError) as raised:
        await channel.send(replace(message, address=address))
    assert raised.value.permanent
    await channel.close()


async def test_a_webhooks_repeat_has_the_same_id_and_a_signature_of_its_own_time():
    async with HttpServer("close", (200, {})) as server:
        with pytest.raises(DeliveryError):
            await sent("webhook", server)
        await sent("webhook", server)
    assert {headers["webhook-id"] for _, headers, _ in server.requests} == {f"msg_{ID.hex}"}
    for _, headers, body in server.requests:
        assert Webhook(SECRET).verify(body, headers)


async def test_a_code_goes_by_zalo_s_template_for_codes_and_without_one_not_at_all():
    async with HttpServer((200, GOOD["zalo"])) as server:
        code = replace(outgoing("84912345678"), code="012345")
        channel = ZnsChannel(zalo_api(server.url), FixedToken("token"), TEMPLATE, "codes")
        await channel.send(code)
        await channel.close()
        body = json.loads(server.requests[0][2])
        assert (body["template_id"], body["template_data"]) == ("codes", {"otp": "012345"})
        without = zns_channel(server.url)
        with pytest.raises(DeliveryError, match="KIP_ZNS_CODE_TEMPLATE") as refused:
            await without.send(code)
        await without.close()
        assert (refused.value.permanent, len(server.requests)) == (True, 1)
