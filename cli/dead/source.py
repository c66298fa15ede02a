"""What every source of dead things offers."""

from collections.abc import AsyncIterator, Collection
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any, Protocol


@dataclass(frozen=True, slots=True)
class DeadRow:
    """One of them: its name within the source, and what is known of it."""

    source: str
    name: str
    kind: str
    unit: str | None
    sender: str | None
    reason: str
    since: datetime | None
    number: int | None = None
    id: str | None = None  # the event's

    @property
    def ref(self) -> str:
        """What a person types: `aggregation:12`."""
        return f"{self.source}:{self.name}"

    def as_json(self) -> dict[str, Any]:
        """Describe it for scripts."""
        since = self.since.isoformat() if self.since else None
        return {"ref": self.ref, **asdict(self), "since": since}


GONE = "doesn't wait any more"
Outcomes = AsyncIterator[tuple[str, str]]  # the name of each, and what became of it


class Source(Protocol):
    """A place where dead things wait for a person. Names are texts; None for `names` means all that wait."""

    name: str

    async def rows(self, limit: int) -> list[DeadRow]:
        """List what waits, oldest first."""
        ...

    async def show(self, name: str) -> dict[str, Any] | None:
        """Return one, whole."""
        ...

    def replay(self, names: Collection[str] | None) -> Outcomes:
        """Replay these."""
        ...

    def drop(self, names: Collection[str] | None) -> Outcomes:
        """Drop these."""
        ...
