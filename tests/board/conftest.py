"""The board with everything behind it, officers with mail, and a browser that a person might use."""

from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from playwright.sync_api import Browser

from deploy.local.rabbitmq import RabbitMQ
from deploy.local.stack import LocalStack
from services.board.report.draft import Answers
from services.board.report.pages import Opened
from shared.domain.units import Units
from shared.programme.model import Programme
from tests.board.office import Office, chromium, running_office
from tests.board.sheets import Open, opened_report
from tests.conftest import NewDatabase
from tests.shipped import shipped_programme, shipped_units


@pytest.fixture(scope="session")
def ecd() -> Programme:
    return shipped_programme()


@pytest.fixture(scope="session")
def nap() -> Programme:
    return shipped_programme("nap-23")


@pytest.fixture(scope="session")
def units() -> Units:
    return shipped_units()


@pytest.fixture
def report(ecd: Programme, units: Units) -> Open:
    """Open a report with these records of what counts, and these answers in its draft."""

    def opened(*rows: dict[str, Any], answers: Answers | None = None, **of: Any) -> Opened:
        return opened_report(ecd, units, rows=rows, answers=answers, **of)

    return opened


OFFICERS = """name,role,unit,agency,channels,language
Nguyễn An,Chủ tịch,06412,ubnd-xa,email:nguyen.an@example.vn,vi
Lò Thị Xuân,Phó Chủ tịch,06427,ubnd-xa,email:xuan@example.vn,vi
Trần Bình,Chủ tịch,186,phong-ldtbxh-dt-huyen,email:binh@example.vn,vi
Hoàng Giang,Công chức,06400,ubnd-xa,zalo:84912345678,vi
Đặng Minh,Công chức,06406,ubnd-xa,zalo:84912345680,vi
Jo Smith,Adviser,06403,ubnd-xa,email:jo@example.vn,en
Vũ Hà,Chuyên viên,VN,bo-yt,email:ha@example.vn,vi
"""


@pytest.fixture(scope="module")
def office(
    stack: LocalStack,
    rabbitmq: RabbitMQ,
    session_database: NewDatabase,
    district_template: str,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Office]:
    folder = tmp_path_factory.mktemp("office")
    database = session_database(district_template)
    with running_office(stack, rabbitmq.add_vhost(folder.name), database, folder, OFFICERS) as running:
        yield running


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Chromium: the one that is there, else Debian's package. It holds this thread's event loop while it is open, so a
    file that looks at pages has no asynchronous tests.
    """
    with chromium() as running:
        yield running


@pytest.fixture
def person(office: Office) -> Iterator[httpx.Client]:
    """A browser without JavaScript, as its requests are: cookies, and what it says of each POST."""
    headers = {"Accept": "text/html", "Accept-Language": "vi", "Origin": office.url, "Sec-Fetch-Site": "same-origin"}
    with httpx.Client(base_url=office.url, headers=headers, trust_env=False) as client:
        yield client
