"""The SQL of a consuming service's account: which messages it has applied, how far its queues and its auditor are.

Each service has its own, in its own schema, written in the transaction that applies a message.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Literal

from shared.broker.message import Note
from shared.database.connections import Connection

Schema = Literal["aggregation", "notifications"]
# Ids in one order in every statement: two that overlap don't deadlock.
_NOTE = """
    INSERT INTO {schema}.applied_message (message, outcome)
    SELECT message, $2::text FROM unnest($1::uuid[]) AS noted (message) ORDER BY message
    ON CONFLICT DO NOTHING
"""
_GO_PAST = """
    INSERT INTO {schema}.passed_marker (queue, auditor, sent_at)
    SELECT * FROM unnest($1::text[], $2::uuid[], $3::timestamptz[])
    ON CONFLICT (queue) DO UPDATE SET auditor = excluded.auditor, sent_at = excluded.sent_at
    WHERE passed_marker.auditor <> excluded.auditor OR passed_marker.sent_at < excluded.sent_at
"""
_NOTED = "SELECT message::text FROM {schema}.applied_message WHERE message = ANY($1::uuid[])"
_PASSED = "SELECT queue, sent_at FROM {schema}.passed_marker WHERE auditor = $1"
# After a restore nobody audits until the replay has ended: all of the lost time would be missing.
_LEASE = """
    UPDATE {schema}.audit SET auditor = $1, held_until = clock_timestamp() + $2::interval
    WHERE (auditor = $1 OR held_until IS NULL OR held_until < clock_timestamp())
      AND NOT EXISTS (SELECT FROM registry.restore WHERE replayed_at IS NULL)
    RETURNING journal_offset, message::text
"""
_LET_GO = "UPDATE {schema}.audit SET held_until = NULL WHERE auditor = $1"
_STANDING = "SELECT looked_at, oldest_at FROM {schema}.audit"
_SAVE = """
    UPDATE {schema}.audit SET journal_offset = $2, message = $3,
           looked_at = coalesce($4, looked_at), oldest_at = coalesce($5, oldest_at)
    WHERE auditor = $1
"""
_POSITION = "SELECT journal_offset, message::text FROM {schema}.audit"
_MOVE = "UPDATE {schema}.audit SET journal_offset = $1, message = $2"
_FORGET = """
    DELETE FROM {schema}.applied_message WHERE message IN (
        SELECT message FROM {schema}.applied_message WHERE noted_at < clock_timestamp() - $1::interval LIMIT $2
    )
"""


class Fate(StrEnum):
    """What became of a message, as the account says it."""

    APPLIED = "applied"
    UNDECODABLE = "undecodable"  # it went to the dead letters
    REPUBLISHED = "republished"  # it was missing, and was published again under other ids
    LOST = "lost"  # it was missing, and the journal no longer had it
    GIVEN_UP = "given_up"  # it was missing each time that it was published again


@dataclass(frozen=True, slots=True)
class Position:
    """The last journal entry up to which all is accounted for: its offset and its id (None where it had none)."""

    offset: int
    message: str | None


@dataclass(frozen=True, slots=True)
class Standing:
    """Of when the auditor has read all that the journal had by then, and of when its oldest entry is. None: not yet."""

    looked_at: datetime | None
    oldest_at: datetime | None


class AccountStore:
    """One service's account."""

    def __init__(self, schema: Schema) -> None:
        self.schema = schema
        self._note, self._go_past = map(self._own, (_NOTE, _GO_PAST))
        self._noted, self._passed = map(self._own, (_NOTED, _PASSED))
        self._lease, self._let_go, self._save = map(self._own, (_LEASE, _LET_GO, _SAVE))
        self._standing, self._forget = map(self._own, (_STANDING, _FORGET))
        self._position, self._move = map(self._own, (_POSITION, _MOVE))

    def _own(self, statement: str) -> str:
        return statement.format(schema=self.schema)

    async def note(self, connection: Connection, notes: Sequence[Note], fate: Fate = Fate.APPLIED) -> None:
        """Note messages, and markers that were passed, in the caller's transaction."""
        messages = [note.message for note in notes if note.message]
        if messages:
            await connection.execute(self._note, messages, fate)
        latest = {note.queue: note.marker for note in notes if note.marker}
        if latest:
            rows = [(queue, marker.auditor, marker.sent_at) for queue, marker in sorted(latest.items())]
            await connection.execute(self._go_past, *zip(*rows, strict=True))

    async def noted(self, connection: Connection, messages: Collection[str]) -> set[str]:
        """Which of these messages the account has."""
        return {row["message"] for row in await connection.fetch(self._noted, list(messages))} if messages else set()

    async def passed(self, connection: Connection, auditor: str) -> dict[str, datetime]:
        """Of when the last of this auditor's markers is that each queue has passed."""
        return {row["queue"]: row["sent_at"] for row in await connection.fetch(self._passed, auditor)}

    async def lease(self, connection: Connection, auditor: str, seconds: float) -> Position | Literal["begin"] | None:
        """Be the only auditor for so many seconds: the position to go on from; None while another one is, or while a
        restore awaits its replay.
        """
        row = await connection.fetchrow(self._lease, auditor, timedelta(seconds=seconds))
        if row is None:
            return None
        return "begin" if row["journal_offset"] is None else Position(row["journal_offset"], row["message"])

    async def let_go(self, connection: Connection, auditor: str) -> None:
        """Let another auditor begin at once."""
        await connection.execute(self._let_go, auditor)

    async def save(self, connection: Connection, auditor: str, position: Position | None, standing: Standing) -> None:
        """Write down how far this auditor is, if it still is the one."""
        offset, message = (position.offset, position.message) if position else (None, None)
        await connection.execute(self._save, auditor, offset, message, standing.looked_at, standing.oldest_at)

    async def standing(self, connection: Connection) -> Standing:
        """Read how far whoever audits is."""
        row = await connection.fetchrow(self._standing)
        return Standing(row["looked_at"], row["oldest_at"]) if row else Standing(None, None)

    async def position(self, connection: Connection) -> Position | None:
        """Read up to which entry of the journal all is accounted for; None where nothing is known."""
        row = await connection.fetchrow(self._position)
        return Position(*row) if row is not None and row["journal_offset"] is not None else None

    async def move(self, connection: Connection, position: Position) -> None:
        """Say that up to this entry all is accounted for, as a replay has proven it while nobody audits."""
        await connection.execute(self._move, position.offset, position.message)

    async def forget(self, connection: Connection, days: float, limit: int) -> int:
        """Delete up to `limit` notes that are older than the journal is kept; return how many those were."""
        done: str = await connection.execute(self._forget, timedelta(days=days), limit)
        return int(done.rpartition(" ")[2])
