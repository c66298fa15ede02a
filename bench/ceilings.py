"""The ceilings: what the parts can do when nothing is built on them.

`python -m bench.ceilings echo|validate|publish …`: each in a process of its own, with the service's event loop.
"""

import asyncio
import marshal
import sys
from io import BytesIO
from pathlib import Path
from time import perf_counter
from typing import Any

import aio_pika
import psycopg
import uvicorn
import uvloop
from pydantic import TypeAdapter
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from shared.domain.events import PostedEvent
from shared.runtime.config import load_settings

QUEUE = "bench.bare"


def echo() -> Starlette:
    """Reads the body and answers as intake would, with nothing in between."""

    async def endpoint(request: Request) -> Response:
        await request.body()
        return JSONResponse({"accepted": 1, "rejected": []}, status_code=202)

    async def ready(_: Request) -> Response:
        return JSONResponse({})

    return Starlette(routes=[Route("/v1/events", endpoint, methods=["POST"]), Route("/readyz", ready)])


def validate(bodies: list[bytes], seconds: float) -> float:
    """Events validated a second by pydantic alone: the batches' bytes to models."""
    adapter: TypeAdapter[list[Any]] = TypeAdapter(list[PostedEvent])
    events = 0
    begun = perf_counter()
    while True:
        for body in bodies:
            events += len(adapter.validate_json(body))
            if perf_counter() - begun > seconds:
                return events / (perf_counter() - begun)


async def publish(url: str, bodies: list[bytes], seconds: float, under_way: int) -> float:
    """Messages a second, one an event, each confirmed by a quorum queue, with `under_way` unconfirmed at most."""
    connection = await aio_pika.connect(url)
    async with connection:
        channel = await connection.channel()
        queue = await channel.declare_queue(QUEUE, durable=True, arguments={"x-queue-type": "quorum"})
        waiting = iter(bodies * 100)
        confirmed = 0
        begun = perf_counter()

        async def loop() -> None:
            nonlocal confirmed
            for body in waiting:
                message = aio_pika.Message(body, delivery_mode=aio_pika.DeliveryMode.PERSISTENT)
                await channel.default_exchange.publish(message, routing_key=QUEUE)
                confirmed += 1
                if perf_counter() - begun > seconds:
                    return

        await asyncio.gather(*(loop() for _ in range(under_way)))
        rate = confirmed / (perf_counter() - begun)
        await queue.delete(if_unused=False, if_empty=False)
    return rate


def copy_ledger(filled: str, empty: str) -> float:
    """Rows a second of COPY: the ledger of one database, whole, into the identical one of another, both keyed."""
    data = BytesIO()
    with psycopg.connect(filled) as connection, connection.cursor() as cursor:
        columns = ", ".join(row[0] for row in cursor.execute(
            "SELECT column_name FROM information_schema.columns"
            " WHERE table_schema = 'aggregation' AND table_name = 'ledger' AND is_generated = 'NEVER'"
            " ORDER BY ordinal_position"
        ))  # fmt: skip
        # In the order of arrival, as an importer would have the events; its keys are random.
        with cursor.copy(f"COPY (SELECT {columns} FROM aggregation.ledger ORDER BY md5(id)) TO STDOUT") as copy:  # noqa: S608
            for block in copy:
                data.write(block)
    with psycopg.connect(empty) as connection, connection.cursor() as cursor:
        cursor.execute("TRUNCATE aggregation.ledger")
        connection.commit()
        blocks = [data.getvalue()[at : at + 65536] for at in range(0, data.tell(), 65536)]
        begun = perf_counter()
        with cursor.copy(f"COPY aggregation.ledger ({columns}) FROM STDIN") as copy:
            for block in blocks:
                copy.write(block)
        connection.commit()
        return cursor.rowcount / (perf_counter() - begun)


def main() -> None:
    what, *words = sys.argv[1:]
    if what == "echo":
        settings = load_settings()
        uvicorn.run(
            echo(), host=settings.bind, port=settings.intake_port, loop="uvloop", http="httptools",
            access_log=False, proxy_headers=False, log_level="warning", server_header=False,
        )  # fmt: skip
        return
    bodies = marshal.loads(Path(words[0]).read_bytes())  # noqa: S302 - our own file
    if what == "validate":
        print(validate(bodies, float(words[1])))
    else:
        url = load_settings().amqp_url.get_secret_value()
        print(uvloop.run(publish(url, bodies, float(words[1]), int(words[2]))))


if __name__ == "__main__":
    main()
