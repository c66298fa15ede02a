"""What happens in the two years, drawn from a seed: who says what, when, and what is mended, taken back or refused."""

import itertools
from collections.abc import Iterator, Mapping
from datetime import date, datetime, timedelta
from random import Random
from typing import Any

from tests.e2e.three_programmes.ledger import Key, Ledger
from tests.e2e.three_programmes.places import Places
from tests.e2e.three_programmes.plans import Plan, Thing

Event = dict[str, Any]
# How long after its end a period is still reported on, now and then.
LATE, YEAR = timedelta(days=100), timedelta(days=366)
# Of what is said, the part that is said at one stop of the clock: figures, and reports before and after the cut-off.
FIGURES, EARLY, AFTER, ACTIVE = 0.3, 0.03, 0.45, 0.3
# Of what was said already: corrected, taken back, sent once more as it was, told late in an older revision.
CORRECTED, WITHDRAWN, REPEATED, STALE = 0.03, 0.02, 0.02, 0.02
WRONG = 0.25  # of the figures, those that are sent wrongly in every way


class History:
    """Draws what is posted at each stop of the clock."""

    def __init__(self, plans: Mapping[str, Plan], places: Places, ledger: Ledger, chance: Random) -> None:
        self.plans, self.places, self.ledger, self.chance = plans, places, ledger, chance
        self._numbers = itertools.count(1)
        # Some never say anything.
        self.silent = {uid for uid in places.rows if places.level(uid) == "commune" and chance.random() < 0.06}
        self.names: dict[tuple[str, str], list[tuple[str, str]]] = {}  # of a figure, all that it can be posted under
        for plan in plans.values():
            for slug in plan.indicators:
                self.names.setdefault(plan.root(slug), []).append((plan.slug, slug))

    def at(self, now: datetime) -> list[Event]:
        """Everything that is sent at this instant, of one record at most one event."""
        again = list(self._again(now))
        taken = {self.ledger.key(event) for event in again}
        first = [
            event for plan in self.plans.values() for event in self._first(plan, now)
            if self.ledger.key(event) not in taken
        ]  # fmt: skip
        events = list({self.ledger.key(event): event for event in (*again, *first)}.values())
        self.chance.shuffle(events)
        return events

    def _first(self, plan: Plan, now: datetime) -> Iterator[Event]:
        """What is said for the first time."""
        for slug, indicator in plan.indicators.items():
            if plan.root(slug) == (plan.slug, slug) and indicator.get("reporters"):
                yield from self._figures(plan, slug, now)
        for owed, _ in plan.obligations(plan.day(now), self.places):
            late = plan.day(now) - plan.times.last(owed.period)
            known = self.ledger.report_key(owed) in self.ledger.versions or owed.unit in self.silent
            likely = 0 if known or late > LATE else EARLY if late <= timedelta(0) else AFTER
            if self.chance.random() < likely:
                data = {"report": owed.report, "agency": owed.agency, "period": owed.period}
                yield self.event("report.submitted", owed.unit, plan.slug, data, now)
        yield from self._activities(plan, now)

    def _figures(self, root: Plan, slug: str, now: datetime) -> Iterator[Event]:
        """Figures of periods that any programme accepts which has a name for them, under one of these names."""
        day = root.day(now)
        for period in root.times.ending_in(day - LATE, day + YEAR, root.indicators[slug]["period"]):
            names = self.names[root.slug, slug]
            if root.times.first(period) > day or not any(self.plans[name].accepts(period) for name, _ in names):
                continue
            for unit, agency, entry in root.reporters(slug, period, self.places):
                key = ("indicator", root.slug, slug, unit, agency, period)
                if key not in self.ledger.versions and unit not in self.silent and self.chance.random() < FIGURES:
                    programme, name = self.chance.choice(names)
                    data = {"indicator": name, "agency": agency, "period": period, **self._said(root, slug, entry)}
                    yield self.event("indicator.reported", unit, programme, data, now)

    def _said(self, plan: Plan, slug: str, entry: Thing) -> Event:
        """A figure's numbers: a whole, and often its parts by one dimension."""
        indicator, chance = plan.indicators[slug], self.chance
        if "components" in indicator:
            return {"components": {item["slug"]: chance.random() < 0.7 for item in indicator["components"]}}
        denominator = chance.choice([0, 1, chance.randint(2, 40), chance.randint(50, 3000)])
        rare = indicator.get("better") == "lower"
        numerator = chance.randint(0, denominator // 20 if rare else denominator)
        said: Event = {"numerator": numerator, "denominator": denominator}
        dimensions = [name for name in indicator.get("breakdowns", ()) if name in (entry.get("options") or {name: 1})]
        if dimensions and chance.random() < 0.5:
            name = chance.choice(dimensions)
            options = self._options(plan, indicator, entry, name)[:2]
            halves = [(numerator // 2, denominator // 2), (numerator - numerator // 2, denominator - denominator // 2)]
            said["breakdown"] = [
                {"by": {name: option}, "numerator": n, "denominator": d}
                for option, (n, d) in zip(options, halves, strict=False)
            ]
        return said

    def _options(self, plan: Plan, indicator: Thing, entry: Thing, dimension: str) -> list[str]:
        """The options of a dimension that the reporter may give, in an order of chance."""
        every = [option["slug"] for option in plan.dimensions[dimension]["options"]]
        narrowed = entry.get("options", {}).get(dimension) or indicator.get("options", {}).get(dimension) or every
        return self.chance.sample(narrowed, len(narrowed))

    def _activities(self, plan: Plan, now: datetime) -> Iterator[Event]:
        """What was held in the last weeks."""
        today = plan.day(now)
        for level in ("commune", "district", "province"):
            types = [item for item in plan.activities.values() if level in item["levels"]]
            for unit in self.places.on(level, today - timedelta(days=25)):
                day = today - timedelta(days=self.chance.randint(0, 24))
                if not types or unit in self.silent or not self.places.in_force(unit, day):
                    continue
                agencies = [
                    agency["slug"] for agency in plan.file["agencies"]
                    if agency["level"] == level and agency.get("until", day) >= day
                ]  # fmt: skip
                if agencies and plan.accepts(plan.times.containing(day, "month")) and self.chance.random() < ACTIVE:
                    data = self._held(plan, self.chance.choice(types), day, self.chance.choice(agencies))
                    yield self.event("activity.recorded", unit, plan.slug, data, now)

    def _held(self, plan: Plan, activity: Thing, day: date, agency: str) -> Event:
        chance, held = self.chance, {"activity": activity["slug"], "record": f"r{next(self._numbers)}"}
        groups = [group["slug"] for group in plan.file["participant_groups"]]
        people = {group: chance.randint(0, 60) for group in chance.sample(groups, min(2, len(groups)))}
        held |= {"held_on": day.isoformat(), "agency": agency, "participants": people}
        held["female"] = chance.randint(0, sum(people.values()))
        lines = [line["slug"] for line in plan.file["funding_lines"]]
        if lines:
            held["money"] = [{"line": chance.choice(lines), "amount": chance.randint(0, 9_000_000)}]
        options = {
            name: chance.choice(
                activity.get("options", {}).get(name) or [o["slug"] for o in plan.dimensions[name]["options"]]
            )
            for name in activity.get("breakdowns") or ()
            if name != "sex"
        }
        if "domain" in options:
            held["domain"] = options.pop("domain")
        return {**held, "by": options}

    def _again(self, now: datetime) -> Iterator[Event]:
        """What was said already and is mended, taken back, sent once more, or overtaken."""
        for key, versions in list(self.ledger.versions.items()):
            top = max(versions.values(), key=lambda version: version[:4])
            if now - top.accepted_at > LATE:
                continue
            drawn = self.chance.random()
            bounds = list(itertools.accumulate((CORRECTED, WITHDRAWN, REPEATED, STALE)))
            if drawn < bounds[0]:
                yield self._corrected(key, top.revision + 1, now)
            elif drawn < bounds[1]:
                yield self._withdrawn(top.event, top.revision + 1, now)
            elif drawn < bounds[2]:
                yield top.event
            elif drawn < bounds[3] and top.revision > 0:
                yield self._corrected(key, top.revision - 1, now)

    def _corrected(self, key: Key, revision: int, now: datetime) -> Event:
        """Another revision, with other numbers; of a shared figure under any of its names."""
        former = next(version for version in self.ledger.versions[key].values() if version.alive)
        data = {**former.data, "revision": revision}
        programme = data["programme"]
        if "components" in data:
            data["components"] = {name: self.chance.random() < 0.7 for name in data["components"]}
        elif "denominator" in data:
            data |= {"denominator": data["denominator"] + self.chance.randint(0, 9), "breakdown": []}
        elif "participants" in data:
            data |= {"participants": dict.fromkeys(data["participants"], 7), "female": self.chance.randint(0, 7)}
        if key[0] == "indicator":
            programme, data["indicator"] = self.chance.choice(self.names[key[1], key[2]])
        kind = {"indicator": "indicator.reported", "report": "report.submitted", "activity": "activity.recorded"}[
            key[0]
        ]
        return self.event(kind, former.unit, programme, data, now)

    def _withdrawn(self, event: Event, revision: int, now: datetime) -> Event:
        """A withdrawal names the record; one of an activity is said by the unit, or by who stands for it today."""
        data, programme, unit = event["data"], event["data"]["programme"], event["subject"]
        named = {name: data[name] for name in ("indicator", "report", "agency", "period") if name in data}
        if "record" in data:
            named = {"record": data["record"]}
            unit = self.chance.choice((unit, self.places.heir(unit, self.plans[programme].day(now))))
        return self.event("record.retracted", unit, programme, {**named, "revision": revision}, now)

    def event(self, kind: str, unit: str, programme: str, data: Thing, now: datetime) -> Event:
        """A CloudEvent as a sender writes it."""
        return {
            "specversion": "1.0", "id": f"e{next(self._numbers)}", "source": self.chance.choice(("/a", "/b")),
            "type": f"vn.kip.{kind}.v1", "subject": unit, "time": now.isoformat(),
            "data": {**data, "programme": programme},
        }  # fmt: skip

    def refused(self, now: datetime) -> Iterator[tuple[Event, str]]:
        """What the door must refuse at this instant, each with the code."""
        for plan in self.plans.values():
            for slug, indicator in plan.indicators.items():
                if indicator.get("reporters") and self.chance.random() < WRONG:
                    entry = self.chance.choice(indicator["reporters"])
                    units = self.places.on(entry["level"], plan.day(now))
                    if units:
                        right = self._right(plan, slug, entry, self.chance.choice(units), now)
                        yield from self._wrong_period(plan, slug, right)
                        yield from self._wrong_programme(slug, right)
                        yield from self._wrong_otherwise(plan, slug, entry, right)

    def _right(self, plan: Plan, slug: str, entry: Thing, unit: str, now: datetime) -> Event:
        """A figure of the current period, with which nothing is wrong where its time is the programme's."""
        period = plan.times.containing(plan.day(now), plan.indicators[slug]["period"])
        data = {"indicator": slug, "agency": entry["agencies"][0], "period": period, **self._said(plan, slug, entry)}
        return self.event("indicator.reported", unit, plan.slug, data, now)

    def _but(self, right: Event, subject: str | None = None, **data: Any) -> Event:
        """The same but for one thing."""
        changed = {**right, "id": f"e{next(self._numbers)}", "data": {**right["data"], **data}}
        return changed | ({"subject": subject} if subject else {})

    def _accepted(self, plan: Plan, slug: str, period: str) -> bool:
        """Whether any programme that has a name for the figure accepts the period."""
        return any(self.plans[name].accepts(period) for name, _ in self.names[plan.root(slug)])

    def _wrong_period(self, plan: Plan, slug: str, right: Event) -> Iterator[tuple[Event, str]]:
        times, current = plan.times, right["data"]["period"]
        after = times.containing(times.last(current) + timedelta(days=1), plan.indicators[slug]["period"])
        long_ago = times.containing(date(2016, 3, 20), plan.indicators[slug]["period"])
        yield self._but(right, period=after), "period_future"  # whether it will be accepted or not
        yield self._but(right, period=long_ago), "period_closed"
        if not self._accepted(plan, slug, current):
            yield right, "period_closed"

    def _wrong_programme(self, slug: str, right: Event) -> Iterator[tuple[Event, str]]:
        yield self._but(right, programme="no-programme"), "programme_unknown"
        yield self._but(right, indicator=f"{slug}-of-nobody"), "indicator_unknown"
        for other in self.plans.values():
            if slug not in other.indicators:
                yield self._but(right, programme=other.slug), "indicator_unknown"

    def _wrong_otherwise(self, plan: Plan, slug: str, entry: Thing, right: Event) -> Iterator[tuple[Event, str]]:
        period, levels = right["data"]["period"], {item["level"] for item in plan.indicators[slug]["reporters"]}
        if not self._accepted(plan, slug, period) or not plan.holds(entry, period):
            return
        end = plan.times.last(period)
        others = [uid for uid, row in self.places.rows.items() if row["level"] == entry["level"]]
        absent = [uid for uid in others if not self.places.in_force(uid, end)]
        if absent:
            yield self._but(right, subject=self.chance.choice(absent)), "unit_not_in_force"
        here = self.places.heir(right["subject"], end)
        if "nation" not in levels:
            yield self._but(right, subject=self.places.ladder(here, end)[-1]), "unit_wrong_level"
        if "numerator" in right["data"] and self.places.level(here) == entry["level"]:
            wrong = self._but(right, subject=here, numerator=5, denominator=4, breakdown=[])
            yield wrong, "numerator_exceeds_denominator"
