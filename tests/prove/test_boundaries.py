"""The boundaries of every parameter and field that a document names: the least, the most, one beyond, left out."""

import os

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, settings

from services.aggregation.reading.openapi import openapi as aggregation
from services.intake.documents.openapi import openapi as intake
from services.notifications.openapi import openapi as notifications
from tests.documented import CHECKS, requests_of
from tests.sound_requests import World

if "KIP_PROVE_SEED" not in os.environ:  # all boundaries are made when this is collected, which takes ten seconds
    pytest.skip("a proof: `make prove` collects it", allow_module_level=True)

pytestmark = [pytest.mark.prove, pytest.mark.timeout(600)]
EXPLICIT = settings(
    deadline=None, database=None, phases=[Phase.explicit], suppress_health_check=list(HealthCheck)
)  # fmt: skip
taking = schemathesis.openapi.from_dict(intake("test"))
reading = requests_of(aggregation("test"))
reminding = requests_of(notifications("test"))


@taking.parametrize()
@EXPLICIT
def test_no_boundary_of_intake_is_answered_outside_its_document(case: schemathesis.Case, world: World) -> None:
    ask(case, world, "intake", "app")


@reading.parametrize()
@EXPLICIT
def test_no_boundary_of_aggregation_is_answered_outside_its_document(case: schemathesis.Case, world: World) -> None:
    ask(case, world, "aggregation", "reader")


@reminding.parametrize()
@EXPLICIT
def test_no_boundary_of_notifications_is_answered_outside_its_document(case: schemathesis.Case, world: World) -> None:
    ask(case, world, "notifications", "operator" if case.method == "POST" else "reader")


def ask(case: schemathesis.Case, world: World, service: str, key: str) -> None:
    headers = {"Authorization": f"Bearer {world.keys[key]}"}
    response = case.call(
        base_url=world.system.services.url(service), headers=headers, timeout=60, allow_redirects=False
    )
    if case.path == "/readyz" or (response.status_code == 503 and "Retry-After" in response.headers):
        return  # not ready is no fault
    case.validate_response(response, checks=[schemathesis.checks.not_a_server_error, *CHECKS])
