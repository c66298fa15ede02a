"""What was held, told again: activities by the months of their days, and the measures that are counted from them."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from datetime import date
from typing import Any

from tests.e2e.three_programmes.ledger import Version
from tests.e2e.three_programmes.plans import Plan, Thing
from tests.e2e.three_programmes.questions import Asked, Known, Reporter, Row, Rows
from tests.e2e.three_programmes.times import kind_of


class Held:
    """Rows of activities and measures."""

    def __init__(self, known: Known) -> None:
        self.known, self.places = known, known.places

    def rows(self, asked: Asked) -> Rows:
        plan, on = self.known.plans[asked.programme], self.known.tree_asked(asked)
        coverage = self._coverage(plan, asked.period, on)
        figures = self._activity(plan, asked, on) if asked.field == "activity" else self._measure(plan, asked, on)
        return {(uid, ""): {**row, **coverage(uid)} for uid, row in figures.items()}

    def _coverage(self, plan: Plan, period: str, on: date) -> Callable[[str], Row]:
        """Make the function that tells whose report of the period is there. A period of which not everybody owes a
        report is covered by another one, of which the documents don't say which.
        """
        reports = [report for report in plan.reports.values() if report["period"] == kind_of(period)]
        owing = {entry["level"] for report in plan.reports.values() for entry in report["reporters"]}
        if "commune" not in owing or not any(e["level"] == "commune" for r in reports for e in r["reporters"]):
            return lambda _: {}
        (report,) = reports
        reporters = dict[Reporter, tuple[str, ...] | None]()
        if plan.is_owed(period):
            for entry in report["reporters"]:
                if plan.holds(entry, period):
                    for unit in self.places.on(entry["level"], plan.times.last(period)):
                        reporters[unit, entry["agency"]] = None
        spoken = self.known.reports[plan.slug, report["slug"], period]
        return self.known.coverage(reporters, spoken, self.known.duties.waived(plan, period), on)

    def _in(self, plan: Plan, slugs: Iterable[str], period: str) -> Iterator[Version]:
        """The records of these types that belong to a period: by the month that their day lies in."""
        months = set(plan.times.ending_in(*plan.span(period), "month"))
        for slug in slugs:
            for version in self.known.activities[plan.slug, slug]:
                if plan.times.containing(date.fromisoformat(version.data["held_on"]), "month") in months:
                    yield version

    def _activity(self, plan: Plan, asked: Asked, on: date) -> dict[str, Row]:
        names = ("records", "participants", "female", "amount")
        rows: dict[str, Row] = {uid: dict.fromkeys(names, 0) for uid in self.places.on(asked.level, on)}
        for version in self._in(plan, [asked.slug], asked.period):
            data = version.data
            counts = (1, _people(data, None), data.get("female", 0), _money(data, None))
            for step in set(self.places.ladder(version.unit, on)) & rows.keys():
                for name, count in zip(names, counts, strict=True):
                    rows[step][name] += count
        return {uid: {"value": row["records"], **row} for uid, row in rows.items()}

    def _measure(self, plan: Plan, asked: Asked, on: date) -> dict[str, Row]:
        measure = plan.measures[asked.slug]
        over = self._counted(plan, measure, asked, on)
        if measure["counts"] == "units":
            under = Counter[str]()
            for level in measure["unit_levels"]:
                under.update(step for unit in self.places.on(level, on) for step in self.places.ladder(unit, on))
        elif "ratio_to" in measure:
            under = self._counted(plan, plan.measures[measure["ratio_to"]], asked, on)
        else:
            return {uid: _number(over[uid]) for uid in self.places.on(asked.level, on)}
        return {uid: _share(over[uid], under[uid]) for uid in self.places.on(asked.level, on)}

    def _counted(self, plan: Plan, measure: Thing, asked: Asked, on: date) -> Counter[str]:
        """What a measure counts, at every step of the tree."""
        found, units = Counter[str](), set[str]()
        for version in self._in(plan, measure["activities"], asked.period):
            data = version.data
            chosen = {**data["by"], "domain": data.get("domain")}
            if any(chosen.get(name) != option for name, option in measure.get("by", {}).items()):
                continue
            if measure["counts"] == "units":
                units.add(self.places.heir(version.unit, on))
                continue
            people, money = _people(data, measure.get("groups")), _money(data, measure.get("lines"))
            count = {"records": 1, "participants": people, "money": money}[measure["counts"]]
            for step in self.places.ladder(version.unit, on):
                found[step] += count
        for unit in units:  # each once, however often it was active
            if self.places.level(unit) in measure["unit_levels"]:
                found.update(self.places.ladder(unit, on))
        return found


def _people(data: Thing, groups: list[str] | None) -> int:
    return sum(count for group, count in data["participants"].items() if groups is None or group in groups)


def _money(data: Thing, lines: list[str] | None) -> int:
    return sum(item["amount"] for item in data.get("money", ()) if lines is None or item["line"] in lines)


def _number(count: int) -> Row:
    return {"value": count, "numerator": count, "denominator": None, "per": None}


def _share(part: int, whole: int) -> dict[str, Any]:
    value = round(100 * part / whole, 4) if whole else None
    return {"value": value, "numerator": part, "denominator": whole, "per": 100}
