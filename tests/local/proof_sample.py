"""A proof for the test of `make prove`: one case holds, the other if KIP_TEST_PROOF says so."""

import os
from collections.abc import Callable

import pytest

pytestmark = pytest.mark.prove


def test_holds(record_property: Callable[[str, object], None]) -> None:
    record_property("seconds_until_back", 3.5)
    record_property("counted outages", 2)


def test_may_not() -> None:
    assert os.environ["KIP_TEST_PROOF"] == "holds"
