"""An independent model of the figures: from the plain files, without a line of the services' code.

Slow and obvious. It reads `units.csv` and `programme.yaml` itself, and gives for a list of accepted events the cells
that must be there.
"""

import csv
from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

ROOT = Path(__file__).resolve().parents[2]
with (ROOT / "data" / "units.csv").open(encoding="utf-8", newline="") as file:
    UNITS = {row["uid"]: row for row in csv.DictReader(file)}
PLAN: dict[str, Any] = YAML(typ="safe").load(ROOT / "programmes" / "ecd-1437" / "programme.yaml")
MEASURES = PLAN["measures"]
MERGER = "2025-07-01"
COUNTERS = ("records", "reported", "numerator", "denominator", "people", "female", "amount")
Cells = dict[tuple[str, str, str, str], tuple[int, ...]]  # (unit, subject, period, by)


def figures(events: Iterable[dict[str, Any]]) -> Cells:
    """The cells that these events (each identity once) must give, without those that are all zero."""
    claims: defaultdict[Any, list[Any]] = defaultdict(list)
    for event in events:
        for record, revision, alive in records_of(event):
            claims[record].append((revision, alive, event))
    cells: defaultdict[tuple[str, str, str, str], list[int]] = defaultdict(lambda: [0] * 7)
    for rivals in claims.values():
        _, alive, event = what_counts(rivals)
        if alive:
            for cell, counters in gives(event):
                for index, name in enumerate(COUNTERS):
                    cells[cell][index] += counters.get(name, 0)
    return {cell: tuple(sums) for cell, sums in cells.items() if any(sums)}


def what_counts(rivals: list[Any]) -> Any:
    """The rival that counts: of those with a revision the highest, of those without (who know none) the one accepted
    last; of these two the one accepted later, and at the same instant the one without. 2**31 - 1 counts whatever comes.
    """
    numbered = [rival for rival in rivals if rival[0] is not None]
    plain = [rival for rival in rivals if rival[0] is None]
    top = sorted(numbered, key=lambda r: (r[0], r[2]["time"], r[2]["source"], r[2]["id"], r[2]["sender"]))[-1:]
    if not plain or (top and top[0][0] == 2**31 - 1):
        return top[0]
    last = last_of(plain)
    return top[0] if top and top[0][2]["acceptedat"] > last[2]["acceptedat"] else last


def last_of(plain: list[Any]) -> Any:
    """An edit takes the place of what it edits, and stands before any unedited form of its own sender and source."""
    edited = {(r[2]["sender"], r[2]["source"], r[2]["data"].get("deprecates")) for r in plain}
    left = [r for r in plain if (r[2]["sender"], r[2]["source"], r[2]["id"]) not in edited] or plain
    tops = []
    for origin in {(r[2]["sender"], r[2]["source"]) for r in left}:
        own = [r for r in left if (r[2]["sender"], r[2]["source"]) == origin]
        own = [r for r in own if "deprecates" in r[2]["data"]] or own
        tops.append(sorted(own, key=lambda r: (r[2]["acceptedat"], r[2]["id"]))[-1])
    return sorted(tops, key=lambda r: (r[2]["acceptedat"], r[2]["source"], r[2]["id"], r[2]["sender"]))[-1]


def records_of(event: dict[str, Any]) -> list[tuple[Any, int | None, bool]]:
    """Which records the event speaks of: (key, revision or None, alive)."""
    data, place = event["data"], (event["province"],)
    kind = event["type"].split(".")[2]
    alive = ".retracted." not in event["type"]
    if kind == "obligation":
        return [
            ((*place, "o", data["report"], event["subject"], data["agency"], data["period"]), data["revision"], True)
        ]
    if "indicator" in data or "report" in data:
        what = ("i", data["indicator"]) if "indicator" in data else ("r", data["report"])
        return [((*place, *what, event["subject"], data["agency"], data["period"]), data.get("revision"), alive)]
    made: list[tuple[Any, int | None, bool]] = [
        ((*place, "a", event["sender"], data["record"]), data.get("revision"), alive)
    ]
    if data.get("supersedes") and data["supersedes"] != data["record"]:
        made.append(((*place, "a", event["sender"], data["supersedes"]), 2**31 - 1, False))
    return made


def gives(event: dict[str, Any]) -> list[tuple[tuple[str, str, str, str], dict[str, int]]]:
    """What a live record of this event adds, cell by cell."""
    data, unit = event["data"], event["subject"]
    if ".activity." in event["type"]:
        period = month(data["held_on"])
        ladder = climb(unit, last_day(period))
        subject = f"activity:{data['activity']}"
        made = [((step, subject, period, by), counts) for by, counts in activity(data) for step in ladder]
        own = [((ladder[0], subject, period, by), counts) for by, counts in units_once(data)]
        return made + own
    period = data["period"]
    ladder = climb(unit, last_day(period))
    if ".obligation." in event["type"]:
        subject, parts = (
            f"obligation:{data['report']}",
            [("", {"records": 1}), (f"state:{data['state']}", {"records": 1})],
        )
    elif "report" in data:
        expected = int("2023-Q1" <= period <= "2025-Q4")
        subject, parts = f"report:{data['report']}", [("", {"records": 1, "reported": expected})]
    else:
        subject, parts = f"indicator:{data['indicator']}", figure(data, int("2023-Q1" <= period <= "2025-Q4"))
        if "components" in data:
            levels = {"district": ("district", "province"), "province": ("nation",)}[UNITS[unit]["level"]]
            ladder = [step for step in ladder if UNITS[step]["level"] in levels]
    return [((step, subject, period, by), counts) for by, counts in parts for step in ladder]


def figure(data: dict[str, Any], expected: int) -> list[tuple[str, dict[str, int]]]:
    one = {"records": 1, "reported": expected}
    if "components" in data:
        states = data["components"]
        whole = [("", {**one, "numerator": int(all(states.values()))})]
        return whole + [(f"component:{slug}", {**one, "numerator": int(state)}) for slug, state in states.items()]
    made = [("", {**one, "numerator": data["numerator"], "denominator": data["denominator"]})]
    for split in data["breakdown"]:
        by = ",".join(f"{dimension}:{split['by'][dimension]}" for dimension in sorted(split["by"]))
        made.append((by, {**one, "numerator": split["numerator"], "denominator": split["denominator"]}))
    return made


def activity(data: dict[str, Any]) -> list[tuple[str, dict[str, int]]]:
    people = data["participants"]
    whole = {
        "records": 1, "people": sum(people.values()), "female": data["female"],
        "amount": sum(item["amount"] for item in data["money"]),
    }  # fmt: skip
    made = [("", whole)]
    made += [(f"{dimension}:{option}", whole) for dimension, option in options(data).items()]
    made += [(f"participants:{group}", {"records": 1, "people": count}) for group, count in people.items()]
    made += [(f"money:{item['line']}", {"records": 1, "amount": item["amount"]}) for item in data["money"]]
    for measure in MEASURES:
        if measure["counts"] != "units" and fits(measure, data) and {"groups", "lines", "by"} & set(measure):
            made += measured(measure, data)
    return made


def units_once(data: dict[str, Any]) -> list[tuple[str, dict[str, int]]]:
    return [
        part for measure in MEASURES if measure["counts"] == "units" and fits(measure, data)
        for part in measured(measure, data)
    ]  # fmt: skip


def fits(measure: dict[str, Any], data: dict[str, Any]) -> bool:
    chosen = options(data)
    wanted = measure.get("by", {})
    return data["activity"] in measure.get("activities", ()) and all(chosen.get(key) == wanted[key] for key in wanted)


def measured(measure: dict[str, Any], data: dict[str, Any]) -> list[tuple[str, dict[str, int]]]:
    groups, lines = measure.get("groups"), measure.get("lines")
    people = {group: count for group, count in data["participants"].items() if count}
    counts = {
        "records": 1,
        "people": sum(count for group, count in people.items() if not groups or group in groups),
        "female": data["female"] if not groups or set(people) <= set(groups) else 0,
        "amount": sum(item["amount"] for item in data["money"] if not lines or item["line"] in lines),
    }
    name = f"{'unit' if measure['counts'] == 'units' else 'measure'}:{measure['slug']}"
    split = [f"{name},{key}:{options(data)[key]}" for key in measure.get("breakdowns", ()) if key in options(data)]
    return [(by, counts) for by in (name, *split)]


def options(data: dict[str, Any]) -> dict[str, str]:
    return {**data["by"], **({"domain": data["domain"]} if data["domain"] else {})}


def month(day: str) -> str:
    """The 15th begins the next month."""
    year, number, date = (int(part) for part in day.split("-"))
    number += date > 14
    return f"{year + (number == 13)}-{(number - 1) % 12 + 1:02d}"


def last_day(period: str) -> str:
    year, _, part = period.partition("-")
    number = int(part[1]) * 3 if part.startswith("Q") else int(part)
    return f"{year}-{number:02d}-14"


def climb(unit: str, day: str) -> list[str]:
    """Its own ancestors; after the merger those of its successor, and of its parent's where it has none."""
    while unit.endswith("@1") and day >= MERGER:
        unit = UNITS[unit]["successor"] or UNITS[unit]["parent"]
    ladder = [unit]
    while UNITS[ladder[-1]]["parent"]:
        ladder.append(UNITS[ladder[-1]]["parent"])
    return ladder


def province(unit: str) -> str:
    """Today's province: the partition key."""
    today = climb(unit, "2026-01-01")
    return today[-2] if len(today) > 1 else today[0]
