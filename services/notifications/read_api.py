"""Serve the read API: obligations, alerts and problems that the key sees, addresses masked."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TypeVar

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from services.notifications import read_store
from services.notifications.alerts.vacancies import by_level, vacancies
from services.notifications.asked import (
    after_asked,
    days_asked,
    language_asked,
    limit_asked,
    programmes_asked,
    units_asked,
    units_reached,
)
from services.notifications.cursors import write_cursor
from services.notifications.grid import grid
from services.notifications.messages.masking import masked
from services.notifications.obligations.rows import Shown, instant_text, labels_of, shown_obligation
from services.notifications.read_store import (
    AlertRow,
    ChangeRow,
    ListedObligation,
    ObligationRow,
    PageAsked,
    ProblemRow,
    Wanted,
)
from services.notifications.refusing import obligation_name, refusing
from shared.access.rights import Reach
from shared.database.connections import Pool
from shared.domain.events import Kind
from shared.domain.events import ObligationState as State
from shared.domain.obligation_name import ObligationName
from shared.http.asked_periods import periods_named
from shared.http.read_api import (
    ForbiddenError,
    QueryError,
    asking_reach,
    guarded,
    none_of,
    only,
    parameters,
    read,
)
from shared.http.read_words import ReadWords
from shared.registry.snapshot import Registry
from shared.values.scalars import instant, shown, whole_number

OBLIGATION_PARAMETERS = frozenset(
    {"programme", "report", "unit", "within", "level", "period", "state", "step", "sort", "limit", "after", "labels"}
)
ALERT_PARAMETERS = frozenset({"programme", "unit", "officer", "step", "since", "state", "limit", "after"})
ONE_OBLIGATION_PARAMETERS = frozenset({"labels"})
UNADDRESSED_PARAMETERS = frozenset({"programme"})
PROBLEM_PARAMETERS = frozenset({"programme", "unit", "agency", "record", "state", "limit", "after"})
SORTS = ("id", "due_at")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Reader:
    """What the endpoints need."""

    registry: Callable[[], Registry]
    pool: Callable[[], Pool]
    now: Callable[[], datetime]


Row = TypeVar("Row", AlertRow, ProblemRow)
Query = Callable[[Reader, Request, Registry, Reach], Awaitable[Shown]]


def routes(reader: Reader) -> list[Route]:
    """List the routes of the read API."""

    def endpoint(query: Query) -> Callable[[Request], Awaitable[Response]]:
        async def respond(request: Request) -> Response:
            registry = reader.registry()
            reach = await asking_reach(reader.pool, registry, request, reader.now())
            return JSONResponse(await query(reader, request, registry.limited_to(reach.programmes), reach))

        return guarded(refusing(respond))

    return [
        Route("/v1/obligations", endpoint(_obligations)),
        Route("/v1/obligations/grid", endpoint(_grid)),
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
    steps = _steps(registry)
    if "step" in query and query["step"] not in {step for _, step, _ in steps}:
        raise none_of("step", sorted({step for _, step, _ in steps}), query["step"])
    epoch, language = await read_store.epoch(reader.pool()), language_asked(query)
    page = _page_asked(query, epoch)
    wanted = Wanted(
        programmes=programmes_asked(query, registry, reach),
        report=query.get("report"),
        units=units_asked(query, registry, reach, days_asked(query, registry, reader.now())),
        periods=[str(it) for it in periods_named(query["period"])] if "period" in query else None,
        state=state,
        step=query.get("step"),
    )
    rows = await read_store.obligations(reader.pool(), wanted, steps, page._replace(limit=page.limit + 1))
    following = _following(page, epoch, rows[page.limit - 1].obligation) if len(rows) > page.limit else None
    return {"rows": [_listed(row, epoch, registry, language) for row in rows[: page.limit]], "next": following}


def _page_asked(query: Mapping[str, str], epoch: int) -> PageAsked:
    """Read in which order obligations are listed, and which page. A cursor can be made up, of no instant there is."""
    limit, by_due = limit_asked(query), _sort_asked(query) == "due_at"
    if not by_due:
        return PageAsked(limit, _after("obligations", query, epoch))
    after = after_asked("due", query, epoch, 2)
    if after is None:
        return PageAsked(limit, 0, by_due)
    microseconds, last = after
    try:
        return PageAsked(limit, last, by_due, _EPOCH + timedelta(microseconds=microseconds))
    except OverflowError:
        raise QueryError("after", ReadWords.NO_NEXT.value.filled(got=shown(query["after"]))) from None


def _following(page: PageAsked, epoch: int, last: ObligationRow) -> str:
    """Write where the page behind this one begins."""
    if page.by_due:
        return write_cursor("due", epoch, (last.due_at - _EPOCH) // timedelta(microseconds=1), last.id)
    return write_cursor("obligations", epoch, last.id)


def _sort_asked(query: Mapping[str, str]) -> str:
    order = query.get("sort", SORTS[0])
    if order not in SORTS:
        raise none_of("sort", SORTS, order)
    return order


def _steps(registry: Registry) -> list[tuple[str, str, int]]:
    """List the steps of every escalation, by programme and slug, with their place: those that go higher come later."""
    return [
        (slug, step.slug, place)
        for slug, programme in registry.programmes.items()
        for place, step in enumerate(sorted(programme.escalation, key=lambda step: (step.working_days, step.to)))
    ]


def _listed(row: ListedObligation, epoch: int, registry: Registry, language: str | None) -> Shown:
    said = {"step": row.step, "step_at": instant_text(row.step_at)}
    return {**_obligation(row.obligation, epoch, registry, language), **said}


async def _grid(reader: Reader, request: Request, registry: Registry, reach: Reach) -> Shown:
    return await grid(reader.pool(), parameters(request), registry, reach, reader.now())


async def _alerts(reader: Reader, request: Request, registry: Registry, reach: Reach) -> Shown:
    query = parameters(request)
    only(query, ALERT_PARAMETERS)
    limit, epoch = limit_asked(query), await read_store.epoch(reader.pool())
    officer = read("officer", whole_number, query["officer"], 1) if "officer" in query else None
    rows = await read_store.alerts(
        reader.pool(),
        programmes=programmes_asked(query, registry, reach),
        units=units_asked(query, registry, reach, days_asked(query, registry, reader.now())),
        officer=officer,
        addressed=units_reached(registry, reach),
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
    slugs = programmes_asked(query, registry, reach)
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
    language, pool = language_asked(query), reader.pool()
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
    limit, epoch = limit_asked(query), await read_store.epoch(reader.pool())
    if not reach.sees_kind(Kind.PROBLEM_RAISED):
        raise ForbiddenError(ReadWords.NO_PROBLEMS.value.filled(kind=Kind.PROBLEM_RAISED))
    rows = await read_store.problems(
        reader.pool(),
        programmes=programmes_asked(query, registry, reach),
        units=units_asked(query, registry, reach, days_asked(query, registry, reader.now())),
        agency=query.get("agency"),
        record=query.get("record"),
        state=state,
        after=_after("problems", query, epoch),
        limit=limit + 1,
    )
    return _page("problems", epoch, rows, limit, _problem)


def _after(listed: str, query: Mapping[str, str], epoch: int) -> int:
    after = after_asked(listed, query, epoch)
    return after[0] if after is not None else 0


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
