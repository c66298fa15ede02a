"""Makes docker compose's secrets: `python3 deploy/compose/make_secrets.py` (standard library only, safe to run again).

Writes random passwords to deploy/compose/secrets/, which git and docker builds ignore, and the files that follow from
them: for each service the URLs of its own role and user (`intake_database_url`), which `kip migrate` makes; for `kip
migrate` alone those of the tables' owner and of the broker's administrator (`owner_database_url`); and the board's key
to the other services (`board_key`), which `kip board key` lets in. A file that is there
is kept, so that running servers still know their passwords: remove one to get another (docs/operate/keys.md).
The folder is its owner's only (0700); the files in it can be read by the containers' users (0644), because compose
mounts them as they are.
"""

import base64
import hashlib
import json
import sys
from collections.abc import Callable
from pathlib import Path
from secrets import token_bytes, token_hex, token_urlsafe

HERE = Path(__file__).resolve().parent
DEFINITIONS = HERE.parent / "rabbitmq" / "definitions.json"
ROLES = ("intake", "aggregation", "notifications", "board", "operator")
WITHOUT_BROKER = "board"
PASSWORDS = ("postgres_password", "rabbitmq_password", "grafana_password")
URLS = tuple(
    f"{who}_{server}_url"
    for who in ("owner", *ROLES)
    for server in ("database", "amqp")
    if (who, server) != (WITHOUT_BROKER, "amqp")
)
FILES = (*PASSWORDS, *URLS, "board_key", "smtp_url", "rabbitmq_definitions")
# What the files were called when all services shared one role and user: the owner's. They are renamed once.
FORMER_NAMES = {"database_url": "owner_database_url", "amqp_url": "owner_amqp_url"}


def password_hash(password: str, salt: bytes) -> str:
    """Hash a password as RabbitMQ does (rabbit_password_hashing_sha256): base64 of the salt and SHA-256 of salt and
    password.
    """
    return base64.b64encode(salt + hashlib.sha256(salt + password.encode()).digest()).decode()


def definitions(password: str, salt: bytes, template: str) -> str:
    """Write the broker's definitions with the user `kip`, an administrator: `kip migrate` makes the services' users as
    it.
    """
    made = json.loads(template)
    made["users"] = [
        {
            "name": "kip",
            "password_hash": password_hash(password, salt),
            "hashing_algorithm": "rabbit_password_hashing_sha256",
            "tags": ["administrator"],
        }
    ]
    return json.dumps(made, indent=1) + "\n"


def write_secrets(folder: Path, random_hex: Callable[[int], str] = token_hex) -> list[str]:
    """Write what is missing in `folder`; the names of what was written."""
    folder.mkdir(mode=0o700, exist_ok=True)
    folder.chmod(0o700)
    written: list[str] = []
    for former, name in FORMER_NAMES.items():
        if (folder / former).exists() and not (folder / name).exists():
            (folder / former).rename(folder / name)
            (folder / "rabbitmq_definitions").unlink(missing_ok=True)  # its user was no administrator then
            written.append(f"{former} → {name}")

    def keep(name: str, make: Callable[[], str]) -> str:
        path = folder / name
        if not path.exists():
            path.write_text(make(), encoding="utf-8")
            path.chmod(0o644)
            written.append(name)
        return path.read_text(encoding="utf-8").strip()

    postgres, rabbitmq, _ = (keep(name, lambda: random_hex(24)) for name in PASSWORDS)
    keep("owner_database_url", lambda: f"postgresql://kip:{postgres}@postgres:5432/kip")
    keep("owner_amqp_url", lambda: f"amqp://kip:{rabbitmq}@rabbitmq:5672/")
    for role in ROLES:
        keep(f"{role}_database_url", lambda role=role: f"postgresql://kip_{role}:{random_hex(24)}@postgres:5432/kip")  # type: ignore[misc]
        if role != WITHOUT_BROKER:
            keep(f"{role}_amqp_url", lambda role=role: f"amqp://kip_{role}:{random_hex(24)}@rabbitmq:5672/")  # type: ignore[misc]
    keep("board_key", lambda: f"kip_{token_urlsafe(32)}")
    keep("smtp_url", lambda: "smtp://mailpit:1025")
    template = DEFINITIONS.read_text(encoding="utf-8")
    keep("rabbitmq_definitions", lambda: definitions(rabbitmq, token_bytes(4), template))
    return written


if __name__ == "__main__":
    made = write_secrets(HERE / "secrets")
    sys.stdout.write(f"{HERE / 'secrets'}: {', '.join(made) if made else 'all there already'}\n")
