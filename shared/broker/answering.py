"""Waits for the broker that end: in time, and with an error that says what happened."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from aiormq.exceptions import ChannelInvalidStateError


class BrokerClosedError(ConnectionError):
    """The connection or channel to the broker is closed, or not open yet."""


@asynccontextmanager
async def answered_within(seconds: float) -> AsyncIterator[None]:
    """Wait for the broker so long at most. Raises one of BROKER_AWAY.

    aiormq ends what waits on a connection that breaks with CancelledError, as though the caller's own task had been
    cancelled: whoever believed that would end quietly, and for ever. A cancellation that nobody asked this task for is
    a broken connection.

    What is closed aiormq (`Connection.channel`) and aio_pika (`Connection.channel`, `RobustConnection.connect`,
    `Channel.initialize`) tell by a bare RuntimeError, or by one of their own that is no AMQPError: it becomes a
    BrokerClosedError, so that nobody has to take any RuntimeError for an absent broker.
    """
    task = asyncio.current_task()
    before = task.cancelling() if task else 0
    try:
        async with asyncio.timeout(seconds):
            yield
    except asyncio.CancelledError as error:
        if task is None or task.cancelling() > before:
            raise
        raise ConnectionResetError("the connection to the broker ended while it was waited for") from error
    except RuntimeError as error:
        if type(error) not in {RuntimeError, ChannelInvalidStateError}:
            raise
        raise BrokerClosedError(str(error)) from error
