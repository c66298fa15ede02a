"""Every message of two years of three programmes, against a model that was written from the documents alone.

`make prove` lives the same years in more districts, each time with other officers and events
(`tests/prove/test_told.py`).
"""

from collections import Counter
from collections.abc import Callable
from pathlib import Path
from random import Random

import pytest

from deploy.local.stack import LocalStack
from tests.e2e.test_three_programmes import FOLDERS
from tests.e2e.three_programmes.years import SEEN
from tests.e2e.told.run import live
from tests.notifications.register import UNITS, Row, write_part
from tests.system import System, kip, migrate

SHARE = 0.25
KINDS = {
    "reminder", "overdue", "parent-digest", "grandparent-digest", "store-told", "received", "extended", "waived",
    "changed-after", "problem-raised", "problem-resolved", "summary", "acknowledge", "mute",
}  # fmt: skip
DISTRICTS = frozenset({"060@1", "165@1", "001@1"})


@pytest.mark.long
@pytest.mark.timeout(600)
def test_two_years_of_messages_are_those_that_the_model_says(
    stack: LocalStack, amqp_url: str, database_url: str, tmp_path: Path
) -> None:
    told(stack, amqp_url, database_url, tmp_path, lambda row: row["uid"] in DISTRICTS, "20250701", SHARE, least=1_000)


def told(
    stack: LocalStack,
    amqp_url: str,
    database_url: str,
    folder: Path,
    wanted: Callable[[Row], bool],
    seed: str,
    share: float,
    least: int,
) -> Counter[str]:
    """Let the services live the two years of these units; every message is as the model says, and there are some of
    each kind, more than `least` in all. How much it was.
    """
    register = write_part(UNITS, folder / "units.csv", wanted)
    migrate(database_url)
    environment = {"KIP_AMQP_URL": "amqp://unused", "KIP_DATABASE_URL": database_url}
    kip("load", *map(str, FOLDERS), "--units", str(register), environment=environment)
    settings = {"KIP_CLOCK": SEEN, "KIP_SWEEP_INTERVAL": "86400"}
    system = System(stack, amqp_url, database_url, ("intake", "notifications"), settings)
    try:
        print(f"seed {seed}")
        compared = live(system, stack.mail_dir, FOLDERS, register, folder, Random(seed), share)
    finally:
        system.services.stop()
    print("compared:", ", ".join(f"{count:,} {what}" for what, count in sorted(compared.items())))
    assert compared.keys() >= KINDS
    assert sum(compared[kind] for kind in KINDS) > least
    return compared
