"""Passwords of the private servers: made once per run folder, kept there, readable by the owner only."""

import os
import secrets
from pathlib import Path


def password(path: Path) -> str:
    """The password kept in `path` (mode 0600); made on first use, so that a second run on the folder still gets in."""
    if not path.exists():
        write_private(path, secrets.token_hex(24))
    return path.read_text().strip()


def write_private(path: Path, text: str, mode: int = 0o600) -> None:
    """Write `text` so that no other user can read it at any moment; replaces a file that is there."""
    draft = path.with_name(f"{path.name}.new")
    draft.unlink(missing_ok=True)
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode), "w") as file:
        file.write(text)
    draft.replace(path)
