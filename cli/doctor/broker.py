"""The broker, as far as AMQP tells: version, exchanges, queues, consumers, alarms."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import suppress

import aio_pika
from aio_pika.abc import AbstractConnection, AbstractRobustConnection
from aio_pika.exceptions import (
    AMQPError,
    ChannelClosed,
    ChannelNotFoundEntity,
    ChannelPreconditionFailed,
    ProbableAuthenticationError,
)
from faststream.rabbit import RabbitQueue

from cli.doctor.finding import Finding, bad, good, unsure
from shared.broker import topology
from shared.runtime import tls

OLDEST = (3, 10)
CONFIRM_SECONDS = 5.0
DECLARE = "kip migrate: it declares what is missing"
SERVICE_OF = {topology.NOTIFICATIONS.name: "notifications", topology.ALERTS.name: "notifications"}


async def check_broker(url: str, partitions: int) -> AsyncIterator[Finding]:
    """Check the broker. `partitions` are those of the settings; a queue beyond them shows that they differ
    somewhere.
    """
    try:
        connection = await aio_pika.connect(url, timeout=5)
    except ProbableAuthenticationError:
        yield bad(
            "broker.connection", "RabbitMQ refuses the user or password", "mend KIP_AMQP_URL (docs/operate/keys.md)"
        )
        return
    except (OSError, TimeoutError, AMQPError) as error:
        reason = tls.reason(error, "AMQP").rstrip(": ")
        yield bad("broker.connection", f"RabbitMQ does not answer ({reason})", "start it, or mend KIP_AMQP_URL")
        return
    async with connection:
        yield _version(connection)
        yield await _confirms(url)
        own_ways = (topology.TO_ALERTS, topology.TO_AGGREGATION, topology.TO_NOTIFICATIONS)
        for name in (topology.EVENTS.name, *(exchange.name for exchange in own_ways), topology.DEAD):
            yield await _exchange(connection, name)
        queues = [*(topology.aggregation_queue(n) for n in range(partitions)), topology.NOTIFICATIONS, topology.ALERTS]
        for queue in queues:
            yield await _queue(connection, queue)
        yield await _journal(connection)
        yield await _dead_letters(connection)
        beyond = topology.aggregation_queue(partitions).name
        if await _count(connection, beyond) is not None:
            cure = "set KIP_PARTITIONS to the number that was loaded first, for every service"
            yield bad("broker.partitions", f"there is a queue {beyond}, beyond KIP_PARTITIONS={partitions}", cure)


def _version(connection: AbstractConnection | AbstractRobustConnection) -> Finding:
    transport = connection.transport
    properties: Mapping[str, object] = getattr(getattr(transport, "connection", None), "server_properties", {})
    product, version = (_text(properties.get(name)) for name in ("product", "version"))
    numbers = tuple(int(part) for part in version.split(".")[:2] if part.isdigit())
    if product != "RabbitMQ" or numbers < OLDEST:
        return bad("broker.version", f"{product} {version}", "use RabbitMQ 3.10 or later: quorum queues are relied on")
    return good("broker.version", f"{product} {version}")


def _text(value: object) -> str:
    return value.decode() if isinstance(value, bytes) else str(value)


async def _confirms(url: str) -> Finding:
    """Publish to a queue of our own: a memory or disk alarm stops exactly that, and all else on the same connection."""
    connection = await aio_pika.connect(url, timeout=5)
    try:
        async with asyncio.timeout(CONFIRM_SECONDS):
            channel = await connection.channel()
            queue = await channel.declare_queue(f"{topology.EVENTS.name}.doctor", exclusive=True, auto_delete=True)
            await channel.default_exchange.publish(aio_pika.Message(b""), routing_key=queue.name)
            await channel.close()
    except TimeoutError:
        cure = "see 'rabbitmq-diagnostics alarms' (docs/operate/alerts/KipBrokerAlarm.md)"
        return bad(
            "broker.alarms", f"no confirm within {CONFIRM_SECONDS:g} s: a memory or disk alarm, or no quorum", cure
        )
    except AMQPError as error:
        return bad(
            "broker.alarms",
            f"a message is refused: {error}",
            "give Kịp's user its rights on kip.* (docs/operate/install.md)",
        )
    finally:
        with suppress(TimeoutError):
            async with asyncio.timeout(1):
                await connection.close()
    return good("broker.alarms", "a message is confirmed")


async def _exchange(connection: AbstractConnection, name: str) -> Finding:
    channel = await connection.channel()
    try:
        await channel.get_exchange(name, ensure=True)
    except ChannelNotFoundEntity:
        return bad("broker.exchange", f"there is no exchange {name}", DECLARE)
    await channel.close()
    return good("broker.exchange", name)


async def _queue(connection: AbstractConnection, queue: RabbitQueue) -> Finding:
    service = SERVICE_OF.get(queue.name, "aggregation")
    counted = await _count(connection, queue.name)
    if counted is None:
        return bad("broker.queue", f"there is no queue {queue.name}", DECLARE)
    channel = await connection.channel()
    try:  # the same declaration again: RabbitMQ compares the arguments, the dead-letter exchange among them
        await channel.declare_queue(queue.name, durable=True, arguments=queue.arguments)
    except ChannelPreconditionFailed as error:
        cure = "stop its service, move its messages, delete the queue, kip migrate, start the service"
        return bad("broker.queue", f"{queue.name} has other arguments: {error}", cure)
    await channel.close()
    messages, consumers = counted
    if consumers == 0:
        cure = f"start {service}, or the replica that owns it (docs/operate/scale.md)"
        return bad("broker.queue", f"nobody takes from {queue.name} ({messages} messages wait)", cure)
    return good("broker.queue", f"{queue.name}: {consumers} consumers, {messages} messages wait")


async def _journal(connection: AbstractConnection) -> Finding:
    if await _count(connection, topology.JOURNAL) is None:
        seen = f"there is no stream {topology.JOURNAL}: what gets lost in the broker is not noticed"
        return bad("broker.journal", seen, DECLARE)
    return good("broker.journal", topology.JOURNAL)


async def _dead_letters(connection: AbstractConnection) -> Finding:
    counted = await _count(connection, topology.DEAD)
    if counted is None:
        return bad("broker.dead_letters", f"there is no queue {topology.DEAD}", DECLARE)
    if counted[0]:
        cure = "docs/operate/alerts/KipDeadLetters.md"
        return unsure(
            "broker.dead_letters", f"{counted[0]} messages that nobody could decode wait in {topology.DEAD}", cure
        )
    return good("broker.dead_letters", "none")


async def _count(connection: AbstractConnection, name: str) -> tuple[int, int] | None:
    """Count messages and consumers of a queue; None where there is none. On a channel of its own: a miss closes it."""
    channel = await connection.channel()
    try:
        declared = (await channel.declare_queue(name, passive=True)).declaration_result
    except ChannelNotFoundEntity:
        return None
    except ChannelClosed as error:
        raise ConnectionError(f"{name}: {error}") from error
    await channel.close()
    return declared.message_count or 0, declared.consumer_count or 0
