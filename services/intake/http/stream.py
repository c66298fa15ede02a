"""Takes a stream of lines while it comes: a group is judged and published while the next one is read."""

import asyncio
from collections import Counter
from dataclasses import dataclass, field

from services.intake.admission.admission import Outcome, Terms
from services.intake.admission.superseding import Superseded
from services.intake.formats.ndjson import Lines, groups_of, parse_lines
from services.intake.http.gates import Post
from services.intake.http.responses import LISTED
from services.intake.refusals.request_errors import Fault, RefusedError
from shared.domain.refusals import Code, Refusal, Rejected
from shared.wording.words import Told


@dataclass(slots=True)
class Tally:
    """What became of the lines so far: all are counted, of the rejected and superseded ones the first are listed."""

    accepted: int = 0
    codes: Counter[str] = field(default_factory=Counter)  # of the rejected lines
    superseded: int = 0  # by others of their own group: no more than a group is held
    listed: list[Rejected] = field(default_factory=list)
    superseded_listed: list[Superseded] = field(default_factory=list)

    def add(self, outcome: Outcome) -> None:
        """Count a group's outcome."""
        self.accepted += outcome.accepted
        self.codes.update(outcome.codes)
        self.superseded += len(outcome.superseded)
        self.listed.extend(outcome.rejected[: LISTED - len(self.listed)])
        self.superseded_listed.extend(outcome.superseded[: LISTED - len(self.superseded_listed)])


async def take_stream(post: Post, *, dry_run: bool) -> Tally:
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
            async for lines in groups_of(post.chunks(), post.stream_turn):
                following = lines[-1][0] + 1
                task = asyncio.create_task(_take_group(post, lines, dry_run=dry_run))
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


async def _take_group(post: Post, lines: Lines, *, dry_run: bool) -> Outcome:
    """Take a group as soon as the sender's rate allows; cut the stream at it if its key doesn't hold any more."""
    try:
        await post.wait_for_rate()
        async with post.stream_turn():
            return await post.admit(
                await parse_lines(lines), Terms(partial=True, dry_run=dry_run, foreign_refuse_all=False)
            )
    except RefusedError as error:
        if error.fault is Fault.UNAVAILABLE:
            raise
        return Outcome(0, [_cut(number, error.detail) for number, _ in lines])


def _cut(number: int, expected: Told) -> Rejected:
    return Rejected(number, None, (Refusal(Code.STREAM_CUT, "stream", expected),))
