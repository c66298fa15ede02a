"""Wiring of the board: all that people look at. A client of the three other services, by HTTP and with a key."""

import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager

import structlog
from starlette.applications import Starlette

from services.board.access.door import Door
from services.board.access.entering import Entering
from services.board.access.leaving import Leaving
from services.board.access.limits import Buckets, networks_of
from services.board.access.muting import Muting
from services.board.access.retention import Retention
from services.board.access.sessions import CodePolicy, Sessions
from services.board.access.site import site_of
from services.board.access.verifying import Verifying
from services.board.desk.routes import Desk
from services.board.forwarding import BODY_BYTES, Forwarding
from services.board.others import ANSWER_SECONDS, Others, make_clients
from services.board.pages.refusing import ErrorPages
from services.board.pages.rendering import STATIC, Renderer
from services.board.pages.static_files import StaticFiles
from services.board.report import routes as report
from services.board.report.opening import ReportPages
from services.board.reporting import Reporting
from services.board.sheet import routes as sheet
from services.board.sheet.page import MOST_BYTES as SHEET_BYTES
from services.board.sheet.steps import make_sheets
from services.board.upstream.client import Upstream
from services.board.upstream.obligations import Obligations
from services.board.upstream.officers import Officers
from services.board.upstream.programmes import Programmes
from shared.database.connections import DATABASE_AWAY, Pool, close_pool
from shared.database.migration import is_migrated
from shared.http.application import application
from shared.http.held_body import BodyLimits, Memory
from shared.http.probes import Measured, probe_routes
from shared.runtime.clock import SystemClock
from shared.runtime.config import MissingSettingError, Settings
from shared.runtime.lifecycle import connected, open_migrated, until_there

log = structlog.get_logger()
NO_BROKER = {"amqp_url": "amqp:", "amqp_ca_file": None}  # settings: it speaks to none, so it is given none
POOL_SIZE = 8
PROBE_SECONDS = 1.0
FORM_BYTES = 256 * 1024  # a figure with hundreds of parts, a reason for each that is unusual
# So many at once, and so many a second after it: a page of a person and its files, an office behind one address.
ADDRESS_BURST, ADDRESS_RATE = 120, 4.0
OFFICER_BURST, OFFICER_RATE = 60, 1.0


class Board:
    """The service's parts. It answers while another service is away, and says so; it needs its tables and its key."""

    def __init__(self, settings: Settings) -> None:
        if settings.board_key is None:
            raise MissingSettingError("KIP_BOARD_KEY_FILE: is not set: 'kip board key' says how a key is made")
        self._database_url = settings.database_url.get_secret_value()
        self.clients = make_clients(settings)
        self.others = Others(self.clients, settings.board_key.get_secret_value())
        self.upstream = Upstream(self.clients, settings.board_key.get_secret_value(), ANSWER_SECONDS)
        self.machine = SystemClock()
        self.retention = Retention(self.pool, self.machine.now)
        self._pool: Pool | None = None

    def pool(self) -> Pool:
        """Get the connections. Raises ConnectionError (one of DATABASE_AWAY) before the first could be made."""
        if self._pool is None:
            raise ConnectionError("the database has not answered yet")
        return self._pool

    async def readiness(self) -> Mapping[str, str | None]:
        """Say why the service isn't ready: it needs its tables, and a key that is taken."""
        return {"database": await self._database(), "key": self.others.key_refused}

    def describe(self) -> Mapping[str, object]:
        """Tell which of the other services answer: one that is away is no reason to take the board away too."""
        return {"services": self.others.standing()}

    async def connect(self) -> None:
        """Open the database and wait for its migrations."""
        await until_there(self._open_database, "database.waiting")

    async def stop(self) -> None:
        """Let go of everything."""
        for client in self.clients.values():
            await client.aclose()
        if self._pool is not None:
            await close_pool(self._pool)

    async def _open_database(self) -> None:
        self._pool = await open_migrated(self._database_url, size=POOL_SIZE, application_name="kip-board")

    async def _database(self) -> str | None:
        try:
            async with self.pool().acquire(limit=PROBE_SECONDS) as connection:
                migrated = await is_migrated(connection)
        except DATABASE_AWAY:
            return "PostgreSQL does not answer"
        return None if migrated else "not migrated: run 'kip migrate'"


def _door(board: Board, settings: Settings, renderer: Renderer) -> Door:
    """Make the way to each page. Raises SettingsError for an address over which no cookie may go."""
    now, seconds = board.machine.now, time.monotonic
    return Door(
        sessions=Sessions(board.pool, site_of(settings), now, CodePolicy(settings.board_code)),
        officers=Officers(board.upstream),
        renderer=renderer,
        by_address=Buckets(ADDRESS_RATE, ADDRESS_BURST, seconds),
        by_officer=Buckets(OFFICER_RATE, OFFICER_BURST, seconds),
        proxies=networks_of(settings.board_proxies),
        now=now,
    )


def _forwarding(board: Board, settings: Settings, limits: BodyLimits) -> Forwarding:
    """Make what hands on to notifications, with buckets of its own for addresses."""
    by_address = Buckets(ADDRESS_RATE, ADDRESS_BURST, time.monotonic)
    proxies = networks_of(settings.board_proxies)
    return Forwarding(board.clients["notifications"], limits, ANSWER_SECONDS, by_address, proxies)


def make_app(settings: Settings) -> Measured:
    """Make the ASGI application. Raises SettingsError without a key."""
    board = Board(settings)
    static = StaticFiles([STATIC, report.STATIC])
    renderer = Renderer(static, [report.TEMPLATES, sheet.TEMPLATES])
    errors, door = ErrorPages(renderer), _door(board, settings, renderer)
    bodies = Memory(settings.body_memory, settings.body_memory)
    limits = BodyLimits(BODY_BYTES, settings.body_timeout, bodies)
    forms = BodyLimits(FORM_BYTES, settings.body_timeout, bodies)
    programmes = Programmes(board.upstream, time.monotonic)
    muting = Muting(door, programmes)
    reporting = Reporting(door, board.upstream, programmes)
    pages = ReportPages(reporting.asked, board.pool, reporting.behind, reporting.render, reporting.note, forms)

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        board.others.looking.start()
        async with connected(board):
            log.info("board.started", port=settings.board_port)
            board.retention.start()
            yield
            await board.retention.stop()
            await board.others.looking.stop()

    routes = [
        *_forwarding(board, settings, limits).routes(),
        *static.routes(),
        *Entering(door, programmes, muting).routes(),
        *muting.routes(),
        *Verifying(door, limits).routes(),
        *Leaving(door).routes(),
        *Desk(door, Obligations(board.upstream), programmes, limits).routes(),
        *report.report_routes(pages),
        *sheet.sheet_routes(pages, make_sheets(BodyLimits(SHEET_BYTES, settings.body_timeout, bodies))),
        *probe_routes(board.readiness, board.describe),
    ]
    return application(routes, lifespan, errors.on_http_error, errors.on_crash)
