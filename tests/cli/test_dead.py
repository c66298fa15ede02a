"""`kip dead` reaches the queue kip.dead: what lies there is listed, shown, sent back where it came from, or dropped."""

import json
from collections.abc import Iterator

import aio_pika
import pytest

from deploy.local.own_loop import in_own_loop
from deploy.local.stack import LocalStack
from shared.broker import topology
from tests.system import System, access, dead_letters, kip


@pytest.fixture
def counting(stack: LocalStack, amqp_url: str, district_database: str) -> Iterator[System]:
    running = System(stack, amqp_url, district_database, ["aggregation", "notifications"])
    yield running
    running.services.stop()


def send(amqp_url: str, queue: str, *bodies: bytes) -> None:
    async def publish() -> None:
        async with await aio_pika.connect(amqp_url) as connection:
            channel = await connection.channel()
            for body in bodies:
                await channel.default_exchange.publish(aio_pika.Message(body), routing_key=queue)

    in_own_loop(publish)


def test_what_lies_in_kip_dead_is_listed_shown_replayed_and_dropped(counting: System) -> None:
    environment = counting.environment
    url = environment["KIP_AMQP_URL"]
    send(url, "kip.aggregation.0", b"{", b"no json")
    counting.wait_until(lambda: dead_letters(url) == 2, "both are rejected")
    rows = json.loads(kip("dead", "list", "--json", environment=environment))
    assert [(row["source"], row["kind"]) for row in rows] == [("queue", "message")] * 2
    assert all(row["reason"].startswith("rejected by kip.aggregation.0, ") for row in rows)
    assert all(row["since"] for row in rows)
    for _ in range(3):  # a look changes nothing
        assert sorted(row["ref"] for row in json.loads(kip("dead", "list", "--json", environment=environment))) == (
            sorted(row["ref"] for row in rows)
        )
    brace = next(row["ref"] for row in rows if row["reason"].endswith(", 1 bytes"))
    shown = json.loads(kip("dead", "show", brace, environment=environment))
    assert (shown["body"], shown["kip-dead-queue"], shown["kip-dead-reason"]) == ("{", "kip.aggregation.0", "rejected")
    assert "sent to kip.aggregation.0 again" in kip("dead", "replay", brace, environment=environment)
    counting.wait_until(lambda: dead_letters(url) == 2, "it is rejected once more")
    assert "dropped" in kip("dead", "drop", brace, environment=environment)
    assert dead_letters(url) == 1
    with pytest.raises(AssertionError, match=f"there is no {brace} among the dead"):
        kip("dead", "drop", brace, environment=environment)
    kip("dead", "drop", "--all", environment=environment)
    assert dead_letters(url) == 0


def test_what_never_waited_is_no_such_thing_and_stops_nothing_else(counting: System) -> None:
    environment = counting.environment
    url = environment["KIP_AMQP_URL"]
    for command in ("replay", "drop"):
        assert kip("dead", command, "--all", environment=environment).strip() == "nothing waits"
    send(url, "kip.aggregation.0", b"no json")
    counting.wait_until(lambda: dead_letters(url) == 1, "it is rejected")
    waiting = json.loads(kip("dead", "list", "--json", environment=environment))[0]["ref"]
    names = ("99", "notifications:99", "notifications.rows:99", "queue:99")
    with pytest.raises(AssertionError) as error:
        kip("dead", "drop", *names, waiting, environment=environment)
    assert all(f"there is no {name} among the dead" in str(error.value) for name in ("aggregation:99", *names[1:]))
    assert dead_letters(url) == 0


def test_accepted_events_in_kip_dead_are_counted_after_a_replay(counting: System) -> None:
    """As a broker's delivery limit puts them there: whole, with the queue that they came from."""
    environment = counting.environment
    url = environment["KIP_AMQP_URL"]
    event = {**access("06412"), "subject": "06412@1", "sender": "app", "acceptedat": "2023-03-15T02:00:00Z"}
    body = json.dumps([{**event, "province": "20@2"}]).encode()

    async def publish() -> None:
        async with await aio_pika.connect(url) as connection:
            channel = await connection.channel()
            death = {"queue": "kip.aggregation.0", "reason": "delivery_limit", "count": 1}
            message = aio_pika.Message(body, headers={"x-death": [death]})
            await channel.default_exchange.publish(message, routing_key=topology.DEAD)

    in_own_loop(publish)
    counting.wait_until(lambda: dead_letters(url) == 1, "it lies there")
    assert "sent to kip.aggregation.0 again" in kip("dead", "replay", "--all", environment=environment)
    counting.wait_until(
        lambda: (
            counting.metric("aggregation", "kip_events_applied_total", kind="indicator.reported", outcome="applied")
            == 1
        ),
        "it is counted",
    )
    assert dead_letters(url) == 0


def test_an_event_that_notifications_put_aside_is_listed_and_replayed(counting: System) -> None:
    environment = counting.environment
    sound = {
        "specversion": "1.0", "id": "x", "source": "/tests", "type": "vn.kip.problem.raised.v1", "subject": "06412@1",
        "time": "2023-03-15T02:00:00Z", "sender": "app", "acceptedat": "2023-03-15T02:00:00Z", "province": "20@2",
        "data": {"programme": "ecd-1437", "record": "p", "agency": "ubnd-xa", "text": "no room"},
    }  # fmt: skip
    bad = {**sound, "id": "bad", "time": "yesterday"}
    send(environment["KIP_AMQP_URL"], topology.NOTIFICATIONS.name, json.dumps([bad, sound]).encode())
    counting.wait_until(lambda: counting.metric("notifications", "kip_dead_events") == 1, "one is put aside")
    counting.wait_until(
        lambda: counting.metric("notifications", "kip_events_applied_total", outcome="taken") == 1, "one is taken"
    )
    (row,) = json.loads(kip("dead", "list", "--json", environment=environment))
    assert (row["source"], row["unit"], row["sender"]) == ("notifications", "06412@1", "app")
    assert json.loads(kip("dead", "show", row["ref"], environment=environment))["event"] == bad
    assert "dead" in kip("dead", "replay", row["ref"], environment=environment)
    (again,) = json.loads(kip("dead", "list", "--json", environment=environment))
    assert again["number"] > row["number"]
    assert dead_letters(environment["KIP_AMQP_URL"]) == 0
