"""TLS to broker and database with a private authority: all of ours works by it, and no other certificate does."""

import contextlib
import os
import ssl
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest
import trustme

from deploy.local.http import LOCAL
from deploy.local.passwords import password, role_settings, service_urls
from deploy.local.ports import LOOPBACK, free_port
from deploy.local.rabbitmq import RabbitMQ
from deploy.local.stack import LocalStack
from shared.access.role_rights import BROKER_RIGHTS
from shared.runtime.config import SettingsError, load_settings
from tests.conftest import TEST_POSTGRES_SETTINGS
from tests.deploy.tls_front import TlsFront
from tests.forks import run_kip
from tests.system import ROOT, System, access

NAMES = ("intake", "aggregation", "notifications")
EACH_ENCRYPTED = (
    "[proplists:get_value(ssl, rabbit_networking:connection_info(P, [ssl])) || P <- rabbit_networking:connections()]."
)


@dataclass(frozen=True)
class Secure:
    """Servers whose certificate is `authority`'s, for 127.0.0.1 alone; `other` is an authority that they don't know."""

    stack: LocalStack
    broker: RabbitMQ
    front: TlsFront
    amqp_url: str
    management_url: str
    authority: Path
    other: Path

    @property
    def database_url(self) -> str:
        """The owner's, by the way in that speaks TLS only."""
        assert self.stack.postgres is not None
        return self.stack.database_url.replace(f":{self.stack.postgres.port}/", f":{self.front.port}/")

    @property
    def trust(self) -> dict[str, str]:
        """The settings that name the authority."""
        return {"KIP_AMQP_CA_FILE": str(self.authority), "KIP_DATABASE_CA_FILE": str(self.authority)}

    @property
    def environment(self) -> dict[str, str]:
        """The owner's and the administrator's settings."""
        urls = {"KIP_AMQP_URL": self.amqp_url, "KIP_DATABASE_URL": self.database_url}
        return {**urls, "KIP_AMQP_MANAGEMENT_URL": self.management_url, "COLUMNS": "500", **self.trust}


@pytest.fixture(scope="module")
def secure(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Secure]:
    folder = tmp_path_factory.mktemp("tls")
    authority, other = trustme.CA(), trustme.CA()
    authority.cert_pem.write_to_path(str(folder / "authority.pem"))
    other.cert_pem.write_to_path(str(folder / "other.pem"))
    issued = authority.issue_cert(LOOPBACK)
    issued.private_key_pem.write_to_path(str(folder / "key.pem"))
    (folder / "key.pem").chmod(0o600)
    issued.cert_chain_pems[0].write_to_path(str(folder / "cert.pem"))
    files = {"cacertfile": "authority.pem", "certfile": "cert.pem", "keyfile": "key.pem"}
    amqps, management = free_port(), free_port()
    broker_settings = {
        "listeners.ssl.local": f"{LOOPBACK}:{amqps}",
        "management.ssl.ip": LOOPBACK,
        "management.ssl.port": str(management),
        **{f"ssl_options.{name}": str(folder / file) for name, file in files.items()},
        **{f"management.ssl.{name}": str(folder / file) for name, file in files.items()},
    }
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    issued.configure_cert(context)
    run = folder / "run"
    with LocalStack(
        run, amqp_url="", smtp_url="", usual_ports=False, postgres_settings=TEST_POSTGRES_SETTINGS
    ) as stack:
        stack.rabbitmq = RabbitMQ(stack.supervisor, plugins=["rabbitmq_management"], settings=broker_settings)
        stack.rabbitmq.start()
        assert stack.postgres is not None
        front = TlsFront(context, stack.postgres.port)
        front.start()
        word = password(run / "rabbitmq.password")
        yield Secure(
            stack,
            stack.rabbitmq,
            front,
            f"amqps://kip:{word}@{LOOPBACK}:{amqps}/?cafile={folder / 'authority.pem'}",
            f"https://kip:{word}@{LOOPBACK}:{management}",
            folder / "authority.pem",
            folder / "other.pem",
        )
        front.stop()


@pytest.fixture(scope="module")
def prepared(secure: Secure) -> Secure:
    """Migrated and loaded over TLS, with each service's role and user made by `kip migrate`."""
    users = {f"KIP_{role.upper()}_AMQP_URL": url for role, url in service_urls(secure.amqp_url, BROKER_RIGHTS).items()}
    logins = {**role_settings(secure.database_url), **users}
    for words in (("migrate",), ("load", "programmes/ecd-1437")):
        done = run_kip(*words, environment={**secure.environment, **logins})
        assert done.returncode == 0, done.stderr
    return secure


def test_every_client_goes_by_tls(prepared: Secure) -> None:
    system = System(prepared.stack, prepared.amqp_url, tls_url(prepared), NAMES, prepared.trust)
    try:
        assert system.post([access()]).status_code == 202
        ask = {"indicator": "child-service-access", "within": "VN", "period": "2023-Q1"}
        system.wait_until(lambda: system.rollups(**ask)[0]["units_reported"] == 1, "it is counted")
        assert prepared.front.encrypted > 10
        assert prepared.front.refused == 0  # nobody tried without
        each = prepared.broker.evaluate(EACH_ENCRYPTED)
        assert "true" in each
        assert "false" not in each
        own = {**system.environment, "KIP_AMQP_MANAGEMENT_URL": prepared.management_url, "COLUMNS": "500"}
        said = run_kip("doctor", "--json", environment=own).stdout
        assert '"a message is confirmed"' in said
        assert "management API does not answer" not in said
    finally:
        system.services.stop()


def tls_url(secure: Secure) -> str:
    """As the test's own client needs it, which has no settings."""
    return f"{secure.database_url}?sslmode=verify-full&sslrootcert={secure.authority}"


@pytest.mark.parametrize("wrong", ["authority", "host"])
@pytest.mark.parametrize(
    ("server", "words"),
    [
        ("DATABASE", ("load", "programmes/ecd-1437")),
        ("DATABASE", ("source", "list")),
        ("DATABASE", ("migrate", "--only", "database")),
        ("DATABASE", ("verify",)),
        ("AMQP", ("migrate", "--only", "broker")),
        ("DATABASE", ("doctor",)),
        ("AMQP", ("doctor",)),
    ],
)
def test_a_certificate_of_another_authority_or_for_another_host_is_refused_by_name(
    prepared: Secure, wrong: str, server: str, words: tuple[str, ...]
) -> None:
    done = run_kip(*words, environment={**prepared.environment, **spoilt(prepared, server, wrong)})
    said = done.stdout + done.stderr
    assert done.returncode == 1
    assert f"KIP_{server}_URL: the server's certificate is refused" in said
    assert f"KIP_{server}_CA_FILE" in said
    assert "Traceback" not in said


def spoilt(secure: Secure, server: str, wrong: str) -> dict[str, str]:
    """Settings with another authority, or with a host that the certificate isn't for."""
    if wrong == "authority":
        return {f"KIP_{server}_CA_FILE": str(secure.other)}
    return {f"KIP_{server}_URL": secure.environment[f"KIP_{server}_URL"].replace(LOOPBACK, "localhost", 1)}


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("server", ["DATABASE", "AMQP"])
def test_a_service_waits_and_logs_which_setting_to_mend(prepared: Secure, name: str, server: str) -> None:
    port = free_port()
    own = {
        **prepared.environment,
        **spoilt(prepared, server, "authority"),
        f"KIP_{name.upper()}_PORT": str(port),
        "KIP_LOG_FORMAT": "json",
        "PYTHONUNBUFFERED": "1",
    }
    log = prepared.stack.run_dir / f"refused-{name}-{server}.log"
    with log.open("w") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", f"services.{name}"],
            cwd=ROOT,
            env={**os.environ, **own},
            stdout=output,
            stderr=output,
        )
        try:
            deadline = time.monotonic() + 60
            while f"KIP_{server}_URL: the server's certificate is refused" not in log.read_text():
                assert process.poll() is None, log.read_text()
                assert time.monotonic() < deadline, log.read_text()
                time.sleep(0.1)
            ready = None
            while ready is None:  # it may say so before it listens
                assert process.poll() is None, log.read_text()
                assert time.monotonic() < deadline, log.read_text()
                with contextlib.suppress(httpx.ConnectError):
                    ready = LOCAL.get(f"http://{LOOPBACK}:{port}/readyz", timeout=10)
            assert ready.status_code == 503 or ready.json().get("events_go_to") == "spool"
        finally:
            process.terminate()
            process.wait(60)


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"KIP_AMQP_CA_FILE": "{ca}"}, "KIP_AMQP_CA_FILE is set, but KIP_AMQP_URL isn't encrypted"),
        ({"KIP_AMQP_URL": "amqps://a/?no_verify_ssl=1"}, "KIP_AMQP_URL has no_verify_ssl"),
        ({"KIP_DATABASE_URL": "postgresql://a/b?sslmode=require"}, "KIP_DATABASE_URL has sslmode=require"),
        (
            {"KIP_INTAKE_DATABASE_URL": "postgresql://a/b?sslmode=verify-ca"},
            "KIP_INTAKE_DATABASE_URL has sslmode=verify-ca",
        ),
        (
            {"KIP_DATABASE_URL": "postgresql://a/b?sslmode=disable", "KIP_DATABASE_CA_FILE": "{ca}"},
            "KIP_DATABASE_URL has sslmode=disable",
        ),
        (
            {"KIP_DATABASE_URL": "postgresql://a/b?sslmode=verify-full"},
            "name the authority's file in KIP_DATABASE_CA_FILE",
        ),
        ({"KIP_DATABASE_CA_FILE": "/nowhere.pem"}, "KIP_DATABASE_CA_FILE: /nowhere.pem holds no certificate"),
        ({"KIP_DATABASE_CA_FILE": "{empty}"}, "holds no certificate"),
    ],
)
def test_half_a_check_is_refused_at_the_start(
    settings: dict[str, str], said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ca, empty = tmp_path / "ca.pem", tmp_path / "empty.pem"
    trustme.CA().cert_pem.write_to_path(str(ca))
    empty.write_text("nothing\n")
    for name, value in {"KIP_AMQP_URL": "amqp://a/", "KIP_DATABASE_URL": "postgresql://a/b", **settings}.items():
        monkeypatch.setenv(name, value.format(ca=ca, empty=empty))
    with pytest.raises(SettingsError) as refused:
        load_settings()
    assert said in str(refused.value)


def test_several_hosts_keep_their_place_in_the_url(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ca = tmp_path / "ca.pem"
    trustme.CA().cert_pem.write_to_path(str(ca))
    monkeypatch.setenv("KIP_AMQP_URL", "amqps://u:p%40@a:5671,b:5671/v%2F")
    monkeypatch.setenv("KIP_DATABASE_URL", "postgresql://u:p%40@a:5432,b:5432/kip?options=-c%20a%3Db")
    monkeypatch.setenv("KIP_AMQP_CA_FILE", str(ca))
    monkeypatch.setenv("KIP_DATABASE_CA_FILE", str(ca))
    settings = load_settings()
    assert settings.amqp_url.get_secret_value() == f"amqps://u:p%40@a:5671,b:5671/v%2F?cafile={ca}"
    assert settings.database_url.get_secret_value() == (
        f"postgresql://u:p%40@a:5432,b:5432/kip?options=-c%20a%3Db&sslmode=verify-full&sslrootcert={ca}"
    )
