"""Obstacles in the form: those that wait are listed, one's own are resolved, and the desk above agrees."""

from uuid import uuid4

from demo.browser import Browser, Shown
from deploy.local.http import LOCAL
from services.board.report import draft_store
from services.board.report.draft import Answers, ProblemAnswer
from services.board.report.draft_store import key_of
from shared.database.connections import Pool
from shared.domain.obligation_name import read_obligation_name
from tests.acting import Board
from tests.board.site import Site
from tests.system import event

FIGURES = (("child-service-access", {"numerator": "412", "denominator": "530"}),
           ("knowledge-skills-provided", {"numerator": "300", "denominator": "900"}))  # fmt: skip


def raised_by_an_app(board: Board, commune: str, *texts: str) -> None:
    """Have an app raise these obstacles."""
    made = [
        event("problem.raised", commune, {"record": f"{commune}-{at}", "agency": "ubnd-xa", "text": text})
        for at, text in enumerate(texts)
    ]
    assert board.post(made).status_code == 202


def on_the_desk_above(board: Board, commune: str) -> list[str]:
    """The obstacles of the commune that the desk of the district's officer shows."""
    address = f"{board.services.url('notifications')}/v1/officers/{board.refs['Binh']}/desk"
    answer = LOCAL.get(address, headers={"Authorization": f"Bearer {board.board_key}"}, timeout=30)
    assert answer.status_code == 200, answer.text
    return [row["text"] for row in answer.json()["problems"] if row["unit"] == commune]


async def handed_in(browser: Browser, start: str) -> Shown:
    """Hand in what the draft has; the receipt."""
    page = await browser.submit(await browser.open(f"{start}/check"), {})
    assert page.heading == "Đã nhận báo cáo", page.text
    return page


async def with_figures(browser: Browser, start: str) -> None:
    for slug, typed in FIGURES:
        await browser.submit(await browser.open(f"{start}/figure/{slug}/2023-Q1"), typed)


async def test_an_obstacle_is_raised_resolved_and_raised_again_and_the_desk_above_agrees(
    browser: Browser, start: str, site: Site, board: Board, commune: str
) -> None:
    await with_figures(browser, start)
    page = await browser.open(f"{start}/problems")
    assert "Vướng mắc đang chờ giải quyết" not in page.text
    await browser.submit(page, {"text": "Thiếu cân trẻ em"})
    await handed_in(browser, start)
    board.wait_until(lambda: on_the_desk_above(board, commune) == ["Thiếu cân trẻ em"], "it is on the desk")

    assert "Chưa giải quyết: 1" in (await browser.open(start)).text
    page = await browser.open(f"{start}/problems")
    assert "Thiếu cân trẻ em Nêu lúc 08:00 ngày 15/03/2023, từ biểu mẫu này" in page.text
    page = await browser.submit(page, {})
    assert page.path == f"{start}/problems"
    assert "Đã giải quyết, chưa nộp" in page.text
    assert on_the_desk_above(board, commune) == ["Thiếu cân trẻ em"]  # until it is handed in
    check = await browser.open(f"{start}/check")
    assert "Vướng mắc Thiếu cân trẻ em Đã giải quyết, chưa nộp" in check.text
    site.now = site.now.replace(minute=5)
    site.others.lost = 1
    assert (await browser.submit(check, {})).status == 503
    page = await browser.submit(check, {})
    assert site.others.posts[-1] == site.others.posts[-2]
    assert "Vướng mắc Nêu lúc 08:00 ngày 15/03/2023, từ biểu mẫu này Đã giải quyết" in page.text
    board.wait_until(lambda: on_the_desk_above(board, commune) == [], "it is off the desk")
    page = await browser.open(f"{start}/problems")
    assert "Thiếu cân trẻ em" not in page.text
    assert "Chưa giải quyết" not in (await browser.open(start)).text

    site.now = site.now.replace(minute=10)
    await browser.submit(page, {"text": "Thiếu cân trẻ em"})
    page = await handed_in(browser, start)
    assert "Đã nêu" in page.text
    board.wait_until(lambda: on_the_desk_above(board, commune) == ["Thiếu cân trẻ em"], "it is on the desk again")


async def test_what_another_has_raised_is_shown_with_who_can_resolve_it_and_no_button(
    browser: Browser, start: str, board: Board, commune: str
) -> None:
    raised_by_an_app(board, commune, "Chưa có biểu mẫu")
    board.wait_until(lambda: on_the_desk_above(board, commune) == ["Chưa có biểu mẫu"], "it is known")
    page = await browser.open(f"{start}/problems")
    assert "Chưa có biểu mẫu Nêu lúc" in page.text
    assert "từ app. Chỉ ghi được là đã giải quyết tại app, nơi đã nêu vướng mắc này." in page.text
    assert "Ghi là đã giải quyết" not in page.text
    shown = await browser.post(f"{start}/problem/{commune}-0/resolve", {"version": "1"})
    assert shown.status == 404


async def test_a_resolution_is_taken_back_before_it_is_handed_in(
    browser: Browser, start: str, site: Site, board: Board, commune: str
) -> None:
    await with_figures(browser, start)
    await browser.submit(await browser.open(f"{start}/problems"), {"text": "Thiếu phòng học"})
    await handed_in(browser, start)
    board.wait_until(lambda: on_the_desk_above(board, commune) == ["Thiếu phòng học"], "it is known")
    page = await browser.submit(await browser.open(f"{start}/problems"), {})
    page = await browser.submit(page, {})
    assert "Ghi là đã giải quyết" in page.text
    assert "Đã giải quyết, chưa nộp" not in page.text
    assert "Thiếu phòng học" not in (await browser.open(f"{start}/check")).text
    await handed_in(browser, start)
    assert b"problem.resolved" not in site.others.posts[-1]
    assert on_the_desk_above(board, commune) == ["Thiếu phòng học"]


async def test_an_obstacle_that_another_tab_has_resolved_is_said_to_be_changed(
    browser: Browser, start: str, board: Board, commune: str
) -> None:
    await with_figures(browser, start)
    await browser.submit(await browser.open(f"{start}/problems"), {"text": "Thiếu phòng học"})
    await handed_in(browser, start)
    board.wait_until(lambda: on_the_desk_above(board, commune) == ["Thiếu phòng học"], "it is known")
    one, other = await browser.open(f"{start}/problems"), await browser.open(f"{start}/problems")
    await browser.submit(one, {})
    page = await browser.submit(other, {})
    assert page.status == 409
    assert "đã được sửa ở nơi khác" in page.text
    assert "Đã giải quyết, chưa nộp" in page.text


async def test_of_hundreds_a_page_shows_the_first_and_leads_to_the_others(
    browser: Browser, start: str, board: Board, commune: str
) -> None:
    texts = [f"Vướng mắc số {at:03}" for at in range(120)]
    raised_by_an_app(board, commune, *texts)
    board.wait_until(lambda: len(on_the_desk_above(board, commune)) == 120, "they are known")
    assert "Chưa giải quyết: hơn 50" in (await browser.open(start)).text
    page, found = await browser.open(f"{start}/problems"), []
    while True:
        found.append([text for text in texts if text in page.text])
        if "Xem các vướng mắc tiếp theo" not in page.text:
            break
        page = await browser.open(page.link("Xem các vướng mắc tiếp theo"))
    assert [len(some) for some in found] == [50, 50, 20]
    assert sorted(text for some in found for text in some) == texts
    assert (await browser.open(f"{start}/problems?after=x")).status == 404


async def test_a_draft_has_so_many_obstacles_at_most(browser: Browser, start: str, pool: Pool, site: Site) -> None:
    key = key_of(read_obligation_name(start.rpartition("/")[2]))
    many = Answers(problems=tuple(ProblemAnswer(record=str(uuid4()), typed={"text": f"Số {at}"}) for at in range(100)))
    async with pool.acquire() as connection:
        await draft_store.keep_draft(connection, key, 1, many, site.officer, site.now)
    page = await browser.open(f"{start}/problems")
    page = await browser.submit(page, {"text": "Một vướng mắc nữa"}, number=100)
    assert page.status == 422
    assert "Mỗi lần nộp được tối đa 100 vướng mắc" in page.text
    assert dict(page.fields(100))["text"] == "Một vướng mắc nữa"
