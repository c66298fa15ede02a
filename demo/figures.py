"""Compares every level's figures, as the read API gives them, with what the sample year's tally says."""

import asyncio
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import httpx

from demo.questions import Question

AT_ONCE = 6
LISTED = 12
# A part whose records were all withdrawn may still be listed, with nothing in it.
_EMPTY = frozenset({0, None})


@dataclass(slots=True)
class Compared:
    """How many figures were compared, how many were equal, and the first that were not."""

    figures: int = 0
    equal: int = 0
    requests: int = 0
    differences: list[str] = field(default_factory=list)

    @property
    def right(self) -> bool:
        """Whether everything was equal, and something was compared."""
        return 0 < self.figures == self.equal

    def add(self, what: str, expected: object, got: object) -> None:
        """Compare one figure."""
        self.figures += 1
        if expected == got:
            self.equal += 1
        elif len(self.differences) < LISTED:
            self.differences.append(f"{what}: expected {expected}, got {got}")


async def compare_figures(
    url: str, key: str, questions: Iterator[Question], asked: Callable[[], None] = lambda: None
) -> Compared:
    """Ask everything of the aggregation service at `url`; `asked` is called after each answer."""
    compared = Compared()

    async def work(client: httpx.AsyncClient) -> None:
        for question in questions:
            _compare(question, await _rows(client, question), compared)
            compared.requests += 1
            asked()

    headers = {"Authorization": f"Bearer {key}"}
    async with httpx.AsyncClient(base_url=url, headers=headers, timeout=60, trust_env=False) as client:
        await asyncio.gather(*(work(client) for _ in range(AT_ONCE)))
    return compared


async def _rows(client: httpx.AsyncClient, question: Question) -> dict[tuple[str, str], dict[str, Any]]:
    rows: dict[tuple[str, str], dict[str, Any]] = {}
    after: dict[str, str] = {}
    while True:
        response = await client.get(question.path, params={**question.parameters, **after})
        response.raise_for_status()
        answer = response.json()
        rows |= {(row["uid"], _part(row)): row for row in answer["rows"]}
        if answer["next"] is None:
            return rows
        after = {"after": answer["next"]}


def _part(row: dict[str, Any]) -> str:
    """Name the row's part in the tally's words; for a missing reporter its agency."""
    if "agency" in row:
        return str(row["agency"])
    return ",".join(f"{dimension}:{option}" for dimension, option in sorted(row.get("by", {}).items()))


def _compare(question: Question, rows: dict[tuple[str, str], dict[str, Any]], compared: Compared) -> None:
    asked = " ".join(question.parameters.values())
    for place, expected in question.expected.items():
        row = rows.pop(place, None)
        if not expected:  # that it is listed is all there is to say
            compared.add(f"{question.path} {asked}: {place}", expected=True, got=row is not None)
        for name, figure in expected.items():
            compared.add(f"{asked}: {' '.join(place)} {name}", figure, row and row.get(name))
    for place, row in rows.items():
        if "agency" in row or not {row["value"], row["numerator"]} <= _EMPTY:
            compared.add(f"{question.path} {asked}: {place}", expected=False, got=True)
