"""Passwords of the private servers: made once per run folder, kept there, readable by the owner only."""

import hashlib
import hmac
import os
import secrets
from collections.abc import Iterable, Mapping
from pathlib import Path
from urllib.parse import quote, unquote, urlsplit, urlunsplit

from shared.access.keys import new_key
from shared.access.role_rights import ROLES

OWNER = "kip"  # of the private database's tables, and the private broker's administrator


def password(path: Path) -> str:
    """Read the password kept in `path` (mode 0600); make it on first use, so that a second run on the folder still gets
    in.
    """
    if not path.exists():
        write_private(path, secrets.token_hex(24))
    return path.read_text().strip()


def board_key(path: Path) -> Path:
    """Make the board's key on first use, and keep it in `path` as a password is; return the path."""
    if not path.exists():
        write_private(path, new_key())
    return path


def write_private(path: Path, text: str, mode: int = 0o600) -> None:
    """Write `text` so that no other user can read it at any moment; replaces a file that is there."""
    draft = path.with_name(f"{path.name}.new")
    draft.unlink(missing_ok=True)
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode), "w") as file:
        file.write(text)
    draft.replace(path)


def service_urls(owner_url: str, roles: Iterable[str] = ROLES) -> Mapping[str, str]:
    """Make the URL of the own login of each of these roles on the server that `owner_url` is the owner's of, by role.

    The passwords follow from the owner's, so that every process of a run knows them.
    """
    parts = urlsplit(owner_url)
    owner, place = unquote(parts.password or ""), parts.netloc.rpartition("@")[2]
    made = {role: hmac.new(owner.encode(), role.encode(), hashlib.sha256).hexdigest() for role in roles}
    return {
        role: urlunsplit(parts._replace(netloc=f"{quote(service_user(role))}:{word}@{place}"))
        for role, word in made.items()
    }


def role_settings(owner_url: str) -> dict[str, str]:
    """Make the settings by which `kip migrate` makes the role of each service: KIP_INTAKE_DATABASE_URL and so on."""
    return {f"KIP_{role.upper()}_DATABASE_URL": url for role, url in service_urls(owner_url).items()}


def service_user(role: str) -> str:
    """Name a service's login on the private servers."""
    return f"kip_{role}"
