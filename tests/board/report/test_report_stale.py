"""Whoever keeps an older draft is told when the one that is really there was kept, and keeps what they typed."""

from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any

import pytest

from demo.browser import Browser, Shown
from services.board.report import draft_store
from services.board.report.draft import Answers, FigureAnswer
from shared.database.connections import Connection
from tests.board.report.test_report_pages import answered
from tests.board.sheets import ACCESS, Book
from tests.board.site import FIGURE, SESSION, Site

Post = Callable[[Browser, Site, str], Awaitable[Shown]]
THEIRS = Answers(figures={f"{ACCESS}/2023-Q1": FigureAnswer(typed={"numerator": "7", "denominator": "8"})})
AT_ONCE = "08:17 ngày 15/03/2023"


async def figure(browser: Browser, site: Site, start: str) -> Shown:
    return await browser.submit(await browser.open(f"{start}/figure/{ACCESS}/2023-Q1"), FIGURE)


async def activity(browser: Browser, site: Site, start: str) -> Shown:
    page = await browser.submit(await browser.open(f"{start}/activity"), {"activity": "parent-counselling"})
    return await browser.submit(page, SESSION)


async def obstacle(browser: Browser, site: Site, start: str) -> Shown:
    return await browser.submit(await browser.open(f"{start}/problems"), {"text": "Thiếu phòng học"})


async def sheet(browser: Browser, site: Site, start: str) -> Shown:
    async with site.client() as client:
        filled = Book((await client.get(f"{start}/sheet.xlsx")).content)
        filled.figure(ACCESS, 400, 500)
        posted = {"data": {"version": "1"}, "files": {"file": ("a.xlsx", filled.saved())}}
        answer = await client.post(f"{start}/sheet", **posted)  # type: ignore[arg-type]
    return Shown(answer.status_code, f"{start}/sheet", answer.text)


@pytest.mark.parametrize("post", [figure, activity, obstacle, sheet])
async def test_a_change_between_the_look_and_the_save_is_told_with_its_own_instant(
    browser: Browser, start: str, site: Site, post: Post, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = draft_store.keep_draft

    async def meanwhile(
        connection: Connection, key: Any, version: int, answers: Answers, officer: str, now: Any
    ) -> Any:
        monkeypatch.setattr(draft_store, "keep_draft", real)
        await real(connection, key, version, THEIRS, officer, now + timedelta(minutes=17))
        return await real(connection, key, version, answers, officer, now)

    monkeypatch.setattr(draft_store, "keep_draft", meanwhile)
    page = await post(browser, site, start)
    assert page.status == 409
    assert f"đã được sửa ở nơi khác lúc {AT_ONCE}" in page.text
    if post is not sheet:
        again = await browser.submit(page, {}, page.form_with({figure: "Tiếp tục", activity: "Lưu"}.get(post, "Thêm")))
        assert again.status == 200, again.text


async def test_a_page_from_before_the_hand_in_is_told_when_that_was(browser: Browser, start: str, site: Site) -> None:
    check = await answered(browser, start)
    page = await browser.open(f"{start}/figure/{ACCESS}/2023-Q1")
    site.now += timedelta(minutes=17)
    await browser.submit(check, {})
    page = await browser.submit(page, {"numerator": "413"})
    assert page.status == 409
    assert f"đã được sửa ở nơi khác lúc {AT_ONCE}" in page.text
