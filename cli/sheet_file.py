"""Sends a spreadsheet (CSV, XLSX) to the intake service as one import. A second run replaces the same records."""

from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from cli.event_lines import FileError
from cli.loopback import is_loopback
from cli.posting import TIMEOUT, Pace, PostError, Report, Target, json_of, post_patiently

TYPES = {
    ".csv": "text/csv",
    ".xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}
LARGEST = 8 * 1024 * 1024  # what the door takes in one request
_CHUNK = 64 * 1024


@dataclass(frozen=True, slots=True)
class RefusedCell:
    """One thing wrong with the file: where, and the service's own words."""

    place: str
    error: dict[str, Any]


def is_sheet(path: Path) -> bool:
    """Whether the file is taken for a spreadsheet."""
    return path.suffix.lower() in TYPES


def read_sheet(path: Path) -> bytes:
    """The file. Raises FileError when it is larger than the door takes."""
    content = path.read_bytes()
    if len(content) > LARGEST:
        raise FileError(f"{path}: expected {LARGEST} bytes at most, got {len(content)}: split the file")
    return content


async def post_sheet(
    target: Target, path: Path, content: bytes, pace: Pace, advance: Callable[[int], None]
) -> tuple[Report, list[RefusedCell]]:
    """Post the file's content; `advance` hears how many bytes went out. Raises PostError as `post_all` does."""

    async def pieces() -> AsyncIterator[bytes]:
        for start in range(0, len(content), _CHUNK):
            yield content[start : start + _CHUNK]
            advance(min(_CHUNK, len(content) - start))

    report = Report()
    headers = {
        "Authorization": f"Bearer {target.key}",
        "Content-Type": TYPES[path.suffix.lower()],
        "Content-Length": str(len(content)),
    }
    async with httpx.AsyncClient(
        base_url=target.url, headers=headers, timeout=TIMEOUT, trust_env=not is_loopback(target.url)
    ) as client:
        response = await post_patiently(client, target, ("/v1/import", pieces, str(path)), pace, report)
    body = json_of(response)
    if response.status_code not in {200, 202, 207, 403, 413, 422} or "accepted" not in body:
        raise PostError(f"{target.url} refuses {path}: {body.get('message', f'answers {response.status_code}')}")
    report.accepted = body["accepted"]
    return report, [RefusedCell(_place(error), error) for item in body["rejected"] for error in item["errors"]]


def _place(error: dict[str, Any]) -> str:
    sheet = f"{error['sheet']}, " if error.get("sheet") else ""
    column = f", column {error['column']}" if error.get("column") else ""
    return f"{sheet}row {error.get('row', '?')}{column}"
