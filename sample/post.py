"""One event of the made-up year and the instant at which its sender posts it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from itertools import count
from typing import Any

from sample.scope import Scope, source_of
from shared.domain.events import Kind


@dataclass(frozen=True, slots=True)
class Post:
    """`event` is a CloudEvents object as an upstream app would post it; `at` is simulated time."""

    at: datetime
    sender: str
    event: Mapping[str, Any]

    @property
    def kind(self) -> str:
        """`activity.recorded`, `indicator.reported`, …"""
        return str(self.event["type"]).removeprefix("vn.kip.").removesuffix(".v1")


class Pen:
    """Writes events with ids that follow from the seed and their order alone."""

    def __init__(self, seed: int, scope: Scope, programme: str) -> None:
        self._seed = seed
        self._scope = scope
        self._programme = programme
        self._numbers = count(1)

    def write(self, at: datetime, uid: str, kind: Kind, data: Mapping[str, Any]) -> Post:
        """Write an event about a unit. The subject is the unit's code, as a sender would give it."""
        sender = self._scope.sender_of(uid)
        event = {
            "specversion": "1.0",
            "id": f"made-up-{self._seed}-{next(self._numbers):06d}",
            "source": source_of(sender),
            "type": kind.type,
            "subject": self._scope.units[uid].code,
            "time": at.isoformat(),
            "data": {"programme": self._programme, **data},
        }
        return Post(at, sender, event)
