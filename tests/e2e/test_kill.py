"""202 means counted exactly once, whatever is killed in between."""

import random
from concurrent.futures import ThreadPoolExecutor

from deploy.local.stack import LocalStack
from tests.system import System, counselling

COMMUNES = ("06385", "06388", "06391", "06400", "06412", "06415", "06427", "06436")
BATCHES, SIZE = 60, 100  # three thirds, a kill in the middle of each


def test_killing_aggregation_in_the_middle_of_a_load_loses_and_repeats_nothing(
    stack: LocalStack, amqp_url: str, district_database: str
) -> None:
    system = System(stack, amqp_url, district_database, settings={"KIP_BATCH_EVENTS": "100"})
    chance = random.Random(7)
    bodies = [
        [
            counselling(chance.choice(COMMUNES), f"r{batch}-{number}", parents=chance.randint(1, 40))
            for number in range(SIZE)
        ]
        for batch in range(BATCHES)
    ]
    events = [event for body in bodies for event in body]
    people = sum(event["data"]["participants"]["parent"] for event in events)
    try:
        with ThreadPoolExecutor(4) as clients:
            for first in range(0, BATCHES, BATCHES // 3):
                answers = [clients.submit(system.post, body) for body in bodies[first : first + BATCHES // 3]]
                system.wait_until(
                    lambda: system.metric("aggregation", "kip_events_applied_total", outcome="applied") > 200,
                    "some of this third's events are applied",
                )
                system.services.kill("aggregation")
                assert {answer.result().status_code for answer in answers} == {202}
                system.services.start("aggregation")

        def figure() -> tuple[int, int]:
            row = system.rollups(activity="parent-counselling", within="VN", period="2023-03")[0]
            return row["records"], row["participants"]

        system.wait_until(lambda: figure()[0] >= len(events), "every accepted event is counted")
        assert figure() == (len(events), people)
        for within, level in (("20@1", "province"), ("186@1", "district"), ("186@1", "commune")):
            rows = system.rollups(activity="parent-counselling", within=within, level=level, period="2023-03")
            assert sum(row["participants"] for row in rows) == people
        repeated = [system.post(body) for body in bodies[:10]]
        assert {answer.status_code for answer in repeated} == {202}
        system.wait_until(
            lambda: system.metric("aggregation", "kip_events_applied_total", outcome="duplicate") >= 1000,
            "the repetition has been recognised",
        )
        assert figure() == (len(events), people)
    finally:
        system.services.stop()
