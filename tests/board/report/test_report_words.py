"""Numbers are taken as they stand on the pages of the form."""

from demo.browser import Browser
from tests.board.report.test_report_pages import SESSION


async def test_numbers_are_taken_as_the_pages_write_them(browser: Browser, start: str) -> None:
    page = await browser.open(f"{start}/figure/child-service-access/2023-Q1")
    page = await browser.submit(page, {"numerator": "1.134", "denominator": "12.000"})
    assert page.path.endswith("/figure/knowledge-skills-provided/2023-Q1"), page.text
    page = await browser.submit(await browser.open(f"{start}/activity"), {"activity": "parent-counselling"})
    page = await browser.submit(page, {**SESSION, "participants.parent": "1.024", "money.f1-state-budget": "500.000"})
    assert page.path == f"{start}/activities", page.text
    text = (await browser.open(f"{start}/check")).text
    assert "1.134 trên 12.000" in text
    assert "cha mẹ: 1.024" in text
    assert "500.000 đồng" in text
