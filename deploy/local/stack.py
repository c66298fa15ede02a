"""The servers that Kịp needs, private to one run folder: RabbitMQ, PostgreSQL and a mailbox.

What is given by URL is used and never started, stopped or touched otherwise.
"""

from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import Protocol, Self

from deploy.local.lock import RunLock
from deploy.local.mail_server import MailServer
from deploy.local.postgres import Postgres
from deploy.local.processes import Process, StartReaper, Supervisor, start_reaper
from deploy.local.rabbitmq import RabbitMQ
from deploy.local.restarts import Part

USUAL_PORTS = {"amqp": 5672, "postgres": 5432, "smtp": 1025}


class Server(Protocol):
    """A server of a run's own. `start` waits until it is ready and does nothing where it runs."""

    @property
    def process(self) -> Process | None:
        """The running one, or the last; None before the first start."""
        ...

    def start(self) -> None:
        """Start on the port that it had."""
        ...


class LocalStack:
    """`with LocalStack(run_dir) as stack:` starts what is not given and ends all of it.

    `usual_ports=False` (tests) never takes the ports that people expect their own servers on. `postgres_settings`
    override the server's; only tests give up durability. `report` gets one line for each thing that a person waits for.
    `reaper_starter` is for tests, which fork their services from prepared processes.
    """

    def __init__(
        self,
        run_dir: Path,
        *,
        amqp_url: str | None = None,
        database_url: str | None = None,
        smtp_url: str | None = None,
        usual_ports: bool = True,
        postgres_settings: Mapping[str, str] | None = None,
        report: Callable[[str], None] = lambda _: None,
        reaper_starter: StartReaper = start_reaper,
    ) -> None:
        self.run_dir = run_dir.resolve()
        self.mail_dir = self.run_dir / "mail"
        self.usual_ports = usual_ports
        self.report = report
        self.rabbitmq: RabbitMQ | None = None
        self.postgres: Postgres | None = None
        self._servers: dict[str, Server] = {}
        self._given_amqp_url = amqp_url
        self._given_database_url = database_url
        self._given_smtp_url = smtp_url
        self._mailbox: MailServer | None = None
        self._postgres_settings = postgres_settings
        self._reaper_starter = reaper_starter
        self._supervisor: Supervisor | None = None
        self._lock: RunLock | None = None

    @property
    def supervisor(self) -> Supervisor:
        """Starts further processes of this run; they end before the servers do."""
        if self._supervisor is None:
            raise RuntimeError("the local stack is not started")
        return self._supervisor

    @property
    def amqp_url(self) -> str:
        """Of the given or the private broker."""
        if self._given_amqp_url is not None:
            return self._given_amqp_url
        return self._own_rabbitmq().url

    @property
    def database_url(self) -> str:
        """Of the given or the private database."""
        if self._given_database_url is not None:
            return self._given_database_url
        return self._own_postgres().url

    @property
    def smtp_url(self) -> str:
        """Of the given mail server or of the mailbox, whose messages are in `mail_dir`."""
        if self._given_smtp_url is not None:
            return self._given_smtp_url
        if self._mailbox is None:
            raise RuntimeError("the local stack is not started")
        return self._mailbox.url

    def environment(self) -> dict[str, str]:
        """Return the settings by which Kịp's services and `kip` reach these servers."""
        return {
            "KIP_AMQP_URL": self.amqp_url,
            "KIP_DATABASE_URL": self.database_url,
            "KIP_SMTP_URL": self.smtp_url,
            "KIP_RUN_DIR": str(self.run_dir),
        }

    def parts(self) -> list[Part]:
        """List the servers that it started, each with the way to start it again; what was given is looked after by
        others.
        """
        return [Part(name, partial(_process_of, server), server.start) for name, server in self._servers.items()]

    def preferred_port(self, usual: int) -> int:
        """Return the usual port, or 0 (any) in a run that stays away from the usual ones."""
        return usual if self.usual_ports else 0

    def start(self) -> Self:
        """Start what is not given, all at once; on failure nothing is left running."""
        self._lock = RunLock(self.run_dir)
        self._supervisor = Supervisor(self.run_dir, self._lock.reapers_fd, self._reaper_starter)
        try:
            self._start_servers(self._supervisor)
        except BaseException:
            self.stop()
            raise
        return self

    def stop(self) -> None:
        """End everything that was started, the last started first."""
        try:
            if self._supervisor is not None:
                self._supervisor.stop()
        finally:
            if self._lock is not None:
                self._lock.release()

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def _start_servers(self, supervisor: Supervisor) -> None:
        if self._given_amqp_url is None:
            port = self.preferred_port(USUAL_PORTS["amqp"])
            self._servers["rabbitmq"] = self.rabbitmq = RabbitMQ(supervisor, preferred_port=port, report=self.report)
        if self._given_database_url is None:
            port = self.preferred_port(USUAL_PORTS["postgres"])
            self.postgres = Postgres(supervisor, preferred_port=port, settings=self._postgres_settings)
            self._servers["postgres"] = self.postgres
        if self._given_smtp_url is None:
            port = self.preferred_port(USUAL_PORTS["smtp"])
            self._servers["mailbox"] = self._mailbox = MailServer(supervisor, self.mail_dir, preferred_port=port)
        with ThreadPoolExecutor(3, thread_name_prefix="start") as threads:
            running = [threads.submit(server.start) for server in self._servers.values()]
            try:
                for start in running:
                    start.result()
            except BaseException:  # the others notice at once that their process is gone, instead of being waited for
                supervisor.stop()
                raise

    def _own_rabbitmq(self) -> RabbitMQ:
        if self.rabbitmq is None:
            raise RuntimeError("the local stack is not started, or uses a given broker")
        return self.rabbitmq

    def _own_postgres(self) -> Postgres:
        if self.postgres is None:
            raise RuntimeError("the local stack is not started, or uses a given database")
        return self.postgres


def _process_of(server: Server) -> Process | None:
    return server.process
