"""How each case ended, run after run: a line of JSON each, kept at once, so that what is broken off can go on."""

import json
import secrets
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from statistics import median
from typing import Any

_NAME = "name"
USUAL_SECONDS = 60.0  # of a case of a test that has not run yet


@dataclass(frozen=True, slots=True)
class Outcome:
    """One run of one case: `outcome` is passed, failed or skipped.

    `measured` is what the test recorded; of it `counted` is what adds up over the runs.
    """

    proof: str
    case: str
    outcome: str
    seconds: float
    seed: int
    measured: dict[str, float]
    counted: dict[str, int] = field(default_factory=dict)


def read(path: Path) -> list[Outcome]:
    """All that were kept; a last line that was cut off is left out."""
    if not path.exists():
        return []
    found = []
    for line in path.read_text(encoding="utf-8").splitlines():
        try:
            found.append(Outcome(**json.loads(line)))
        except (ValueError, TypeError):
            continue
    return found


def keep(path: Path, outcome: Outcome) -> None:
    """Add one. The first of all belongs to no sums that were written before: it takes the name away."""
    path.parent.mkdir(parents=True, exist_ok=True)
    if not path.exists():
        path.with_name(_NAME).unlink(missing_ok=True)
    with path.open("a", encoding="utf-8") as file:
        file.write(json.dumps(asdict(outcome), ensure_ascii=False) + "\n")


def own_name(path: Path) -> str:
    """What stands for this machine's outcomes among the sums: drawn once for as long as they live, kept beside them."""
    file = path.with_name(_NAME)
    if not file.exists():
        file.write_text(secrets.token_hex(4), encoding="utf-8")
    return file.read_text(encoding="utf-8")


def usual_seconds(outcomes: Iterable[Outcome], case: str) -> float:
    """How long a case takes as a rule: as it did before, else as others of the same test did."""
    ran = [item for item in outcomes if item.outcome != "skipped"]
    own = [item.seconds for item in ran if item.case == case]
    alike = [item.seconds for item in ran if item.case.partition("[")[0] == case.partition("[")[0]]
    return median(own or alike or [USUAL_SECONDS])


@dataclass(frozen=True, slots=True)
class Sum:
    """What a proof's runs come to. `worst` is the largest of each measured number, `counted` the sum of each count."""

    proof: str
    passed: int
    failed: int
    skipped: int
    seconds: float
    worst: dict[str, float]
    counted: dict[str, int]


def add_up(outcomes: Iterable[Outcome], proof: str) -> Sum:
    """The sum of one proof's outcomes."""
    own = [item for item in outcomes if item.proof == proof]
    worst: dict[str, float] = {}
    for item in own:
        for name, value in item.measured.items():
            worst[name] = max(worst.get(name, value), value)
    counted: Counter[str] = Counter()
    for item in own:
        counted.update(item.counted)
    ended = {word: sum(item.outcome == word for item in own) for word in ("passed", "failed", "skipped")}
    return Sum(proof, **ended, seconds=sum(item.seconds for item in own), worst=worst, counted=dict(counted))


def together(sums: Iterable[Sum], proof: str) -> Sum:
    """One proof's sums of several machines as one."""
    own = [item for item in sums if item.proof == proof]
    worst: dict[str, float] = {}
    counted: Counter[str] = Counter()
    for item in own:
        worst.update({name: max(worst.get(name, value), value) for name, value in item.worst.items()})
        counted.update(item.counted)
    passed, failed, skipped = (sum(getattr(item, name) for item in own) for name in ("passed", "failed", "skipped"))
    return Sum(proof, passed, failed, skipped, sum(item.seconds for item in own), worst, dict(counted))


def read_sums(path: Path) -> dict[str, list[Sum]]:
    """The sums of every machine, by its name."""
    machines: Mapping[str, list[Any]] = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
    return {machine: [Sum(**item) for item in found] for machine, found in machines.items()}


def write_sums(path: Path, machines: Mapping[str, Iterable[Sum]]) -> None:
    """Keep them, a line a machine and proof."""
    lines = [
        f'"{machine}": [\n' + ",\n".join(json.dumps(asdict(item), sort_keys=True) for item in found) + "\n]"
        for machine, found in sorted(machines.items())
    ]
    path.write_text("{\n" + ",\n".join(lines) + "\n}\n", encoding="utf-8")
