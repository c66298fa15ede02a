"""Machines that open links before people do change nothing: five of them, by what they do."""

import re
from urllib.parse import urljoin

import httpx
import pytest
from playwright.sync_api import Browser

from tests.board.conftest import Office
from tests.board.test_entering import rows

XUAN = "xuan@example.vn"
STATE = """
    SELECT (SELECT count(*) FROM board.session) AS sessions, (SELECT count(*) FROM board.act) AS acts,
           (SELECT count(*) FROM notifications.code) AS codes,
           (SELECT count(*) FROM notifications.acknowledgement) AS acknowledgements,
           (SELECT count(*) FROM notifications.mute) AS mutes,
           (SELECT count(*) FROM notifications.change WHERE by IS NOT NULL) AS decisions
"""


def head(link: str, _: Browser) -> None:
    assert httpx.head(link, trust_env=False).status_code == 200


def get(link: str, _: Browser) -> None:
    assert httpx.get(link, trust_env=False).status_code == 200


def get_with_sub_resources(link: str, _: Browser) -> None:
    page = httpx.get(link, headers={"Accept": "text/html"}, trust_env=False)
    found = re.findall(r'(?:href|src|action)="([^"#]+)"', page.text)
    assert len(found) >= 3
    for address in found:
        httpx.get(urljoin(link, address), trust_env=False)


def headless_browser(link: str, browser: Browser) -> None:
    page = browser.new_page()
    page.goto(link, wait_until="networkidle")
    page.mouse.wheel(0, 2000)
    page.close()


def clicks_links_but_no_buttons(link: str, browser: Browser) -> None:
    page = browser.new_page()
    page.goto(link)
    for address in page.eval_on_selector_all("a[href]", "links => links.map(link => link.href)"):
        page.goto(address)
        page.goto(link)
    for summary in page.locator("summary").all():
        summary.click()
    page.close()


@pytest.mark.parametrize("scanner", [head, get, get_with_sub_resources, headless_browser, clicks_links_but_no_buttons])
@pytest.mark.parametrize("kind", ["page", "button"])
def test_a_scanner_changes_nothing(office: Office, browser: Browser, scanner, kind: str) -> None:
    """It opens the link of the letter's text, and that of the mail program's own button."""
    before = [dict(row) for row in rows(office, STATE)]
    scanner(office.url + (office.link_of(XUAN) if kind == "page" else office.button_of(XUAN)), browser)
    assert [dict(row) for row in rows(office, STATE)] == before
