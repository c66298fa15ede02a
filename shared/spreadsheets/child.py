"""The process that reads one spreadsheet and ends: `python -m shared.spreadsheets.child`.

It says that it is ready, gets a line of JSON (`kind`, `limits`) and the file on its standard input until that ends, and
answers on its standard output in frames (`frames.py`). Whatever the file makes of it, it holds no more memory, CPU or
time than its limits, opens nothing and writes nothing. `shared/runtime/confined.py` says why this is a way of its own.
"""

import io
import json
import resource
import signal
import sys
from collections.abc import Iterator
from typing import BinaryIO

from shared.sheets.rows import Slice
from shared.sheets.words import FileWords
from shared.spreadsheets.csv_text import rows_of_text
from shared.spreadsheets.frames import END, READY, encode_error, encode_slices
from shared.spreadsheets.limits import Limits, SheetError
from shared.spreadsheets.xlsx import read_xlsx

_FILES = 16


def main() -> None:
    """Read what comes."""
    given, told = sys.stdin.buffer, sys.stdout.buffer
    _write(told, READY)
    asked = given.readline()
    if not asked:  # whoever started it has no use for it any more
        return
    request = json.loads(asked)
    limits = Limits(**request["limits"])
    confine(limits)
    try:
        for frame in encode_slices(read(request["kind"], given.read(), limits), limits.content):
            _write(told, frame)
    except SheetError as error:
        _write(told, encode_error(error))
    else:
        _write(told, END)


def read(kind: str, content: bytes, limits: Limits) -> Iterator[Slice]:
    """Read the rows of a file of the kind `xlsx` or `csv`. Raises SheetError."""
    if kind == "xlsx":
        yield from read_xlsx(io.BytesIO(content), limits)
        return
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        words = FileWords.BAD_BYTE.value.filled(file=FileWords.NOT_UTF8.value, byte=error.start)
        raise SheetError(words) from None
    yield Slice("", ())
    for row in rows_of_text(text, limits):
        yield Slice("", (row,))


def confine(limits: Limits) -> None:
    """Give this process its limits. The kernel ends it where it passes one of time, even inside a library's loop."""
    resource.setrlimit(resource.RLIMIT_AS, (limits.memory, limits.memory))
    resource.setrlimit(resource.RLIMIT_CPU, (limits.cpu_seconds, limits.cpu_seconds))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_NOFILE, (_FILES, _FILES))
    signal.signal(signal.SIGALRM, signal.SIG_DFL)
    signal.alarm(limits.seconds)  # should its parent be gone


def _write(told: BinaryIO, frame: bytes) -> None:
    told.write(frame)
    told.flush()


if __name__ == "__main__":
    main()
