"""Results of asynchronous imports: in memory, and in the database for the other replicas."""

import json
from collections import OrderedDict
from datetime import datetime, timedelta
from typing import Any

import structlog

from services.intake.outbox import outbox_store
from services.intake.outbox.spool import Spool, SpoolAwayError
from services.intake.refusals.request_words import AwayWords
from shared.database.connections import DATABASE_AWAY

# In memory, as JSON: what was imported while the database is away is known to this replica only.
KEPT_BYTES = 16 * 1024 * 1024
KEEP = timedelta(days=7)
SECONDS = 2.0
_AWAY: tuple[type[Exception], ...] = (*DATABASE_AWAY, SpoolAwayError)
log = structlog.get_logger()


class Jobs:
    """Keeps the summaries of each import, by language, under its id."""

    def __init__(self, spool: Spool) -> None:
        self._spool = spool
        self._recent: OrderedDict[tuple[str, str], str] = OrderedDict()
        self._bytes = 0

    async def put(self, job: str, sender: str, summaries: dict[str, Any], now: datetime) -> None:
        """Keep an import's summaries."""
        written = json.dumps(summaries)
        self._recent[job, sender] = written
        self._bytes += len(written)
        while self._bytes > KEPT_BYTES:
            self._bytes -= len(self._recent.popitem(last=False)[1])
        try:
            async with self._spool.connection(SECONDS) as connection:
                await outbox_store.put_job(connection, job, sender, written, now, now - KEEP)
        except _AWAY as error:
            log.warning("intake.job_in_memory_only", reason=type(error).__name__)

    async def get(self, job: str, sender: str) -> dict[str, Any] | None:
        """Find a sender's summaries. Raises SpoolAwayError when it is not here and the database can't be asked."""
        text = self._recent.get((job, sender))
        if text is not None:
            return dict(json.loads(text))
        try:
            async with self._spool.connection(SECONDS) as connection:
                text = await outbox_store.read_job(connection, job, sender)
        except DATABASE_AWAY as error:
            raise SpoolAwayError(AwayWords.NO_DATABASE.value, error) from error
        return None if text is None else json.loads(text)
