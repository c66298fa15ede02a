"""A year of the whole nation, 40,000 obligations and more, each time with other events, officers and mishaps."""

import os
import random
from collections.abc import Callable
from pathlib import Path

import pytest

from deploy.local.postgres import Postgres
from tests.notifications.register import UNITS, read_registry
from tests.notifications.test_year import live_a_year, programme_of_the_year

pytestmark = [pytest.mark.prove, pytest.mark.timeout(900)]


async def test_a_year_of_the_nation_leaves_what_the_model_says_and_nothing_else(
    postgres: Postgres, loaded_database: str, tmp_path: Path, record_property: Callable[[str, object], None]
) -> None:
    chance = random.Random(os.environ.get("KIP_PROVE_SEED", "20250701"))
    folder = programme_of_the_year(tmp_path)
    await live_a_year(read_registry(), UNITS, postgres, loaded_database, folder, chance, least=40_000)
    record_property("counted years", 1)
