"""The three modules in a browser: what waits is seen to come, what was typed stays, what is wrong is said as typed."""

import asyncio
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import pairwise
from pathlib import Path

import asyncpg
import pytest
from playwright.sync_api import Browser, Page

from services.board.pages import static_files
from services.board.report import routes
from tests.board.conftest import Office
from tests.board.test_browser import DESK, Visit, visiting
from tests.system import kip, wait_until

AN, XUAN, GIANG = ("Nguyễn An", "06412"), ("Lò Thị Xuân", "06427"), ("Hoàng Giang", "06400")
KEPT = "Object.keys(localStorage)"


def owed(unit: str, period: str) -> str:
    return f"/report/ecd-1437~progress-quarterly~{unit}@1~ubnd-xa~{period}~0"


def first_figure(visit: Visit, report: str) -> str:
    """Go to a report's first figure by its tasks; its address."""
    visit.go(report)
    visit.page.locator(".tasks a").first.click()
    visit.page.wait_for_url("**/figure/**")
    return visit.page.url


def entered(visit: Visit, name: str, unit: str) -> Page:
    """Enter as an officer whose device an operator has verified."""
    visit.go(kip("board", "link", name, "--unit", unit, "--verified", environment=visit.office.environment).strip())
    visit.page.get_by_role("button").first.click()
    visit.page.get_by_role("heading", name="Bàn làm việc").wait_for()
    return visit.page


@pytest.fixture
def visit(browser: Browser, office: Office) -> Iterator[Visit]:
    with visiting(browser, office, DESK) as visit:
        visit.page.set_default_timeout(10_000)
        yield visit


@contextmanager
def held(office: Office, *tables: str) -> Iterator[Callable[[], None]]:
    """Keep writers out of tables, while readers go on; what is yielded lets them in."""
    locked, ends = threading.Event(), threading.Event()

    async def hold() -> None:
        connection = await asyncpg.connect(office.database_url)
        try:
            async with connection.transaction():
                await connection.execute(f"LOCK TABLE {', '.join(tables)} IN EXCLUSIVE MODE")
                locked.set()
                await asyncio.to_thread(ends.wait, 120)
        finally:
            await connection.close()

    holding = threading.Thread(target=lambda: asyncio.run(hold()))
    holding.start()
    try:
        assert locked.wait(60)
        yield ends.set
    finally:
        ends.set()
        holding.join()


def answered(visit: Visit, report: str, numerator: str = "412") -> Page:
    """Answer all figures; the page before handing in."""
    page = visit.page
    first_figure(visit, report)
    for _ in range(2):
        page.locator("[name=numerator]").fill(numerator)
        page.locator("[name=denominator]").fill("530")
        page.get_by_role("button", name="Tiếp tục").click()
    page.wait_for_url("**/activities")
    visit.go(f"{report}/check")
    return page


def asks(page: Page, path: str) -> list[str]:
    """What is asked for again of a page from now on."""
    found: list[str] = []
    page.on("request", lambda request: found.append(request.url) if request.url.endswith(path) else None)
    return found


def test_a_receipt_says_that_it_counts_without_being_loaded_again(visit: Visit, office: Office) -> None:
    entered(visit, *AN)
    report = owed("06412", "2023-Q1")
    page = answered(visit, report)
    with held(office, "aggregation.ledger") as let_go:
        page.get_by_role("button", name="Nộp báo cáo").click()
        page.wait_for_url("**/receipt/1")
        status = page.get_by_role("status")
        assert status.inner_text() == "Đang tính vào số liệu, thường xong trong vài giây. Tải lại trang"
        page.evaluate("window.before = true")
        status.get_by_role("link").focus()
        asked = asks(page, "/receipt/1")
        wait_until(lambda: page.wait_for_timeout(200) is None and len(asked) >= 2, "it is asked for again")
        assert status.get_by_role("link").evaluate("link => link === document.activeElement"), "nothing has changed"
        let_go()
        page.get_by_text("Đã tính vào số liệu.").wait_for()
    assert page.evaluate("window.before")
    assert page.evaluate("document.activeElement.id") == "outcome"
    asked.clear()
    page.wait_for_timeout(3000)
    assert asked == [], "what has come isn't asked for any more"


def test_the_desk_lets_go_of_what_was_handed_in(visit: Visit, office: Office) -> None:
    entered(visit, *XUAN)
    report = owed("06427", "2023-Q1")
    page = answered(visit, report)
    with held(office, "notifications.obligation") as let_go:
        page.get_by_role("button", name="Nộp báo cáo").click()
        page.wait_for_url("**/receipt/1")
        page.get_by_role("link", name="Về trang chính").click()
        row = page.locator("#owed").get_by_role("listitem").filter(has=page.locator(f"a[href='{report}']"))
        assert "Đã nộp, đang tính" in row.inner_text()
        other = page.locator(f"a[href='{owed('06427', '2023-Q2')}']")
        other.focus()
        let_go()
        row.wait_for(state="detached", timeout=60_000)
    assert other.evaluate("link => link === document.activeElement")
    assert page.get_by_role("status").inner_text() == ""
    assert page.locator("#handed-in a").first.get_attribute("href") == f"{report}/receipt/1", "where it stands now"


def test_it_asks_ever_less_often_not_for_ever_and_not_in_the_background(visit: Visit, office: Office) -> None:
    entered(visit, *GIANG)
    page = answered(visit, owed("06400", "2023-Q1"))
    with held(office, "aggregation.ledger"):
        page.get_by_role("button", name="Nộp báo cáo").click()
        page.wait_for_url("**/receipt/1")
        page.clock.install()
        page.add_init_script(
            "const real = fetch; window.asked = []; window.waits = 0; window.fetch = (...all) => "
            "(asked.push(Date.now()), waits++, real(...all).finally(() => waits--))"
        )
        page.reload()

        def after(seconds: int) -> list[int]:
            """When it has asked by then, by the page's clock, each answer having come."""
            for _ in range(seconds):
                page.clock.run_for(1000)
                wait_until(lambda: page.evaluate("waits") == 0, "it is answered")
                page.wait_for_timeout(50)
            return list(page.evaluate("asked"))

        first = after(24)
        pauses = [round((later - sooner) / 1000) for sooner, later in pairwise(first)]
        assert len(pauses) >= 3
        assert all(least <= pause < least + 4 for pause, least in zip(pauses, (2, 4, 8, 10), strict=False)), pauses
        page.evaluate("Object.defineProperty(document, 'hidden', {get: () => window.away, configurable: true})")
        page.evaluate("window.away = true; document.dispatchEvent(new Event('visibilitychange'))")
        assert after(20) == first
        page.evaluate("window.away = false; document.dispatchEvent(new Event('visibilitychange'))")
        spent = after(130)
        assert 11 <= len(spent) <= 13
        assert after(30) == spent
        page.evaluate("dispatchEvent(new Event('online'))")
        assert len(after(2)) == len(spent) + 1
    assert visit.faults == []


def test_a_page_that_is_refused_meanwhile_changes_nothing(visit: Visit, office: Office) -> None:
    entered(visit, *XUAN)
    page = answered(visit, owed("06427", "2023-Q1"), "413")
    with held(office, "aggregation.ledger"):
        page.get_by_role("button", name="Nộp phần sửa").click()
        page.wait_for_url("**/receipt/2")
        visit.page.context.clear_cookies()
        asked = asks(page, "/receipt/2")
        wait_until(lambda: page.wait_for_timeout(200) is None and len(asked) >= 2, "it is asked for again")
        assert page.get_by_role("heading", name="Đã nhận báo cáo").is_visible()


def test_whatever_a_region_was_it_becomes_what_has_come_and_what_is_the_same_stays(visit: Visit) -> None:
    page = entered(visit, *AN)
    address = page.locator("script[src*='live.js']").get_attribute("src")
    assert page.evaluate(
        """async (address) => {
          const { morph } = await import(address);
          let seed = 7;
          const random = (most) => (seed = (seed * 1103515245 + 12345) % 2147483648) % most;
          const tree = (depth) => {
            if (!depth || !random(3)) return document.createTextNode("abc".slice(random(3)));
            const made = document.createElement(["p", "ul", "b"][random(3)]);
            if (!random(2)) made.className = "xy".slice(random(2));
            const names = new Set();
            for (let at = random(5); at > 0; at--) {
              const child = tree(depth - 1), id = `n${random(6)}`;
              if (child.id === "" && !random(2) && !names.has(id)) names.add(child.id = id);
              made.append(child);
            }
            return made;
          };
          for (let at = 0; at < 2000; at++) {
            const [old, fresh] = [0, 1].map(() => document.createElement("div"));
            for (const made of [old, fresh]) made.append(tree(4), tree(4));
            const wanted = fresh.cloneNode(true);
            morph(old, fresh);
            if (!old.isEqualNode(wanted)) return `${at}: ${old.outerHTML} is not ${wanted.outerHTML}`;
          }
          const region = document.getElementById("owed"), fresh = region.cloneNode(true);
          const inside = "<summary>s</summary><input id=i value=a></details>";
          region.insertAdjacentHTML("beforeend", `<details open id=d>${inside}`);
          fresh.insertAdjacentHTML("beforeend", `<p id=n>new</p><details id=d>${inside}`);
          const input = document.getElementById("i");
          input.value = "typed";
          input.focus();
          morph(region, fresh);
          const kept = document.getElementById("i") === input && input === document.activeElement;
          return kept && input.value === "typed" && document.getElementById("d").open && !!document.getElementById("n");
        }""",
        address,
    ) is True  # fmt: skip


def test_what_was_typed_and_not_sent_comes_back_and_goes_once_the_server_has_it(visit: Visit) -> None:
    page = entered(visit, *AN)
    figure = first_figure(visit, owed("06412", "2023-Q2"))
    page.locator("[name=numerator]").fill("412")
    page.locator("[name=denominator]").fill("1.5")
    page.reload()
    assert page.locator("[name=numerator]").input_value() == "412"
    visit.go("/")
    visit.go(figure)
    assert page.locator("[name=denominator]").input_value() == "1.5"
    page.context.set_offline(True)
    page.locator("[name=denominator]").fill("530")
    page.get_by_role("button", name="Tiếp tục").click()
    assert page.locator("[data-offline]").is_visible()
    page.context.set_offline(False)
    page.locator("[data-offline]").wait_for(state="hidden")
    page.reload()
    assert page.locator("[name=denominator]").input_value() == "530"
    page.get_by_role("button", name="Tiếp tục").click()
    page.wait_for_url(lambda url: url != figure)
    visit.go(figure)
    assert page.locator("[name=denominator]").input_value() == "530"
    assert page.evaluate(KEPT) == []
    assert page.locator("[data-newer]").is_hidden()
    assert visit.faults == []


def test_a_number_that_is_typed_as_the_page_writes_it_is_kept_by_the_server_as_one(visit: Visit) -> None:
    page = entered(visit, *GIANG)
    figure = first_figure(visit, owed("06400", "2023-Q2"))
    page.locator("[name=numerator]").fill("1.134")
    page.locator("[name=denominator]").fill("12.000")
    page.keyboard.press("Tab")
    assert page.locator("[name=denominator]").get_attribute("aria-invalid") == "false"
    page.get_by_role("button", name="Tiếp tục").click()
    page.locator(".error-summary").wait_for()  # it is unusual beside the period before
    for reason in page.locator("[name^='reason.']").all():
        reason.fill("Nhập thêm hai xã")
    page.get_by_role("button", name="Tiếp tục").click()
    page.wait_for_url(lambda url: url != figure)
    visit.go(figure)
    assert page.locator("[name=numerator]").input_value() == "1134"
    assert page.locator("[data-newer]").is_hidden()
    assert page.evaluate(KEPT) == []


def test_a_newer_draft_of_the_server_is_shown_and_what_was_typed_is_a_button_away(
    browser: Browser, office: Office, visit: Visit
) -> None:
    page = entered(visit, *XUAN)
    figure = first_figure(visit, owed("06427", "2023-Q2"))
    page.locator("[name=numerator]").fill("407")
    with visiting(browser, office, DESK) as elsewhere:
        entered(elsewhere, *XUAN)
        elsewhere.go(figure)
        elsewhere.page.locator("[name=numerator]").fill("408")
        elsewhere.page.locator("[name=denominator]").fill("530")
        elsewhere.page.get_by_role("button", name="Tiếp tục").click()
        elsewhere.page.wait_for_url(lambda url: url != figure)
    page.reload()
    assert page.locator("[name=numerator]").input_value() == "408"
    notice = page.locator("[data-newer]")
    assert "Phần này đã được sửa ở nơi khác" in notice.inner_text()
    notice.get_by_role("button").click()
    assert page.locator("[name=numerator]").input_value() == "407"
    assert notice.is_hidden()
    page.get_by_role("button", name="Tiếp tục").click()
    page.wait_for_url(lambda url: url != figure)
    visit.go(figure)
    assert (page.locator("[name=numerator]").input_value(), page.evaluate(KEPT)) == ("407", [])


def test_an_obstacle_is_kept_until_it_is_added(visit: Visit) -> None:
    page = entered(visit, *AN)
    visit.go(f"{owed('06412', '2023-Q2')}/problems")
    page.locator("textarea").fill("Trạm y tế thiếu cân")
    page.reload()
    assert page.locator("textarea").input_value() == "Trạm y tế thiếu cân"
    page.get_by_role("button", name="Thêm").click()
    page.locator(".records").get_by_text("Trạm y tế thiếu cân").first.wait_for()
    assert (page.locator("textarea").input_value(), page.evaluate(KEPT)) == ("", [])
    page.get_by_role("button", name="Bỏ").first.click()
    page.wait_for_load_state()
    assert page.locator("textarea").input_value() == ""


def test_what_is_kept_is_one_officer_s_and_goes_when_they_sign_out(visit: Visit) -> None:
    page = entered(visit, *AN)
    visit.go(owed("06412", "2023-Q2"))
    page.locator(".tasks a").nth(1).click()
    page.wait_for_url("**/figure/**")
    figure = page.url
    page.locator("[name=numerator]").fill("3")
    (kept,) = page.evaluate(KEPT)
    assert kept.startswith(f"{kept.split('.')[0]}.0 /report/")
    assert "Nguyễn" not in kept
    entered(visit, *XUAN)
    visit.go(figure)
    assert page.locator("[name=numerator]").count() == 0
    entered(visit, *AN)
    visit.go(figure)
    assert page.locator("[name=numerator]").input_value() == "3"
    page.get_by_role("button", name="Thoát").click()
    page.get_by_text("Ông/Bà chưa vào hệ thống").first.wait_for()
    assert page.evaluate(KEPT) == []
    entered(visit, *AN)
    visit.go(figure)
    assert page.locator("[name=numerator]").input_value() == ""


@pytest.mark.parametrize("typed", [("1.500", "412"), ("x", "412"), ("413", "412"), ("-1", "412")])
def test_a_field_says_while_it_is_typed_what_the_server_says_also_without_network(
    visit: Visit, typed: tuple[str, str]
) -> None:
    page = entered(visit, *XUAN)
    first_figure(visit, owed("06427", "2023-Q2"))
    page.context.set_offline(True)
    page.locator("[name=numerator]").fill(typed[0])
    page.locator("[name=denominator]").fill(typed[1])
    page.keyboard.press("Tab")
    says = page.locator("[data-says=numerator]")
    here = says.text_content()
    assert here != ""
    assert page.locator("[name=numerator]").get_attribute("aria-invalid") == "true"
    page.context.set_offline(False)
    page.get_by_role("button", name="Tiếp tục").click()
    page.locator(".error-summary").wait_for()
    assert says.text_content() == f"Lỗi: {here}"
    assert page.evaluate("document.activeElement.className") == "error-summary"
    page.locator("[name=numerator]").fill("400")
    assert says.text_content() == ""
    assert page.locator("[name=numerator]").get_attribute("aria-invalid") == "false"


def test_the_modules_and_the_style_sheet_are_small() -> None:
    folders = (Path(static_files.__file__).parent / "static", routes.STATIC)
    modules = [path for folder in folders for path in folder.glob("*.js")]
    assert sorted(path.name for path in modules) == ["check.js", "draft.js", "live.js"]
    assert sum(path.stat().st_size for path in modules) <= 8 * 1024
    assert (folders[0] / "board.css").stat().st_size <= 8 * 1024
