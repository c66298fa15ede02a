"""Three programmes for two years beside each other, against a model that was written from the documents alone.

Districts end in it and ministries change hands; one programme ends, another one's first reports are due, and a figure
is theirs together; a third one, with weeks and another time zone, shares nothing with them. `make prove` lives the same
years in whole provinces, each time with other events (`tests/prove/test_three_programmes.py`).
"""

from collections import Counter
from collections.abc import Callable
from pathlib import Path
from random import Random

import pytest

from deploy.local.stack import LocalStack
from tests.e2e.three_programmes.years import SEEN, live
from tests.notifications.register import UNITS, Row, write_part
from tests.system import ROOT, System, kip, migrate
from tests.third_programme import FOLDER

FOLDERS = (ROOT / "programmes" / "ecd-1437", ROOT / "programmes" / "nap-23", FOLDER)
# Of two provinces that become one, of one that stays, and of one whose targets are its own; some communes were divided.
DISTRICTS = frozenset({"186@1", "060@1", "165@1", "164@1", "001@1"})
SHARES = {"indicator": 0.012, "activity": 0.003, "measure": 0.004}


@pytest.mark.long
@pytest.mark.timeout(300)
def test_two_years_of_three_programmes_come_to_what_the_model_says(
    stack: LocalStack, amqp_url: str, database_url: str, tmp_path: Path
) -> None:
    compared = two_years(
        stack, amqp_url, database_url, tmp_path, lambda row: row["uid"] in DISTRICTS, "20250701", SHARES
    )
    assert compared["obligations"] > 40_000
    assert compared["indicator figures"] > 4_000
    assert min(compared.values()) > 500


def two_years(
    stack: LocalStack,
    amqp_url: str,
    database_url: str,
    folder: Path,
    wanted: Callable[[Row], bool],
    seed: str,
    shares: dict[str, float],
) -> Counter[str]:
    """Let the services live the two years of these units; everything is as the model says. How much was compared."""
    register = write_part(UNITS, folder / "units.csv", wanted)
    migrate(database_url)
    environment = {"KIP_AMQP_URL": "amqp://unused", "KIP_DATABASE_URL": database_url}
    kip("load", *map(str, FOLDERS), "--units", str(register), environment=environment)
    names = ("intake", "aggregation", "notifications")
    system = System(stack, amqp_url, database_url, names, {"KIP_CLOCK": SEEN})
    try:
        print(f"seed {seed}")
        compared = live(system, FOLDERS, register, Random(seed), shares)
    finally:
        system.services.stop()
    print("compared:", ", ".join(f"{count:,} {what}" for what, count in sorted(compared.items())))
    return compared
