"""The drill: a backup is made, time goes on, the database is lost, the backup restored, and the rest replayed.

As docs/operate/backup.md says: every figure is that of before, every 202 counts exactly once by the test's own tally,
and no letter goes out twice.
"""

import json
import os
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

import aio_pika
import asyncpg
import httpx
import pytest

from cli.replay.beginning import MARGIN
from deploy.local.http import LOCAL
from deploy.local.own_loop import in_own_loop
from deploy.local.postgres import Postgres, program
from deploy.local.stack import LocalStack
from shared.broker import topology
from shared.journal.reading import Entry, read_from
from shared.runtime.clock import SystemClock
from tests.forks import run_kip
from tests.notifications.register import UNITS, write_part
from tests.system import ROOT, System, access, counselling, event, kip, mails_since_now, migrate

OFFICERS = """name,role,unit,agency,channels,language
Nguyễn An,Chủ tịch,06412,ubnd-xa,email:yen-vuong@example.vn,vi
Trần Cúc,Chủ tịch,06427,ubnd-xa,email:cai-kinh@example.vn,vi
Lê Bình,Phó Chủ tịch,186,phong-ldtbxh-dt-huyen,email:huu-lung@example.vn,vi
"""
AN, CUC, BINH = "yen-vuong@example.vn", "cai-kinh@example.vn", "huu-lung@example.vn"


@dataclass
class Drill:
    """The system with its sender's own tally of what was answered 202."""

    system: System
    server: Postgres
    officers: Path
    sent: dict[str, dict[str, Any]] = field(default_factory=dict)

    def post(self, *events: dict[str, Any]) -> None:
        """Post, and keep the tally."""
        assert self.system.post(list(events)).status_code == 202
        self.sent |= {each["id"]: each for each in events}

    def tick(self, now: str) -> None:
        """Let time go on until all that is due is handed over."""
        kip("tick", "--now", f"{now}+07:00", environment=self.system.environment)

    def told(self) -> set[tuple[str, str, str]]:
        """(step, unit, officer) of all that was sent."""
        rows = self.fetch("""
            SELECT COALESCE(json_agg(json_build_array(step, COALESCE(obligation.unit, problem.unit), name)), '[]')
            FROM notifications.alert JOIN registry.officer ON officer.id = alert.officer
            LEFT JOIN notifications.obligation ON obligation.id = alert.obligation
            LEFT JOIN notifications.problem ON problem.id = alert.problem WHERE alert.state = 'sent'""")
        return {(step, unit, officer) for step, unit, officer in json.loads(rows)}

    def fetch(self, query: str, *values: object) -> Any:
        """Ask the database, as its owner."""

        async def ask() -> Any:
            connection = await asyncpg.connect(self.system.database_url)
            try:
                return await connection.fetchval(query, *values)
            finally:
                await connection.close()

        return in_own_loop(ask)

    def counted(self) -> Counter[str]:
        """How often the ledger has each event of the sender."""
        rows = self.fetch("SELECT COALESCE(json_agg(id), '[]') FROM aggregation.ledger WHERE sender = 'app'")
        return Counter(json.loads(rows))

    def figures(self) -> dict[str, Any]:
        """Sums, coverage and timeliness of the nation, the district and its communes."""
        found: dict[str, Any] = {}
        for within, level in (("VN", "nation"), ("186@1", "district"), ("186@1", "commune")):
            for asked in (
                {"activity": "parent-counselling", "period": "2023-03"},
                {"indicator": "child-service-access", "period": "2023-Q1"},
            ):
                rows = self.system.rollups(within=within, level=level, **asked)
                found[f"{level} {asked}"] = [{k: v for k, v in row.items() if k != "as_of"} for row in rows]
            answer = self.system.read(
                "/v1/timeliness", report="progress-quarterly", period="2023-Q1", within=within, level=level
            )
            assert answer.status_code == 200, answer.text
            found[f"{level} timeliness"] = [
                {k: v for k, v in row.items() if k != "as_of"} for row in answer.json()["rows"]
            ]
        return found

    def settled(self) -> None:
        """Wait until all that was posted is applied and all that was decided is announced and applied."""
        self.system.wait_until(lambda: set(self.counted()) == set(self.sent), "all that was posted is counted")
        unpublished = "SELECT count(*) FROM notifications.change WHERE NOT published"
        self.system.wait_until(lambda: self.fetch(unpublished) == 0, "all is announced")
        latest = """
            SELECT count(*) FROM notifications.change WHERE NOT EXISTS (
                SELECT FROM aggregation.ledger
                WHERE sender = 'kip-notifications' AND id LIKE '%' || obligation || '.' || revision)
        """
        self.system.wait_until(lambda: self.fetch(latest) == 0, "all that was announced is applied")

    def script(self, name: str, folder: Path) -> str:
        """Run backup.sh or restore.sh; what it prints."""
        path = f"{program('pg_dump').parent}:{os.environ['PATH']}"
        done = subprocess.run(
            [str(ROOT / "deploy" / "backup" / name), str(folder)],
            env={"PATH": path, "KIP_DATABASE_URL": self.system.database_url},
            capture_output=True, text=True, check=False, timeout=120,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()

    def lose_database(self) -> None:
        """Drop it, and make an empty one in its place."""
        name = self.system.database_url.rpartition("/")[2]
        self.server.execute(f'DROP DATABASE "{name}" WITH (FORCE)')
        self.server.execute(f'CREATE DATABASE "{name}" TEMPLATE template0')

    def ready(self) -> tuple[int, Any]:
        """What notifications says of itself; 0 while it doesn't listen yet."""
        try:
            answer = LOCAL.get(f"{self.system.services.url('notifications')}/readyz")
        except httpx.ConnectError:
            return 0, None
        return answer.status_code, answer.json()["checks"].get("restore")

    def replay(self, *words: str) -> Any:
        """`kip replay --json`."""
        return json.loads(kip("replay", "--json", *words, environment=self.system.environment))


@pytest.fixture
def drill(stack: LocalStack, amqp_url: str, database_url: str, postgres: Postgres, tmp_path: Path) -> Iterator[Drill]:
    """Hữu Lũng from before the first quarter of 2023 on, with three officers."""
    units = tmp_path / "units.csv"
    write_part(UNITS, units, lambda row: row["parent"] == "186@1")
    migrate(database_url)
    environment = {"KIP_AMQP_URL": "amqp://unused", "KIP_DATABASE_URL": database_url}
    kip("load", "programmes/ecd-1437", "--units", str(units), environment=environment)
    settings = {"KIP_CLOCK": "2022-12-15T08:00:00+07:00", "KIP_SWEEP_INTERVAL": "1", "KIP_AUDIT_PATIENCE": "3"}
    names = ("intake", "aggregation", "notifications")
    system = System(stack, amqp_url, database_url, names=names, settings=settings)
    try:
        system.use_broker()
        officers = tmp_path / "officers.csv"
        officers.write_text(OFFICERS, encoding="utf-8")
        kip("officer", "import", str(officers), environment=system.environment)
        yield Drill(system, postgres, officers)
    finally:
        system.services.stop()


def submitted(subject: str, revision: int = 0, kind: str = "report.submitted") -> dict[str, Any]:
    data = {"report": "progress-quarterly", "agency": "ubnd-xa", "period": "2023-Q1", "revision": revision}
    return event(kind, subject, data)


def retracted_activity(subject: str, record: str) -> dict[str, Any]:
    return event("record.retracted", subject, {"record": record, "revision": 9})


def problem(subject: str, record: str) -> dict[str, Any]:
    data = {"record": record, "agency": "ubnd-xa", "text": "Thiếu tài liệu tập huấn"}
    return event("problem.raised", subject, data)


def communes() -> list[str]:
    lines = (ROOT / "data" / "units.csv").read_text(encoding="utf-8").splitlines()
    return [row[1] for row in (line.split(",") for line in lines) if row[5] == "186@1"]


def posted_again(system: System, since: int) -> None:
    """Put once more on the queues what notifications announced after this entry: as if it still waited there."""

    async def do() -> None:
        entries: list[Entry] = []
        async with read_from(system.amqp_url, since) as journal:
            while (entry := await journal.next(2)) is not None:
                entries.append(entry)
        async with await aio_pika.connect(system.amqp_url) as connection:
            channel = await connection.channel()
            exchange = await channel.get_exchange(topology.EVENTS.name)
            announced = [entry for entry in entries if entry.key.startswith("obligation.")]
            assert announced
            for entry in announced:
                await exchange.publish(aio_pika.Message(entry.body), entry.key)

    in_own_loop(do)


def broken_off(drill: Drill) -> None:
    """Begin a replay that can't go on, for aggregation isn't up, and kill it."""
    answers = "SELECT count(*) FROM notifications.answer"
    backed_up = drill.fetch(answers)
    argv = [sys.executable, "-m", "cli.main", "replay", "--json"]
    process = subprocess.Popen(argv, cwd=ROOT, env={**os.environ, **drill.system.environment})
    try:
        begun = "SELECT count(*) FROM registry.restore WHERE end_offset IS NOT NULL"
        drill.system.wait_until(lambda: drill.fetch(begun) > 0, "the replay has begun")
        drill.system.wait_until(lambda: drill.fetch(answers) > backed_up, "notifications has applied some of it")
    finally:
        process.kill()
        process.wait(30)


@pytest.mark.timeout(600)
def test_a_lost_database_is_restored_and_what_came_after_the_backup_replayed(drill: Drill, stack, tmp_path) -> None:
    system, mails = drill.system, mails_since_now(stack.mail_dir)
    prompt = [code for code in communes() if code not in {"06412", "06427"}]
    drill.tick("2023-03-15T07:00:00")
    drill.post(*(counselling(code, f"before-{code}") for code in prompt), access("06412", 300))
    drill.post(*(submitted(code) for code in prompt[:10]))
    drill.settled()
    audited = "SELECT count(*) FROM {}.audit WHERE journal_offset > 0"
    for schema in ("aggregation", "notifications"):
        system.wait_until(lambda: drill.fetch(audited.format(schema)) == 1, f"{schema} is audited")  # noqa: B023
    backup = Path(drill.script("backup.sh", tmp_path / "backups").splitlines()[-1])
    backed_up_to = drill.fetch("SELECT journal_offset FROM aggregation.audit")

    # The time that will be lost: all kinds of events, and letters.
    drill.post(*(counselling(code, f"after-{code}") for code in prompt), access("06415", 200))
    drill.post(counselling(prompt[0], f"before-{prompt[0]}", revision=1, parents=7))
    drill.post(retracted_activity(prompt[1], f"before-{prompt[1]}"))
    drill.post(*(submitted(code) for code in prompt[10:]))
    drill.tick("2023-03-15T08:00:00")
    drill.post(submitted(prompt[0], 1, "record.retracted"))
    drill.post(problem("06412", "p1"))
    drill.tick("2023-03-17T08:00:00")
    drill.post(submitted("06412"))
    drill.tick("2023-03-17T10:01:00")
    drill.settled()
    before, letters, lost_letters = drill.figures(), len(mails()), drill.told()
    assert {(step, officer) for step, _, officer in lost_letters} == {
        ("reminder", "Nguyễn An"), ("reminder", "Trần Cúc"), ("overdue", "Nguyễn An"), ("overdue", "Trần Cúc"),
        ("parent-digest", "Lê Bình"), ("problem-raised", "Lê Bình"), ("received", "Nguyễn An"),
    }  # fmt: skip

    ahead = drill.fetch("SELECT ahead FROM registry.clock")
    system.services.stop()
    posted_again(system, backed_up_to)
    drill.lose_database()
    printed = drill.script("restore.sh", backup)
    assert "kip replay" in printed
    # The world's clock doesn't go back with the database: no more does this run's.
    drill.fetch("UPDATE registry.clock SET ahead = $1", ahead)
    drill.fetch("SELECT registry.note_restore((SELECT min(since) FROM registry.restore))")
    migrate(system.database_url)

    system.services.start("intake", "notifications")
    code, why = drill.ready()
    assert code == 503
    assert "run 'kip replay'" in str(why)
    assert (
        "awaits its replay"
        in run_kip("tick", "--now", "2023-03-17T11:00:00+07:00", environment=system.environment).stderr
    )
    would = drill.replay("--dry-run")["replayed"]
    assert would["published"]["report.submitted"] >= 1
    broken_off(drill)
    assert set(drill.counted()) < set(drill.sent)
    system.services.start("aggregation")

    done = drill.replay()["replayed"]
    assert done["missing"] is None
    assert drill.counted() == Counter(dict.fromkeys(drill.sent, 1))
    assert drill.figures() == before
    assert "0 cells differ" in kip("verify", environment=system.environment)
    system.wait_until(lambda: drill.ready()[0] == 200, "notifications goes on by itself")

    uncertain = {(row["step"], row["unit"]) for row in drill.replay("--uncertain")}
    assert uncertain == {
        ("overdue", "06427@1"), ("parent-digest", "06427@1"), ("parent-digest", f"{prompt[0]}@1"),
        ("problem-raised", "06412@1"),
    }  # fmt: skip
    assert uncertain < {(step, unit) for step, unit, _ in lost_letters}
    assert done["uncertain"] == 2
    drill.tick("2023-03-17T11:00:00")
    assert drill.told() == set()
    assert drill.replay() == {"replayed": None}
    assert len(mails()) == letters
    assert drill.figures() == before
    assert drill.replay("--send-uncertain") == {"sent": 2}
    drill.tick("2023-03-17T11:05:00")
    assert sorted(mail["To"] for mail in mails()[letters:]) == [CUC, BINH]
    drill.post(submitted("06427"))
    drill.tick("2023-03-17T13:31:00")
    assert ("received", "06427@1", "Trần Cúc") in drill.told()
    drill.tick("2023-03-20T08:00:00")
    assert ("received", "06427@1", "Lê Bình") in drill.told()

    # The audits have gone on behind the replay, of which nothing is missing.
    for schema in ("aggregation", "notifications"):
        position = f"SELECT journal_offset FROM {schema}.audit"  # noqa: S608
        system.wait_until(lambda: drill.fetch(position) > done["end"] + 50, f"{schema} is audited")  # noqa: B023
        assert system.metric(schema, "kip_unaccounted_messages_total") == 0
        assert system.metric(schema, "kip_journal_gaps_total") == 0


def test_a_journal_that_begins_too_late_is_refused_and_the_gap_named(amqp_url: str, loaded_database: str) -> None:
    environment = {"KIP_AMQP_URL": amqp_url, "KIP_DATABASE_URL": loaded_database}
    in_own_loop(lambda: topology.declare(amqp_url, 4))
    now = SystemClock().now().replace(microsecond=0)
    backup = now - timedelta(hours=5)

    async def note() -> None:
        connection = await asyncpg.connect(loaded_database)
        await connection.execute("SELECT registry.note_restore($1)", backup)
        await connection.close()

    async def begun_in_another_journal() -> None:
        """A replay was broken off, and then the broker lost what it was reading."""
        connection = await asyncpg.connect(loaded_database)
        await connection.execute(
            "UPDATE registry.restore SET end_offset = 5000, end_message = gen_random_uuid(), done_offset = 4000"
        )
        await connection.close()

    async def journalled() -> None:
        async with await aio_pika.connect(amqp_url) as connection:
            channel = await connection.channel()
            exchange = await channel.get_exchange(topology.EVENTS.name)
            await exchange.publish(aio_pika.Message(b"[]", timestamp=now), topology.PROBE_KEY)

    assert run_kip("replay", environment=environment).stdout == "no restore awaits its replay\n"
    in_own_loop(note)
    empty = run_kip("replay", environment=environment)
    assert (empty.returncode, "the journal is empty" in empty.stderr) == (1, True)
    in_own_loop(journalled)
    for words, needed in (([], backup - MARGIN), (["--since", backup.isoformat()], backup)):
        refused = run_kip("replay", *words, environment=environment)
        assert refused.returncode == 1
        assert f"the journal begins at {now.isoformat()}, and is needed from {needed.isoformat()} on" in refused.stderr
        assert f"kip replay --since {now.isoformat()}" in refused.stderr
    in_own_loop(begun_in_another_journal)
    given_up = run_kip("replay", "--since", now.isoformat(), "--dry-run", environment=environment)
    assert (given_up.returncode, "again: none" in given_up.stdout) == (0, True)
    assert "awaits its replay" in run_kip("replay", "--send-uncertain", environment=environment).stderr
