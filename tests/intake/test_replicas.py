"""Two replicas of intake: what they share through the database, and what each counts for itself."""

import json
from collections.abc import Iterator

import httpx
import pytest

from deploy.local.http import LOCAL
from deploy.local.stack import LocalStack
from tests.intake.replica import second_intake
from tests.system import BATCH, System, access, counselling


@pytest.fixture(scope="module")
def doors(
    stack: LocalStack, rabbitmq: object, session_database: object, loaded_template: str
) -> Iterator[tuple[System, str, str]]:
    """A system, and the addresses of its two replicas."""
    system = System(stack, rabbitmq.add_vhost("replicas"), session_database(loaded_template), ["intake"])  # type: ignore[attr-defined, operator]
    with second_intake(stack, system) as second:
        yield system, system.services.url("intake"), second
    system.services.stop()


def post(url: str, key: str, *records: str) -> httpx.Response:
    body = [counselling(record=record) for record in records]
    headers = {"Authorization": f"Bearer {key}", "Content-Type": BATCH}
    return LOCAL.post(f"{url}/v1/events", content=json.dumps(body), headers=headers)


def test_each_replica_counts_a_sender_s_rate_for_itself(doors: tuple[System, str, str]) -> None:
    system, first, second = doors
    key = system.add_source("spread", "--rate", "1")
    for url in (first, second):
        system.wait_until(lambda u=url: post(u, key).status_code == 202, "the key is known")  # type: ignore[misc]
    assert post(first, key, *(f"a{n}" for n in range(30))).status_code == 202
    assert post(first, key, "b").status_code == 429
    assert post(second, key, "b").status_code == 202


def test_a_job_of_one_replica_is_told_by_the_other(doors: tuple[System, str, str]) -> None:
    system, first, second = doors
    made = access()["data"]
    values = [
        {"dataElement": f"child-service-access.{part}", "period": "2023Q1", "orgUnit": "06412", "value": made[part]}
        for part in ("numerator", "denominator")
    ]
    headers = {"Authorization": f"ApiToken {system.key}"}
    answer = LOCAL.post(
        f"{first}/api/dataValueSets", json={"dataValues": values}, params={"async": "true"}, headers=headers,
    )  # fmt: skip
    job = answer.json()["response"]["id"]
    told = LOCAL.get(f"{second}/api/system/taskSummaries/DATAVALUE_IMPORT/{job}", headers=headers)
    assert (told.status_code, told.json()["importCount"]["updated"]) == (200, 2)
