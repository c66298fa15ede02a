"""Every list of obligations, alerts and problems, and what changes, with a key of every kind of unit (the other reads:
`test_who_sees_what.py`).
"""

import asyncio
import contextlib
import json
from typing import Any

import aio_pika
import pytest

from tests.rights.conftest import Field
from tests.rights.ledger import OWN, Asked
from tests.rights.oracle import answer_expected, owing_below, places
from tests.rights.register import PLACES, REACHED
from tests.rights.walks import READERS, TRUTH, all_rows, walk
from tests.system import wait_until
from tests.watching import listening

pytestmark = [pytest.mark.long, pytest.mark.timeout(600)]


def test_obligations(field: Field) -> None:
    walk(field, "/v1/obligations")


@pytest.mark.parametrize("key", READERS)
def test_grid(field: Field, key: str) -> None:
    """A line counts periods before the merger too: it is seen where all that it is put together from is reached."""
    for asked in (
        Asked("2025-Q2", "as_reported", False, True, False),
        Asked("2025-Q2", "as_of_today", True, True, False),
        Asked("2025-Q3", "as_reported", True, True, True),
    ):
        for within in places(key, asked):
            for level in ("commune", "province"):
                query = {"report": "progress-quarterly", "period": asked.period, "view": asked.view, "programme": OWN}
                query |= {"level": level, **({"within": within} if within else {})}
                answer = field.get("notifications", "/v1/obligations/grid", key, **query)
                expected = answer_expected(key, asked, within, level)
                if isinstance(expected, int):
                    assert answer.status_code == expected, (query, answer.text)
                    continue
                assert answer.status_code == 200, (query, answer.text)
                found = {row["uid"]: row["cells"][-1]["expected"] for row in answer.json()["rows"]}
                assert found == owing_below(asked, expected), query


def test_problems(field: Field) -> None:
    walk(field, "/v1/problems")
    assert field.get("notifications", "/v1/problems", "activities").status_code == 403


def test_alerts(field: Field) -> None:
    truth = {row["id"]: row for row in field.rows(TRUTH["/v1/alerts"])}
    assert any(row["addressed"] != row["unit"] and row["officer"] for row in truth.values())

    def to_whom(key: str, rows: list[dict[str, Any]]) -> None:
        for row in rows:
            fact = truth[row["id"]]
            named = fact["officer"] if fact["addressed"] in REACHED[key] else None
            assert row["officer"] == named
            assert (row["officer_name"] is None) == (named is None)
            assert row["address"] is None or named is not None

    walk(field, "/v1/alerts", to_whom)
    for officer in {row["officer"] for row in truth.values() if row["officer"]}:
        for key in READERS:
            assert {row["id"] for row in all_rows(field, "/v1/alerts", key, officer=str(officer))} == {
                row["id"] for row in truth.values()
                if row["officer"] == officer and {row["unit"], row["addressed"]} <= REACHED[key]
            }  # fmt: skip


def test_changes(field: Field) -> None:
    """Who watches hears of the units that their key reaches, and of no other."""

    async def tell(service: str) -> None:
        body = json.dumps({"service": service, "changed": [[OWN, uid] for uid in PLACES]}).encode()
        connection = await aio_pika.connect(field.amqp_url)
        async with connection:
            exchange = await (await connection.channel()).get_exchange("kip.changes")
            await exchange.publish(aio_pika.Message(body), routing_key="")

    for service in ("aggregation", "notifications"):
        with contextlib.ExitStack() as streams:
            url = field.services.url(service)
            heard = {key: streams.enter_context(listening(url, field.keys[key])) for key in READERS}
            asyncio.run(tell(service))
            for key, listener in heard.items():
                wait_until(lambda listener=listener: bool(listener.units), f"{key} hears something")
                assert listener.units == REACHED[key], key
