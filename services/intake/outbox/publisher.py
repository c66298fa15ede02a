"""Publishes admitted events with confirms: concurrent posts share messages, large ones become a few.

What the broker doesn't take goes to the spool; what neither takes is an error.
"""

import asyncio
from collections import defaultdict
from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import NamedTuple

from faststream.rabbit import RabbitBroker

from services.intake.outbox.circuit import BrokerCircuit
from services.intake.outbox.spool import Spool
from shared.broker.client import BROKER_AWAY, UnroutableError, publish_events
from shared.broker.topology import routing_key
from shared.runtime.batch import Batcher

MESSAGE_BYTES = 256 * 1024  # of events in one message: large enough to be cheap, small enough to redeliver
TURN_BYTES = 8 * MESSAGE_BYTES  # of events that go to the broker together
TURNS = 2  # under way at once: while the broker confirms one, the next is checked and published
TAKE_SECONDS = 1.9  # for broker and spool together: a client hears of it within two seconds


class Piece(NamedTuple):
    """Some events of one post that travel together: their JSON texts joined by commas."""

    key: str
    body: bytes
    events: int


class Publisher:
    """Takes what waits, in turns: the pieces of each routing key become one message, all confirmed at once.

    The turns are of all keys, because each confirm that comes alone costs the service a round of its loop.
    """

    def __init__(
        self, broker: RabbitBroker, spool: Spool, circuit: BrokerCircuit, *, linger: float, deadline: float
    ) -> None:
        self._broker = broker
        self._spool = spool
        self._circuit = circuit
        self._deadline = deadline
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
        if len(events) == 1:  # the common post: no tasks for it alone
            [(kind, partition, event)] = events
            await self._turns.submit(Piece(_routing_key(kind, partition), event, 1))
            return
        by_key: dict[str, list[bytes]] = defaultdict(list)
        for kind, partition, event in events:
            by_key[_routing_key(kind, partition)].append(event)
        pieces = [piece for key, found in by_key.items() for piece in _pieces(key, found)]
        ended = await asyncio.gather(*(self._turns.submit(piece) for piece in pieces), return_exceptions=True)
        for outcome in ended:
            if isinstance(outcome, BaseException):
                raise outcome

    async def stop(self) -> None:
        """Publish what is waiting and end."""
        await self._turns.stop()

    async def _turn(self, pieces: Sequence[Piece]) -> Sequence[Exception | None]:
        outcomes: list[Exception | None] = [None] * len(pieces)

        async def take(numbers: Sequence[int]) -> None:
            try:
                await self._take(pieces[numbers[0]].key, [pieces[number] for number in numbers])
            except Exception as error:  # told to those whose events were in this message
                for number in numbers:
                    outcomes[number] = error

        await asyncio.gather(*(take(numbers) for numbers in _messages(pieces)))
        return outcomes

    async def _take(self, key: str, pieces: Sequence[Piece]) -> None:
        body = b"[%b]" % b",".join([piece.body for piece in pieces])
        began = asyncio.get_running_loop().time()
        if self._circuit.closed:
            try:
                await publish_events(self._broker, body, key, self._deadline)
            except BROKER_AWAY as error:
                self._circuit.open(type(error).__name__)
            except UnroutableError as error:
                self._circuit.open_undeclared(str(error))
                raise
            else:
                return
        left = TAKE_SECONDS - (asyncio.get_running_loop().time() - began)
        await self._spool.put(key, sum(piece.events for piece in pieces), body, max(left, 0.1))


@lru_cache(maxsize=1024)
def _routing_key(kind: str, partition: int) -> str:
    return routing_key(kind, partition)


def _pieces(key: str, events: list[bytes]) -> Iterable[Piece]:
    """Joins events by commas into pieces of MESSAGE_BYTES at most (one event may be larger)."""
    held: list[bytes] = []
    size = 0
    for event in events:
        if held and size + len(event) > MESSAGE_BYTES:
            yield Piece(key, b",".join(held), len(held))
            held, size = [], 0
        held.append(event)
        size += len(event) + 1
    if held:
        yield Piece(key, b",".join(held), len(held))


def _messages(pieces: Sequence[Piece]) -> Iterable[list[int]]:
    """The numbers of the pieces that share a message: of one key, in their order, MESSAGE_BYTES at most."""
    filling: dict[str, tuple[list[int], int]] = {}
    for number, piece in enumerate(pieces):
        numbers, size = filling.get(piece.key, ([], 0))
        if numbers and size + len(piece.body) > MESSAGE_BYTES:
            yield numbers
            numbers, size = [], 0
        numbers.append(number)
        filling[piece.key] = numbers, size + len(piece.body) + 1
    for numbers, _ in filling.values():
        yield numbers
