"""The SQL of what notifications keeps of an officer: to show it, to hand it out, and to let it end with the officer.

Messages, alerts, acknowledgements and decisions name an officer by number alone. When the officer's row is gone they
stay, and no name belongs to them any more.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from shared.database.connections import Connection
from shared.registry.officer_store import PERSON, delete_officer
from shared.registry.officers import Officer

MESSAGES = """
    SELECT message.id, message.officer, message.programme, message.unit, message.state, message.channel,
           message.made_at, message.sent_at, message.attempts, message.error,
           ARRAY(SELECT concat_ws(' ', alert.step, COALESCE(obligation.report, 'problem ' || problem.id),
                                  obligation.period, COALESCE(obligation.unit, problem.unit),
                                  COALESCE(obligation.agency, problem.agency))
                 FROM notifications.alert
                 LEFT JOIN notifications.obligation ON obligation.id = alert.obligation
                 LEFT JOIN notifications.problem ON problem.id = alert.problem
                 WHERE alert.message = message.id ORDER BY alert.id) AS about
    FROM notifications.message WHERE message.officer = ANY ($1::bigint[])
    ORDER BY message.made_at DESC, message.id LIMIT $2
"""
KEPT_BACK = """
    SELECT alert.officer, alert.step, alert.state, alert.made_at, alert.wake_at,
           COALESCE(obligation.programme, problem.programme) AS programme, obligation.report, obligation.period,
           COALESCE(obligation.unit, problem.unit) AS unit
    FROM notifications.alert
    LEFT JOIN notifications.obligation ON obligation.id = alert.obligation
    LEFT JOIN notifications.problem ON problem.id = alert.problem
    WHERE alert.officer = ANY ($1::bigint[]) AND alert.message IS NULL ORDER BY alert.id
"""
ACKNOWLEDGED = """
    SELECT acknowledgement.officer, acknowledgement.programme, obligation.report, obligation.period, obligation.unit,
           acknowledgement.at, acknowledgement.until
    FROM notifications.acknowledgement
    LEFT JOIN notifications.obligation ON obligation.id = acknowledgement.obligation
    WHERE acknowledgement.officer = ANY ($1::bigint[])
    UNION ALL
    SELECT officer, programme, NULL, NULL, NULL, at, until FROM notifications.mute WHERE officer = ANY ($1::bigint[])
    ORDER BY at DESC, programme, report, period, unit
"""
ACTED = """
    SELECT act.officer, act.act, act.programme, obligation.report, obligation.period, obligation.unit, act.at,
           act.until, act.key, act.device
    FROM notifications.act LEFT JOIN notifications.obligation ON obligation.id = act.obligation
    WHERE act.officer = ANY ($1::bigint[]) ORDER BY act.number
"""
# As `decisions.written` names who decided.
DECIDED = """
    SELECT decider.officer, obligation.programme, obligation.report, obligation.period, obligation.unit,
           obligation.agency, change.change, change.at, change.due_at, change.reason, change.key, change.device
    FROM unnest($1::bigint[]) AS decider (officer)
    JOIN notifications.change ON change.by LIKE 'officer ' || decider.officer || ' of %'
    JOIN notifications.obligation ON obligation.id = change.obligation
    ORDER BY change.at DESC, change.obligation
"""
UNREACHED = """
    SELECT officer.id AS officer, dead_address.address, dead_address.since, dead_address.status, dead_address.reason
    FROM registry.officer
    JOIN notifications.dead_address ON address = ANY (SELECT lower(channel) FROM unnest(officer.channels) AS channel)
    WHERE officer.id = ANY ($1::bigint[]) ORDER BY officer.id, address
"""
CAME_BACK = """
    SELECT message.officer, bounce.message, bounce.outcome, bounce.status, bounce.at
    FROM notifications.message JOIN notifications.bounce ON bounce.message = message.id
    WHERE message.officer = ANY ($1::bigint[]) ORDER BY bounce.at DESC, bounce.message
"""
AUDITED = """
    SELECT number, at, role, client, operation, officer, unit, agency
    FROM registry.officer_audit WHERE officer = ANY ($1::bigint[]) ORDER BY number
"""
AUDIT = "INSERT INTO registry.officer_audit (operation, officer, unit, agency) VALUES ($1, $2, $3, $4)"
# Whoever is still there under the same name, for another agency, goes on standing in.
NO_DEPUTY = f"""
    UPDATE registry.officer SET deputy = NULL
    WHERE unit = $1 AND {PERSON.format("deputy")} = {PERSON.format("$2::text")} AND NOT EXISTS (
        SELECT FROM registry.officer AS same
        WHERE same.unit = $1 AND {PERSON.format("same.name")} = {PERSON.format("$2::text")})
    RETURNING name
"""  # noqa: S608
# In the order in which a sweep wakes them, or two that overlap would deadlock.
NOT_WOKEN = """
    WITH muted AS (
        SELECT id FROM notifications.alert WHERE officer = $1 AND state = 'muted' ORDER BY id FOR UPDATE
    )
    UPDATE notifications.alert SET state = 'cancelled', wake_at = NULL FROM muted WHERE alert.id = muted.id
"""
# What a provider said of an address, and a row's fault in the database's words, may quote the person; a mark is made of
# an address.
NO_ERRORS = """
    UPDATE notifications.message SET error = NULL, sent_to = NULL
    WHERE officer = $1 AND (error IS NOT NULL OR sent_to IS NOT NULL) AND act_at IS NULL
"""
NO_ASIDES = """
    UPDATE notifications.aside
    SET reason = 'the officer was removed', state = CASE state WHEN 'waiting' THEN 'dropped' ELSE state END,
        settled_at = COALESCE(settled_at, now())
    WHERE kind = 'officer' AND subject = $1::bigint::text
       OR kind = 'alert' AND EXISTS (
            SELECT FROM notifications.alert WHERE alert.id::text = aside.subject AND alert.officer = $1)
"""
DEAD_OF_NOBODY = """
    DELETE FROM notifications.dead_address WHERE NOT EXISTS (
        SELECT FROM registry.officer, unnest(officer.channels) AS channel WHERE lower(channel) = address)
"""
# An address that somebody else still has stays dead: their mail would come back once more.
NO_DEAD_ADDRESS = """
    DELETE FROM notifications.dead_address
    WHERE address = ANY (SELECT lower(channel) FROM unnest($1::text[]) AS channel) AND NOT EXISTS (
        SELECT FROM registry.officer, unnest(officer.channels) AS channel WHERE lower(channel) = address)
"""
# The marks in them are made of addresses.
NO_BOUNCES = """
    DELETE FROM notifications.bounce
    WHERE message IN (SELECT id FROM notifications.message WHERE officer = $1)
"""
ON_THEIR_WAY = """
    SELECT id, state = 'sending' AND act_at > clock_timestamp() AS in_hand
    FROM notifications.message WHERE officer = $1 AND (act_at IS NOT NULL OR state = 'uncertain') ORDER BY id
"""
# One message a statement: a worker records many in one, in an order of its own.
CANCEL = """
    WITH message AS (
        UPDATE notifications.message SET state = 'cancelled', error = NULL, act_at = NULL
        WHERE id = $1 AND (act_at IS NOT NULL OR state = 'uncertain') RETURNING id
    )
    UPDATE notifications.alert SET state = 'cancelled'
    FROM message WHERE alert.message = message.id AND alert.state IN ('queued', 'uncertain')
"""
# What is still on its way, or waits for a person, keeps its words. Skipped where another replica is at it.
OLD_ERRORS = """
    UPDATE notifications.message SET error = NULL
    WHERE id IN (SELECT id FROM notifications.message
                 WHERE error IS NOT NULL AND act_at IS NULL AND made_at < $1 FOR UPDATE SKIP LOCKED)
"""
OLD_REASONS = """
    UPDATE notifications.aside SET reason = ''
    WHERE number IN (SELECT number FROM notifications.aside
                     WHERE reason <> '' AND state <> 'waiting' AND settled_at < $1 FOR UPDATE SKIP LOCKED)
"""
# Texts beside which no officer's number stands. An event's own text is its sender's to correct.
_HIDES = "{0} = regexp_replace({0} COLLATE pg_unicode_fast, $1, '•••', 'gi') WHERE {0} COLLATE pg_unicode_fast ~* $1"
HIDE = {
    "notifications.message": f"{_HIDES.format('error')} AND act_at IS NULL",
    "notifications.aside": _HIDES.format("reason"),
    "notifications.change": _HIDES.format("reason"),
    "notifications.dead_address": _HIDES.format("reason"),
}
QUOTED_ON_THE_WAY = """
    SELECT count(*) FROM notifications.message WHERE act_at IS NOT NULL AND error COLLATE pg_unicode_fast ~* $1
"""
_OF_AN_EVENT = "concat_ws(' ', event::text, reason) COLLATE pg_unicode_fast ~* $1"
REPORTED = {
    "notifications.problem": "text COLLATE pg_unicode_fast ~* $1",
    "notifications.dead_event": _OF_AN_EVENT,
    "aggregation.dead": _OF_AN_EVENT,
}


class KeptMessage(NamedTuple):
    """A message to an officer: `about` has a line for each alert that it carries."""

    id: UUID
    officer: int
    programme: str
    unit: str
    state: str
    channel: str | None
    made_at: datetime
    sent_at: datetime | None
    attempts: int
    error: str | None
    about: list[str]


class KeptBack(NamedTuple):
    """An alert that no message was made for: the officer had acknowledged (until `wake_at`), or wants no such step."""

    officer: int
    step: str
    state: str
    made_at: datetime
    wake_at: datetime | None
    programme: str
    report: str | None
    period: str | None
    unit: str


class Acknowledged(NamedTuple):
    """What an officer has acknowledged until when; without a report the whole programme is paused."""

    officer: int
    programme: str
    report: str | None
    period: str | None
    unit: str | None
    at: datetime
    until: datetime


class Decided(NamedTuple):
    """What an officer has decided about an obligation."""

    officer: int
    programme: str
    report: str
    period: str
    unit: str
    agency: str
    change: str
    at: datetime
    due_at: datetime
    reason: str | None
    key: str | None  # by whose key
    device: str | None


class Acted(NamedTuple):
    """What an officer asked for themselves: acknowledged, undone, or paused by their mail program."""

    officer: int
    act: str
    programme: str
    report: str | None
    period: str | None
    unit: str | None
    at: datetime
    until: datetime | None
    key: str | None
    device: str | None


class Unreached(NamedTuple):
    """An address of an officer's that takes no mail: since when, and what its server said."""

    officer: int
    address: str
    since: datetime
    status: str
    reason: str


class CameBack(NamedTuple):
    """A message that a server had taken and that came back."""

    officer: int
    message: UUID
    outcome: str
    status: str
    at: datetime


class Audited(NamedTuple):
    """What was done to an officer's row, or handed out about it: when, by which role and program."""

    number: int
    at: datetime
    role: str
    client: str
    operation: str
    officer: int
    unit: str
    agency: str


class Kept(NamedTuple):
    """All that is kept of some officers beside their rows."""

    messages: list[KeptMessage]
    kept_back: list[KeptBack]
    acknowledged: list[Acknowledged]
    acted: list[Acted]
    decided: list[Decided]
    unreached: list[Unreached]
    came_back: list[CameBack]
    audited: list[Audited]


class Removed(NamedTuple):
    """What ended with an officer: messages on their way, of which a worker had some in its hands, and whose deputy."""

    messages: int
    in_hand: int
    deputy_of: list[str]


async def kept_of(connection: Connection, officers: Sequence[int], messages: int | None = None) -> Kept:
    """Read all that is kept of these officers, of their messages the latest `messages`."""
    return Kept(
        [KeptMessage(*row) for row in await connection.fetch(MESSAGES, officers, messages)],
        [KeptBack(*row) for row in await connection.fetch(KEPT_BACK, officers)],
        [Acknowledged(*row) for row in await connection.fetch(ACKNOWLEDGED, officers)],
        [Acted(*row) for row in await connection.fetch(ACTED, officers)],
        [Decided(*row) for row in await connection.fetch(DECIDED, officers)],
        [Unreached(*row) for row in await connection.fetch(UNREACHED, officers)],
        [CameBack(*row) for row in await connection.fetch(CAME_BACK, officers)],
        [Audited(*row) for row in await connection.fetch(AUDITED, officers)],
    )


async def audit(connection: Connection, operation: str, officers: Sequence[Officer]) -> None:
    """Note what was done, without a name."""
    await connection.executemany(AUDIT, [(operation, o.id, o.unit, o.agency) for o in officers])


async def remove(connection: Connection, officer: Officer, operation: str = "removed") -> Removed:
    """Remove an officer: row, links, what is on its way, and what of the rest may name them. Safe to repeat.

    1. In one transaction the row goes. From its commit on no link opens, no worker takes a message for the officer
       (`message_store.take` looks for the row) and no sweep makes one.
    2. Each message on its way is cancelled: a worker that has it asks before it sends it (`message_store.held`).
    A crash between the two, or a sweep that had read the row, leaves messages that the next worker cancels.
    """
    async with connection.transaction():
        await delete_officer(connection, officer.id)
        await audit(connection, operation, [officer])
        deputy_of = [row["name"] for row in await connection.fetch(NO_DEPUTY, officer.unit, officer.name)]
        await connection.execute(NOT_WOKEN, officer.id)
        await connection.execute(NO_ERRORS, officer.id)
        await connection.execute(NO_ASIDES, officer.id)
        await connection.execute(NO_DEAD_ADDRESS, officer.channels)
        await connection.execute(NO_BOUNCES, officer.id)
    waiting = await connection.fetch(ON_THEIR_WAY, officer.id)
    for row in waiting:
        await connection.execute(CANCEL, row["id"])
    await connection.execute(NO_ERRORS, officer.id)  # of what ended meanwhile
    return Removed(len(waiting), sum(row["in_hand"] for row in waiting), deputy_of)


async def hide(connection: Connection, pattern: str, channels: Sequence[str]) -> dict[str, int]:
    """Put ••• for what matches (a regular expression of PostgreSQL) in the texts that may quote anybody.

    Of these channels, the dead ones that nobody has any more are forgotten. Returns how many rows of which table were
    changed; messages on their way keep their words (`quoted_on_the_way`).
    """
    await connection.execute(NO_DEAD_ADDRESS, list(channels))
    counts = {
        table: _rows(await connection.execute(f"UPDATE {table} SET {sql}", pattern))  # noqa: S608
        for table, sql in HIDE.items()
    }
    return {table: count for table, count in counts.items() if count}


async def quoted_on_the_way(connection: Connection, pattern: str) -> int:
    """Count the messages on their way, to anybody, whose last error matches."""
    count: int = await connection.fetchval(QUOTED_ON_THE_WAY, pattern)
    return count


async def reported(connection: Connection, pattern: str) -> dict[str, int]:
    """Count the texts of senders' events that match, by table."""
    counts = {
        table: await connection.fetchval(f"SELECT count(*) FROM {table} WHERE {sql}", pattern)  # noqa: S608
        for table, sql in REPORTED.items()
    }
    return {table: count for table, count in counts.items() if count}


async def forget_errors(connection: Connection, before: datetime) -> int:
    """Forget what providers said of messages made before then, and why rows settled before then were put aside.

    Returns how many rows had such words.
    """
    return sum([_rows(await connection.execute(sql, before)) for sql in (OLD_ERRORS, OLD_REASONS)])


async def forget_dead_of_nobody(connection: Connection) -> int:
    """Forget the dead addresses that no officer has any more; return how many."""
    return _rows(await connection.execute(DEAD_OF_NOBODY))


def _rows(status: str) -> int:
    """Read the number at the end of a command's status, like `UPDATE 3`."""
    return int(status.rpartition(" ")[2])
