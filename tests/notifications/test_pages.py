"""An officer's own page, decisions and calendar, over HTTP."""

from dataclasses import replace
from datetime import date, timedelta
from html import unescape
from uuid import uuid4

import httpx
import icalendar
import pytest
from starlette.applications import Starlette

from services.notifications import read_store
from services.notifications.decision_words import Decline
from services.notifications.links import LinkError, Links, Purpose
from services.notifications.obligations import change_store
from services.notifications.pages.forms import FORM_BYTES
from services.notifications.pages.routes import Pages
from shared.access.keys import hash_key
from shared.http.held_body import BodyLimits, Memory
from shared.programme.model import CalendarDay
from shared.registry.snapshot import Key
from tests.notifications.field import BEFORE, Field, answer, at, limited
from tests.shared.test_words import check_both

LINKS = Links("http://test", "a secret of tests")
NOW = "2023-03-17 09:00"


@pytest.fixture
async def field(pool, registry):
    """Hữu Lũng on the morning after its communes' deadline."""
    keys = {
        hash_key("operator"): Key("operator", "186@1", frozenset({"obligation.decide"}), False, None),
        hash_key("sender"): Key("sender", "VN", None, True, None),
    }
    place = Field(pool, replace(limited(registry, "186@1", "20@2"), keys=keys))
    await place.officer("An", "06412@1", "ubnd-xa")
    await place.officer("Bình", "186@1", "ubnd-huyen")
    await place.officer("Mai", "06427@1", "ubnd-xa")
    await place.sweep(BEFORE)
    await place.sweep("2023-03-17 08:00")
    return place


@pytest.fixture
async def client(field):
    pages = Pages(
        registry=lambda: field.registry, pool=lambda: field.pool, links=lambda: LINKS, now=lambda: at(NOW),
        body=BodyLimits(FORM_BYTES, 5, Memory(2**20, 2**20)), on_changed=lambda: None,
    )  # fmt: skip
    transport = httpx.ASGITransport(Starlette(routes=pages.routes()))
    async with httpx.AsyncClient(transport=transport, base_url="http://test") as opened:
        yield opened


async def page_of(field, name):
    row = await field.pool.fetchrow(
        """SELECT message.id, officer.id AS officer FROM notifications.message
           JOIN registry.officer ON officer.id = message.officer WHERE name = $1""",
        name,
    )
    return LINKS.page(row["officer"], row["id"], at(NOW))


async def acknowledgements(field):
    return await field.pool.fetchval("SELECT count(*) FROM notifications.acknowledgement")


async def test_looking_shows_what_was_told_and_changes_nothing(field, client):
    page = await page_of(field, "An")
    for _ in range(3):
        shown = await client.get(page)
    assert shown.status_code == 200
    assert "Xã Yên Vượng" in shown.text
    assert "17:00 16/03/2023" in shown.text
    assert "Gia hạn" not in shown.text  # nobody extends for their own unit
    assert shown.headers["referrer-policy"] == "no-referrer"
    assert await acknowledgements(field) == 0


async def test_posting_acknowledges_what_the_message_told_until_a_day(field, client):
    page = await page_of(field, "An")
    done = await client.post(page, data={"action": "acknowledge", "until": "2023-03-22"})
    assert done.status_code == 303
    assert "Đã ghi nhận" in (await client.get(page, params={"done": "acknowledge"})).text
    row = await field.pool.fetchrow("SELECT * FROM notifications.acknowledgement")
    assert (row["obligation"], row["until"]) == ((await field.obligation())["id"], at("2023-03-22 08:00"))
    await client.post(page, data={"action": "mute", "until": "2023-03-23"})
    assert await acknowledgements(field) == 2


@pytest.mark.parametrize("sent", ["data", "files"])
async def test_a_mail_programs_button_pauses_the_programme_for_the_longest_time_without_a_redirect(field, client, sent):
    value = "One-Click" if sent == "data" else (None, "One-Click")
    done = await client.post(await page_of(field, "An"), **{sent: {"List-Unsubscribe": value}})
    assert done.status_code == 200
    row = await field.pool.fetchrow("SELECT * FROM notifications.acknowledgement")
    assert (row["obligation"], row["until"]) == (None, at("2023-04-17 08:00"))


@pytest.mark.parametrize(
    ("form", "status"),
    [
        ({"action": "acknowledge", "until": "2023-03-17"}, 422),
        ({"action": "acknowledge", "until": "2024-03-17"}, 422),
        ({"action": "acknowledge"}, 422),
        ({"action": "shout", "until": "2023-03-22"}, 422),
        ({"action": "x" * 20_000}, 413),
    ],
)
async def test_a_bad_form_is_refused_with_its_reason(field, client, form, status):
    refused = await client.post(await page_of(field, "An"), data=form)
    assert refused.status_code == status
    assert refused.json()["message"]
    assert await acknowledgements(field) == 0


async def refusals(field, client, accept):
    """Every reason for which a page, a calendar or a decision is refused, as it is told in both languages."""
    page = await page_of(field, "An")
    token = (await page_of(field, "Bình")).rpartition("/")[2]
    mine = page.rpartition("/")[2]
    row = (await field.obligation())["id"]
    waive, extend = f"/v1/obligations/{row}/waive", f"/v1/obligations/{row}/extend"
    good = {"until": "2023-03-20", "reason": "Mưa lũ"}
    gone = LINKS.page(999_999, uuid4(), at(NOW))
    old = LINKS.page(1, uuid4(), at("2020-01-01 08:00"))
    strange = LINKS.page(1, uuid4(), at(NOW))
    asked = [
        ("GET", "/v1/ack/x", {}), ("GET", gone, {}), ("GET", old, {}), ("GET", strange, {}),
        ("GET", "/v1/calendar/x.ics", {}), ("POST", page, {"data": {"action": "shout", "until": "2023-03-22"}}),
        ("POST", page, {"data": {"action": "mute", "until": "2024-03-17"}}), ("POST", page, {"data": {"until": "x"}}),
        ("POST", page, {"json": [1]}), ("POST", page, {"data": {"action": "x" * 20_000}}),
        ("POST", waive, {"data": good}), ("POST", f"{waive}?token=x", {"data": good}),
        ("POST", f"{waive}?token={gone.rpartition('/')[2]}", {"data": good}),
        ("POST", f"{waive}?token={mine}", {"data": good}),
        ("POST", waive, {"data": good, "headers": {"Authorization": "Bearer sender"}}),
        ("POST", f"/v1/obligations/x/waive?token={token}", {"data": good}),
        ("POST", f"/v1/obligations/999999/waive?token={token}", {"data": good}),
        ("POST", f"{waive}?token={token}", {"data": {}}),
        ("POST", f"{waive}?token={token}", {"data": {"reason": "gọi 0912345678"}}),
        *(
            ("POST", f"{extend}?token={token}", {"data": {**good, "until": until}})
            for until in ("x", "2023-03-16", "2030-01-01", "2023-03-19")
        ),
    ]  # fmt: skip
    for method, path, sent in asked:
        said = []
        for language in ("vi", "en"):
            headers = {"Accept": accept, "Accept-Language": language, **sent.get("headers", {})}
            said.append(await client.request(method, path, **{**sent, "headers": headers}))
        yield said


async def test_every_refusal_is_told_in_the_language_that_is_asked_for(field, client):
    codes = set()
    async for vietnamese, english in refusals(field, client, "application/json"):
        assert vietnamese.status_code == english.status_code >= 400
        ours, theirs = vietnamese.json(), english.json()
        check_both(ours.pop("message"), theirs.pop("message"))
        assert ours == theirs, "codes and fields stay as they are"
        codes.add(ours["error"])
    assert codes >= {reason.value.error for reason in Decline} - {"finished", "unavailable"}


async def test_a_person_reads_a_refusal_as_a_page_in_the_language_that_is_asked_for(field, client):
    async for vietnamese, english in refusals(field, client, "text/html"):
        said = []
        for answer_, language in ((vietnamese, "vi"), (english, "en")):
            assert f'<html lang="{language}">' in answer_.text
            said.append(unescape(answer_.text.partition("<p>")[2].partition("</p>")[0]))
        check_both(*said)


async def test_the_page_is_in_vietnamese_for_whoever_asks_for_it_else_in_the_officer_s_language(field, client):
    page = await page_of(field, "An")
    await field.pool.execute("UPDATE registry.officer SET language = 'en' WHERE name = 'An'")
    for asked, language in (("", "en"), ("en", "en"), ("fr", "en"), ("vi", "vi"), ("en;q=0.5, vi", "vi")):
        shown = (await client.get(page, headers={"Accept-Language": asked})).text
        assert f'<html lang="{language}">' in shown
        assert ("Nhắc báo cáo" in shown, "Report reminders" in shown) == (language == "vi", language == "en")


async def test_what_is_decided_already_is_told_in_vietnamese(field, client):
    token = (await page_of(field, "Bình")).rpartition("/")[2]
    path = f"/v1/obligations/{(await field.obligation())['id']}/waive?token={token}"
    done = [await client.post(path, data={"reason": "Mưa lũ"}, headers={"Accept-Language": "vi"}) for _ in range(2)]
    assert [item.status_code for item in done] == [303, 409]
    assert done[1].json()["message"] == "nghĩa vụ này ở trạng thái «được miễn»: không còn gì để quyết định"


async def test_a_link_that_is_forged_expired_or_for_something_else_opens_nothing(field, client):
    page = await page_of(field, "An")
    token = page.rpartition("/")[2]
    assert (await client.get(f"/v1/ack/{token[:-3]}abc")).status_code == 404
    assert (await client.get(f"/v1/calendar/{token}.ics")).status_code == 404
    with pytest.raises(LinkError, match="expired"):
        LINKS.read(Purpose.PAGE, token, at(NOW) + timedelta(days=61))
    with pytest.raises(LinkError, match="not one of ours"):
        Links("http://test", "another secret").read(Purpose.PAGE, token, at(NOW))


async def decide(client, field, what, fields, token=None, **headers):
    row = await field.obligation()
    query = {"token": token} if token else {}
    return await client.post(f"/v1/obligations/{row['id']}/{what}", json=fields, params=query, headers=headers)


async def test_an_officer_of_the_level_above_extends_and_the_note_says_who_and_why(field, client):
    token = (await page_of(field, "Bình")).rpartition("/")[2]
    assert "Gia hạn" in (await client.get(f"/v1/ack/{token}")).text
    done = await decide(client, field, "extend", {"until": "2023-03-22", "reason": "lũ lụt"}, token)
    assert done.status_code == 303
    row = await field.obligation()
    assert (row["state"], row["cycle"], row["due_at"]) == ("open", 2, at("2023-03-22 17:00"))
    last = (await read_store.history(field.pool, row["id"]))[-1]
    officer = await field.pool.fetchval("SELECT id FROM registry.officer WHERE name = 'Bình'")
    assert (last.change, last.by, last.reason) == ("reopened", f"officer {officer} of 186@1", "lũ lụt")


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
    bearer = who if who in {"nobody", "sender", "operator"} else (await page_of(field, who)).rpartition("/")[2]
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

    async def somebody_else_first(pool, obligation, by, reason, now):
        assert await waive(pool, obligation, "another", "Mưa lũ", now)
        return await waive(pool, obligation, by, reason, now)

    monkeypatch.setattr(change_store, "waive", somebody_else_first)
    second = await decide(client, field, "waive", {"reason": "x"}, authorization="Bearer operator")
    assert (second.status_code, (await field.obligation())["state"]) == (409, "waived")
    assert second.json()["message"] == "it is waived: nothing is left to decide"


async def feed(client, field, name="An"):
    officer = await field.pool.fetchval("SELECT id FROM registry.officer WHERE name = $1", name)
    shown = await client.get(LINKS.calendar(officer, at(NOW)))
    assert shown.headers["content-type"].startswith("text/calendar")
    return {str(event["SUMMARY"]): event for event in icalendar.Calendar.from_ical(shown.content).walk("VEVENT")}


async def test_the_calendar_has_the_year_s_deadlines_with_alarms_and_follows_an_extension(field, client):
    label = "Báo cáo quý về tình hình thực hiện Kế hoạch"
    before = await feed(client, field)
    first = before[f"{label} 2023-Q1: Xã Yên Vượng"]
    assert first["DTEND"].dt == at("2023-03-16 17:00")
    assert before[f"{label} 2023-Q3: Xã Yên Vượng"]["DTEND"].dt == at("2023-09-18 17:00")  # not opened yet
    assert len(first.walk("VALARM")) == 2
    await decide(client, field, "extend", {"reason": "x", "until": "2023-03-22"}, authorization="Bearer operator")
    moved = (await feed(client, field))[f"{label} 2023-Q1: Xã Yên Vượng"]
    assert moved["DTEND"].dt == at("2023-03-22 17:00")
    assert moved["UID"] == first["UID"]
    assert moved["SEQUENCE"] > first["SEQUENCE"]


async def test_the_calendar_follows_a_changed_list_of_days_off(field, client):
    name = "Báo cáo quý về tình hình thực hiện Kế hoạch 2023-Q2: Xã Yên Vượng"
    before = (await feed(client, field))[name]
    programme = field.registry.programmes["ecd-1437"]
    swapped = (CalendarDay(date=date(2023, 6, 15), kind="off", instrument="x"),)
    moved = programme.model_copy(update={"calendar_overrides": swapped})
    field.registry = replace(field.registry, programmes={"ecd-1437": moved})
    await field.sweep(NOW)
    after = (await feed(client, field))[name]
    assert (before["DTEND"].dt, after["DTEND"].dt) == (at("2023-06-16 17:00"), at("2023-06-19 17:00"))
    assert after["UID"] == before["UID"]
    assert after["SEQUENCE"] > before["SEQUENCE"]
