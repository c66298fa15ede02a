"""Decide who is notified: the officers at the seats or their deputies, less who declined or has acknowledged. Pure."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import NamedTuple
from uuid import UUID, uuid4
from zoneinfo import ZoneInfo

from services.notifications.alerts.reasons import Reason
from shared.domain.seats import Seat, Seats
from shared.registry.officers import Officer
from shared.registry.seated import by_seat

_HEARD_ONCE = frozenset({Reason.DECIDED, Reason.CHANGED_AFTER})  # no reminders: an acknowledgement keeps back none


class DueAlert(NamedTuple):
    """What officers have to be notified of: those of `officers` (ids), else whoever sits at the `seats`.

    `unit` is where nobody was found, or where those of `officers` were addressed.
    """

    obligation: int | None
    problem: int | None
    cycle: int
    step: str
    turn: int
    programme: str
    unit: str
    reason: Reason
    seats: tuple[Seat, ...] = ()
    officers: frozenset[int] | None = None
    optional: bool = False
    reminds: bool = False  # an office of what it owes itself, before the deadline
    uncertain: bool = False  # it may have been sent before a restore


@dataclass(frozen=True, slots=True)
class NewAlert:
    """One alert to be claimed, addressed at `unit`. Without an officer it records that there was nobody to notify,
    without a message that the officer declined it or has acknowledged until `wake_at`.
    """

    due: DueAlert
    unit: str
    officer: int | None
    message: UUID | None
    wake_at: datetime | None = None

    @property
    def state(self) -> str:
        """The state in which the alert begins."""
        if self.officer is None:
            return "unaddressed"
        if self.message is not None:
            return "uncertain" if self.due.uncertain else "queued"
        return "declined" if self.wake_at is None else "muted"


@dataclass(frozen=True, slots=True)
class NewMessage:
    """One message to be made for the alerts that name it."""

    id: UUID
    programme: str
    officer: int
    unit: str
    not_before: datetime | None
    uncertain: bool = False


# (officer, programme, obligation or None for all, whether it is about reminders alone) → until
Muted = Mapping[tuple[int, str, int | None, bool], datetime]


def standing_in(officer: Officer, there: Iterable[Officer], programme: str, today: date) -> Officer:
    """Follow deputies to one who is not away; where all of them are, the officer stays. `there`: those of one unit."""
    able = [one for one in there if one.belongs_to(programme)]
    met = {officer.id}
    current = officer
    while current.away_until is not None and today <= current.away_until:
        deputy = next((one for one in able if one.name == current.deputy), None)
        if deputy is None or deputy.id in met:
            return officer
        met.add(deputy.id)
        current = deputy
    return current


@dataclass(slots=True)
class Addresser:
    """Turns due alerts into new ones and their messages: one message for each officer and programme of theirs, and
    another one for what is uncertain.
    """

    officers: Sequence[Officer]
    seats: Callable[[str], Seats]
    zones: Mapping[str, ZoneInfo]
    muted: Muted
    now: datetime
    alerts: list[NewAlert] = field(default_factory=list)
    messages: dict[tuple[int, str, bool], NewMessage] = field(default_factory=dict)
    _of_unit: dict[str, list[Officer]] = field(default_factory=dict)
    _at: dict[str, dict[Seat, list[Officer]]] = field(default_factory=dict)
    _chosen: dict[tuple[str, tuple[Seat, ...]], list[tuple[str, Officer]]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for officer in self.officers:
            self._of_unit.setdefault(officer.unit, []).append(officer)

    def run(self, due: Iterable[DueAlert], fails: Callable[[DueAlert, Exception], None]) -> None:
        """Address these alerts; `fails` gets one that can't be addressed."""
        for one in due:
            try:
                alerts = [self._alert(one, unit, officer) for unit, officer in self._officers_for(one)]
            except Exception as error:  # whatever is wrong with it, the others are addressed
                fails(one, error)
            else:  # who was notified before may be registered no more: that is nobody's vacancy
                self.alerts += alerts or ([NewAlert(one, one.unit, None, None)] if one.officers is None else [])

    def message(self, officer: Officer, programme: str, unit: str, *, uncertain: bool = False) -> NewMessage:
        """Get the officer's message of this sweep about the programme, made at the first call."""
        key = (officer.id, programme, uncertain)
        made = self.messages.get(key)
        if made is None:
            held = officer.held_until(self.now, self.zones[programme])
            made = self.messages[key] = NewMessage(uuid4(), programme, officer.id, unit, held, uncertain)
        return made

    def _officers_for(self, due: DueAlert) -> list[tuple[str, Officer]]:
        """List who is notified, each once, with the unit at which they sit."""
        if due.officers is not None:
            named = (officer for officer in self.officers if officer.id in due.officers)
            return [(due.unit, officer) for officer in named if officer.belongs_to(due.programme)]
        memo = (due.programme, due.seats)
        if memo not in self._chosen:
            today = self.now.astimezone(self.zones[due.programme]).date()
            at = self._seated(due.programme)
            standing: dict[int, tuple[str, Officer]] = {}
            for seat in due.seats:
                for officer in at.get(seat, ()):
                    reader = standing_in(officer, self._of_unit[officer.unit], due.programme, today)
                    standing.setdefault(reader.id, (seat.unit, reader))
            self._chosen[memo] = list(standing.values())
        return self._chosen[memo]

    def _seated(self, programme: str) -> dict[Seat, list[Officer]]:
        if programme not in self._at:
            self._at[programme] = by_seat(self.officers, programme, self.seats(programme))
        return self._at[programme]

    def _alert(self, due: DueAlert, unit: str, officer: Officer) -> NewAlert:
        if due.optional and not officer.optional:
            return NewAlert(due, unit, officer.id, None)
        if due.problem is None and due.reason not in _HEARD_ONCE:
            until = max(
                (self.muted[key] for key in ((officer.id, due.programme, due.obligation, False),
                                             (officer.id, due.programme, None, False),
                                             (officer.id, due.programme, None, due.reminds)) if key in self.muted),
                default=None,
            )  # fmt: skip
            if until is not None:
                return NewAlert(due, unit, officer.id, None, until)
        message = self.message(officer, due.programme, unit, uncertain=due.uncertain)
        return NewAlert(due, unit, officer.id, message.id)
