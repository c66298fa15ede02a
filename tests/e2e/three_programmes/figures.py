"""The figures that people must read, told again: from records that count to rows, unit by unit."""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import date
from fractions import Fraction

from tests.e2e.three_programmes.ledger import Version
from tests.e2e.three_programmes.plans import Plan, Thing, line_of
from tests.e2e.three_programmes.questions import LEVELS, Asked, Known, Reporter, Row, Rows, coverage_row

Part = tuple[int, int, int]  # numerator, denominator, and how many of those expected gave it


class Figures:
    """Rows of indicators."""

    def __init__(self, known: Known) -> None:
        self.known, self.places = known, known.places

    def rows(self, asked: Asked) -> Rows:
        plan, on = self.known.plans[asked.programme], self.known.tree_asked(asked)
        indicator = plan.indicators[asked.slug]
        natives = plan.times.ending_in(*plan.span(asked.period), indicator["period"])
        accepted = [native for native in natives if plan.accepts(native)]
        begun = [native for native in accepted if plan.times.first(native) <= plan.day(self.known.now)]
        units = self.places.on(asked.level, on)
        if not begun:
            assert not accepted, f"{asked} has not begun"
            nothing = {**_no_figure(indicator), **coverage_row(0, 0, 0), "reason": "outside_programme"}
            return {(uid, ""): nothing for uid in units if not asked.by}
        used = accepted if indicator["over_time"] == "sum" else begun[-1:]
        parts = self._parts(plan, asked, used, on)
        coverage = self._coverage(plan, asked.slug, begun[-1], on)
        standing = self._standing(plan, asked, begun[-1], on)
        approximate = self._approximate(plan, asked, used, on)
        rows: Rows = {}
        for uid, option in parts if asked.by else [(uid, "") for uid in units]:
            part, ladder = parts.get((uid, option)), self.places.ladder(uid, on)
            figure = self._row(plan, asked, begun[-1], part, standing[uid], ladder)
            rows[uid, option] = {**figure, **coverage(uid), "approximate": uid in approximate}
        return rows

    def _parts(self, plan: Plan, asked: Asked, used: list[str], on: date) -> dict[tuple[str, str], Part]:
        """What every unit of the level is known to have reached, whole or split."""
        indicator, sums = plan.indicators[asked.slug], defaultdict[tuple[str, str], list[int]](lambda: [0, 0, 0])
        by_period = self.known.figures[plan.root(asked.slug)]
        if indicator["value"] == "share_of_units":
            records: Iterable[tuple[Reporter, Version]] = self._last_states(plan, by_period, used[-1])
        else:
            records = (item for native in used for item in by_period.get(native, {}).items())
        for (unit, agency), version in records:
            period = version.data["period"]
            for step in self._published(plan, asked, unit, agency, period, on):
                for option, numerator, denominator in split(version.data, indicator, asked.by):
                    sums[step, option][0] += numerator
                    sums[step, option][1] += denominator
                    sums[step, option][2] += plan.is_owed(period) and period in used
        return {key: (numerator, denominator, told) for key, (numerator, denominator, told) in sums.items()}

    def _last_states(
        self, plan: Plan, by_period: Mapping[str, Mapping[Reporter, Version]], last: str
    ) -> Iterator[tuple[Reporter, Version]]:
        """A silent unit stands with its last state, as long as it is there."""
        end, found = plan.times.last(last), dict[Reporter, Version]()
        for native in sorted(by_period, key=plan.times.last):
            if plan.accepts(native) and plan.times.last(native) <= end:
                found.update(by_period[native])
        return ((key, version) for key, version in found.items() if self.places.in_force(key[0], end))

    def _published(self, plan: Plan, asked: Asked, unit: str, agency: str, period: str, on: date) -> Iterator[str]:
        """The units of the asked level at which what this one reports is published."""
        for entry in plan.indicators[asked.slug]["reporters"]:
            mine = agency in entry["agencies"] and entry["level"] == self.places.level(unit)
            if mine and plan.holds(entry, period) and self._climbs_to(entry, asked.level):
                yield from (s for s in self.places.ladder(unit, on) if self.places.level(s) == asked.level)

    def _coverage(self, plan: Plan, slug: str, native: str, on: date) -> Callable[[str], Row]:
        """Make the function that tells a unit's coverage: who is expected of the native period, and who has spoken."""
        reporters: dict[Reporter, tuple[str, ...] | None] = {}
        if plan.is_owed(native):
            for unit, agency, entry in plan.reporters(slug, native, self.places):
                reporters[unit, agency] = tuple(entry["reach"]) if "reach" in entry else None
        spoken = set(self.known.figures[plan.root(slug)].get(native, {}))
        return self.known.coverage(reporters, spoken, self.known.duties.waived(plan, native), on)

    def _standing(self, plan: Plan, asked: Asked, native: str, on: date) -> Counter[str]:
        """How many units there are that a share of units is a share of."""
        found = Counter[str]()
        if plan.indicators[asked.slug]["value"] == "share_of_units":
            for unit, agency, _ in plan.reporters(asked.slug, native, self.places):
                found.update(self._published(plan, asked, unit, agency, native, on))
        return found

    def _row(
        self, plan: Plan, asked: Asked, native: str, part: Part | None, standing: int, ladder: tuple[str, ...]
    ) -> Row:
        """The figure of one unit, held against its target."""
        indicator = plan.indicators[asked.slug]
        line = line_of(plan, indicator, native, ladder)
        row = _target_row(line.target if line else None, line.of if line else None)
        if part is None:
            return {**_no_figure(indicator), **row, "reason": self._reason(plan, asked, native)}
        per = indicator.get("per", 100)
        numerator, denominator = part[0], standing if "components" in indicator else part[1]
        value = Fraction(numerator * per, denominator) if denominator else None
        if line is not None and value is not None:
            row["on_track"] = line.on_track(value)
            row["attainment"] = line.attainment(value)
        rounded = round(per * numerator / denominator, 4) if denominator else None
        row |= {"value": rounded, "numerator": numerator, "denominator": denominator, "per": per, "reason": None}
        return row | ({"part_reported": part[2]} if asked.by not in {"", "series"} else {})

    def _reason(self, plan: Plan, asked: Asked, native: str) -> str | None:
        """Why there is no figure, where it isn't for want of reports."""
        entries = plan.indicators[asked.slug].get("reporters")
        if entries is None:
            return "not_surveyed"
        here = [entry for entry in entries if self._climbs_to(entry, asked.level)]
        if not here:
            return "not_published_here"
        if all(entry.get("until", plan.ends) < plan.times.last(native) for entry in here):
            return "stopped"
        own = all(entry["level"] not in entry.get("reach", [entry["level"]]) for entry in here)
        return "no_status_of_their_own" if own and "components" in plan.indicators[asked.slug] else None

    def _climbs_to(self, entry: Thing, level: str) -> bool:
        """Whether what such a reporter says is published at the level: at its own and above, or as `reach` says."""
        return level in entry.get("reach", LEVELS[: LEVELS.index(entry["level"]) + 1])

    def _approximate(self, plan: Plan, asked: Asked, used: list[str], on: date) -> Counter[str]:
        """The units of the level whose figure is made of a divided unit's, or of the earlier part of a period that lies
        on two trees.
        """
        found, tree = Counter[str](), self.places.tree(on)
        days = {self.places.tree(plan.times.last(native)): plan.times.last(native) for native in used}
        for day in (day for other, day in days.items() if other != tree):
            found.update(self.places.heirs_of_divided(day, on, asked.level))
            first, last = plan.span(asked.period)
            if self.places.tree(first) != self.places.tree(last):
                found.update(self.places.on(asked.level, on))
        return found


def split(data: Thing, indicator: Thing, by: str) -> Iterator[tuple[str, int, int]]:
    """A record's whole, or its parts by a dimension, a series or a component: (option, numerator, denominator)."""
    if "components" in data:
        states = data["components"] if by else {"": all(data["components"].values())}
        yield from ((slug, int(state), 0) for slug, state in states.items())
    elif by == "series":
        for series in indicator["series"]:
            parts = list(_options(data, series["dimension"], set(series["options"])))
            if parts:
                yield series["slug"], sum(part[1] for part in parts), sum(part[2] for part in parts)
    elif by:
        yield from _options(data, by, None)
    else:
        yield "", data["numerator"], data["denominator"]


def _options(data: Thing, dimension: str, wanted: set[str] | None) -> Iterator[tuple[str, int, int]]:
    for part in data.get("breakdown", ()):
        option = part["by"].get(dimension)
        if option is not None and (wanted is None or option in wanted):
            yield option, part["numerator"], part["denominator"]


def _target_row(target: float | None, of: str | None) -> Row:
    return {"target": target, "target_of": of, "on_track": None, "attainment": None}


def _no_figure(indicator: Thing) -> Row:
    return {"value": None, "numerator": None, "denominator": None, "per": indicator.get("per", 100)}
