"""What the desk shows of the reports that an officer has handed in: the way to the receipt, and to correct it."""

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from playwright.sync_api import Browser, Page

from services.board.desk.handed_in import MOST, done_reports, handed_in_section
from services.board.report.draft_store import HandedIn
from services.board.upstream.obligations import DeskShown, ObligationShown
from services.board.upstream.officers import AgencyShown, OfficerShown, UnitShown
from shared.programme.model import Programme
from tests.board.conftest import Office
from tests.board.test_browser import PHONE, Visit, visiting
from tests.board.test_desk import BINH, at_desk
from tests.board.test_modules import AN, XUAN, answered, entered, owed
from tests.system import wait_until

NOW = datetime(2023, 7, 10, 1, tzinfo=UTC)
REPORT = owed("06412", "2023-Q1")


def reported(period: str = "2023-Q1", days_late: float = -1, state: str = "met") -> ObligationShown:
    """A report of a period, that was due a hundred days ago."""
    due = NOW - timedelta(days=100)
    return ObligationShown(
        id=f"ecd-1437~progress-quarterly~06412@1~ubnd-xa~{period}~0", programme="ecd-1437", unit="06412@1",
        agency="ubnd-xa", report="progress-quarterly", period=period, due_at=due, state=state,
        met_at=due + timedelta(days=days_late), programme_name="Đề án 1437", programme_short="Đề án 1437",
        report_name="Báo cáo quý", period_name=period, owner_name="UBND xã Yên Vượng",
    )  # fmt: skip


def desk_with(*settled: ObligationShown) -> DeskShown:
    seat = UnitShown(uid="06412@1", code="06412", name="Xã Yên Vượng", level="commune")
    officer = OfficerShown(
        ref="1.0", name="Nguyễn An", role="Chủ tịch", unit=seat, today=seat, programmes=[], language="vi", personal=[],
        agency=AgencyShown(slug="ubnd-xa", name="UBND xã"), office="UBND xã Yên Vượng", clock=NOW,
    )  # fmt: skip
    return DeskShown(
        owed=[], settled=list(settled), late_below=[], changed=[], problems=[], acknowledged=[], more=[], calendar="",
        clock=NOW, officer=officer,
    )  # fmt: skip


def section(ecd: Programme, rows: list[tuple[ObligationShown, datetime]], *named: str) -> dict[str, Any]:
    desk = desk_with(*(row for row, _ in rows))
    found = {row.id: HandedIn(2, at) for row, at in rows}
    programmes = {"ecd-1437": ecd}
    return handed_in_section(done_reports(desk, found, programmes), programmes, named, "vi")


def test_what_was_handed_in_stays_for_90_days_and_until_its_period_is_over(ecd: Programme) -> None:
    last, before = NOW - timedelta(days=90), NOW - timedelta(days=90, seconds=1)
    shown = section(ecd, [
        (reported("2022-Q3"), before), (reported("2022-Q4"), last), (reported("2023-Q3"), before),
        (reported("2023-Q2"), NOW),
    ])  # fmt: skip
    assert [item["title"].partition(", ")[2] for item in shown["handed_in"]] == ["2023-Q2", "2022-Q4", "2023-Q3"]
    assert shown["more_handed_in"] is None


def test_what_came_from_elsewhere_is_not_on_it(ecd: Programme) -> None:
    assert done_reports(desk_with(reported()), {}, {"ecd-1437": ecd}) == []


def test_it_says_whether_it_was_on_time_by_when_it_first_came(ecd: Programme) -> None:
    late = reported("2023-Q2", days_late=4.5, state="late_met")
    items = section(ecd, [(reported(), NOW), (late, NOW)], late.id)["handed_in"]
    assert [item["timing"].partition(" so với")[0] for item in items] == ["Nộp đúng hạn", "Nộp chậm 4 ngày"]
    assert [item["at"] for item in items] == ["Nộp lúc 08:00 ngày 10/07/2023"] * 2
    assert [item["named"] for item in items] == [False, True]
    assert items[0]["receipt"] == f"/report/{reported().id}/receipt/2"


def test_the_newest_are_shown_and_the_rest_is_counted(ecd: Programme) -> None:
    months = [f"{year}-{month:02}" for year in (2022, 2023) for month in range(1, 13)]
    rows = [(reported(period), NOW - timedelta(hours=at)) for at, period in enumerate(months)]
    shown = section(ecd, rows[::-1])
    assert [item["title"].partition(", ")[2] for item in shown["handed_in"]] == months[:MOST]
    assert shown["more_handed_in"] == "Còn 4 báo cáo đã nộp khác không hiển thị tại đây."


@pytest.fixture(scope="module")
def page(browser: Browser, office: Office) -> Iterator[Visit]:
    """A phone with which the commune's chairman has handed in the report that his letter asked for."""
    with visiting(browser, office, PHONE) as visit:
        entered(visit, *AN)
        answered(visit, REPORT).get_by_role("button", name="Nộp báo cáo").click()
        visit.page.wait_for_url("**/receipt/1")
        wait_until(lambda: visit.go("/") is None and handed_in(visit.page) != "", "it isn't owed any more")
        yield visit


def handed_in(page: Page) -> str:
    return page.locator("#handed-in").inner_text().strip()


def test_the_desk_leads_to_the_receipt_and_to_the_correction(page: Visit, tmp_path: Path) -> None:
    page.go("/")
    said = handed_in(page.page)
    assert said.startswith("Báo cáo đã nộp")
    assert re.search(r"Đã nộp, chậm\s+Nộp lúc \d\d:\d\d ngày 21/03/2023\s+Nộp chậm 4 ngày so với hạn 17:00", said), said
    assert "Nêu trong thư" not in said
    page.looked_at("desk-handed-in", tmp_path)
    page.page.get_by_role("link", name="Xem biên nhận").click()
    assert page.page.get_by_role("heading", name="Đã nhận báo cáo").is_visible()
    page.go("/")
    page.page.get_by_role("link", name="Sửa số liệu").click()
    assert page.page.url.endswith(REPORT)
    assert page.page.get_by_role("heading", name="Các lần nộp").is_visible()


def test_the_letter_s_link_marks_there_what_the_letter_named(page: Visit, office: Office) -> None:
    page.go(office.link_of("nguyen.an@example.vn"))
    page.page.get_by_role("button", name="Vào với tư cách Nguyễn An").click()
    page.page.get_by_role("heading", name="Bàn làm việc").wait_for()
    assert "Nêu trong thư" in handed_in(page.page)


def test_nobody_else_has_it_on_their_desk(page: Visit, office: Office, person: httpx.Client) -> None:
    for name, unit in (XUAN, (BINH, "186")):
        assert "Báo cáo đã nộp" not in at_desk(office, person, name, unit)


def test_who_handed_it_in_last_is_at_the_newest_receipt(page: Visit) -> None:
    answered(page, REPORT, "413").get_by_role("button", name="Nộp phần sửa").click()
    page.page.wait_for_url("**/receipt/2")
    page.go("/")
    assert page.page.locator("#handed-in a").first.get_attribute("href") == f"{REPORT}/receipt/2"
    assert "Nộp chậm 4 ngày" in handed_in(page.page)
