"""A report by its sheet: downloaded, filled in, uploaded, checked, handed in; and what comes in a sheet's place."""

import asyncio
import io
import json
import zipfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import date
from typing import Any
from urllib.parse import unquote

import httpx
import pytest

from demo.browser import Browser, Shown
from deploy.local.http import LOCAL
from services.board.sheet.page import MOST_BYTES
from tests.board.conftest import Office
from tests.board.sheets import ACCESS, ACTIVITIES, FIGURES, KNOWLEDGE, Book
from tests.board.test_entering import rows
from tests.board.test_reporting import state_of
from tests.shipped import shipped_units
from tests.system import access, kip, wait_until

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
COMMUNES = sorted(unit.uid for unit in shipped_units() if unit.parent == "186@1")  # Hữu Lũng
_PLACES = iter(COMMUNES)


@pytest.fixture(scope="module")
def seats(office: Office, tmp_path_factory: pytest.TempPathFactory) -> Office:
    """An officer in each commune, where each test has one of its own."""
    file = tmp_path_factory.mktemp("seats") / "officers.csv"
    lines = [f"Officer {uid},x,{uid},ubnd-xa,email:{uid.replace('@', '.')}@b.vn,vi" for uid in COMMUNES]
    file.write_text("\n".join(["name,role,unit,agency,channels,language", *lines]) + "\n", encoding="utf-8")
    kip("officer", "import", str(file), environment=office.environment)
    return office


@pytest.fixture
def commune() -> str:
    return next(_PLACES)


@dataclass
class Officer:
    """An officer at a verified device, in front of their report."""

    office: Office
    browser: Browser
    client: httpx.AsyncClient
    commune: str

    @property
    def owed(self) -> str:
        return f"/report/ecd-1437~progress-quarterly~{self.commune}~ubnd-xa~2023-Q1~0"

    async def download(self) -> Book:
        answer = await self.client.get(f"{self.owed}/sheet.xlsx")
        assert (answer.status_code, answer.headers["content-type"]) == (200, XLSX), answer.text
        return Book(answer.content)

    async def upload(self, content: bytes, *, page: Shown | None = None, name: str = "phiếu.xlsx") -> Shown:
        """Choose a file on the page of the sheet, and press its button."""
        page = page or await self.browser.open(f"{self.owed}/sheet")
        fields = dict(page.fields(1))
        fields.pop("file")
        answer = await self.client.post(
            f"{self.owed}/sheet", data=fields, files={"file": (name, content, XLSX)}, follow_redirects=True
        )
        return Shown(answer.status_code, answer.url.raw_path.decode(), answer.text)

    async def draft(self) -> Any:
        found = await asyncio.to_thread(rows, self.office, "SELECT unit, answers::text FROM board.draft")
        return next((json.loads(answers) for unit, answers in found if unit == self.commune), None)


@asynccontextmanager
async def sitting(office: Office, commune: str) -> AsyncIterator[Officer]:
    words = ("board", "link", f"Officer {commune}", "--unit", commune, "--verified")
    link = (await asyncio.to_thread(kip, *words, environment=office.environment)).strip()
    headers = {"Accept": "text/html", "Accept-Language": "vi", "Origin": office.url, "Sec-Fetch-Site": "same-origin"}
    async with httpx.AsyncClient(base_url=office.url, headers=headers, trust_env=False, timeout=60) as client:
        browser = Browser(client)
        await browser.submit(await browser.open(link), {})
        yield Officer(office, browser, client, commune)


@pytest.fixture
async def officer(seats: Office, commune: str) -> AsyncIterator[Officer]:
    async with sitting(seats, commune) as there:
        yield there


async def test_a_report_is_handed_in_by_its_sheet(officer: Officer) -> None:
    page = await officer.browser.open(officer.owed)
    assert page.link("Tải phiếu của tôi") == f"{officer.owed}/sheet.xlsx"
    assert page.link("Nộp phiếu tại đây") == f"{officer.owed}/sheet"
    sheet = await officer.download()
    sheet.figure(ACCESS, "1 412", 1530)
    sheet.figure(ACCESS, 600, "700", by_sex="female")
    sheet.figure(KNOWLEDGE, 300, 900)
    first, second = (int(row["row"]) for row in sheet.rows(ACTIVITIES)[:2])
    held = {"activity": "Tư vấn [parent-counselling]", "domain": "dinh dưỡng [nutrition]"}
    sheet.write(ACTIVITIES, first, {**held, "held_on": date(2023, 3, 9), "participants.parent": 24})
    sheet.write(ACTIVITIES, second, {**held, "held_on": "8/3/2023", "participants.parent": "1 002"})
    page = await officer.upload(sheet.saved())
    assert (page.path, page.heading) == (f"{officer.owed}/check", "Kiểm tra trước khi nộp")
    assert "1.412 trên 1.530" in page.text
    assert page.text.count("Mới thêm, chưa nộp") == 2
    page = await officer.browser.submit(page, {}, 1)
    assert (page.path, page.heading) == (f"{officer.owed}/receipt/1", "Đã nhận báo cáo")
    asked = {"programme": "ecd-1437", "within": officer.commune, "level": "commune", "period": "2023-Q1"}

    def counts() -> bool:
        (row,) = officer.office.rollups(indicator=ACCESS, **asked)
        (held,) = officer.office.rollups(activity="parent-counselling", **asked)
        return (row["numerator"], held["value"], held["participants"]) == (1412, 2, 1026)

    await asyncio.to_thread(wait_until, counts, "what was in the sheet counts")
    await asyncio.to_thread(wait_until, lambda: state_of(officer.office, officer.owed) == "late_met", "it is met")
    again = await officer.download()
    assert [again.figures(ACCESS)["numerator"], again.figures(ACCESS, by_sex="female")["denominator"]] == [1412, 700]
    assert [row["participants.parent"] for row in again.rows(ACTIVITIES)[:2]] == [1002, 24]
    again.figure(KNOWLEDGE, 310, 900)
    page = await officer.browser.submit(await officer.upload(again.saved()), {}, 1)
    assert page.path == f"{officer.owed}/receipt/2"
    assert "310 trên 900" in page.text
    acts = await asyncio.to_thread(rows, officer.office, "SELECT about, outcome FROM board.act WHERE what = 'sheet'")
    assert [outcome for about, outcome in acts if officer.commune in about] == ["done", "done"]


async def test_the_file_has_a_name_for_every_system(officer: Officer) -> None:
    answer = await officer.client.get(f"{officer.owed}/sheet.xlsx")
    plain, _, coded = answer.headers["content-disposition"].partition("; filename*=UTF-8''")
    assert plain == f'attachment; filename="progress-quarterly-{officer.commune[:5]}-2023-Q1.xlsx"'
    assert coded.isascii()
    assert unquote(coded).startswith("Phiếu báo cáo ")
    assert unquote(coded).endswith(" quý I năm 2023.xlsx")
    assert answer.headers["cache-control"] == "no-store"


async def test_a_sheet_with_a_bad_cell_changes_nothing_and_says_which(officer: Officer) -> None:
    sheet = await officer.download()
    sheet.figure(ACCESS, 12, 20)
    bad = sheet.figure(KNOWLEDGE, "khoảng 300", 900)
    page = await officer.upload(sheet.saved())
    assert (page.status, page.path) == (422, f"{officer.owed}/sheet")
    assert page.link(f"Trang «{FIGURES}», ô {bad}: Giá trị không hợp lệ") == "#file"
    assert "khoảng" not in page.text
    logged = officer.office.services.process("board").log.read_text(encoding="utf-8")
    assert not [word for word in ("khoảng", "kho\\u1ea3ng", "phiếu.xlsx", "phi\\u1ebfu") if word in logged]
    assert await officer.draft() is None
    sheet.figure(KNOWLEDGE, 300, 900)
    page = await officer.upload(sheet.saved())
    assert page.heading == "Kiểm tra trước khi nộp"


async def test_what_is_unusual_is_asked_on_the_form(officer: Officer) -> None:
    await asyncio.to_thread(_earlier, officer)
    sheet = await officer.download()
    assert sheet.figures(ACCESS)["denominator"] == 450
    sheet.figure(ACCESS, 400, 900)
    sheet.figure(KNOWLEDGE, 300, 900)
    page = await officer.upload(sheet.saved())
    assert page.link("Mẫu số thay đổi 100% so với") == f"{officer.owed}/figure/{ACCESS}/2023-Q1"
    page = await officer.browser.submit(await officer.browser.open(page.link("Kiểm tra và nộp")), {}, 1)
    assert page.status == 422
    assert page.link("đề nghị ghi lý do") == f"{officer.owed}/figure/{ACCESS}/2023-Q1"


def _earlier(officer: Officer) -> None:
    made = access(officer.commune, 400, 1)
    made["data"] |= {"period": "2022-Q4", "denominator": 450, "breakdown": []}
    assert officer.office.post([made]).status_code == 202
    asked = {"programme": "ecd-1437", "unit": officer.commune, "agency": "ubnd-xa", "period": "2022-Q4"}
    officer.office.wait_until(lambda: bool(officer.office.read("/v1/records", **asked).json()["rows"]), "it counts")


async def test_another_s_sheet_is_refused(officer: Officer) -> None:
    sheet = await officer.download()
    sheet.figure(ACCESS, 12, 20)
    elsewhere = next(uid for uid in COMMUNES if uid != officer.commune)
    for name in (FIGURES, ACTIVITIES, "Báo cáo"):
        for row in sheet.rows(name):
            if row["unit"]:
                sheet.write(name, row["row"], {"unit": elsewhere})
    page = await officer.upload(sheet.saved())
    assert page.status == 422
    assert f"phiếu này ghi đơn vị '{elsewhere}', còn báo cáo đang mở là của" in page.text
    assert await officer.draft() is None


async def test_two_tabs_do_not_overwrite_each_other(officer: Officer) -> None:
    sheet = await officer.download()
    sheet.figure(ACCESS, 12, 20)
    page = await officer.browser.open(f"{officer.owed}/sheet")
    other = await officer.browser.open(f"{officer.owed}/figure/{KNOWLEDGE}/2023-Q1")
    await officer.browser.submit(other, {"numerator": "7", "denominator": "8"}, 1)
    shown = await officer.upload(sheet.saved(), page=page)
    assert shown.status == 409
    assert "đã được sửa ở nơi khác" in shown.text
    assert list((await officer.draft())["figures"]) == [f"{KNOWLEDGE}/2023-Q1"]
    shown = await officer.upload(sheet.saved(), page=shown)
    assert shown.heading == "Kiểm tra trước khi nộp"
    figures = (await officer.draft())["figures"]
    typed = {key: figure["typed"]["numerator"] for key, figure in figures.items()}
    assert typed == {f"{KNOWLEDGE}/2023-Q1": "7", f"{ACCESS}/2023-Q1": "12"}


def zipped(**parts: bytes) -> bytes:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in parts.items():
            archive.writestr(name.replace("__", "/").replace("_xml", ".xml"), content)
    return target.getvalue()


def bomb(sheet: bytes) -> bytes:
    """The sheet, one part of which inflates to a gigabyte."""
    target = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(sheet)) as given, zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for name in given.namelist():
            with archive.open(name, "w", force_zip64=True) as part:
                part.write(given.read(name))
                if name == "xl/worksheets/sheet3.xml":
                    for _ in range(64):
                        part.write(b" " * (1 << 20))
    return target.getvalue()


OLD = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 4096  # how an .xls begins, and a workbook with a password


async def test_what_is_no_sheet_is_refused_with_the_cure_and_the_board_goes_on(officer: Officer) -> None:
    sheet = (await officer.download()).saved()
    for content, status, said in (
        (b"", 422, "Hãy chọn tệp phiếu đã điền"),
        (OLD, 422, "cần tệp XLSX (Excel 2007 trở lên) không đặt mật khẩu"),
        (b"\x89PNG\r\n\x1a\n" + bytes(range(256)), 422, "cần tệp XLSX"),
        (sheet[: len(sheet) // 2], 422, "cần tệp XLSX"),
        (zipped(word__document_xml=b"<x/>"), 422, "cần tệp XLSX"),
        (bomb(sheet), 422, "tối đa 16 MiB sau khi giải nén"),
        (b"xin ch\xc3\xa0o", 422, "cần một dòng tiêu đề"),
        (b"PK" + b"x" * MOST_BYTES, 413, "Tệp quá lớn: phiếu của một báo cáo tối đa 2 MB"),
    ):
        page = await officer.upload(content)
        assert page.status == status, page.text
        assert said in page.text
        assert page.heading == "Lập báo cáo bằng bảng tính"
    assert await officer.draft() is None
    assert (await officer.client.get("/healthz")).status_code == 200


async def test_rows_without_end_are_refused(officer: Officer) -> None:
    sheet = await officer.download()
    page = sheet.book[FIGURES]
    for number in range(1, 2_100):
        page.append([f"ghi chú {number}"])
    shown = await officer.upload(sheet.saved())
    assert shown.status == 422
    assert "Tệp có quá nhiều dòng: phiếu của một báo cáo tối đa 2000 dòng" in shown.text


async def test_a_workbook_with_macros_is_read_and_its_macros_are_nothing_to_us(officer: Officer) -> None:
    sheet = await officer.download()
    sheet.figure(ACCESS, 12, 20)
    target = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(sheet.saved())) as given, zipfile.ZipFile(target, "w") as archive:
        for name in given.namelist():
            content = given.read(name)
            if name == "[Content_Types].xml":
                content = content.replace(
                    b"openxmlformats-officedocument.spreadsheetml.sheet.main+xml",
                    b"ms-excel.sheet.macroEnabled.main+xml",
                )
            archive.writestr(name, content)
        archive.writestr("xl/vbaProject.bin", OLD)
    page = await officer.upload(target.getvalue(), name="phiếu.xlsm")
    assert page.heading == "Kiểm tra trước khi nộp"
    assert "12 trên 20" in page.text


async def test_a_page_of_a_workbook_that_holds_no_table_is_named(officer: Officer) -> None:
    sheet = await officer.download()
    sheet.figure(ACCESS, 12, 20)
    sheet.book.create_sheet("Nháp").append(["tính thử", 1])
    page = await officer.upload(sheet.saved())
    assert page.status == 200
    assert "Nháp: trang không có bảng nào" in page.text
    page = await officer.browser.open(page.link("Kiểm tra và nộp"))
    assert "12 trên 20" in page.text


async def test_import_reads_the_sheet_as_the_same_report(officer: Officer) -> None:
    sheet = await officer.download()
    sheet.figure(ACCESS, 12, 20)
    row = int(sheet.rows(ACTIVITIES)[0]["row"])
    sheet.write(ACTIVITIES, row, {"activity": "parent-counselling", "held_on": date(2023, 3, 9), "domain": "nutrition"})
    sheet.write("Báo cáo", int(sheet.rows("Báo cáo")[0]["row"]), {"submitted": "Có"})
    key = await asyncio.to_thread(officer.office.add_source, f"sheet-{officer.commune[:5]}")
    answer = await asyncio.to_thread(
        lambda: LOCAL.post(
            f"{officer.office.services.url('intake')}/v1/import?dry_run=true", content=sheet.saved(), timeout=60,
            headers={"Authorization": f"Bearer {key}", "Content-Type": XLSX},
        )
    )  # fmt: skip
    assert (answer.status_code, answer.json()["accepted"]) == (200, 3), answer.text


async def test_nobody_else_takes_or_gives_the_sheet(officer: Officer) -> None:
    other = next(uid for uid in COMMUNES if uid != officer.commune)
    path = officer.owed.replace(officer.commune, other)
    for address in (f"{path}/sheet", f"{path}/sheet.xlsx"):
        shown = await officer.browser.open(address)
        assert shown.status in {403, 404}, address
    foreign = {"Origin": "https://evil.example", "Sec-Fetch-Site": "cross-site"}
    answer = await officer.client.post(f"{officer.owed}/sheet", files={"file": ("a", b"x")}, headers=foreign)
    assert answer.status_code == 403
    plain = await officer.client.post(f"{officer.owed}/sheet", data={"version": "1"})
    assert plain.status_code == 415
    async with httpx.AsyncClient(base_url=officer.office.url, trust_env=False) as nobody:
        for address in (f"{officer.owed}/sheet", f"{officer.owed}/sheet.xlsx"):
            assert (await nobody.get(address)).status_code == 403
