"""A year of the whole nation, 40,000 obligations and more, each time with other events, officers and mishaps."""

import os
import random
from collections.abc import Callable
from pathlib import Path

import pytest

from deploy.local.postgres import Postgres
from shared.registry.snapshot import Registry
from tests.notifications.conftest import registry  # noqa: F401 - a fixture
from tests.notifications.test_year import UNITS, folder, live_a_year  # noqa: F401 - a fixture

pytestmark = [pytest.mark.prove, pytest.mark.timeout(900)]


async def test_a_year_of_the_nation_leaves_what_the_model_says_and_nothing_else(
    registry: Registry,  # noqa: F811
    postgres: Postgres,
    loaded_database: str,
    folder: Path,  # noqa: F811
    record_property: Callable[[str, object], None],
) -> None:
    seed = os.environ.get("KIP_PROVE_SEED", "20250701")
    await live_a_year(registry, UNITS, postgres, loaded_database, folder, random.Random(seed), least=40_000)
    record_property("counted years", 1)
