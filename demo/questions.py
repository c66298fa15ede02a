"""What the read API must answer at the end of the sample year, by the year's own tally."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from sample.coverage import expected_figures, expected_reports, reporters_of
from sample.scope import Scope
from sample.tally import QUARTERS, STATE_REACH, WHOLE, YEAR, Sums, Tally, last_states
from shared.domain.periods import parse_period
from shared.programme.indicators import Indicator
from shared.programme.model import Programme

PLACES = (
    ("VN", "nation"),
    ("VN", "province"),
    ("19@1", "district"),
    ("20@1", "district"),
    ("19@1", "commune"),
    ("186@1", "commune"),
)
ABOVE_COMMUNES = PLACES[:3]
MONTHS = tuple(f"2023-{month:02d}" for month in range(1, 13))

Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Question:
    """One request and the fields that it must give, by (uid, part); the part of a whole figure is empty."""

    path: str
    parameters: Mapping[str, str]
    expected: Mapping[tuple[str, str], Row]


class Oracle:
    """Knows what the API must say."""

    def __init__(self, programme: Programme, scope: Scope, tally: Tally) -> None:
        self._programme = programme
        self._scope = scope
        self._tally = tally
        self._figures_expected = {
            (indicator.slug, quarter): expected_figures(programme, scope, indicator.slug, quarter)
            for indicator in programme.indicators
            for quarter in QUARTERS
        }
        self._reports_expected = {
            (report, period): expected_reports(programme, scope, report, period)
            for report, periods in (("progress-quarterly", QUARTERS), ("progress-yearly", (YEAR,)))
            for period in periods
        }
        # (unit, agency, the uids on its ladder) of everybody in the country who is expected to report
        self._reporters = {
            (indicator.slug, quarter): [
                (unit, agency, frozenset(step.uid for step in scope.units.path(unit.uid)))
                for unit, agency in reporters_of(programme, scope, indicator.slug, parse_period(quarter))
            ]
            for indicator in programme.indicators
            for quarter in QUARTERS
        }
        self._units = {place: self._units_at(*place) for place in PLACES}

    def questions(self) -> Iterator[Question]:
        """Ask for indicators and activities over all periods and levels, with their parts, and for who is missing."""
        for indicator in self._programme.indicators:
            for period in (*QUARTERS, YEAR):
                for place in PLACES:
                    for dimension in (None, *self._dimensions(indicator)):
                        yield self._indicator(indicator, period, place, dimension)
            for period in QUARTERS:
                yield from (self._missing(indicator, period, within) for within in ("19@1", "20@1"))
        for activity in self._programme.activities:
            for period in (QUARTERS[0], YEAR):
                yield from (self._activity(activity.slug, period, place, None) for place in PLACES)
            for period in (*QUARTERS[1:], *MONTHS):
                yield from (self._activity(activity.slug, period, place, None) for place in ABOVE_COMMUNES)
            for dimension in activity.breakdowns:
                yield from (self._activity(activity.slug, YEAR, place, dimension) for place in ABOVE_COMMUNES)

    def _units_at(self, within: str, level: str) -> list[str]:
        """List the units of 2023 of a level below one of them."""
        return [
            unit.uid
            for unit in self._scope.units.descendants(within)
            if unit.level == level and (unit.parent is None or unit.uid.endswith("@1"))
        ]

    def _dimensions(self, indicator: Indicator) -> list[str]:
        if indicator.components:
            return ["component"]
        whole = self._tally.cells[f"indicator:{indicator.slug}", QUARTERS[-1], "VN"]
        return sorted({part.partition(":")[0] for part in whole if part})

    def _indicator(self, indicator: Indicator, period: str, place: tuple[str, str], by: str | None) -> Question:
        """Ask for an indicator. A year shows its last quarter, with that quarter's coverage."""
        quarter = QUARTERS[-1] if period == YEAR else period
        expected = self._figures_expected[indicator.slug, quarter]
        rows: dict[tuple[str, str], Row] = {}
        for uid in self._units[place]:
            reported = self._tally.reported.get((f"indicator:{indicator.slug}", quarter, uid), 0)
            coverage = _coverage(expected[uid], reported)
            values = self._values(indicator, quarter, uid, expected[uid])
            wanted = {part: row for part, row in values.items() if part.startswith(f"{by}:")} if by else None
            for part, row in (wanted if wanted is not None else {WHOLE: values.get(WHOLE, NO_FIGURE)}).items():
                rows[uid, part] = {**row, **coverage}
        return Question("/v1/rollups", self._parameters("indicator", indicator.slug, period, place, by), rows)

    def _values(self, indicator: Indicator, quarter: str, uid: str, expected: int) -> dict[str, Row]:
        """List the whole and its parts."""
        if indicator.components:
            return self._states(indicator, quarter, uid, expected)
        cells = self._tally.cells.get((f"indicator:{indicator.slug}", quarter, uid), {})
        return {part: _ratio(sums.numerator, sums.denominator) for part, sums in cells.items()}

    def _states(self, indicator: Indicator, quarter: str, uid: str, expected: int) -> dict[str, Row]:
        level = self._scope.units[uid].level
        reporters = [
            unit.uid
            for unit, _, ladder in self._reporters[indicator.slug, quarter]
            if level in STATE_REACH[unit.level] and uid in ladder
        ]
        known = last_states(self._tally, indicator.slug, reporters, quarter)
        if not known:
            return {}
        parts = {f"component:{item.slug}": sum(state[item.slug] for state in known) for item in indicator.components}
        parts[WHOLE] = sum(all(state.values()) for state in known)
        return {part: _ratio(number, expected) for part, number in parts.items()}

    def _activity(self, slug: str, period: str, place: tuple[str, str], by: str | None) -> Question:
        report, covering = covering_report(period)
        expected = self._reports_expected[report, covering]
        rows: dict[tuple[str, str], Row] = {}
        for uid in self._units[place]:
            cells = self._tally.cells.get((f"activity:{slug}", period, uid), {})
            coverage = _coverage(expected[uid], self._tally.reported.get((f"report:{report}", covering, uid), 0))
            parts = {part: sums for part, sums in cells.items() if part.startswith(f"{by}:")}
            for part, sums in (parts if by else {WHOLE: cells.get(WHOLE, Sums())}).items():
                rows[uid, part] = {**_counts(sums), **coverage}
        return Question("/v1/rollups", self._parameters("activity", slug, period, place, by), rows)

    def _missing(self, indicator: Indicator, quarter: str, within: str) -> Question:
        """Ask who of those expected has no live figure, as (uid, agency)."""
        rows = {
            (unit.uid, agency): Row()
            for unit, agency, ladder in self._reporters[indicator.slug, quarter]
            if within in ladder and ("indicator", indicator.slug, unit.uid, agency, quarter) not in self._tally.standing
        }
        parameters = {
            "programme": self._programme.slug, "indicator": indicator.slug, "period": quarter, "within": within,
        }  # fmt: skip
        return Question("/v1/rollups/missing", parameters, rows)

    def _parameters(self, what: str, slug: str, period: str, place: tuple[str, str], by: str | None) -> dict[str, str]:
        within, level = place
        asked = {"programme": self._programme.slug, what: slug, "period": period, "within": within, "level": level}
        return {**asked, **({"by": by} if by else {})}


NO_FIGURE: Row = {"value": None, "numerator": None, "denominator": None}


def covering_report(period: str) -> tuple[str, str]:
    """Find the report, and its period, that says whether a unit's activities are in."""
    if period == YEAR:
        return "progress-yearly", YEAR
    if "Q" in period:
        return "progress-quarterly", period
    return "progress-quarterly", f"{period[:4]}-Q{(int(period[5:]) + 2) // 3}"


def _coverage(expected: int, reported: int) -> Row:
    return {"units_expected": expected, "units_reported": reported, "units_missing": expected - reported}


def _ratio(numerator: int, denominator: int) -> Row:
    value = round(100 * numerator / denominator, 4) if denominator else None
    return {"value": value, "numerator": numerator, "denominator": denominator}


def _counts(sums: Sums) -> Row:
    return {"value": sums.records, "participants": sums.people, "female": sums.female, "amount": sums.money}
