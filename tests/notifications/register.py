"""The registry as the services hold it, and parts of the register of units."""

import csv
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

from shared.domain.partitions import assign_partitions
from shared.registry.snapshot import Registry
from tests.shipped import shipped_programme, shipped_units
from tests.system import ROOT

UNITS = ROOT / "data" / "units.csv"
Row = dict[str, str]


def read_registry() -> Registry:
    """Read the whole register and the shipped programme."""
    units = shipped_units()
    programme = shipped_programme()
    return Registry(units, assign_partitions(units, 4, {}), {programme.slug: programme}, {})


def write_part(register: Path, part: Path, wanted: Callable[[Row], bool]) -> Path:
    """Write the wanted units of the register with all that belongs to them; the path of what was written."""
    with register.open(encoding="utf-8", newline="") as file:
        rows = {row["uid"]: row for row in csv.DictReader(file)}
    below: dict[str, list[str]] = {}
    for row in rows.values():
        below.setdefault(row["parent"], []).append(row["uid"])
    kept: set[str] = set()
    for row in rows.values():
        if wanted(row):
            for uid in _with_those_below(below, row["uid"]):
                kept.update(_with_all_that_it_names(rows, uid))
    with part.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, next(iter(rows.values())))
        writer.writeheader()
        writer.writerows(row for uid, row in rows.items() if uid in kept)
    return part


def _with_those_below(below: Mapping[str, list[str]], uid: str) -> Iterator[str]:
    yield uid
    for child in below.get(uid, ()):
        yield from _with_those_below(below, child)


def _with_all_that_it_names(rows: Mapping[str, Row], uid: str) -> Iterator[str]:
    yield uid
    row = rows[uid]
    for name in (row["parent"], row["successor"], *row["other_successors"].split("|")):
        if name:
            yield from _with_all_that_it_names(rows, name)
