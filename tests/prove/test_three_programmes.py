"""Two years of three programmes in whole provinces, each time with other events, corrections and decisions."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from deploy.local.stack import LocalStack
from tests.e2e.test_three_programmes import two_years

pytestmark = [pytest.mark.prove, pytest.mark.timeout(1500)]
# Two provinces that became one, one that stayed as it was, and a district of one that has targets of its own.
PLACES = frozenset({"06@1", "19@1", "20@1", "001@1"})
SHARES = {"indicator": 0.03, "activity": 0.01, "measure": 0.01}


def test_two_years_in_whole_provinces_come_to_what_the_model_says(
    stack: LocalStack,
    amqp_url: str,
    database_url: str,
    tmp_path: Path,
    record_property: Callable[[str, object], None],
) -> None:
    seed = os.environ.get("KIP_PROVE_SEED", "20250701")
    compared = two_years(stack, amqp_url, database_url, tmp_path, lambda row: row["uid"] in PLACES, seed, SHARES)
    assert compared["obligations"] > 200_000
    assert compared["indicator figures"] > 50_000
    for what, count in compared.items():
        record_property(f"counted {what}", count)
