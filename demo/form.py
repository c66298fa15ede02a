"""Hands in a report as an officer whose browser has no JavaScript: from the link in a letter until it is counted."""

import asyncio
import re
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from demo.browser import Browser, Shown, browse

# What the officer clicks, as it is written on the pages.
ENTER, SEND_CODE, CONFIRM, GO_ON, HAND_IN = "Vào", "Gửi mã", "Xác nhận", "Tiếp tục", "Nộp báo cáo"
COUNTED = "Đã tính vào số liệu"
_FIGURE = re.compile(r"/report/[^/]+/figure/(?P<key>[^/]+/[^/]+)")
_REASON = "reason."
REASON = "Số liệu hư cấu, đã đối chiếu với sổ theo dõi"
OK, STALE, FAULTY, AWAY = 200, 409, 422, 503
AWAY_SECONDS, MOST_TRIES = 2.0, 20
MOST_FIGURES = 20
COUNT_SECONDS = 30.0


@dataclass(frozen=True, slots=True)
class HandedIn:
    """What the officer saw: the receipt, and how many pages it took with how many figures and reasons."""

    receipt: Shown
    pages: int
    figures: int
    reasons: int


class Visit:
    """One officer's visit: each page that comes is counted, and has to be one."""

    def __init__(self, tab: Browser) -> None:
        self._tab = tab
        self.pages = 0
        self.figures = 0
        self.reasons = 0

    async def open(self, address: str) -> Shown:
        """Open an address. Raises LookupError where no page is there."""
        return self._seen(await self._until_there(lambda: self._tab.open(address)))

    async def press(self, page: Shown, button: str, typed: Mapping[str, str], *also: int) -> Shown:
        """Fill in the form with that button and press it; a status of `also` is a page too."""
        shown = await self._submit(page, button, typed)
        if shown.status == STALE:  # kept, but the answer said that a service was away: what was typed is still there
            shown = await self._submit(shown, button, typed)
        return self._seen(shown, *also)

    async def _submit(self, page: Shown, button: str, typed: Mapping[str, str]) -> Shown:
        return await self._until_there(
            lambda: self._tab.submit(page, {**page.sent_by(button), **typed}, page.form_with(button))
        )

    async def _until_there(self, ask: Callable[[], Awaitable[Shown]]) -> Shown:
        """Ask again, as the page says, while a service behind it is away."""
        for _ in range(MOST_TRIES):
            shown = await ask()
            if shown.status != AWAY:
                break
            await asyncio.sleep(AWAY_SECONDS)
        return shown

    def _seen(self, page: Shown, *also: int) -> Shown:
        self.pages += 1
        if page.status not in {OK, *also}:
            raise LookupError(f"expected a page, came to {page}")
        return page

    async def verify(self, page: Shown, code: Callable[[], Awaitable[str]]) -> Shown:
        """Have a code sent and type in what comes."""
        page = await self.press(page, SEND_CODE, {})
        return await self.press(page, CONFIRM, {"code": await code()})

    async def answer(self, page: Shown, typed: Mapping[str, str]) -> Shown:
        """Type in a figure; where the form finds it unusual, say why it is right."""
        self.figures += 1
        shown = await self.press(page, GO_ON, typed, FAULTY)
        if shown.status != FAULTY:
            return shown
        doubts = [name for name, _ in shown.fields(shown.form_with(GO_ON)) if name.startswith(_REASON)]
        self.reasons += len(doubts)
        return await self.press(shown, GO_ON, dict.fromkeys(doubts, REASON))

    async def counted(self, receipt: Shown) -> Shown:
        """Look at the receipt until it says that the report counts. Raises LookupError where it takes too long."""
        deadline = time.monotonic() + COUNT_SECONDS
        while COUNTED not in receipt.text:
            if time.monotonic() > deadline:
                raise LookupError(f"not counted after {COUNT_SECONDS:.0f} s: {receipt}")
            await asyncio.sleep(0.2)
            receipt = await self.open(receipt.path)
        return receipt


async def hand_in(
    link: str, report: str, figures: Mapping[str, Mapping[str, str]], code: Callable[[], Awaitable[str]]
) -> HandedIn:
    """Hand in the report whose name begins so. `figures` are what is typed, by `indicator/period`; of others there are
    none. `code` waits for the code that verifies the device. Raises LookupError for a page that isn't as expected.
    """
    address = urlsplit(link)
    async with browse(f"{address.scheme}://{address.netloc}") as tab:
        visit = Visit(tab)
        page = await fill_in(visit, address.path, report, figures, code)
        receipt = await visit.counted(await visit.press(page, HAND_IN, {}))
        return HandedIn(receipt, visit.pages, visit.figures, visit.reasons)


async def fill_in(
    visit: Visit,
    path: str,
    report: str,
    figures: Mapping[str, Mapping[str, str]],
    code: Callable[[], Awaitable[str]],
) -> Shown:
    """Go from the link's path to the page that shows all answers before they are handed in."""
    page = await visit.open(path)
    page = await visit.press(page, ENTER, {})
    page = await visit.open(page.link_to(f"/report/{report}"))
    page = await visit.verify(await visit.open(page.link(GO_ON)), code)
    for _ in range(MOST_FIGURES):
        asked = _FIGURE.fullmatch(page.path)
        if asked is None:
            break
        page = await visit.answer(page, figures.get(asked["key"], {"absent": "yes"}))
    page = await visit.open(page.link(GO_ON))  # activities are there already, posted by an app
    return await visit.press(page, GO_ON, {})  # no obstacles


def typed_of(figure: Mapping[str, Any]) -> dict[str, str]:
    """Type in a figure of an event: the whole, and each of its parts."""
    typed = {name: str(figure[name]) for name in ("numerator", "denominator")}
    for split in figure["breakdown"]:
        ((dimension, option),) = split["by"].items()
        typed |= {f"part.{dimension}.{option}.{name}": str(split[name]) for name in ("numerator", "denominator")}
    return typed
