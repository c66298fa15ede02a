"""The registry in memory: one immutable snapshot, replaced whole when something changes."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime

from shared.domain.units import Units
from shared.programme.model import Programme


@dataclass(frozen=True, slots=True)
class Key:
    """What one key allows: a sender's name, a subtree, kinds and programmes (None: all), reading, until when.

    `rate` is in events a second, per replica (None: any); `loses_429`: the sender never repeats what is answered 429.
    """

    sender: str
    subtree: str
    kinds: frozenset[str] | None
    can_read: bool
    expires_at: datetime | None
    programmes: frozenset[str] | None = None
    rate: int | None = None
    loses_429: bool = False

    def valid(self, now: datetime) -> bool:
        """Tell whether the key is still good."""
        return self.expires_at is None or now < self.expires_at


@dataclass(frozen=True, slots=True)
class Registry:
    """Everything a service needs to judge an event. `keys` is by the key's SHA-256.

    `simulated`: the run's clock is not the machine's.
    """

    units: Units = field(default_factory=lambda: Units(()))
    partitions: Mapping[str, int] = field(default_factory=dict)
    programmes: Mapping[str, Programme] = field(default_factory=dict)
    keys: Mapping[bytes, Key] = field(default_factory=dict)
    simulated: bool = False

    @property
    def loaded(self) -> bool:
        """Whether units and at least one programme are there."""
        return len(self.units) > 0 and bool(self.programmes)

    def limited_to(self, programmes: frozenset[str] | None) -> "Registry":
        """Narrow the registry to what a key limited to these programmes (None: all) knows: there are no others."""
        if programmes is None:
            return self
        return replace(self, programmes={slug: it for slug, it in self.programmes.items() if slug in programmes})

    def partition_of(self, province: str) -> int:
        """Return the partition of a province (as `Units.province_of` names it)."""
        return self.partitions[province]
