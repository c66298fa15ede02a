"""The test stand: private servers with full durability; each contender on a database and a virtual host of its own."""

import asyncio
import json
import os
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from time import monotonic, sleep

import httpx
import psycopg

from bench.client import write_bodies
from bench.contender import BenchError, Contender
from bench.load import Load, make_load
from bench.usage import servers
from deploy.local.passwords import role_settings
from deploy.local.ports import LOOPBACK, free_port
from deploy.local.postgres import Postgres
from deploy.local.processes import PROJECT, Command, Process
from deploy.local.services import PREPARATION, SERVICES, Services
from deploy.local.stack import LocalStack
from shared.broker import topology
from shared.domain.events import Kind
from shared.domain.units import Units
from shared.programme.folder import load_programme
from shared.registry.units_file import read_units
from shared.runtime.config import Settings

PEER_SCHEMA = Path(__file__).parent / "peers" / "schema.sql"
PYTHON = sys.executable
READY_SECONDS = 60.0


class Stand:
    """The servers of a run, a migrated and loaded database to copy from, and a key that every door knows."""

    def __init__(self, stack: LocalStack) -> None:
        self.stack = stack
        self.work = stack.run_dir / "loads"
        self.work.mkdir(parents=True, exist_ok=True)
        self.units = Units(read_units(PROJECT / "data" / "units.csv"))
        self.programme = load_programme(PROJECT / "programmes" / "ecd-1437")
        roots = {unit.uid for unit in self.units if unit.parent is None}
        self.provinces = [unit.uid for unit in self.units if unit.parent in roots]
        self._template = self._create_database("loaded", "template0")
        roles = role_settings(self._template)
        environment = {**stack.environment(), "KIP_DATABASE_URL": self._template, **roles}
        for words in PREPARATION:
            kip(environment, *words)
        added = kip(environment, "source", "add", "bench", "--read", "--kinds", ",".join(Kind), "--json")
        self.headers = {"authorization": f"Bearer {json.loads(added)['key']}"}
        self.servers = servers()
        self._peers: list[Process] = []

    def place(self, name: str) -> dict[str, str]:
        """The settings of a contender: a copy of the loaded database, and a virtual host."""
        if self.stack.rabbitmq is None:
            raise BenchError("the benchmark runs on a private broker only")
        amqp_url = self.stack.rabbitmq.add_vhost(name)
        asyncio.run(topology.declare(amqp_url, Settings.model_fields["partitions"].default))
        return {
            **self.stack.environment(),
            "KIP_AMQP_URL": amqp_url,
            "KIP_DATABASE_URL": self._create_database(name, "loaded"),
            "KIP_LOG_FORMAT": "json",
        }

    def pipeline(self, settings: Mapping[str, str] | None = None, name: str = "pipeline") -> tuple[Services, Contender]:
        """Intake and aggregation, as `make run` starts them."""
        own = {**self.place(name), **(settings or {})}
        chosen = [service for service in SERVICES if service.name in {"intake", "aggregation"}]
        services = Services(self.stack, chosen, own).start()
        door = f"{services.url('intake')}/v1/events"
        contender = Contender(name, door, own["KIP_DATABASE_URL"], "aggregation", self.headers)
        contender.pids = pids_of(services)
        return services, contender

    def peer(
        self, name: str, module: str, worker: Sequence[str] = (), prepare: Callable[[str], None] = lambda _: None
    ) -> Contender:
        """A peer: its door (`module front`) and, where it has one, the worker behind it."""
        place = {**self.place(name), "KIP_INTAKE_PORT": str(free_port())}
        with psycopg.connect(place["KIP_DATABASE_URL"], autocommit=True) as connection:
            connection.execute(PEER_SCHEMA.read_text(encoding="utf-8"))
        prepare(place["KIP_DATABASE_URL"])
        commands = {"front": [PYTHON, "-m", module, "front"], **({"worker": list(worker)} if worker else {})}
        processes = {part: self.start(f"{name}-{part}", argv, place) for part, argv in commands.items()}
        self._peers += processes.values()
        door = f"http://{LOOPBACK}:{place['KIP_INTAKE_PORT']}"
        wait_ready(f"{door}/readyz", processes["front"])
        contender = Contender(name, f"{door}/v1/events", place["KIP_DATABASE_URL"], "peer", self.headers)
        contender.pids = {part: process.pid for part, process in processes.items()}
        return contender

    def stop_peers(self) -> None:
        """End every peer."""
        for process in self._peers:
            process.begin_stop()
        for process in self._peers:
            process.stop()

    def start(self, name: str, argv: Sequence[str], environment: Mapping[str, str]) -> Process:
        """A process of the run; it ends with it."""
        return self.stack.supervisor.start(Command(name, argv, {"PYTHONUNBUFFERED": "1", **environment}))

    def load(self, within: Sequence[str], count: int, seed: str) -> Load:
        """A load of this run's programme and units."""
        return make_load(self.programme, self.units, within, count, seed)

    def write(self, name: str, bodies: Sequence[bytes | tuple[bytes, bytes]]) -> str:
        """Put bodies where clients find them."""
        return write_bodies(self.work / f"{name}.bodies", bodies)

    def new_database(self, name: str) -> str:
        """Another copy of the loaded database; its URL."""
        return self._create_database(name, "loaded")

    def drop_database(self, name: str) -> None:
        """Drop a copy, whoever is connected."""
        self._postgres().execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')

    def _create_database(self, name: str, template: str) -> str:
        self._postgres().execute(f'CREATE DATABASE "{name}" TEMPLATE "{template}"')
        return self._postgres().database_url(name)

    def _postgres(self) -> Postgres:
        if self.stack.postgres is None:
            raise BenchError("the benchmark runs on a private database only")
        return self.stack.postgres


def pids_of(services: Services) -> dict[str, int]:
    """The services' pids by name; they change when one is started again."""
    return {name: services.process(name).pid for name in services.ports}


def kip(environment: Mapping[str, str], *words: str) -> str:
    """What a `kip` command prints. Raises BenchError with its errors."""
    done = subprocess.run(  # noqa: S603 - ours
        [PYTHON, "-m", "cli.main", *words],
        cwd=PROJECT, env={**os.environ, **environment}, capture_output=True, text=True, check=False,
    )  # fmt: skip
    if done.returncode != 0:
        raise BenchError(f"kip {' '.join(words)} exited {done.returncode}: {done.stderr.strip()[-2000:]}")
    return done.stdout


def wait_ready(url: str, process: Process) -> None:
    """Until the address answers 200. Raises BenchError with the end of the process's log."""
    deadline = monotonic() + READY_SECONDS
    while monotonic() < deadline and process.running:
        try:
            if httpx.get(url, timeout=5, trust_env=False).status_code == httpx.codes.OK:
                return
        except httpx.HTTPError:
            pass
        sleep(0.05)
    raise BenchError(f"{process.command.name} is not ready:\n{process.last_lines()}")
