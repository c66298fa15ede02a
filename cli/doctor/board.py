"""The board: whether it can be reached, is ready, has its key, and gets answers of the other services."""

from collections.abc import AsyncIterator, Mapping

import httpx

from cli.doctor.finding import Finding, bad, good
from shared.runtime.config import Settings

LOOPBACK = "127.0.0.1"
SECONDS = 5.0
START = "start the board, or mend KIP_BOARD_URL"
CURES = {
    "database": "run 'kip migrate', and mend the board's KIP_DATABASE_URL",
    "key": "run 'kip board key' with the board's KIP_BOARD_KEY_FILE (docs/operate/keys.md)",
}
OTHER = "see the board's log"


async def check_board(settings: Settings) -> AsyncIterator[Finding]:
    """Ask its `/readyz`, which says all of that."""
    url = settings.board_url or f"http://{LOOPBACK}:{settings.board_port}"
    try:
        async with httpx.AsyncClient(timeout=SECONDS, trust_env=False) as client:
            told = (await client.get(f"{url}/readyz")).json()
        checks, services = dict(told["checks"]), dict(told["services"])
    except httpx.HTTPError as error:
        yield bad("board", f"{url} does not answer ({type(error).__name__})", START)
        return
    except (ValueError, KeyError, TypeError):
        yield bad("board", f"what answers at {url} is no board", START)
        return
    for finding in _findings(checks, services):
        yield finding


def _findings(checks: Mapping[str, str], services: Mapping[str, str]) -> list[Finding]:
    found = [
        bad(f"board.{name}", reason, CURES.get(name, OTHER))
        for name, reason in sorted(checks.items())
        if reason != "ok"
    ]
    found += [
        bad("board.services", f"{name}: {reason}", f"start {name}, or mend the board's KIP_{name.upper()}_URL")
        for name, reason in sorted(services.items())
        if reason != "ok"
    ]
    return found or [good("board", "it is ready, its key is taken, and every service answers it")]
