"""Serves the read API: figures with their coverage, at one instant, of what the key sees."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import date, datetime
from typing import cast
from urllib.parse import unquote
from zoneinfo import ZoneInfo

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from services.aggregation.reading import explain, read_store, records
from services.aggregation.reading.cells import TreeCells
from services.aggregation.reading.coverage import Expectations
from services.aggregation.reading.figures import identity, timeliness
from services.aggregation.reading.outsiders import Outsiders
from services.aggregation.reading.questions import (
    EXPLAIN_PARAMETERS,
    MISSING_PARAMETERS,
    MOST_SORTED,
    ROLLUP_PARAMETERS,
    TIMELINESS_PARAMETERS,
    Question,
    check_by,
    level_asked,
    periods_asked,
    place_asked,
    programme_asked,
    sort_asked,
    understand,
    understand_several,
)
from services.aggregation.reading.read_store import EventName
from services.aggregation.reading.rows import Reading
from services.aggregation.reading.snapshot import Snapshot
from services.aggregation.reading.tables import answer, format_asked
from shared.access.rights import Reach
from shared.database.connections import Connection, Pool
from shared.domain.periods import words_of
from shared.domain.units import Unit
from shared.http.read_api import (
    ASKED_BY,
    ForbiddenError,
    QueryError,
    UnavailableError,
    asking_reach,
    guarded,
    none_of,
    only,
    parameters,
    read,
)
from shared.http.read_words import ReadWords
from shared.http.unchanged import state_headers, unchanged
from shared.programme.model import Programme
from shared.registry.snapshot import Registry
from shared.values.scalars import day, shown, text, whole_number
from shared.wording.level_words import level_words

LONGEST_NAME = 200  # of a source and of an id
LONGEST_PATH = 2 * LONGEST_NAME + 1  # of both and the slash between them
MOST_UNITS = 10**9  # rows of a sorted answer, of all its pages


@dataclass(frozen=True, slots=True)
class Reader:
    """What the endpoints need."""

    registry: Callable[[], Registry]
    pool: Callable[[], Pool]
    now: Callable[[], datetime]
    expectations: Expectations


@dataclass(frozen=True, slots=True)
class Asked:
    """One request: its parameters in path and query, the path as it was sent, the registry as who asks knows it, how
    far they see, and the instant at which it is answered. `names` are those of `read_store.state`.
    """

    path: Mapping[str, str]
    raw_path: str
    query: Mapping[str, str]
    registry: Registry
    reach: Reach
    now: datetime
    connection: Connection
    expectations: Expectations
    names: tuple[str | None, ...]

    def question(self, *, several: bool = False) -> Question:
        """Understand what is asked about an indicator, measure or activity, or about `several`. Raises as `understand`
        does, and UnavailableError.
        """
        understood = understand_several if several else understand
        question = understood(self.query, self.registry, self.reach, self.now)
        if any(subject.indicator is not None for subject in question.subjects):
            self.require_names()
        return question

    def require_names(self) -> None:
        """Raise UnavailableError while records of figures stand under other names than the registry's."""
        if any(names != self.registry.families.mark for names in self.names):
            raise UnavailableError(ReadWords.REBUILDING.value)

    def reading(self, programme: Programme, on: date) -> Reading:
        """Prepare to read figures on the tree of that day."""
        cells = TreeCells(Snapshot(self.connection), self.registry, self.expectations, programme, on)
        outsiders = Outsiders(self.connection, self.registry, self.expectations, programme, on)
        return Reading(self.registry, self.expectations, self.reach, programme, on, self.now, cells, outsiders)


Answer = Callable[[Asked], Awaitable[dict[str, object]]]


def routes(reader: Reader) -> list[Route]:
    """List the endpoints of the read API."""

    def figures(respond: Answer) -> Callable[[Request], Awaitable[Response]]:
        return guarded(lambda request: _respond(reader, request, respond))

    return [
        Route("/v1/rollups", figures(_rollups)),
        Route("/v1/rollups/missing", figures(_missing)),
        Route("/v1/rollups/explain", figures(_explain)),
        Route("/v1/timeliness", figures(_timeliness)),
        Route("/v1/records", figures(_records)),
        Route("/v1/events/{source:path}/{id:path}", figures(_event)),
        Route("/v1/units/{code}", figures(_unit)),
    ]


async def _respond(reader: Reader, request: Request, respond: Answer) -> Response:
    registry, now = reader.registry(), reader.now()
    # A sender may ask what became of its own events without a key that reads figures.
    senders_too = request.scope["path"].startswith("/v1/events/")
    reach = await asking_reach(reader.pool, registry, request, now, senders_too=senders_too)
    query = parameters(request)
    path = {name: read(name, text, value, LONGEST_PATH) for name, value in request.path_params.items()}
    sent = request.scope["raw_path"].decode("ascii")
    form = format_asked(query, request.headers.get("accept", ""))
    async with _snapshot(reader) as connection:
        state = await read_store.state(connection)
        headers = state_headers(_mark(state, request, registry, reach, form, now), ASKED_BY)
        same = unchanged(request, headers)
        if same is not None:
            return same
        known = registry.limited_to(reach.programmes)
        body = await respond(Asked(path, sent, query, known, reach, now, connection, reader.expectations, state[1]))
    if form == "json":
        return answer(body, form, headers)
    return await asyncio.to_thread(answer, body, form, headers)  # a workbook takes its time


def _days(registry: Registry, now: datetime) -> list[date]:
    """List what day it is in the programmes' time zones, the latest last; in UTC where none is loaded."""
    zones = {programme.timezone for programme in registry.programmes.values()} or {"UTC"}
    return sorted({now.astimezone(ZoneInfo(zone)).date() for zone in zones})


@asynccontextmanager
async def _snapshot(reader: Reader) -> AsyncIterator[Connection]:
    """Open one instant for a figure and its coverage: a rate must never be read beside another instant's count."""
    async with (
        reader.pool().acquire() as connection,
        connection.transaction(isolation="repeatable_read", readonly=True),
    ):
        yield connection


def _mark(state: object, request: Request, registry: Registry, reach: Reach, form: str, now: datetime) -> bytes:
    """Mark the state of an answer: another batch, register, programme, day or reader gives another."""
    known = (id(registry.units), id(registry.programmes))
    asked = (request.scope["path"], request.scope["query_string"], form)
    return repr((*asked, state, *known, reach.mark, *_days(registry, now))).encode()


async def _rollups(asked: Asked) -> dict[str, object]:
    only(asked.query, ROLLUP_PARAMETERS)
    question = asked.question(several=True)
    by = check_by(question, asked.query.get("by"))
    reading = asked.reading(question.programme, question.on)
    trees = {frozenset(reading.days(subject)) for subject in question.subjects}
    units = _units(asked, reading, question.within, trees)
    column, downwards = sort_asked(asked.query)
    if column != "uid" or downwards:
        if len(units) * len(question.subjects) > MOST_SORTED:
            raise QueryError("sort", ReadWords.MOST_SORTED.value.filled(most=MOST_SORTED))
        rows = await _all_rows(reading, question, units, by)
        return {**_sorted_page(rows, column, downwards, question), **_left_out(question)}
    left = [unit for unit in units if unit.uid > question.after]
    page = left[: max(1, question.limit // len(question.subjects))]
    rows = await _all_rows(reading, question, page, by)
    rows.sort(key=_uid)
    return {"rows": rows, "next": page[-1].uid if len(left) > len(page) else None, **_left_out(question)}


def _left_out(question: Question) -> dict[str, object]:
    return {"left_out": [item.row() for item in question.left_out]} if question.left_out else {}


async def _all_rows(reading: Reading, question: Question, units: list[Unit], by: str | None) -> list[dict[str, object]]:
    if by is None:
        await reading.cells.gather(question.subjects, [unit.uid for unit in units])
    rows: list[dict[str, object]] = []
    for subject in question.subjects:
        rows += await reading.rows(subject, units, by)
        await asyncio.sleep(0)  # what was gathered is answered without a wait: others have their turn in between
    return rows


def _uid(row: Mapping[str, object]) -> str:
    return str(row["uid"])


def _sorted_page(rows: list[dict[str, object]], column: str, downwards: bool, question: Question) -> dict[str, object]:
    """Sort the rows, those without a value last either way, and cut a page out. The next begins after those shown."""
    present = [row for row in rows if row[column] is not None]
    present.sort(key=lambda row: (cast("str | float", row[column]), _uid(row)), reverse=downwards)
    ordered = present + [row for row in rows if row[column] is None]
    start = read("after", whole_number, question.after or 0, most=MOST_UNITS)
    end = start + question.limit
    return {"rows": ordered[start:end], "next": str(end) if end < len(ordered) else None}


def _units(asked: Asked, reading: Reading, within: Unit, rows: Collection[Collection[date]]) -> list[Unit]:
    """List the units of the wanted level below one, in force on the day, of whose rows, each made of the trees of
    these days, who asks sees one; by uid.

    Raises ForbiddenError where there are such units, and none of their rows is to be seen.
    """
    level = level_asked(asked.query, asked.registry, within)
    below = asked.registry.units.descendants(within.uid)
    units = sorted((it for it in below if it.level == level and it.in_force(reading.on)), key=lambda unit: unit.uid)
    seen = [unit for unit in units if any(reading.sees(unit, days) for days in rows)]
    if units and not seen:
        raise ForbiddenError(ReadWords.PART_OF_UNIT.value.filled(level=level_words(level), unit=within.uid))
    return seen


async def _missing(asked: Asked) -> dict[str, object]:
    """Answer who is expected and hasn't reported, by name; with `waived` where the obligation is."""
    only(asked.query, MISSING_PARAMETERS)
    question = asked.question()
    subject = question.subject
    reading = asked.reading(question.programme, question.on)
    spoken, waived = await reading.cells.spoken(subject), await reading.cells.waived(subject)
    ladder = asked.registry.units.ladder
    expected = asked.expectations.reporters(question.programme, subject.coverage, subject.coverage_period)
    rows = [
        {
            "uid": unit.uid, "code": unit.code, "name": unit.name, "level": unit.level, "agency": agency,
            "programme": question.programme.slug, "waived": (unit.uid, agency) in waived,
        }
        for unit, agency, _ in expected
        if (unit.uid, agency) not in spoken
        and asked.reach.sees_unit(asked.registry.units, unit.uid)
        and question.within in ladder(unit.uid, question.on)
    ]  # fmt: skip
    rows.sort(key=lambda row: (row["uid"], row["agency"]))
    left = [row for row in rows if f"{row['uid']} {row['agency']}" > question.after]
    page = left[: question.limit]
    last = page[-1] if len(left) > len(page) else None
    return {"rows": page, "next": f"{last['uid']} {last['agency']}" if last else None}


async def _explain(asked: Asked) -> dict[str, object]:
    only(asked.query, EXPLAIN_PARAMETERS)
    question = asked.question()
    reading = asked.reading(question.programme, question.on)
    rows = await _all_rows(reading, question, [question.within], None)
    events = await explain.events_behind(asked.connection, asked.registry, asked.reach, question)
    return {"figure": rows, **events}


async def _timeliness(asked: Asked) -> dict[str, object]:
    only(asked.query, TIMELINESS_PARAMETERS)
    programme = programme_asked(asked.query, asked.registry)
    report = programme.report.get(asked.query.get("report", ""))
    if report is None:
        raise none_of("report", programme.report, asked.query.get("report"))
    today = programme.today(asked.now)
    periods = periods_asked(asked.query, programme, report.period, today)
    if periods[0].kind is not report.period:
        words = ReadWords.OWED_BY.value
        owed = words.filled(slug=report.slug, kind=words_of(report.period), got=asked.query["period"])
        raise QueryError("period", owed)
    place = place_asked(asked.query, asked.registry, asked.reach, programme.calendar.end(periods[-1]), today)
    reading = asked.reading(programme, place.on)
    days = [(programme.calendar.end(period),) for period in periods]
    left = [unit for unit in _units(asked, reading, place.within, days) if unit.uid > place.after]
    page = left[: max(1, place.limit // len(periods))]
    rows: list[dict[str, object]] = []
    for period in periods:
        states = await reading.cells.obligations([f"obligation:{report.slug}"], period, [unit.uid for unit in page])
        for unit in reading.seen(page, (programme.calendar.end(period),)):
            met = timeliness(states.get(unit.uid, {})).row()
            rows.append(
                {**identity(programme, unit, period), "report": report.slug, **met, "as_of": asked.now.isoformat()}
            )
    rows.sort(key=_uid)
    return {"rows": rows, "next": page[-1].uid if len(left) > len(page) else None}


async def _records(asked: Asked) -> dict[str, object]:
    asked.require_names()
    question = records.understand(asked.query, asked.registry, asked.reach)
    return await records.records(asked.connection, asked.registry, asked.reach, question)


async def _event(asked: Asked) -> dict[str, object]:
    """Answer what became of the event that the path names; where nothing is known of it, and no slash in the path was
    encoded, of those that it may mean besides.
    """
    only(asked.query, frozenset({"format"}))
    asked.require_names()
    path = read("source", text, f"{asked.path['source']}/{asked.path['id']}", LONGEST_PATH)
    name = _name_sent(asked.raw_path)
    rows = await _became(asked, [name] if _possible(name) else [])
    if not rows and not (_possible(name) and "%2F" in asked.raw_path.upper()):
        rows = await _became(asked, _names_in(path))
        if not rows and not path.startswith("/"):  # a source like /tests loses its slash in a path
            rows = await _became(asked, _names_in(f"/{path}"))
    return {"rows": rows or [_pending(*name)], "next": None}


async def _became(asked: Asked, names: Sequence[EventName]) -> list[dict[str, object]]:
    return await explain.event_status(asked.connection, asked.registry, asked.reach, names)


def _name_sent(raw_path: str) -> EventName:
    """Read source and id as the documents have them: each percent-encoded, so that the last slash parts them."""
    before, _, event_id = raw_path.rpartition("/")
    return unquote(before).removeprefix("/v1/events").removeprefix("/"), unquote(event_id)


def _names_in(path: str) -> list[EventName]:
    """List each source and id that a path may name whose slashes weren't encoded: both may hold some."""
    places = (place for place, letter in enumerate(path) if letter == "/")
    names = ((path[:place], path[place + 1 :]) for place in places)
    return [name for name in names if _possible(name)]


def _possible(name: EventName) -> bool:
    return all(0 < len(part) <= LONGEST_NAME for part in name)


def _pending(source: str, event_id: str) -> dict[str, str]:
    """Answer for an event that hasn't arrived. Raises QueryError for what no event is called."""
    if not (source and event_id):
        raise QueryError("id" if source else "source", ReadWords.NO_SOURCE.value)
    return {"source": read("source", text, source), "id": read("id", text, event_id), "status": "pending"}


async def _unit(asked: Asked) -> dict[str, object]:
    only(asked.query, frozenset({"on", "format"}))
    written = asked.query.get("on")
    on = read("on", day, written) if written else _days(asked.registry, asked.now)[-1]
    code, units = read("code", text, asked.path["code"]), asked.registry.units
    unit = units.find(code, on)
    if unit is None:
        raise QueryError("code", ReadWords.NO_UNIT.value.filled(got=shown(code), day=on))
    described: dict[str, object] = {
        "uid": unit.uid,
        "code": unit.code,
        "name": unit.name,
        "level": unit.level,
        "type": unit.type,
        "valid_from": unit.valid_from and unit.valid_from.isoformat(),
        "valid_to": unit.valid_to and unit.valid_to.isoformat(),
        "successor": unit.successor,
        "other_successors": list(unit.other_successors),
        "predecessors": [former.uid for former in units.predecessors(unit.uid)],
        "path": [step.uid for step in units.path(unit.uid)],
    }
    return {**described, "rows": [described]} if "format" in asked.query else described
