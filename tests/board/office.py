"""All services on the morning after reports were due, officers who have been told, and Chromium to look with."""

import os
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from email.message import EmailMessage
from pathlib import Path

import pytest
from playwright.sync_api import Browser, sync_playwright

from deploy.local.chromium_package import program
from deploy.local.processes import StartError
from deploy.local.stack import LocalStack
from tests.system import System, kip, mails_since_now, wait_until

# Of Chromium: a root user has no sandbox, and nothing of it may call home.
OPTIONS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
           "--disable-component-update", "--disable-sync"]  # fmt: skip
REQUIRED = "KIP_BROWSER"  # `required`: no browser is a fault and no reason to leave the tests out


class Office(System):
    """All services on the morning after a report was due, and officers who have been told."""

    mails: Callable[[], list[EmailMessage]]

    @property
    def url(self) -> str:
        return self.services.url("board")

    def mails_to(self, address: str) -> list[EmailMessage]:
        return [mail for mail in self.mails() if address in mail["To"]]

    def link_of(self, address: str) -> str:
        """The path of the page in the first message to this address."""
        text = self.mails_to(address)[0].get_body(("plain",)).get_content()
        return re.findall(rf"{self.url}(/l/\S+)", text)[0]

    def button_of(self, address: str) -> str:
        """The path of the page behind the mail program's own button in the first message to this address."""
        said = str(self.mails_to(address)[0]["List-Unsubscribe"])
        return re.findall(rf"<{self.url}(/v1/ack/[^>]+)>", said)[0].replace("/v1/ack/", "/l/")

    def code_of(self, address: str, before: int) -> str:
        """The code in the next mail to this address behind so many."""
        wait_until(lambda: len(self.mails_to(address)) > before, "the code came")
        return re.findall(r"\b(\d{6})\b", self.mails_to(address)[-1]["Subject"])[0]


@contextmanager
def running_office(
    stack: LocalStack, amqp_url: str, database_url: str, folder: Path, officers: str
) -> Iterator[Office]:
    """Start everything, register these officers (a file's text) and let the deadline of 2023-Q1 pass."""
    running = Office(
        stack, amqp_url, database_url, ("intake", "aggregation", "notifications", "board"),
        {"KIP_CLOCK": "2023-03-10T08:00:00+07:00", "KIP_SWEEP_INTERVAL": "1"},
    )  # fmt: skip
    try:
        path = folder / "officers.csv"
        path.write_text(officers, encoding="utf-8")
        running.mails = mails_since_now(stack.mail_dir)
        kip("officer", "import", str(path), environment=running.environment)
        kip("tick", "--now", "2023-03-21T08:00:00+07:00", environment=running.environment)
        yield running
    finally:
        running.services.stop()


@contextmanager
def chromium() -> Iterator[Browser]:
    """Open Chromium, the one that is there, else Debian's package; skip the test where there is none."""
    try:
        path = program(print)
    except StartError as error:
        if os.environ.get(REQUIRED) == "required":
            raise
        pytest.skip(f"NO BROWSER, so no page was looked at: {error}")
    with sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=str(path), args=OPTIONS)
        try:
            yield running
        finally:
            running.close()
