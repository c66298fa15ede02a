"""Who is told: officers of the addressed unit, their deputies, less what they declined or acknowledged. Pure."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import NamedTuple
from uuid import UUID, uuid4
from zoneinfo import ZoneInfo

from services.notifications.alerts.reasons import Reason
from shared.registry.officers import Officer


class Need(NamedTuple):
    """Something that officers have to hear of: those of `officers` (ids), else of the `wanted` agencies at `unit`."""

    obligation: int | None
    problem: int | None
    cycle: int
    step: str
    number: int
    programme: str
    unit: str
    reason: Reason
    wanted: frozenset[str] = frozenset()
    officers: frozenset[int] | None = None
    optional: bool = False


@dataclass(frozen=True, slots=True)
class Claim:
    """One alert to be made. Without an officer it records that there was nobody to tell, without a message that the
    officer declined it or has acknowledged until `wake_at`.
    """

    need: Need
    officer: int | None
    message: UUID | None
    wake_at: datetime | None = None

    @property
    def state(self) -> str:
        """The state in which the alert begins."""
        if self.officer is None:
            return "unaddressed"
        if self.message is not None:
            return "queued"
        return "declined" if self.wake_at is None else "muted"


@dataclass(frozen=True, slots=True)
class NewMessage:
    """One message to be made for the alerts that name it."""

    id: UUID
    programme: str
    officer: int
    unit: str
    not_before: datetime | None


Muted = Mapping[tuple[int, str, int | None], datetime]  # (officer, programme, obligation or None for all) → until


@dataclass(slots=True)
class Addresser:
    """Turns needs into claims and messages: one message for each officer and programme."""

    officers: Sequence[Officer]
    zones: Mapping[str, ZoneInfo]
    muted: Muted
    now: datetime
    claims: list[Claim] = field(default_factory=list)
    messages: dict[tuple[int, str], NewMessage] = field(default_factory=dict)
    _at: dict[str, list[Officer]] = field(default_factory=dict)
    _told: dict[tuple[str, str, frozenset[str]], list[Officer]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for officer in self.officers:
            self._at.setdefault(officer.unit, []).append(officer)

    def run(self, needs: Iterable[Need], fails: Callable[[Need, Exception], None]) -> None:
        """Add the claims of these needs; `fails` hears of one that can't be addressed."""
        for need in needs:
            try:
                claims = [self._claim(need, officer) for officer in self._chosen(need)]
            except Exception as error:  # whatever is wrong with it, the others are told
                fails(need, error)
            else:
                self.claims += claims or [Claim(need, None, None)]

    def message(self, officer: Officer, programme: str, unit: str) -> NewMessage:
        """The officer's message of this sweep about the programme."""
        made = self.messages.get((officer.id, programme))
        if made is None:
            free = officer.free_at(self.now, self.zones[programme])
            made = NewMessage(uuid4(), programme, officer.id, unit, free if free > self.now else None)
            self.messages[officer.id, programme] = made
        return made

    def _chosen(self, need: Need) -> list[Officer]:
        if need.officers is not None:
            return [officer for officer in self.officers if officer.id in need.officers]
        memo = (need.programme, need.unit, need.wanted)
        if memo not in self._told:
            today = self.now.astimezone(self.zones[need.programme]).date()
            there = self._at.get(need.unit, [])
            chosen = [officer for officer in there if officer.agency in need.wanted] or there
            standing = {_acting(officer, there, today).id: _acting(officer, there, today) for officer in chosen}
            self._told[memo] = list(standing.values())
        return self._told[memo]

    def _claim(self, need: Need, officer: Officer) -> Claim:
        if need.optional and not officer.optional:
            return Claim(need, officer.id, None)
        if need.problem is None:
            until = max(
                (self.muted[key] for key in ((officer.id, need.programme, need.obligation),
                                             (officer.id, need.programme, None)) if key in self.muted),
                default=None,
            )  # fmt: skip
            if until is not None:
                return Claim(need, officer.id, None, until)
        return Claim(need, officer.id, self.message(officer, need.programme, need.unit).id)


def _acting(officer: Officer, there: Sequence[Officer], today: date) -> Officer:
    """The officer, or who stands in while they are away: themselves again where everybody asked is away too."""
    met = {officer.id}
    current = officer
    while current.away_until is not None and today <= current.away_until:
        deputy = next((other for other in there if other.name == current.deputy), None)
        if deputy is None or deputy.id in met:
            return officer
        met.add(deputy.id)
        current = deputy
    return current
