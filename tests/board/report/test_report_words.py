"""What stands by itself on a page of the form begins as a sentence does; numbers are taken as they stand there."""

from typing import Any

import pytest

from demo.browser import Browser, Shown
from tests.acting import Board
from tests.board.report.test_report_summary import FIGURE, SESSION, SEXES, answered, held
from tests.board.sheets import ACCESS
from tests.board.site import Site, counted

ALONE = ("h1", "h2", "h3", "p", "li", "dt", "dd", "legend", "label", "option", "button", "summary")
PAGES = ("", "/figure/child-service-access/2023-Q1", "/activities", "/activity", "/problems", "/check", "/sheet")


def small(page: Shown) -> list[str]:
    """The texts of the page that stand by themselves and begin with a small letter; one behind a break is one too."""
    texts = [
        (element, text)
        for element in page.all(*ALONE)
        for text in [_lead(element), *(_lead(it, it.tail) for it in element.iter("br"))]
    ]
    texts += [(tag, _lead(tag)) for tag in page.all("span") if "tag" in (tag.get("class") or "").split()]
    return [f"{page.path} {element.tag}: {text}" for element, text in texts if text[:1].islower()]


def _lead(element: Any, text: str | None = None) -> str:
    """The first text of an element; of a break, what stands behind it."""
    if element.tag == "br":
        text = (text or "").strip()
        following = element.getnext()
        return text or ("" if following is None or following.tag == "br" else " ".join(following.itertext()).strip())
    return " ".join(element.itertext()).strip()


@pytest.mark.parametrize("language", ["vi", "en"])
async def test_whatever_stands_by_itself_begins_with_a_capital_letter(
    browser: Browser, start: str, site: Site, board: Board, commune: str, language: str
) -> None:
    site.language = language
    counted(board, commune, "2022-Q4", 1400, 1700)
    await answered(browser, start, {**FIGURE, **SEXES, "part.domain.health.numerator": "3"})
    typed = {name: text.replace(".", "") if name == "money.f5-oda" else text for name, text in SESSION.items()}
    await held(browser, start, typed)
    problem = {"text": "Thiếu cân trẻ em", "domain": "nutrition"}
    await browser.submit(await browser.open(f"{start}/problems"), problem)
    seen = [await browser.open(start + rest) for rest in PAGES]
    seen.append(await browser.submit(await browser.open(f"{start}/check"), {}))
    figure = {"part.domain.health.numerator": "", "denominator": "1 530", "numerator": "1 412"}
    await browser.submit(await browser.open(f"{start}/figure/child-service-access/2023-Q1"), figure)
    seen.append(await browser.submit(await browser.open(f"{start}/check"), {}))
    assert seen[-1].path == f"{start}/receipt/1", seen[-1].text
    seen += [await browser.open(start), await browser.open(f"{start}/check")]
    page = await browser.open(f"{start}/problems")
    seen.append(await browser.submit(page, {"text": ""}, page.form_with("Thêm" if language == "vi" else "Add")))
    seen.append(await browser.submit(await browser.open(f"{start}/activity"), {"activity": "parent-counselling"}))
    seen.append(await browser.submit(seen[-1], {"participants.parent": "x", "held_on.day": "40"}))
    assert [text for page in seen for text in small(page)] == []


async def test_numbers_are_taken_as_the_pages_write_them(browser: Browser, start: str) -> None:
    page = await browser.open(f"{start}/figure/child-service-access/2023-Q1")
    page = await browser.submit(page, {"numerator": "1.134", "denominator": "12.000"})
    assert page.path.endswith("/figure/knowledge-skills-provided/2023-Q1"), page.text
    page = await browser.submit(await browser.open(f"{start}/activity"), {"activity": "parent-counselling"})
    page = await browser.submit(page, {**SESSION, "participants.parent": "1.024", "money.f1-state-budget": "500.000"})
    assert page.path == f"{start}/activities", page.text
    assert "Chia theo lĩnh vực dịch vụ (nếu có)" in (await browser.open(f"{start}/figure/{ACCESS}/2023-Q1")).text
    text = (await browser.open(f"{start}/check")).text
    assert "1.134 trên 12.000" in text
    assert "Cha mẹ: 1.024" in text
    assert "500.000 đồng" in text
