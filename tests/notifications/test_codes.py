"""Codes that verify a device: sent to the officer alone, few, short-lived, tried few times, for one session."""

import asyncio
import re
from hashlib import sha256
from uuid import uuid4

import pytest

from services.notifications.messages.channels.zns import SLOTS
from tests.notifications.board import SESSION, asked, ref_of, token_of

OTHER = sha256(b"another session").hexdigest()


async def send(client, ref, session=SESSION, **more):
    return await client.post("/v1/codes", json={"officer": ref, "session": session, **more})


async def verify(client, ref, code, session=SESSION):
    answer = await client.post("/v1/codes/verify", json={"officer": ref, "session": session, "code": code})
    return answer.status_code, answer.json()


def code_in(mail):
    return re.search(r"\b\d{6}\b", mail["Subject"])[0]


async def wait_for(true):
    """Wait until something has come that nobody waits for."""
    async with asyncio.timeout(10):
        while not true():
            await asyncio.sleep(0.02)


def another(code):
    return f"{(int(code) + 1) % 1_000_000:06d}"


async def test_a_code_goes_to_the_officer_at_once_in_their_language_without_a_link_and_verifies(place):
    await place.pool.execute("UPDATE registry.officer SET quiet_from = '00:00', quiet_to = '23:59' WHERE name = 'An'")
    ref = await ref_of(place, "An")
    async with asked(place) as (client, machine, server):
        answer = await send(client, ref)
        assert (answer.status_code, answer.json()["sent_to"]) == (202, "A•••@example.vn")
        assert answer.json()["expires_at"] == machine.now.replace(minute=30).isoformat()
        (mail,) = server.kept
        text = mail.get_body(("plain",)).get_content()
        assert "Mã xác nhận" in text
        assert "http" not in text + str(mail["Subject"])
        assert mail["List-Unsubscribe"] is None
        code = code_in(mail)
        assert code not in str(await place.pool.fetch("SELECT code::text FROM notifications.code AS code"))
        assert (await verify(client, ref, another(code)))[1]["left"] == 4
        assert await verify(client, ref, f" {code[:3]} {code[3:]} ") == (200, {"verified": True})
        await place.pool.execute("UPDATE registry.officer SET language = 'en' WHERE name = 'An'")
        await send(client, ref)
        assert "verifies your device" in server.kept[1].get_body(("plain",)).get_content()


async def test_a_code_is_of_one_officer_and_one_session_and_a_new_one_ends_it(place):
    ref, binh = await ref_of(place, "An"), await ref_of(place, "Bình")
    async with asked(place) as (client, _, server):
        await send(client, ref)
        first = code_in(server.kept[0])
        for whose, session in ((binh, SESSION), (ref, OTHER)):
            assert (await verify(client, whose, first, session))[1]["error"] == "code_expired"
        await send(client, ref)
        second = code_in(server.kept[1])
        if first != second:
            assert (await verify(client, ref, first))[1]["error"] == "code_wrong"
        assert (await verify(client, ref, second))[0] == 200


async def test_after_five_wrong_tries_or_thirty_minutes_it_is_over(place):
    ref = await ref_of(place, "An")
    async with asked(place) as (client, machine, server):
        await send(client, ref)
        code = code_in(server.kept[0])
        left = [(await verify(client, ref, another(code))) for _ in range(5)]
        assert [(status, told["left"]) for status, told in left] == [(422, n) for n in (4, 3, 2, 1, 0)]
        assert (await verify(client, ref, code))[1]["error"] == "code_expired"
        await send(client, ref)
        machine.later(minutes=30)
        assert (await verify(client, ref, code_in(server.kept[1])))[1]["error"] == "code_expired"


async def test_three_an_hour_and_officer_whatever_the_session(place):
    ref = await ref_of(place, "An")
    async with asked(place) as (client, machine, server):
        sessions = [sha256(bytes([n])).hexdigest() for n in range(8)]
        answers = await asyncio.gather(*(send(client, ref, session) for session in sessions))
        assert sorted(answer.status_code for answer in answers) == [202] * 3 + [429] * 5
        refused = next(answer for answer in answers if answer.status_code == 429)
        assert (refused.json()["error"], refused.headers["retry-after"]) == ("too_many_codes", "3600")
        assert len(server.kept) == 3
        assert (await send(client, await ref_of(place, "Mai"))).status_code == 202
        machine.later(minutes=60)
        assert (await send(client, ref)).status_code == 202


async def test_a_right_code_is_right_again_within_its_tries_for_whoever_did_not_hear_the_answer(place):
    ref = await ref_of(place, "An")
    async with asked(place) as (client, machine, server):
        await send(client, ref)
        code = code_in(server.kept[0])
        assert (await verify(client, ref, another(code)))[1]["left"] == 4
        assert [(await verify(client, ref, code))[0] for _ in range(5)] == [200, 200, 200, 200, 410]
        await send(client, ref)
        code = code_in(server.kept[1])
        assert (await verify(client, ref, code))[0] == 200
        assert (await verify(client, ref, code, OTHER))[1]["error"] == "code_expired"
        machine.later(minutes=30)
        assert (await verify(client, ref, code))[1]["error"] == "code_expired"


async def fresh_link(server, seen, client):
    """How the board names the message and the link of the newest fresh one, which came by mail."""
    await wait_for(lambda: [mail for mail in server.kept[seen:] if "liên kết mới" in mail["Subject"]])
    mail = next(mail for mail in reversed(server.kept) if "liên kết mới" in mail["Subject"])
    text = mail.get_body(("plain",)).get_content()
    assert "Trong ba mã mỗi giờ, một mã được dành cho liên kết mới nhất." in " ".join(text.split())
    token = re.search(r"/l/(\S+)", text)[1]
    assert len(token) <= SLOTS["link"] - 12, "it fits into Zalo's template, also of a later officer"
    resolved = (await client.post("/v1/links/resolve", json={"token": token})).json()
    return {"message": resolved["message"]["id"], "link": resolved["link"]}


async def pressed(client, ref, *links, times=8):
    """The answers to somebody who presses the button on and on, by each of these links."""
    sessions = [sha256(bytes([n])).hexdigest() for n in range(times)]
    return await asyncio.gather(*(send(client, ref, session, **link) for link in links for session in sessions))


async def test_whoever_messages_were_forwarded_to_leaves_a_code_an_hour_to_the_officer(place):
    ref = await ref_of(place, "An")
    async with asked(place) as (client, machine, server):
        resolved = (await client.post("/v1/links/resolve", json={"token": await token_of(place, "An")})).json()
        theirs = {"message": resolved["message"]["id"], "link": resolved["link"]}
        assert theirs["link"] == theirs["message"]
        other, former = {"message": str(uuid4()), "link": str(uuid4())}, {"message": str(uuid4())}
        answers = await pressed(client, ref, theirs, other, former)
        assert sorted(answer.status_code for answer in answers) == [202] * 2 + [429] * 22
        refused = next(answer for answer in answers if answer.status_code == 429)
        assert (refused.json()["error"], refused.headers["retry-after"]) == ("too_many_codes", "3600")
        assert "open the newest fresh link" in refused.json()["message"]
        fresh = await fresh_link(server, 0, client)
        assert fresh["link"] != theirs["link"]
        seen = len(server.kept)
        assert (await send(client, ref, **fresh)).status_code == 202
        assert (await verify(client, ref, code_in(server.kept[seen])))[0] == 200
        for link in (theirs, other, fresh, {}):
            assert (await send(client, ref, **link)).status_code == 429, "three an hour in all"
        for _ in range(6):  # however long somebody goes on, whatever is refused puts nothing off
            machine.later(minutes=20)
            await pressed(client, ref, theirs, other)
        assert (await send(client, ref, **await fresh_link(server, seen, client))).status_code == 202


async def test_a_fresh_link_that_was_forwarded_too_keeps_nobody_out_once_there_is_another(place):
    ref, token = await ref_of(place, "An"), await token_of(place, "An")
    async with asked(place) as (client, machine, server):
        await client.post("/v1/links/renew", json={"token": token})
        forwarded = await fresh_link(server, 0, client)
        assert sorted(answer.status_code for answer in await pressed(client, ref, forwarded)) == [202] * 3 + [429] * 5
        machine.later(minutes=60)
        seen = len(server.kept)
        await client.post("/v1/links/renew", json={"token": token})
        await pressed(client, ref, forwarded)
        fresh = await fresh_link(server, seen, client)
        answers = await pressed(client, ref, forwarded)
        assert {answer.status_code for answer in answers} == {429}
        assert (await send(client, ref, **fresh)).status_code == 202


@pytest.mark.parametrize("channels", [["email:dead@example.vn", "sms:+84912345678"], ["sms:+84912345678"]])
async def test_no_code_is_kept_back_for_an_officer_whom_no_link_reaches(place, channels):
    await place.pool.execute("UPDATE registry.officer SET channels = $1::text[] WHERE name = 'An'", channels)
    await place.pool.execute(
        """INSERT INTO notifications.dead_address (address, since, status, reason)
           VALUES ('email:dead@example.vn', now(), '5.1.1', 'no such user')"""
    )
    ref, link = await ref_of(place, "An"), {"message": str(uuid4())}
    async with asked(place) as (client, _, _server):
        answers = await pressed(client, ref, link, times=5)
    assert sorted(answer.status_code for answer in answers) == [429] * 2 + [503] * 3, "there is no gateway for SMS here"
    refused = next(answer for answer in answers if answer.status_code == 429)
    assert "fresh link" not in refused.json()["message"]


async def test_a_fresh_link_that_no_address_took_takes_nothing_from_the_one_before_it(place):
    ref, token = await ref_of(place, "An"), await token_of(place, "An")
    async with asked(place) as (client, machine, server):
        message = (await client.post("/v1/links/resolve", json={"token": token})).json()["message"]["id"]
        await client.post("/v1/links/renew", json={"token": token})
        fresh = await fresh_link(server, 0, client)
        machine.later(minutes=60)
        await pressed(client, ref, {"message": str(uuid4())}, times=2)
        server.refused = {"An@example.vn": "451 4.3.0 later"}
        before = await newest(place)
        assert (await send(client, ref, message=message)).status_code == 429
        await until_taken_back(place, before)
        server.refused = {}
        assert (await send(client, ref, message=message)).status_code == 429, "the next is tried in five minutes"
        assert (await newest(place))["link"] == before["link"]
        assert (await send(client, ref, **fresh)).status_code == 202
        seen = len(server.kept)
        machine.later(minutes=5)
        await client.post("/v1/links/renew", json={"token": token})
        assert await fresh_link(server, seen, client) != fresh


async def newest(place):
    """The newest fresh link, and when it was sent."""
    return await place.pool.fetchrow("SELECT link, at FROM notifications.renewal")


async def until_taken_back(place, before):
    async with asyncio.timeout(10):
        while (now := await newest(place))["at"] == before["at"] or now["link"] != before["link"]:
            await asyncio.sleep(0.02)


async def test_a_message_and_a_link_are_ids_and_a_message_of_nobody_s_has_no_link_sent(place):
    ref, link = await ref_of(place, "An"), {"message": str(uuid4()), "link": str(uuid4())}
    async with asked(place) as (client, _, server):
        for field in ("message", "link"):
            bad = await send(client, ref, **{**link, field: "x"})
            assert (bad.status_code, bad.json()["field"]) == (422, field)
        answers = await pressed(client, ref, link)
        assert sorted(answer.status_code for answer in answers) == [202] * 2 + [429] * 6
    assert [mail for mail in server.kept if "liên kết" in mail["Subject"]] == []


async def test_the_letter_says_that_somebody_asked_and_how_many_codes_there_were(place):
    ref = await ref_of(place, "An")
    async with asked(place) as (client, _, server):
        await send(client, ref)
        await send(client, ref, OTHER)
        await place.pool.execute("UPDATE registry.officer SET language = 'en' WHERE name = 'An'")
        await send(client, ref)
    first, second, third = (mail.get_body(("plain",)).get_content() for mail in server.kept)
    assert "Nếu Ông/Bà không yêu cầu mã: có người đã mở liên kết trong một thư gửi cho Ông/Bà" in first
    assert "Trong một giờ qua" not in first
    assert "Trong một giờ qua đã có 2 mã được yêu cầu cho Ông/Bà." in second
    assert "It is code 3 that was asked for in your name within an hour." in third
    assert "somebody has opened the link of a message to you" in third


async def test_two_tries_at_once_are_a_try_each(place):
    ref = await ref_of(place, "An")
    async with asked(place) as (client, _, server):
        await send(client, ref)
        code = code_in(server.kept[0])
        wrong = await asyncio.gather(*(verify(client, ref, another(code)) for _ in range(2)))
        assert sorted(told["left"] for _, told in wrong) == [3, 4]
        right = await asyncio.gather(*(verify(client, ref, code) for _ in range(4)))
        assert sorted(status for status, _ in right) == [200, 200, 200, 410]
        await send(client, ref)
        code = code_in(server.kept[1])
        tries = await asyncio.gather(*(verify(client, ref, another(code)) for _ in range(9)))
        assert sorted(told.get("left", -1) for _, told in tries) == [-1] * 4 + [0, 1, 2, 3, 4]


async def test_an_officer_without_an_address_of_their_own_gets_none(place):
    ref = await ref_of(place, "An")
    for channels in (["zalo:84912345678", "webhook:https://b.vn/x", "apprise:json://b.vn"], ["email:dead@example.vn"]):
        await place.pool.execute("UPDATE registry.officer SET channels = $1::text[] WHERE name = 'An'", channels)
        await place.pool.execute(
            """INSERT INTO notifications.dead_address (address, since, status, reason)
               VALUES ('email:dead@example.vn', now(), '5.1.1', 'no such user') ON CONFLICT DO NOTHING"""
        )
        async with asked(place) as (client, _, server):
            refused = await send(client, ref)
            assert (refused.status_code, refused.json()["error"]) == (409, "no_personal_channel")
            assert server.kept == []
            assert (await client.get(f"/v1/officers/{ref}")).json()["personal"] == []


async def test_the_next_address_is_tried_and_where_none_takes_it_that_is_said(place):
    channels = ["email:first@example.vn", "email:second@example.vn"]
    await place.pool.execute("UPDATE registry.officer SET channels = $1::text[] WHERE name = 'An'", channels)
    ref = await ref_of(place, "An")
    async with asked(place) as (client, _, server):
        server.refused = {"first@example.vn": "550 5.1.1 no such user"}
        assert (await send(client, ref)).json()["sent_to"] == "s•••@example.vn"
        server.refused["second@example.vn"] = "451 4.3.0 later"
        refused = await send(client, ref)
        assert (refused.status_code, refused.json()["error"]) == (503, "unavailable")
        assert refused.headers["retry-after"]


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"session": "x"}, "session"), ({"session": SESSION.upper()}, "session"), ({"session": None}, "session"),
        ({"code": "12345"}, "code"), ({"code": "1234567"}, "code"), ({"code": "١٢٣٤٥٦"}, "code"),
        ({"code": 123456}, "code"),
        ({"colour": "red"}, "colour"),
    ],
)  # fmt: skip
async def test_a_bad_field_is_named(place, fields, field):
    good = {"officer": await ref_of(place, "An"), "session": SESSION, "code": "123456"}
    async with asked(place) as (client, _, _server):
        refused = await client.post("/v1/codes/verify", json={**good, **fields})
    assert (refused.status_code, refused.json()["field"]) == (422, field)


async def test_a_code_of_an_officer_who_was_revoked_meanwhile_verifies_nothing(place):
    ref = await ref_of(place, "An")
    async with asked(place) as (client, _, server):
        await send(client, ref)
        await place.pool.execute("UPDATE registry.officer SET generation = 1 WHERE name = 'An'")
        code = code_in(server.kept[0])
        assert (await verify(client, ref, code))[1]["error"] == "gone"
        assert (await verify(client, await ref_of(place, "An"), code))[1]["error"] == "code_wrong"
