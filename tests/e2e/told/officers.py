"""Officers for two years: of every agency at most units of both trees, with whatever an officers' file can say."""

import csv
import itertools
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, time, timedelta
from pathlib import Path
from random import Random

from tests.e2e.three_programmes.places import Places
from tests.e2e.three_programmes.plans import Plan

NAMES = ("An", "Bình", "Cúc", "Dũng", "Đào", "Hạnh", "Huệ", "Khánh", "Lý", "Ngọc", "Ơn", "Phượng", "Thủy", "Út", "Yến")
QUIET = ("20:00-07:00", "07:00-09:15", "11:30-13:45", "22:30-06:00", "06:30-08:30")
COLUMNS = ("name", "role", "unit", "agency", "channels", "language", "quiet", "away_until", "deputy", "optional",
           "programmes")  # fmt: skip
# Shares of the seats, and of the officers.
SEATED, TWO, ENGLISH, QUIETLY, AWAY, DECLINES, OF_SOME = 0.85, 0.1, 0.3, 0.2, 0.12, 0.1, 0.25


@dataclass(frozen=True, slots=True)
class Officer:
    """A row of the file. `deputy` is a name at the same unit; without `programmes` they hear of all."""

    name: str
    unit: str
    agency: str
    language: str = "vi"
    quiet: tuple[time, time] | None = None
    away_until: date | None = None
    deputy: str = ""
    optional: bool = True
    programmes: frozenset[str] = frozenset()

    @property
    def address(self) -> str:
        return f"{self.unit.replace('@', '-')}.{self.agency}.{self.name.rpartition(' ')[2]}@example.vn".lower()


def draw(plans: Mapping[str, Plan], places: Places, seen: date, chance: Random) -> list[Officer]:
    """Who sits where. Some seats stay empty, some have two; the absent name each other in chains and in circles."""
    numbers, found = itertools.count(1), []
    for unit, row in places.rows.items():
        here = []
        for agency in sorted(_agencies_of(plans, row["level"])):
            if chance.random() < SEATED:
                many = 2 if chance.random() < TWO else 1
                here += [_officer(plans, unit, agency, next(numbers), chance) for _ in range(many)]
        found += _with_deputies(here, seen, chance)
    return found


def _agencies_of(plans: Mapping[str, Plan], level: str) -> set[str]:
    return {agency["slug"] for plan in plans.values() for agency in plan.file["agencies"] if agency["level"] == level}


def _officer(plans: Mapping[str, Plan], unit: str, agency: str, number: int, chance: Random) -> Officer:
    theirs = [slug for slug, plan in plans.items() if any(item["slug"] == agency for item in plan.file["agencies"])]
    start, _, end = chance.choice(QUIET).partition("-")
    some = frozenset({chance.choice(theirs)}) if chance.random() < OF_SOME else frozenset[str]()
    spoken = {language for slug in some or plans for language in plans[slug].languages}
    return Officer(
        f"{chance.choice(NAMES)} {number}", unit, agency,
        language="en" if chance.random() < ENGLISH or "vi" not in spoken else "vi",
        quiet=(time.fromisoformat(start), time.fromisoformat(end)) if chance.random() < QUIETLY else None,
        optional=chance.random() >= DECLINES,
        programmes=some,
    )  # fmt: skip


def _with_deputies(here: Sequence[Officer], seen: date, chance: Random) -> Iterator[Officer]:
    """Some are away for the first months of the two years, with one of the same unit in their stead."""
    for officer in here:
        others = [other.name for other in here if other is not officer]
        if others and chance.random() < AWAY:
            until = seen + timedelta(days=chance.randint(20, 600))
            yield replace(officer, away_until=until, deputy=chance.choice(others))
        else:
            yield officer


def write(officers: Sequence[Officer], file: Path) -> Path:
    """Write the file that `kip officer import` reads."""
    with file.open("w", encoding="utf-8", newline="") as opened:
        writer = csv.writer(opened)
        writer.writerow(COLUMNS)
        for officer in officers:
            writer.writerow(_row(officer))
    return file


def _row(officer: Officer) -> list[str]:
    quiet = "-".join(f"{hour:%H:%M}" for hour in officer.quiet or ())
    away = officer.away_until.isoformat() if officer.away_until else ""
    return [
        officer.name, "Chuyên viên", officer.unit, officer.agency, f"email:{officer.address}", officer.language, quiet,
        away, officer.deputy, "" if officer.optional else "no", " ".join(sorted(officer.programmes)),
    ]  # fmt: skip
