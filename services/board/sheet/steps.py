"""The steps of the sheet beside the form: it is downloaded, uploaded, and what it says becomes the draft.

From there on it is the form: the same page to check, the same way to hand in, the same receipt.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from uuid import uuid4

from starlette.requests import Request
from starlette.responses import Response

from services.board.pages.refusing import refusal
from services.board.pages.rendering import PAGE_HEADERS
from services.board.pages.uploaded import uploaded
from services.board.pages.words import Refusals
from services.board.report.opening import ReportPages, Who, number_of, to
from services.board.report.pages import Opened
from services.board.sheet.download import write_sheet
from services.board.sheet.filling import Filling
from services.board.sheet.page import MOST_BYTES, disposition, sheet_page, told_at, told_of
from services.board.sheet.reading import SheetRead, SheetReading
from services.board.sheet.words import FaultWords
from shared.http.held_body import BodyError, BodyLimits
from shared.runtime.turns import BusyError, Turns
from shared.sheets.header import LayoutError
from shared.spreadsheets.limits import MIB, Kind, Limits, ReaderAwayError, SheetError, SheetTooLargeError
from shared.spreadsheets.readers import Readers
from shared.wording.words import Words

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
# Of one report's sheet, which has hundreds of rows at most; the reading process takes no more than intake's does.
ONE_REPORT = Limits(
    rows=2_000, columns=300, inflated=16 * MIB, content=4 * MIB, memory=320 * MIB, cpu_seconds=5, seconds=20
)  # fmt: skip
READ_AT_ONCE, PATIENCE = 2, 20.0  # sheets in all, one of each officer; seconds that another one waits
ROWS_AT_ONCE = 25  # then others have the event loop
RETRY_SECONDS = "5"


@dataclass(frozen=True, slots=True)
class Sheets:
    """What the steps need: readers of files, turns for them, and room for what is uploaded."""

    readers: Readers
    turns: Turns
    body: BodyLimits

    async def download(self, pages: ReportPages, request: Request, who: Who, opened: Opened) -> Response:
        """Give the sheet of this report, filled in with what the form shows now."""
        content = await asyncio.to_thread(write_sheet, opened, uuid4().hex[:8])
        headers = {**PAGE_HEADERS, "Content-Disposition": disposition(opened)}
        return Response(content, media_type=XLSX, headers=headers)

    async def step(self, pages: ReportPages, request: Request, who: Who, opened: Opened) -> Response:
        """Show where the sheet is downloaded and uploaded; or take one."""
        if request.method != "POST":
            return pages.render(request, "sheet.html", sheet_page(opened))
        try:
            async with uploaded(request, self.body) as posted:
                version, content = number_of(posted.fields), posted.content
                read = await self._read(opened, who, content) if content else None
        except BodyError as error:
            if error.status != 413:
                raise
            return _refused(pages, request, opened, [_too_large()], 413)
        except (SheetError, LayoutError) as error:
            await pages.note(request, "sheet", str(opened.name), "unreadable")
            return _refused(pages, request, opened, [_unreadable(error)])
        if read is None:
            return _refused(pages, request, opened, [FaultWords.NO_FILE.value])
        return await self._take(pages, request, who, opened, read, version)

    async def _read(self, opened: Opened, who: Who, content: bytes) -> "Read":
        reading = SheetReading(opened.form)
        try:
            async with self.turns.turn(who.ref), self.readers.read(_kind_of(content), content) as slices:
                async for part in slices:
                    for start in range(0, max(1, len(part.rows)), ROWS_AT_ONCE):
                        reading.take(part._replace(rows=part.rows[start : start + ROWS_AT_ONCE]))
                        await asyncio.sleep(0)
        except (BusyError, ReaderAwayError) as error:
            headers = {"Retry-After": RETRY_SECONDS}
            raise refusal(Refusals.AWAY, 503, "unavailable", headers=headers) from error
        read = reading.end()
        return Read(read, [told_at(place, words) for place, words in reading.identity.foreign.values()])

    async def _take(
        self, pages: ReportPages, request: Request, who: Who, opened: Opened, read: "Read", version: int
    ) -> Response:
        """Fill the draft in with what was read, and go on to check it; a sheet with a fault fills in nothing."""
        filling = await asyncio.to_thread(Filling, opened, read.said)
        faults = read.foreign or [told_of(item) for item in filling.refusals]
        if faults:
            await pages.note(request, "sheet", str(opened.name), "foreign" if read.foreign else "faulty")
            unusual = () if read.foreign else filling.unusual
            page = sheet_page(opened, faults, unusual=unusual)
            return pages.render(request, "sheet.html", page, 422)
        says_more = filling.answers != opened.draft.answers
        if says_more and not await pages.keep(opened, who, filling.answers, version):
            await pages.note(request, "sheet", str(opened.name), "stale")
            shown = await pages.open(who, opened.name)
            return pages.render(request, "sheet.html", sheet_page(shown, stale=shown.draft.changed_at), 409)
        await pages.note(request, "sheet", str(opened.name), "done")
        notes = read.said.notes.words()
        if not (notes or filling.unusual):
            return to(opened, "check")
        page = sheet_page(await pages.open(who, opened.name), notes=notes, unusual=filling.unusual, taken=True)
        return pages.render(request, "sheet.html", page)


def make_sheets(body: BodyLimits) -> Sheets:
    """Make what the steps need. No reader is kept ready: a sheet comes now and then, and waits for an interpreter."""
    return Sheets(Readers(ONE_REPORT), Turns(READ_AT_ONCE, PATIENCE), body)


@dataclass(frozen=True, slots=True)
class Read:
    """What a sheet says, and which of it is of another report."""

    said: SheetRead
    foreign: Sequence[Words]


def _kind_of(content: bytes) -> Kind:
    """Tell what a file is, by itself: a CSV is a text, and whatever else comes is no workbook at worst."""
    try:
        content.decode("utf-8-sig")
    except UnicodeDecodeError:
        return "xlsx"
    return "xlsx" if b"\0" in content or content.startswith(b"PK") else "csv"


def _refused(
    pages: ReportPages, request: Request, opened: Opened, faults: Sequence[Words], status: int = 422
) -> Response:
    return pages.render(request, "sheet.html", sheet_page(opened, faults), status)


def _too_large() -> Words:
    return FaultWords.TOO_LARGE.value.filled(most=MOST_BYTES // MIB)


def _unreadable(error: SheetError | LayoutError) -> Words:
    if isinstance(error, SheetTooLargeError):
        return FaultWords.TOO_MANY_ROWS.value.filled(most=ONE_REPORT.rows)
    return FaultWords.UNREADABLE.value.filled(why=error.words)
