"""From events on the queue to obligations that are met: bodies are collected into batches, each one transaction."""

import json
from collections.abc import Callable, Sequence

import structlog

from services.notifications import store
from services.notifications.answers import Answer, answer_of
from services.notifications.patience import patiently
from shared.batch import Batcher
from shared.clock import Clock
from shared.db import Pool
from shared.events import KIND_OF_TYPE
from shared.metrics import EVENTS_APPLIED

log = structlog.get_logger()
_BATCH_ANSWERS = 1000
_LINGER_SECONDS = 0.02


class Consumer:
    """Takes what answers an obligation. `on_settled` hears when obligations have changed."""

    def __init__(self, pool: Pool, clock: Clock, on_settled: Callable[[], None]) -> None:
        self._pool = pool
        self._clock = clock
        self._on_settled = on_settled
        self._batcher: Batcher[Sequence[Answer]] = Batcher(
            self._flush, limit=_BATCH_ANSWERS, linger=_LINGER_SECONDS, weight=len
        )
        self.in_hand = 0

    def start(self) -> None:
        """Begin to take events."""
        self._batcher.start()

    async def stop(self) -> None:
        """Settle what is in hand, then end."""
        await self._batcher.stop()

    async def handle(self, body: bytes) -> None:
        """Take a CloudEvents batch and return when it is settled. Raises ValueError for what can't be decoded."""
        answers = answers_in(body)
        if not answers:
            return
        self.in_hand += 1
        try:
            await self._batcher.submit(answers)
        finally:
            self.in_hand -= 1

    async def _flush(self, batches: Sequence[Sequence[Answer]]) -> None:
        answers = [answer for batch in batches for answer in batch]
        outcome = await self._settle(answers)
        for answer in answers:
            EVENTS_APPLIED.labels("report.submitted" if answer.submitted else "record.retracted", "taken").inc()
        log.info("answers.settled", answers=len(answers), **outcome)
        self._on_settled()

    async def _settle(self, answers: Sequence[Answer]) -> dict[str, int]:
        return await patiently(lambda: store.take_answers(self._pool, answers, self._clock.now()))


def answers_in(body: bytes) -> list[Answer]:
    """The answers in a canonical CloudEvents batch. Raises ValueError that says what is wrong with it."""
    try:
        events = json.loads(body)
        unknown = [event["type"] for event in events if event["type"] not in KIND_OF_TYPE]
        if unknown:
            log.warning("events.unknown", types=sorted(set(unknown))[:5])
        return [answer for event in events if (answer := answer_of(event)) is not None]
    except (KeyError, TypeError, AttributeError) as error:
        raise ValueError(f"not a batch of canonical events: {type(error).__name__}: {error}") from error
