"""The primary hangs for good and another host takes over: nobody waits longer for the old one than a batch may take."""

import time

from deploy.local.stack import LocalStack
from tests.intake.replica import Relay
from tests.outage import RECOVERY_SECONDS, Outage, WholeLoad


def test_every_service_moves_from_a_primary_that_hangs_to_the_next_host(
    stack: LocalStack, amqp_url: str, district_database: str
) -> None:
    with Relay(district_database) as first:
        user, _, second = district_database.partition("@")
        _, _, old = first.url.partition("@")
        host, _, database = old.partition("/")
        next_host = second.partition("/")[0]
        outage = Outage(
            stack, amqp_url, f"{user}@{host},{next_host}/{database}", KIP_BATCH_TIMEOUT="4", KIP_LOG_LEVEL="info"
        )
        try:
            with WholeLoad(outage) as load:
                load.during(2, 202)
                first.freeze()
                frozen = time.monotonic()
                load.during(2, 202)
                seconds = outage.back(load, frozen)
            assert seconds < 10 * RECOVERY_SECONDS
            outage.settle(load)
            outage.verify()
        finally:
            outage.system.services.stop()
