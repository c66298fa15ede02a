"""The intake service's SQL: the spool and the jobs of DHIS2 clients."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from shared.broker.message import Message, new_id
from shared.database.connections import Connection

PUT = "INSERT INTO intake.spool (message, routing_key, events, body) VALUES ($1, $2, $3, $4)"
WAITING = "SELECT coalesce(sum(events), 0)::bigint FROM intake.spool"
# Two replicas drain side by side: each takes rows that the other doesn't hold.
TAKE = """
    SELECT number, events, message::text, routing_key, body FROM intake.spool
    ORDER BY number LIMIT $1 FOR UPDATE SKIP LOCKED
"""
REMOVE = "DELETE FROM intake.spool WHERE number = ANY($1::bigint[])"

PUT_JOB = "INSERT INTO intake.job (id, sender, summary, created_at) VALUES ($1, $2, $3, $4)"
FORGET_JOBS = "DELETE FROM intake.job WHERE created_at < $1"
JOB = "SELECT summary FROM intake.job WHERE id = $1 AND sender = $2"


@dataclass(frozen=True, slots=True)
class Spooled:
    """One message that waits: its row and how many events it holds."""

    number: int
    events: int
    message: Message


async def put_message(connection: Connection, message: Message, events: int) -> None:
    """Keep one message. It is safe when this returns (commit with fsync)."""
    await connection.execute(PUT, message.id, message.key, events, message.body)


async def try_to_put(connection: Connection) -> None:
    """Put a message and take it back: raises what would refuse a real one, which reading doesn't show."""
    attempt = connection.transaction()
    await attempt.start()
    try:
        await put_message(connection, Message(new_id(), "kip.probe", b"[]"), 1)
    finally:
        await attempt.rollback()


async def waiting_events(connection: Connection) -> int:
    """Count the events that wait, of all replicas."""
    count: int = await connection.fetchval(WAITING)
    return count


async def take_messages(connection: Connection, limit: int) -> list[Spooled]:
    """Read the oldest messages, locked until the caller's transaction ends."""
    rows = await connection.fetch(TAKE, limit)
    return [Spooled(number, events, Message(*message)) for number, events, *message in rows]


async def remove_messages(connection: Connection, numbers: Sequence[int]) -> None:
    """Delete messages that the broker has confirmed."""
    await connection.execute(REMOVE, numbers)


async def put_job(
    connection: Connection, job: str, sender: str, summary: str, now: datetime, forget_before: datetime
) -> None:
    """Keep what became of a DHIS2 client's import, and forget old ones."""
    await connection.execute(FORGET_JOBS, forget_before)
    await connection.execute(PUT_JOB, job, sender, summary, now)


async def read_job(connection: Connection, job: str, sender: str) -> str | None:
    """Read the summary of a sender's import."""
    summary: str | None = await connection.fetchval(JOB, job, sender)
    return summary
