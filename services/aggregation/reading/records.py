"""What counts now for exactly one unit, record by record: its indicators of a period and the activities held in it."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from pydantic import TypeAdapter, ValidationError
from pydantic_core import to_json

from services.aggregation.ledger import LedgerEvent
from services.aggregation.reading import read_store
from services.aggregation.reading.explain import sees_numbers
from services.aggregation.reading.questions import MOST_ROWS, programme_asked
from services.aggregation.reading.read_store import Target
from services.aggregation.reading.small_numbers import WITHHELD
from shared.access.rights import Reach
from shared.database.connections import Connection
from shared.domain.canonical import EventData
from shared.domain.claims import record_key
from shared.domain.events import Kind
from shared.domain.periods import Period, PeriodError, PeriodKind, parse_period
from shared.domain.units import Unit
from shared.http.read_api import QueryError, beyond, none_of, only, read
from shared.http.read_words import ReadWords
from shared.programme.model import Programme
from shared.registry.snapshot import Registry
from shared.values.scalars import shown, whole_number

PARAMETERS = frozenset({"programme", "unit", "agency", "period", "limit", "after", "format"})
FORMER = 5  # versions that are shown of what a figure superseded
_PLACES = TypeAdapter(tuple[str, str])
_FIGURES = ("numerator", "denominator", "components")
_COUNTS = ("domain", "by", "participants", "female", "money")


class Question(NamedTuple):
    """What is asked, and where the page begins: after the record of this subject and key."""

    programme: Programme
    unit: Unit
    agency: str | None
    period: Period
    limit: int
    after: tuple[str, str]


def understand(query: Mapping[str, str], registry: Registry, reach: Reach) -> Question:
    """Read a question. Raises QueryError or ForbiddenError."""
    only(query, PARAMETERS)
    programme = programme_asked(query, registry)
    period = _period(query.get("period"))
    try:
        on = programme.calendar.end(period)
        programme.calendar.start(period)
    except (ValueError, OverflowError):
        raise QueryError("period", ReadWords.OUT_OF_CALENDAR.value.filled(got=shown(str(period)))) from None
    unit = registry.units.find(query.get("unit", ""), on)
    if unit is None:
        raise QueryError("unit", ReadWords.NO_UNIT.value.filled(got=shown(query.get("unit", "")), day=on))
    if not reach.sees_unit(registry.units, unit.uid):
        raise beyond(reach)
    agency = query.get("agency")
    if agency is not None and agency not in programme.agency:
        raise none_of("agency", sorted(programme.agency), agency)
    limit = read("limit", whole_number, query.get("limit", MOST_ROWS), 1, MOST_ROWS)
    return Question(programme, unit, agency, period, limit, _place_of(query.get("after", "")))


async def records(connection: Connection, registry: Registry, reach: Reach, question: Question) -> dict[str, object]:
    """Answer with the records that count, each by the event that it rests on, by subject; an indicator's with the
    versions that it superseded.
    """
    calendar, names = question.programme.calendar, _indicators(question.programme, registry)
    days = calendar.start(question.period).isoformat(), calendar.end(question.period).isoformat()
    found = await read_store.counting(
        connection, question.unit.uid, question.agency, _targets(question, names), days, question.after,
        question.limit + 1,
    )  # fmt: skip
    page = found[: question.limit]
    former = await _former(connection, registry, question)
    rows: list[dict[str, object]] = []
    for item in page:
        event = item.event
        if reach.sees_kind(event.body.kind) or event.body.sender == reach.sender:
            key = record_key(event.body, registry.families)
            rows.append(_row(event, names, registry, reach, former.get(key, ())))
    more = page[-1] if len(found) > len(page) else None
    return {"rows": rows, "next": to_json((more.subject, more.key)).decode() if more else None}


def _row(
    event: LedgerEvent,
    names: Mapping[tuple[str, str], str],
    registry: Registry,
    reach: Reach,
    former: Sequence[LedgerEvent],
) -> dict[str, object]:
    """Lay a record out; without its numbers where who asks doesn't see them."""
    data, numbers = event.body.data, sees_numbers(registry, reach, event)
    tail: dict[str, object] = {
        "programme": data["programme"], "sender": event.body.sender, "source": event.source, "id": event.id,
        "accepted_at": event.accepted_at.isoformat(), "officer": event.officer,
    }  # fmt: skip
    head: dict[str, object] = {"kind": event.body.kind, "uid": event.body.unit, "agency": data.get("agency")}
    if event.body.kind == Kind.ACTIVITY_RECORDED:
        held = {name: data.get(name) for name in ("activity", "record", "held_on", *_COUNTS)}
        return {**head, **held, **tail}
    said = data if numbers else EventData()
    older = [it for it in former if it.identity != event.identity][:FORMER]
    return {
        **head,
        "indicator": names[registry.families.root(data["programme"], data["indicator"])],
        "period": data["period"],
        "record": None,
        **{name: said.get(name) for name in _FIGURES},
        "breakdown": said.get("breakdown", []),
        **tail,
        "former": [_older(it, numbers=sees_numbers(registry, reach, it)) for it in older],
        **({} if numbers else {"suppressed": WITHHELD}),
    }


def _older(event: LedgerEvent, *, numbers: bool) -> dict[str, object]:
    said = event.body.data if numbers else EventData()
    return {
        "numerator": said.get("numerator"), "denominator": said.get("denominator"), "sender": event.body.sender,
        "id": event.id, "accepted_at": event.accepted_at.isoformat(),
    }  # fmt: skip


async def _former(
    connection: Connection, registry: Registry, question: Question
) -> Mapping[str, Sequence[LedgerEvent]]:
    """Read the last events about each figure, the newest first, by the record's key."""
    families, slug = registry.families, question.programme.slug
    members = {
        (member.programme.slug, member.indicator.slug)
        for indicator in question.programme.indicator
        for member in families.members(slug, indicator)
    }
    found: defaultdict[str, list[LedgerEvent]] = defaultdict(list)
    for event in await read_store.reported(
        connection, question.unit.uid, question.agency, str(question.period), sorted(members), FORMER + 1
    ):
        found[record_key(event.body, families)].append(event)
    return found


def _period(written: str | None) -> Period:
    try:
        return parse_period(written or "")
    except PeriodError as error:
        raise QueryError("period", error.words) from None


def _place_of(after: str) -> tuple[str, str]:
    try:
        subject, key = _PLACES.validate_json(after) if after else ("", "")
    except ValidationError:
        raise QueryError("after", ReadWords.NO_NEXT.value.filled(got=shown(after))) from None
    return subject, key


def _indicators(programme: Programme, registry: Registry) -> dict[tuple[str, str], str]:
    """Name the programme's indicators by the programme and slug under which their records stand."""
    return {registry.families.root(programme.slug, slug): slug for slug in programme.indicator}


def _targets(question: Question, names: Mapping[tuple[str, str], str]) -> list[Target]:
    """List where the records may stand: figures of exactly this period, activities of the months that touch it."""
    programme, calendar, period = question.programme, question.programme.calendar, question.period
    first = calendar.containing(calendar.start(period), PeriodKind.MONTH)
    last = calendar.containing(calendar.end(period), PeriodKind.MONTH)
    months = [str(first.shift(count)) for count in range(last.ordinal - first.ordinal + 1)]
    figures = [Target(root, f"indicator:{slug}", str(period)) for root, slug in names]
    return figures + [
        Target(programme.slug, f"activity:{slug}", month) for slug in programme.activity for month in months
    ]
