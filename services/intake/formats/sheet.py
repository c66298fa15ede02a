"""Turns tables of cells into events, each cell's place kept, so that an error names sheet, row and column. Pure.

Each upload has fresh ids and the time of receipt: what stands in a second one replaces the first, record by record. In
one upload each record comes once, and a record of which a row is wrong is refused whole.
"""

import uuid
from collections.abc import Hashable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from services.intake.formats.json_text import UnreadableError
from services.intake.formats.sheet_row import activity_data, places_of
from services.intake.refusals.event_words import SheetWords
from shared.domain.events import Kind
from shared.domain.refusals import LISTED, Code, Place, Refusal, Rejected
from shared.sheets.columns import BY, column_letters
from shared.sheets.header import Header, LayoutError
from shared.sheets.merges import merge_fault, merges_over, refuse_merged_header
from shared.sheets.notes import Notes
from shared.sheets.row_reading import SheetRow
from shared.sheets.rows import Merge, Slice
from shared.sheets.rows import Row as Cells
from shared.sheets.tables import TableSearch
from shared.sheets.words import RowWords
from shared.values.personal_data import named
from shared.wording.words import Words

SOURCE = "/import"
KINDS = frozenset(
    {Kind.INDICATOR_REPORTED, Kind.ACTIVITY_RECORDED, Kind.RECORD_RETRACTED, Kind.REPORT_SUBMITTED}
)  # that a spreadsheet may hold
_COUNTS = ("numerator", "denominator")
_OF_THE_WHOLE = frozenset(f"data.{name}" for name in _COUNTS)


@dataclass(slots=True)
class Draft:
    """An event, and where each of its fields stands.

    `refusals` are the first LISTED cells that are wrong in themselves, `more` says how many there are besides: a small
    file may have millions of them.
    """

    event: dict[str, Any]
    places: dict[str, Place]
    refusals: list[Refusal] = field(default_factory=list)
    more: int = 0
    parts: dict[Hashable, int] = field(default_factory=dict)  # of a figure: the row of its whole, of each part

    @property
    def start(self) -> Place:
        """Where its first row stands."""
        return self.places["event"]

    def refuse(self, refusals: Sequence[Refusal]) -> None:
        """Add what is wrong with it; what isn't listed is counted."""
        room = LISTED - len(self.refusals)
        self.refusals += refusals[:room]
        self.more += max(0, len(refusals) - room)

    def located(self, item: Rejected) -> Rejected:
        """The same refusals with the cells that they are about."""
        missing = [refusal for refusal in item.refusals if self._is_of_the_whole(refusal)]
        refusals = [
            replace(refusal, place=self._place(refusal.field)) for refusal in item.refusals if refusal not in missing
        ]
        if missing:  # one row, not a cell of the row that is there
            refusals.append(Refusal(Code.FIELD_MISSING, "row", SheetWords.WHOLE.value, None, self.start))
        return replace(item, refusals=tuple(refusals))

    def _is_of_the_whole(self, refusal: Refusal) -> bool:
        """Whether it misses what stands in the row of the whole, where only rows of parts are there."""
        parts_alone = "breakdown" in self.event["data"] and frozenset() not in self.parts
        return parts_alone and refusal.code is Code.FIELD_MISSING and refusal.field in _OF_THE_WHOLE

    def _place(self, name: str) -> Place:
        while name and name not in self.places:
            name = name.rpartition(".")[0]
        return self.places.get(name) or self.start


@dataclass(frozen=True, slots=True)
class Drafted:
    """What was made of a spreadsheet: events by their place in the answer, refused records, notes for the sender."""

    drafts: dict[int, Draft]
    rejected: list[Rejected]
    notes: list[Words]


class Drafting:
    """Makes events of a spreadsheet while it is read, slice by slice.

    `programme` is meant where a table has no such column; `now` is the time of receipt.
    """

    def __init__(self, programme: str, now: datetime) -> None:
        self._programme = programme
        self._now = now
        self._notes = Notes()
        self._tables = TableSearch(self._notes)
        self._of_rows: dict[int, Draft] = {}  # of the sheet: which record each of its rows belongs to
        self._records: dict[tuple[str, ...], Draft] = {}
        self._drafts: list[Draft] = []  # in the order of the rows, which numbers them in the answer

    def take(self, part: Slice) -> None:
        """Read some rows. Raises UnreadableError where a sheet isn't laid out as a table of ours."""
        try:
            if part.sheet != self._tables.sheet:
                self._of_rows = {}
            for header, row in self._tables.rows(part):
                self._draft(part, header, row)
            if part.merges and self._tables.header is not None:
                self._refuse_merged(part.sheet, self._tables.header, part.merges)
        except LayoutError as error:
            raise UnreadableError(error.words) from None

    def end(self) -> Drafted:
        """All that was made of it. Raises UnreadableError when no sheet holds a table."""
        try:
            self._tables.end()
        except LayoutError as error:
            raise UnreadableError(error.words) from None
        if not self._drafts:
            self._notes.nothing_to_post()
        numbered = list(enumerate(self._drafts))
        return Drafted(
            {index: draft for index, draft in numbered if not draft.refusals},
            [Rejected(index, None, tuple(draft.refusals), draft.more) for index, draft in numbered if draft.refusals],
            self._notes.words(),
        )

    def _draft(self, part: Slice, header: Header, cells: Cells) -> None:
        row = SheetRow(part.sheet, header, cells, self._programme)
        in_place = row.check()
        key = row.key()
        if row.blank and not row.refusals:
            return
        self._notes.read(part, header, cells.number, cells.cells)
        if not in_place:
            self._of_rows[row.number] = self._refuse(row, key)
        elif row.kind == "indicator":
            self._of_rows[row.number] = self._draft_figure(row, key)
        elif row.kind == "activity":
            self._of_rows[row.number] = self._draft_activity(row, key)
        else:
            self._of_rows[row.number] = self._draft_report(row, key)

    def _refuse_merged(self, sheet: str, header: Header, merges: Sequence[Merge]) -> None:
        """Refuse each record that has a row with a merged cell. Raises LayoutError for one of the header."""
        columns = header.columns.values()
        refuse_merged_header(sheet, merges, header.row + 1, columns)
        rows = list(self._of_rows)
        done = 0  # rows before this one are refused already: merges that lie on each other take no more time for it
        for merge, covered in sorted(merges_over(merges, rows, columns), key=lambda found: found[1].start):
            place = Place(sheet, merge.first_row, column_letters(merge.first_column))
            refusal = Refusal(Code.VALUE_INVALID, "row", merge_fault(merge), None, place)
            told: set[int] = set()  # a record of several rows is refused once for the merge
            for at in (covered.start, *range(max(covered.start + 1, done), covered.stop)):
                draft = self._of_rows[rows[at]]
                if id(draft) not in told:
                    draft.refuse([refusal])
                told.add(id(draft))
            done = max(done, covered.stop)

    def _refuse(self, row: SheetRow, key: tuple[str, ...] | None) -> Draft:
        """Refuse the row, and with it the record that it is a row of."""
        draft = self._records.get(key) if key else None
        if draft is None:
            return self._add(Kind.REPORT_SUBMITTED, row, key, {}, {})
        draft.refuse(row.refusals)
        return draft

    def _add(
        self,
        kind: Kind,
        row: SheetRow,
        key: tuple[str, ...] | None,
        data: dict[str, Any],
        places: dict[str, Place],
    ) -> Draft:
        """A new draft. Where a row before has this record, that one is refused instead, naming both."""
        draft = Draft(
            {
                "specversion": "1.0",
                "id": uuid.uuid4().hex,
                "source": SOURCE,
                "type": kind.type,
                **({"subject": row.text("unit")} if row.text("unit") else {}),
                "time": self._now.isoformat(),
                "data": {"programme": row.text("programme"), **data},
            },
            {"event": row.place(row.kind), "subject": row.place("unit"), **places},
        )
        before = self._records.get(key) if key else None
        if before is not None:
            before.refuse([*row.refusals, _twice(before.start, row)])
            return before
        draft.refuse(row.refusals)
        if key:
            self._records[key] = draft
        self._drafts.append(draft)
        return draft

    def _draft_activity(self, row: SheetRow, key: tuple[str, ...] | None) -> Draft:
        if row.truth("withdraw"):
            withdrawn: dict[str, Any] = {"record": row.record(), "revision": 0}
            return self._add(Kind.RECORD_RETRACTED, row, key, withdrawn, places_of(row, withdrawn))
        data, places = activity_data(row)
        return self._add(Kind.ACTIVITY_RECORDED, row, key, data, places)

    def _draft_report(self, row: SheetRow, key: tuple[str, ...] | None) -> Draft:
        """Có submits the report, Không withdraws it; where neither stands, the row is blank."""
        data, places = _given(row, "report", "agency", "period")
        if row.truth("submitted"):
            return self._add(Kind.REPORT_SUBMITTED, row, key, data, places)
        return self._add(Kind.RECORD_RETRACTED, row, key, {**data, "revision": 0}, places)

    def _draft_figure(self, row: SheetRow, key: tuple[str, ...] | None) -> Draft:
        """Rows of one indicator, unit, agency and period are one record: the whole, its parts, or its components."""
        draft = self._records.get(key) if key else None
        if draft is None:
            draft = self._add(Kind.INDICATOR_REPORTED, row, key, *_given(row, "indicator", "agency", "period"))
            row.refusals = []
        elif draft.start.sheet != row.sheet or draft.event.get("subject", "") != row.text("unit"):
            row.refusals.append(_apart(draft.start, row))
        _read_figure(draft, row)
        draft.refuse(row.refusals)
        return draft


def _given(row: SheetRow, *names: str) -> tuple[dict[str, Any], dict[str, Place]]:
    """The fields in whose columns something stands, and the places of all."""
    return {name: row.text(name) for name in names if row.text(name)}, places_of(row, names)


def _read_figure(draft: Draft, row: SheetRow) -> None:
    """Add what the row says to its record."""
    component, by = row.text("component"), {name.removeprefix(BY): row.text(name) for name in row.given(BY)}
    before = draft.parts.setdefault(component or frozenset(by.items()), row.number)
    if before != row.number and draft.start.sheet == row.sheet and not row.refusals:
        row.refusals.append(_twice(replace(draft.start, row=before), row))
        return
    data = draft.event["data"]
    if component:
        row.keep_empty(*_COUNTS, *row.given(BY))
        data.setdefault("components", {})[component] = row.truth("value")
        draft.places[f"data.components.{component}"] = row.place("value")
        return
    row.keep_empty("value")
    counts = {name: number for name in _COUNTS if (number := row.count(name)) is not None}
    if not by:
        data.update(counts)
        draft.places |= {f"data.{name}": row.place(name) for name in _COUNTS}
        return
    split = data.setdefault("breakdown", [])
    here = f"data.breakdown.{len(split)}"
    draft.places |= {f"{here}.{name}": row.place(name) for name in _COUNTS}
    draft.places |= {f"{here}.by.{name}": row.place(BY + name) for name in by}
    draft.places[here] = row.place("indicator")
    split.append({"by": by, **counts})


def _twice(first: Place, row: SheetRow) -> Refusal:
    expected = SheetWords.REMOVE_ONE.value.filled(both=_both(first, row))
    return Refusal(Code.RECORD_REPEATED, "row", expected, None, row.place(_naming(row)))


def _apart(first: Place, row: SheetRow) -> Refusal:
    expected = SheetWords.TOGETHER.value.filled(both=_both(first, row))
    return Refusal(Code.RECORD_REPEATED, "row", expected, None, row.place(_naming(row)))


def _naming(row: SheetRow) -> str:
    return "record" if row.kind == "activity" else row.kind


def _both(first: Place, row: SheetRow) -> Words:
    """Both rows for people; sheets are named where there are two."""
    if first.sheet == row.sheet:
        return RowWords.OF_ONE_SHEET.value.filled(first=first.row, second=row.number)
    return RowWords.OF_TWO_SHEETS.value.filled(
        first_sheet=named(first.sheet), first=first.row, second_sheet=named(row.sheet), second=row.number
    )
