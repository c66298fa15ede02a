"""The SQL of messages that may have been sent before a restore of the database: listing them, and sending them."""

from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from shared.database.connections import Connection

COUNT = "SELECT count(*) FROM notifications.message WHERE state = 'uncertain'"
LIST = """
    SELECT message.id, message.programme, COALESCE(obligation.unit, problem.unit, message.unit) AS unit,
           COALESCE(obligation.report, ''), COALESCE(obligation.period, ''), COALESCE(alert.step, 'summary'),
           message.officer, officer.generation, message.made_at
    FROM notifications.message
    LEFT JOIN notifications.alert ON alert.message = message.id AND alert.state = 'uncertain'
    LEFT JOIN notifications.obligation ON obligation.id = alert.obligation
    LEFT JOIN notifications.problem ON problem.id = alert.problem
    LEFT JOIN registry.officer ON officer.id = message.officer
    WHERE message.state = 'uncertain'
    ORDER BY message.made_at, message.id, alert.id
"""
# Under its own id: a mail program that has it already may know it. What is no longer true by now isn't sent.
SEND = """
    WITH message AS (
        UPDATE notifications.message
        SET state = 'pending', act_at = clock_timestamp(), created_at = clock_timestamp()
        WHERE state = 'uncertain' RETURNING id
    ), alert AS (
        UPDATE notifications.alert SET state = 'queued'
        FROM message WHERE alert.message = message.id AND alert.state = 'uncertain'
    )
    SELECT count(*) FROM message
"""


class Uncertain(NamedTuple):
    """One thing that an uncertain message says: about which unit and report, by which step, to whom, and since when."""

    message: UUID
    programme: str
    unit: str
    report: str
    period: str
    step: str
    officer: int
    generation: int | None  # None: of an officer who is registered no more
    made_at: datetime

    @property
    def officer_ref(self) -> str:
        """The officer as other services and links name them: `12.0`."""
        return f"{self.officer}.{self.generation or 0}"


async def count(connection: Connection) -> int:
    """Count the uncertain messages."""
    number: int = await connection.fetchval(COUNT)
    return number


async def uncertain(connection: Connection) -> list[Uncertain]:
    """Read what all of them say, the oldest first."""
    return [Uncertain(*row) for row in await connection.fetch(LIST)]


async def send(connection: Connection) -> int:
    """Put all of them on their way; return how many."""
    number: int = await connection.fetchval(SEND)
    return number
