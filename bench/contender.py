"""A running program behind a door, and what a round with it gives."""

from dataclasses import dataclass, field
from time import monotonic, sleep
from typing import Any

import psycopg
from psycopg import sql

from bench.client import Outcome, Spec, send
from bench.usage import Meter, Usage

WRITTEN = ("ledger", "conflict", "record", "cell", "dead")  # the tables that a load fills, in either schema
CELLS = """
    SELECT unit, subject, period, by, programme, province,
           records, reported, numerator, denominator, people, female, amount
    FROM {}
"""
CELLS_OF = {"aggregation": "aggregation.part", "peer": "peer.cell"}
CONFLICTS = "SELECT count(*) FROM {}.conflict"
BATCH = "application/cloudevents-batch+json"
BATCH_SIZE = 500
CONNECTIONS = 8  # requests under way in a round, the same for every contender
WAIT_SECONDS = 300.0


class BenchError(Exception):
    """A run that can't be believed: something was lost, differs or never came."""


@dataclass(frozen=True, slots=True)
class Round:
    """From the first request to the last event counted."""

    events: int
    seconds: float
    posting: Outcome
    usage: Usage

    @property
    def per_second(self) -> float:
        """Events a second, from the door to cells committed at every level."""
        return self.events / self.seconds


@dataclass
class Contender:
    """One program. `schema` is where its tables are, `pids` what runs for it alone."""

    name: str
    url: str
    database: str
    schema: str
    headers: dict[str, str]
    pids: dict[str, int] = field(default_factory=dict)

    def query(self, text: str, *values: object) -> list[tuple[Any, ...]]:
        """The rows of one statement, in a transaction of its own; `{}` stands for the ledger."""
        with psycopg.connect(self.database, autocommit=True) as connection:
            statement = sql.SQL(text).format(sql.Identifier(self.schema, "ledger"))
            cursor = connection.execute(statement, values or None)
            return cursor.fetchall() if cursor.description else []

    def clear(self) -> None:
        """Forget every event, so that each round starts alike; the checkpoint lies outside what is measured."""
        present = {row[0] for row in self.query("SELECT tablename FROM pg_tables WHERE schemaname = %s", self.schema)}
        tables = ", ".join(f"{self.schema}.{name}" for name in WRITTEN if name in present)
        self.query(f"TRUNCATE {tables}")
        self.query("CHECKPOINT")

    def counted(self) -> int:
        """How many events the ledger holds."""
        return int(self.query("SELECT count(*) FROM {}")[0][0])

    def conflicts(self) -> int:
        """How many bodies came under an identity that another body has."""
        return int(self.query(CONFLICTS.format(self.schema))[0][0])

    def wait_counted(self, identities: int, seconds: float = WAIT_SECONDS) -> float:
        """Wait until the ledger holds that many; the moment (monotonic). Its transaction commits the cells too."""
        deadline = monotonic() + seconds
        while True:
            counted = self.counted()
            now = monotonic()
            if counted >= identities:
                return now
            if now > deadline:
                raise BenchError(f"{self.name}: {counted} of {identities} events counted after {seconds:.0f} s")
            sleep(0.03)

    def cells(self) -> dict[tuple[str, ...], tuple[int, ...]]:
        """Every cell that isn't zero: (unit, subject, period, by, programme, province) → counters."""
        rows = self.query(CELLS.format(CELLS_OF[self.schema]))
        return {row[:6]: row[6:] for row in rows if any(row[6:])}

    def spec(self, bodies: str, content_type: str, connections: int, **more: Any) -> Spec:
        """What a client needs to post `bodies` here."""
        headers = {**self.headers, "content-type": content_type}
        return Spec(self.url, headers, connections, bodies, **more)

    def round(self, bodies: str, events: int, identities: int, servers: dict[str, int]) -> Round:
        """Post batches from an empty ledger on, and wait until all is counted."""
        self.clear()
        with Meter({**self.pids, **servers}) as meter:
            posting = send(self.spec(bodies, BATCH, CONNECTIONS))
            ended = self.wait_counted(identities)
        return Round(events, ended - posting.began_at, posting, meter.usage)
