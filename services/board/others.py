"""The three services behind the board: where they are, whether each answers, and whether they take the board's key."""

import asyncio
from collections.abc import Mapping

import httpx

from shared.runtime.config import Settings
from shared.runtime.metrics import SERVICE_UP
from shared.runtime.supervision import Supervised

LOOPBACK = "127.0.0.1"
ANSWER_SECONDS = 5.0
CONNECTIONS = 20  # of each service
IDLE_SECONDS = 2.0  # sooner than our services let go of a connection that nobody uses
LOOK_SECONDS = 5.0  # between two looks whether they answer
LOOK_WAIT = 2.0


def make_clients(settings: Settings) -> Mapping[str, httpx.AsyncClient]:
    """Make a client of each service: no redirect is followed, no proxy or key of the environment is used."""
    addresses = {
        "intake": settings.intake_url or f"http://{LOOPBACK}:{settings.intake_port}",
        "aggregation": settings.aggregation_url or f"http://{LOOPBACK}:{settings.aggregation_port}",
        "notifications": settings.notifications_url or f"http://{LOOPBACK}:{settings.notifications_port}",
    }
    limits = httpx.Limits(max_connections=CONNECTIONS, keepalive_expiry=IDLE_SECONDS)
    return {
        name: httpx.AsyncClient(base_url=url, timeout=ANSWER_SECONDS, limits=limits, trust_env=False)
        for name, url in addresses.items()
    }


class Others:
    """Looks every few seconds. `key_refused` says why the key isn't taken, by the last service that said anything."""

    def __init__(self, clients: Mapping[str, httpx.AsyncClient], key: str) -> None:
        self._clients = clients
        self._key = key
        self._away: dict[str, str | None] = dict.fromkeys(clients, "not asked yet")
        self.key_refused: str | None = None
        self.looking = Supervised("others", self._run)

    def standing(self) -> Mapping[str, str]:
        """Say of each service `ok`, or why it doesn't answer."""
        return {name: reason or "ok" for name, reason in self._away.items()}

    async def look(self) -> None:
        """Ask each whether it is alive, and one whether it takes the key."""
        *away, self.key_refused = await asyncio.gather(*map(self._ask, self._clients), self._ask_by_key())
        self._away = dict(zip(self._clients, away, strict=True))
        for name, reason in self._away.items():
            SERVICE_UP.labels(name).set(reason is None)

    async def _run(self) -> None:
        while True:
            await self.look()
            await asyncio.sleep(LOOK_SECONDS)

    async def _ask(self, name: str) -> str | None:
        client = self._clients[name]
        try:
            answer = await client.get("/healthz", timeout=LOOK_WAIT)
        except httpx.HTTPError as error:
            return f"{client.base_url} does not answer ({type(error).__name__})"
        return None if answer.is_success else f"{client.base_url} answers {answer.status_code}"

    async def _ask_by_key(self) -> str | None:
        headers = {"Authorization": f"Bearer {self._key}"}
        try:
            answer = await self._clients["aggregation"].get("/v1/programmes", headers=headers, timeout=LOOK_WAIT)
        except httpx.HTTPError:
            return self.key_refused  # nobody says anything new of it
        if answer.status_code in {httpx.codes.UNAUTHORIZED, httpx.codes.FORBIDDEN}:
            return f"aggregation refuses it ({answer.status_code}): run 'kip board key' with KIP_BOARD_KEY_FILE"
        return None if answer.is_success else self.key_refused
