"""The proofs there are. A new one is a file of tests in tests/prove and a line here."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Proof:
    """What a file of tests proves. `share` is its part of the budget, against the others' shares."""

    name: str
    proves: str
    tests: str
    share: float
    by_name: bool = False  # runs only where PROVE_ONLY names it


PROOFS = (
    Proof(
        "freezes",
        "broker or database frozen for 5 to 45 s under load: every 202 counted exactly once, back by itself",
        "tests/prove/test_freezes.py",
        share=1.0,
    ),
    Proof(
        "lost",
        "queues purged, deleted and emptied under load, behind the broker's confirm: every 202 counted exactly once",
        "tests/prove/test_lost.py",
        share=0.5,
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
        "form",
        "a report handed in at 400 ms a request; many officers at once, in two tabs, pressing twice, with answers "
        "lost: every obligation met, every submission counted once",
        "tests/prove/test_form.py",
        share=0.5,
    ),
    Proof(
        "nation",
        "a year of every unit's obligations and alerts, against an independent model, row for row",
        "tests/prove/test_nation.py",
        share=0.5,
    ),
    Proof(
        "programmes",
        "two years of three programmes, one of whose figures two of them share: figures, coverage, obligations and "
        "timeliness against an independent model, drawn anew each time",
        "tests/prove/test_three_programmes.py",
        share=0.75,
    ),
    Proof(
        "messages",
        "every message of two years of three programmes: to whom, when, subject and lines, against an independent "
        "model, with other officers, events, absences and stops each time",
        "tests/prove/test_told.py",
        share=0.75,
        by_name=True,  # its seeds found faults until lately; four have passed since
    ),
)
