"""A correction begins with what was handed in: it asks for nothing again that nobody has changed."""

from datetime import timedelta

import pytest

from demo.browser import Browser, Shown
from shared.database.connections import Pool
from tests.acting import Board
from tests.board.site import Site, counted

ACCESS, KNOWLEDGE = "figure/child-service-access/2023-Q1", "figure/knowledge-skills-provided/2023-Q1"
REASON = "reason.denominator_changed"
WHY = "Sáp nhập thôn Bắc Lệ"


async def handed_in(browser: Browser, start: str, board: Board, commune: str, numerator: int) -> Shown:
    """Hand in the draft; the receipt, once its first figure counts."""
    page = await browser.submit(await browser.open(f"{start}/check"), {})
    assert page.heading == "Đã nhận báo cáo", page.text
    asked = {"unit": commune, "agency": "ubnd-xa", "period": "2023-Q1"}
    board.wait_until(
        lambda: numerator in {row.get("numerator") for row in board.read("/v1/records", **asked).json()["rows"]},
        "it counts",
    )
    return page


async def unusual(browser: Browser, start: str, board: Board, commune: str) -> None:
    """Hand in an unusual figure with its reason, and no figure of the other indicator."""
    counted(board, commune, "2022-Q4", 400, 450)
    page = await browser.open(f"{start}/{ACCESS}")
    page = await browser.submit(page, {"numerator": "412", "denominator": "530"})
    page = await browser.submit(page, {REASON: WHY})
    assert page.path == f"{start}/{KNOWLEDGE}", page.text
    await browser.submit(page, {"absent": "yes"})
    await handed_in(browser, start, board, commune, 412)


async def test_no_figure_yet_stays_answered_in_each_correction(
    browser: Browser, start: str, board: Board, commune: str, site: Site
) -> None:
    await unusual(browser, start, board, commune)
    for numerator in (413, 414):
        assert (await browser.open(start)).text.count("Chưa có số liệu") == 1
        page = await browser.submit(await browser.open(f"{start}/{ACCESS}"), {"numerator": str(numerator)})
        assert page.path == f"{start}/{KNOWLEDGE}", page.text
        page = await handed_in(browser, start, board, commune, numerator)
        assert "Chưa có số liệu" in page.text
        assert "Chưa trả lời" not in page.text
    assert all(b"knowledge" not in post for post in site.others.posts)


async def test_a_figure_that_another_has_reported_since_is_there_and_not_said_to_be_none(
    browser: Browser, start: str, board: Board, commune: str
) -> None:
    await unusual(browser, start, board, commune)
    counted(board, commune, "2023-Q1", 30, 90, indicator="knowledge-skills-provided")
    page = await browser.open(f"{start}/check")
    told = "Đã thay đổi sau lần nộp trước: Chưa có số liệu → 30 trên 90, từ app, lúc 08:"
    assert f"30 trên 90 Đã có số liệu {told}" in page.text, page.text
    assert page.text.count("Chưa có số liệu") == 1


async def test_an_unchanged_figure_keeps_its_reason_and_a_changed_one_is_confirmed_once_more(
    browser: Browser, start: str, board: Board, commune: str
) -> None:
    await unusual(browser, start, board, commune)
    page = await browser.open(f"{start}/{ACCESS}")
    assert dict(page.fields())[REASON] == WHY
    page = await browser.submit(page, {})
    assert page.path == f"{start}/{KNOWLEDGE}", page.text
    page = await browser.submit(await browser.open(f"{start}/{ACCESS}"), {"denominator": "540"})
    assert page.status == 422
    assert "Số liệu đã thay đổi; đề nghị xem lại lý do rồi nhấn lại" in page.text
    assert dict(page.fields())[REASON] == WHY
    refused = await browser.submit(await browser.open(f"{start}/check"), {})
    assert refused.status == 422
    page = await browser.submit(page, {})
    assert page.path == f"{start}/{KNOWLEDGE}", page.text
    page = await handed_in(browser, start, board, commune, 412)
    assert f"Lý do: {WHY}" in page.text


async def test_the_check_says_what_another_has_changed_of_a_figure_that_the_last_correction_left_alone(
    browser: Browser, start: str, board: Board, commune: str, pool: Pool, site: Site
) -> None:
    await browser.submit(await browser.open(f"{start}/{ACCESS}"), {"numerator": "412", "denominator": "530"})
    await browser.submit(await browser.open(f"{start}/{KNOWLEDGE}"), {"numerator": "300", "denominator": "900"})
    await handed_in(browser, start, board, commune, 412)
    await browser.submit(await browser.open(f"{start}/{ACCESS}"), {"numerator": "413"})
    await handed_in(browser, start, board, commune, 413)
    refused = """
        INSERT INTO board.submission SELECT programme, report, unit, agency, period, number + more, version, obligation,
               answers, NULL, officer, device, handed_in_at, NULL, handed_in_at
        FROM board.submission, generate_series(1, 25) AS more WHERE unit = $1 AND number = 2
    """
    await pool.execute(refused, commune)
    await pool.execute("UPDATE board.draft SET number = 28 WHERE unit = $1", commune)
    counted(board, commune, "2023-Q1", 290, 900, indicator="knowledge-skills-provided")
    page = await browser.open(f"{start}/check")
    assert "Đã thay đổi sau lần nộp trước: 300 trên 900 → 290 trên 900, từ app, lúc 08:" in page.text
    assert page.text.count("Đã thay đổi sau lần nộp trước") == 1
    site.now += timedelta(minutes=30)
    await browser.submit(await browser.open(f"{start}/{ACCESS}"), {"numerator": "414"})
    await handed_in(browser, start, board, commune, 414)
    assert "Đã thay đổi sau lần nộp trước" not in (await browser.open(f"{start}/check")).text


@pytest.mark.parametrize("by", ["the officer", "an app"])
async def test_a_figure_that_counts_is_withdrawn_where_there_is_said_to_be_none(
    browser: Browser, start: str, board: Board, commune: str, by: str
) -> None:
    if by == "an app":
        counted(board, commune, "2023-Q1", 412, 530)
    else:
        page = await browser.submit(await browser.open(f"{start}/{ACCESS}"), {"numerator": "412", "denominator": "530"})
    await browser.submit(await browser.open(f"{start}/{KNOWLEDGE}"), {"absent": "yes"})
    await handed_in(browser, start, board, commune, 412)
    page = await browser.open(f"{start}/{ACCESS}")
    page = await browser.submit(page, {"numerator": "", "denominator": "", "absent": "yes"})
    page = await browser.open(f"{start}/check")
    assert "Số liệu đang được tính (412 trên 530) sẽ được rút khi nộp." in page.text, page.text
    page = await browser.submit(page, {})
    assert page.heading == "Đã nhận báo cáo", page.text
    asked = {"unit": commune, "agency": "ubnd-xa", "period": "2023-Q1"}
    board.wait_until(lambda: board.read("/v1/records", **asked).json()["rows"] == [], "nothing counts")
    page = await browser.open(page.path)
    assert "412" not in page.text, page.text
    assert "sẽ được rút" not in (await browser.open(f"{start}/check")).text
    counted(board, commune, "2023-Q1", 413, 530)
    back = "Chưa có số liệu → 413 trên 530, từ app, lúc 08:"
    assert back in (await browser.open(page.path)).text
    assert f"Đã thay đổi sau lần nộp trước: {back}" in (await browser.open(f"{start}/check")).text


@pytest.mark.parametrize("before", [None, 411])
async def test_no_other_figure_is_withdrawn_than_the_page_has_said(
    browser: Browser, start: str, board: Board, commune: str, site: Site, before: int | None
) -> None:
    page = await browser.submit(await browser.open(f"{start}/{ACCESS}"), {"absent": "yes"})
    await browser.submit(page, {"absent": "yes"})
    if before is not None:
        counted(board, commune, "2023-Q1", before, 530)
    page = await browser.open(f"{start}/check")
    assert ("sẽ được rút khi nộp" in page.text) is (before is not None), page.text
    counted(board, commune, "2023-Q1", 412, 530)
    page = await browser.submit(page, {})
    assert (page.status, site.acts[-1][2], site.others.posts) == (409, "stale", [])
    assert "Số liệu đang được tính đã thay đổi, nên báo cáo chưa được nộp." in page.text
    assert "Số liệu đang được tính (412 trên 530) sẽ được rút khi nộp." in page.text
    again = await browser.submit(page, {})
    assert again.heading == "Đã nhận báo cáo", again.text
    assert b"record.retracted" in site.others.posts[0]
    asked = {"unit": commune, "agency": "ubnd-xa", "period": "2023-Q1"}
    board.wait_until(lambda: board.read("/v1/records", **asked).json()["rows"] == [], "nothing counts")
    assert (await browser.submit(page, {})).path == again.path, "what was claimed is handed in whatever counts now"


async def test_each_reason_that_is_wanted_is_asked_for_by_what_is_unusual(
    browser: Browser, start: str, board: Board, commune: str
) -> None:
    counted(board, commune, "2022-Q4", 400, 450)
    page = await browser.submit(await browser.open(f"{start}/{KNOWLEDGE}"), {"absent": "yes"})
    page = await browser.submit(await browser.open(f"{start}/{ACCESS}"), {"numerator": "100", "denominator": "900"})
    check = await browser.submit(await browser.open(f"{start}/check"), {})
    assert (page.status, check.status) == (422, 422)
    for shown in (page, check):
        lines = ["".join(link.itertext()) for link in shown.all("a") if "đề nghị ghi lý do" in "".join(link.itertext())]
        denominator, ratio = lines
        assert denominator.endswith("Mẫu số thay đổi 100% so với quý IV năm 2022 (450): đề nghị ghi lý do")
        assert ratio.endswith("Kết quả là 11,1%, trong khi quý IV năm 2022 là 88,9%: đề nghị ghi lý do")
