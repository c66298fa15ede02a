"""The form where the network is slow, and where many officers hand in at once and press whatever they like."""

import asyncio
import contextlib
import os
import random
import time
from collections.abc import Callable, Iterator, Mapping

import httpx
import pytest
from playwright.sync_api import Page

from demo.browser import Browser, Shown, browse
from demo.form import HAND_IN, Visit, fill_in
from deploy.local.rabbitmq import RabbitMQ
from deploy.local.stack import LocalStack
from sample.scope import read_scope
from tests.board.office import Office, chromium, running_office
from tests.board.test_entering import rows
from tests.conftest import NewDatabase
from tests.system import wait_until

LATENCY = 400  # milliseconds from each request until its answer begins
GOAL = 90.0  # seconds of waiting for pages, of a whole report
PHONE = {"width": 360, "height": 780}
OFFICERS = 20
LOST_AFTER = 0.15  # seconds at most until a connection breaks
RECEIPT = "/receipt/1"
ACCESS, SKILLS = "child-service-access/2023-Q1", "knowledge-skills-provided/2023-Q1"
COMMUNES = [unit for unit in read_scope().communes if unit.parent == "186@1"]
SLOW, *CROWD = COMMUNES[: OFFICERS + 1]
Record = Callable[[str, object], None]
pytestmark = [pytest.mark.prove, pytest.mark.timeout(400)]


@pytest.fixture(scope="module")
def office(
    stack: LocalStack,
    rabbitmq: RabbitMQ,
    session_database: NewDatabase,
    loaded_template: str,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Office]:
    """An officer in each commune, told that the report of 2023-Q1 is late."""
    folder = tmp_path_factory.mktemp("form")
    lines = [
        f"Cán bộ {unit.code},Công chức,{unit.code},ubnd-xa,email:{address_of(unit.code)},vi\n" for unit in COMMUNES
    ]
    officers = "name,role,unit,agency,channels,language\n" + "".join(lines)
    database = session_database(loaded_template)
    with running_office(stack, rabbitmq.add_vhost(folder.name), database, folder, officers) as running:
        yield running


def address_of(code: str) -> str:
    return f"xa.{code}@example.vn"


class Waited:
    """How long a person has waited for pages, how many requests it took, and how many bytes came."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.seconds, self.pages, self.requests, self.bytes = 0.0, 0, 0, 0
        network = page.context.new_cdp_session(page)
        network.on("Network.requestWillBeSent", self._asked)
        network.on("Network.loadingFinished", self._came)
        network.send("Network.enable")
        network.send(
            "Network.emulateNetworkConditions",
            {"offline": False, "latency": LATENCY, "downloadThroughput": -1, "uploadThroughput": -1},
        )

    def _asked(self, event: Mapping[str, object]) -> None:
        self.requests += 1

    def _came(self, event: Mapping[str, float]) -> None:
        self.bytes += int(event["encodedDataLength"])

    def whole(self, do: Callable[[], object]) -> None:
        """Do what leads to another page, and wait until all of that is there."""
        began = time.monotonic()
        with self.page.expect_navigation(wait_until="load"):
            do()
        self.seconds += time.monotonic() - began
        self.pages += 1

    def press(self, name: str) -> None:
        """Press a button, or follow a link."""
        self.whole(self.page.get_by_role("button", name=name).or_(self.page.get_by_role("link", name=name)).first.click)


def test_a_report_is_handed_in_over_a_slow_network(office: Office, record_property: Record) -> None:
    address = address_of(SLOW.code)
    with chromium() as browser:
        page = browser.new_context(viewport=PHONE, locale="vi-VN").new_page()
        waited = Waited(page)
        waited.whole(lambda: page.goto(f"{office.url}{office.link_of(address)}"))
        waited.press("Vào với tư cách")
        waited.press("Lập báo cáo")
        waited.press("Tiếp tục")
        before = len(office.mails_to(address))
        waited.press("Gửi mã xác nhận tới")
        page.get_by_label("Mã xác nhận").fill(office.code_of(address, before))
        waited.press("Xác nhận")
        for numerator, denominator in (("412", "530"), ("300", "900")):
            page.locator("[name=numerator]").fill(numerator)
            page.locator("[name=denominator]").fill(denominator)
            waited.press("Tiếp tục")
        waited.press("Tiếp tục")
        waited.press("Tiếp tục")
        waited.press("Nộp báo cáo")
        assert page.get_by_role("heading", name="Đã nhận báo cáo").is_visible()
    assert waited.requests * LATENCY / 1000 > 5, "the network was not slow"
    assert waited.seconds < 10 * GOAL
    record_property(f"seconds of pages at {LATENCY} ms", round(waited.seconds, 1))
    record_property("pages", waited.pages)
    record_property("requests", waited.requests)
    record_property("KiB", round(waited.bytes / 1024))


async def test_however_often_many_press_at_once_each_report_is_handed_in_once(
    office: Office, record_property: Record
) -> None:
    chance = random.Random(os.environ.get("KIP_PROVE_SEED", ""))
    figures = {unit.uid: (chance.randrange(1, 400), chance.randrange(400, 900)) for unit in CROWD}
    began = time.monotonic()
    presses = await asyncio.gather(
        *(hands_in(office, unit.uid, unit.code, figures[unit.uid], random.Random(chance.random())) for unit in CROWD)
    )
    record_property("seconds until all had handed in", round(time.monotonic() - began, 1))
    record_property("counted reports", len(CROWD))
    record_property("counted presses", sum(presses))
    await asyncio.to_thread(check, office, figures)


async def hands_in(office: Office, uid: str, code: str, figure: tuple[int, int], chance: random.Random) -> int:
    """Fill a report in and press its button often: at once, in two tabs, with answers lost. How often it was."""
    address, numerator, denominator = address_of(code), *map(str, figure)
    typed = {"numerator": numerator, "denominator": denominator}

    async def sent() -> str:
        return await asyncio.to_thread(office.code_of, address, before)

    async with browse(office.url) as tab:
        before = len(await asyncio.to_thread(office.mails_to, address))
        link = await asyncio.to_thread(office.link_of, address)
        report = f"ecd-1437~progress-quarterly~{uid}~ubnd-xa~2023-Q1~"
        visit = Visit(tab)
        page = await fill_in(visit, link, report, {ACCESS: typed, SKILLS: typed}, sent)
        second = await visit.open(page.path)
        lost = chance.choices((page, second), k=chance.randrange(1, 5))
        await asyncio.gather(*(loses(tab, one, chance.uniform(0, LOST_AFTER)) for one in lost))
        shown = await asyncio.gather(*(visit.press(one, HAND_IN, {}) for one in (page, page, second)))
        for receipt in shown:
            assert receipt.path.endswith(RECEIPT), receipt
        await visit.counted(shown[0])
    return len(lost) + len(shown)


async def loses(tab: Browser, page: Shown, seconds: float) -> None:
    """Press, and break the connection after so long: nobody sees an answer."""
    with contextlib.suppress(TimeoutError, httpx.HTTPError):
        await asyncio.wait_for(tab.submit(page, {}, page.form_with(HAND_IN)), seconds)


def check(office: Office, figures: Mapping[str, tuple[int, int]]) -> None:
    """Hold what came of it against what was typed: obligations, submissions, events, figures of every level."""
    uids = sorted(figures)

    def states() -> list[str]:
        query = "SELECT state FROM notifications.obligation WHERE unit = ANY ($1) AND period = '2023-Q1'"
        return [row["state"] for row in rows(office, query, uids)]

    wait_until(lambda: states() == ["late_met"] * len(uids), "every obligation is met")
    submitted = rows(
        office, "SELECT unit, number, accepted_at, refused_at FROM board.submission WHERE unit = ANY ($1)", uids
    )
    assert sorted(row["unit"] for row in submitted) == uids
    assert all((row["number"], row["refused_at"]) == (1, None) and row["accepted_at"] for row in submitted)
    counted = rows(office, "SELECT unit, count(*) AS events FROM aggregation.ledger WHERE unit = ANY ($1) "
                           "AND sender = 'kip-board' GROUP BY unit", uids)  # fmt: skip
    assert {row["unit"]: row["events"] for row in counted} == dict.fromkeys(uids, 3)
    asked = {"programme": "ecd-1437", "indicator": "child-service-access", "period": "2023-Q1", "within": "186@1"}
    communes = {row["uid"]: (row["numerator"], row["denominator"]) for row in office.rollups(level="commune", **asked)}
    assert {uid: communes[uid] for uid in uids} == figures
    others = [known for uid, known in communes.items() if uid not in figures and known[0] is not None]
    (district,) = office.rollups(level="district", **asked)
    every = [*figures.values(), *others]
    assert (district["numerator"], district["denominator"]) == tuple(map(sum, zip(*every, strict=True)))
    assert district["units_reported"] == len(every)
