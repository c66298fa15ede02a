"""docker-compose.yml and what it mounts, as far as that can be tried without a container engine."""

import asyncio
import copy
import json
import os
import shutil
import stat
import subprocess
import sys
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import aio_pika
import httpx
import pytest

from deploy.checks.compose import OURS, SERVICES, faults, read_compose, refusals
from deploy.compose.make_secrets import FILES, write_secrets
from deploy.local.ports import LOOPBACK
from sample.schedule import START
from services.board.app import NO_BROKER
from shared.access.logins import logins
from shared.access.role_rights import BROKER_RIGHTS, ROLES
from shared.broker import topology
from shared.runtime.config import load_settings
from tests.deploy.conftest import FullBroker
from tests.system import ROOT

COMPOSE = ROOT / "docker-compose.yml"
SAMPLE = ROOT / "docker-compose.sample.yml"


def test_what_docker_compose_refuses_is_a_fault(tmp_path: Path) -> None:
    docker = shutil.which("docker")
    if docker is None or subprocess.run([docker, "compose", "version"], check=False, capture_output=True).returncode:
        pytest.skip("no docker compose")
    (tmp_path / "docker-compose.yml").write_text("services:\n  a:\n    image: a\n    depends_on: [b]\n")
    assert "undefined service" in refusals(["docker-compose.yml"], tmp_path)[0]
    assert refusals(["docker-compose.yml", "docker-compose.sample.yml"]) == []


def test_the_shipped_file_has_no_fault() -> None:
    assert list(faults(read_compose(COMPOSE))) == []


def test_senders_are_sent_to_where_aggregation_listens() -> None:
    services = read_compose(COMPOSE)["services"]
    address = urlsplit(services["intake"]["environment"]["KIP_AGGREGATION_URL"])
    assert f"{address.hostname}:{address.port}:8081" in services["aggregation"]["ports"]


def test_a_setting_that_is_none_is_named() -> None:
    document = copy.deepcopy(read_compose(COMPOSE))
    document["services"]["intake"]["environment"]["KIP_TYPO"] = "1"
    assert "intake: KIP_TYPO is no setting" in faults(document)  # and of those that share the anchor


@pytest.mark.parametrize(
    ("service", "change", "said"),
    [
        ("intake", {"ports": ["8080:8080"]}, "intake: port 8080:8080 is open to other machines"),
        ("postgres", {"image": "postgres:latest"}, "postgres: the image postgres:latest has no version"),
        ("postgres", {"read_only": False}, "postgres: can write its root file system or gain rights"),
        ("rabbitmq", {"cap_add": ["CHOWN"]}, "rabbitmq: can write its root file system or gain rights"),
        ("grafana", {"cap_drop": []}, "grafana: can write its root file system or gain rights"),
        (
            "intake",
            {"secrets": [{"source": "owner_database_url", "target": "database_url"},
                         {"source": "intake_amqp_url", "target": "amqp_url"}]},
            "intake: gets owner_database_url, another's login",
        ),
        (
            "aggregation",
            {"secrets": [{"source": "aggregation_database_url", "target": "database_url"}]},
            "aggregation: reads the secret amqp_url, which it doesn't get",
        ),
        ("grafana", {"secrets": ["grafana_password", "board_key"]}, "grafana: gets the board's key"),
        ("intake", {"stop_grace_period": "10s"}, "intake: stop_grace_period 10s: a stop may take 40 s"),
        (
            "postgres",
            {"environment": {"POSTGRES_PASSWORD": "x"}},
            "postgres: POSTGRES_PASSWORD stands in the environment instead of a file",
        ),
        (
            "grafana",
            {"depends_on": {"loki": {"condition": "service_started"}}},
            "grafana: waits for loki, which isn't there",
        ),
    ],
)  # fmt: skip
def test_a_fault_is_named(service: str, change: dict[str, object], said: str) -> None:
    document = copy.deepcopy(read_compose(COMPOSE))
    document["services"][service].update(change)
    assert list(faults(document)) == [said]


def test_what_the_specification_refuses_is_refused(tmp_path: Path) -> None:
    text = COMPOSE.read_text().replace("restart: unless-stopped", "restart: sometimes", 1)
    (tmp_path / "docker-compose.yml").write_text(text)
    with pytest.raises(ValueError, match="restart"):
        read_compose(tmp_path / "docker-compose.yml")


def test_the_sample_year_has_the_clock_that_it_is_made_for() -> None:
    document = read_compose(SAMPLE)
    clocks = {document["services"][name]["environment"]["KIP_CLOCK"] for name in SERVICES if name != "board"}
    assert clocks == {START.isoformat()}
    for source in (volume.split(":")[0] for volume in document["services"]["sample"]["volumes"]):
        assert (ROOT / source).is_dir()


def test_the_sample_year_is_kept_away_from_a_system_with_the_real_clock(loaded_database: str, tmp_path: Path) -> None:
    """That it plays through a running system is `make demo`'s to show."""
    environment = {**os.environ, "KIP_AMQP_URL": "amqp://unused", "KIP_DATABASE_URL": loaded_database}
    done = subprocess.run(
        [sys.executable, "-m", "demo.feed", "--folder", str(tmp_path / "sample")],
        cwd=ROOT, env=environment, capture_output=True, text=True, check=False, timeout=170,
    )  # fmt: skip
    assert done.returncode == 1
    assert "the clock is real" in done.stdout


def test_secrets_are_random_kept_and_readable_only_through_a_closed_folder(tmp_path: Path) -> None:
    folder = tmp_path / "secrets"
    assert sorted(write_secrets(folder)) == sorted(FILES)
    before = {path.name: path.read_text() for path in folder.iterdir()}
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert before["postgres_password"] in before["owner_database_url"]
    urls = [text for name, text in before.items() if name.endswith(("database_url", "amqp_url"))]
    assert len({urlsplit(url).password for url in urls}) == len(urls) == 11
    assert before["rabbitmq_password"] not in before["rabbitmq_definitions"]
    assert write_secrets(folder) == []
    (folder / "grafana_password").unlink()
    assert write_secrets(folder) == ["grafana_password"]
    after = {path.name: path.read_text() for path in folder.iterdir()}
    assert {name for name in after if after[name] != before[name]} == {"grafana_password"}


def test_secrets_of_the_time_of_one_role_become_the_owner_s(tmp_path: Path) -> None:
    folder = tmp_path / "secrets"
    write_secrets(folder)
    for name in FILES:
        if name.endswith(("database_url", "amqp_url")) and not name.startswith("owner"):
            (folder / name).unlink()
    for server in ("database", "amqp"):
        (folder / f"owner_{server}_url").rename(folder / f"{server}_url")
    former, definitions = (folder / "database_url").read_text(), (folder / "rabbitmq_definitions").read_text()
    assert write_secrets(folder)
    assert (folder / "owner_database_url").read_text() == former
    assert {path.name for path in folder.iterdir()} == set(FILES)
    assert (folder / "rabbitmq_definitions").read_text() != definitions
    assert write_secrets(folder) == []


@pytest.mark.parametrize("service", OURS)
def test_a_container_reads_its_settings_from_its_own_secret_files(
    service: str, secrets_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    described = read_compose(COMPOSE)["services"][service]
    files = {
        (secret if isinstance(secret, str) else secret["target"]): secret
        if isinstance(secret, str)
        else secret["source"]
        for secret in described["secrets"]
    }
    for name, value in described["environment"].items():
        monkeypatch.delenv(name.removesuffix("_FILE"), raising=False)
        source = files.get(value.rpartition("/")[2])
        monkeypatch.setenv(name, str(secrets_folder / source) if source else value)
    settings = load_settings(NO_BROKER if service == "board" else None)
    operators = dict.fromkeys(("prepare", "board-key", "kip"), "kip_operator")
    user = {"migrate": "kip", **operators}.get(service, f"kip_{service}")
    if service != "board":
        assert settings.amqp_url.get_secret_value().startswith(f"amqp://{user}:")
    assert (settings.board_key is not None) == (service in {"board", "board-key"})
    assert settings.database_url.get_secret_value().startswith(f"postgresql://{user}:")
    made = logins(settings, "database"), logins(settings, "amqp")
    assert [set(found) for found in made] == (
        [set(ROLES), set(BROKER_RIGHTS)] if service == "migrate" else [set(), set()]
    )


async def test_the_definitions_give_a_broker_whose_user_may_do_what_the_services_do_and_no_more(
    full_broker: FullBroker,
) -> None:
    await topology.declare(full_broker.amqp_url, 4)
    connection = await aio_pika.connect(full_broker.amqp_url)
    async with connection:
        channel = await connection.channel()
        with pytest.raises(aio_pika.exceptions.ChannelClosed, match="ACCESS_REFUSED"):
            await channel.declare_queue("foreign")


async def test_the_user_guest_does_not_exist(full_broker: FullBroker) -> None:
    with pytest.raises(aio_pika.exceptions.ProbableAuthenticationError):
        await aio_pika.connect(f"amqp://guest:guest@{LOOPBACK}:{full_broker.server.port}/")


async def test_the_policies_limit_every_queue_that_services_read_and_the_journal(full_broker: FullBroker) -> None:
    await topology.declare(full_broker.amqp_url, 4)
    address = f"http://{LOOPBACK}:{full_broker.management_port}/api/queues/%2F"
    queues: dict[str, Any] = {}
    async with httpx.AsyncClient(auth=("kip", full_broker.password), trust_env=False) as client:
        for _ in range(300):  # the management plugin learns of a new queue within its interval, 5 s
            answer = await client.get(address)
            queues = {queue["name"]: queue.get("effective_policy_definition") for queue in answer.json()}
            if sum(map(bool, queues.values())) == 7:
                break
            await asyncio.sleep(0.1)
    policies = json.loads((ROOT / "deploy/rabbitmq/definitions.json").read_text())["policies"]
    limits, journal = [policy["definition"] for policy in policies]
    read = {"kip.notifications", "kip.alerts", *(f"kip.aggregation.{number}" for number in range(4))}
    assert {name for name, policy in queues.items() if policy == limits} == read
    assert queues["kip.journal"] == journal
    assert not queues["kip.dead"]
