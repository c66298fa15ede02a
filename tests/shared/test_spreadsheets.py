"""Spreadsheets of strangers: read in a process of its own, whatever they hold, and as every other reader reads them."""

import asyncio
import io
import os
import unicodedata
import zipfile
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import Any

import pytest
import xlsxwriter
from hypothesis import given, settings
from hypothesis import strategies as st
from python_calamine import CalamineWorkbook

from shared.sheets.columns import as_meant, neutral
from shared.sheets.rows import Hidden, Merge, Row, Slice
from shared.spreadsheets.limits import REQUEST, SheetError
from shared.spreadsheets.own_file import read_workbook
from shared.spreadsheets.readers import Kind, Readers

MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
RELATIONS = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
PACKAGE = "http://schemas.openxmlformats.org/package/2006/relationships"


def related(*targets: tuple[str, str]) -> str:
    items = (
        f'<Relationship Id="r{n}" Type="{RELATIONS}/{kind}" Target="{target}"/>'
        for n, (kind, target) in enumerate(targets, 1)
    )
    return f'<Relationships xmlns="{PACKAGE}">{"".join(items)}</Relationships>'


def workbook(sheet: str, path: str = "xl/worksheets/sheet1.xml", **more: str) -> bytes:
    """An XLSX of one sheet of this XML, at this place."""
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("_rels/.rels", related(("officeDocument", "xl/workbook.xml")))
        sheets = f'<sheets><sheet name="A" sheetId="1" r:id="r1" xmlns:r="{RELATIONS}"/></sheets>'
        archive.writestr("xl/workbook.xml", f'<workbook xmlns="{MAIN}">{sheets}</workbook>')
        targets = [("worksheet", f"/{path}"), *((name, f"{name}.xml") for name in more)]
        archive.writestr("xl/_rels/workbook.xml.rels", related(*targets))
        archive.writestr(path, sheet)
        for name, content in more.items():
            archive.writestr(f"xl/{name}.xml", content)
    return made.getvalue()


def workbook_of(pages: Sequence[str], name: str = "s") -> bytes:
    """An XLSX of sheets of this XML, named `s0`, `s1` and so on."""
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("_rels/.rels", related(("officeDocument", "xl/workbook.xml")))
        sheets = "".join(
            f'<sheet name="{name}{at}" sheetId="{at + 1}" r:id="r{at + 1}" xmlns:r="{RELATIONS}"/>'
            for at in range(len(pages))
        )
        archive.writestr("xl/workbook.xml", f'<workbook xmlns="{MAIN}"><sheets>{sheets}</sheets></workbook>')
        targets = [("worksheet", f"p{at}.xml") for at in range(len(pages))]
        archive.writestr("xl/_rels/workbook.xml.rels", related(*targets))
        for at, page in enumerate(pages):
            archive.writestr(f"xl/p{at}.xml", page)
    return made.getvalue()


def sheet(rows: str, opening: str = "") -> str:
    return f'{opening}<worksheet xmlns="{MAIN}"><sheetData>{rows}</sheetData></worksheet>'


SLOW = sheet("<row>" + "<c/>" * 9_000_000 + "</row>")  # no content, and a minute of a slow machine to find that out
FAR = 'r="XFD1048576"'
LAUGHS = "<!DOCTYPE a [<!ENTITY a '{}'>{}]>".format(
    "ha" * 50, "".join(f'<!ENTITY a{n} "{f"&a{n - 1};" * 50}">' for n in range(1, 9)).replace("&a0;", "&a;")
)


def encrypted() -> bytes:
    body = bytearray(workbook(sheet("")))
    for signature, offset in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        at = -1
        while (at := body.find(signature, at + 1)) >= 0:
            body[at + offset] |= 1
    return bytes(body)


# What each of these did: abort the process, freeze it, take its memory, or end it with an exception of another kind.
HOSTILE: dict[str, Callable[[], bytes]] = {
    "single quotes": lambda: workbook(sheet("<row r='1048576'><c r='XFD1048576'><v>1</v></c></row>")),
    "spaces": lambda: workbook(sheet('<row r="1048576"><c r = "XFD1048576" ><v>1</v></c></row>')),
    "another path": lambda: workbook(sheet(f'<row r="1048576"><c {FAR}><v>1</v></c></row>'), "xl/elsewhere/s.xml"),
    "a prefix": lambda: workbook(
        f'<p:worksheet xmlns:p="{MAIN}"><p:sheetData><p:row r="1048576"><p:c {FAR}><p:v>1</p:v></p:c></p:row>'
        "</p:sheetData></p:worksheet>"
    ),
    "a column past all": lambda: workbook(sheet('<row r="1"><c r="ZZZZZZZZ1"><v>1</v></c></row>')),
    "a row past all": lambda: workbook(sheet(f'<row r="{"9" * 5000}"><c><v>1</v></c></row>')),
    "rows out of order": lambda: workbook(sheet('<row r="3"><c><v>1</v></c></row><row r="2"><c><v>1</v></c></row>')),
    "a cell twice": lambda: workbook(sheet('<row r="1"><c r="A1"><v>1</v></c><c r="A1"><v>2</v></c></row>')),
    "an unclosed tag repeated": lambda: workbook(sheet("<c " * 2_000_000)),
    "an attribute without end": lambda: workbook(sheet("<c " + "a " * 3_000_000)),
    "spaces without end": lambda: workbook(sheet("<row>" + "<c" + " " * 12_000_000)),
    "entities": lambda: workbook(sheet('<row><c t="str"><v>&a8;</v></c></row>', LAUGHS)),
    "an outer entity": lambda: workbook(sheet("", '<!DOCTYPE a SYSTEM "file:///etc/passwd">')),
    "deep": lambda: workbook(sheet("<a>" * 1_000_000)),
    "a bomb": lambda: workbook(sheet("<row/>" * 20_000_000)),
    "a shared text everywhere": lambda: workbook(
        sheet(("<row>" + '<c t="s"><v>0</v></c>' * 200 + "</row>") * 200),
        sharedStrings=f'<sst xmlns="{MAIN}"><si><t>{"x" * 32_000}</t></si></sst>',
    ),
    "no such shared text": lambda: workbook(sheet('<row><c t="s"><v>-1</v></c></row>')),
    "a text of 60 MB": lambda: workbook(sheet(f'<row><c t="inlineStr"><is><t>{"x" * 60_000_000}</t></is></c></row>')),
    "a number of 5,000 digits": lambda: workbook(sheet(f"<row><c><v>{'9' * 5000}</v></c></row>")),
    "no number": lambda: workbook(sheet("<row><c><v>NaN</v></c></row>")),
    "infinity": lambda: workbook(sheet("<row><c><v>1e999</v></c></row>")),
    "a missing part": lambda: workbook("", "xl/worksheets/sheet1.xml").replace(b"sheet1.xml", b"sheet2.xml", 1),
    "cut off": lambda: workbook(sheet("<row><c><v>1</v></c></row>"))[:-100],
    "encrypted": encrypted,
    "an old workbook": lambda: b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(4096),
    "an empty file": lambda: b"",
    "not XML": lambda: workbook("\x00\x01"),
}


# What takes much, and may be read as well.
LARGE: dict[str, Callable[[], bytes]] = {
    "shared texts without end": lambda: workbook(
        sheet(""), sharedStrings=f'<sst xmlns="{MAIN}">{"<si><t>a</t></si>" * 1_000_000}</sst>'
    ),
    "styles without end": lambda: workbook(
        sheet('<row><c s="5"><v>1</v></c></row>'),
        styles=f'<styleSheet xmlns="{MAIN}"><cellXfs>{"<xf/>" * 3_000_000}</cellXfs></styleSheet>',
    ),
}


async def slices_of(content: bytes, kind: Kind = "xlsx", limits: Any = REQUEST) -> list[Slice]:
    async with Readers(limits).read(kind, content) as slices:
        return [part async for part in slices]


async def rows_of(content: bytes, kind: Kind = "xlsx") -> list[Row]:
    return [row for part in await slices_of(content, kind) for row in part.rows]


@pytest.mark.parametrize("name", HOSTILE)
async def test_a_hostile_workbook_is_refused_with_the_cure_and_harms_nobody(name: str) -> None:
    with pytest.raises(SheetError) as refused:
        await rows_of(HOSTILE[name]())
    assert len(str(refused.value)) < 400


@pytest.mark.parametrize("name", LARGE)
async def test_a_workbook_that_takes_much_is_read_or_refused(name: str) -> None:
    with suppress(SheetError):
        await rows_of(LARGE[name]())


@pytest.mark.parametrize(
    "content",
    [
        b"a," + b"x" * 8_000_000,
        b'a,"' + b"x" * 8_000_000,
        b"," * 8_000_000 + b"x",
        b"a,b\n\x00,1\n",
        "a,b\n".encode("utf-16"),
        "a,Xã Tân Sơn\n".encode("cp1258", "replace") + b"\xe1",
        b'a\n"b',
        b'a\n"b"c\n',
    ],
)
async def test_a_hostile_csv_is_refused(content: bytes) -> None:
    with pytest.raises(SheetError):
        await rows_of(content, "csv")


async def test_a_reader_that_takes_too_long_or_too_much_is_ended_by_the_kernel_or_by_its_parent() -> None:
    endless, large = workbook(SLOW), workbook(sheet('<row><c r="' + "A" * 60_000_000 + '"/></row>'))
    for content, limits in (
        (endless, replace(REQUEST, cpu_seconds=1)),
        (endless, replace(REQUEST, seconds=1)),
        (large, replace(REQUEST, memory=60 * 2**20)),
    ):
        with pytest.raises(SheetError, match="copy the table's own cells"):
            await slices_of(content, limits=limits)


async def test_a_reader_ends_with_whoever_asked() -> None:
    async def read(started: asyncio.Event) -> None:
        async with Readers(REQUEST).read("xlsx", workbook(SLOW)) as slices:
            started.set()
            async for _ in slices:
                pass

    before = children()
    started = asyncio.Event()
    task = asyncio.create_task(read(started))
    await started.wait()
    assert len(children() - before) == 1
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task
    assert children() == before


def children() -> set[str]:
    """The processes that this one has started and that have not ended."""
    tasks = Path(f"/proc/{os.getpid()}/task")
    return {child for task in tasks.iterdir() for child in (task / "children").read_text().split()}


async def test_a_spare_that_died_is_replaced() -> None:
    readers = Readers(REQUEST)
    before = children()
    readers.start()
    while not children() - before:
        await asyncio.sleep(0.01)
    await asyncio.sleep(0)
    for child in children() - before:
        os.kill(int(child), 9)
    try:
        for _ in range(2):
            with suppress(Exception):
                async with readers.read("csv", b"a,b\n") as slices:
                    found = [part async for part in slices]
        assert found[-1].rows[0].cells == ["a", "b"]
    finally:
        await readers.stop()
    assert children() == before


async def test_the_size_is_that_of_the_content_whatever_the_file_says() -> None:
    rows = (
        '<row r="2" hidden="1"><c r="B2"><v>7</v></c><c r="XFD2" s="0"/></row><row r="1048576"><c r="A1048576"/></row>'
    )
    text = sheet(rows).replace("<sheetData>", '<dimension ref="A1:XFD1048576"/><sheetData>')
    (_, part) = await slices_of(workbook(text))
    assert part == Slice("A", [Row(2, ["", 7])], Hidden(rows={2}))


async def test_formulas_without_a_value_and_errors_are_no_empty_cells() -> None:
    cells = (
        '<c><f>A1+B1</f></c><c><f>A1</f><v>3</v></c><c t="e"><v>#N/A</v></c><c t="b"><v>1</v></c><c/>'
        '<c t="str"><f>A1</f><v>x_x000A__x005F_x0041_</v></c><c t="d"><v>2023-03-09T00:00:00</v></c><c><v>1.5</v></c>'
        '<c t="inlineStr"><is><r><t>a</t></r><r><t>b</t></r><rPh><t>no</t></rPh></is></c>'
    )
    assert await rows_of(workbook(sheet(f"<row>{cells}</row>"))) == [
        Row(1, ["=A1+B1", 3, "#N/A", True, "", "x\n_x0041_", "2023-03-09", 1.5, "ab"])
    ]


async def test_days_of_1904_and_of_formats_of_ones_own() -> None:
    styles = (
        f'<styleSheet xmlns="{MAIN}"><numFmts><numFmt numFmtId="164" formatCode="[$-42A]dd\\ &quot;tháng&quot;\\ mm"/>'
        '<numFmt numFmtId="165" formatCode="[Red]0.0&quot;d&quot;"/></numFmts>'
        '<cellStyleXfs><xf numFmtId="14"/></cellStyleXfs><cellXfs>'
        '<xf numFmtId="0"/><xf numFmtId="14"/><xf numFmtId="164"/><xf numFmtId="165"/></cellXfs></styleSheet>'
    )
    cells = "".join(f'<c s="{style}"><v>44994</v></c>' for style in range(4))
    day = "2023-03-09"
    assert (await rows_of(workbook(sheet(f"<row>{cells}</row>"), styles=styles)))[0].cells == [44994, day, day, 44994]


TEXT = st.text(st.characters(exclude_categories=("Cs", "Cc")) | st.sampled_from("\n\t"), max_size=40)
CELL = st.one_of(
    st.just(""),
    TEXT,
    TEXT.map(lambda text: f"_x0041_{text}"),
    st.booleans(),
    st.integers(-(10**12), 10**12),
    st.floats(-1e9, 1e9).map(lambda number: round(number, 6)),
    st.dates(date(1900, 3, 1), date(9999, 12, 31)),
    st.datetimes(datetime(1900, 3, 1), datetime(2100, 1, 1)),  # noqa: DTZ001 - as a cell has it
    st.times().map(lambda moment: moment.replace(microsecond=0)),
)


@settings(deadline=None, max_examples=40)
@given(st.lists(st.lists(CELL, max_size=6), min_size=1, max_size=8), st.booleans())
def test_it_reads_what_another_reader_reads(rows: Sequence[Sequence[Any]], constant_memory: bool) -> None:
    made = io.BytesIO()
    options = {"strings_to_formulas": False, "strings_to_urls": False, "constant_memory": constant_memory}
    with xlsxwriter.Workbook(made, {**options, "in_memory": not constant_memory}) as book:
        page = book.add_worksheet()
        formats = {
            datetime: book.add_format({"num_format": "yyyy-mm-dd hh:mm"}),
            date: book.add_format({"num_format": "dd/mm/yyyy"}),
            time: book.add_format({"num_format": "hh:mm:ss"}),
        }
        for number, row in enumerate(rows):
            for column, cell in enumerate(row):
                page.write(number, column, cell, formats.get(type(cell)))
    found = dict(asyncio.run(rows_of(made.getvalue())))
    expected = CalamineWorkbook.from_filelike(io.BytesIO(made.getvalue())).get_sheet_by_index(0)
    for number, cells in enumerate(expected.to_python(skip_empty_area=False), 1):
        shown = [_shown(cell) for cell in cells]
        while shown and shown[-1] == "":
            shown.pop()
        assert list(found.get(number, ())) == shown


def _shown(cell: Any) -> Any:
    if isinstance(cell, str):
        return unicodedata.normalize("NFC", cell)
    if isinstance(cell, datetime):
        return cell.date().isoformat()
    if isinstance(cell, timedelta):
        seconds = round(cell.total_seconds())
        return f"{seconds // 3600:02}:{seconds // 60 % 60:02}:{seconds % 60:02}"
    return cell.isoformat() if isinstance(cell, date | time) else cell


def test_a_file_of_ones_own_is_read_the_same_way(tmp_path: Path) -> None:
    path = tmp_path / "a.xlsx"
    with xlsxwriter.Workbook(str(path)) as book:
        book.add_worksheet("Trống")
        book.add_worksheet("Bảng").write_row(4, 1, ["Xã Tân Sơn", 3])
    assert list(read_workbook(path)) == [
        Slice("Trống", []),
        Slice("Bảng", []),
        Slice("Bảng", [Row(5, ["", "Xã Tân Sơn", 3])]),
    ]
    path.write_bytes(HOSTILE["single quotes"]())
    with pytest.raises(SheetError, match="column 16384"):
        list(read_workbook(path))


@pytest.mark.parametrize("name", ["spaces", "another path", "a prefix", "a row past all", "entities", "deep"])
def test_a_hostile_file_of_ones_own_is_an_error_too(tmp_path: Path, name: str) -> None:
    path = tmp_path / "a.xlsx"
    path.write_bytes(HOSTILE[name]())
    with pytest.raises(SheetError):
        list(read_workbook(path))


RISKY = "=+-@\t\r\n ;,|\"'x＝＋－＠\u00a0"
RUNS = frozenset("=+-@＝＋－＠")


@settings(max_examples=2000)
@given(st.text(RISKY, max_size=12))
def test_a_text_is_neutral_in_every_separator_and_keeps_what_it_says(text: str) -> None:
    written = neutral(text)
    assert as_meant(written) == text
    assert not written.startswith(("\t", "\r"))
    for separator in ",;\t|\n\r":
        for cell in written.split(separator):
            for shown in (cell, cell.strip('" \u00a0')):
                assert shown[:1] not in RUNS


def test_a_csv_in_which_texts_were_made_neutral_reads_as_they_were() -> None:
    texts = ["x;=cmd|' /C calc'!A0", "-3", "'=1", "a\n+1"]
    line = ",".join('"' + neutral(text).replace('"', '""') + '"' for text in texts)
    assert asyncio.run(rows_of(f"{line}\n".encode(), "csv"))[0].cells == texts


@pytest.mark.parametrize("written", ["F2", "F2:F", "", "F0:F3", "A1:B2:C3", "$F$2:$F$3", "ABCD1:ABCD2"])
async def test_a_merge_that_can_t_be_read_is_refused(written: str) -> None:
    merges = f'<mergeCells><mergeCell ref="{written}"/></mergeCells></worksheet>'
    with pytest.raises(SheetError, match="each like F2:F3"):
        await slices_of(workbook(sheet("<row><c><v>1</v></c></row>").replace("</worksheet>", merges)))


async def test_the_merges_of_a_sheet_come_behind_its_rows_each_once_and_have_a_bound() -> None:
    def made(count: int) -> bytes:
        return workbook(merging('<mergeCell ref="F3:E2"/>' * 3 + different(count - 1)))

    parts = await slices_of(made(20_000))
    assert [len(part.merges) for part in parts] == [0] * (len(parts) - 1) + [20_000]
    assert parts[-1].merges[0] == Merge(2, 4, 3, 5)
    with pytest.raises(SheetError, match="20000 ranges"):
        await slices_of(made(20_001))


async def test_the_bound_of_merges_is_one_of_all_sheets_together() -> None:
    assert await slices_of(workbook_of([merging(different(10_000))] * 2))
    with pytest.raises(SheetError, match="s2: expected 20000 ranges"):
        await slices_of(workbook_of([merging(different(10_000))] * 2 + [merging(different(1))]))


async def test_the_name_of_a_sheet_has_a_bound() -> None:
    assert (await slices_of(workbook_of([sheet("")], "a" * 199)))[0].sheet == "a" * 199 + "0"
    with pytest.raises(SheetError, match="200 characters at most in a sheet's name, got 201; shorten it"):
        await slices_of(workbook_of([sheet("")], "a" * 200))


def merging(merges: str) -> str:
    page = sheet("<row><c><v>1</v></c></row>")
    return page.replace("</worksheet>", f"<mergeCells>{merges}</mergeCells></worksheet>")


def different(count: int) -> str:
    return "".join(f'<mergeCell ref="A2:G{number + 3}"/>' for number in range(count))
