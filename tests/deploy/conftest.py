"""Servers as they are deployed: a broker with the shipped definitions and plugins, a database that is durable."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from deploy.compose.make_secrets import write_secrets
from deploy.local.passwords import write_private
from deploy.local.ports import LOOPBACK, free_port
from deploy.local.postgres import Postgres
from deploy.local.rabbitmq import RabbitMQ
from deploy.local.stack import LocalStack
from tests.system import kip, migrate


@dataclass(frozen=True)
class FullBroker:
    """Where it is. Its only user is `kip`, with the rights of the definitions."""

    server: RabbitMQ
    password: str
    management_port: int
    prometheus_port: int

    @property
    def amqp_url(self) -> str:
        """`amqp://…` of the virtual host /."""
        return self.server.url

    @property
    def management_url(self) -> str:
        """`http://…` with the user and password."""
        return f"http://kip:{self.password}@{LOOPBACK}:{self.management_port}"


@pytest.fixture(scope="session")
def secrets_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What `make_secrets.py` writes."""
    folder = tmp_path_factory.mktemp("compose") / "secrets"
    write_secrets(folder)
    return folder


@pytest.fixture(scope="session")
def full_broker(tmp_path_factory: pytest.TempPathFactory, secrets_folder: Path) -> Iterator[FullBroker]:
    """Started once; its one virtual host is shared by the tests that ask for it."""
    management, prometheus = free_port(), free_port()
    settings = {
        "load_definitions": str(secrets_folder / "rabbitmq_definitions"),
        "management.tcp.ip": LOOPBACK,
        "management.tcp.port": str(management),
        "prometheus.tcp.ip": LOOPBACK,
        "prometheus.tcp.port": str(prometheus),
    }
    password = (secrets_folder / "rabbitmq_password").read_text()
    folder = tmp_path_factory.mktemp("broker")
    with LocalStack(folder, amqp_url="", database_url="", smtp_url="", usual_ports=False) as stack:
        write_private(folder / "rabbitmq.password", password)
        plugins = ["rabbitmq_management", "rabbitmq_prometheus"]
        server = RabbitMQ(stack.supervisor, plugins=plugins, settings=settings)
        server.start()
        yield FullBroker(server, password, management, prometheus)


@dataclass(frozen=True)
class DurableServer:
    """A database server with the shipped settings (durable), which archives its write-ahead log to `archive`."""

    server: Postgres
    archive: Path


@pytest.fixture(scope="session")
def durable(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DurableServer]:
    """Its database `kip` is migrated and loaded."""
    folder = tmp_path_factory.mktemp("durable")
    archive = folder / "archive"
    archive.mkdir()
    settings = {"archive_mode": "on", "archive_command": f"cp %p {archive}/%f"}
    with LocalStack(folder, amqp_url="", smtp_url="", usual_ports=False, postgres_settings=settings) as stack:
        assert stack.postgres is not None
        migrate(stack.database_url)
        environment = {"KIP_AMQP_URL": "amqp://unused", "KIP_DATABASE_URL": stack.database_url}
        kip("load", "programmes/ecd-1437", environment=environment)
        yield DurableServer(stack.postgres, archive)
