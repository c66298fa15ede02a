"""Reads a file of events into batches small enough for one post.

The file has one JSON object a line, as many as there are, or is one JSON object or one array of them in any layout.
"""

import hashlib
import json
from codecs import BOM_UTF8
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

BATCH_BYTES = 4 * 1024 * 1024  # half of what the door takes in one request
DOCUMENT_BYTES = 32 * 1024 * 1024  # of what is read at once: a file that is one JSON document, or a line
_EXPECTED = "expected one event a line (NDJSON), one event or an array of events"
_BLANK = " \t\r\n"


class FileError(ValueError):
    """The file can't be posted. Its text names the line, what was expected and what came."""


@dataclass(frozen=True, slots=True)
class Line:
    """One event: where it stands in the file, its id, its JSON."""

    number: int
    id: str
    body: bytes


@dataclass(frozen=True, slots=True)
class Batch:
    """Lines that are posted together."""

    lines: tuple[Line, ...]

    @property
    def body(self) -> bytes:
        """A CloudEvents batch: a JSON array."""
        return b"[" + b",".join(line.body for line in self.lines) + b"]"


def check_file(path: Path) -> int:
    """Read the whole file once, so that a broken line is told before anything is posted; return how many events.

    Raises FileError, also for a file without any event.
    """
    if path.suffix.lower() == ".xls":
        raise FileError(f"{path}: expected XLSX, CSV or JSON lines; save the workbook as XLSX")
    count = sum(1 for _ in read_lines(path))
    if not count:
        raise nothing_in(path)
    return count


def nothing_in(path: Path) -> FileError:
    """Make the error for a file without any event: an empty one, a template that nobody filled in."""
    return FileError(f"{path}: nothing in it to post")


def read_lines(path: Path) -> Iterator[Line]:
    """Read the events of the file; empty lines are passed over. Raises FileError at the first broken one."""
    with path.open("rb") as file:
        first = True
        for number, raw in enumerate(iter(partial(file.readline, DOCUMENT_BYTES + 1), b""), start=1):
            if not raw.strip():
                continue
            if first and not _is_object(raw):
                file.seek(0)
                yield from _document(path, file.read(DOCUMENT_BYTES + 1))
                return
            first = False
            yield _line(path, number, _bounded(path, number, raw).removeprefix(BOM_UTF8).strip())


def _is_object(raw: bytes) -> bool:
    try:
        return isinstance(json.loads(raw), dict)
    except (ValueError, RecursionError):
        return False


def _bounded(path: Path, number: int, raw: bytes) -> bytes:
    if len(raw) > DOCUMENT_BYTES:
        most = DOCUMENT_BYTES // 1024**2
        raise FileError(f"{path}:{number}: expected {most} MiB at most, or one event a line (NDJSON)")
    return raw


def _document(path: Path, raw: bytes) -> Iterator[Line]:
    """Read a file that is one JSON object or one array of them, each event at the line where it begins."""
    try:
        text = _bounded(path, 1, raw).decode("utf-8-sig")
        found = json.loads(text)
    except json.JSONDecodeError as error:
        raise FileError(f"{path}:{error.lineno}: {_EXPECTED}; {error.msg} at column {error.colno}") from None
    except UnicodeDecodeError as error:
        number = raw.count(b"\n", 0, error.start) + 1
        raise FileError(f"{path}:{number}: {_EXPECTED}, in UTF-8") from None
    except RecursionError:
        raise FileError(f"{path}:1: {_EXPECTED}; it is nested too deeply") from None
    if isinstance(found, dict):
        yield _line(path, text.count("\n", 0, text.index("{")) + 1, text.strip(_BLANK).encode())
    elif isinstance(found, list):
        yield from _elements(path, text, len(found))
    else:
        raise FileError(f"{path}:1: {_EXPECTED}, got {type(found).__name__}")


def _elements(path: Path, text: str, count: int) -> Iterator[Line]:
    """Cut an array that is known to be sound into its elements, as they are written: the service judges their own
    words.
    """
    decoder, end, number, counted = json.JSONDecoder(), text.index("["), 1, 0
    for _ in range(count):
        start = end + 1  # behind the bracket or the comma
        while text[start] in _BLANK:
            start += 1
        number, counted = number + text.count("\n", counted, start), start
        _, end = decoder.raw_decode(text, start)
        yield _line(path, number, text[start:end].encode())
        while text[end] in _BLANK:
            end += 1


def _line(path: Path, number: int, raw: bytes) -> Line:
    try:
        event = json.loads(raw)
    except (ValueError, RecursionError) as error:
        raise FileError(f"{path}:{number}: not JSON: {str(error)[:120]}; {_EXPECTED}") from None
    if not isinstance(event, dict):
        raise FileError(f"{path}:{number}: {_EXPECTED}, got {type(event).__name__}")
    if "id" not in event:
        event = {"id": _id_of(event), **event}
        raw = json.dumps(event, ensure_ascii=False, separators=(",", ":")).encode()
    return Line(number, str(event["id"]), raw)


def _id_of(event: dict[str, Any]) -> str:
    """Derive an id from the content: the same line gives the same id, so that a second run counts once."""
    content = json.dumps(event, ensure_ascii=False, separators=(",", ":"), sort_keys=True)
    return f"line-{hashlib.sha256(content.encode()).hexdigest()[:32]}"


def batches(lines: Iterator[Line], most: int) -> Iterator[Batch]:
    """Group lines into batches of at most so many events and of at most BATCH_BYTES."""
    waiting: list[Line] = []
    size = 0
    for line in lines:
        if waiting and (len(waiting) == most or size + len(line.body) > BATCH_BYTES):
            yield Batch(tuple(waiting))
            waiting, size = [], 0
        waiting.append(line)
        size += len(line.body) + 1
    if waiting:
        yield Batch(tuple(waiting))
