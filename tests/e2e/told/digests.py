"""What a level above reads: a subtree of which nobody has reported is one line."""

from collections.abc import Iterable
from datetime import date

from tests.e2e.three_programmes.duties import Duties
from tests.e2e.three_programmes.places import Places
from tests.e2e.three_programmes.plans import Owed
from tests.e2e.told.facts import Dark, Due, Line
from tests.e2e.told.seats import Seats


class Digests:
    """Folds the lines of digests."""

    def __init__(self, places: Places, duties: Duties, seats: Seats) -> None:
        self.places, self.duties, self.seats = places, duties, seats

    def folded(self, lines: Iterable[Line], unit: str, day: date) -> list[Line]:
        """The lines of a unit's digest, with one instead of all of a subtree that is silent."""
        late = {line.owed: line for line in lines if isinstance(line, Due)}
        groups: dict[tuple[str, str, str, str, str], list[Due]] = {}
        for owed, line in late.items():
            group = (owed.programme, owed.report, owed.period, self._above(owed), owed.agency)
            groups.setdefault(group, []).append(line)
        found: list[Line] = []
        for group, silent in groups.items():
            others = group[3] and self.places.heir(group[3], day) != unit  # what went into the unit's own is its to ask
            if others and len(silent) > 1 and len(silent) == self._expected(*group):
                found.append(self._dark(group[3], silent, day))
                for line in silent:
                    del late[line.owed]
        return [*found, *late.values()]

    def _above(self, owed: Owed) -> str:
        """The unit above, on the tree on which it was owed."""
        return self.places.rows[owed.unit]["parent"]

    def _expected(self, programme: str, report: str, period: str, above: str, agency: str) -> int:
        """How many below a unit still owe the report."""
        group = (programme, report, period, above, agency)
        return sum(
            (owed.programme, owed.report, owed.period, self._above(owed), owed.agency) == group
            and life.state not in {"waived", "expired"}
            for owed, life in self.duties.lives.items()
        )  # fmt: skip

    def _dark(self, below: str, silent: list[Due], day: date) -> Dark:
        worst = max(silent, key=lambda line: line.days_late)
        programme, report, period, _, agency = worst.owed
        seats = self.seats.above_at(programme, agency, self.places.heir(below, day), day)
        contacts = [officer.name for seat in seats for officer in self.seats.officers_at(programme, seat, day)]
        told = [line.above_told for line in silent]
        above_told = False if False in told else None if None in told else True
        count = len(silent)
        return Dark(
            below, report, period, agency, count, count, worst.due, worst.days_late, tuple(contacts), above_told
        )
