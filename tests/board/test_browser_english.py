"""Each page in English, as officers see it who are registered so: on a phone and at a desk, its words read.

Names are data and stay as they are: of people, places and what others have typed. Screenshots are files of the run.
"""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page

from deploy.local.rabbitmq import RabbitMQ
from deploy.local.stack import LocalStack
from tests.board.conftest import OFFICERS
from tests.board.office import Office, running_office
from tests.board.test_browser import AN, DESK, PHONE, obstacle_link
from tests.conftest import NewDatabase
from tests.system import access, kip, wait_until

# Letters that English hasn't: what holds one is Vietnamese, and has to be a name.
VIETNAMESE = re.compile(r"[^\n]*[ăâđêôơưàảãáạằẳẵắặầẩẫấậèẻẽéẹềểễếệìỉĩíịòỏõóọồổỗốộờởỡớợùủũúụừửữứựỳỷỹýỵ][^\n]*", re.I)
NAMES = re.compile(
    r"Nguyễn An|Trần Bình|Kịp|[Xx]ã \w+ \w+|Thị trấn Hữu Lũng|[Hh]uyện Hữu Lũng|Chủ tịch|"
    r"Trạm y tế thiếu cân trẻ em( và thước đo chiều cao)?"
)


class Look:
    """A browser's window in English, and what it has seen."""

    def __init__(self, page: Page, office: Office, pictures: Path) -> None:
        self.page, self.office, self.pictures = page, office, pictures
        self.foreign: dict[str, set[str]] = {}

    def go(self, path: str) -> None:
        self.page.goto(path if path.startswith("http") else f"{self.office.url}{path}")

    def press(self, name: str) -> None:
        control = self.page.get_by_role("button", name=name).or_(self.page.get_by_role("link", name=name))
        control.first.click()

    def at(self, name: str) -> None:
        """Hold the page against what every page is, and keep pictures of it."""
        page = self.page
        assert page.evaluate("document.documentElement.lang") == "en", name
        for size in (PHONE, DESK):
            page.set_viewport_size(size)
            assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth"), f"{name} is too wide"
            page.screenshot(path=self.pictures / f"{name}.{size['width']}.png", full_page=True)
        words = NAMES.sub("", f"{page.title()}\n{page.locator('body').inner_text()}")
        foreign = set(VIETNAMESE.findall(words))
        if foreign:
            self.foreign[name] = foreign


@pytest.fixture(scope="module")
def office(
    stack: LocalStack,
    rabbitmq: RabbitMQ,
    session_database: NewDatabase,
    loaded_template: str,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Office]:
    folder = tmp_path_factory.mktemp("english-office")
    database, officers = session_database(loaded_template), OFFICERS.replace(",vi\n", ",en\n")
    with running_office(stack, rabbitmq.add_vhost(folder.name), database, folder, officers) as running:
        yield running


@pytest.fixture(scope="module")
def pictures(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("english")


@pytest.fixture
def look(browser: Browser, office: Office, pictures: Path) -> Iterator[Look]:
    context = browser.new_context(viewport=PHONE, locale="en-GB")
    looking = Look(context.new_page(), office, pictures)
    yield looking
    context.close()


def test_the_way_in_and_the_desk_are_english(look: Look, office: Office) -> None:
    pages = {"nobody": "/", "no-page": "/nowhere", "bad-link": "/l/x", "renewed": "/renewed", "paused": "/paused",
             "mute": office.button_of(AN), "link": office.link_of(AN)}  # fmt: skip
    for name, path in pages.items():
        look.go(path)
        look.at(name)
    look.press("Enter as Nguyễn An")
    look.at("named")
    look.press("Verify this device")
    look.at("verify")
    before = len(office.mails_to(AN))
    look.press("Send a code to")
    look.at("code")
    look.page.get_by_label("Code").fill("12")
    look.press("Verify")
    look.at("code-wrong")
    look.page.get_by_label("Code").fill(office.code_of(AN, before))
    look.press("Verify")
    look.at("desk")
    look.go("/pause")
    look.at("pause")
    look.page.locator("form button").last.click()
    look.at("pause-wrong")
    assert look.foreign == {}


def test_what_the_level_above_sees_is_english(look: Look, office: Office) -> None:
    link = kip("board", "link", "Trần Bình", "--unit", "186", "--verified", environment=office.environment).strip()
    look.go(obstacle_link(office, "06430"))
    look.page.get_by_role("button").first.click()
    look.at("named-obstacles")
    look.go(link)
    look.at("invited")
    look.page.get_by_role("button").first.click()
    look.at("desk-above")
    look.press("Extend or waive")
    look.at("decision")
    look.page.locator("[name=until]").fill("16/3/2023")
    look.page.locator("[name=reason]").first.fill("floods")
    look.press("Extend")
    look.at("decision-wrong")
    assert look.foreign == {}


def test_the_form_and_the_sheet_are_english(look: Look, office: Office) -> None:
    link = kip("board", "link", "Nguyễn An", "--unit", "06412", "--verified", environment=office.environment).strip()
    owed, page = "/report/ecd-1437~progress-quarterly~06412@1~ubnd-xa~2023-Q1~0", look.page
    look.go(link)
    page.get_by_role("button").first.click()
    look.go(owed)
    look.at("report")
    look.go(f"{owed}/sheet")
    look.at("sheet")
    file = {"name": "a.xlsx", "mimeType": "application/octet-stream", "buffer": b"no sheet"}
    page.locator("input[type=file]").set_input_files([file])
    page.locator("form button").last.click()
    look.at("sheet-wrong")
    look.go(owed)
    page.locator(".tasks a").first.click()
    look.at("figure")
    for numerator, name in (("1500", "figure-wrong"), ("402", "figure-of-persons")):
        page.locator("[name=numerator]").fill(numerator)
        page.locator("[name=denominator]").fill("412")
        look.press("Continue")
        look.at(name)
    page.locator("[name=numerator]").fill("300")
    page.locator("[name=denominator]").fill("900")
    look.press("Continue")
    look.at("activities")
    look.press("Add an activity")
    look.at("activity-type")
    page.get_by_role("radio").first.check()
    look.press("Continue")
    look.at("activity")
    look.press("Save")
    look.at("activity-wrong")
    for field, typed in (("day", "9"), ("month", "3"), ("year", "2023")):
        page.locator(f"[name='held_on.{field}']").fill(typed)
    page.locator("[name='participants.parent']").fill("1")
    page.locator("select").first.select_option(index=1)
    look.press("Save")
    look.at("activities-added")
    look.go(f"{owed}/problems")
    look.at("problems")
    look.press("Add")
    look.at("problems-wrong")
    page.locator("textarea").fill("Trạm y tế thiếu cân trẻ em")
    look.press("Add")
    look.at("problems-added")
    look.go(f"{owed}/check")
    look.at("check")
    look.press("Hand in")
    page.wait_for_url("**/receipt/1")
    look.at("receipt")
    assert office.post([access("06412", 390, revision=9)]).status_code == 202
    wait_until(lambda: "390 of 530" in page.reload().text(), "it is changed")
    look.at("receipt-changed")
    look.go("/")
    wait_until(lambda: "390 of 530" in page.reload().text(), "the desk says so")
    look.at("desk-changed")
    look.go("/report/x")
    look.at("no-report")
    assert look.foreign == {}
