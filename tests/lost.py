"""Ways in which messages that the broker has confirmed get lost."""

import aio_pika

from deploy.local.own_loop import in_own_loop


def purge(amqp_url: str, *names: str) -> None:
    """Empty these queues, as an operator who means others."""

    async def do() -> None:
        async with await aio_pika.connect(amqp_url) as connection:
            channel = await connection.channel()
            for name in names:
                await (await channel.get_queue(name)).purge()

    in_own_loop(do)


def delete(amqp_url: str, *names: str) -> None:
    """Delete these queues with what they hold."""

    async def do() -> None:
        async with await aio_pika.connect(amqp_url) as connection:
            channel = await connection.channel()
            for name in names:
                await channel.queue_delete(name)

    in_own_loop(do)


def acknowledge(amqp_url: str, name: str, messages: int) -> None:
    """Take so many messages from a queue that nobody consumes, as a consumer that acknowledges without a commit."""

    async def do() -> None:
        async with await aio_pika.connect(amqp_url) as connection:
            channel = await connection.channel()
            await channel.set_qos(prefetch_count=1)
            async with (await channel.get_queue(name)).iterator(timeout=10) as waiting:
                for _ in range(messages):
                    await (await anext(waiting)).ack()

    in_own_loop(do)
