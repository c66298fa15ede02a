"""Asks whether a weakness is known of a package in the image: `python -m deploy.checks.advisories`.

By `uv audit`, which sends the names and versions of uv.lock to the OSV database. Exits with 1 for a weakness. Where
the database can't be reached nothing is known: that is said, and is no fault, because a check must also work offline.
"""

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
UV = ROOT / ".venv" / ".uv" / "bin" / "uv"
CLEAN, FOUND = 0, 1  # anything else: uv could not ask


def audit(*options: str) -> tuple[int, str]:
    """Run `uv audit` with these further options; return the exit code for make, and what to print."""
    command = [str(UV), "audit", "--frozen", "--no-default-groups", *options]
    once = {**os.environ, "UV_HTTP_RETRIES": "0"}
    done = subprocess.run(command, cwd=ROOT, env=once, check=False, capture_output=True, text=True)  # noqa: S603 - fixed
    if done.returncode == CLEAN:
        return 0, ""
    if done.returncode == FOUND:
        return 1, done.stdout + done.stderr
    reason = next((line.strip() for line in reversed(done.stderr.splitlines()) if line.strip()), "no reason given")
    return 0, f"uv.lock: not audited, the database of advisories can't be asked ({reason.removeprefix('cause: ')})\n"


def main() -> int:
    code, said = audit()
    sys.stdout.write(said)
    return code


if __name__ == "__main__":
    sys.exit(main())
