"""Intake alone: single posts and batches against the ceilings, latency, and memory while a large body streams in.

Aggregation is stopped meanwhile, as nothing reads behind the ceilings either; the queues are emptied in between.
"""

import asyncio
import json
import os
import subprocess
from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import replace
from statistics import median

import aio_pika
import httpx

from bench.client import LoadError, Spec, send
from bench.contender import BATCH, BATCH_SIZE, Contender
from bench.load import Load
from bench.report import Figure, Report, missing, ratio
from bench.stand import PYTHON, Stand, wait_ready
from bench.usage import Meter
from deploy.local.ports import LOOPBACK, free_port
from deploy.local.processes import PROJECT
from deploy.local.services import Services
from shared.broker.topology import NOTIFICATIONS, aggregation_queue

STRUCTURED = "application/cloudevents+json"
NDJSON = "application/x-ndjson"
SINGLE_CONNECTIONS = 64
MANY_CONNECTIONS = 256  # posts under way together share messages: the more there are, the less each costs
BATCH_CONNECTIONS = 8
STREAM_BYTES = 200 * 1024 * 1024
ROUNDS = 3


def measure_door(
    stand: Stand, services: Services, pipeline: Contender, seconds: float, report: Report, say: Callable[[str], None]
) -> None:
    """Measure the door with aggregation stopped."""
    services.stop("aggregation")
    load = stand.load(stand.provinces, int(16_000 * seconds), "door")
    singles = stand.write("singles", load.events)
    to_door = pipeline.spec(singles, STRUCTURED, SINGLE_CONNECTIONS, seconds=seconds)
    rates = _rates(stand, services, pipeline, to_door, stand.write("batches", load.batches(BATCH_SIZE)), say)
    _add_rates(report, rates)
    half = median(rates[f"single {SINGLE_CONNECTIONS}"]) / 2
    posted = send(replace(to_door, seconds=2 * seconds, rate=half))
    note = f"{half:,.0f} posts/s; p50 {posted.latencies_ms['p50']:.1f} ms"
    report.add(
        Figure("door", "p99 of single posts at half load", posted.latencies_ms["p99"], at_most=50, unit="ms", note=note)
    )
    empty_queues(services)
    report.add(_binary(stand, pipeline, load, seconds))
    empty_queues(services)
    say("door: streaming 200 MB")
    report.add(_streaming(stand, services, pipeline, load))
    empty_queues(services)
    services.start("aggregation")


def _rates(
    stand: Stand, services: Services, pipeline: Contender, to_door: Spec, batches: str, say: Callable[[str], None]
) -> Mapping[str, list[float]]:
    """What door and ceilings do a second, in rounds that take turns: `echo 64`, `single 64`, `bare 64`, …, `batch`."""
    place = {**services.environment, "KIP_INTAKE_PORT": str(free_port())}
    place["KIP_AMQP_URL"] = stand.place("bare")["KIP_AMQP_URL"]
    process = stand.start("echo", [PYTHON, "-m", "bench.ceilings", "echo"], place)
    echo = f"http://{LOOPBACK}:{place['KIP_INTAKE_PORT']}"
    wait_ready(f"{echo}/readyz", process)
    seconds, singles = str(to_door.seconds), str(to_door.bodies)
    rates: dict[str, list[float]] = defaultdict(list)
    for number in range(ROUNDS):
        for connections in (SINGLE_CONNECTIONS, MANY_CONNECTIONS):
            single = replace(to_door, connections=connections)
            rates[f"echo {connections}"].append(send(replace(single, url=f"{echo}/v1/events")).per_second)
            rates[f"single {connections}"].append(send(single).per_second)
            empty_queues(services)
            rates[f"bare {connections}"].append(_ceiling(place, "publish", singles, seconds, str(connections)))
        posted = send(pipeline.spec(batches, BATCH, BATCH_CONNECTIONS, seconds=to_door.seconds))
        rates["batch"].append(posted.per_second * BATCH_SIZE)
        empty_queues(services)
        rates["validation"].append(_ceiling(place, "validate", batches, seconds))
        say(f"door, round {number + 1}: " + ", ".join(f"{name} {found[-1]:,.0f}/s" for name, found in rates.items()))
    process.stop()
    return rates


def _add_rates(report: Report, rates: Mapping[str, list[float]]) -> None:
    compared = [("batches of 500, events/s ÷ pydantic validation alone", "batch", "validation", 0.25)]
    for connections in (MANY_CONNECTIONS, SINGLE_CONNECTIONS):
        posts, at = f"single {connections}", f"{connections} connections"
        compared[:0] = [
            (f"single posts ÷ echo, {at}", posts, f"echo {connections}", 0.35),
            (f"single posts ÷ one message per event (aio-pika), {at}", posts, f"bare {connections}", 0.8),
        ]
    for name, above, below, target in compared:
        note = f"{median(rates[above]):,.0f} ÷ {median(rates[below]):,.0f} a second"
        report.add(ratio("door", name, rates[above], rates[below], at_least=target, note=note))


def _binary(stand: Stand, pipeline: Contender, load: Load, seconds: float) -> Figure:
    name = "binary-mode clients, 64 connections, posts/s"
    bodies = stand.write("binary", [to_binary(event) for event in load.events])
    try:
        posted = send(pipeline.spec(bodies, "application/json", SINGLE_CONNECTIONS, seconds=seconds))
    except LoadError as error:
        if " 415 " not in str(error):
            raise
        return missing("door", name, "not yet: the door answers 415 to binary mode", unit="/s")
    return Figure("door", name, posted.per_second, unit="/s")


def to_binary(event: bytes) -> tuple[bytes, bytes]:
    """The same event in CloudEvents' binary mode: its attributes as header lines, and the data as body."""
    attributes = json.loads(event)
    data = json.dumps(attributes.pop("data")).encode()
    return "".join(f"ce-{name}: {value}\r\n" for name, value in attributes.items()).encode(), data


def _streaming(stand: Stand, services: Services, pipeline: Contender, load: Load) -> Figure:
    name = "memory of intake while 200 MB of NDJSON stream in"
    lines = load.lines()
    body = lines * (STREAM_BYTES // len(lines) + 1)
    bodies = stand.write("stream", [body[: body.rindex(b"\n", 0, STREAM_BYTES) + 1]])
    probe = httpx.post(
        pipeline.url, content=lines[: lines.index(b"\n") + 1], timeout=30, trust_env=False,
        headers={**pipeline.headers, "content-type": NDJSON},
    )  # fmt: skip
    if probe.status_code == httpx.codes.UNSUPPORTED_MEDIA_TYPE:
        return missing("door", name, "not yet: the door answers 415 to NDJSON", at_most=200, unit="MiB")
    with Meter({"intake": services.process("intake").pid}) as meter:
        posted = send(pipeline.spec(bodies, NDJSON, 1))
    note = f"{STREAM_BYTES / posted.seconds / 1e6:.1f} MB/s"
    return Figure("door", name, meter.usage.peak_mib["intake"], at_most=200, unit="MiB", note=note)


def empty_queues(services: Services) -> None:
    """Throw away what waits: the next measurement starts with a broker at rest."""

    async def purge() -> None:
        partitions = int(services.environment.get("KIP_PARTITIONS", "4"))
        connection = await aio_pika.connect(services.environment["KIP_AMQP_URL"])
        async with connection:
            channel = await connection.channel()
            for queue in (*(aggregation_queue(number) for number in range(partitions)), NOTIFICATIONS):
                await (await channel.get_queue(queue.name, ensure=False)).purge()

    asyncio.run(purge())


def _ceiling(environment: Mapping[str, str], *words: str) -> float:
    argv = [PYTHON, "-m", "bench.ceilings", *words]
    environment = {**os.environ, **environment}
    done = subprocess.run(argv, cwd=PROJECT, env=environment, stdout=subprocess.PIPE, text=True, check=True)  # noqa: S603
    return float(done.stdout)
