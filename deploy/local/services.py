"""The four services of a run: prepared by `kip`, started, watched until ready, killed and restarted at will."""

import os
import sys
import time
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Self
from urllib.parse import urlsplit

import httpx

from deploy.local.http import LOCAL
from deploy.local.passwords import OWNER, board_key, role_settings, service_urls
from deploy.local.ports import LOOPBACK, free_port, listens
from deploy.local.processes import Command, Process, StartError, failure
from deploy.local.restarts import Part
from deploy.local.settings_file import given_settings
from deploy.local.stack import LocalStack
from shared.access.role_rights import BROKER_RIGHTS, ROLES

READY_SECONDS = 90.0
PREPARE_SECONDS = 180.0


@dataclass(frozen=True)
class Service:
    """How one service is started: its module, and the variable and usual number of its port."""

    name: str
    module: str
    port_variable: str
    usual_port: int


SERVICES = (
    Service("intake", "services.intake", "KIP_INTAKE_PORT", 8080),
    Service("aggregation", "services.aggregation", "KIP_AGGREGATION_PORT", 8081),
    Service("notifications", "services.notifications", "KIP_NOTIFICATIONS_PORT", 8082),
    Service("board", "services.board", "KIP_BOARD_PORT", 8083),
)
NOBODYS_PORT = 1  # of a service that a run goes without: never that of some other run on this machine
BOARD_KEY_FOR = frozenset({"board", "operator"})  # who has it, and who lets it in
# `kip` commands, in this order, before the first service starts
PREPARATION: tuple[tuple[str, ...], ...] = (("migrate",), ("load", "programmes"))
LETTING_IN = ("board", "key")


class Services:
    """The running services. `ports` by name; they are kept over restarts.

    `environment` is the operator's, for `kip`; `owner_environment` the tables' owner's, for `kip migrate` alone.
    """

    def __init__(
        self,
        stack: LocalStack,
        services: Sequence[Service],
        settings: Mapping[str, str],
        ready_seconds: float = READY_SECONDS,
    ) -> None:
        self._stack = stack
        self._ready_seconds = ready_seconds
        self._services = {service.name: service for service in services}
        self._processes: dict[str, Process] = {}
        self.ports = {service.name: free_port(_preferred_port(stack, service)) for service in services}
        own_ports = {service.port_variable: str(NOBODYS_PORT) for service in SERVICES}
        own_ports |= {service.port_variable: str(self.ports[service.name]) for service in services}
        own = {**stack.environment(), "KIP_LOG_FORMAT": "json", **own_ports}
        told = {"KIP_AGGREGATION_URL": self.url("aggregation")} if "aggregation" in self.ports else {}
        given = {**told, **_key(stack, self.ports), **given_settings(os.environ), **own, **settings}
        self._logins = _logins(stack, given)
        # The broker's users the private broker has made itself: it runs no management API.
        roles = role_settings(given["KIP_DATABASE_URL"]) if "DATABASE" in self._logins else {}
        self.owner_environment = {**given, **roles}
        self._given = given
        self.environment = self.environment_of("operator")

    def environment_of(self, role: str) -> dict[str, str]:
        """Make the settings of one service, or of the operator (`kip`'s), with its own logins on the private
        servers.
        """
        own = {f"KIP_{server}_URL": urls[role] for server, urls in self._logins.items() if role in urls}
        others = {"KIP_AMQP_URL"} if role not in BROKER_RIGHTS else set()
        if role not in BOARD_KEY_FOR:
            others |= {"KIP_BOARD_KEY", "KIP_BOARD_KEY_FILE"}
        return {name: value for name, value in {**self._given, **own}.items() if name not in others}

    def url(self, name: str) -> str:
        """Return `http://127.0.0.1:port` of a service."""
        return f"http://{LOOPBACK}:{self.ports[name]}"

    def process(self, name: str) -> Process:
        """Return the current process of a service, for its pid, log and signals."""
        return self._processes[name]

    def start(self, *names: str) -> Self:
        """Start these services (default: all) where they do not run, and wait until they are ready."""
        self.begin(*names)
        self.wait_ready(*names)
        return self

    def begin(self, *names: str) -> None:
        """Start these services (default: all) where they do not run; one may have a reason not to become ready."""
        for name in names or self._services:
            if name not in self._processes or not self._processes[name].running:
                argv = [sys.executable, "-m", self._services[name].module]
                self._processes[name] = self._stack.supervisor.start(
                    Command(name, argv, environment={"PYTHONUNBUFFERED": "1", **self.environment_of(name)}, grace=30.0)
                )

    def wait_ready(self, *names: str) -> None:
        """Wait until `/readyz` of these services (default: all) answers 200, or that only a replay is waited for.

        Raises `StartError` with the log of one that won't.
        """
        waiting = dict.fromkeys(names or self._services, "no answer yet")
        deadline = time.monotonic() + self._ready_seconds
        while waiting:
            for name in list(waiting):
                standing, waiting[name] = _ask(f"{self.url(name)}/readyz")
                process = self._processes[name]
                if standing and not listens(process.pid, self.ports[name]):
                    standing, waiting[name] = None, f"another process answers on {self.url(name)}"
                if standing:
                    del waiting[name]
                    self._stack.report(f"{name} is {standing} on {self.url(name)}")
                elif not process.running:
                    raise failure(process, f"{name} ended with {process.end} before it was ready")
                elif time.monotonic() > deadline:
                    raise failure(process, f"{name} was not ready after {self._ready_seconds:.0f} s ({waiting[name]})")
            time.sleep(0.05)

    def kill(self, name: str) -> None:
        """Kill a service (`kill -9`), as in a crash; `start(name)` brings it back on the same port."""
        self._processes[name].kill()

    def stop(self, *names: str) -> None:
        """Ask these services (default: all) to end together, and wait until they have."""
        processes = [self._processes[name] for name in names or self._services if name in self._processes]
        for process in processes:
            process.begin_stop()
        for process in processes:
            process.stop()

    def parts(self) -> list[Part]:
        """List what has to be up, each with the way to start it again."""
        return [Part(name, partial(self.process, name), partial(self.start, name)) for name in self._services]

    def check_alive(self) -> None:
        """Raise `StartError`, with its log, for a service that ended although nobody asked it to."""
        for name, process in self._processes.items():
            if not process.running:
                raise failure(process, f"{name} ended with {process.end}")


def bring_up(
    stack: LocalStack,
    *,
    settings: Mapping[str, str] | None = None,
    services: Sequence[Service] = SERVICES,
    preparation: Sequence[Sequence[str]] = (*PREPARATION, LETTING_IN),
    ready_seconds: float = READY_SECONDS,
) -> Services:
    """Migrate, load, start the services and wait until they are ready; on failure none of them is left running.

    `settings` are further `KIP_` variables for all of them, such as `KIP_CLOCK`. Progress goes to the stack's `report`.
    """
    running = Services(stack, services, settings or {}, ready_seconds)
    for words in preparation:
        stack.report(f"kip {' '.join(words)}")
        argv = [sys.executable, "-m", "cli.main", *words]
        environment = running.owner_environment if words[0] == "migrate" else running.environment
        command = Command(f"kip-{words[0]}", argv, environment=environment)
        stack.supervisor.run(command, PREPARE_SECONDS)
    try:
        return running.start()
    except BaseException:
        running.stop()
        raise


def _logins(stack: LocalStack, environment: Mapping[str, str]) -> dict[str, Mapping[str, str]]:
    """Make the services' URLs by server (DATABASE, AMQP) and role; none where the server, or another's login, was
    given.
    """
    private = {"AMQP": stack.rabbitmq, "DATABASE": stack.postgres}
    urls = {server: environment[f"KIP_{server}_URL"] for server, started in private.items() if started is not None}
    roles = {"AMQP": BROKER_RIGHTS, "DATABASE": ROLES}
    return {server: service_urls(url, roles[server]) for server, url in urls.items() if urlsplit(url).username == OWNER}


def _key(stack: LocalStack, names: Collection[str]) -> dict[str, str]:
    """Make the board's key, where it is to run: `kip board key` lets it in."""
    return {"KIP_BOARD_KEY_FILE": str(board_key(stack.run_dir / "board.key"))} if "board" in names else {}


def _preferred_port(stack: LocalStack, service: Service) -> int:
    """Return the port that the user set, else the usual one."""
    chosen = os.environ.get(service.port_variable, "")
    if not chosen:
        return stack.preferred_port(service.usual_port)
    if not chosen.isdigit() or not 0 < int(chosen) < 65_536:
        raise StartError(f"{service.port_variable} is {chosen!r}, not a port number")
    return int(chosen)


def _ask(url: str) -> tuple[str | None, str]:
    """Ask a readiness probe: how the service stands (`ready`, or `held` and why; None: not yet), in short what it says.

    After a restore one waits for a replay, which needs what runs beside it.
    """
    try:
        answer = LOCAL.get(url, timeout=5)
    except httpx.HTTPError as error:
        return None, f"{type(error).__name__}: {error}"
    said = f"{answer.status_code} {answer.text[:500]}"
    return ("ready" if answer.status_code == httpx.codes.OK else _held(answer)), said


def _held(answer: httpx.Response) -> str | None:
    """Say why a service is held, where a restore is the only thing that it waits for."""
    try:
        checks = answer.json()["checks"]
        wrong = {name: said for name, said in checks.items() if said != "ok"}
    except (ValueError, TypeError, LookupError, AttributeError):
        return None
    return f"held ({wrong['restore']})" if list(wrong) == ["restore"] else None
