"""All three services under load while a server fails, and what must hold afterwards: every 202 counted exactly once."""

import time
from typing import Any, Self

import httpx

from deploy.local.http import LOCAL
from deploy.local.own_loop import in_own_loop
from deploy.local.stack import LocalStack
from shared.database.connections import Hosts
from shared.runtime.clock import SystemClock
from tests.intake.load import COMMUNES, Load
from tests.system import System, dead_letters, event, kip

SERVICES = ("intake", "aggregation", "notifications")
RECOVERY_SECONDS = 10.0  # what is promised; a test allows ten times as much
DEAD = "SELECT (SELECT count(*) FROM aggregation.dead) + (SELECT count(*) FROM notifications.dead_event)"


class WholeLoad(Load):
    """As `Load`, with a problem in each batch: notifications takes those, aggregation everything.

    `name` is in every record's: several loads may follow each other on one system, and each counts its own.
    """

    def __init__(self, outage: "Outage", name: str = "whole", seed: int = 7) -> None:
        super().__init__(outage.system, seed)
        self._outage = outage
        self._name = name
        self._before = (0, 0)
        self._problems_before = 0

    def __enter__(self) -> Self:
        self._before, self._problems_before = super().figure(), self._outage.problems()
        super().__enter__()
        return self

    @property
    def problems(self) -> int:
        """How many were accepted."""
        return sum(item["type"] == "vn.kip.problem.raised.v1" for body in self.taken for item in body)

    def figure(self) -> tuple[int, int]:
        """Records and participants at the nation, of this load."""
        records, people = super().figure()
        return records - self._before[0], people - self._before[1]

    def counted(self) -> int:
        """Records of this load; -1 while the figures can't be read, as during a failover."""
        answer = self._outage.system.read("/v1/rollups", activity="parent-counselling", within="VN", period="2023-03")
        return int(answer.json()["rows"][0]["records"]) - self._before[0] if answer.status_code == 200 else -1

    def known_problems(self) -> int:
        """Problems that notifications knows, of this load."""
        return self._outage.problems() - self._problems_before

    def _body(self, size: int) -> tuple[list[dict[str, Any]], bool]:
        events, bad = super()._body(size)
        for item in events:
            item["data"]["record"] = f"{self._name}-{item['data']['record']}"
        if size > 1:
            record = events[-1]["data"]["record"]
            data = {"record": record, "agency": "ubnd-xa", "text": "no room for the sessions"}
            events[-1] = event("problem.raised", COMMUNES[0], {**data, **({"domain": "sorcery"} if bad else {})})
        return events, bad

    def people(self) -> int:
        """Participants in what was accepted."""
        counted = (item["data"].get("participants", {}) for body in self.taken for item in body)
        return sum(participants.get("parent", 0) for participants in counted)

    def records(self) -> int:
        """Activities in what was accepted."""
        return sum("participants" in item["data"] for body in self.taken for item in body)


class Outage:
    """A system of all three services and its load."""

    def __init__(self, stack: LocalStack, amqp_url: str, database_url: str, **settings: str) -> None:
        self.system = System(
            stack, amqp_url, database_url, SERVICES, {"KIP_SWEEP_INTERVAL": "1", "KIP_BATCH_EVENTS": "100", **settings}
        )
        self.system.use_broker()
        self._hosts = Hosts(self.system.environment["KIP_DATABASE_URL"])  # once: a host that hangs is waited for once

    def query(self, sql: str) -> Any:
        """One value."""

        async def ask() -> Any:
            connection = await self._hosts.connect()
            try:
                return await connection.fetchval(sql)
            finally:
                await connection.close(timeout=5)

        return in_own_loop(ask)

    def ready(self) -> bool:
        """Whether every service says that it is, and intake publishes again."""
        try:
            answers = [LOCAL.get(f"{self.system.services.url(name)}/readyz", timeout=5) for name in SERVICES]
        except httpx.HTTPError:
            return False
        return all(answer.status_code == 200 for answer in answers) and answers[0].json()["events_go_to"] == "broker"

    def back(self, load: WholeLoad, since: float) -> float:
        """Wait until all is as before: seconds since `since` (monotonic). Nothing may be left in between."""
        system, now = self.system, SystemClock().now().timestamp()
        system.wait_until(self.ready, "every service is ready", seconds=10 * RECOVERY_SECONDS)
        system.wait_until(lambda: system.metric("intake", "kip_spool_events") == 0, "the spool is empty")
        taken = load.records(), load.problems
        system.wait_until(
            lambda: load.counted() >= taken[0] and load.known_problems() >= taken[1],
            f"{taken} accepted events are counted", seconds=10 * RECOVERY_SECONDS,
        )  # fmt: skip
        swept = "kip_sweep_last_success_timestamp_seconds"
        system.wait_until(
            lambda: system.metric("notifications", swept) > now, "sweeps go on", seconds=10 * RECOVERY_SECONDS
        )
        return time.monotonic() - since

    def settle(self, load: WholeLoad) -> None:
        """Nothing lost, nothing twice, nothing put aside: after the repetition of all that was not answered."""
        for body in load.unanswered:
            self.system.wait_until(lambda body=body: self._taken(body), "the repetition is taken")  # type: ignore[misc]
            load.taken.append(body)
        load.unanswered.clear()
        for body in load.taken[:5]:
            assert self._taken(body)
        expected = load.records(), load.people()
        self.system.wait_until(lambda: load.figure()[0] >= expected[0], "all is counted")
        self.system.wait_until(lambda: load.known_problems() >= load.problems, "every problem is known")
        time.sleep(0.5)  # whatever would come twice comes now
        assert (load.figure(), load.known_problems()) == (expected, load.problems)
        assert self.query(DEAD) == 0
        assert dead_letters(self.system.environment["KIP_AMQP_URL"]) == 0

    def verify(self) -> None:
        """The figures are what the ledger gives."""
        assert "0 cells differ" in kip("verify", environment=self.system.environment)

    def _taken(self, body: list[dict[str, Any]]) -> bool:
        answer = self.system.post(body)
        assert answer.status_code in {202, 503}, answer.text
        return answer.status_code == 202

    def problems(self) -> int:
        """How many notifications knows."""
        return int(self.query("SELECT count(*) FROM notifications.problem"))
