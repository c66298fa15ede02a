"""Each service's document names every route that it serves, and nothing else."""

import re

import pytest

from services.aggregation import app as aggregation_app
from services.aggregation.reading.openapi import openapi as aggregation
from services.intake import app as intake_app
from services.intake.documents.openapi import openapi as intake
from services.notifications import app as notifications_app
from services.notifications.openapi import openapi as notifications
from shared.runtime.config import load_settings

SERVICES = {
    "intake": (intake, intake_app), "aggregation": (aggregation, aggregation_app),
    "notifications": (notifications, notifications_app),
}  # fmt: skip


@pytest.mark.parametrize("service", SERVICES)
def test_every_route_is_in_the_document_and_nothing_else(service: str) -> None:
    made, wiring = SERVICES[service]
    settings = load_settings({"amqp_url": "amqp://unused", "database_url": "postgresql://unused/none"})
    served = {
        (re.sub(r"\{(\w+):\w+\}", r"{\1}", route.path), method)
        for route in wiring.make_app(settings).routes
        for method in (route.methods or {"POST", "OPTIONS"}) - {"HEAD"}
    }
    described = {(path, method.upper()) for path, item in made("test")["paths"].items() for method in item}
    assert described == served
