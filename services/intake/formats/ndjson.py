"""`application/x-ndjson`: one CloudEvents object a line, cut into small groups as the bytes come."""

from collections.abc import AsyncIterator
from dataclasses import replace
from typing import TypeAlias

from services.intake.admission.limits import EVENT_BYTES as LINE_BYTES
from services.intake.admission.limits import EVENT_SIZE
from services.intake.admission.refusals import Code, Refusal, Rejected
from services.intake.admission.slices import Pause
from services.intake.formats.cloudevents import Candidate, Parsed, parse_structured
from services.intake.formats.json_text import MARK, UnreadableError

NDJSON = "application/x-ndjson"
GROUP_BYTES = 512 * 1024

# A line's number from 0 and its text; None for a line that was too long to keep.
Lines: TypeAlias = list[tuple[int, bytes | None]]


async def groups_of(chunks: AsyncIterator[bytes]) -> AsyncIterator[Lines]:
    """Groups of non-empty lines, GROUP_BYTES at most each. Holds one group and one line, whatever comes."""
    group: Lines = []
    size, number = 0, 0
    begun, too_long = b"", False
    async for chunk in chunks:
        *ended, rest = chunk.split(b"\n")
        for piece in ended:
            line = begun + piece
            if too_long or len(line) > LINE_BYTES:
                group.append((number, None))
            elif line.removeprefix(MARK).strip():
                group.append((number, line))
                size += len(line)
            begun, too_long = b"", False
            number += 1
            if size >= GROUP_BYTES or len(group) >= GROUP_BYTES // 256:
                yield group
                group, size = [], 0
        if not too_long:
            begun += rest
        if len(begun) > LINE_BYTES:
            begun, too_long = b"", True
    if too_long or begun.removeprefix(MARK).strip():
        group.append((number, None if too_long else begun))
    if group:
        yield group


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
        candidates.extend(Candidate(number, candidate.event) for candidate in good)
        rejected.extend(replace(item, index=number) for item in bad)
    return candidates, rejected
