"""The steps after a replay: letting services go on, and waiting until figures are right."""

import asyncio
from collections.abc import Callable
from datetime import datetime

from faststream.rabbit import RabbitBroker

from cli.replay.replaying import ACCOUNTS, AGGREGATION, Replay
from services.notifications.obligations import change_store, obligation_store
from shared.broker.client import publish_events
from shared.broker.message import Message
from shared.broker.topology import TO_AGGREGATION, routing_key
from shared.database.connections import Connection
from shared.journal.account_store import Position
from shared.registry import restore_store

PUBLISH_SECONDS = 30.0
SETTLE_SECONDS = 300.0
POLL_SECONDS = 0.2


async def release(connection: Connection, end: Position) -> None:
    """Let both audits go on from where the replay has ended, and notifications begin: all at once."""
    async with connection.transaction():
        for account in ACCOUNTS:
            await account.move(connection, end)
        await restore_store.replayed(connection)


async def settled(replay: Replay, broker: RabbitBroker, now: Callable[[], datetime]) -> str | None:
    """Wait until notifications has swept once and announced how obligations stand, and aggregation has applied that.

    Return what is still missing when the patience ends. By then all is safe: it goes on by itself.
    """
    connection = replay.connection
    request = await obligation_store.request_sweep(connection)
    deadline = asyncio.get_running_loop().time() + SETTLE_SECONDS
    while (missing := await _missing(connection, request)) is not None:
        if asyncio.get_running_loop().time() > deadline:
            return missing
        await asyncio.sleep(POLL_SECONDS)
    try:
        async with asyncio.timeout_at(deadline):
            await replay.applied(AGGREGATION, await _behind_all(replay, broker, now))
    except TimeoutError:
        return "aggregation has not applied yet how obligations stand"
    return None


async def _missing(connection: Connection, request: int) -> str | None:
    if (await obligation_store.last_sweep(connection)).served < request:
        return "notifications has not swept yet: see its log and /readyz"
    if await change_store.unpublished(connection):
        return "notifications has not announced yet how all obligations stand"
    return None


async def _behind_all(replay: Replay, broker: RabbitBroker, now: Callable[[], datetime]) -> set[str]:
    """Put a message without events behind what waits in each of aggregation's queues; their ids."""
    ids = set()
    for number in range(replay.partitions):
        message = Message(replay.make_id(), routing_key("audit.marker", number), b"[]")
        await publish_events(broker, message, now(), PUBLISH_SECONDS, TO_AGGREGATION)
        ids.add(message.id)
    return ids
