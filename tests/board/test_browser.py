"""Each page as a person sees it: on a phone and at a desk, with and without JavaScript, by keyboard, light and dark.

Screenshots are files of the run, in pytest's folder (`pictures`).
"""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page

from tests.board.conftest import Office
from tests.board.sheets import Book
from tests.system import access, event, kip, wait_until

PHONE, DESK = {"width": 360, "height": 780}, {"width": 1280, "height": 900}
MOST_BYTES = 60_000
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]  # contrast is one of wcag2aa
# Of the page and its files, kept by the browser or not.
BYTES = """[...performance.getEntriesByType("navigation"), ...performance.getEntriesByType("resource")]
  .reduce((total, entry) => total + entry.decodedBodySize, 0)"""
AN, XUAN, BINH = "nguyen.an@example.vn", "xuan@example.vn", "binh@example.vn"


class Visit:
    """A browser's window, with what it has asked for and what was reported to it."""

    def __init__(self, context: BrowserContext, office: Office) -> None:
        self.office = office
        self.page: Page = context.new_page()
        self.asked: list[str] = []
        self.faults: list[str] = []
        self.page.on("request", lambda request: self.asked.append(request.url))
        self.page.on("console", self._said)
        self.page.on("pageerror", lambda error: self.faults.append(str(error)))

    def _said(self, said: ConsoleMessage) -> None:
        """Keep errors. Chromium calls a page that is a refusal one as well; a file that isn't there is one."""
        refused = "status of 4" in said.text and "/static/" not in said.location["url"]
        if said.type == "error" and not refused:
            self.faults.append(said.text)

    def go(self, path: str) -> None:
        self.asked.clear()
        self.faults.clear()
        self.page.goto(path if path.startswith("http") else f"{self.office.url}{path}")

    def looked_at(self, name: str, pictures: Path) -> None:
        """Hold the page against what every page has to be, and keep a picture of it, light and dark."""
        page = self.page
        page.emulate_media(color_scheme="light")
        found = Axe().run(page, options={"runOnly": RULES, "resultTypes": ["violations"]})
        assert found.violations_count == 0, f"{name}: {found.generate_report()}"
        assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth"), f"{name} is too wide"
        assert [url for url in self.asked if not url.startswith(self.office.url)] == []
        assert self.faults == []
        assert page.evaluate(BYTES) <= MOST_BYTES, name
        width = page.viewport_size["width"]
        page.screenshot(path=pictures / f"{name}.{width}.light.png", full_page=True)
        page.emulate_media(color_scheme="dark")
        dark = Axe().run(page, options={"runOnly": ["color-contrast"], "resultTypes": ["violations"]})
        assert dark.violations_count == 0, f"{name}, dark: {dark.generate_report()}"
        page.screenshot(path=pictures / f"{name}.{width}.dark.png", full_page=True)
        page.emulate_media(color_scheme="light")


@pytest.fixture(scope="module")
def pictures(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("pictures")


@contextmanager
def visiting(browser: Browser, office: Office, size: dict[str, int], scripts: bool = True) -> Iterator[Visit]:
    context = browser.new_context(viewport=size, locale="vi-VN", java_script_enabled=scripts)
    yield Visit(context, office)
    context.close()


@pytest.mark.parametrize("size", [PHONE, DESK], ids=["phone", "desk"])
def test_every_page_on_the_way_in_is_sound(browser: Browser, office: Office, pictures: Path, size) -> None:
    with visiting(browser, office, size) as visit:
        visit.page.goto(f"{office.url}/")
        visit.looked_at("nobody", pictures)
        visit.go(office.button_of(AN))
        visit.looked_at("mute", pictures)
        visit.go("/paused")
        visit.looked_at("paused", pictures)
        visit.go(office.link_of(AN))
        visit.looked_at("link", pictures)
        visit.page.get_by_role("button", name="Vào với tư cách Nguyễn An").click()
        assert visit.page.url == f"{office.url}/"
        visit.looked_at("named", pictures)
        visit.page.get_by_role("link", name="Xác nhận thiết bị").click()
        visit.looked_at("verify", pictures)
        before = len(office.mails_to(AN))
        visit.page.get_by_role("button", name="Gửi mã xác nhận tới").click()
        visit.looked_at("code", pictures)
        visit.page.get_by_label("Mã xác nhận").fill("12")
        visit.page.get_by_role("button", name="Xác nhận", exact=True).click()
        visit.looked_at("code-wrong", pictures)
        visit.page.get_by_label("Mã xác nhận").fill(office.code_of(AN, before))
        visit.page.get_by_role("button", name="Xác nhận", exact=True).click()
        assert visit.page.url == f"{office.url}/"
        visit.looked_at("desk", pictures)
        visit.page.get_by_role("link", name="Lập báo cáo").first.click()
        visit.looked_at("report", pictures)
        visit.page.locator(".tasks a").first.click()
        visit.looked_at("figure", pictures)


def test_the_way_in_goes_by_keyboard_alone_and_without_scripts(browser: Browser, office: Office) -> None:
    with visiting(browser, office, PHONE, scripts=False) as visit:
        page, keys = visit.page, visit.page.keyboard

        def tab_to(name: str) -> None:
            for _ in range(30):
                keys.press("Tab")
                if name in (page.locator(":focus").first.text_content() or ""):
                    return
            raise AssertionError(f"no {name} among what the keyboard reaches")

        visit.go(office.link_of(XUAN))
        keys.press("Tab")
        assert page.locator(":focus").text_content() == "Đến nội dung chính"
        tab_to("Vào với tư cách Lò Thị Xuân")
        keys.press("Enter")
        page.wait_for_url(f"{office.url}/")
        tab_to("Xác nhận thiết bị")
        keys.press("Enter")
        page.wait_for_url(f"{office.url}/verify")
        before = len(office.mails_to(XUAN))
        tab_to("Gửi mã xác nhận tới")
        keys.press("Enter")
        page.get_by_label("Mã xác nhận").focus()
        keys.type(office.code_of(XUAN, before))
        keys.press("Enter")
        page.wait_for_url(f"{office.url}/")
        assert page.get_by_role("heading", name="Bàn làm việc").is_visible()
        assert visit.faults == []


def obstacle_link(office: Office, unit: str) -> str:
    """Have a commune's app raise an obstacle; the link in the district's letter about it."""
    data = {"record": f"seen-{unit}", "agency": "ubnd-xa", "text": "Trạm y tế thiếu cân trẻ em và thước đo chiều cao."}
    before = len(office.mails_to(BINH))
    assert office.post([event("problem.raised", unit, data)]).status_code == 202
    wait_until(lambda: len(office.mails_to(BINH)) > before, "the letter came")
    text = office.mails_to(BINH)[-1].get_body(("plain",)).get_content()
    return re.findall(rf"{office.url}(/l/\S+)", text)[0]


@pytest.mark.parametrize("size", [PHONE, DESK], ids=["phone", "desk"])
def test_every_page_of_the_level_above_is_sound(browser: Browser, office: Office, pictures: Path, size) -> None:
    link = kip("board", "link", "Trần Bình", "--unit", "186", "--verified", environment=office.environment).strip()
    with visiting(browser, office, size) as visit:
        visit.go(obstacle_link(office, "06430" if size is PHONE else "06421"))
        visit.page.get_by_role("button").first.click()
        visit.looked_at("named-obstacles", pictures)
        visit.go(link)
        visit.looked_at("invited", pictures)
        visit.page.get_by_role("button").first.click()
        visit.looked_at("desk-above", pictures)
        visit.page.get_by_role("link", name="Gia hạn hoặc miễn").first.click()
        visit.looked_at("decision", pictures)
        visit.page.get_by_role("button", name="Gia hạn").click()
        visit.looked_at("decision-wrong", pictures)
        visit.go("/pause")
        visit.looked_at("pause", pictures)
        visit.page.get_by_role("button", name="Tạm dừng nhắc nhở").click()
        visit.looked_at("pause-wrong", pictures)
        visit.go("/nowhere")
        visit.looked_at("no-page", pictures)


@pytest.mark.parametrize(
    ("size", "name", "unit"), [(PHONE, "Lò Thị Xuân", "06427"), (DESK, "Nguyễn An", "06412")], ids=["phone", "desk"]
)
def test_every_page_of_the_form_is_sound(
    browser: Browser, office: Office, pictures: Path, size, name: str, unit: str
) -> None:
    link = kip("board", "link", name, "--unit", unit, "--verified", environment=office.environment).strip()
    owed = f"/report/ecd-1437~progress-quarterly~{unit}@1~ubnd-xa~2023-Q1~0"
    with visiting(browser, office, size) as visit:
        page = visit.page
        go_on = page.get_by_role("button", name="Tiếp tục")
        visit.go(link)
        page.get_by_role("button").first.click()
        visit.go(owed)
        visit.looked_at("report", pictures)
        page.get_by_role("link", name="Tiếp tục").click()
        visit.looked_at("figure", pictures)
        page.locator("[name=numerator]").fill("1.500")
        page.locator("[name=denominator]").fill("412")
        go_on.click()
        visit.looked_at("figure-wrong", pictures)
        page.locator("[name=numerator]").fill("402")
        page.locator("summary").first.click()
        for part in page.locator("details").first.locator("input").all()[:2]:
            part.fill("201")
        visit.looked_at("figure-parts", pictures)
        go_on.click()
        page.get_by_role("checkbox").check()
        go_on.click()
        visit.looked_at("activities", pictures)
        page.get_by_role("link", name="Thêm hoạt động").click()
        visit.looked_at("activity-type", pictures)
        page.get_by_role("radio").first.check()
        go_on.click()
        page.get_by_role("button", name="Lưu").click()
        visit.looked_at("activity-wrong", pictures)
        for field, typed in (("day", "9"), ("month", "3"), ("year", "2023")):
            page.locator(f"[name='held_on.{field}']").fill(typed)
        page.locator("[name='participants.parent']").fill("24")
        page.locator("select").first.select_option(index=1)
        page.locator("summary").click()
        for line in page.locator("[name^='money.']").all():
            line.fill("123 456 789 000")
        page.get_by_role("button", name="Lưu").click()
        visit.looked_at("activities-added", pictures)
        visit.go(f"{owed}/problems")
        page.get_by_role("button", name="Thêm").click()
        visit.looked_at("problems-wrong", pictures)
        page.locator("textarea").fill(f"Trạm y tế thiếu cân trẻ em, {'cân' * 30}")
        page.get_by_role("button", name="Thêm").click()
        visit.looked_at("problems", pictures)
        visit.go(f"{owed}/check")
        visit.looked_at("check", pictures)
        page.get_by_role("button", name="Nộp báo cáo").click()
        visit.looked_at("receipt", pictures)
        assert office.post([access(unit, 390, revision=9)]).status_code == 202
        wait_until(lambda: "→ 390 trên 530" in page.reload().text(), "it is changed")
        visit.looked_at("receipt-changed", pictures)
        visit.go("/")
        wait_until(lambda: "Số liệu thay đổi sau khi nộp" in page.reload().text(), "the desk says so")
        visit.looked_at("desk-changed", pictures)
        visit.go(f"{owed}/problems")
        wait_until(lambda: "Ghi là đã giải quyết" in page.reload().text(), "the obstacle waits")
        visit.looked_at("problems-waiting", pictures)
        page.get_by_role("button", name="Ghi là đã giải quyết").click()
        visit.looked_at("problems-resolved", pictures)
        visit.go(f"{owed}/check")
        visit.looked_at("check-resolved", pictures)
        visit.go(owed)
        visit.looked_at("report-again", pictures)
        visit.go("/report/x")
        visit.looked_at("no-report", pictures)


@pytest.mark.parametrize(
    ("size", "name", "unit"), [(PHONE, "Hoàng Giang", "06400"), (DESK, "Jo Smith", "06403")], ids=["phone", "desk"]
)
def test_every_page_of_the_sheet_is_sound_and_goes_by_keyboard(
    browser: Browser, office: Office, pictures: Path, size, name: str, unit: str
) -> None:
    link = kip("board", "link", name, "--unit", unit, "--verified", environment=office.environment).strip()
    owed = f"/report/ecd-1437~progress-quarterly~{unit}@1~ubnd-xa~2023-Q1~0"
    with visiting(browser, office, size) as visit:
        page, keys = visit.page, visit.page.keyboard

        def press(called: str) -> None:
            for _ in range(40):
                keys.press("Tab")
                if called in page.evaluate("document.activeElement.textContent"):
                    keys.press("Enter")
                    return
            raise AssertionError(f"no {called} among what the keyboard reaches")

        def upload(content: bytes, called: str) -> None:
            file = {"name": "phiếu.xlsx", "mimeType": "application/octet-stream", "buffer": content}
            page.get_by_label("Phiếu đã điền").set_input_files([file])
            press("Nộp phiếu tại đây")
            page.get_by_role("heading", name=called).first.wait_for()

        visit.go(link)
        page.get_by_role("button").first.click()
        visit.go(owed)
        with page.expect_download() as download:
            press("Tải phiếu của tôi")
        assert download.value.suggested_filename.startswith("Phiếu báo cáo ")
        sheet = Book(Path(download.value.path()).read_bytes())
        press("Nộp phiếu tại đây")
        page.get_by_role("heading", name="Lập báo cáo bằng bảng tính").wait_for()
        visit.looked_at("sheet", pictures)
        sheet.figure("child-service-access", "1.234", 5000)
        sheet.figure("knowledge-skills-provided", 900, 300)
        upload(sheet.saved(), "Chưa lấy được phiếu: có chỗ cần sửa")
        visit.looked_at("sheet-wrong", pictures)
        sheet.figure("child-service-access", "1 234", 5000)
        sheet.figure("knowledge-skills-provided", 300, 900)
        sheet.book.create_sheet("Nháp").append(["tính thử"])
        upload(sheet.saved(), "Đã điền vào báo cáo")
        visit.looked_at("sheet-taken", pictures)
        press("Kiểm tra và nộp")
        page.get_by_role("heading", name="Kiểm tra trước khi nộp").wait_for()
        press("Nộp báo cáo")
        page.get_by_role("heading", name="Đã nhận báo cáo").wait_for()
        assert "1.234 trên 5.000" in (page.text_content("main") or "")


def printed(visit: Visit, name: str, pictures: Path) -> None:
    """Hold the page as it is printed against what paper needs, and keep it as a PDF."""
    page = visit.page
    page.emulate_media(media="print")
    shown = page.evaluate(
        "[...document.querySelectorAll('button, input, summary, .button, .back, .skip, footer, [role=status] a')]"
        ".filter((it) => it.checkVisibility({visibilityProperty: true})).map((it) => it.textContent.trim())"
    )
    assert shown == [], f"{name}: nobody presses paper"
    page.set_viewport_size({"width": 718, "height": 1000})  # of A4, between margins of 10 mm
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth"), f"{name} is cut"
    pale = Axe().run(page, options={"runOnly": ["color-contrast"], "resultTypes": ["violations"]})
    assert pale.violations_count == 0, f"{name}: {pale.generate_report()}"
    margin = dict.fromkeys(("top", "right", "bottom", "left"), "10mm")
    paper = page.pdf(path=pictures / f"{name}.pdf", format="A4", margin=margin)
    assert 1 <= paper.count(b"/Type /Page\n") <= 2, name
    page.emulate_media(media="screen")


def test_what_is_printed_is_what_an_office_files(browser: Browser, office: Office, pictures: Path) -> None:
    link = kip("board", "link", "Đặng Minh", "--unit", "06406", "--verified", environment=office.environment).strip()
    owed = "/report/ecd-1437~progress-quarterly~06406@1~ubnd-xa~2023-Q1~0"
    with visiting(browser, office, DESK) as visit:
        page = visit.page
        visit.go(link)
        page.get_by_role("button").first.click()
        printed(visit, "desk", pictures)
        visit.go(owed)
        page.locator(".tasks a").first.click()
        for _ in range(2):
            page.locator("[name=numerator]").fill("402")
            page.locator("[name=denominator]").fill("412")
            page.get_by_role("button", name="Tiếp tục").click()
        page.wait_for_url("**/activities")
        visit.go(f"{owed}/check")
        printed(visit, "check", pictures)
        page.get_by_role("button", name="Nộp báo cáo").click()
        page.wait_for_url("**/receipt/1")
        printed(visit, "receipt", pictures)
