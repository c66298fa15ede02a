"""An officer's way through the form, as a browser without JavaScript takes it, up to the figure that counts."""

import asyncio
import re
from collections.abc import Awaitable, Callable

import pytest

from demo.browser import Browser, Shown
from deploy.local.http import LOCAL
from shared.database.connections import Pool
from tests.acting import Board
from tests.board.site import FIGURE, KNOWLEDGE, SESSION, Site, counted
from tests.system import event

PAGES = ("", "/figure/child-service-access/2023-Q1", "/activities", "/activity", "/problems", "/check", "/sheet")


async def until(ask: Callable[[], Awaitable[str]], wanted: str) -> None:
    """Wait, bounded, for an answer."""
    async with asyncio.timeout(60):
        while await ask() != wanted:
            await asyncio.sleep(0.1)


async def answered(browser: Browser, start: str) -> Shown:
    """Answer both figures; the page before handing in."""
    page = await browser.open(f"{start}/figure/child-service-access/2023-Q1")
    page = await browser.submit(page, FIGURE)
    page = await browser.submit(page, KNOWLEDGE)
    assert page.path == f"{start}/activities", page.text
    return await browser.open(f"{start}/check")


async def test_an_officer_hands_in_the_figure_counts_and_the_obligation_is_met(
    browser: Browser, start: str, board: Board, commune: str
) -> None:
    page = await browser.open(start)
    assert page.status == 200
    assert "quý I năm 2023 (15/12/2022–14/03/2023)" in page.text
    assert "Hạn nộp: 17:00 ngày 16/03/2023" in page.text
    assert page.text.count("Chưa trả lời") == 2
    page = await browser.open(page.link("Tiếp tục"))
    women = {"part.sex.female.numerator": "200", "part.sex.female.denominator": "250"}
    page = await browser.submit(page, {**FIGURE, **women})
    page = await browser.submit(page, KNOWLEDGE)
    assert page.heading == "Hoạt động trong kỳ"
    page = await browser.open(page.link("Thêm hoạt động"))
    page = await browser.submit(page, {"activity": "parent-counselling"})
    page = await browser.submit(page, SESSION)
    assert "09/03/2023 Mới thêm, chưa nộp" in page.text
    page = await browser.open(page.link("Tiếp tục"))
    # Typed and not added: who goes on adds it by that.
    page = await browser.submit(page, {"text": "Thiếu cân trẻ em", "domain": "nutrition", **page.sent_by("Tiếp tục")})
    assert page.heading == "Kiểm tra trước khi nộp"
    assert "Thiếu cân trẻ em" in page.text
    assert "412 trên 530" in page.text
    page = await browser.submit(page, {})
    assert page.path == f"{start}/receipt/1"
    assert page.heading == "Đã nhận báo cáo"
    assert "Nhận lúc 08:00 ngày 15/03/2023" in page.text
    assert "Nộp đúng hạn" in page.text

    async def state() -> str:
        name = start.rpartition("/")[2]
        answer = LOCAL.get(
            f"{board.services.url('notifications')}/v1/obligations/{name}",
            headers={"Authorization": f"Bearer {board.board_key}"},
        )
        return str(answer.json()["state"])

    asked = {"programme": "ecd-1437", "within": commune, "level": "commune", "period": "2023-Q1"}
    board.wait_until(
        lambda: board.rollups(indicator="child-service-access", **asked)[0]["numerator"] == 412, "the figure counts"
    )
    assert board.rollups(activity="parent-counselling", **asked)[0]["value"] == 1
    await until(state, "met")
    assert "Đã tính vào số liệu" in (await browser.open(page.path)).text
    stands = await browser.open(f"{start}/figure/child-service-access/2023-Q1")
    assert "Số liệu này đã được tính, từ biểu mẫu này, lúc 08:00 ngày 15/03/2023." in stands.text


async def test_ones_own_activity_is_corrected_and_withdrawn(
    browser: Browser, start: str, board: Board, commune: str
) -> None:
    def held() -> list[int]:
        """How many parents came to each activity that counts."""
        answer = board.read("/v1/records", unit=commune, agency="ubnd-xa", period="2023-Q1")
        return [row["participants"]["parent"] for row in answer.json()["rows"] if row["kind"] == "activity.recorded"]

    page = await browser.open((await browser.open(f"{start}/activity")).path)
    page = await browser.submit(page, {"activity": "parent-counselling"})
    await browser.submit(page, SESSION)
    await browser.submit(await answered(browser, start), {})
    board.wait_until(lambda: held() == [24], "it counts")
    page = await browser.open(f"{start}/activities")
    assert "09/03/2023, 24 lượt người, từ biểu mẫu này" in page.text
    page = await browser.open(page.link("Sửa"))
    assert dict(page.fields())["participants.parent"] == "24"
    page = await browser.submit(page, {"participants.parent": "25"})
    assert "Đã sửa, chưa nộp" in page.text
    page = await browser.submit(await browser.open(f"{start}/check"), {})
    assert page.path == f"{start}/receipt/2"
    board.wait_until(lambda: held() == [25], "it counts")
    page = await browser.open((await browser.open(f"{start}/activities")).link("Sửa"))
    other = await browser.submit(await browser.open(f"{start}/problems"), {"text": "Thiếu phòng học"})  # another tab
    refused = await browser.submit(page, {}, number=1)
    assert (refused.status, "thao tác vừa rồi chưa được thực hiện" in refused.text) == (409, True)
    assert "Sẽ được rút khi nộp" not in refused.text
    page = await browser.open((await browser.open(f"{start}/activities")).link("Sửa"))
    page = await browser.submit(page, {}, number=1)
    assert "Sẽ được rút khi nộp" in page.text
    refused = await browser.submit(other, {}, other.form_with("Bỏ"))
    assert (refused.status, "thao tác vừa rồi chưa được thực hiện" in refused.text) == (409, True)
    assert "Thiếu phòng học" in refused.text
    page = await browser.submit(await browser.open(f"{start}/check"), {})
    assert "Đã rút" in page.text
    board.wait_until(lambda: held() == [], "it is withdrawn")


async def test_pressing_twice_and_a_lost_answer_make_one_submission(browser: Browser, start: str, site: Site) -> None:
    page = await answered(browser, start)
    site.others.lost = 1
    again = await browser.submit(page, {})
    assert again.status == 503
    assert "hãy nhấn nộp lần nữa" in again.text
    first = await browser.submit(again, {})
    second = await browser.submit(page, {})
    assert first.path == second.path == f"{start}/receipt/1"
    assert len(site.others.posts) == 2
    assert site.others.posts[0] == site.others.posts[1]
    assert (await browser.open(start)).text.count("Lần 1,") == 1
    assert "Lần 2," not in (await browser.open(start)).text


async def test_what_is_wrong_is_said_at_its_field_and_what_was_typed_stays(browser: Browser, start: str) -> None:
    page = await browser.open(f"{start}/figure/child-service-access/2023-Q1")
    page = await browser.submit(page, {"numerator": "531", "denominator": "530"})
    assert page.status == 422
    assert page.link("Tử số lớn hơn mẫu số; cần không quá 530") == "#numerator"
    assert dict(page.fields())["numerator"] == "531"
    later = await browser.open(page.path)
    assert dict(later.fields())["numerator"] == "531"
    page = await browser.submit(page, {"numerator": "1,234", "denominator": "5000"})
    assert "hãy viết liền các chữ số (1234)" in page.text
    assert dict(page.fields())["numerator"] == "1,234"
    assert "Cần sửa" in (await browser.open(start)).text
    check = await browser.submit(await browser.open(f"{start}/check"), {})
    assert check.status == 422
    assert check.link("hãy viết liền").endswith("/figure/child-service-access/2023-Q1")
    assert "chưa có câu trả lời" in check.text


async def test_an_unusual_figure_is_confirmed_with_a_reason_that_is_kept(
    browser: Browser, start: str, board: Board, commune: str, pool: Pool
) -> None:
    counted(board, commune, "2022-Q4", 400, 450)
    page = await browser.open(f"{start}/figure/child-service-access/2023-Q1")
    assert "Quý IV năm 2022: 400" in page.text
    assert dict(page.fields())["denominator"] == "450"
    assert "Mẫu số lấy từ kỳ trước" in page.text
    page = await browser.submit(page, FIGURE)
    assert page.status == 422
    assert "Mẫu số thay đổi 17,8% so với quý IV năm 2022 (450)" in page.text
    page = await browser.submit(page, {"reason.denominator_changed": "Gọi 0912345678"})
    assert "giống số điện thoại" in page.text
    page = await browser.submit(page, {"reason.denominator_changed": "Sáp nhập thôn Bắc Lệ"})
    assert page.heading.startswith("Tỷ lệ cán bộ làm công tác liên quan")
    page = await browser.submit(page, KNOWLEDGE)
    page = await browser.open(f"{start}/check")
    assert "Lý do: Sáp nhập thôn Bắc Lệ" in page.text
    page = await browser.submit(page, {})
    assert page.heading == "Đã nhận báo cáo"
    assert "Sáp nhập thôn Bắc Lệ" in await pool.fetchval(
        "SELECT answers::text FROM board.submission WHERE unit = $1", commune
    )


async def test_two_tabs_do_not_overwrite_each_other(browser: Browser, start: str) -> None:
    one = await browser.open(f"{start}/figure/child-service-access/2023-Q1")
    other = await browser.open(f"{start}/figure/child-service-access/2023-Q1")
    await browser.submit(one, FIGURE)
    page = await browser.submit(other, {"numerator": "7", "denominator": "8"})
    assert page.status == 409
    assert "đã được sửa ở nơi khác" in page.text
    assert dict(page.fields())["numerator"] == "7"
    stands = await browser.open(one.path)
    assert dict(stands.fields())["numerator"] == "412"
    page = await browser.submit(page, {})
    assert page.status == 200
    assert dict((await browser.open(one.path)).fields())["numerator"] == "7"


async def test_a_figure_that_counts_already_needs_no_answer_and_its_unasked_parts_stay(
    browser: Browser, start: str, site: Site, board: Board, commune: str
) -> None:
    unasked = {"by": {"domain": "health", "sex": "female"}, "numerator": 100, "denominator": 200}
    counted(board, commune, "2023-Q1", 412, 530, breakdown=[unasked])
    page = await browser.open(start)
    assert "Đã có số liệu" in page.text
    page = await browser.open(f"{start}/figure/child-service-access/2023-Q1")
    assert "Số liệu này đã được tính, từ app" in page.text
    assert "1 phần chi tiết khác" in page.text
    page = await browser.submit(page, {"numerator": "413"})
    await browser.submit(page, KNOWLEDGE)
    page = await browser.submit(await browser.open(f"{start}/check"), {})
    assert page.heading == "Đã nhận báo cáo"
    assert b'"sex":"female"' in site.others.posts[0]


async def test_a_change_by_another_after_the_hand_in_is_shown(
    browser: Browser, start: str, board: Board, commune: str
) -> None:
    page = await browser.submit(await answered(browser, start), {})
    assert "Thay đổi sau khi nộp" not in page.text
    counted(board, commune, "2023-Q1", 390, 530)
    page = await browser.open(page.path)
    assert "Thay đổi sau khi nộp" in page.text
    assert re.search(r"412 trên 530 → 390 trên 530, từ app, lúc 08:\d\d ngày 15/03/2023", page.text)
    taken_back = {"indicator": "child-service-access", "agency": "ubnd-xa", "period": "2023-Q1", "revision": 999}
    made = event("record.retracted", commune, taken_back)
    assert board.post([made]).status_code == 202
    board.wait_until(lambda: {row["status"] for row in board.status(made)} == {"applied"}, "it is withdrawn")
    page = await browser.open(page.path)
    withdrawn = r"412 trên 530 → không có số liệu, từ app, lúc 08:\d\d ngày 15/03/2023"
    assert re.search(withdrawn, page.text), page.text
    page = await browser.open(f"{start}/check")
    assert re.search(f"Đã thay đổi sau lần nộp trước: {withdrawn}", page.text), page.text


async def test_a_figure_that_there_is_none_of_is_left_out(browser: Browser, start: str, site: Site) -> None:
    page = await browser.open(f"{start}/figure/child-service-access/2023-Q1")
    page = await browser.submit(page, {"absent": "yes"})
    await browser.submit(page, KNOWLEDGE)
    page = await browser.submit(await browser.open(f"{start}/check"), {})
    assert page.heading == "Đã nhận báo cáo"
    assert b"child-service-access" not in site.others.posts[0]


async def test_a_service_that_is_away_is_said_and_nothing_is_lost(browser: Browser, start: str, site: Site) -> None:
    page = await answered(browser, start)
    site.others.away = {"aggregation"}
    shown = await browser.open(start)
    assert (shown.status, shown.heading) == (503, "Hệ thống tạm thời không trả lời")
    site.others.away = {"intake"}
    assert (await browser.submit(page, {})).status == 503
    site.others.away = set()
    assert (await browser.submit(page, {})).heading == "Đã nhận báo cáo"


async def test_a_sheet_waits_for_its_officer_s_other_one_and_is_told_to_come_again(
    site: Site, browser: Browser, start: str
) -> None:
    async with site.client() as client:
        sheet = (await client.get(f"{start}/sheet.xlsx")).content
        posted = {"data": {"version": "1"}, "files": {"file": ("a.xlsx", sheet)}}
        async with site.turns.turn(site.officer):
            busy = await client.post(f"{start}/sheet", **posted)  # type: ignore[arg-type]
        assert (busy.status_code, busy.headers["Retry-After"]) == (503, "5")
        assert "Hệ thống tạm thời không trả lời" in busy.text
        taken = await client.post(f"{start}/sheet", **posted)  # type: ignore[arg-type]
    assert (taken.status_code, taken.headers["location"]) == (303, f"{start}/check")
    assert site.acts == [("sheet", start.rpartition("/")[2], "done")]


@pytest.mark.parametrize(
    "path",
    [
        "/report/x", "/report/ecd-1437~progress-half-yearly~06412@1~ubnd-xa~2023-H1~0",
        "/report/ecd-1437~none~06412@1~ubnd-xa~2023-Q1~0", "/report/none~progress-quarterly~06412@1~ubnd-xa~2023-Q1~0",
        "/report/ecd-1437~progress-quarterly~99999@9~ubnd-xa~2023-Q1~0",
        "/report/ecd-1437~progress-quarterly~06412@1~nobody~2023-Q1~0",
    ],
)  # fmt: skip
async def test_what_is_not_there_is_said_so(browser: Browser, path: str) -> None:
    shown = await browser.open(path)
    assert shown.status == 404


@pytest.mark.parametrize("rest", ["figure/none/2023-Q1", "receipt/9", "activity/..%2fx"])
async def test_a_page_that_a_report_has_not_is_said_so(browser: Browser, start: str, rest: str) -> None:
    shown = await browser.open(f"{start}/{rest}")
    assert shown.status == 404


async def test_labels_and_typed_texts_are_escaped(browser: Browser, start: str) -> None:
    page = await browser.open(f"{start}/figure/child-service-access/2023-Q1")
    page = await browser.submit(page, {"numerator": '"><script>alert(1)</script>', "denominator": "1"})
    scripts = [script.get("src").partition("?v=")[0] for script in page.all("script")]
    assert scripts == ["/static/check.js", "/static/draft.js"]
    assert dict(page.fields())["numerator"] == '"><script>alert(1)</script>'


async def test_no_page_has_a_script_or_a_style_in_it(browser: Browser, start: str) -> None:
    for rest in PAGES:
        page = await browser.open(start + rest)
        assert page.status == 200, rest
        assert not page.all("style")
        assert all("".join(script.itertext()) == "" for script in page.all("script"))
        assert not [
            it.tag for it in page.tree.iter() if it.get("style") or any(name.startswith("on") for name in it.attrib)
        ]
        assert len(page.html.encode()) < 60_000, rest


async def test_every_field_has_a_label_and_every_page_one_heading(browser: Browser, start: str) -> None:
    for rest in PAGES:
        page = await browser.open(start + rest)
        assert len(page.all("h1")) == 1
        labelled = {it.get("for") for it in page.all("label")}
        inside = {id(it) for label in page.all("label") for it in label.iter()}
        for field in page.all("input", "select", "textarea"):
            assert field.get("type") == "hidden" or field.get("id") in labelled or id(field) in inside
        ids = [it.get("id") for it in page.tree.iter() if it.get("id")]
        assert len(ids) == len(set(ids))
