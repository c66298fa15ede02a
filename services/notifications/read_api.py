"""Serve the read API: obligations, alerts and problems that the key sees, addresses masked."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import TypeVar

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from services.notifications import read_store
from services.notifications.alerts.vacancies import by_level, vacancies
from services.notifications.cursors import CursorError, read_cursor, write_cursor
from services.notifications.messages.masking import masked
from services.notifications.obligations.rows import Shown, instant_text, labels_of, shown_obligation
from services.notifications.read_store import AlertRow, ChangeRow, ObligationRow, ProblemRow
from services.notifications.refusing import obligation_name, refusing
from shared.access.rights import Reach
from shared.database.connections import Pool
from shared.domain.events import Kind
from shared.domain.events import ObligationState as State
from shared.domain.obligation_name import ObligationName
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
from shared.programme.base import LANGUAGES
from shared.registry.snapshot import Registry
from shared.values.scalars import instant, shown, whole_number

OBLIGATION_PARAMETERS = frozenset({"programme", "report", "unit", "period", "state", "limit", "after", "labels"})
ALERT_PARAMETERS = frozenset({"programme", "unit", "officer", "step", "since", "state", "limit", "after"})
ONE_OBLIGATION_PARAMETERS = frozenset({"labels"})
UNADDRESSED_PARAMETERS = frozenset({"programme"})
PROBLEM_PARAMETERS = frozenset({"programme", "unit", "agency", "record", "state", "limit", "after"})
MOST_ROWS = 1000
_ROWS = 100


@dataclass(frozen=True, slots=True)
class Reader:
    """What the endpoints need."""

    registry: Callable[[], Registry]
    pool: Callable[[], Pool]
    now: Callable[[], datetime]


Row = TypeVar("Row", ObligationRow, AlertRow, ProblemRow)
Query = Callable[[Reader, Request, Registry, Reach], Awaitable[Shown]]


def routes(reader: Reader) -> list[Route]:
    """List the routes of the read API."""

    def endpoint(query: Query) -> Callable[[Request], Awaitable[Response]]:
        async def respond(request: Request) -> Response:
            registry = reader.registry()
            reach = reading_reach(registry, request, reader.now())
            return JSONResponse(await query(reader, request, registry.limited_to(reach.programmes), reach))

        return guarded(refusing(respond))

    return [
        Route("/v1/obligations", endpoint(_obligations)),
        Route("/v1/obligations/{name}", endpoint(_history)),
        Route("/v1/alerts", endpoint(_alerts)),
        Route("/v1/alerts/unaddressed", endpoint(_unaddressed)),
        Route("/v1/problems", endpoint(_problems)),
    ]


async def _obligations(reader: Reader, request: Request, registry: Registry, reach: Reach) -> Shown:
    query = parameters(request)
    only(query, OBLIGATION_PARAMETERS)
    state = query.get("state")
    if state is not None and state not in set(State):
        raise none_of("state", State, state)
    limit, epoch, language = _limit(query), await read_store.epoch(reader.pool()), labels_language(query)
    rows = await read_store.obligations(
        reader.pool(),
        programmes=_programmes(query, registry, reach),
        report=query.get("report"),
        units=_units(query, registry, reach, _days(query, registry, reader.now())),
        period=query.get("period"),
        state=state,
        after=_after("obligations", query, epoch),
        limit=limit + 1,
    )
    return _page("obligations", epoch, rows, limit, lambda row: _obligation(row, epoch, registry, language))


async def _alerts(reader: Reader, request: Request, registry: Registry, reach: Reach) -> Shown:
    query = parameters(request)
    only(query, ALERT_PARAMETERS)
    limit, epoch = _limit(query), await read_store.epoch(reader.pool())
    officer = read("officer", whole_number, query["officer"], 1) if "officer" in query else None
    rows = await read_store.alerts(
        reader.pool(),
        programmes=_programmes(query, registry, reach),
        units=_units(query, registry, reach, _days(query, registry, reader.now())),
        officer=officer,
        addressed=_reached(registry, reach),
        step=query.get("step"),
        state=query.get("state"),
        since=read("since", instant, query["since"]) if "since" in query else None,
        after=_after("alerts", query, epoch),
        limit=limit + 1,
    )
    sees = reach.sees_unit
    return _page(
        "alerts", epoch, rows, limit, lambda row: _alert(row, epoch, seen=sees(registry.units, row.addressed_unit))
    )


async def _unaddressed(reader: Reader, request: Request, registry: Registry, reach: Reach) -> Shown:
    """Count the alerts about what is unfinished whose seats have nobody, of what the key reaches."""
    query = parameters(request)
    only(query, UNADDRESSED_PARAMETERS)
    slugs = _programmes(query, registry, reach)
    known = {slug: it for slug, it in registry.programmes.items() if slugs is None or slug in slugs}
    found = await vacancies(reader.pool(), registry.units, known, reader.now())
    seen = [vacancy for vacancy in found if reach.sees_unit(registry.units, vacancy.unit)]
    rows = [
        {
            "programme": slug,
            "level": level,
            "alerts": sum(vacancy.alerts for vacancy in vacant),
            "units": len({vacancy.seats[0].unit for vacancy in vacant}),
        }
        for (slug, level), vacant in by_level(seen).items()
    ]
    return {"rows": rows, "next": None}


async def _history(reader: Reader, request: Request, registry: Registry, reach: Reach) -> Shown:
    """Show one obligation with all that happened to it, who decided what and why."""
    query = parameters(request)
    only(query, ONE_OBLIGATION_PARAMETERS)
    language, pool = labels_language(query), reader.pool()
    epoch = await read_store.epoch(pool)
    name = obligation_name(request.path_params["name"], epoch)
    row = await read_store.find_obligation(pool, name)
    if row is None or not reach.sees(registry.units, row.unit, row.programme):
        raise QueryError("name", ReadWords.NO_OBLIGATION.value.filled(id=name))
    history = await read_store.history(pool, row.id)
    return {**_obligation(row, epoch, registry, language), "history": [_change(change) for change in history]}


async def _problems(reader: Reader, request: Request, registry: Registry, reach: Reach) -> Shown:
    query = parameters(request)
    only(query, PROBLEM_PARAMETERS)
    state = query.get("state")
    if state is not None and state not in {"raised", "resolved"}:
        words = ReadWords.ONE_OF_TWO.value
        raise QueryError("state", words.filled(first="raised", second="resolved", got=shown(state)))
    limit, epoch = _limit(query), await read_store.epoch(reader.pool())
    if not reach.sees_kind(Kind.PROBLEM_RAISED):
        raise ForbiddenError(ReadWords.NO_PROBLEMS.value.filled(kind=Kind.PROBLEM_RAISED))
    rows = await read_store.problems(
        reader.pool(),
        programmes=_programmes(query, registry, reach),
        units=_units(query, registry, reach, _days(query, registry, reader.now())),
        agency=query.get("agency"),
        record=query.get("record"),
        state=state,
        after=_after("problems", query, epoch),
        limit=limit + 1,
    )
    return _page("problems", epoch, rows, limit, _problem)


def _page(listed: str, epoch: int, rows: Sequence[Row], limit: int, show: Callable[[Row], Shown]) -> Shown:
    more = len(rows) > limit
    following = write_cursor(listed, epoch, rows[limit - 1].id) if more else None
    return {"rows": [show(row) for row in rows[:limit]], "next": following}


def _obligation(row: ObligationRow, epoch: int, registry: Registry, language: str | None) -> Shown:
    return shown_obligation(row, epoch, labels_of(registry, row, language) if language else None)


def _change(row: ChangeRow) -> Shown:
    times = {"due_at": row.due_at.isoformat(), "met_at": instant_text(row.met_at), "at": row.at.isoformat()}
    return {**row._asdict(), **times}


def _alert(row: AlertRow, epoch: int, *, seen: bool) -> Shown:
    """Show an alert; to whom it went only where who asks sees the unit that was addressed."""
    alert = {**row._asdict(), "made_at": row.made_at.isoformat(), "sent_at": instant_text(row.sent_at)}
    if row.report is not None and row.period is not None:
        alert["obligation"] = str(ObligationName(row.programme, row.report, row.unit, row.agency, row.period, epoch))
    alert["message"] = row.message and str(row.message)
    addresses = [text.partition(":") for text in alert.pop("channels") or ()]
    alert["address"] = next((masked(address) for kind, _, address in addresses if kind == row.channel), None)
    return alert if seen else {**alert, "officer": None, "officer_name": None, "address": None, "error": None}


def _problem(row: ProblemRow) -> Shown:
    return {**row._asdict(), "raised_at": instant_text(row.raised_at), "changed_at": row.changed_at.isoformat()}


def _limit(query: Mapping[str, str]) -> int:
    return read("limit", whole_number, query.get("limit", _ROWS), 1, MOST_ROWS)


def _after(listed: str, query: Mapping[str, str], epoch: int) -> int:
    if "after" not in query:
        return 0
    try:
        return read_cursor(listed, epoch, query["after"])
    except CursorError:
        raise QueryError("after", ReadWords.NO_NEXT.value.filled(got=shown(query["after"]))) from None


def labels_language(query: Mapping[str, str]) -> str | None:
    """Read in which language labels are wanted; None for none."""
    language = query.get("labels")
    if language is not None and language not in LANGUAGES:
        raise none_of("labels", LANGUAGES, language)
    return language


def _days(query: Mapping[str, str], registry: Registry, now: datetime) -> set[date]:
    """Choose the days that a code is resolved on: the period's last, else today; programmes may differ in it."""
    named = registry.programmes.get(query.get("programme", ""))
    programmes = list(registry.programmes.values()) if named is None else [named]
    if "period" not in query:
        return {programme.today(now) for programme in programmes}
    try:
        period = parse_period(query["period"])
        return {programme.calendar.end(period) for programme in programmes}
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


def _units(query: Mapping[str, str], registry: Registry, reach: Reach, days: set[date]) -> list[str] | None:
    """List the units whose rows may be shown; None for all."""
    if "unit" in query:
        found = {registry.units.find(query["unit"], on) for on in days}
        if len(found) > 1:  # programmes whose periods end on different days, and a merger between
            raise none_of("programme", sorted(registry.programmes), query.get("programme"))
        unit = found.pop()
        if unit is None:
            raise QueryError("unit", ReadWords.NO_UNIT.value.filled(got=shown(query["unit"]), day=min(days)))
        if not reach.sees_unit(registry.units, unit.uid):
            raise beyond(reach)
        return [unit.uid]
    return _reached(registry, reach)


def _reached(registry: Registry, reach: Reach) -> list[str] | None:
    """List all units that are reached; None for all there are."""
    reached = reach.units(registry.units)
    return None if len(reached) == len(registry.units) else sorted(reached)
