"""The proofs there are. A new one is a file of tests in tests/prove and a line here."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Proof:
    """What a file of tests proves. `share` is its part of the budget, against the others' shares."""

    name: str
    proves: str
    tests: str
    share: float


PROOFS = (
    Proof(
        "freezes",
        "broker or database frozen for 5 to 45 s under load: every 202 counted exactly once, back by itself",
        "tests/prove/test_freezes.py",
        share=1.0,
    ),
    Proof(
        "fuzz",
        "requests of every kind to every route: no 5xx, no answer outside the service's document, bounded memory",
        "tests/prove/test_fuzz.py",
        share=1.0,
    ),
    Proof(
        "boundaries",
        "the boundaries of every parameter and field: no 5xx, no answer outside the service's document",
        "tests/prove/test_boundaries.py",
        share=0.25,
    ),
    Proof(
        "nation",
        "a year of every unit's obligations and alerts, against an independent model, row for row",
        "tests/prove/test_nation.py",
        share=0.5,
    ),
)
