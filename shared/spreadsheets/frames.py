"""What the reading process is asked, and what it says: frames, each a length of four bytes and as many of JSON."""

import json
import sys
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from typing import Any

from pydantic_core import from_json

from shared.sheets.rows import Hidden, Merge, Row, Slice
from shared.sheets.words import FileWords
from shared.spreadsheets.limits import MIB, Kind, Limits, SheetError, SheetTooLargeError
from shared.values.personal_data import named
from shared.wording.words import Words

# Isolated: neither variables of the environment nor the folder that the caller stands in decide what runs.
COMMAND = (sys.executable, "-I", "-m", "shared.spreadsheets.child")
LENGTH = 4
MOST = 8 * MIB  # of a frame: one row may hold that much
_ENOUGH = 128 * 1024


def request(kind: Kind, limits: Limits) -> bytes:
    """Write the line that comes before the file."""
    return json.dumps({"kind": kind, "limits": asdict(limits)}).encode() + b"\n"


def encode(message: dict[str, Any]) -> bytes:
    """Write a message as a frame."""
    body = json.dumps(message, ensure_ascii=False, separators=(",", ":")).encode()
    return len(body).to_bytes(LENGTH, "big") + body


READY = encode({"ready": True})
END = encode({"end": True})


def encode_error(error: SheetError) -> bytes:
    """Write the frame that ends an answer with a refusal."""
    return encode({"error": list(error.words), "too_large": isinstance(error, SheetTooLargeError)})


def encode_slices(slices: Iterator[Slice], most: int) -> Iterator[bytes]:
    """Write frames of some rows each. Raises SheetError for more than `most` bytes in all, or a row that is too long.

    Rows are joined to frames of a sensible size, and a sheet begins with a frame of its own.
    """
    waiting: list[bytes] = []
    size = 0
    left = most
    sheet: str | None = None
    hidden = Hidden()
    for name, rows, of_these, merges in slices:
        if sheet != name:
            yield from _joined(sheet, waiting, hidden)
            sheet, waiting, size = name, [], 0
            yield _frame(name, [], of_these)
        before = hidden.rows if waiting else ()
        hidden = of_these._replace(rows=[*before, *of_these.rows], columns=list(of_these.columns))
        for row in rows:
            written = json.dumps(row, ensure_ascii=False, separators=(",", ":")).encode()
            left -= len(written)
            if left < 0 or len(written) > MOST - _ENOUGH:
                raise SheetError(
                    FileWords.TOO_LONG.value.filled(most=most // MIB, row=row.number, sheet=named(name) or "CSV")
                )
            waiting.append(written)
            size += len(written)
            if size >= _ENOUGH:
                yield from _joined(sheet, waiting, hidden)
                waiting, size = [], 0
        if merges:
            yield from _joined(sheet, waiting, hidden)
            waiting, size = [], 0
            yield _frame(name, [], of_these, merges)
    yield from _joined(sheet, waiting, hidden)


def decode(body: bytes) -> Slice | None:
    """Read the rows of a frame's JSON; None for READY and END. Raises the SheetError that it tells."""
    message: dict[str, Any] = from_json(body)
    if "error" in message:
        raise (SheetTooLargeError if message["too_large"] else SheetError)(Words(*message["error"]))
    if "rows" not in message:
        return None
    sheet, columns, numbers = message["hidden"] or (False, (), ())
    rows = [Row(number, cells) for number, cells in message["rows"]]
    merges = tuple(Merge(*corners) for corners in message["merges"])
    return Slice(message["sheet"], rows, Hidden(sheet, frozenset(columns), frozenset(numbers)), merges)


def _joined(sheet: str | None, rows: list[bytes], hidden: Hidden) -> Iterator[bytes]:
    if sheet is not None and rows:
        yield _frame(sheet, rows, hidden)


def _frame(sheet: str, rows: list[bytes], hidden: Hidden, merges: Sequence[Merge] = ()) -> bytes:
    unseen = [hidden.sheet, list(hidden.columns), list(hidden.rows)] if any(hidden) else None
    name, hides, merged = (json.dumps(item).encode() for item in (sheet, unseen, merges))
    body = b'{"sheet":%b,"hidden":%b,"merges":%b,"rows":[%b]}' % (name, hides, merged, b",".join(rows))
    return len(body).to_bytes(LENGTH, "big") + body
