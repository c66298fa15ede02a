"""Publishes admitted events with confirms: concurrent posts share messages, large ones become a few.

What the broker doesn't take goes to the spool; what neither takes is an error.
"""

import asyncio
from collections.abc import Callable, Sequence
from datetime import datetime
from functools import lru_cache
from typing import NamedTuple

from faststream.rabbit import RabbitBroker

from services.intake.outbox.circuit import BrokerCircuit
from services.intake.outbox.spool import Spool
from shared.broker.client import BROKER_AWAY, UnroutableError, publish_events
from shared.broker.message import Message, new_id
from shared.broker.topology import routing_key
from shared.runtime.batch import Batcher

MESSAGE_BYTES = 256 * 1024  # of events in one message: large enough to be cheap, small enough to redeliver
TURN_BYTES = 8 * MESSAGE_BYTES  # of events that go to the broker together
TURNS = 2  # under way at once: while the broker confirms one, the next is checked and published
TAKE_SECONDS = 1.9  # for broker and spool together: a client hears of it within two seconds


class Piece(NamedTuple):
    """Events of one routing key that travel together: their JSON texts joined by commas."""

    key: str
    body: bytes
    events: int


class Publisher:
    """Takes what waits, in turns: the pieces of each routing key become one message, all confirmed at once.

    The turns are of all keys, because each confirm that comes alone costs the service a round of its loop.
    """

    def __init__(
        self,
        broker: RabbitBroker,
        spool: Spool,
        circuit: BrokerCircuit,
        *,
        linger: float,
        deadline: float,
        now: Callable[[], datetime],
        make_id: Callable[[], str] = new_id,
    ) -> None:
        self._broker = broker
        self._spool = spool
        self._circuit = circuit
        self._deadline = deadline
        self._now = now
        self._make_id = make_id
        self._turns: Batcher[Piece] = Batcher(
            self._turn,
            limit=TURN_BYTES,
            linger=linger,
            flushes=TURNS,
            weight=lambda piece: len(piece.body),
            name="posts",
        )

    def start(self) -> None:
        """Begin to take."""
        self._turns.start()

    async def publish(self, events: Sequence[tuple[str, int, bytes]]) -> None:
        """Take events, each as (kind, partition, canonical JSON). Returns when every one is confirmed or spooled.

        Raises SpoolAwayError or UnroutableError after all have ended: some may have been taken, which their ids make
        harmless.
        """
        single = [Piece(_routing_key(kind, partition), body, 1) for kind, partition, body in events]
        waiting = [self._turns.submit(_joined(pieces)) for pieces in _messages(single)]
        failed: list[Exception] = []
        for taken in waiting:
            try:
                await taken
            except Exception as error:
                failed.append(error)
        if failed:
            raise failed[0]

    async def stop(self) -> None:
        """Publish what is waiting and end."""
        await self._turns.stop()

    async def _turn(self, pieces: Sequence[Piece]) -> Sequence[Exception | None]:
        """Publish what waits; each piece ends as its message does."""
        outcomes: dict[int, Exception] = {}  # by identity: two posts may hold the same event

        async def take(together: Sequence[Piece]) -> None:
            try:
                await self._take(_joined(together))
            except Exception as error:  # it is the outcome of each piece in this message
                outcomes.update((id(piece), error) for piece in together)

        await asyncio.gather(*map(take, _messages(pieces)))
        return [outcomes.get(id(piece)) for piece in pieces]

    async def _take(self, piece: Piece) -> None:
        message = Message(self._make_id(), piece.key, b"[%b]" % piece.body)
        began = asyncio.get_running_loop().time()
        if self._circuit.closed:
            try:
                await publish_events(self._broker, message, self._now(), self._deadline)
            except BROKER_AWAY as error:
                self._circuit.open(type(error).__name__)
            except UnroutableError as error:
                self._circuit.open_undeclared(str(error))
                raise
            else:
                return
        left = TAKE_SECONDS - (asyncio.get_running_loop().time() - began)
        await self._spool.put(message, piece.events, max(left, 0.1))


@lru_cache(maxsize=1024)
def _routing_key(kind: str, partition: int) -> str:
    return routing_key(kind, partition)


def _messages(pieces: Sequence[Piece]) -> list[list[Piece]]:
    """Group the pieces that share a message: of one key, in order, MESSAGE_BYTES at most (but for one larger piece)."""
    made: list[list[Piece]] = []
    filling: dict[str, list[Piece]] = {}
    sizes: dict[str, int] = {}  # of those that are being filled, each piece with its comma
    for piece in pieces:
        key, body, _ = piece
        size = sizes.get(key, MESSAGE_BYTES) + len(body)
        if size > MESSAGE_BYTES:
            filling[key], size = [], len(body)
            made.append(filling[key])
        filling[key].append(piece)
        sizes[key] = size + 1
    return made


def _joined(pieces: Sequence[Piece]) -> Piece:
    """Join pieces of one key into one."""
    if len(pieces) == 1:
        return pieces[0]
    return Piece(pieces[0].key, b",".join([piece.body for piece in pieces]), sum([piece.events for piece in pieces]))
