"""What an officer does at the desk, and what notifications makes of it. As a browser without JavaScript."""

import re

import httpx

from tests.board.conftest import Office
from tests.board.test_entering import ref_of, rows, verify
from tests.system import event, kip, wait_until

BINH, AN = "Trần Bình", "Nguyễn An"


def at_desk(office: Office, person: httpx.Client, name: str, unit: str) -> str:
    """The desk of an officer, whose device the operator has verified."""
    link = kip("board", "link", name, "--unit", unit, "--verified", environment=office.environment).strip()
    assert person.post(link).status_code == 303
    return person.get("/").text


def test_the_desk_shows_what_is_owed_what_is_late_below_and_obstacles(office: Office, person: httpx.Client) -> None:
    problem = event("problem.raised", "06412", {"record": "p1", "agency": "ubnd-xa", "text": "Chưa có biểu mẫu"})
    assert office.post([problem]).status_code == 202
    wait_until(lambda: "Chưa có biểu mẫu" in at_desk(office, person, BINH, "186"), "the obstacle is on the desk")
    page = person.get("/").text
    assert "Đơn vị cấp dưới nộp chậm" in page
    assert "UBND xã Yên Vượng" in page
    assert f"{office.url}/v1/calendar/" in page
    late = re.findall(r'href="/obligations/([^"]+)"', page)
    assert len(late) == 23
    names = re.findall(r"UBND (?:xã|thị trấn) [^<]+", page)
    first = [names.index(f"UBND {name}") for name in ("xã Cai Kinh", "xã Đồng Tân", "xã Hòa Bình", "xã Hồ Sơn")]
    assert first == sorted(first), "by the Vietnamese alphabet"
    assert len(re.findall(r'href="/report/([^"]+)"', at_desk(office, person, AN, "06412"))) == 3


def test_reminders_are_paused_until_a_day_and_again_not(office: Office, person: httpx.Client) -> None:
    page = at_desk(office, person, AN, "06412")
    name = re.findall(r'href="/report/([^"]+)"', page)[0]
    nothing = person.post("/pause", data={"until": ""})
    assert nothing.status_code == 422
    assert "Hãy chọn ít nhất một mục" in nothing.text
    assert "Hãy nhập ngày" in nothing.text
    late = person.post("/pause", data={"what": name, "until": "1.1.2024"})
    assert late.status_code == 422
    assert 'value="1.1.2024"' in late.text
    assert "31 ngày" in late.text
    short = person.post("/pause", data={"what": name, "until": "24/3/23"})
    assert "Hãy viết năm đủ bốn chữ số" in short.text
    assert 'value="24/3/23"' in short.text
    done = person.post("/pause", data={"what": name, "until": "24/3/2023"})
    assert (done.status_code, done.headers["location"]) == (303, "/?done=pause")
    page = person.get("/?done=pause").text
    assert "Đã tạm dừng nhắc." in page
    assert re.search(r"Không nhắc đến \d\d:\d\d ngày 24/03/2023", page)
    undone = person.post("/pause/undo", data={"programme": "ecd-1437", "obligation": name})
    assert undone.status_code == 303, undone.text
    assert undone.headers["location"] == "/?done=undo"
    assert "Không nhắc đến" not in person.get("/").text
    whole = person.post("/pause", data={"what": ["ecd-1437", name], "until": "2023-03-24"})
    assert whole.status_code == 303
    assert "Mọi nhắc nhở của Đề án 1437" in person.get("/").text
    assert person.post("/pause/undo", data={"programme": "ecd-1437", "obligation": ""}).status_code == 303
    acts = rows(office, "SELECT what, about, outcome FROM board.act WHERE officer = $1 AND what IN ('pause', 'undo') "
                "ORDER BY id", ref_of(office, AN))  # fmt: skip
    assert [(row["what"], row["about"], row["outcome"]) for row in acts] == [
        ("pause", "ecd-1437", "value_invalid"), ("pause", name, "done"), ("undo", name, "done"),
        ("pause", "ecd-1437", "done"), ("undo", "ecd-1437", "done"),
    ]  # fmt: skip


def test_what_the_message_named_is_paused_at_once_and_day_and_programme_are_at_hand(
    office: Office, person: httpx.Client
) -> None:
    verify(office, person, "binh@example.vn")
    (session,) = rows(office, "SELECT obligations FROM board.session WHERE officer = $1 AND ended_at IS NULL",
                      ref_of(office, BINH))  # fmt: skip
    page = person.get("/pause").text
    assert len(session["obligations"]) > 20
    assert f"Các báo cáo nêu trong thư đã mở ({len(session['obligations'])} báo cáo)" in page
    assert 'name="until" value="26/03/2023"' in page
    done = person.post("/pause", data={"what": "~named", "until": "2023-03-26"})
    assert (done.status_code, done.headers["location"]) == (303, "/?done=pause")
    kept = rows(office, """
        SELECT concat_ws('~', obligation.programme, report, unit, agency, period, 0) AS name
        FROM notifications.acknowledgement JOIN notifications.obligation ON obligation.id = obligation
        WHERE officer = $1""", int(ref_of(office, BINH).partition(".")[0]))  # fmt: skip
    assert sorted(row["name"] for row in kept) == sorted(session["obligations"])
    page = person.get("/").text
    assert re.search(r"<h3>Báo cáo quý [^<]+</h3>\s*<p>UBND xã Yên Vượng</p>\s*<p>Không nhắc đến", page)


def test_who_owes_nothing_and_hears_of_nothing_late_pauses_a_programme(office: Office, person: httpx.Client) -> None:
    assert 'href="/pause"' in at_desk(office, person, "Vũ Hà", "VN")
    assert re.findall(r'name="what" value="([^"]+)"', person.get("/pause").text) == ["ecd-1437"]
    assert person.post("/pause", data={"what": "ecd-1437", "until": "2023-03-24"}).status_code == 303
    assert "Mọi nhắc nhở của Đề án 1437" in person.get("/").text


def test_the_level_above_extends_and_waives_with_a_reason(office: Office, person: httpx.Client) -> None:
    page = at_desk(office, person, BINH, "186")
    first, second = re.findall(r'href="/obligations/([^"]+)"', page)[:2]
    assert "Gia hạn báo cáo này" in person.get(f"/obligations/{first}").text
    for reason in ("", "gọi 0912345678"):
        refused = person.post(f"/obligations/{first}/extend", data={"until": "30/3/2023", "reason": reason})
        assert refused.status_code == 422
        assert 'href="#extend-reason"' in refused.text
        assert 'value="30/3/2023"' in refused.text
    sunday = person.post(f"/obligations/{first}/extend", data={"until": "2023-03-26", "reason": "lũ"})
    assert 'href="#extend-until"' in sunday.text
    none = person.post(f"/obligations/{first}/extend", data={"until": "cuối tháng", "reason": "lũ"})
    assert (none.status_code, 'value="cuối tháng"' in none.text) == (422, True)
    assert "Cần một ngày như 31/03/2023 (ngày/tháng/năm)" in none.text
    done = person.post(f"/obligations/{first}/extend", data={"until": "30-3-2023", "reason": "Mưa lũ"})
    assert done.headers["location"] == "/?done=extend"
    page = person.get(done.headers["location"]).text
    assert "Đã gia hạn." in page
    assert f"/obligations/{first}" not in page
    assert person.post(f"/obligations/{second}/waive", data={"reason": "Sáp nhập"}).status_code == 303
    again = person.post(f"/obligations/{second}/waive", data={"reason": "Sáp nhập"})
    assert again.status_code == 409
    assert "không còn nội dung cần quyết định" in again.text
    changes = rows(office, "SELECT by, reason FROM notifications.change WHERE by IS NOT NULL ORDER BY at")
    assert {row["reason"] for row in changes} == {"Mưa lũ", "Sáp nhập"}
    device = rows(office, "SELECT device FROM board.act WHERE what = 'extend' AND outcome = 'done'")[0]["device"]
    assert re.fullmatch(r"[0-9a-f]{16}", device)


def test_nobody_decides_about_their_own_or_another_s(office: Office, person: httpx.Client) -> None:
    page = at_desk(office, person, AN, "06412")
    own = re.findall(r'href="/report/([^"]+)"', page)[0]
    for name in (own, own.replace("06412@1", "06427@1")):
        refused = person.post(f"/obligations/{name}/waive", data={"reason": "thử"})
        assert refused.status_code == 403
    assert person.get(f"/obligations/{own.replace('06412@1', '06427@1')}").status_code in {403, 404, 400}


def test_pages_say_when_a_service_is_away_and_nothing_has_changed(office: Office, person: httpx.Client) -> None:
    at_desk(office, person, AN, "06412")
    office.services.kill("notifications")
    try:
        away = person.get("/")
        assert away.status_code == 503
        assert "Hệ thống tạm thời không trả lời" in away.text
        assert away.headers["retry-after"] == "5"
    finally:
        office.services.start("notifications")
    assert person.get("/").status_code == 200
