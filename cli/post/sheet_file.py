"""Sends a spreadsheet to the intake service in parts: checked whole first, then taken part by part.

A second run replaces the same records with the same figures; one after a crash goes on after the last confirmed part.
"""

import hashlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import httpx

from cli.loopback import is_loopback
from cli.post.journal import Journal
from cli.post.posting import TIMEOUT, Pace, PostError, Report, Target, json_of, post_patiently
from cli.post.sheet_rows import Part

_TOLD = {200, 202, 207, 403, 413, 422}  # with the list of what is wrong


@dataclass(frozen=True, slots=True)
class RefusedCell:
    """One thing wrong with the file: where it stands there, and the service's own words."""

    place: str
    error: dict[str, Any]


@dataclass(slots=True)
class Sent:
    """What became of a file's events. `before`: how many of the accepted ones were confirmed in a run before.

    `unlisted` were refused, and the service did not say which they are.
    """

    accepted: int = 0
    before: int = 0
    refused: list[RefusedCell] = field(default_factory=list)
    unlisted: int = 0


def journal_of(folder: Path, path: Path, target: Target) -> Journal:
    """Open the journal of this very upload: of this content, to this service, with this key."""
    with path.open("rb") as file:
        content = hashlib.file_digest(file, "sha256").digest()
    return Journal(folder, content, target.url.encode(), target.key.encode(), b"partial" if target.partial else b"")


async def check_parts(target: Target, made: Iterator[Part], pace: Pace, advance: Callable[[int], None]) -> Sent:
    """Ask what would become of the parts; nothing is taken. Raises PostError as `post_parts` does."""
    sent = await post_parts(replace(target, dry_run=True), made, None, pace, advance)
    if sent.refused and not target.partial:
        sent.accepted = 0
    return sent


async def post_parts(
    target: Target, made: Iterator[Part], journal: Journal | None, pace: Pace, advance: Callable[[int], None]
) -> Sent:
    """Post the parts that the journal doesn't know yet, in order; `advance` hears how many rows are done.

    Raises PostError when the service refuses a part without saying which rows are wrong, or stays away for longer than
    the target's patience. What was accepted until then stays accepted, and the journal knows it.
    """
    sent = Sent()
    headers = {"Authorization": f"Bearer {target.key}", "Content-Type": "text/csv"}
    async with httpx.AsyncClient(
        base_url=target.url, headers=headers, timeout=TIMEOUT, trust_env=not is_loopback(target.url)
    ) as client:
        for part in made:
            before = journal.events_of(part.body) if journal is not None else None
            if before is not None:
                sent.accepted += before
                sent.before += before
            else:
                accepted, refused, unlisted = await _post_part(client, target, part, pace)
                sent.accepted += accepted
                sent.refused += refused
                sent.unlisted += unlisted
                if journal is not None and not refused:
                    journal.confirm(part.body, accepted)
            advance(len(part.rows) - 1)
    return sent


async def _post_part(
    client: httpx.AsyncClient, target: Target, part: Part, pace: Pace
) -> tuple[int, list[RefusedCell], int]:
    response = await post_patiently(client, target, ("/v1/import", lambda: part.body, str(part)), pace, Report())
    body = json_of(response)
    if response.status_code not in _TOLD or "accepted" not in body:
        raise PostError(f"{target.url} refuses {part}: {body.get('message', f'answers {response.status_code}')}")
    if target.dry_run and response.status_code in {202, 207}:
        raise PostError(f"{target.url} doesn't know dry runs: {part} were TAKEN")
    listed = body["rejected"]
    refused = [_refused(error, part) for item in listed for error in item["errors"]]
    return body["accepted"], refused, body.get("rejected_total", len(listed)) - len(listed)


def _refused(error: dict[str, Any], part: Part) -> RefusedCell:
    """Give an error its place in the file instead of the place in its part."""
    located = {**error, "sheet": part.sheet, "row": _row(error.get("row"), part.rows)}
    sheet = f"{part.sheet}, " if part.sheet else ""
    column = f", column {error['column']}" if error.get("column") else ""
    return RefusedCell(f"{sheet}row {located['row']}{column}", located)


def _row(row: Any, rows: Sequence[int]) -> int | None:
    return rows[row - 1] if isinstance(row, int) and 0 < row <= len(rows) else None
