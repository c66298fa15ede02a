"""Serve the read API: obligations, alerts and problems that the key sees, addresses masked."""

import json
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from zoneinfo import ZoneInfo

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from services.notifications import read_store
from services.notifications.messages.masking import masked
from services.notifications.read_store import AlertRow, ChangeRow, ObligationRow, ProblemRow
from shared.access.rights import Reach
from shared.database.connections import Pool
from shared.domain.events import Kind
from shared.domain.events import ObligationState as State
from shared.domain.periods import PeriodError, parse_period
from shared.http.read_api import (
    ForbiddenError,
    QueryError,
    beyond,
    guarded,
    none_of,
    only,
    parameters,
    read,
    reading_reach,
)
from shared.http.read_words import ReadWords
from shared.registry.snapshot import Registry
from shared.values.scalars import instant, shown, whole_number

OBLIGATION_PARAMETERS = frozenset({"programme", "report", "unit", "period", "state", "limit", "after"})
ALERT_PARAMETERS = frozenset({"unit", "officer", "step", "since", "state", "limit", "after"})
PROBLEM_PARAMETERS = frozenset({"unit", "state", "limit", "after"})
MOST_ROWS = 1000
_ROWS = 100


@dataclass(frozen=True, slots=True)
class Reader:
    """What the endpoints need."""

    registry: Callable[[], Registry]
    pool: Callable[[], Pool]
    now: Callable[[], datetime]


Shown = dict[str, object]  # a JSON object of a response
Query = Callable[[Reader, Request, Registry, Reach], Awaitable[Shown]]


def routes(reader: Reader) -> list[Route]:
    """List the routes of the read API."""

    def endpoint(query: Query) -> Callable[[Request], Awaitable[Response]]:
        async def respond(request: Request) -> Response:
            registry = reader.registry()
            reach = reading_reach(registry, request, reader.now())
            return JSONResponse(await query(reader, request, registry.limited_to(reach.programmes), reach))

        return guarded(respond)

    return [
        Route("/v1/obligations", endpoint(_obligations)),
        Route("/v1/obligations/{id}", endpoint(_history)),
        Route("/v1/alerts", endpoint(_alerts)),
        Route("/v1/problems", endpoint(_problems)),
    ]


async def _obligations(reader: Reader, request: Request, registry: Registry, reach: Reach) -> Shown:
    query = parameters(request)
    only(query, OBLIGATION_PARAMETERS)
    state = query.get("state")
    if state is not None and state not in set(State):
        raise none_of("state", State, state)
    limit = _limit(query)
    rows = await read_store.obligations(
        reader.pool(),
        programmes=_programmes(query, registry, reach),
        report=query.get("report"),
        units=_units(query, registry, reach, _day(query, registry, reader.now())),
        period=query.get("period"),
        state=state,
        after=_after(query),
        limit=limit + 1,
    )
    return _page([_obligation(row) for row in rows], limit)


async def _alerts(reader: Reader, request: Request, registry: Registry, reach: Reach) -> Shown:
    query = parameters(request)
    only(query, ALERT_PARAMETERS)
    limit = _limit(query)
    officer = read("officer", whole_number, query["officer"], 1) if "officer" in query else None
    rows = await read_store.alerts(
        reader.pool(),
        programmes=_programmes({}, registry, reach),
        units=_units(query, registry, reach, _day(query, registry, reader.now())),
        officer=officer,
        addressed=_reached(registry, reach),
        step=query.get("step"),
        state=query.get("state"),
        since=read("since", instant, query["since"]) if "since" in query else None,
        after=_after(query),
        limit=limit + 1,
    )
    return _page([_alert(row, seen=reach.sees_unit(registry.units, row.addressed_unit)) for row in rows], limit)


async def _history(reader: Reader, request: Request, registry: Registry, reach: Reach) -> Shown:
    """Show one obligation with all that happened to it, who decided what and why."""
    only(parameters(request), ())
    id_ = read("id", whole_number, request.path_params["id"])
    row = await read_store.find_obligation(reader.pool(), id_)
    if row is None or not reach.sees(registry.units, row.unit, row.programme):
        raise QueryError("id", ReadWords.NO_OBLIGATION.value.filled(id=id_))
    history = await read_store.history(reader.pool(), id_)
    return {**_obligation(row), "history": [_change(change) for change in history]}


async def _problems(reader: Reader, request: Request, registry: Registry, reach: Reach) -> Shown:
    query = parameters(request)
    only(query, PROBLEM_PARAMETERS)
    state = query.get("state")
    if state is not None and state not in {"raised", "resolved"}:
        words = ReadWords.ONE_OF_TWO.value
        raise QueryError("state", words.filled(first="raised", second="resolved", got=shown(state)))
    limit = _limit(query)
    if not reach.sees_kind(Kind.PROBLEM_RAISED):
        raise ForbiddenError(ReadWords.NO_PROBLEMS.value.filled(kind=Kind.PROBLEM_RAISED))
    rows = await read_store.problems(
        reader.pool(),
        programmes=_programmes({}, registry, reach),
        units=_units(query, registry, reach, _day(query, registry, reader.now())),
        state=state,
        after=_after(query),
        limit=limit + 1,
    )
    return _page([_problem(row) for row in rows], limit)


def _page(rows: Sequence[Shown], limit: int) -> Shown:
    return {"rows": rows[:limit], "next": rows[limit - 1]["id"] if len(rows) > limit else None}


def _obligation(row: ObligationRow) -> Shown:
    shown = row._asdict()
    del shown["programme"]
    shift = json.loads(row.shifted_because) if row.shifted_because else None
    return {**shown, "due_at": row.due_at.isoformat(), "met_at": _instant(row.met_at), "shifted_because": shift}


def _change(row: ChangeRow) -> Shown:
    times = {"due_at": row.due_at.isoformat(), "met_at": _instant(row.met_at), "at": row.at.isoformat()}
    return {**row._asdict(), **times}


def _alert(row: AlertRow, *, seen: bool) -> Shown:
    """Show an alert; to whom it went only where who asks sees the unit that was addressed."""
    shown = {**row._asdict(), "made_at": row.made_at.isoformat(), "sent_at": _instant(row.sent_at)}
    shown["message"] = row.message and str(row.message)
    addresses = [text.partition(":") for text in shown.pop("channels") or ()]
    shown["address"] = next((masked(address) for kind, _, address in addresses if kind == row.channel), None)
    return shown if seen else {**shown, "officer": None, "officer_name": None, "address": None, "error": None}


def _problem(row: ProblemRow) -> Shown:
    return {**row._asdict(), "raised_at": _instant(row.raised_at), "changed_at": row.changed_at.isoformat()}


def _instant(at: datetime | None) -> str | None:
    return at.isoformat() if at else None


def _limit(query: Mapping[str, str]) -> int:
    return read("limit", whole_number, query.get("limit", _ROWS), 1, MOST_ROWS)


def _after(query: Mapping[str, str]) -> int:
    return read("after", whole_number, query.get("after", 0))


def _day(query: Mapping[str, str], registry: Registry, now: datetime) -> date:
    """Choose the day that a code is resolved on: the period's last, else today."""
    programme = registry.programmes.get(query.get("programme", "")) or next(iter(registry.programmes.values()))
    if "period" not in query:
        return now.astimezone(ZoneInfo(programme.timezone)).date()
    try:
        return programme.calendar.end(parse_period(query["period"]))
    except PeriodError as error:
        raise QueryError("period", error.words) from error
    except (ValueError, OverflowError):
        raise QueryError("period", ReadWords.OUT_OF_CALENDAR.value.filled(got=shown(query["period"]))) from None


def _programmes(query: Mapping[str, str], registry: Registry, reach: Reach) -> list[str] | None:
    """List the programmes whose rows may be shown; None for all."""
    slug = query.get("programme")
    if slug is None:
        return None if reach.programmes is None else sorted(reach.programmes)
    if slug not in registry.programmes:
        raise none_of("programme", sorted(registry.programmes), slug)
    return [slug]


def _units(query: Mapping[str, str], registry: Registry, reach: Reach, on: date) -> list[str] | None:
    """List the units whose rows may be shown; None for all."""
    if "unit" in query:
        unit = registry.units.find(query["unit"], on)
        if unit is None:
            raise QueryError("unit", ReadWords.NO_UNIT.value.filled(got=shown(query["unit"]), day=on))
        if not reach.sees_unit(registry.units, unit.uid):
            raise beyond(reach)
        return [unit.uid]
    return _reached(registry, reach)


def _reached(registry: Registry, reach: Reach) -> list[str] | None:
    """List all units that are reached; None for all there are."""
    reached = reach.units(registry.units)
    return None if len(reached) == len(registry.units) else sorted(reached)
