"""A pytest plugin: keeps each case's outcome at once, and begins none that would not end within the budget."""

import os
import random
import time
from collections import Counter
from collections.abc import Generator
from pathlib import Path

import pytest

from prove.outcomes import Outcome, keep, read, usual_seconds

COUNTED = "counted "  # begins the name of a property that adds up over the runs
PROOF, SEED, UNTIL, KEPT = "KIP_PROVE_PROOF", "KIP_PROVE_SEED", "KIP_PROVE_UNTIL", "KIP_PROVE_KEPT"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Those that ran least first, else in an order of the seed's."""
    ran = Counter(item.case for item in read(Path(os.environ[KEPT])) if item.outcome != "skipped")
    chance = random.Random(os.environ[SEED])  # noqa: S311 - no secret
    drawn = {item.nodeid: chance.random() for item in items}
    items.sort(key=lambda item: (ran[item.nodeid], drawn[item.nodeid]))


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Skip what there is no time for."""
    left = float(os.environ[UNTIL]) - time.monotonic()
    if usual_seconds(read(Path(os.environ[KEPT])), item.nodeid) > left:
        pytest.skip("the budget is used up")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Keep how it ended: a set-up that fails is a failure too."""
    report = yield
    if report.when == "call" or (report.when == "setup" and not report.passed) or report.failed:
        keep(Path(os.environ[KEPT]), _outcome(item, report))
    return report


def _outcome(item: pytest.Item, report: pytest.TestReport) -> Outcome:
    recorded = {name: value for name, value in item.user_properties if isinstance(value, int | float)}
    counted = {name.removeprefix(COUNTED): int(recorded[name]) for name in recorded if name.startswith(COUNTED)}
    measured = {name: value for name, value in recorded.items() if not name.startswith(COUNTED)}
    seed = int(os.environ[SEED])
    return Outcome(os.environ[PROOF], item.nodeid, report.outcome, report.duration, seed, measured, counted)
