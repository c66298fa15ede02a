"""Reads a file of events, one JSON object a line, into batches small enough for one post."""

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

BATCH_BYTES = 4 * 1024 * 1024  # half of what the door takes in one request


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
    """Read the whole file once, so that a broken line is told before anything is posted; return how many events."""
    if path.suffix.lower() == ".xls":
        raise FileError(f"{path}: expected XLSX, CSV or JSON lines; save the workbook as XLSX")
    return sum(1 for _ in read_lines(path))


def read_lines(path: Path) -> Iterator[Line]:
    """The events of the file; empty lines are passed over. Raises FileError at the first broken one."""
    with path.open("rb") as file:
        for number, raw in enumerate(file, start=1):
            if raw.strip():
                yield _line(path, number, raw.strip())


def _line(path: Path, number: int, raw: bytes) -> Line:
    try:
        event = json.loads(raw)
    except (ValueError, RecursionError) as error:
        raise FileError(f"{path}:{number}: not JSON: {str(error)[:120]}") from None
    if not isinstance(event, dict):
        raise FileError(f"{path}:{number}: expected one JSON object a line, got {type(event).__name__}")
    if "id" not in event:
        event = {"id": _id_of(event), **event}
        raw = json.dumps(event, ensure_ascii=False, separators=(",", ":")).encode()
    return Line(number, str(event["id"]), raw)


def _id_of(event: dict[str, Any]) -> str:
    """An id that follows from the content: the same line gives the same id, so that a second run counts once."""
    content = json.dumps(event, ensure_ascii=False, separators=(",", ":"), sort_keys=True)
    return f"line-{hashlib.sha256(content.encode()).hexdigest()[:32]}"


def batches(lines: Iterator[Line], most: int) -> Iterator[Batch]:
    """Batches of at most so many events and of at most BATCH_BYTES."""
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
