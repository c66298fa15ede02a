"""`application/x-ndjson`: one CloudEvents object a line, cut into small groups as the bytes come."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, nullcontext
from dataclasses import replace
from typing import TypeAlias

from services.intake.formats.cloudevents import Candidate, Parsed, parse_structured
from services.intake.formats.json_text import MARK, UnreadableError
from services.intake.pacing.limits import EVENT_BYTES as LINE_BYTES
from services.intake.pacing.limits import EVENT_SIZE
from services.intake.pacing.slices import Pause
from shared.domain.refusals import Code, Refusal, Rejected

NDJSON = "application/x-ndjson"
GROUP_BYTES = 512 * 1024
_LINES_AT_ONCE = 4096  # are cut, in some 2 ms; then others have the event loop

# A line's number from 0 and its text; None for a line that was too long to keep.
Lines: TypeAlias = list[tuple[int, bytes | None]]


async def groups_of(
    chunks: AsyncIterator[bytes], turn: Callable[[], AbstractAsyncContextManager[object]] = nullcontext
) -> AsyncIterator[Lines]:
    """Cut a stream into groups of non-empty lines, GROUP_BYTES at most each.

    Holds the groups of one chunk and one line, whatever comes. A chunk is taken apart within a `turn`, and the event
    loop has its own in between: a chunk of nothing but line ends is 60,000 lines.
    """
    splitter = _Splitter()
    async for chunk in chunks:
        async with turn():
            full = await splitter.take(chunk)
        for group in full:
            yield group
    if last := splitter.end():
        yield last


class _Splitter:
    """The lines of a stream, as far as it has come."""

    def __init__(self) -> None:
        self._group: Lines = []
        self._size = 0  # of the group, in bytes
        self._number = 0  # of the line that has begun
        self._begun = b""
        self._too_long = False

    async def take(self, chunk: bytes) -> list[Lines]:
        """Take a chunk apart; return the groups that are full with it."""
        full: list[Lines] = []
        *ended, rest = chunk.split(b"\n")
        for piece in ended:
            self._end_line(piece)
            if self._size >= GROUP_BYTES or len(self._group) >= GROUP_BYTES // 256:
                full.append(self._group)
                self._group, self._size = [], 0
            if self._number % _LINES_AT_ONCE == 0:
                await asyncio.sleep(0)
        if not self._too_long:
            self._begun += rest
        if len(self._begun) > LINE_BYTES:
            self._begun, self._too_long = b"", True
        return full

    def end(self) -> Lines:
        """Return the last group, with a line that has no end."""
        if self._too_long or self._begun.removeprefix(MARK).strip():
            self._group.append((self._number, None if self._too_long else self._begun))
        return self._group

    def _end_line(self, piece: bytes) -> None:
        line = self._begun + piece
        if self._too_long or len(line) > LINE_BYTES:
            self._group.append((self._number, None))
        elif line.removeprefix(MARK).strip():
            self._group.append((self._number, line))
            self._size += len(line)
        self._begun, self._too_long = b"", False
        self._number += 1


async def parse_lines(lines: Lines) -> Parsed:
    """Check each line by itself: a bad one is a rejected line and no more. The event loop has its turn in between."""
    pause = Pause()
    candidates: list[Candidate] = []
    rejected: list[Rejected] = []
    for number, line in lines:
        await pause.after(len(line or b""))
        if line is None:
            refusal = Refusal(Code.EVENT_TOO_LARGE, "event", EVENT_SIZE)
            rejected.append(Rejected(number, None, (refusal,)))
            continue
        try:
            good, bad = parse_structured(line)
        except UnreadableError as error:
            rejected.append(Rejected(number, None, (Refusal(Code.NOT_JSON, "event", error.words),)))
            continue
        candidates.extend(replace(candidate, index=number) for candidate in good)
        rejected.extend(replace(item, index=number) for item in bad)
    return candidates, rejected
