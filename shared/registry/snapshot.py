"""The registry in memory: one immutable snapshot, replaced whole when something changes."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import cached_property

from shared.domain.units import Units
from shared.programme.families import Families
from shared.programme.model import Programme


@dataclass(frozen=True, slots=True)
class Key:
    """What one key allows: a sender's name, a subtree, kinds and programmes (None: all), reading, until when.

    `rate` is in events a second, per replica (None: any); `loses_429`: the sender never repeats what is answered 429;
    `small_numbers`: it is an office's, which sees small counts of sensitive indicators; `can_act`: it posts and decides
    for officers, each request for one whom it names, and nothing of its own.
    """

    sender: str
    subtree: str
    kinds: frozenset[str] | None
    can_read: bool
    expires_at: datetime | None
    programmes: frozenset[str] | None = None
    rate: int | None = None
    loses_429: bool = False
    small_numbers: bool = False
    can_act: bool = False

    def valid(self, now: datetime) -> bool:
        """Tell whether the key is still good."""
        return self.expires_at is None or now < self.expires_at


@dataclass(frozen=True)
class Registry:
    """Everything a service needs to judge an event. `keys` is by the key's SHA-256.

    `others` are loaded programmes of which is known only what they share with `programmes`. `simulated`: the run's
    clock is not the machine's.
    """

    units: Units = field(default_factory=lambda: Units(()))
    partitions: Mapping[str, int] = field(default_factory=dict)
    programmes: Mapping[str, Programme] = field(default_factory=dict)
    keys: Mapping[bytes, Key] = field(default_factory=dict)
    simulated: bool = False
    others: Mapping[str, Programme] = field(default_factory=dict)

    @property
    def loaded(self) -> bool:
        """Whether units and at least one programme are there."""
        return len(self.units) > 0 and bool(self.programmes)

    @cached_property
    def loaded_programmes(self) -> Mapping[str, Programme]:
        """All programmes that are loaded, whether or not more is known of them than what they share."""
        return {**self.programmes, **self.others}

    @cached_property
    def families(self) -> Families:
        """Which indicators are one figure, of all programmes that are loaded."""
        return Families(self.loaded_programmes)

    def limited_to(self, programmes: frozenset[str] | None) -> "Registry":
        """Narrow the registry to what a key limited to these programmes (None: all) knows: there are no others, but
        for the figures that they share with these.
        """
        if programmes is None:
            return self
        own = {slug: it for slug, it in self.programmes.items() if slug in programmes}
        others = {slug: it for slug, it in self.loaded_programmes.items() if slug not in own}
        return replace(self, programmes=own, others=others)

    def programme_of(self, slug: str, indicator: str | None = None) -> Programme | None:
        """Look up a programme as far as it is known; one of the others only for an indicator that it shares."""
        own = self.programmes.get(slug)
        if own is not None or indicator is None:
            return own
        shared = not self.families.programmes(slug, indicator).isdisjoint(self.programmes)
        return self.others.get(slug) if shared else None

    def partition_of(self, province: str) -> int:
        """Return the partition of a province (as `Units.province_of` names it)."""
        return self.partitions[province]
