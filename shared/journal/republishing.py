"""Publishes again what an auditor misses: read once more from the journal, at a bounded rate, under new ids."""

from collections.abc import Callable, Sequence

import structlog

from shared.broker.client import UnroutableError
from shared.broker.message import Message, Note
from shared.database.connections import Pool
from shared.journal.account_store import Fate
from shared.journal.audited import Audited, OwnWay
from shared.journal.reading import Entry, read_from
from shared.journal.waiting import Waiting
from shared.runtime.metrics import UNACCOUNTED

log = structlog.get_logger()
MESSAGES = 500  # at once, before the auditor looks at everything else again
BYTES = 8 * 1024 * 1024
SPAN = 2000  # entries read for them at most
REPEATS = 3  # what is missing each time has a cause that another repeat doesn't mend
NEXT_SECONDS = 10.0


async def republish(
    url: str, missing: Sequence[Waiting], audited: Audited, pool: Pool, way: OwnWay, make_id: Callable[[], str]
) -> list[str]:
    """Publish again the first of these, in the journal's order; return the ids of those that are settled by that.

    Each is noted when what it became is confirmed: a crash in between publishes it once more, which its events' ids
    make harmless. Raises what is away.
    """
    tired = [waiting for waiting in missing if waiting.repeats >= REPEATS]
    await _settle(tired, Fate.GIVEN_UP, audited, pool)
    again = [waiting for waiting in missing if waiting.repeats < REPEATS]
    if not again:
        return [waiting.message for waiting in tired]
    first = again[0].offset
    wanted = {it.offset: it for it in again[:MESSAGES] if it.offset < first + SPAN}
    done: list[Waiting] = []
    lost: list[Waiting] = []
    size = 0
    async with read_from(url, first) as journal:
        while wanted and size < BYTES:
            entry = await journal.next(NEXT_SECONDS)
            if entry is None:
                break
            lost += [wanted.pop(offset) for offset in sorted(wanted) if offset < entry.offset]
            if entry.offset in wanted:
                if entry.message != wanted[entry.offset].message:
                    raise ConnectionError("the journal isn't the one that was read: it is opened anew")
                await _publish(entry, audited, way, make_id)
                done.append(wanted.pop(entry.offset))
                size += len(entry.body)
    await _settle(done, Fate.REPUBLISHED, audited, pool)
    await _settle(lost, Fate.LOST, audited, pool)
    return [waiting.message for waiting in (*tired, *done, *lost)]


async def _publish(entry: Entry, audited: Audited, way: OwnWay, make_id: Callable[[], str]) -> None:
    for key, body in audited.again(entry):
        try:
            await way.publish(Message(make_id(), key, body, entry.repeats + 1))
        except UnroutableError as error:  # the journal is gone as well as the queue: wait for 'kip migrate'
            raise ConnectionError(str(error)) from error


async def _settle(settled: Sequence[Waiting], fate: Fate, audited: Audited, pool: Pool) -> None:
    if not settled:
        return
    notes = [Note(waiting.queue or "", waiting.message) for waiting in settled]
    async with pool.acquire() as connection, connection.transaction():
        await audited.account.note(connection, notes, fate)
    UNACCOUNTED.labels(fate).inc(len(settled))
    log.error(
        "audit.unaccounted", messages=len(settled), became=str(fate), queues=sorted({note.queue for note in notes})
    )
