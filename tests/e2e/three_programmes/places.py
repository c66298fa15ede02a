"""The register of units as the model reads it: one row of `units.csv` after the other."""

import csv
from collections.abc import Iterator
from datetime import date
from functools import cache
from pathlib import Path

Row = dict[str, str]


class Places:
    """Units by uid, with who stood where on any day. Depth and days of the reform are what the rows say."""

    def __init__(self, register: Path) -> None:
        with register.open(encoding="utf-8", newline="") as file:
            self.rows: dict[str, Row] = {row["uid"]: row for row in csv.DictReader(file)}
        turns = {row["valid_from"] for row in self.rows.values()} - {""}
        self.turns = sorted(date.fromisoformat(turn) for turn in turns)

    def level(self, uid: str) -> str:
        return self.rows[uid]["level"]

    def in_force(self, uid: str, day: date) -> bool:
        row = self.rows[uid]
        return (row["valid_from"] or "0000") <= day.isoformat() <= (row["valid_to"] or "9999")

    def tree(self, day: date) -> int:
        """Which tree stands on the day, counted from 0."""
        return sum(turn <= day for turn in self.turns)

    def on(self, level: str, day: date) -> list[str]:
        """The units of a level that are in force on the day."""
        return list(self._on(level, self.tree(day), day))

    @cache  # noqa: B019 - a register lives as long as its test
    def _on(self, level: str, tree: int, day: date) -> tuple[str, ...]:
        return tuple(uid for uid, row in self.rows.items() if row["level"] == level and self.in_force(uid, day))

    @cache  # noqa: B019 - likewise
    def heir(self, uid: str, day: date) -> str:
        """The unit itself, or who stands in its place on the day: its successor, else what its parent has become."""
        while not self.in_force(uid, day):
            uid = self.rows[uid]["successor"] or self.rows[uid]["parent"]
        return uid

    @cache  # noqa: B019 - likewise
    def ladder(self, uid: str, day: date) -> tuple[str, ...]:
        """The unit's heir of that day and all above it, lowest first."""
        return tuple(self._upwards(self.heir(uid, day)))

    def _upwards(self, uid: str) -> Iterator[str]:
        while uid:
            yield uid
            uid = self.rows[uid]["parent"]

    def heirs_of_divided(self, day: date, on: date, level: str) -> set[str]:
        """The units of a level on the tree of `on`, of which nobody knows how much of a divided unit is theirs."""
        found: set[str] = set()
        for uid, row in self.rows.items():
            if row["other_successors"] and self.in_force(uid, day) and not self.in_force(uid, on):
                heirs = (row["successor"], *row["other_successors"].split("|"))
                steps = {step for heir in heirs for step in self.ladder(heir, on) if self.level(step) == level}
                found |= steps if len(steps) > 1 else set()
        return found
