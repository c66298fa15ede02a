"""What is unusual as a person sees it, typed and by a sheet, of a period that isn't over: each page is sound."""

from pathlib import Path

import pytest
from playwright.sync_api import Browser

from tests.board.conftest import Office
from tests.board.sheets import ACCESS, KNOWLEDGE, Book
from tests.board.test_browser import DESK, PHONE, visiting
from tests.system import access, kip


@pytest.fixture(scope="module")
def pictures(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("unusual")


@pytest.mark.parametrize(
    ("size", "name", "unit"), [(PHONE, "Nguyễn An", "06412"), (DESK, "Lò Thị Xuân", "06427")], ids=["phone", "desk"]
)
def test_what_is_unusual_is_told_on_every_page_up_to_the_hand_in(
    browser: Browser, office: Office, pictures: Path, size: dict[str, int], name: str, unit: str
) -> None:
    made = access(unit, 477, 1)
    made["data"] |= {"period": "2023-Q1", "denominator": 530, "breakdown": []}
    assert office.post([made]).status_code == 202
    asked = {"programme": "ecd-1437", "unit": f"{unit}@1", "agency": "ubnd-xa", "period": "2023-Q1"}
    office.wait_until(lambda: bool(office.read("/v1/records", **asked).json()["rows"]), "it counts")
    link = kip("board", "link", name, "--unit", unit, "--verified", environment=office.environment).strip()
    owed = f"/report/ecd-1437~progress-quarterly~{unit}@1~ubnd-xa~2023-Q2~0"
    with visiting(browser, office, size) as visit:
        page = visit.page
        visit.go(link)
        page.get_by_role("button").first.click()
        page.get_by_role("heading", name="Bàn làm việc").wait_for()
        visit.go(f"{owed}/sheet")
        with page.expect_download() as download:
            page.get_by_role("link", name="Tải phiếu của tôi").click()
        sheet = Book(Path(download.value.path()).read_bytes())
        cell = sheet.figure(ACCESS, 106, 530)
        sheet.figure(KNOWLEDGE, 300, 900)
        file = {"name": "phiếu.xlsx", "mimeType": "application/octet-stream", "buffer": sheet.saved()}
        page.get_by_label("Phiếu đã điền").set_input_files([file])
        page.get_by_role("button", name="Nộp phiếu tại đây").click()
        page.get_by_role("heading", name="Đã điền vào báo cáo").wait_for()
        told = page.get_by_role("link", name=f"ô {cell}: Kết quả là 20%, trong khi quý I năm 2023 là 90%")
        visit.looked_at("sheet-unusual", pictures)
        told.click()
        page.get_by_role("heading", name="Số liệu khác thường").wait_for()
        visit.looked_at("figure-unusual", pictures)
        page.locator("[name='reason.ratio_changed']").fill("Trạm y tế đóng cửa hai tháng")
        page.get_by_role("button", name="Tiếp tục").click()
        page.wait_for_url(f"**/{KNOWLEDGE}/2023-Q2")
        page.go_back()
        page.locator("[name=numerator]").fill("110")
        page.get_by_role("button", name="Tiếp tục").click()
        page.get_by_text("đề nghị xem lại lý do rồi nhấn lại").first.wait_for()
        assert page.locator("[name='reason.ratio_changed']").input_value() == "Trạm y tế đóng cửa hai tháng"
        visit.looked_at("figure-confirmed-again", pictures)
        visit.go(f"{owed}/check")
        assert page.get_by_text("Kỳ báo cáo kết thúc ngày 14/06/2023").is_visible()
        assert page.get_by_text("Đề nghị ghi lý do trước khi nộp.").is_visible()
        visit.looked_at("check-unusual", pictures)
