"""A nightly push with older figures after an officer has handed in: on the receipt, on the desk, and one letter."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from datetime import datetime
from email.message import EmailMessage
from typing import Any

import pytest

from demo.browser import Browser
from deploy.local.http import LOCAL
from deploy.local.stack import LocalStack
from shared.database.connections import Pool, close_pool, open_pool
from tests.acting import Board
from tests.board.site import CLOCK, Others, Site, form_board, report_of
from tests.system import access, kip, mails_since_now, wait_until

COMMUNES = ("06412@1", "06415@1", "06418@1", "06427@1")
PUSHED, SAME, TWICE, QUIET = COMMUNES
KNOWLEDGE = "knowledge-skills-provided"
TYPED = (("child-service-access", {"numerator": "412", "denominator": "530"}),
         (KNOWLEDGE, {"numerator": "300", "denominator": "900"}))  # fmt: skip
LETTER = "Số liệu thay đổi sau khi nộp"


class Office(Board):
    """The services, officers' pages in front of them, and the letters that went out."""

    mails: Callable[[], list[EmailMessage]]

    def letters(self, unit: str) -> list[EmailMessage]:
        found = [mail for mail in self.mails() if LETTER in mail["Subject"]]
        return [mail for mail in found if mail["To"] == f"an{COMMUNES.index(unit)}@b.vn"]

    def push(self, *events: dict[str, Any]) -> None:
        """Have an app push, and wait until what was pushed has been applied and heard of."""
        assert self.post(list(events)).status_code == 202
        for made in events:
            self.wait_until(
                lambda made=made: {row["status"] for row in self.status(made)} - {"pending"}, "it is applied"
            )  # type: ignore[misc]

    def desk(self, unit: str) -> list[tuple[int, int | None, str]]:
        """What the desk of the unit's officer says of changes: what was handed in, what counts, from whom."""
        address = f"{self.services.url('notifications')}/v1/officers/{self.refs[f'An{COMMUNES.index(unit)}']}/desk"
        answer = LOCAL.get(address, headers={"Authorization": f"Bearer {self.board_key}"}, timeout=30)
        return [
            (figure["before"]["numerator"], figure["now"] and figure["now"]["numerator"], figure["by"])
            for row in answer.json()["changed"]
            for figure in row["figures"]
        ]

    def tick(self, to: str) -> None:
        kip("tick", "--now", to, environment=self.environment)


@pytest.fixture(scope="module")
def office(
    stack: LocalStack, rabbitmq: Any, session_database: Any, loaded_template: str, tmp_path_factory: Any
) -> Iterator[Office]:
    folder, url = tmp_path_factory.mktemp("officers"), session_database(loaded_template)
    officers = [(f"An{at}", unit, "ubnd-xa") for at, unit in enumerate(COMMUNES)]
    mails = mails_since_now(stack.mail_dir)
    running = form_board(stack, rabbitmq.add_vhost("changed"), url, folder, *officers, board=Office)
    running.mails = mails
    yield running
    running.services.stop()


@pytest.fixture
async def pool(office: Office) -> AsyncIterator[Pool]:
    opened = await open_pool(office.database_url, size=4, application_name="kip-tests")
    yield opened
    await close_pool(opened)


async def hand_in(office: Office, pool: Pool, unit: str, now: str, **figures: dict[str, str]) -> str:
    """Hand in the unit's report through the form; the receipt's text."""
    officer, start = office.refs[f"An{COMMUNES.index(unit)}"], report_of(office, unit)
    site = Site(Others(office), pool, officer, unit, datetime.fromisoformat(now))
    async with site.client() as client:
        browser = Browser(client)
        for slug, typed in TYPED:
            page = await browser.open(f"{start}/figure/{slug}/2023-Q1")
            await browser.submit(page, figures.get(slug.replace("-", "_"), typed))
        page = await browser.submit(await browser.open(f"{start}/check"), {})
        assert page.heading == "Đã nhận báo cáo", page.text
        async with asyncio.timeout(60):
            while "Đã tính vào số liệu" not in page.text:
                await asyncio.sleep(0.1)
                page = await browser.open(page.path)
        return page.path


async def receipt(office: Office, pool: Pool, unit: str, path: str) -> str:
    officer = office.refs[f"An{COMMUNES.index(unit)}"]
    async with Site(Others(office), pool, officer, unit, datetime.fromisoformat(CLOCK)).client() as client:
        return (await Browser(client).open(path)).text


@pytest.mark.timeout(400)
async def test_a_night_of_older_figures_is_on_the_receipt_on_the_desk_and_in_one_letter(
    office: Office, pool: Pool
) -> None:
    paths = {unit: await hand_in(office, pool, unit, CLOCK) for unit in COMMUNES}
    office.tick("2023-03-16T02:00:00+07:00")
    first = access(PUSHED, 395, revision=3)
    knowledge = access(PUSHED, 290, revision=3)
    knowledge["data"] |= {"indicator": KNOWLEDGE, "denominator": 900, "breakdown": []}
    office.push(first, knowledge, access(SAME, 412, revision=3), access(TWICE, 401, revision=3))
    office.tick("2023-03-16T03:00:00+07:00")
    office.push(access(PUSHED, 390, revision=4), access(TWICE, 412, revision=4))
    wait_until(lambda: (412, 390, "app") in office.desk(PUSHED), "it is on the desk")
    assert sorted(office.desk(PUSHED)) == [(300, 290, "app"), (412, 390, "app")]
    wait_until(lambda: office.desk(TWICE) == [], "it is as it was handed in again")
    assert (office.desk(SAME), office.desk(QUIET)) == ([], [])
    text = await receipt(office, pool, PUSHED, paths[PUSHED])
    assert "Thay đổi sau khi nộp" in text
    assert "412 trên 530 → 390 trên 530" in text
    assert "Thay đổi sau khi nộp" not in await receipt(office, pool, SAME, paths[SAME])

    office.tick("2023-03-16T08:00:00+07:00")
    wait_until(lambda: len(office.letters(PUSHED)) == 1, "the letter came")
    body = office.letters(PUSHED)[0].get_body(("plain",)).get_content()
    lines = [line for line in body.splitlines() if line.startswith("- ")]
    assert len(lines) == 2
    assert any(": 412 trên 530 → 390 trên 530, từ app, lúc 03:" in line for line in lines)
    assert any(": 300 trên 900 → 290 trên 900, từ app, lúc 02:" in line for line in lines)
    assert "Báo cáo vẫn được tính là đã nộp" in body

    office.push(first, access(PUSHED, 380, revision=5))  # once more the same event, and a third figure
    kip("rebuild", "--province", "20@2", environment=office.environment)
    for later in ("2023-03-17T08:00:00+07:00", "2023-03-20T08:00:00+07:00"):
        office.tick(later)
    assert [len(office.letters(unit)) for unit in COMMUNES] == [1, 0, 0, 0]
    wait_until(lambda: (412, 380, "app") in office.desk(PUSHED), "the desk shows the last")

    await hand_in(office, pool, PUSHED, "2023-03-20T08:05:00+07:00")
    wait_until(lambda: office.desk(PUSHED) == [], "the line is gone")
    office.tick("2023-03-21T08:00:00+07:00")
    assert len(office.letters(PUSHED)) == 1
