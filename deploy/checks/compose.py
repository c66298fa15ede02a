"""Checks docker-compose.yml and the Dockerfile as far as that goes without a container engine.

`python -m deploy.checks.compose` prints one line a fault and exits with 1 if there is any. The files are read by the
validating parser of the Compose Specification, and by `docker compose config` where that is installed (it needs no
engine); the Dockerfile by hadolint (make check calls it).
"""

import json
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from compose_spec import PyCompose
from ruamel.yaml import YAML

from deploy.checks.report import report
from deploy.compose.make_secrets import FILES
from shared.broker.client import DRAIN_SECONDS
from shared.database.connections import CLOSE_SECONDS
from shared.http.serve import GRACE_SECONDS
from shared.runtime.config import PREFIX, Settings

ROOT = Path(__file__).resolve().parents[2]
WITH_DEFAULT = re.compile(r"\$\{\w+:-([^}]*)\}")
SERVICES = ("intake", "aggregation", "notifications", "board")
OPERATORS = ("prepare", "board-key", "kip")
OURS = ("migrate", *OPERATORS, *SERVICES)
ADDRESSES = tuple(  # without a password in it
    f"KIP_{name}_URL" for name in ("INTAKE", "AGGREGATION", "NOTIFICATIONS", "BOARD", "PUBLIC")
)
LOGIN = re.compile(r"(owner|intake|aggregation|notifications|board|operator)_(database|amqp)_url")
BOARD_KEY_FOR = ("board", "board-key")
FILES_TOGETHER = (("docker-compose.yml",), ("docker-compose.yml", "docker-compose.sample.yml"))


def read_compose(path: Path) -> dict[str, Any]:
    """Read the file, defaults filled in and anchors resolved. Raises ValueError for what the specification refuses."""
    text = WITH_DEFAULT.sub(r"\1", path.read_text(encoding="utf-8"))
    document: dict[str, Any] = YAML(typ="safe").load(text)
    PyCompose.from_yaml(json.dumps(document))
    return document


def faults(document: dict[str, Any]) -> Iterator[str]:
    """Find what is wrong beyond the specification."""
    for name, service in document["services"].items():
        yield from (f"{name}: {fault}" for fault in _service_faults(service))
        for wanted, condition in service.get("depends_on", {}).items():
            needed = document["services"].get(wanted)
            if needed is None:
                yield f"{name}: waits for {wanted}, which isn't there"
            elif condition["condition"] == "service_healthy" and "healthcheck" not in needed:
                yield f"{name}: waits until {wanted} is healthy, which has no check"
    for name in OURS:
        yield from (f"{name}: {fault}" for fault in _own_faults(document["services"][name]))
    for name, service in document["services"].items():
        yield from (f"{name}: {fault}" for fault in _login_faults(name, service))
    for name, secret in document["secrets"].items():
        if name not in FILES or secret["file"] != f"deploy/compose/secrets/{name}":
            yield f"secret {name}: make_secrets.py does not write {secret['file']}"


def refusals(names: Sequence[str], folder: Path = ROOT) -> list[str]:
    """Return what `docker compose config` says against these files together; nothing where it isn't installed."""
    docker = shutil.which("docker")
    if docker is None or subprocess.run([docker, "compose", "version"], check=False, capture_output=True).returncode:  # noqa: S603
        return []
    files = [word for name in names for word in ("--file", str(folder / name))]
    done = subprocess.run([docker, "compose", *files, "config", "--quiet"], check=False, capture_output=True, text=True)  # noqa: S603
    return [done.stderr.strip()] if done.returncode else []


def _login_faults(name: str, service: dict[str, Any]) -> Iterator[str]:
    """Find a container with another's login, or with a secret that it has no setting for; `migrate` makes the
    logins.
    """
    own = {"migrate": "owner", **dict.fromkeys((*OPERATORS, "sample"), "operator")}.get(name, name)
    sources = [secret if isinstance(secret, str) else secret["source"] for secret in service.get("secrets", [])]
    for source in sources:
        login = LOGIN.fullmatch(source)
        if login and login[1] != own and not (name == "migrate" and login[1] != "owner"):
            yield f"gets {source}, another's login"
        if source == "board_key" and name not in BOARD_KEY_FOR:
            yield "gets the board's key"
    if name in OURS:
        mounted = {secret if isinstance(secret, str) else secret["target"] for secret in service.get("secrets", [])}
        read = {str(path).rpartition("/")[2] for key, path in service["environment"].items() if key.endswith("_FILE")}
        yield from (f"reads the secret {missing}, which it doesn't get" for missing in sorted(read - mounted))
        yield from (f"gets the secret {idle}, which it doesn't read" for idle in sorted(mounted - read))


def _service_faults(service: dict[str, Any]) -> Iterator[str]:
    if (
        service.get("read_only") is not True
        or service.get("cap_drop") != ["ALL"]
        or service.get("cap_add")
        or service.get("security_opt") != ["no-new-privileges:true"]
    ):
        yield "can write its root file system or gain rights"
    if ":" not in service["image"] or service["image"].endswith(":latest"):
        yield f"the image {service['image']} has no version"
    yield from (
        f"port {port} is open to other machines"
        for port in service.get("ports", [])
        if not port.startswith("127.0.0.1:")
    )
    for name in service.get("environment", {}):
        if re.search(r"PASSWORD$|SECRET$|_URL$", name) and name not in ADDRESSES:
            yield f"{name} stands in the environment instead of a file"
    for volume in service.get("volumes", []):
        source = volume.split(":")[0]
        if source.startswith("./") and not (ROOT / source).exists():
            yield f"mounts {source}, which isn't there"


def _own_faults(service: dict[str, Any]) -> Iterator[str]:
    for name in service["environment"]:
        field = name.removeprefix(PREFIX).removesuffix("_FILE").lower()
        if field not in Settings.model_fields:
            yield f"{name} is no setting"
    longest = GRACE_SECONDS + DRAIN_SECONDS + CLOSE_SECONDS
    if int(service["stop_grace_period"].removesuffix("s")) < longest:
        yield f"stop_grace_period {service['stop_grace_period']}: a stop may take {longest} s"


def main() -> int:
    try:
        sample = read_compose(ROOT / "docker-compose.sample.yml")["services"]["sample"]
        found = [*faults(read_compose(ROOT / "docker-compose.yml")), *_service_faults(sample)]
        found += _login_faults("sample", sample)
        found += [refusal for names in FILES_TOGETHER for refusal in refusals(names)]
    except ValueError as error:
        found = [str(error)]
    return report(f"docker-compose.yml: {fault}" for fault in found)


if __name__ == "__main__":
    sys.exit(main())
