import asyncio
import stat

import aio_pika
import psutil
import pytest

from deploy.local.rabbitmq import RabbitMQ

QUORUM = {"x-queue-type": "quorum"}


async def publish(url: str, queue: str, body: bytes) -> None:
    async with await aio_pika.connect(url, timeout=10) as connection:
        channel = await connection.channel()
        await channel.declare_queue(queue, durable=True, arguments=QUORUM)
        message = aio_pika.Message(body, delivery_mode=aio_pika.DeliveryMode.PERSISTENT)
        await channel.default_exchange.publish(message, routing_key=queue)


async def take(url: str, queue: str) -> bytes:
    async with await aio_pika.connect(url, timeout=10) as connection:
        channel = await connection.channel()
        declared = await channel.declare_queue(queue, durable=True, arguments=QUORUM)
        message = await declared.get(timeout=10)
        await message.ack()
        return message.body


async def test_a_confirmed_message_survives_a_kill_and_a_stop_on_the_same_port(rabbitmq: RabbitMQ):
    port = rabbitmq.port
    await publish(rabbitmq.url, "kept", b"warm-up")
    assert await take(rabbitmq.url, "kept") == b"warm-up"
    await asyncio.sleep(1)  # a quorum queue younger than that can lose its leader to a kill (RabbitMQ 3.10)
    await publish(rabbitmq.url, "kept", b"1437")
    rabbitmq.kill()
    assert not rabbitmq.running
    rabbitmq.start()
    assert await take(rabbitmq.url, "kept") == b"1437"
    assert rabbitmq.port == port


async def test_a_memory_alarm_holds_publishers_until_it_is_cleared(rabbitmq: RabbitMQ, amqp_url: str):
    rabbitmq.set_memory_alarm(True)
    try:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(1):
                await publish(amqp_url, "held", b"x")
    finally:
        rabbitmq.set_memory_alarm(False)
    await publish(amqp_url, "held", b"y")
    assert await take(amqp_url, "held") in (b"x", b"y")


async def test_each_test_has_a_virtual_host_of_its_own(rabbitmq: RabbitMQ, amqp_url: str):
    await publish(amqp_url, "mine", b"x")
    other = rabbitmq.add_vhost("elsewhere")
    async with await aio_pika.connect(other) as connection:
        channel = await connection.channel()
        with pytest.raises(aio_pika.exceptions.ChannelNotFoundEntity):
            await channel.declare_queue("mine", passive=True)
    rabbitmq.delete_vhost("elsewhere")
    with pytest.raises(aio_pika.exceptions.AMQPError):
        await aio_pika.connect(other, timeout=5)


async def test_guest_is_refused(rabbitmq: RabbitMQ):
    with pytest.raises(aio_pika.exceptions.ProbableAuthenticationError):
        await aio_pika.connect(f"amqp://guest:guest@127.0.0.1:{rabbitmq.port}/", timeout=5)


def test_it_listens_on_the_loopback_only_and_has_a_port_mapper_of_its_own(rabbitmq: RabbitMQ):
    assert rabbitmq._process is not None
    reaper = psutil.Process(rabbitmq._process.pid).parent()
    family = reaper.children(recursive=True)
    listening = [
        connection.laddr
        for process in family
        for connection in process.net_connections("inet")
        if connection.status == psutil.CONN_LISTEN
    ]
    assert rabbitmq.port in {address.port for address in listening}
    assert {address.ip for address in listening} <= {"127.0.0.1", "::1"}
    assert "epmd" in {process.name() for process in family}


def test_its_secrets_are_kept_from_other_users(rabbitmq: RabbitMQ):
    assert stat.S_IMODE(rabbitmq.folder.stat().st_mode) == 0o700
    assert stat.S_IMODE((rabbitmq.folder / "rabbitmq.conf").stat().st_mode) == 0o600
    assert stat.S_IMODE((rabbitmq.folder / "home" / ".erlang.cookie").stat().st_mode) == 0o400


def test_an_expression_that_the_broker_refuses_is_an_error(rabbitmq: RabbitMQ):
    with pytest.raises(RuntimeError, match="RabbitMQ refused"):
        rabbitmq.evaluate("erlang:error(refused).")
