"""Takes a stream of lines while it comes: a group is judged and published while the next one is read."""

import asyncio
from dataclasses import dataclass, field

from starlette.requests import Request

from services.intake.admission.admission import Outcome
from services.intake.admission.contest import Superseded
from services.intake.admission.refusals import Code, Refusal, Rejected
from services.intake.formats.ndjson import Lines, groups_of, parse_lines
from services.intake.http.endpoint import Door, chunks_of
from services.intake.http.request_errors import Fault, RefusedError
from services.intake.http.responses import LISTED
from services.intake.http.watch import wait_for_rate, while_allowed
from shared.wording.words import Told


@dataclass(slots=True)
class Tally:
    """What became of the lines so far."""

    accepted: int = 0
    rejected: int = 0
    superseded: int = 0  # by others of their own group: no more than a group is held
    listed: list[Rejected] = field(default_factory=list)
    superseded_listed: list[Superseded] = field(default_factory=list)

    def add(self, outcome: Outcome) -> None:
        """Count a group's outcome."""
        self.accepted += outcome.accepted
        self.rejected += len(outcome.rejected)
        self.superseded += len(outcome.superseded)
        self.listed.extend(outcome.rejected[: LISTED - len(self.listed)])
        self.superseded_listed.extend(outcome.superseded[: LISTED - len(self.superseded_listed)])


async def take_stream(door: Door, request: Request, *, dry_run: bool) -> Tally:
    """Take every good line. Raises SpoolAwayError or UnroutableError when part of it could not be taken.

    A stream that breaks a limit, or whose key is revoked, after lines of it were taken can't be refused any more: it is
    cut, which is told as a rejected line. What was taken until then stays taken, and is counted in the answer.
    """
    tally = Tally()
    under_way: asyncio.Task[Outcome] | None = None
    following = 0
    cut: list[Rejected] = []
    try:
        try:
            async for lines in groups_of(while_allowed(door, request, chunks_of(door, request))):
                following = lines[-1][0] + 1
                task = asyncio.create_task(_take_group(door, request, lines, dry_run=dry_run))
                previous, under_way = under_way, task
                if previous is not None:
                    tally.add(await previous)
        except RefusedError as error:
            if following == 0 or error.fault is Fault.UNAVAILABLE:
                raise
            cut = [_cut(following, error.detail)]
        if under_way is not None:
            last, under_way = under_way, None
            tally.add(await last)
        tally.add(Outcome(0, cut))
    finally:
        if under_way is not None:
            under_way.cancel()
            await asyncio.gather(under_way, return_exceptions=True)
    return tally


async def _take_group(door: Door, request: Request, lines: Lines, *, dry_run: bool) -> Outcome:
    """Rights are looked up anew for each group. A stream is slowed down to the sender's rate, not refused."""
    try:
        key = await wait_for_rate(door, request)
    except RefusedError as error:
        if error.fault is Fault.UNAVAILABLE:
            raise
        return Outcome(0, [_cut(number, error.detail) for number, _ in lines])
    candidates, rejected = await parse_lines(lines)
    door.rates.spend(key, len(lines))
    return await door.admission.admit(
        candidates,
        rejected,
        door.registry(),
        key,
        door.now(),
        partial=True,
        dry_run=dry_run,
        foreign_refuse_all=False,
    )


def _cut(number: int, expected: Told) -> Rejected:
    return Rejected(number, None, (Refusal(Code.STREAM_CUT, "stream", expected),))
