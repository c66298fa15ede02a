"""Who watches `/v1/changes` of a running system hears of what was counted and of who has reported, within moments."""

import time
from collections.abc import Iterator

import asyncpg
import httpx
import pytest

from deploy.local.own_loop import in_own_loop
from deploy.local.stack import LocalStack
from shared.http.serve import GRACE_SECONDS
from tests.conftest import NewDatabase
from tests.system import System, counselling, event, wait_until
from tests.watching import listening

XA, NEIGHBOUR = "06412@1", "06403@1"


@pytest.fixture(scope="module")
def running(stack: LocalStack, rabbitmq, session_database: NewDatabase, district_template: str) -> Iterator[System]:
    names = ("intake", "aggregation", "notifications")
    system = System(stack, rabbitmq.add_vhost("changes"), session_database(district_template), names)
    wait_until(lambda: opened_and_counted(system), "what is owed is open and counted")
    yield system
    system.services.stop()


def opened_and_counted(system: System) -> bool:
    """Whether all obligations are open and counted: what the test does then is all that changes."""

    async def read() -> tuple[int, bool]:
        connection = await asyncpg.connect(system.database_url)
        try:
            asked = "SELECT count(*), count(*) FILTER (WHERE NOT published) = 0 FROM notifications.change"
            number, told = await connection.fetchrow(asked)
            return int(number), bool(told)
        finally:
            await connection.close()

    number, told = in_own_loop(read)
    return bool(number) and told and system.metric("aggregation", "kip_events_applied_total") >= number


def handed_in(unit: str) -> dict[str, object]:
    data = {
        "report": "progress-quarterly", "agency": "ubnd-xa", "period": "2023-Q1", "revision": 0, "programme": "ecd-1437"
    }  # fmt: skip
    return event("report.submitted", unit, data)


def test_a_change_is_heard_by_who_sees_it(running: System) -> None:
    own = running.add_source("own", "--read", "--subtree", XA)
    with (
        listening(running.services.url("aggregation"), running.reader_key) as nation,
        listening(running.services.url("aggregation"), own) as commune,
        listening(running.services.url("notifications"), running.reader_key) as obligations,
    ):
        assert running.post([counselling(NEIGHBOUR, "a"), handed_in(XA)]).status_code == 202
        wait_until(lambda: nation.units >= {XA, NEIGHBOUR}, "both are heard of")
        wait_until(lambda: XA in commune.units, "the commune hears of its own")
        wait_until(lambda: XA in obligations.units, "its obligation is heard of")
        assert commune.units == {XA}
        assert all(data.keys() <= {"changed", "everything"} for _, data in nation.events)


def test_who_may_not_read_hears_nothing(running: System) -> None:
    for service in ("aggregation", "notifications"):
        url = f"{running.services.url(service)}/v1/changes"
        for key, status in ((running.key, 403), ("wrong", 401)):
            answer = httpx.get(url, headers={"Authorization": f"Bearer {key}"}, trust_env=False)
            assert answer.status_code == status
        answer = httpx.get(f"{url}?x=1", headers={"Authorization": f"Bearer {running.reader_key}"}, trust_env=False)
        assert (answer.status_code, answer.json()["field"]) == (400, "x")


def test_the_head_of_a_stream_is_a_whole_answer(running: System) -> None:
    headers = {"Authorization": f"Bearer {running.reader_key}"}
    with httpx.Client(base_url=running.services.url("aggregation"), headers=headers, trust_env=False) as client:
        for _ in range(2):  # over one connection
            answer = client.head("/v1/changes", timeout=30)
            assert (answer.status_code, answer.headers["content-type"].partition(";")[0]) == (200, "text/event-stream")


def test_a_service_that_stops_ends_its_streams_and_is_heard_again(running: System) -> None:
    with listening(running.services.url("aggregation"), running.reader_key) as heard:
        begun = time.monotonic()
        running.services.stop("aggregation")
        assert time.monotonic() - begun < GRACE_SECONDS, "it waited for a stream that has no end"
        wait_until(lambda: heard.ended, "the stream has ended")
    running.services.start("aggregation")
    with listening(running.services.url("aggregation"), running.reader_key) as again:
        assert running.post([counselling(XA, "b")]).status_code == 202
        wait_until(lambda: XA in again.units, "it is heard of again")
