"""The image, built and run by a container engine, where one is at hand."""

import json
import re
import shutil
import subprocess
import time
from collections.abc import Iterator, Mapping

import pytest

from deploy.local.http import LOCAL
from deploy.local.ports import LOOPBACK, free_port
from tests.conftest import NewDatabase
from tests.system import ROOT, counselling

TAG = "kip:test"
BASE = re.search(r"^ARG PYTHON_IMAGE=(\S+)$", (ROOT / "Dockerfile").read_text(), re.MULTILINE)
# As docker-compose.yml and deploy/k8s run it; on the machine's own network, where the tests' servers are.
CONFINED = ("--read-only", "--tmpfs=/tmp", "--cap-drop=ALL", "--security-opt=no-new-privileges:true", "--network=host")
Settings = Mapping[str, str]


def docker(*words: str, seconds: float = 120, check: bool = True) -> "subprocess.CompletedProcess[str]":
    done = subprocess.run(["docker", *words], cwd=ROOT, capture_output=True, text=True, check=False, timeout=seconds)
    assert not check or done.returncode == 0, done.stdout + done.stderr
    return done


@pytest.fixture(scope="module")
def image() -> Iterator[str]:
    """Built from the Dockerfile as it is."""
    if shutil.which("docker") is None or docker("version", check=False).returncode:
        pytest.skip("no container engine")
    assert BASE is not None
    if docker("image", "inspect", BASE[1], check=False).returncode and docker("pull", BASE[1], check=False).returncode:
        pytest.skip(f"the engine can't get {BASE[1]}")
    docker("build", "--build-arg=REVISION=test", f"--tag={TAG}", ".", seconds=900)
    yield TAG
    docker("image", "rm", "--force", TAG, check=False)


def run(image: str, words: tuple[str, ...], settings: Settings, *options: str) -> str:
    """What a container prints that runs a kip command and ends."""
    environment = [f"--env={name}={value}" for name, value in settings.items()]
    return docker("run", "--rm", *CONFINED, *environment, *options, image, *words).stdout


def test_the_image_has_no_installer_a_bill_of_materials_and_a_user_without_rights(image: str) -> None:
    about = json.loads(docker("image", "inspect", image).stdout)[0]["Config"]
    assert about["User"] == "10001:10001"
    assert about["Labels"]["org.opencontainers.image.revision"] == "test"
    shell = ("--entrypoint=sh",)
    said = run(image, ("-c", "id -u; touch /app/x; command -v pip uv gcc cc; python -m pip; true"), {}, *shell)
    assert said.split() == ["10001"]
    bill = json.loads(run(image, ("-c", "cat /app/sbom.cdx.json"), {}, *shell))
    assert "asyncpg" in {component["name"] for component in bill["components"]}


def test_a_service_in_a_container_becomes_healthy_takes_an_event_and_stops_in_order(
    image: str, amqp_url: str, new_database: NewDatabase
) -> None:
    port = free_port()
    settings = {
        "KIP_AMQP_URL": amqp_url,
        "KIP_DATABASE_URL": new_database(),
        "KIP_INTAKE_PORT": str(port),
        "KIP_BIND": LOOPBACK,
    }
    assert "applied" in run(image, ("migrate",), settings)
    assert "loaded" in run(image, ("load", "programmes/ecd-1437"), settings)
    key = json.loads(run(image, ("source", "add", "app", "--json"), settings))["key"]
    environment = [f"--env={name}={value}" for name, value in settings.items()]
    container = docker("run", "--detach", *CONFINED, *environment, image, "intake").stdout.strip()
    try:
        health = "starting"
        for _ in range(240):
            health = docker("inspect", "--format={{.State.Health.Status}}", container).stdout.strip()
            if health != "starting":
                break
            time.sleep(0.5)
        assert health == "healthy", docker("logs", container).stdout
        answer = LOCAL.post(
            f"http://{LOOPBACK}:{port}/v1/events",
            json=[counselling("06412", "r1", parents=24)],
            headers={"Authorization": f"Bearer {key}", "Content-Type": "application/cloudevents-batch+json"},
            timeout=30,
        )  # fmt: skip
        assert answer.status_code == 202, answer.text
        docker("stop", "--time=60", container)
        state = json.loads(docker("inspect", container).stdout)[0]["State"]
        assert (state["ExitCode"], state["OOMKilled"]) == (0, False), docker("logs", container).stdout
    finally:
        docker("rm", "--force", container)
