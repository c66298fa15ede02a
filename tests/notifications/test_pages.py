"""An officer's own page and decisions, over HTTP."""

import re
from datetime import timedelta
from html import unescape
from uuid import uuid4

import pytest

from services.notifications import person_store, read_store
from services.notifications.decision_words import Decline
from services.notifications.links import LinkError, Links, Purpose
from services.notifications.obligations import change_store
from services.notifications.pages.html import PageContent, render_page
from services.notifications.pages.page_store import PageObligation, PageProblem, Shown
from shared.registry.officer_store import find_officer
from shared.registry.officers import Officer
from tests.notifications.field import answer, at
from tests.notifications.officer_pages import LINKS, NOW, browser, decide, huu_lung, named, own_page
from tests.shared.test_words import check_both


@pytest.fixture
async def field(pool, registry):
    return await huu_lung(pool, registry)


@pytest.fixture
async def client(field):
    async with browser(field) as opened:
        yield opened


async def page_of(field, name):
    row = await field.pool.fetchrow(
        """SELECT message.id, officer.id AS officer FROM notifications.message
           JOIN registry.officer ON officer.id = message.officer WHERE name = $1""",
        name,
    )
    return own_page(row["officer"], row["id"])


async def acknowledgements(field):
    return await field.pool.fetchval("SELECT count(*) FROM notifications.acknowledgement")


async def test_looking_shows_what_was_told_and_changes_nothing(field, client):
    page = await page_of(field, "An")
    for _ in range(3):
        shown = await client.get(page)
    assert shown.status_code == 200
    assert "UBND xã Yên Vượng (06412): Báo cáo quý" in shown.text
    assert "An, UBND xã Yên Vượng<br>" in shown.text
    assert "17:00 ngày 16/03/2023" in shown.text
    assert "Gia hạn" not in shown.text  # nobody extends for their own unit
    assert shown.headers["referrer-policy"] == "no-referrer"
    assert await acknowledgements(field) == 0


async def test_each_line_names_the_office_that_owes_in_the_order_of_the_alphabet(registry):
    province = registry.units["20@2"]
    rows = [
        PageObligation(
            number,
            "ecd-1437",
            province.uid,
            agency,
            "progress-half-yearly",
            "2025-H2",
            at("2025-12-22 17:00"),
            "overdue",
            None,
        )
        for number, agency in enumerate(("so-yt", "so-tc", "so-vhttdl", "so-gddt"))
    ]
    obstacle = PageProblem("06427@2", "ubnd-xa", "raised", "Thiếu nhân lực")
    reader = Officer("Chủ", "chánh văn phòng", province.uid, "ubnd-tinh", ())
    programme = registry.programmes["ecd-1437"]
    content = PageContent(
        reader, programme, Shown(rows), Shown([obstacle]), "token", "calendar", 0, at("2025-12-24 09:00")
    )
    page = render_page(registry.units, content, done=None, language="vi")
    assert re.findall("<li>([^:(]+) ", page) == [
        "Sở Giáo dục và Đào tạo tỉnh Lạng Sơn", "Sở Tài chính tỉnh Lạng Sơn",
        "Sở Văn hóa, Thể thao và Du lịch tỉnh Lạng Sơn", "Sở Y tế tỉnh Lạng Sơn", "UBND xã Cai Kinh",
    ]  # fmt: skip
    assert "<p>Chủ, UBND tỉnh Lạng Sơn<br>" in page


@pytest.mark.parametrize(
    ("language", "nothing", "known"),
    [("vi", "Thư này không nêu báo cáo cụ thể nào.", "Đã biết"), ("en", "This message names no report.", "I know")],
)
async def test_where_no_report_is_named_none_can_be_acknowledged(field, client, language, nothing, known):
    await field.pool.execute("UPDATE registry.officer SET language = $1", language)
    page = await page_of(field, "An")
    named = (await client.get(page)).text
    await field.pool.execute("DELETE FROM notifications.alert")
    unnamed = (await client.get(page)).text
    assert [text.count('value="acknowledge"') for text in (named, unnamed)] == [1, 0]
    assert [text.count('value="mute"') for text in (named, unnamed)] == [1, 1]
    assert (nothing in named, nothing in unnamed) == (False, True)
    assert (known in named, known in unnamed) == (True, False)


async def test_posting_acknowledges_what_the_message_told_until_a_day(field, client):
    page = await page_of(field, "An")
    done = await client.post(page, data={"action": "acknowledge", "until": "2023-03-22"})
    assert done.status_code == 303
    assert "Đã ghi nhận" in (await client.get(page, params={"done": "acknowledge"})).text
    row = await field.pool.fetchrow("SELECT * FROM notifications.acknowledgement")
    assert (row["obligation"], row["until"]) == ((await field.obligation())["id"], at("2023-03-22 08:00"))
    await client.post(page, data={"action": "mute", "until": "2023-03-23"})
    assert await acknowledgements(field) == 2


async def raised_problem(field, programme, text):
    """A problem of An's that Bình was notified of."""
    await field.pool.execute(
        """WITH problem AS (
               INSERT INTO notifications.problem
                      (programme, province, sender, record, unit, agency, state, text, raised_at, changed_at, source,
                       event, to_tell)
               VALUES ($1, '20@2', 'app', $1, '06412@1', 'ubnd-xa', 'raised', $2, $3, $3, '/app', $1, false)
               RETURNING id
           ), message AS (
               INSERT INTO notifications.message (id, programme, officer, unit, made_at)
               SELECT gen_random_uuid(), $1, id, unit, $3 FROM registry.officer WHERE name = 'Bình'
               RETURNING id, officer, unit
           )
           INSERT INTO notifications.alert
                  (problem, cycle, step, occurrence, unit, officer, message, state, reason, made_at)
           SELECT problem.id, 1, 'problem-raised', 1, message.unit, message.officer, message.id, 'sent', 'raised', $3
           FROM problem, message""",
        programme, text, at(NOW),
    )  # fmt: skip


async def test_a_page_shows_the_open_problems_of_its_own_programme_alone(field, client):
    page = await page_of(field, "Bình")
    await raised_problem(field, "ecd-1437", "thiếu sữa")
    await raised_problem(field, "nap-23", "thiếu sổ")
    shown = (await client.get(page)).text
    assert ("thiếu sữa" in shown, "thiếu sổ" in shown) == (True, False)


async def test_who_has_left_the_programme_sees_and_does_nothing_there_any_more(field, client):
    page = await page_of(field, "Bình")
    await raised_problem(field, "ecd-1437", "thiếu sữa")
    await field.officer("Bình", "186@1", "phong-ldtbxh-dt-huyen", programmes=("nap-23",))
    shown = await client.get(page)
    assert (shown.status_code, "thiếu sữa" in shown.text) == (404, False)
    assert (await client.post(page, data={"action": "mute", "until": "2023-03-22"})).status_code == 404
    assert await acknowledgements(field) == 0


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


# What only the board is told: tests/notifications/test_links.py and those beside it.
OF_OFFICERS = {
    "expired", "field_unknown", "no_personal_channel", "too_many_codes", "code_wrong", "code_expired",
    "programme_unknown",
}  # fmt: skip


def test_every_reason_is_said_in_both_languages():
    for reason in Decline:
        check_both(*reason.value.words)


async def refusals(field, client, accept):
    """Every reason for which a page, a calendar or a decision is refused, as it is told in both languages."""
    page = await page_of(field, "An")
    token = (await page_of(field, "Bình")).rpartition("/")[2]
    mine = page.rpartition("/")[2]
    name = named(await field.obligation())
    waive, extend = f"/v1/obligations/{name}/waive", f"/v1/obligations/{name}/extend"
    good = {"until": "2023-03-20", "reason": "Mưa lũ"}
    gone = own_page(999_999, uuid4())
    old = own_page(1, uuid4(), made="2020-01-01 08:00")
    strange = own_page(1, uuid4())
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
        ("POST", f"{waive.replace('quarterly', 'daily')}?token={token}", {"data": good}),
        ("POST", f"{waive.replace('~0/', '~7/')}?token={token}", {"data": good}),
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
    assert codes >= {reason.value.error for reason in Decline} - {"finished", "unavailable"} - OF_OFFICERS


async def test_a_person_reads_a_refusal_as_a_page_in_the_language_that_is_asked_for(field, client):
    await field.pool.execute("UPDATE registry.officer SET language = 'en'")
    async for vietnamese, english in refusals(field, client, "text/html"):
        said = []
        for answer_, language in ((vietnamese, "vi"), (english, "en")):
            assert f'<html lang="{language}">' in answer_.text
            said.append(unescape(answer_.text.partition("<p>")[2].partition("</p>")[0]))
        check_both(*said)


async def test_a_refusal_is_in_the_language_of_the_page_that_it_is_a_refusal_of(field, client):
    page = await page_of(field, "An")
    token = (await page_of(field, "Bình")).rpartition("/")[2]
    decision = f"/v1/obligations/{named(await field.obligation())}/waive?token={token}"
    headers = {"Accept": "text/html", "Accept-Language": "en"}
    for path, data, language in ((page, {"action": "x", "until": "2023-03-22"}, "vi"), (decision, {}, "vi"),
                                 ("/v1/ack/x", {}, "en")):  # fmt: skip
        refused = await client.post(path, data=data, headers=headers)
        assert refused.status_code >= 400
        assert f'<html lang="{language}">' in refused.text


async def test_the_page_is_in_vietnamese_for_whoever_asks_for_it_else_in_the_officer_s_language(field, client):
    page = await page_of(field, "An")
    await field.pool.execute("UPDATE registry.officer SET language = 'en' WHERE name = 'An'")
    for asked, language in (("", "en"), ("en", "en"), ("fr", "en"), ("vi", "vi"), ("en;q=0.5, vi", "vi")):
        shown = (await client.get(page, headers={"Accept-Language": asked})).text
        assert f'<html lang="{language}">' in shown
        assert ("Nhắc báo cáo" in shown, "Report reminders" in shown) == (language == "vi", language == "en")


async def test_what_is_decided_already_is_told_in_vietnamese(field, client):
    token = (await page_of(field, "Bình")).rpartition("/")[2]
    path = f"/v1/obligations/{named(await field.obligation())}/waive?token={token}"
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
    assert "Lý do: lũ lụt" in (await client.get(await page_of(field, "An"), headers={"Accept-Language": "vi"})).text


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

    async def somebody_else_first(pool, obligation, by, reason, now, **kept):
        assert await waive(pool, obligation, "another", "Mưa lũ", now)
        return await waive(pool, obligation, by, reason, now, **kept)

    monkeypatch.setattr(change_store, "waive", somebody_else_first)
    second = await decide(client, field, "waive", {"reason": "x"}, authorization="Bearer operator")
    assert (second.status_code, (await field.obligation())["state"]) == (409, "waived")
    assert second.json()["message"] == "it is waived: nothing is left to decide"


async def test_every_link_of_a_removed_officer_says_in_the_reader_s_language_that_it_is_no_longer_valid(field, client):
    page = await page_of(field, "Bình")
    token = page.rpartition("/")[2]
    officer = await field.pool.fetchval("SELECT id FROM registry.officer WHERE name = 'Bình'")
    decision = f"/v1/obligations/{named(await field.obligation())}/waive?token={token}"
    asked = (
        ("GET", page, {}), ("POST", page, {"data": {"action": "mute", "until": "2023-03-22"}}),
        ("GET", LINKS.calendar(officer, 0, at(NOW)), {}), ("POST", decision, {"data": {"reason": "Mưa lũ"}}),
    )  # fmt: skip
    assert (await client.get(page)).status_code == (await client.get(asked[2][1])).status_code == 200
    async with field.pool.acquire() as connection:
        await person_store.remove(connection, await find_officer(connection, officer))
    for method, path, sent in asked:
        for language, words in (("vi", "liên kết này không còn hiệu lực"), ("en", "this link is no longer valid")):
            headers = {"Accept": "text/html", "Accept-Language": language}
            refused = await client.request(method, path, headers=headers, **sent)
            assert (refused.status_code, words in refused.text) == (410, True)
            assert f'<html lang="{language}">' in refused.text
    assert (await acknowledgements(field), (await field.obligation())["state"]) == (0, "overdue")
