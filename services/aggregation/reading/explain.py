"""Which events stand behind a figure, and what became of one event."""

from collections.abc import Mapping, Sequence
from typing import Any

import asyncpg
from pydantic import TypeAdapter, ValidationError
from pydantic_core import from_json, to_json

from services.aggregation.reading import read_store
from services.aggregation.reading.questions import Question
from services.aggregation.reading.read_store import EventName
from shared.access.rights import Reach
from shared.database.connections import Connection
from shared.domain.canonical import EventBody
from shared.domain.claims import record_key
from shared.domain.events import Kind
from shared.http.read_api import QueryError
from shared.http.read_words import ReadWords
from shared.registry.snapshot import Registry
from shared.values.scalars import shown

ELSEWHERE = 1000  # revisions that are shown of other units beside a page
_REVISIONS = 20_000  # that are looked through for what a page's withdrawals withdraw
_PLACE = ("unit", "id", "source", "sender")  # an id is its source's and sender's own
_PLACES = TypeAdapter(tuple[str, str, str, str])
_KINDS = {
    "activity": [Kind.ACTIVITY_RECORDED, Kind.RECORD_RETRACTED],
    "indicator": [Kind.INDICATOR_REPORTED, Kind.RECORD_RETRACTED],
}


async def events_behind(connection: Connection, registry: Registry, reach: Reach, question: Question) -> dict[str, Any]:
    """The events of the figure's unit and all below it, page by page, each with what it does to the figure; of all of
    them those that who asks sees.

    A withdrawal stands under the activity of the record that it withdraws. Other revisions of the page's activities are
    added that named another unit, with `more_elsewhere` where they are too many to show.

    `counted`: it is the record's winner; `superseded`: a stronger one is, of this record or of one that takes its
    place; `withdrawn`: somebody withdrew its record.
    """
    subject, programme = question.subject, question.programme
    what = subject.cells[0].partition(":")[0]
    if what not in _KINDS:
        what = "activity"
    units = [uid for uid in reach.units(registry.units) if question.within in registry.units.ladder(uid, question.on)]
    kinds = [kind for kind in _KINDS[what] if reach.sees_kind(kind)]
    slugs = [cell.partition(":")[2] for cell in subject.cells]
    periods = [str(period) for item in question.subjects for period in item.periods] if what == "indicator" else []
    start = programme.calendar.start(question.subjects[0].period)
    end = programme.calendar.end(question.subjects[-1].period)
    days = (start.isoformat(), end.isoformat())
    after = _place_of(question.after)
    rows = await read_store.behind(
        connection, programme.slug, units, kinds, what, slugs, periods, days, after, question.limit + 1
    )
    page = rows[: question.limit]
    told = await _told(connection, page)
    more = False
    if what == "activity":
        told = await _of_the_subject(connection, registry, programme.slug, told, units, slugs, days)
        elsewhere, more = await _elsewhere(connection, registry, reach, programme.slug, told, frozenset(units), kinds)
        told += elsewhere
    last = page[-1] if len(rows) > len(page) else None
    return {
        "rows": told,
        "next": to_json([last[name] for name in _PLACE]).decode() if last else None,
        **({"more_elsewhere": True} if more else {}),
    }


def _place_of(after: str) -> tuple[str, str, str, str]:
    """Where a page begins: after the event of this unit, id, source and sender. Raises QueryError."""
    try:
        unit, event_id, source, sender = _PLACES.validate_json(after) if after else ("",) * 4
    except ValidationError:
        raise QueryError("after", ReadWords.NO_NEXT.value.filled(got=shown(after))) from None
    return unit, event_id, source, sender


async def _of_the_subject(
    connection: Connection, registry: Registry, programme: str, told: Sequence[dict[str, Any]], units: Sequence[str],
    slugs: Sequence[str], days: tuple[str, str],
) -> list[dict[str, Any]]:  # fmt: skip
    """These events without the withdrawals of other activities' records: a withdrawal names a record, and only what was
    recorded says of what it is.
    """
    names = sorted({item["data"]["record"] for item in told if item["kind"] == Kind.RECORD_RETRACTED})
    if not names:
        return list(told)
    rows = await read_store.revisions(connection, programme, units, [Kind.ACTIVITY_RECORDED], names, _REVISIONS)
    own = {
        _record_of(registry, item)
        for item in await _told(connection, rows)
        if item["data"]["activity"] in slugs and days[0] <= item["data"]["held_on"] <= days[1]
    }
    return [item for item in told if item["kind"] != Kind.RECORD_RETRACTED or _record_of(registry, item) in own]


async def _elsewhere(
    connection: Connection, registry: Registry, reach: Reach, programme: str, told: Sequence[dict[str, Any]],
    units: frozenset[str], kinds: Sequence[Kind],
) -> tuple[list[dict[str, Any]], bool]:  # fmt: skip
    """The revisions of these records that stand in other units, and whether they are more than ELSEWHERE.

    A record never leaves its province.
    """
    provinces = {registry.units.province_of(item["uid"]) for item in told}
    others = [uid for uid in reach.units(registry.units) - units if registry.units.province_of(uid) in provinces]
    if not others:
        return [], False
    known = {_record_of(registry, item) for item in told}
    names = sorted({item["data"]["record"] for item in told})
    found = await read_store.revisions(connection, programme, others, kinds, names, ELSEWHERE + 1)
    shown = [item for item in await _told(connection, found[:ELSEWHERE]) if _record_of(registry, item) in known]
    return shown, len(found) > ELSEWHERE


def _record_of(registry: Registry, item: Mapping[str, Any]) -> tuple[str, str]:
    """A record's key is its own within its province only."""
    return item["record"], registry.units.province_of(item["uid"])


async def _told(connection: Connection, rows: Sequence[asyncpg.Record]) -> list[dict[str, Any]]:
    said = [
        EventBody(row["province"], row["sender"], row["kind"], row["unit"], row["time"], from_json(row["data"]))
        for row in rows
    ]
    keys = [record_key(item) for item in said]
    standing = await read_store.standing(connection, sorted(set(keys)))
    return [
        {
            "source": row["source"],
            "id": row["id"],
            "sender": row["sender"],
            "kind": row["kind"],
            "uid": row["unit"],
            "time": row["time"].isoformat(),
            "accepted_at": row["accepted_at"].isoformat(),
            "status": _status(row, standing.get((key, row["province"]))),
            "record": key,
            "data": item.data,
        }
        for row, item, key in zip(rows, said, keys, strict=True)
    ]


def _status(row: asyncpg.Record, record: asyncpg.Record | None) -> str:
    if record is None:
        return "superseded"
    wins = (record["id"], record["source"], record["sender"]) == (row["id"], row["source"], row["sender"])
    if row["kind"] == Kind.RECORD_RETRACTED:
        return "withdrawal" if wins else "superseded"
    if wins:
        return "counted"
    withdrawn = not record["alive"] and record["kind"] == Kind.RECORD_RETRACTED
    return "withdrawn" if withdrawn else "superseded"


async def event_status(
    connection: Connection, registry: Registry, reach: Reach, names: Sequence[EventName]
) -> list[dict[str, Any]]:
    """What became of the events of these names, of every sender whose event who asks sees.

    `applied`, `superseded`, `duplicate` (the event that counts says the same under another id), `conflict` (another
    body came first under this id), `dead`; nothing for one that hasn't arrived: it is still pending, if it was ever
    accepted. `superseded_by` names the event that counts instead, or that withdraws, where who asks sees that too.
    """

    def seen(row: asyncpg.Record) -> bool:
        return reach.sees_event(registry.units, row["unit"], row["programme"], row["kind"] or "", row["sender"])

    found: list[dict[str, Any]] = []
    ledger = [row for row in await read_store.events_of(connection, names) if seen(row)]
    for row, told in zip(ledger, await _told(connection, ledger), strict=True):
        if told["status"] not in {"superseded", "withdrawn"}:
            found.append({**told, "status": "applied"})
            continue
        counts = await _what_counts(connection, row, told["record"])
        status = "duplicate" if counts is not None and _says_the_same(counts, row) else "superseded"
        by = {"superseded_by": _name(counts)} if counts is not None and seen(counts) else {}
        found.append({**told, "status": status, **by})
    conflicts = [row for row in await read_store.conflicts_of(connection, names) if seen(row)]
    found += [{**_name(row), "sender": row["sender"], "status": "conflict"} for row in conflicts]
    dead = [row for row in await read_store.dead_of(connection, names) if row["state"] == "waiting" and seen(row)]
    found += [{**_name(row), "sender": row["sender"], "status": "dead", "reason": row["reason"]} for row in dead]
    return found


async def _what_counts(connection: Connection, row: asyncpg.Record, record: str) -> asyncpg.Record | None:
    """The event that the record of this one rests on; None where the record is lost, until the next rebuild."""
    standing = (await read_store.standing(connection, [record])).get((record, row["province"]))
    if standing is None:
        return None
    events = await read_store.events_of(connection, [(standing["source"], standing["id"])])
    whose = standing["sender"], row["province"]
    return next((event for event in events if (event["sender"], event["province"]) == whose), None)


def _says_the_same(counts: asyncpg.Record, row: asyncpg.Record) -> bool:
    about = (counts["kind"], counts["unit"]) == (row["kind"], row["unit"])
    return about and from_json(counts["data"]) == from_json(row["data"])


def _name(row: asyncpg.Record) -> dict[str, str]:
    return {"source": row["source"], "id": row["id"]}
