"""Events for a system that runs at the end of 2025, and its figures."""

import asyncio
import json
from typing import Any

import aio_pika
import asyncpg

from tests.system import System, event


def figure(subject: str, period: str, part: int, whole: int = 100, revision: int = 0, **more: Any) -> dict[str, Any]:
    data = {
        "indicator": "child-service-access", "agency": "ubnd-xa", "period": period, "revision": revision,
        "numerator": part, "denominator": whole,
        "breakdown": [{"by": {"domain": "health"}, "numerator": part // 2, "denominator": whole}],
    }  # fmt: skip
    return event("indicator.reported", subject, data, **more)


def held(subject: str, activity: str, record: str, day: str, **data: Any) -> dict[str, Any]:
    body = {"activity": activity, "record": record, "revision": 0, "held_on": day, "agency": "ubnd-xa", **data}
    return event("activity.recorded", subject, body)


def oblige(system: System, unit: str, state: str, revision: int) -> None:
    """Publish as notifications does."""
    data = {
        "programme": "ecd-1437", "report": "progress-quarterly", "agency": "ubnd-xa", "period": "2023-Q2",
        "state": state, "cycle": 1, "due_at": "2023-06-16T10:00:00Z", "met_at": None, "revision": revision,
    }  # fmt: skip
    body = event(f"obligation.{state}", unit, data, source="/kip/notifications", sender="kip-notifications")
    body |= {"acceptedat": "2023-06-20T00:00:00Z", "province": "20@2", "time": f"2023-06-20T00:00:0{revision}Z"}

    async def publish() -> None:
        database = await asyncpg.connect(system.database_url)
        partition = await database.fetchval("SELECT partition FROM registry.partition WHERE province = '20@2'")
        await database.close()
        connection = await aio_pika.connect(system.amqp_url)
        async with connection:
            exchange = await (await connection.channel()).get_exchange("kip.events")
            message = aio_pika.Message(json.dumps([body]).encode())
            await exchange.publish(message, routing_key=f"obligation.{state}.{partition}")

    before, timed = applied(system), system.metric("aggregation", "kip_apply_lag_seconds_count")
    asyncio.run(publish())
    system.wait_until(lambda: applied(system) > before, "the obligation is counted")
    after = system.metric("aggregation", "kip_apply_lag_seconds_count")
    assert after == timed, "it did not come by the door, so it says nothing of how late figures are"


def post(system: System, *events: dict[str, Any]) -> None:
    before = applied(system)
    answer = system.post(list(events))
    assert answer.status_code == 202, answer.text
    system.wait_until(lambda: applied(system) >= before + len(events), "the events are applied")


def applied(system: System) -> float:
    return system.metric("aggregation", "kip_events_applied_total")


def one(system: System, **query: str) -> dict[str, Any]:
    (row,) = system.rollups(**query)
    return row


def together(system: System, names: str, key: str | None = None, **query: str) -> list[dict[str, Any]]:
    """All figures of these indicators (joined by commas, or `all`) in one answer; each is what is answered alone."""
    rows = system.rollups(key=key, indicator=names, **query)
    alone = [
        row
        for name in dict.fromkeys(row["indicator"] for row in rows)
        for row in system.rollups(key=key, indicator=name, **query)
    ]
    assert sorted(map(_told, rows)) == sorted(map(_told, alone))
    assert len({row["as_of"] for row in rows}) == 1
    return rows


def _told(row: dict[str, Any]) -> str:
    return json.dumps({name: value for name, value in row.items() if name != "as_of"}, sort_keys=True)
