"""Decisions about what is owed, over HTTP, and how what is asked by a link is refused."""

from uuid import uuid4

import pytest

from services.notifications import person_store, read_store
from services.notifications.decision_words import Decline
from services.notifications.obligations import change_store
from shared.registry.officer_store import find_officer
from tests.notifications.field import answer, at
from tests.notifications.officer_links import (
    LINKS,
    NOW,
    asking,
    decide,
    huu_lung,
    named,
    token_of,
    token_sent_to,
)
from tests.shared.test_words import check_both


@pytest.fixture
async def field(pool, registry):
    return await huu_lung(pool, registry)


@pytest.fixture
async def client(field):
    async with asking(field) as opened:
        yield opened


# What only the board is told: tests/notifications/test_links.py and those beside it.
OF_OFFICERS = {
    "expired", "field_unknown", "no_personal_channel", "too_many_codes", "code_wrong", "code_expired",
    "programme_unknown",
}  # fmt: skip
ONE_CLICK = {"List-Unsubscribe": "One-Click"}


def test_every_reason_is_said_in_both_languages():
    for reason in Decline:
        check_both(*reason.value.words)


async def refusals(field, client):
    """Every reason for which a link, a calendar or a decision is refused, as it is told in both languages."""
    token, mine = await token_sent_to(field, "Bình"), await token_sent_to(field, "An")
    name = named(await field.obligation())
    waive, extend = f"/v1/obligations/{name}/waive", f"/v1/obligations/{name}/extend"
    good = {"until": "2023-03-20", "reason": "Mưa lũ"}
    gone, old, strange = token_of(999_999, uuid4()), token_of(1, uuid4(), made="2020-01-01 08:00"), token_of(1, uuid4())
    asked = [
        ("/v1/ack/x", {"data": ONE_CLICK}), (f"/v1/ack/{gone}", {"data": ONE_CLICK}),
        (f"/v1/ack/{old}", {"data": ONE_CLICK}), (f"/v1/ack/{strange}", {"data": ONE_CLICK}),
        (f"/v1/ack/{mine}", {"data": {"action": "mute", "until": "2023-03-22"}}), (f"/v1/ack/{mine}", {"json": [1]}),
        (f"/v1/ack/{mine}", {"data": {"action": "x" * 20_000}}),
        (waive, {"data": good}), (f"{waive}?token=x", {"data": good}), (f"{waive}?token={gone}", {"data": good}),
        (f"{waive}?token={mine}", {"data": good}),
        (waive, {"data": good, "headers": {"Authorization": "Bearer sender"}}),
        (f"/v1/obligations/x/waive?token={token}", {"data": good}),
        (f"{waive.replace('quarterly', 'daily')}?token={token}", {"data": good}),
        (f"{waive.replace('~0/', '~7/')}?token={token}", {"data": good}),
        (f"{waive}?token={token}", {"data": {}}), (f"{waive}?token={token}", {"data": {"reason": "gọi 0912345678"}}),
        *(
            (f"{extend}?token={token}", {"data": {**good, "until": until}})
            for until in ("x", "2023-03-16", "2030-01-01", "2023-03-19")
        ),
    ]  # fmt: skip
    for path, sent in asked:
        said = []
        for language in ("vi", "en"):
            headers = {"Accept": "text/html", "Accept-Language": language, **sent.get("headers", {})}
            said.append(await client.post(path, **{**sent, "headers": headers}))
        yield said
    yield [await client.get("/v1/calendar/x.ics", headers={"Accept-Language": language}) for language in ("vi", "en")]


async def test_every_refusal_is_told_in_the_language_that_is_asked_for(field, client):
    codes = set()
    async for vietnamese, english in refusals(field, client):
        assert vietnamese.status_code == english.status_code >= 400
        ours, theirs = vietnamese.json(), english.json()
        check_both(ours.pop("message"), theirs.pop("message"))
        assert ours == theirs, "codes and fields stay as they are"
        codes.add(ours["error"])
    assert codes >= {reason.value.error for reason in Decline} - {"finished", "unavailable"} - OF_OFFICERS


async def test_what_is_decided_already_is_told_in_vietnamese(field, client):
    token = await token_sent_to(field, "Bình")
    path = f"/v1/obligations/{named(await field.obligation())}/waive?token={token}"
    done = [await client.post(path, data={"reason": "Mưa lũ"}, headers={"Accept-Language": "vi"}) for _ in range(2)]
    assert [item.status_code for item in done] == [200, 409]
    assert done[1].json()["message"] == "nghĩa vụ này ở trạng thái «được miễn»: không còn gì để quyết định"


async def test_an_officer_of_the_level_above_extends_and_the_note_says_who_and_why(field, client):
    token = await token_sent_to(field, "Bình")
    done = await decide(client, field, "extend", {"until": "2023-03-22", "reason": "lũ lụt"}, token)
    row = await field.obligation()
    assert (row["state"], row["cycle"], row["due_at"]) == ("open", 2, at("2023-03-22 17:00"))
    last = (await read_store.history(field.pool, row["id"]))[-1]
    officer = await field.pool.fetchval("SELECT id FROM registry.officer WHERE name = 'Bình'")
    assert (last.change, last.by, last.reason) == ("reopened", f"officer {officer} of 186@1", "lũ lụt")
    assert done.json() == {"id": named(row), "decided": "extend", "by": last.by}


async def test_an_operator_s_key_waives_within_its_subtree(field, client):
    done = await decide(client, field, "waive", {"reason": "giải thể"}, authorization="Bearer operator")
    assert done.json()["decided"] == "waive"
    assert (await field.obligation())["state"] == "waived"
    again = await decide(client, field, "waive", {"reason": "giải thể"}, authorization="Bearer operator")
    assert again.status_code == 409


@pytest.mark.parametrize("what", ["extend", "waive"])
@pytest.mark.parametrize("reason", ["gọi 0912.345.678", "bà Trần Lan, sinh ngày 02/03/1960, ốm", "a.b@example.vn"])
async def test_a_reason_that_holds_what_is_somebody_s_is_refused_and_not_repeated(field, client, what, reason):
    before = dict(await field.obligation())
    for language, told in (("vi", "cần bỏ đi"), ("en", "take it out")):
        fields = {"reason": reason, "until": "2023-03-22"}
        headers = {"authorization": "Bearer operator", "accept-language": language}
        refused = await decide(client, field, what, fields, **headers)
        assert (refused.status_code, refused.json()["error"]) == (422, "personal_data")
        assert refused.json()["field"] == "reason"
        assert told in refused.json()["message"]
        assert reason not in refused.text
    assert dict(await field.obligation()) == before


@pytest.mark.parametrize(
    ("who", "fields", "status"),
    [
        ("nobody", {"reason": "x", "until": "2023-03-22"}, 401),
        ("sender", {"reason": "x", "until": "2023-03-22"}, 403),
        ("An", {"reason": "x", "until": "2023-03-22"}, 403),
        ("Mai", {"reason": "x", "until": "2023-03-22"}, 403),
        ("operator", {"until": "2023-03-22"}, 422),
        ("operator", {"reason": "x", "until": "2023-03-16"}, 422),
        ("operator", {"reason": "x", "until": "2023-03-19"}, 422),  # a Sunday
        ("operator", {"reason": "x", "until": "soon"}, 422),
    ],
)
async def test_who_may_not_decide_or_decides_nonsense_is_refused(field, client, who, fields, status):
    bearer = who if who in {"nobody", "sender", "operator"} else await token_sent_to(field, who)
    refused = await decide(client, field, "extend", fields, authorization=f"Bearer {bearer}")
    assert refused.status_code == status, refused.text
    assert (await field.obligation())["cycle"] == 1


async def test_a_report_that_came_meanwhile_leaves_nothing_to_decide(field, client):
    await field.take(answer(accepted="2023-03-17 08:30"), now="2023-03-17 08:30")
    late = await decide(client, field, "waive", {"reason": "x"}, authorization="Bearer operator")
    assert late.status_code == 409
    assert (await field.obligation())["state"] == "late_met"


async def test_what_was_decided_between_the_look_and_the_decision_is_told_as_it_is_now(field, client, monkeypatch):
    waive = change_store.waive

    async def somebody_else_first(pool, obligation, by, reason, now, **kept):
        assert await waive(pool, obligation, "another", "Mưa lũ", now)
        return await waive(pool, obligation, by, reason, now, **kept)

    monkeypatch.setattr(change_store, "waive", somebody_else_first)
    second = await decide(client, field, "waive", {"reason": "x"}, authorization="Bearer operator")
    assert (second.status_code, (await field.obligation())["state"]) == (409, "waived")
    assert second.json()["message"] == "it is waived: nothing is left to decide"


async def test_every_link_of_a_removed_officer_says_in_the_reader_s_language_that_it_is_no_longer_valid(field, client):
    token = await token_sent_to(field, "Bình")
    officer = await field.pool.fetchval("SELECT id FROM registry.officer WHERE name = 'Bình'")
    decision = f"/v1/obligations/{named(await field.obligation())}/waive?token={token}"
    asked = (
        ("POST", f"/v1/ack/{token}", {"data": ONE_CLICK}), ("GET", LINKS.calendar(officer, 0, at(NOW)), {}),
        ("POST", decision, {"data": {"reason": "Mưa lũ"}}),
    )  # fmt: skip
    assert (await client.get(asked[1][1])).status_code == 200
    async with field.pool.acquire() as connection:
        await person_store.remove(connection, await find_officer(connection, officer))
    for method, path, sent in asked:
        for language, words in (("vi", "liên kết này không còn hiệu lực"), ("en", "this link is no longer valid")):
            refused = await client.request(method, path, headers={"Accept-Language": language}, **sent)
            assert (refused.status_code, refused.json()["message"]) == (410, words)
    assert (
        await field.pool.fetchval("SELECT count(*) FROM notifications.mute"),
        (await field.obligation())["state"],
    ) == (0, "overdue")
