"""Publishes admitted events with confirms: concurrent posts share messages, large ones become a few."""

import asyncio
from collections import defaultdict
from collections.abc import Iterable, Sequence
from functools import partial

from faststream.rabbit import RabbitBroker

from shared.batch import Batcher
from shared.broker import publish_events
from shared.topology import routing_key

MESSAGE_BYTES = 256 * 1024  # of events in one message: large enough to be cheap, small enough to redeliver


class Publisher:
    """One batcher per routing key, so that a message holds events of one kind and partition."""

    def __init__(self, broker: RabbitBroker, *, linger: float, deadline: float) -> None:
        self._broker = broker
        self._linger = linger
        self._deadline = deadline
        self._batchers: dict[str, Batcher[bytes]] = {}

    async def publish(self, events: Iterable[tuple[str, int, bytes]]) -> None:
        """Publish events, each as (kind, partition, canonical JSON). Returns when every one is confirmed.

        Raises the first failure after all have ended: some may have been published, which their ids make harmless.
        """
        by_key: dict[str, list[bytes]] = defaultdict(list)
        for kind, partition, event in events:
            by_key[routing_key(kind, partition)].append(event)
        ended = await asyncio.gather(
            *(self._batcher(key).submit(chunk) for key, found in by_key.items() for chunk in _chunks(found)),
            return_exceptions=True,
        )
        for outcome in ended:
            if isinstance(outcome, BaseException):
                raise outcome

    async def stop(self) -> None:
        """Publish what is waiting and end."""
        await asyncio.gather(*(batcher.stop() for batcher in self._batchers.values()))

    def _batcher(self, key: str) -> Batcher[bytes]:
        batcher = self._batchers.get(key)
        if batcher is None:
            batcher = self._batchers[key] = Batcher(
                partial(self._send, key), limit=MESSAGE_BYTES, linger=self._linger, weight=len
            )
            batcher.start()
        return batcher

    async def _send(self, key: str, chunks: Sequence[bytes]) -> None:
        await publish_events(self._broker, b"[%b]" % b",".join(chunks), key, self._deadline)


def _chunks(events: list[bytes]) -> Iterable[bytes]:
    """Joins events by commas into pieces of MESSAGE_BYTES at most (one event may be larger)."""
    piece: list[bytes] = []
    size = 0
    for event in events:
        if piece and size + len(event) > MESSAGE_BYTES:
            yield b",".join(piece)
            piece, size = [], 0
        piece.append(event)
        size += len(event) + 1
    if piece:
        yield b",".join(piece)
