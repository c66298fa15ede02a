"""The board with everything behind it, officers with mail, and a browser that a person might use."""

import os
import re
from collections.abc import Callable, Iterator
from email.message import EmailMessage

import httpx
import pytest
from playwright.sync_api import Browser, sync_playwright

from deploy.local.chromium_package import program
from deploy.local.processes import StartError
from deploy.local.rabbitmq import RabbitMQ
from deploy.local.stack import LocalStack
from shared.domain.units import Units
from shared.programme.folder import load_programme
from shared.programme.model import Programme
from shared.registry.units_file import read_units
from tests.conftest import NewDatabase
from tests.system import ROOT, System, kip, mails_since_now, wait_until

# Of Chromium: a root user has no sandbox, and nothing of it may call home.
OPTIONS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
           "--disable-component-update", "--disable-sync"]  # fmt: skip
REQUIRED = "KIP_BROWSER"  # `required`: no browser is a fault and no reason to leave the tests out


@pytest.fixture(scope="session")
def ecd() -> Programme:
    return load_programme(ROOT / "programmes" / "ecd-1437")


@pytest.fixture(scope="session")
def nap() -> Programme:
    return load_programme(ROOT / "programmes" / "nap-23")


@pytest.fixture(scope="session")
def units() -> Units:
    return Units(read_units(ROOT / "data" / "units.csv"))


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


OFFICERS = """name,role,unit,agency,channels,language
Nguyễn An,Chủ tịch,06412,ubnd-xa,email:nguyen.an@example.vn,vi
Lò Thị Xuân,Phó Chủ tịch,06427,ubnd-xa,email:xuan@example.vn,vi
Trần Bình,Chủ tịch,186,phong-ldtbxh-dt-huyen,email:binh@example.vn,vi
Hoàng Giang,Công chức,06400,ubnd-xa,zalo:84912345678,vi
Jo Smith,Adviser,06403,ubnd-xa,email:jo@example.vn,en
Vũ Hà,Chuyên viên,VN,bo-yt,email:ha@example.vn,vi
"""


@pytest.fixture(scope="module")
def office(
    stack: LocalStack,
    rabbitmq: RabbitMQ,
    session_database: NewDatabase,
    loaded_template: str,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Office]:
    folder = tmp_path_factory.mktemp("office")
    running = Office(
        stack, rabbitmq.add_vhost(folder.name), session_database(loaded_template),
        ("intake", "aggregation", "notifications", "board"),
        {"KIP_CLOCK": "2023-03-10T08:00:00+07:00", "KIP_SWEEP_INTERVAL": "1"},
    )  # fmt: skip
    officers = folder / "officers.csv"
    officers.write_text(OFFICERS, encoding="utf-8")
    running.mails = mails_since_now(stack.mail_dir)
    kip("officer", "import", str(officers), environment=running.environment)
    kip("tick", "--now", "2023-03-21T08:00:00+07:00", environment=running.environment)
    yield running
    running.services.stop()


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Chromium: the one that is there, else Debian's package. It holds this thread's event loop while it is open, so a
    file that looks at pages has no asynchronous tests.
    """
    try:
        path = program(print)
    except StartError as error:
        if os.environ.get(REQUIRED) == "required":
            raise
        pytest.skip(f"NO BROWSER, so no page was looked at: {error}")
    with sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=str(path), args=OPTIONS)
        yield running
        running.close()


@pytest.fixture
def person(office: Office) -> Iterator[httpx.Client]:
    """A browser without JavaScript, as its requests are: cookies, and what it says of each POST."""
    headers = {"Accept": "text/html", "Accept-Language": "vi", "Origin": office.url, "Sec-Fetch-Site": "same-origin"}
    with httpx.Client(base_url=office.url, headers=headers, trust_env=False) as client:
        yield client
