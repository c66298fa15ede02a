"""A key that is revoked while it is used: what had begun ends, what was taken stays, and the answer says so."""

import contextlib
import json
import socket
import time
from collections.abc import Iterator
from typing import Any

import pytest

from deploy.local.http import LOCAL
from deploy.local.stack import LocalStack
from tests.intake.replica import Relay, second_intake
from tests.system import BATCH, System, counselling, events_go_to, kip

LINES = 4000  # two megabytes: several groups are taken at once, the rest waits for the end of its group


class Sending:
    """A request whose body goes on until the door answers."""

    def __init__(self, url: str, key: str, kind: str = "application/x-ndjson", path: str = "/v1/events") -> None:
        host, _, port = url.removeprefix("http://").partition(":")
        self._socket = socket.create_connection((host, int(port)), timeout=20)
        head = [
            f"POST {path} HTTP/1.1", "Host: x", f"Authorization: Bearer {key}", f"Content-Type: {kind}",
            "Transfer-Encoding: chunked", "", "",
        ]  # fmt: skip
        self._socket.sendall("\r\n".join(head).encode())
        self._came = b""

    def send(self, content: bytes) -> None:
        self._socket.sendall(b"%x\r\n%b\r\n" % (len(content), content))

    def end(self) -> None:
        self._socket.sendall(b"0\r\n\r\n")

    def answered(self) -> bool:
        """Whether the whole answer is there."""
        self._socket.settimeout(0.05)
        with contextlib.suppress(TimeoutError):
            self._came += self._socket.recv(65_536)
        head, _, body = self._came.partition(b"\r\n\r\n")
        lengths = [int(row.split(b":")[1]) for row in head.split(b"\r\n") if row.lower().startswith(b"content-length")]
        return bool(lengths) and len(body) >= lengths[0]

    @property
    def answer(self) -> tuple[int, Any]:
        head, _, body = self._came.partition(b"\r\n\r\n")
        return int(head.split(b" ")[1]), json.loads(body)


def line(record: str) -> bytes:
    return json.dumps(counselling("06412", record)).encode() + b"\n"


def lines(name: str) -> bytes:
    return b"".join(line(f"{name}-{number}") for number in range(LINES))


def taken(url: str) -> float:
    text = LOCAL.get(f"{url}/metrics").text
    rows = [row for row in text.splitlines() if row.startswith("kip_events_received_total{") and '"accepted"' in row]
    return sum(float(row.rpartition(" ")[2]) for row in rows)


def counted(system: System) -> int:
    row = system.rollups(activity="parent-counselling", within="VN", period="2023-03")[0]
    return int(row["records"])


@pytest.fixture
def own(stack: LocalStack, amqp_url: str, loaded_database: str) -> Iterator[System]:
    system = System(stack, amqp_url, loaded_database)
    yield system
    system.services.stop()


def test_a_revoked_key_stops_its_streams_on_every_replica_whether_lines_come_or_not(
    stack: LocalStack, own: System
) -> None:
    with second_intake(stack, own) as second:
        urls = [own.services.url("intake"), second]
        key = own.add_source("streaming")
        for url in urls:
            own.wait_until(lambda u=url: status(u, key) == 202, "the key is known")  # type: ignore[misc]
        trickling, silent = streams = [Sending(url, key) for url in urls]
        for number, sending in enumerate(streams):
            sending.send(lines(f"r{number}"))
        own.wait_until(lambda: all(taken(url) > 0 for url in urls), "lines of both streams are taken")
        kip("source", "revoke", "streaming", environment=own.environment)

        def both_answered() -> bool:
            if not trickling.answered():
                trickling.send(line(f"late-{time.monotonic()}"))
            return trickling.answered() and silent.answered()

        own.wait_until(both_answered, "both streams are ended", seconds=5)
    sums = 0
    for sending in streams:
        code, body = sending.answer
        assert code == 207, body
        assert 0 < body["accepted"] < LINES
        assert {error["code"] for item in body["rejected"] for error in item["errors"]} == {"stream_cut"}
        assert body["rejected"][0]["index"] == body["accepted"]
        sums += body["accepted"]
    own.wait_until(lambda: counted(own) >= sums, "what was taken is counted")
    time.sleep(0.5)  # whatever would come too much comes now
    assert counted(own) == sums


def test_a_body_that_was_under_way_when_its_key_was_revoked_is_not_taken(own: System) -> None:
    url = own.services.url("intake")
    key = own.add_source("dawdling")
    own.wait_until(lambda: status(url, key) == 202, "the key is known")
    sheet = "unit,agency,record,activity,held_on,domain\n06412,ubnd-xa,s-1,parent-counselling,2023-03-09,nutrition\n"
    batch = json.dumps([counselling("06412", "late")])
    bodies = {("/v1/import", "text/csv"): sheet, ("/v1/events", BATCH): batch}
    under_way = {place: Sending(url, key, place[1], place[0]) for place in bodies}
    for place, sending in under_way.items():
        sending.send(bodies[place][:20].encode())
    kip("source", "revoke", "dawdling", environment=own.environment)
    own.wait_until(lambda: status(url, key) == 401, "the key is refused", seconds=5)
    for place, sending in under_way.items():
        sending.send(bodies[place][20:].encode())
        sending.end()
        own.wait_until(sending.answered, "the answer")
        assert (sending.answer[0], sending.answer[1]["error"]) == (401, "unauthorized")
    assert taken(url) == 0


def test_a_replica_cut_off_from_the_database_trusts_a_key_for_its_grace_and_its_streams_no_longer(
    stack: LocalStack, own: System
) -> None:
    with Relay(own.services.environment_of("intake")["KIP_DATABASE_URL"]) as relay:
        settings = {"KIP_DATABASE_URL": relay.url, "KIP_KEY_GRACE": "8"}
        with second_intake(stack, own, **settings) as cut_off:
            key = own.add_source("unheard")
            own.wait_until(lambda: status(cut_off, key) == 202, "the key is known")
            own.wait_until(lambda: events_go_to(cut_off) == "broker", "the broker is used")
            relay.cut()
            kip("source", "revoke", "unheard", environment=own.environment)
            stream = Sending(cut_off, key)
            stream.send(lines("grace"))
            own.wait_until(lambda: status(own.services.url("intake"), key) == 401, "the other replica refuses it")
            own.wait_until(lambda: taken(cut_off) > 0, "the one that is cut off still trusts it")
            own.wait_until(stream.answered, "the grace is over")
            assert stream.answer[0] == 503, stream.answer
            assert status(cut_off, key) == 503
            own.wait_until(lambda: counted(own) == taken(cut_off), "what it took until then is counted")


def status(url: str, key: str) -> int:
    headers = {"Authorization": f"Bearer {key}", "Content-Type": BATCH}
    return LOCAL.post(f"{url}/v1/events", content=b"[]", headers=headers).status_code
