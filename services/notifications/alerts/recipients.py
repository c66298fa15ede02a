"""Decide who is notified: the addressed unit's officers or deputies, less who declined or has acknowledged. Pure."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import NamedTuple
from uuid import UUID, uuid4
from zoneinfo import ZoneInfo

from services.notifications.alerts.reasons import Reason
from shared.registry.officers import Officer


class DueAlert(NamedTuple):
    """What officers at `unit` have to be notified of: those of `officers` (ids), else of the `wanted` agencies."""

    obligation: int | None
    problem: int | None
    cycle: int
    step: str
    turn: int
    programme: str
    unit: str
    reason: Reason
    wanted: frozenset[str] = frozenset()
    officers: frozenset[int] | None = None
    optional: bool = False


@dataclass(frozen=True, slots=True)
class NewAlert:
    """One alert to be claimed. Without an officer it records that there was nobody to notify, without a message that
    the officer declined it or has acknowledged until `wake_at`.
    """

    due: DueAlert
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
    """Turns due alerts into new ones and their messages: one message for each officer and programme."""

    officers: Sequence[Officer]
    zones: Mapping[str, ZoneInfo]
    muted: Muted
    now: datetime
    alerts: list[NewAlert] = field(default_factory=list)
    messages: dict[tuple[int, str], NewMessage] = field(default_factory=dict)
    _at: dict[str, list[Officer]] = field(default_factory=dict)
    _chosen: dict[tuple[str, str, frozenset[str]], list[Officer]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for officer in self.officers:
            self._at.setdefault(officer.unit, []).append(officer)

    def run(self, due: Iterable[DueAlert], fails: Callable[[DueAlert, Exception], None]) -> None:
        """Address these alerts; `fails` gets one that can't be addressed."""
        for one in due:
            try:
                alerts = [self._alert(one, officer) for officer in self._officers_for(one)]
            except Exception as error:  # whatever is wrong with it, the others are addressed
                fails(one, error)
            else:
                self.alerts += alerts or [NewAlert(one, None, None)]

    def message(self, officer: Officer, programme: str, unit: str) -> NewMessage:
        """Get the officer's message of this sweep about the programme, made at the first call."""
        made = self.messages.get((officer.id, programme))
        if made is None:
            free = officer.free_at(self.now, self.zones[programme])
            made = NewMessage(uuid4(), programme, officer.id, unit, free if free > self.now else None)
            self.messages[officer.id, programme] = made
        return made

    def _officers_for(self, due: DueAlert) -> list[Officer]:
        if due.officers is not None:
            return [officer for officer in self.officers if officer.id in due.officers]
        memo = (due.programme, due.unit, due.wanted)
        if memo not in self._chosen:
            today = self.now.astimezone(self.zones[due.programme]).date()
            there = self._at.get(due.unit, [])
            chosen = [officer for officer in there if officer.agency in due.wanted] or there
            standing = {_acting(officer, there, today).id: _acting(officer, there, today) for officer in chosen}
            self._chosen[memo] = list(standing.values())
        return self._chosen[memo]

    def _alert(self, due: DueAlert, officer: Officer) -> NewAlert:
        if due.optional and not officer.optional:
            return NewAlert(due, officer.id, None)
        if due.problem is None:
            until = max(
                (self.muted[key] for key in ((officer.id, due.programme, due.obligation),
                                             (officer.id, due.programme, None)) if key in self.muted),
                default=None,
            )  # fmt: skip
            if until is not None:
                return NewAlert(due, officer.id, None, until)
        return NewAlert(due, officer.id, self.message(officer, due.programme, due.unit).id)


def _acting(officer: Officer, there: Sequence[Officer], today: date) -> Officer:
    """Follow deputies to one who is not away; where all of them are, the officer stays."""
    met = {officer.id}
    current = officer
    while current.away_until is not None and today <= current.away_until:
        deputy = next((other for other in there if other.name == current.deputy), None)
        if deputy is None or deputy.id in met:
            return officer
        met.add(deputy.id)
        current = deputy
    return current
