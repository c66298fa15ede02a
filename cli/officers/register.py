"""What the commands about officers read: officers, units, programmes and the run's time."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from cli.officers.people import Placed, found, placed_on, the_one
from shared.database.connections import Connection
from shared.domain.units import Units
from shared.programme.loaded import readable
from shared.programme.model import Programme
from shared.registry import store
from shared.registry.officer_store import every_officer
from shared.registry.officers import Officer
from shared.runtime.clock import SystemClock


@dataclass(frozen=True, slots=True)
class Register:
    """The register as it is now."""

    units: Units
    programmes: tuple[Programme, ...]
    now: datetime
    officers: list[Officer]

    def today(self, officer: Officer) -> date:
        """Tell which day it is in the time zones of the officer's programmes, the later one where it is two."""
        theirs = [item for item in self.programmes if officer.belongs_to(item.slug)] or self.programmes
        return max((item.today(self.now) for item in theirs), default=self.day)

    @property
    def day(self) -> date:
        """The day in UTC: that of nobody's programme."""
        return self.now.astimezone(UTC).date()

    def placed(self) -> list[Placed]:
        """List all officers with where they sit today."""
        return [placed_on(officer, self.units, self.today(officer)) for officer in self.officers]


async def officer_at(connection: Connection, name: str, unit: str, agency: str | None) -> Placed | None:
    """Read the only officer of a name at a unit (uid or code). Raises ValueError for several, and without units."""
    return the_one(found((await read_register(connection)).placed(), name, unit, agency), name)


async def read_register(connection: Connection) -> Register:
    """Read it. Raises ValueError where no units are loaded."""
    units = await store.read_units(connection)
    if not len(units):
        raise ValueError("no units are loaded yet: run 'kip load' first")
    documents = await store.read_programmes(connection)
    programmes = tuple(readable(documents).values())
    running = await store.read_clock(connection)
    now = SystemClock(running[0] if running else timedelta(0)).now()
    return Register(units, programmes, now, await every_officer(connection))
