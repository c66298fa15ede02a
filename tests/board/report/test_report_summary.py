"""The page before handing in and the receipt show all that is handed in, as an office writes it."""

from datetime import datetime
from typing import Any

import pytest

from demo.browser import Browser, Shown
from services.board.report.draft import Answers, FigureAnswer
from services.board.report.summary import summary_rows
from shared.domain.units import Units
from shared.programme.model import Programme
from tests.acting import Board
from tests.board.sheets import COUNTED, KEY, opened_report
from tests.board.site import Site, counted

ACCESS, KNOWLEDGE = "figure/child-service-access/2023-Q1", "figure/knowledge-skills-provided/2023-Q1"
FIGURE = {"numerator": "1 412", "denominator": "1 530"}
SEXES = {
    "part.sex.female.numerator": "700", "part.sex.female.denominator": "750",
    "part.sex.male.numerator": "712", "part.sex.male.denominator": "780",
}  # fmt: skip
SESSION = {
    "held_on.day": "9", "held_on.month": "3", "held_on.year": "2023", "by.domain": "nutrition",
    "participants.parent": "1 024", "participants.caregiver": "3", "female": "20",
    "money.f1-state-budget": "5000000", "money.f5-oda": "1 500 000",
}  # fmt: skip
SESSION_TOLD = (
    "Lĩnh vực dịch vụ: dinh dưỡng Số lượt người tham gia: 1.027 Cha mẹ: 1.024 Người chăm sóc trẻ em: 3 Trong đó nữ: 20 "
    "Kinh phí: 6.500.000 đồng Được bố trí trong dự toán chi ngân sách nhà nước hàng năm của các sở, ngành, địa phương "
    "theo phân cấp ngân sách nhà nước hiện hành: 5.000.000 đồng Các nguồn vốn hỗ trợ phát triển chính thức (ODA): "
    "1.500.000 đồng"
)


async def answered(browser: Browser, start: str, figure: dict[str, str]) -> None:
    await browser.submit(await browser.open(f"{start}/{ACCESS}"), figure)
    await browser.submit(await browser.open(f"{start}/{KNOWLEDGE}"), {"numerator": "300", "denominator": "900"})


async def handed_in(browser: Browser, start: str) -> Shown:
    page = await browser.submit(await browser.open(f"{start}/check"), {})
    assert page.heading == "Đã nhận báo cáo", page.text
    return page


async def held(browser: Browser, start: str, typed: dict[str, str]) -> None:
    """Add an activity to the draft."""
    page = await browser.submit(await browser.open(f"{start}/activity"), {"activity": "parent-counselling"})
    page = await browser.submit(page, typed)
    assert page.path == f"{start}/activities", page.text


def shown(page: Shown) -> list[tuple[str, list[str]]]:
    """What stands in the page's rows: the label, and all behind it."""
    rows = [row for summary in page.all("dl") for row in summary]
    return [
        (_text(row[0]), [_text(cell) for cell in row[1:] if "screen" not in (cell.get("class") or "")]) for row in rows
    ]


def _text(element: Any) -> str:
    return " ".join(" ".join(element.itertext()).split())


async def test_the_check_and_the_receipt_show_parts_activities_with_people_and_money_and_obstacles(
    browser: Browser, start: str
) -> None:
    await answered(browser, start, {**FIGURE, **SEXES})
    await held(browser, start, SESSION)
    await browser.submit(await browser.open(f"{start}/problems"), {"text": "Thiếu cân trẻ em", "domain": "nutrition"})
    check = shown(await browser.open(f"{start}/check"))
    parts = "Giới tính Nữ: 700 trên 750 Nam: 712 trên 780"
    assert [row[1] for row in check] == [
        ["1.412 trên 1.530", parts],
        ["300 trên 900"],
        ["09/03/2023 Mới thêm, chưa nộp", SESSION_TOLD],
        ["Thiếu cân trẻ em Mới nêu, chưa nộp", "Lĩnh vực: dinh dưỡng"],
    ]
    receipt = await handed_in(browser, start)
    assert [row[1] for row in shown(receipt)] == [
        ["1.412 trên 1.530", parts],
        ["300 trên 900"],
        ["09/03/2023 Đã thêm", SESSION_TOLD],
        ["1 vướng mắc đã gửi Đã nêu Nội dung được báo cho cấp trên, không lưu trong phần đã nộp này"],
    ]
    assert "Thiếu cân trẻ em" not in receipt.html


async def test_nothing_that_was_left_empty_is_listed(browser: Browser, start: str) -> None:
    await answered(browser, start, FIGURE)
    day = {name: text for name, text in SESSION.items() if name.startswith("held_on")}
    await held(browser, start, {**day, "participants.parent": "0"})
    rows = shown(await browser.open(f"{start}/check"))
    assert [row[1] for row in rows] == [
        ["1.412 trên 1.530"],
        ["300 trên 900"],
        ["09/03/2023 Mới thêm, chưa nộp", "Số lượt người tham gia: 0 Cha mẹ: 0"],
    ]


async def test_what_is_withdrawn_is_shown_as_it_counts(
    browser: Browser, start: str, board: Board, commune: str
) -> None:
    await answered(browser, start, FIGURE)
    await held(browser, start, SESSION)
    await handed_in(browser, start)
    asked = {"unit": commune, "agency": "ubnd-xa", "period": "2023-Q1"}
    board.wait_until(
        lambda: "activity.recorded" in {row["kind"] for row in board.read("/v1/records", **asked).json()["rows"]},
        "it counts",
    )
    page = await browser.open((await browser.open(f"{start}/activities")).link("Sửa"))
    await browser.submit(page, {}, number=1)
    (activity,) = [row for row in shown(await browser.open(f"{start}/check")) if "rút" in row[1][0]]
    assert activity[1] == ["09/03/2023 Sẽ được rút khi nộp", SESSION_TOLD]


async def test_parts_that_the_form_does_not_ask_for_are_shown_as_they_are_handed_in_again(
    browser: Browser, start: str, board: Board, commune: str
) -> None:
    unasked = {"by": {"sex": "female", "domain": "health"}, "numerator": 100, "denominator": 200}
    counted(board, commune, "2023-Q1", 412, 530, breakdown=[unasked])
    kept = "Có 1 phần chi tiết khác đã báo cáo; các phần đó được giữ nguyên. Chăm sóc sức khỏe, Nữ: 100 trên 200"
    assert shown(await browser.open(f"{start}/check"))[0][1] == ["412 trên 530 Đã có số liệu", kept]
    await answered(browser, start, {"numerator": "413"})
    assert shown(await browser.open(f"{start}/check"))[0][1] == ["413 trên 530", kept]


async def test_the_check_of_a_correction_says_what_another_has_changed_meanwhile(
    browser: Browser, start: str, board: Board, commune: str
) -> None:
    await answered(browser, start, FIGURE)
    await handed_in(browser, start)
    assert "Đã thay đổi sau lần nộp trước" not in (await browser.open(f"{start}/check")).text
    counted(board, commune, "2023-Q1", 1390, 1530)
    told = "Đã thay đổi sau lần nộp trước: 1.412 trên 1.530 → 1.390 trên 1.530, từ app, lúc 08:"
    ((_, (value,)), (_, (other,))) = shown(await browser.open(f"{start}/check"))
    assert value.startswith(f"1.390 trên 1.530 Đã có số liệu {told}")
    assert other == "300 trên 900 Đã có số liệu"
    await browser.submit(await browser.open(f"{start}/{ACCESS}"), {"numerator": "1 413"})
    assert shown(await browser.open(f"{start}/check"))[0][1][0].startswith(f"1.413 trên 1.530 {told}")


@pytest.mark.parametrize(("day", "said"), [("2023-03-10", True), ("2023-03-14", True), ("2023-03-15", False)])
async def test_the_check_says_until_the_last_day_that_the_period_is_not_over(
    browser: Browser, start: str, site: Site, day: str, said: bool
) -> None:
    site.now = datetime.fromisoformat(f"{day}T23:30:00+07:00")
    words = (
        "Kỳ báo cáo kết thúc ngày 14/03/2023; số liệu sau ngày nộp chưa có trong báo cáo. Nếu từ nay đến ngày đó số "
        "liệu có thay đổi, đề nghị điều chỉnh báo cáo đã nộp."
    )
    assert (words in (await browser.open(f"{start}/check")).text) is said


async def test_a_report_may_be_handed_in_before_its_period_is_over(browser: Browser, start: str, site: Site) -> None:
    site.now = datetime.fromisoformat("2023-03-14T08:00:00+07:00")
    await answered(browser, start, FIGURE)
    assert "kết thúc ngày" not in (await handed_in(browser, start)).text


async def test_no_figure_beside_typed_numbers_is_refused_at_the_field(
    browser: Browser, start: str, board: Board, commune: str
) -> None:
    counted(board, commune, "2022-Q4", 400, 1530)
    page = await browser.open(f"{start}/{ACCESS}")
    page = await browser.submit(page, {"numerator": "12", "absent": "yes"})
    assert page.status == 422
    assert page.link("đã chọn là chưa có số liệu nhưng ở đây có số") == "#numerator"
    assert dict(page.fields())["numerator"] == "12"
    assert "Cần sửa" in (await browser.open(start)).text
    check = await browser.submit(await browser.open(f"{start}/check"), {})
    assert (check.status, check.link("hãy xóa số, hoặc bỏ dấu chọn")) == (422, f"{start}/{ACCESS}")
    page = await browser.submit(page, {"numerator": "", "denominator": "1530"})  # as it stood, from the period before
    assert page.path == f"{start}/{KNOWLEDGE}", page.text
    assert shown(await browser.open(f"{start}/check"))[0][1] == ["Chưa có số liệu"]


@pytest.mark.parametrize(
    ("programme", "shared"), [("ecd-1437", ""), ("other-1437", ", cũng được tính trong other-1437,")]
)
def test_a_figure_of_another_programme_is_said_to_be_withdrawn_from_that_too(
    ecd: Programme, units: Units, programme: str, shared: str
) -> None:
    answers = Answers(figures={KEY: FigureAnswer(absent=True)})
    opened = opened_report(ecd, units, rows=({**COUNTED, "programme": programme},), answers=answers)
    row = next(summary_rows(opened))
    assert row.more == (f"Số liệu đang được tính (400 trên 500){shared} sẽ được rút khi nộp.",)
