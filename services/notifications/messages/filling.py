"""Fill messages' templates, in processes of their own: a text without end costs its own message, and no other.

Sections that come at the same time are asked for together: most are short, and asking costs as much as filling.
"""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import structlog

from shared.programme.message import Message
from shared.programme.text_filling import MODULE, SECONDS, TextError, as_job, outcomes, request
from shared.runtime.batch import Batcher
from shared.runtime.confined import Confined, ConfinedError

log = structlog.get_logger()
CHILDREN = 2
REFUSED_SECONDS = 30.0  # how long a template that overran is not tried again
_TOGETHER = 64
_BYTES_A_WEIGHT = 8192  # what a long list weighs: a short message has 2,000


@dataclass(slots=True)
class _Job:
    template: str
    asked: bytes
    message: Message | None = None
    error: TextError | None = None

    @property
    def weight(self) -> int:
        return 1 + len(self.asked) // _BYTES_A_WEIGHT


class Filler:
    """Fills templates; `start` before, `stop` after. What is asked together may take so many seconds."""

    def __init__(self, seconds: float = SECONDS) -> None:
        self._seconds = seconds
        self._free = [Confined(MODULE) for _ in range(CHILDREN)]
        self._refused: dict[str, tuple[float, str]] = {}  # template → until when on the loop's clock, and why
        self._jobs: Batcher[_Job] = Batcher(
            self._flush, limit=_TOGETHER, linger=0.0, flushes=CHILDREN, weight=lambda job: job.weight, name="texts"
        )

    def start(self) -> None:
        """Begin to fill."""
        self._jobs.start()

    async def stop(self) -> None:
        """Fill what waits, then end the processes."""
        await self._jobs.stop()
        for child in self._free:
            await child.close()

    async def fill(self, sections: Sequence[tuple[str, Mapping[str, object]]]) -> list[Message]:
        """Fill these (template, variables), in order. Raises TextError for a text that can't be filled.

        ValueError for variables that are no data.
        """
        jobs = [_Job(template, as_job(template, variables)) for template, variables in sections]
        await asyncio.gather(*(self._jobs.submit(job) for job in jobs))
        return [job.message for job in jobs if job.message is not None]

    async def _flush(self, jobs: Sequence[_Job]) -> list[Exception | None]:
        child = self._free.pop()
        try:
            return await self._together(child, jobs)
        finally:
            self._free.append(child)

    async def _together(self, child: Confined, jobs: Sequence[_Job]) -> list[Exception | None]:
        """Fill jobs; return how each ended. What overran together is tried alone, so that only the guilty fail."""
        asked = [job for job in jobs if self._refusal(job) is None]
        try:
            await self._ask(child, asked)
        except ConfinedError as error:
            if len(asked) > 1:
                for job in asked:
                    await self._together(child, [job])
            else:
                until = asyncio.get_running_loop().time() + REFUSED_SECONDS
                self._refused[asked[0].template] = (until, f"the text takes {error}")
                log.error("text.overran", reason=str(error), template=asked[0].template[:80])
        return [None if job.message is not None else self._refusal(job) for job in jobs]

    async def _ask(self, child: Confined, jobs: Sequence[_Job]) -> None:
        if not jobs:
            return
        answer = await child.ask(request([job.asked for job in jobs]), self._seconds)
        for job, outcome in zip(jobs, outcomes(answer), strict=True):
            if isinstance(outcome, TextError):
                job.error = outcome
            else:
                job.message = outcome

    def _refusal(self, job: _Job) -> TextError | None:
        if job.error is not None:
            return job.error
        until, reason = self._refused.get(job.template, (0.0, ""))
        if until > asyncio.get_running_loop().time():
            return TextError(reason)
        self._refused.pop(job.template, None)
        return None


__all__ = ["Filler", "TextError"]
