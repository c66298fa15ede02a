"""Whom a digest names to be asked about what is late: officers of the agency that owes, never of another. Pure."""

from collections.abc import Iterable

from services.notifications.messages.reach_store import Contact
from shared.domain.seats import Seat, Seats
from shared.registry.seated import by_seat
from shared.wording.words import Words

_NOT_REACHED = Words("chưa liên lạc được", "could not be reached")

_PAUSED = Words("đã tạm dừng nhắc báo cáo", "has paused reminders")  # by a mail program's own button


class Contacts:
    """The officers of one programme who can be asked, by where they sit today."""

    def __init__(self, officers: Iterable[Contact], programme: str, seats: Seats) -> None:
        self._seats = seats
        self._programme = programme
        self._at = by_seat(officers, programme, seats)

    def of(self, agency: str, unit: str, language: str) -> str | None:
        """Name who is asked about what the agency at the unit owes; None for nobody."""
        return self._named(self._seats.of(agency, unit, 0), language)

    def over(self, owing: Iterable[tuple[str, str]], unit: str, language: str) -> str | None:
        """Name who at this unit is asked about what (agency, unit) below it owe: whom these report to there."""
        above = (seat for agency, below in dict.fromkeys(owing) for seat in self._seats.of(agency, below, 1))
        return self._named([seat for seat in above if seat.unit == unit], language)

    def _named(self, seats: Iterable[Seat], language: str) -> str | None:
        """Name these seats' officers; say of whom no address works, and who has paused reminders. None for nobody."""
        there = [officer for seat in dict.fromkeys(seats) for officer in self._at.get(seat, ())]
        return ", ".join(dict.fromkeys(self._said(one, language) for one in there)) or None

    def _said(self, one: Contact, language: str) -> str:
        note = _NOT_REACHED if not one.reachable else _PAUSED if self._programme in one.paused else None
        return one.name if note is None else f"{one.name} ({note.in_language(language)})"
