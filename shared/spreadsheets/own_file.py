"""Reads a spreadsheet of whoever runs this, as the door reads one that is uploaded.

A workbook is read in a process of its own here as well: the file may still come from a stranger.
"""

import subprocess
from collections.abc import Iterator
from contextlib import suppress
from itertools import islice
from pathlib import Path
from typing import IO

from shared.sheets.header import HEADER_ROWS, delimiter_of
from shared.sheets.rows import Row, Slice
from shared.sheets.words import FileWords
from shared.spreadsheets.csv_text import csv_rows
from shared.spreadsheets.frames import COMMAND, LENGTH, decode, request
from shared.spreadsheets.limits import OWN_FILE, SheetError, too_much


def read_workbook(path: Path) -> Iterator[Slice]:
    """Read the rows of an XLSX file. Raises SheetError for one that can't be read, OSError for one that isn't there."""
    content = path.read_bytes()
    with subprocess.Popen(  # noqa: S603 - our own module, no shell
        COMMAND, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env={}
    ) as process:
        assert process.stdin is not None  # noqa: S101 - pipes, as asked for
        assert process.stdout is not None  # noqa: S101
        try:
            decode(_frame(process.stdout))
            with suppress(BrokenPipeError):  # it has ended, which it tells by having no answer
                process.stdin.write(request("xlsx", OWN_FILE))
                process.stdin.write(content)
                process.stdin.flush()
            with suppress(BrokenPipeError):
                process.stdin.close()
            while (part := decode(_frame(process.stdout))) is not None:
                yield part
        except EOFError:
            raise too_much("xlsx", OWN_FILE) from None
        finally:
            process.kill()


def read_csv(path: Path) -> Iterator[Row]:
    """Read the rows of a CSV, line by line. Raises SheetError that names the row, OSError for a file that isn't
    there.
    """
    number = 0
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            delimiter = delimiter_of(islice(file, HEADER_ROWS))
            file.seek(0)
            for row in csv_rows(file, delimiter, OWN_FILE):
                number = row.number
                yield row
    except UnicodeDecodeError:
        raise SheetError(FileWords.BELOW_ROW.value.filled(file=FileWords.NOT_UTF8.value, row=number)) from None


def _frame(told: IO[bytes]) -> bytes:
    """Read the next frame's JSON. The process watches its own time: there is an end to this wait."""
    return _whole(told, int.from_bytes(_whole(told, LENGTH), "big"))


def _whole(told: IO[bytes], length: int) -> bytes:
    found = told.read(length)
    if len(found) < length:
        raise EOFError
    return found
