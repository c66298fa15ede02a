"""A board's key in front of real services, with officers whom it names: for tests of what it may not do."""

import json
from pathlib import Path
from typing import Any

import asyncpg
import httpx

from deploy.local.http import LOCAL
from deploy.local.own_loop import in_own_loop
from tests.system import System, kip

HEADER = "name,role,unit,agency,channels,language"


class Board(System):
    """The services. `refs` are the officers as they were named when they were registered."""

    board_key: str
    refs: dict[str, str]

    def begin(self, folder: Path, *officers: tuple[str, str, str]) -> None:
        """Make the board's key and register the officers, each by name, unit and agency."""
        self.board_key = self.add_source("kip-board", "--read", "--act")
        self.register(folder, *officers)
        self.wait_until(lambda: self.ask("/v1/programmes").status_code == 200, "the key is known")
        self.wait_until(lambda: self.act(officers[0][0]).status_code == 202, "at the door as well")

    def register(self, folder: Path, *officers: tuple[str, str, str]) -> None:
        """Import officers, and read how they are named."""
        file = folder / "officers.csv"
        rows = [f"{name},x,{unit},{agency},email:{name.lower()}@b.vn,vi" for name, unit, agency in officers]
        file.write_text("\n".join([HEADER, *rows]) + "\n", encoding="utf-8")
        kip("officer", "import", str(file), environment=self.environment)
        listed = json.loads(kip("officer", "list", "--json", environment=self.environment))
        self.refs = {row["name"]: seat["ref"] for row in listed for seat in row["seats"]}

    def act(self, name: str, *events: dict[str, Any], device: str | None = None, **query: str) -> httpx.Response:
        """Post in the name of an officer."""
        written = self.refs[name] + (f"; device={device}" if device else "")
        return self.post(list(events), key=self.board_key, headers={"Kip-Officer": written}, **query)

    def ask(self, address: str, *headers: tuple[str, str], key: str | None = None) -> httpx.Response:
        """Read with the board's key and these headers, each as often as it is given."""
        given = [("Authorization", f"Bearer {key or self.board_key}"), *headers]
        return LOCAL.get(f"{self.services.url('aggregation')}{address}", headers=given, timeout=30)

    def status(self, made: dict[str, Any], *headers: tuple[str, str]) -> list[dict[str, Any]]:
        """What became of an event."""
        return list(self.ask(f"/v1/events/{made['source'].strip('/')}/{made['id']}", *headers).json()["rows"])

    def sql(self, statement: str) -> None:
        """Change the database."""

        async def work() -> None:
            connection = await asyncpg.connect(self.database_url)
            await connection.execute(statement)
            await connection.close()

        in_own_loop(work)


def current(made: dict[str, Any], **data: Any) -> dict[str, Any]:
    """The same event without a revision, as the board posts it, with other data."""
    kept = {name: value for name, value in made["data"].items() if name != "revision"}
    return {**made, "data": {**kept, **data}}
