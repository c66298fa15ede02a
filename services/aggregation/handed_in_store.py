"""The SQL of figures that officers have handed in: which event did, and what is to be told of them."""

from collections.abc import Sequence

from asyncpg import Record
from pydantic_core import from_json

from services.aggregation.handed_in import FigureChange, LedgerFigure, Place
from shared.database.connections import Connection
from shared.domain.canonical import Identity

HANDED_IN = """
    SELECT asked.number, event.id, event.source, event.sender, asked.province, event.accepted_at
    FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[]) WITH ORDINALITY
         AS asked (province, unit, programme, indicator, agency, period, number)
    CROSS JOIN LATERAL (
        SELECT id, source, sender, accepted_at FROM aggregation.ledger
        WHERE ledger.province = asked.province AND ledger.unit = asked.unit AND officer IS NOT NULL
          AND kind = 'indicator.reported' AND data->>'programme' = asked.programme
          AND data->>'indicator' = asked.indicator AND data->>'agency' = asked.agency
          AND data->>'period' = asked.period
        ORDER BY accepted_at DESC, source, id LIMIT 1
    ) AS event
"""
NOTE = """
    INSERT INTO aggregation.figure_change
           (batch, province, key, handed_in_id, handed_in_source, handed_in_sender, id, source, sender)
    SELECT $9, * FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[],
                             $8::text[])
"""
# Two replicas take different rows; one that dies gives its rows back.
TAKE = "SELECT number FROM aggregation.figure_change ORDER BY number LIMIT $1 FOR UPDATE SKIP LOCKED"
CHANGES = """
    SELECT change.number, change.batch, change.province, change.key, before.unit,
           before.id AS before_id, before.source AS before_source, before.sender AS before_sender,
           before.kind AS before_kind, before.time AS before_time, before.accepted_at AS before_accepted_at,
           before.data AS before_data,
           counts.id AS counts_id, counts.source AS counts_source, counts.sender AS counts_sender,
           counts.kind AS counts_kind, counts.time AS counts_time, counts.accepted_at AS counts_accepted_at,
           counts.data AS counts_data
    FROM aggregation.figure_change AS change
    JOIN aggregation.ledger AS before
      ON (before.id, before.source, before.sender, before.province)
       = (change.handed_in_id, change.handed_in_source, change.handed_in_sender, change.province)
    JOIN aggregation.ledger AS counts
      ON (counts.id, counts.source, counts.sender, counts.province)
       = (change.id, change.source, change.sender, change.province)
    WHERE change.number = ANY ($1::bigint[]) ORDER BY change.number
"""
FORGET = "DELETE FROM aggregation.figure_change WHERE number = ANY ($1::bigint[])"


async def handed_in(connection: Connection, places: Sequence[Sequence[Place]]) -> list[Identity | None]:
    """Find for each figure the last event by which an officer has handed it in; None where none has."""
    asked = [(number, place) for number, some in enumerate(places) for place in some]
    last: dict[int, tuple[object, Identity]] = {}
    if asked:
        rows = await connection.fetch(HANDED_IN, *zip(*[place for _, place in asked], strict=True))
        for number, id_, source, sender, province, accepted_at in rows:
            figure, found = asked[number - 1][0], ((accepted_at, source, id_), (id_, source, sender, province))
            last[figure] = max(last.get(figure, found), found)
    return [last[number][1] if number in last else None for number in range(len(places))]


async def note(connection: Connection, batch: int, changes: Sequence[tuple[str, Identity, Identity]]) -> None:
    """Note changes in the transaction that makes them: record, what was handed in, and what counts."""
    if changes:
        rows = [(before[3], key, *before[:3], *counts[:3]) for key, before, counts in changes]
        await connection.execute(NOTE, *zip(*rows, strict=True), batch)


async def take(connection: Connection, limit: int) -> list[int]:
    """Take changes that are to be told, by number, locked until the caller's transaction ends."""
    return [row["number"] for row in await connection.fetch(TAKE, limit)]


async def changes(connection: Connection, numbers: Sequence[int]) -> list[FigureChange]:
    """Read these changes; without those of which the ledger has an event no more."""
    return [
        FigureChange(
            row["number"], row["batch"], row["province"], row["key"], row["unit"], _event(row, "before"),
            _event(row, "counts"),
        )
        for row in await connection.fetch(CHANGES, numbers)
    ]  # fmt: skip


async def forget(connection: Connection, numbers: Sequence[int]) -> None:
    """Forget what has been told."""
    await connection.execute(FORGET, numbers)


def _event(row: Record, of: str) -> LedgerFigure:
    columns = {name: row[f"{of}_{name}"] for name in LedgerFigure._fields}
    return LedgerFigure(**{**columns, "data": from_json(columns["data"])})
