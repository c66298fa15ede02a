"""What is asked, and what is known when it is answered: the records that count at one instant."""

from collections import Counter, defaultdict
from collections.abc import Callable, Mapping
from datetime import date, datetime
from typing import Any, NamedTuple

from tests.e2e.three_programmes.duties import Duties
from tests.e2e.three_programmes.ledger import Ledger, Version
from tests.e2e.three_programmes.places import Places
from tests.e2e.three_programmes.plans import Plan

Row = dict[str, Any]
Rows = dict[tuple[str, str], Row]  # by (uid, option of what it is split by or "")
Reporter = tuple[str, str]  # (unit, agency)
LEVELS = ("nation", "province", "district", "commune")  # of the register that is loaded, from the root down


class Asked(NamedTuple):
    """A question about all units of a level. `field`: indicator, measure or activity; `by`: what it is split by."""

    programme: str
    field: str
    slug: str
    level: str
    period: str
    today: bool  # as of today instead of as reported
    by: str = ""


class Known:
    """What counts at an instant."""

    def __init__(
        self, plans: Mapping[str, Plan], places: Places, ledger: Ledger, duties: Duties, now: datetime
    ) -> None:
        self.plans, self.places, self.duties, self.now = plans, places, duties, now
        self.figures: defaultdict[tuple[str, str], dict[str, dict[Reporter, Version]]] = defaultdict(dict)
        for (_, programme, slug, unit, agency, period), version in ledger.live("indicator"):
            self.figures[programme, slug].setdefault(period, {})[unit, agency] = version
        self.reports: defaultdict[tuple[str, str, str], set[Reporter]] = defaultdict(set)
        for (_, programme, slug, unit, agency, period), _ in ledger.live("report"):
            self.reports[programme, slug, period].add((unit, agency))
        self.activities: defaultdict[tuple[str, str], list[Version]] = defaultdict(list)
        for (_, programme, _), version in ledger.live("activity"):
            self.activities[programme, version.data["activity"]].append(version)

    def tree_asked(self, asked: Asked) -> date:
        """The day on whose tree the answer stands."""
        plan = self.plans[asked.programme]
        last = plan.span(asked.period)[1]
        return max(last, plan.day(self.now)) if asked.today else last

    def coverage(
        self,
        reporters: Mapping[Reporter, tuple[str, ...] | None],
        spoken: set[Reporter],
        excused: set[Reporter],
        on: date,
    ) -> Callable[[str], Row]:
        """Make the function that tells a unit's coverage. `reporters` are those expected, with the levels that they
        count at (None: all above them).
        """
        expected, reported, waived = Counter[str](), Counter[str](), Counter[str]()
        for who, reach in reporters.items():
            for step in self.places.ladder(who[0], on):
                if reach is None or self.places.level(step) in reach:
                    expected[step] += 1
                    reported[step] += who in spoken
                    waived[step] += who in excused and who not in spoken
        return lambda uid: coverage_row(expected[uid], reported[uid], waived[uid])


def coverage_row(expected: int, reported: int, waived: int) -> Row:
    return {
        "units_expected": expected, "units_reported": reported, "units_waived": waived,
        "units_missing": expected - reported - waived,
        "coverage": round(100 * reported / expected, 4) if expected else None,
    }  # fmt: skip
