"""Explains a figure by the events behind it, and says what became of one event."""

from collections.abc import Sequence
from typing import NamedTuple

from pydantic import TypeAdapter, ValidationError
from pydantic_core import to_json

from services.aggregation.ledger import LedgerEvent
from services.aggregation.reading import read_store
from services.aggregation.reading.questions import Question
from services.aggregation.reading.read_store import AsideEvent, EventName, StandingRecord
from services.aggregation.reading.small_numbers import WITHHELD
from shared.access.rights import Reach
from shared.database.connections import Connection
from shared.domain.claims import RecordKey, record_key
from shared.domain.events import Kind
from shared.http.read_api import QueryError
from shared.http.read_words import ReadWords
from shared.programme.families import Families
from shared.registry.snapshot import Registry
from shared.values.scalars import shown

ELSEWHERE = 1000  # revisions that are shown of other units beside a page
_REVISIONS = 20_000  # that are looked through for what a page's withdrawals withdraw
# What of a figure whose numbers are hidden is everybody's to know: what it is of, never what it says.
_PUBLIC = frozenset({"programme", "indicator", "agency", "period", "revision"})
_PLACES = TypeAdapter(tuple[str, str, str, str])
_KINDS = {
    "activity": [Kind.ACTIVITY_RECORDED, Kind.RECORD_RETRACTED],
    "indicator": [Kind.INDICATOR_REPORTED, Kind.RECORD_RETRACTED],
}


class Explained(NamedTuple):
    """An event with the key of its record, and what it does to that.

    `counted`: it is the record's winner; `superseded`: a stronger one is, of this record or of one that takes its
    place; `withdrawal`: it withdraws the record; `withdrawn`: somebody withdrew its record.
    """

    event: LedgerEvent
    key: RecordKey
    status: str

    def to_json(self, *, numbers: bool) -> dict[str, object]:
        """Lay it out as the answer has it; without its numbers where who asks doesn't see them."""
        body = self.event.body
        said = body.data if numbers else {name: it for name, it in body.data.items() if name in _PUBLIC}
        return {
            "source": self.event.source,
            "id": self.event.id,
            "sender": body.sender,
            "officer": self.event.officer,
            "device": self.event.device,
            "kind": body.kind,
            "programme": body.data.get("programme"),
            "uid": body.unit,
            "time": body.time.isoformat(),
            "accepted_at": self.event.accepted_at.isoformat(),
            "status": self.status,
            "record": self.key[0],
            "data": said,
            **({} if numbers else {"suppressed": WITHHELD}),
        }


class _Asked(NamedTuple):
    """Which events of the ledger are asked for: `what` names the field that holds one of `slugs`, each of them in the
    programme that has its place in `programmes`.
    """

    programmes: Sequence[str]
    what: str
    units: Sequence[str]
    kinds: Sequence[Kind]
    slugs: Sequence[str]
    periods: Sequence[str]
    days: tuple[str, str]


async def events_behind(
    connection: Connection, registry: Registry, reach: Reach, question: Question
) -> dict[str, object]:
    """Answer with the events of the figure's unit and all below it, page by page, each with what it does to the figure;
    of all of them those that who asks sees.

    A withdrawal stands under the activity of the record that it withdraws. Other revisions of the page's activities are
    added that named another unit, with `more_elsewhere` where they are too many to show.
    """
    asked = _asked(registry, reach, question)
    after, limit = _place_of(question.after), question.limit + 1
    events = await read_store.behind(
        connection, asked.programmes, asked.units, asked.kinds, asked.what, asked.slugs, asked.periods, asked.days,
        after, limit,
    )  # fmt: skip
    page = events[: question.limit]
    explained = await _explained(connection, page, registry.families)
    more = False
    if asked.what == "activity":
        explained = await _of_the_subject(connection, registry.families, asked, explained)
        elsewhere, more = await _elsewhere(connection, registry, reach, asked, explained)
        explained += elsewhere
    following = _place(page[-1]) if len(events) > len(page) else None
    rows = [item.to_json(numbers=sees_numbers(registry, reach, item.event)) for item in explained]
    return {"rows": rows, "next": following, **({"more_elsewhere": True} if more else {})}


def sees_numbers(registry: Registry, reach: Reach, event: LedgerEvent) -> bool:
    """Whether who asks sees the numbers of an event that they see: what was reported of a sensitive indicator, once or
    now, is an office's to know, and its sender's.
    """
    body = event.body
    if body.kind != Kind.INDICATOR_REPORTED or reach.small_numbers or body.sender == reach.sender:
        return True
    members = registry.families.members(body.data["programme"], body.data["indicator"])
    return bool(members) and not any(it.indicator.sensitive for it in members)  # of one that is no more nobody can tell


def _asked(registry: Registry, reach: Reach, question: Question) -> _Asked:
    subject, programme, within = question.subject, question.programme, question.within
    what = subject.cells[0].partition(":")[0]
    if what not in _KINDS:
        what = "activity"
    start = programme.calendar.start(question.subjects[0].period)
    end = programme.calendar.end(question.subjects[-1].period)
    names = [(programme.slug, cell.partition(":")[2]) for cell in subject.cells]
    if what == "indicator":
        family = registry.families.members(programme.slug, subject.slug)
        names = [(member.programme.slug, member.indicator.slug) for member in family]
    inside = [item for item in question.subjects if not item.outside]
    return _Asked(
        programmes=[slug for slug, _ in names],
        what=what,
        units=[uid for uid in reach.units(registry.units) if within in registry.units.ladder(uid, question.on)],
        kinds=[kind for kind in _KINDS[what] if reach.sees_kind(kind)],
        slugs=[slug for _, slug in names],
        periods=[str(it) for item in inside for it in item.periods] if what == "indicator" else [],
        days=(start.isoformat(), end.isoformat()),
    )


def _place_of(after: str) -> tuple[str, str, str, str]:
    """Read where a page begins: after the event of this unit, id, source and sender. Raises QueryError."""
    try:
        unit, event_id, source, sender = _PLACES.validate_json(after) if after else ("",) * 4
    except ValidationError:
        raise QueryError("after", ReadWords.NO_NEXT.value.filled(got=shown(after))) from None
    return unit, event_id, source, sender


def _place(event: LedgerEvent) -> str:
    """Write where the page after this event begins: an id is its source's and sender's own."""
    return to_json((event.body.unit, event.id, event.source, event.body.sender)).decode()


async def _of_the_subject(
    connection: Connection, families: Families, asked: _Asked, explained: Sequence[Explained]
) -> list[Explained]:
    """Leave out the withdrawals of other activities' records: a withdrawal names a record, and only what was recorded
    says of what it is.
    """
    names = sorted({_name_of(item.event) for item in explained if item.event.body.kind == Kind.RECORD_RETRACTED})
    if not names:
        return list(explained)
    recorded = await read_store.revisions(
        connection, asked.programmes[0], asked.units, [Kind.ACTIVITY_RECORDED], names, _REVISIONS
    )
    first, last = asked.days
    own = {
        _key_of(event, families)
        for event in recorded
        if event.body.data["activity"] in asked.slugs and first <= event.body.data["held_on"] <= last
    }
    return [item for item in explained if item.event.body.kind != Kind.RECORD_RETRACTED or item.key in own]


async def _elsewhere(
    connection: Connection, registry: Registry, reach: Reach, asked: _Asked, explained: Sequence[Explained]
) -> tuple[list[Explained], bool]:
    """Find the revisions of these records that stand in other units, and whether they are more than ELSEWHERE.

    A record never leaves its province.
    """
    provinces = {item.event.body.province for item in explained}
    seen = reach.units(registry.units) - frozenset(asked.units)
    others = [uid for uid in seen if registry.units.province_of(uid) in provinces]
    if not others:
        return [], False
    known = {item.key for item in explained}
    names = sorted({_name_of(item.event) for item in explained})
    found = await read_store.revisions(connection, asked.programmes[0], others, asked.kinds, names, ELSEWHERE + 1)
    explained = await _explained(connection, found[:ELSEWHERE], registry.families)
    also = [item for item in explained if item.key in known]
    return also, len(found) > ELSEWHERE


def _name_of(event: LedgerEvent) -> str:
    """Read what its sender calls the activity."""
    return event.body.data["record"]


def _key_of(event: LedgerEvent, families: Families) -> RecordKey:
    """Name the event's record: its key is its own within its province only."""
    return record_key(event.body, families), event.body.province


async def _explained(connection: Connection, events: Sequence[LedgerEvent], families: Families) -> list[Explained]:
    """Look up which event each one's record rests on, and so what became of it."""
    keys = [_key_of(event, families) for event in events]
    standing = await read_store.standing(connection, sorted({key for key, _ in keys}))
    return [Explained(event, key, _status(event, standing.get(key))) for event, key in zip(events, keys, strict=True)]


def _status(event: LedgerEvent, record: StandingRecord | None) -> str:
    if record is None:
        return "superseded"
    wins = (record.id, record.source, record.sender) == (event.id, event.source, event.body.sender)
    if event.body.kind == Kind.RECORD_RETRACTED:
        return "withdrawal" if wins else "superseded"
    if wins:
        return "counted"
    return "withdrawn" if not record.alive and record.kind == Kind.RECORD_RETRACTED else "superseded"


async def event_status(
    connection: Connection, registry: Registry, reach: Reach, names: Sequence[EventName]
) -> list[dict[str, object]]:
    """Answer what became of the events of these names, of every sender whose event who asks sees.

    `applied`, `superseded`, `duplicate` (the event that counts says the same under another id), `conflict` (another
    body came first under this id), `dead`; nothing for one that hasn't arrived: it is still pending, if it was ever
    accepted. `superseded_by` names the event that counts instead, or that withdraws, where who asks sees that too.
    """

    def sees(event: LedgerEvent) -> bool:
        body = event.body
        programmes = registry.families.programmes(body.data["programme"], body.data.get("indicator"))
        return reach.sees_event(registry.units, body.unit, programmes, body.kind, body.sender)

    def sees_aside(event: AsideEvent) -> bool:
        programmes = registry.families.programmes(event.programme or "", event.indicator)
        return reach.sees_event(registry.units, event.unit, programmes, event.kind or "", event.sender)

    found: list[dict[str, object]] = []
    ledger = [event for event in await read_store.events_of(connection, names) if sees(event)]
    for item in await _explained(connection, ledger, registry.families):
        told = item.to_json(numbers=sees_numbers(registry, reach, item.event))
        if item.status not in {"superseded", "withdrawn"}:
            found.append({**told, "status": "applied"})
            continue
        counts = await _what_counts(connection, item.key)
        status = "duplicate" if counts is not None and _says_the_same(counts, item.event) else "superseded"
        by = {"superseded_by": _name(counts)} if counts is not None and sees(counts) else {}
        found.append({**told, "status": status, **by})
    conflicts = [event for event in await read_store.conflicts_of(connection, names) if sees_aside(event)]
    found += [{**_name(event), "sender": event.sender, "status": "conflict"} for event in conflicts]
    dead = [event for event in await read_store.dead_of(connection, names) if sees_aside(event)]
    found += [{**_name(event), "sender": event.sender, "status": "dead", "reason": event.reason} for event in dead]
    return found


async def _what_counts(connection: Connection, key: RecordKey) -> LedgerEvent | None:
    """Read the event that the record rests on; None where the record is lost, until the next rebuild."""
    standing = (await read_store.standing(connection, [key[0]])).get(key)
    if standing is None:
        return None
    events = await read_store.events_of(connection, [(standing.source, standing.id)])
    whose = standing.sender, key[1]
    return next((event for event in events if (event.body.sender, event.body.province) == whose), None)


def _says_the_same(counts: LedgerEvent, event: LedgerEvent) -> bool:
    one, other = counts.body, event.body
    return (one.kind, one.unit, one.data) == (other.kind, other.unit, other.data)


def _name(event: LedgerEvent | AsideEvent) -> dict[str, str]:
    return {"source": event.source, "id": event.id}
