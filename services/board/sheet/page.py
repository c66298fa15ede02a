"""What the page beside the form shows: where the sheet is downloaded and uploaded, and what is wrong with one. Pure."""

from collections.abc import Sequence
from datetime import datetime
from urllib.parse import quote

from services.board.pages.rendering import sayer
from services.board.pages.written import sentence
from services.board.report.pages import Opened, common
from services.board.sheet.filling import Unusual
from services.board.sheet.words import BookWords, FaultWords, PageWords
from shared.domain.refusals import Place, Refusal
from shared.programme.figure_words import whole
from shared.values.personal_data import named
from shared.wording.words import Words

MOST_BYTES = 2 * 1024 * 1024  # of a sheet
LISTED = 30  # of what is wrong with one
_MEBIBYTE = 1024 * 1024
_NO_NAME = str.maketrans(dict.fromkeys('\\/:*?"<>|\r\n\t', " "))  # what no system has in a file's name


def sheet_page(
    opened: Opened,
    faults: Sequence[Words] = (),
    *,
    notes: Sequence[Words] = (),
    unusual: Sequence[Unusual] = (),
    stale: datetime | None = None,
    taken: bool = False,
) -> dict[str, object]:
    """The page; `faults` keep a sheet from being taken, `notes` tell of one that was `taken`; `unusual` are its figures
    that are to be confirmed.
    """
    said = opened.form.said
    return {
        **common(opened),
        "sheet": sayer(PageWords, opened.form.language),
        "most": MOST_BYTES // _MEBIBYTE,
        "faults": [sentence(said(fault)) for fault in faults[:LISTED]],
        "more": _more(opened, faults),
        "taken": taken,
        "notes": [sentence(said(note)) for note in notes],
        "unusual": [
            {"text": said(told_at(it.place, it.words)), "path": opened.path(f"figure/{it.key}")}
            for it in unusual[:LISTED]
        ],
        "more_unusual": _more(opened, unusual),
        "stale": None if stale is None else said(PageWords.STALE.value.filled(at=opened.at(stale))),
    }


def _more(opened: Opened, listed: Sequence[object]) -> str | None:
    more = len(listed) - LISTED
    return opened.form.said(PageWords.MORE.value.filled(count=whole(more))) if more > 0 else None


def told_at(place: Place | None, what: Words) -> Words:
    """Say what is wrong at a cell."""
    if place is None:
        return what
    cell = f"{place.column}{place.row}"
    if not place.sheet:
        return FaultWords.CSV_CELL.value.filled(cell=cell, what=what)
    return FaultWords.CELL.value.filled(sheet=named(place.sheet), cell=cell, what=what)


def told_of(refusal: Refusal) -> Words:
    """Say what is wrong, at its cell, in the words of the form."""
    return told_at(refusal.place, Words(refusal.message("vi"), refusal.message("en")))


def disposition(opened: Opened) -> str:
    """Name the downloaded file, for all systems and in the reader's language (RFC 6266)."""
    form = opened.form
    plain = f"{form.report.slug}-{form.unit.code}-{form.period}.xlsx"
    name = form.said(BookWords.FILE_NAME.value.filled(unit=form.unit.name, period=form.period_name))
    name = " ".join(name.translate(_NO_NAME).split())
    return f"attachment; filename=\"{plain}\"; filename*=UTF-8''{quote(f'{name}.xlsx', safe='')}"
