"""The read API: figures with their coverage, at one instant, limited to the key's subtree."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from services.aggregation import read_store
from services.aggregation.figures import (
    Expectations,
    QueryError,
    Subject,
    activity_subject,
    carried_forward,
    expected_reporters,
    figure,
    indicator_subject,
)
from shared.authorization import CHALLENGE, find_key
from shared.db import DATABASE_AWAY, Pool
from shared.periods import Period, PeriodKind, parse_period
from shared.programme import OverTime, Programme
from shared.registry.snapshot import Key, Registry
from shared.units import Unit

MISSING_PARAMETERS = frozenset({"programme", "indicator", "activity", "within", "period", "limit", "after"})
ROLLUP_PARAMETERS = MISSING_PARAMETERS | {"level", "by"}
UNIT_PARAMETERS = frozenset({"on"})
MOST_ROWS = 1000


class ForbiddenError(Exception):
    """The key doesn't reach what is asked."""


@dataclass(frozen=True, slots=True)
class Reader:
    """What the endpoints need."""

    registry: Callable[[], Registry]
    pool: Callable[[], Pool]
    now: Callable[[], datetime]
    expectations: Expectations


@dataclass(frozen=True, slots=True)
class Question:
    """A request's parameters, understood."""

    programme: Programme
    subject: Subject
    period: Period
    within: Unit
    units_on: date
    limit: int
    after: str


def routes(reader: Reader) -> list[Route]:
    """The endpoints of the read API."""

    def guarded(
        answer: Callable[[Reader, Request, Registry, Key], Awaitable[dict[str, Any]]],
    ) -> Callable[[Request], Awaitable[Response]]:
        async def endpoint(request: Request) -> Response:
            registry = reader.registry()
            key = find_key(registry, request.headers.get("authorization"), reader.now())
            try:
                if not registry.loaded:
                    raise ConnectionError("the registry is not loaded yet")
                if key is None:
                    return _problem(401, "unauthorized", "expected the header Authorization: Bearer <key>", CHALLENGE)
                if not key.can_read:
                    raise ForbiddenError("this key may not read; add one with 'kip source add NAME --read'")
                return JSONResponse(await answer(reader, request, registry, key))
            except QueryError as error:
                body = {"error": "bad_parameter", "field": error.field, "message": str(error)}
                return JSONResponse(body, status_code=400)
            except ForbiddenError as error:
                return _problem(403, "forbidden", str(error))
            except DATABASE_AWAY:
                return _problem(503, "unavailable", "the database does not answer", {"Retry-After": "2"})

        return endpoint

    return [
        Route("/v1/rollups", guarded(_rollups)),
        Route("/v1/rollups/missing", guarded(_missing)),
        Route("/v1/units/{code}", guarded(_unit)),
    ]


def _problem(status: int, error: str, message: str, headers: Mapping[str, str] | None = None) -> Response:
    return JSONResponse({"error": error, "message": message}, status_code=status, headers=headers)


async def _rollups(reader: Reader, request: Request, registry: Registry, key: Key) -> dict[str, Any]:
    query = request.query_params
    _only(query, ROLLUP_PARAMETERS)
    question = _understand(query, registry, key, reader.now())
    level = query.get("level", question.within.level)
    units = sorted(
        (
            unit
            for unit in registry.units.descendants(question.within.uid)
            if unit.level == level and unit.uid > question.after and unit.in_force(question.units_on)
        ),
        key=lambda unit: unit.uid,
    )
    if not units and not question.after and level not in {unit.level for unit in registry.units}:
        known = sorted({unit.level for unit in registry.units})
        raise QueryError("level", f"expected one of {', '.join(known)}, got {level!r}")
    page = units[: question.limit]
    rows = await _figures(reader, registry, question, page, query.get("by"))
    return {"rows": rows, "next": page[-1].uid if len(units) > len(page) else None}


async def _figures(
    reader: Reader, registry: Registry, question: Question, units: list[Unit], by: str | None
) -> list[dict[str, Any]]:
    subject, programme = question.subject, question.programme
    uids = [unit.uid for unit in units]
    expected = reader.expectations.below(registry, programme, subject.coverage, subject.coverage_period)
    # One snapshot for the figure and its coverage: a rate must never be read beside another instant's count.
    async with (
        reader.pool().acquire() as connection,
        connection.transaction(isolation="repeatable_read", readonly=True),
    ):
        periods = [str(period) for period in subject.periods]
        if subject.indicator is not None and subject.indicator.over_time is OverTime.STATE:
            states = await read_store.last_states(connection, programme.slug, subject.cells, periods[-1])
            cells = carried_forward(states, registry, programme, subject.periods[-1])
        else:
            cells = await read_store.read_cells(connection, programme.slug, subject.cells, periods, uids)
        reported = await read_store.read_reported(
            connection, programme.slug, subject.coverage, str(subject.coverage_period), uids
        )
    as_of = reader.now()
    rows: list[dict[str, Any]] = []
    for unit in units:
        coverage = (expected[unit.uid], reported.get(unit.uid, 0))
        of_unit = cells.get(unit.uid, {})
        if by is None:
            rows.append(figure(unit, subject, programme, question.period, of_unit, coverage, as_of))
            continue
        for name, counters in sorted(of_unit.items()):
            if _dimensions(name) == by:
                part = figure(unit, subject, programme, question.period, {"": counters}, coverage, as_of)
                rows.append({**part, "by": dict(pair.split(":", 1) for pair in name.split(","))})
    return rows


def _dimensions(by: str) -> str:
    """`domain:health,sex:female` breaks down by `domain,sex`."""
    return ",".join(pair.partition(":")[0] for pair in by.split(",")) if by else ""


async def _missing(reader: Reader, request: Request, registry: Registry, key: Key) -> dict[str, Any]:
    query = request.query_params
    _only(query, MISSING_PARAMETERS)
    question = _understand(query, registry, key, reader.now())
    subject = question.subject
    expected = expected_reporters(registry, question.programme, subject.coverage, subject.coverage_period)
    async with reader.pool().acquire() as connection:
        live = await read_store.live_reporters(
            connection, question.programme.slug, subject.coverage, str(subject.coverage_period)
        )
    rows = [
        {"uid": unit.uid, "code": unit.code, "name": unit.name, "level": unit.level, "agency": agency}
        for unit, agency, _ in sorted(expected, key=lambda item: (item[0].uid, item[1]))
        if (unit.uid, agency) not in live
        and unit.uid > question.after
        and any(step.uid == question.within.uid for step in registry.units.path(unit.uid))
    ]
    page = rows[: question.limit]
    return {"rows": page, "next": page[-1]["uid"] if len(rows) > len(page) else None}


async def _unit(reader: Reader, request: Request, registry: Registry, _: Key) -> dict[str, Any]:
    _only(request.query_params, UNIT_PARAMETERS)
    text = request.query_params.get("on")
    try:
        on = date.fromisoformat(text) if text else reader.now().astimezone(ZoneInfo("Asia/Ho_Chi_Minh")).date()
    except ValueError:
        raise QueryError("on", f"expected a date like 2025-06-30, got {text!r}") from None
    code = request.path_params["code"]
    unit = registry.units.find(code, on)
    if unit is None:
        raise QueryError("code", f"no unit has the code or uid {code!r} on {on}")
    return {
        "uid": unit.uid,
        "code": unit.code,
        "name": unit.name,
        "level": unit.level,
        "type": unit.type,
        "valid_from": unit.valid_from and unit.valid_from.isoformat(),
        "valid_to": unit.valid_to and unit.valid_to.isoformat(),
        "successor": unit.successor,
        "other_successors": list(unit.other_successors),
        "predecessors": [former.uid for former in registry.units.predecessors(unit.uid)],
        "path": [step.uid for step in registry.units.path(unit.uid)],
    }


def _understand(query: Mapping[str, str], registry: Registry, key: Key, now: datetime) -> Question:
    programme = _programme(query, registry)
    today = now.astimezone(ZoneInfo(programme.timezone)).date()
    if ("indicator" in query) == ("activity" in query):
        raise QueryError("indicator", "expected exactly one of indicator and activity")
    period = _period(query, programme, today)
    if "indicator" in query:
        subject = indicator_subject(programme, query["indicator"], period, today)
    else:
        subject = activity_subject(programme, query["activity"], period, today)
    units_on = programme.calendar.end(period)
    within = registry.units.find(query.get("within", key.subtree), units_on)
    if within is None:
        raise QueryError("within", f"no unit has the code or uid {query.get('within', key.subtree)!r} on {units_on}")
    if not registry.units.covers(key.subtree, within.uid):
        raise ForbiddenError(f"this key reaches what lies below {key.subtree}")
    return Question(programme, subject, period, within, units_on, _limit(query), query.get("after", ""))


def _programme(query: Mapping[str, str], registry: Registry) -> Programme:
    slug = query.get("programme")
    if slug is None and len(registry.programmes) == 1:
        return next(iter(registry.programmes.values()))
    programme = registry.programmes.get(slug or "")
    if programme is None:
        raise QueryError("programme", f"expected one of {', '.join(sorted(registry.programmes))}, got {slug!r}")
    return programme


def _period(query: Mapping[str, str], programme: Programme, today: date) -> Period:
    if "period" not in query:
        kind = programme.indicator[query["indicator"]].period if query.get("indicator") in programme.indicator else None
        return programme.calendar.containing(today, kind or PeriodKind.MONTH)
    try:
        return parse_period(query["period"])
    except ValueError as error:
        raise QueryError("period", str(error)) from None


def _limit(query: Mapping[str, str]) -> int:
    text = query.get("limit", str(MOST_ROWS))
    if not text.isdecimal() or not 1 <= int(text) <= MOST_ROWS:
        raise QueryError("limit", f"expected a number from 1 to {MOST_ROWS}, got {text!r}")
    return int(text)


def _only(query: Mapping[str, str], known: frozenset[str]) -> None:
    for name in query:
        if name not in known:
            raise QueryError(name, f"no such parameter; expected {', '.join(sorted(known))}")
