"""Whose a link is, who an officer is, and fresh links, as the board asks it."""

from uuid import uuid4

import pytest

from services.notifications.links import Purpose
from tests.notifications.board import asked, officer_of, ref_of, token_of
from tests.notifications.field import at
from tests.notifications.officer_links import LINKS, NOW
from tests.shared.test_words import check_both

OWED = "ecd-1437~progress-quarterly~06412@1~ubnd-xa~2023-Q1~0"


async def resolve(client, token, **headers):
    return await client.post("/v1/links/resolve", json={"token": token}, headers=headers)


async def test_a_link_says_whose_it_is_and_what_its_message_named(place):
    async with asked(place) as (client, _, _server):
        answer = await resolve(client, await token_of(place, "An"))
        shown = await client.get(f"/v1/officers/{await ref_of(place, 'An')}")
    assert answer.status_code == shown.status_code == 200
    told = answer.json()
    assert told["officer"] == shown.json() == {
        "ref": await ref_of(place, "An"), "name": "An", "role": "role",
        "unit": {"uid": "06412@1", "code": "06412", "name": "Xã Yên Vượng", "level": "commune"},
        "today": {"uid": "06412@1", "code": "06412", "name": "Xã Yên Vượng", "level": "commune"},
        "agency": {"slug": "ubnd-xa", "name": "UBND xã"}, "office": "UBND xã Yên Vượng", "programmes": [],
        "language": "vi", "personal": ["A•••@example.vn"], "clock": at(NOW).isoformat(),
    }  # fmt: skip
    assert (told["purpose"], told["message"]["programme"]) == ("page", "ecd-1437")
    assert (told["message"]["obligations"], told["message"]["problems"]) == ([OWED], [])
    assert told["until"] > at(NOW).isoformat()


async def test_the_address_of_a_mail_program_s_button_says_whose_it_is_and_names_nothing(place):
    officer = await officer_of(place, "An")
    message = await place.pool.fetchval("SELECT id FROM notifications.message WHERE officer = $1", officer["id"])

    def token(made):
        return LINKS.mute(officer["id"], 0, message, at(made)).rpartition("/")[2]

    async with asked(place) as (client, _, server):
        told = (await resolve(client, token(NOW))).json()
        old = await resolve(client, token("2020-01-01 08:00"))
        await client.post("/v1/links/renew", json={"token": token("2020-01-01 08:00")})
    assert (told["purpose"], told["officer"]["name"], told["message"]["programme"]) == ("mute", "An", "ecd-1437")
    assert (told["message"]["obligations"], told["message"]["problems"]) == ([], [])
    assert (old.status_code, old.json()["error"]) == (410, "expired")
    assert [mail["To"] for mail in server.kept] == ["An@example.vn"]


async def test_an_officer_of_a_unit_that_is_no_more_sits_today_at_its_successor(place, registry):
    async with asked(place, run="2025-07-02 09:00") as (client, _, _server):
        shown = (await client.get(f"/v1/officers/{await ref_of(place, 'An')}")).json()
        district = (await client.get(f"/v1/officers/{await ref_of(place, 'Bình')}")).json()
    assert shown["unit"]["uid"] == "06412@1"
    assert shown["today"]["uid"] == registry.units["06412@1"].successor
    assert (district["unit"]["uid"], district["today"]) == ("186@1", None)


async def test_what_is_no_page_s_link_resolves_to_nothing_and_one_that_has_expired_says_nothing_of_its_officer(place):
    officer = await officer_of(place, "An")
    message = uuid4()
    old = LINKS.page(officer["id"], 0, message, at("2020-01-01 08:00")).rpartition("/")[2]
    calendar = LINKS.calendar(officer["id"], 0, at(NOW)).rpartition("/")[2].removesuffix(".ics")
    strange = LINKS.page(officer["id"], 0, message, at(NOW)).rpartition("/")[2]
    async with asked(place) as (client, _, _server):
        for token in ("x", "", "é", calendar, strange[:-2], f"x{strange}"):
            answer = await resolve(client, token)
            assert (answer.status_code, answer.json()["error"]) == (404, "bad_link"), token
        assert (await resolve(client, strange)).json()["error"] == "not_found"
        for token in (None, 7, "x" * 500):
            assert (await resolve(client, token)).status_code == 422
        assert (await client.post("/v1/links/resolve", json={"token": "x", "colour": 1})).json()["field"] == "colour"
        expired = await resolve(client, old)
    assert expired.status_code == 410
    assert {**expired.json(), "message": ""} == {"error": "expired", "message": "", "officer_hint": None}


async def test_the_links_of_an_officer_who_was_removed_or_revoked_have_ended_and_so_has_their_reference(place):
    token, ref = await token_of(place, "An"), await ref_of(place, "An")
    async with asked(place) as (client, _, _server):
        await place.pool.execute("UPDATE registry.officer SET generation = 1 WHERE name = 'An'")
        assert (await client.post(f"/v1/ack/{token}", data={"List-Unsubscribe": "One-Click"})).status_code == 410
        refused = [await resolve(client, token), await client.get(f"/v1/officers/{ref}")]
        fresh = await resolve(client, await token_of(place, "An"))
        assert fresh.json()["officer"]["ref"] == await ref_of(place, "An") != ref
        await place.pool.execute("DELETE FROM registry.officer WHERE name = 'An'")
        refused.append(await client.get(f"/v1/officers/{ref}"))
        refused += [await client.get(f"/v1/officers/{bad}") for bad in ("x", "1", "0.0", "1.0.0", "01.0", "9" * 30)]
    for answer in refused:
        assert (answer.status_code, answer.json()["error"]) == (410, "gone")


async def test_a_link_says_nothing_of_a_programme_that_its_officer_doesn_t_belong_to_any_more(place):
    token = await token_of(place, "An")
    await place.pool.execute("UPDATE registry.officer SET programmes = '{nap-23}' WHERE name = 'An'")
    async with asked(place) as (client, _, _server):
        answer = await resolve(client, token)
    assert (answer.status_code, answer.json()["error"]) == (404, "not_found")


async def test_a_link_that_was_sent_before_links_had_a_generation_is_of_the_first(place):
    officer = await officer_of(place, "An")
    message = await place.pool.fetchval("SELECT id FROM notifications.message WHERE officer = $1", officer["id"])
    until = int(at(NOW).timestamp()) + 60
    token = LINKS._signers[Purpose.PAGE].sign(f"{officer['id']}.{message.hex}.{until}").decode()
    async with asked(place) as (client, _, _server):
        assert (await resolve(client, token)).json()["officer"]["name"] == "An"
        await place.pool.execute("UPDATE registry.officer SET generation = 1 WHERE name = 'An'")
        assert (await resolve(client, token)).status_code == 410


@pytest.mark.parametrize(
    ("key", "status", "error"),
    [("nobody", 401, "unauthorized"), ("reader", 403, "may_not_act"), ("commune", 403, "forbidden")],
)
async def test_only_a_key_that_acts_for_officers_and_reaches_them_may_ask(place, key, status, error):
    token, ref = await token_of(place, "An"), await ref_of(place, "An")
    said = []
    async with asked(place) as (client, _, server):
        for language in ("vi", "en"):
            headers = {"Authorization": f"Bearer {key}", "Accept-Language": language}
            said += [
                await resolve(client, token, **headers), await client.get(f"/v1/officers/{ref}", headers=headers),
                await client.post("/v1/codes", json={"officer": ref, "session": "0" * 64}, headers=headers),
            ]  # fmt: skip
        narrowed = await client.get(f"/v1/officers/{ref}", headers={"Kip-Reach": "06427@1"})
        assert (narrowed.status_code, server.kept) == (403, [])
        assert (await client.get(f"/v1/officers/{ref}", headers={"Kip-Reach": "186@1"})).status_code == 200
        assert (await client.get(f"/v1/officers/{ref}", headers={"Kip-Reach": "x"})).json()["field"] == "Kip-Reach"
    assert {(answer.status_code, answer.json()["error"]) for answer in said} == {(status, error)}
    for vietnamese, english in zip(said[:3], said[3:], strict=True):
        check_both(vietnamese.json()["message"], english.json()["message"])


async def test_an_expired_link_has_a_fresh_one_sent_to_the_address_on_file_once_an_hour_and_says_nothing(place):
    old = await token_of(place, "An", made="2023-01-01 08:00")
    async with asked(place) as (client, machine, server):
        assert (await resolve(client, old)).json()["error"] == "expired"
        renewals = [await client.post("/v1/links/renew", json={"token": token}) for token in (old, old, "x", old[:-1])]
        machine.later(minutes=59)
        renewals.append(await client.post("/v1/links/renew", json={"token": old}))
        machine.later(minutes=2)
        renewals.append(await client.post("/v1/links/renew", json={"token": old}))
        await place.pool.execute("UPDATE registry.officer SET generation = 1 WHERE name = 'An'")
        machine.later(hours=2)
        renewals.append(await client.post("/v1/links/renew", json={"token": old}))
    assert {(answer.status_code, answer.text) for answer in renewals} == {(202, '{"sent":true}')}
    assert [mail["To"] for mail in server.kept] == ["An@example.vn"] * 2
    mail = server.kept[0]
    assert mail["List-Unsubscribe"] is None
    link = next(word for word in mail.get_body(("plain",)).get_content().split() if word.startswith("http"))
    assert LINKS.read(Purpose.PAGE, link.rpartition("/l/")[2], at(NOW)).officer == (await officer_of(place, "An"))["id"]
