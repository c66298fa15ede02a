"""Publishes admitted events with confirms: concurrent posts share messages, large ones become a few.

What the broker doesn't take goes to the spool; what neither takes is an error.
"""

import asyncio
from collections import defaultdict
from collections.abc import Iterable, Sequence
from functools import lru_cache, partial
from typing import NamedTuple

from faststream.rabbit import RabbitBroker

from services.intake.gate import Gate
from services.intake.spool import Spool
from shared.batch import Batcher
from shared.broker import BROKER_AWAY, UnroutableError, publish_events
from shared.topology import routing_key

MESSAGE_BYTES = 256 * 1024  # of events in one message: large enough to be cheap, small enough to redeliver
TAKE_SECONDS = 1.9  # for broker and spool together: a client hears of it within two seconds


class Piece(NamedTuple):
    """Some events of one post that travel together: their JSON texts joined by commas."""

    body: bytes
    events: int


class Publisher:
    """One batcher per routing key, so that a message holds events of one kind and partition."""

    def __init__(self, broker: RabbitBroker, spool: Spool, gate: Gate, *, linger: float, deadline: float) -> None:
        self._broker = broker
        self._spool = spool
        self._gate = gate
        self._linger = linger
        self._deadline = deadline
        self._batchers: dict[str, Batcher[Piece]] = {}

    async def publish(self, events: Iterable[tuple[str, int, bytes]]) -> None:
        """Take events, each as (kind, partition, canonical JSON). Returns when every one is confirmed or spooled.

        Raises SpoolAwayError or UnroutableError after all have ended: some may have been taken, which their ids make
        harmless.
        """
        by_key: dict[str, list[bytes]] = defaultdict(list)
        for kind, partition, event in events:
            by_key[_routing_key(kind, partition)].append(event)
        pieces = [(key, piece) for key, found in by_key.items() for piece in _pieces(found)]
        if len(pieces) == 1:  # the common post: no tasks for it alone
            await self._batcher(pieces[0][0]).submit(pieces[0][1])
            return
        ended = await asyncio.gather(
            *(self._batcher(key).submit(piece) for key, piece in pieces), return_exceptions=True
        )
        for outcome in ended:
            if isinstance(outcome, BaseException):
                raise outcome

    async def stop(self) -> None:
        """Publish what is waiting and end."""
        await asyncio.gather(*(batcher.stop() for batcher in self._batchers.values()))

    def _batcher(self, key: str) -> Batcher[Piece]:
        batcher = self._batchers.get(key)
        if batcher is None:
            batcher = self._batchers[key] = Batcher(
                partial(self._take, key), limit=MESSAGE_BYTES, linger=self._linger, weight=lambda piece: len(piece.body)
            )
            batcher.start()
        return batcher

    async def _take(self, key: str, pieces: Sequence[Piece]) -> None:
        body = b"[%b]" % b",".join([piece.body for piece in pieces])
        began = asyncio.get_running_loop().time()
        if self._gate.open:
            try:
                await publish_events(self._broker, body, key, self._deadline)
            except BROKER_AWAY as error:
                self._gate.lock(type(error).__name__)
            except UnroutableError as error:
                self._gate.lock_undeclared(str(error))
                raise
            else:
                return
        left = TAKE_SECONDS - (asyncio.get_running_loop().time() - began)
        await self._spool.put(key, sum(piece.events for piece in pieces), body, max(left, 0.1))


@lru_cache(maxsize=1024)
def _routing_key(kind: str, partition: int) -> str:
    return routing_key(kind, partition)


def _pieces(events: list[bytes]) -> Iterable[Piece]:
    """Joins events by commas into pieces of MESSAGE_BYTES at most (one event may be larger)."""
    if len(events) == 1:
        yield Piece(events[0], 1)
        return
    held: list[bytes] = []
    size = 0
    for event in events:
        if held and size + len(event) > MESSAGE_BYTES:
            yield Piece(b",".join(held), len(held))
            held, size = [], 0
        held.append(event)
        size += len(event) + 1
    if held:
        yield Piece(b",".join(held), len(held))
