"""Every message of two years of three programmes, each time with other officers, events, absences and stops."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from deploy.local.stack import LocalStack
from tests.e2e.test_told import told

pytestmark = [pytest.mark.prove, pytest.mark.timeout(1500)]
# A province that another one joined, that one in part, one that stays, and a district whose targets are its own.
PLACES = frozenset({"06@1", "165@1", "171@1", "186@1", "187@1", "001@1"})
SHARE = 0.7
LEAST = 4_000  # parts of messages, and answers to them: the first two seeds brought 5,261 and 5,623


def test_two_years_of_messages_are_those_that_the_model_says(
    stack: LocalStack,
    amqp_url: str,
    database_url: str,
    tmp_path: Path,
    record_property: Callable[[str, object], None],
) -> None:
    seed = os.environ.get("KIP_PROVE_SEED", "20250701")
    compared = told(stack, amqp_url, database_url, tmp_path, lambda row: row["uid"] in PLACES, seed, SHARE, LEAST)
    for what, count in compared.items():
        record_property(f"counted {what}", count)
