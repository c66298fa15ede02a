"""What a run found: a table for people, one JSON object for machines. What falls short stands there too."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from statistics import median
from typing import Any

from rich.console import Console
from rich.table import Table


@dataclass(frozen=True, slots=True)
class Figure:
    """One line. `value` is None where nothing was measured; then `note` says why. `rounds` are its single values."""

    part: str  # of the run, as KIP_BENCH_ONLY names it
    name: str
    value: float | None
    at_least: float | None = None
    at_most: float | None = None
    unit: str = "×"
    note: str = ""
    rounds: dict[str, list[float]] = field(default_factory=dict)

    @property
    def reached(self) -> bool | None:
        """Whether the target is met; None without a target or a value."""
        if self.value is None:
            return None
        if self.at_least is not None:
            return self.value >= self.at_least
        return self.value <= self.at_most if self.at_most is not None else None

    @property
    def target(self) -> str:
        """The target as people write it."""
        if self.at_least is not None:
            return f"≥ {self.at_least:g} {self.unit}"
        return f"≤ {self.at_most:g} {self.unit}" if self.at_most is not None else "report"


def ratio(part: str, name: str, above: Sequence[float], below: Sequence[float], **more: Any) -> Figure:
    """The ratio of two medians."""
    rounds = {"above": [round(value, 2) for value in above], "below": [round(value, 2) for value in below]}
    return Figure(part, name, median(above) / median(below), rounds=rounds, **more)


def missing(part: str, name: str, why: str, **more: Any) -> Figure:
    """A figure that could not be measured, and why."""
    return Figure(part, name, None, note=why, **more)


@dataclass
class Report:
    """Everything that a run found."""

    figures: list[Figure] = field(default_factory=list)
    stages: dict[str, dict[str, float]] = field(default_factory=dict)
    facts: dict[str, Any] = field(default_factory=dict)

    def add(self, *figures: Figure) -> None:
        """Add lines."""
        self.figures += figures

    def show(self, console: Console) -> None:
        """Print the tables, then the JSON object as the last line."""
        table = Table("part", "figure", "measured", "target", "", "note", title="Kịp: make bench")
        for figure in self.figures:
            value = "–" if figure.value is None else f"{figure.value:.3g} {figure.unit}"
            mark = {True: "[green]reached[/]", False: "[red]falls short[/]", None: ""}[figure.reached]
            table.add_row(figure.part, figure.name, value, figure.target, mark, figure.note)
        console.print(table)
        stages = Table("load", "process", "CPU µs an event", "share of a core", title="What limits the pipeline now")
        for load, found in self.stages.items():
            for name in sorted({key.partition(".")[0] for key in found}):
                cost, share = found[f"{name}.us_per_event"], found[f"{name}.core_share"]
                stages.add_row(load, name, f"{cost:.0f}", f"{share:.0%}")
        console.print(stages)
        console.file.write(json.dumps(self.to_json(), ensure_ascii=False) + "\n")
        console.file.flush()

    def to_json(self) -> dict[str, Any]:
        """The whole report."""
        return {
            **self.facts,
            "stages": self.stages,
            "figures": [
                {
                    "part": figure.part,
                    "figure": figure.name,
                    "value": None if figure.value is None else round(figure.value, 4),
                    "unit": figure.unit,
                    "target": figure.target,
                    "reached": figure.reached,
                    "note": figure.note,
                    "rounds": figure.rounds,
                }
                for figure in self.figures
            ],
        }
