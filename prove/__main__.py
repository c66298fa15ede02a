"""`python -m prove`: run every proof for its share of the budget, and say what all of it came to.

PROVE_MINUTES is the budget (default 10), PROVE_ONLY names proofs (comma), PROVE_SEED repeats a run's draws. `--page`
runs none: it puts this machine's sums so far into docs/reliability.json beside those of other machines, and the sums of
all into docs/reliability.md.
"""

import itertools
import os
import random
import secrets
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from prove import outcomes, recorder
from prove.outcomes import Outcome, Sum
from prove.proofs import PROOFS, Proof

ROOT = Path(__file__).resolve().parents[1]
KEPT = ROOT / ".run" / "prove" / "outcomes.jsonl"
PAGE = ROOT / "docs" / "reliability.md"
SUMS = ROOT / "docs" / "reliability.json"  # of every machine: the outcomes themselves stay where they ran
_BEGIN, _END = "<!-- sums: python -m prove --page -->", "<!-- end of the sums -->"
LEAST_SECONDS = 20.0  # nothing ends within less


def main(arguments: Sequence[str]) -> int:
    if list(arguments) == ["--page"]:
        write_page(add_own_sums())
        return 0
    minutes = _number("PROVE_MINUTES", 10.0)
    seed = int(_number("PROVE_SEED", secrets.randbits(32)))
    only = {name for name in os.environ.get("PROVE_ONLY", "").split(",") if name}
    chosen = [proof for proof in PROOFS if (proof.name in only if only else not proof.by_name)]
    if not chosen or only - {proof.name for proof in PROOFS}:
        sys.exit(f"prove: PROVE_ONLY: expected some of {', '.join(proof.name for proof in PROOFS)}")
    print(f"prove: {minutes:g} minutes, PROVE_SEED={seed}", flush=True)
    before = len(outcomes.read(KEPT))
    until = time.monotonic() + 60 * minutes
    fallen = False
    for number, proof in enumerate(chosen):
        left = until - time.monotonic()
        share = left * proof.share / sum(other.share for other in chosen[number:])
        fallen = not run(proof, seed, time.monotonic() + share) or fallen
    fresh = outcomes.read(KEPT)[before:]
    return report(chosen, fresh, fallen=fallen)


def run(proof: Proof, seed: int, until: float) -> bool:
    """Go through the proof's cases until the time is up or one fails; whether pytest itself went well."""
    chance = random.Random(f"{seed} {proof.name}")  # noqa: S311 - no secret
    while True:
        before = len(outcomes.read(KEPT))
        environment = {
            **os.environ,
            recorder.PROOF: proof.name,
            recorder.SEED: str(chance.randrange(2**32)),
            recorder.UNTIL: str(until),
            recorder.KEPT: str(KEPT),
        }
        words = [sys.executable, "-m", "pytest", "-m", "prove", "-p", "prove.recorder", "-rfE", proof.tests]
        code = subprocess.run(words, cwd=ROOT, env=environment, check=False).returncode  # noqa: S603 - our own tests
        if code not in {0, 1}:  # pytest itself failed, or found no case
            return False
        ended = {item.outcome for item in outcomes.read(KEPT)[before:]}
        if "failed" in ended or "passed" not in ended or time.monotonic() + LEAST_SECONDS > until:
            return True


def report(chosen: Sequence[Proof], fresh: Sequence[Outcome], *, fallen: bool) -> int:
    """Print what this run came to, and all runs so far; 0 only if something passed and nothing failed."""
    kept = outcomes.read(KEPT)
    print("\nproof       this run: passed failed not reached   all runs: passed failed  minutes  worst")
    for proof in chosen:
        now, ever = outcomes.add_up(fresh, proof.name), outcomes.add_up(kept, proof.name)
        print(
            f"{proof.name:<12}{now.passed:>16} {now.failed:>6} {now.skipped:>11}   {ever.passed:>16} {ever.failed:>6}"
            f"  {ever.seconds / 60:>7.1f}  {_told(ever.worst)}"
        )
    passed = sum(item.outcome == "passed" for item in fresh)
    failed = sum(item.outcome == "failed" for item in fresh)
    for item in fresh:
        if item.outcome == "failed":
            print(f"failed: {item.case} (seed {item.seed})")
    print(f"{passed} passed, {failed} failed")
    return 1 if failed or fallen or not passed else 0


def add_own_sums() -> list[Sum]:
    """Put this machine's sums beside those of the others, once however often it is run; each proof's sum of all."""
    kept = outcomes.read(KEPT)
    machines = outcomes.read_sums(SUMS)
    if kept:
        machines[outcomes.own_name(KEPT)] = [outcomes.add_up(kept, proof.name) for proof in PROOFS]
        outcomes.write_sums(SUMS, machines)
    return [outcomes.together(itertools.chain(*machines.values()), proof.name) for proof in PROOFS]


def write_page(sums: Sequence[Sum]) -> None:
    """Put the sums of all runs into the page, between its marks."""
    text = PAGE.read_text(encoding="utf-8")
    head, _, rest = text.partition(_BEGIN)
    _, _, tail = rest.partition(_END)
    rows = "".join(
        f"| {item.proof} | {item.passed} | {item.failed} | {item.seconds / 60:.0f} | {_told(item.counted)} "
        f"| {_told(item.worst)} |\n"
        for item in sums
    )
    table = f"| proof | cases passed | failed | minutes | counted | worst |\n|---|---|---|---|---|---|\n{rows}"
    PAGE.write_text(f"{head}{_BEGIN}\n{table}{_END}{tail}", encoding="utf-8")


def _told(numbers: Mapping[str, float]) -> str:
    return ", ".join(f"{name.replace('_', ' ')} {value:.10g}" for name, value in sorted(numbers.items()))


def _number(name: str, default: float) -> float:
    text = os.environ.get(name) or str(default)
    try:
        value = float(text)
    except ValueError:
        sys.exit(f"prove: {name}: expected a number, got {text!r}")
    if not 0 < value < 2**32:
        sys.exit(f"prove: {name}: expected a number above 0, got {text!r}")
    return value


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
