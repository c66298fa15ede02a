"""Every route of every service is asked with hostile values in every part of a request, over real sockets: none
answers 5xx, each refuses in the service's own shape, and the services go on as if nothing had been asked.
"""

import json
import re
from collections import Counter
from concurrent.futures import ThreadPoolExecutor

import pytest

from services.aggregation.app import make_app as aggregation_app
from services.intake.app import make_app as intake_app
from services.notifications.app import make_app as notifications_app
from shared.runtime.config import load_settings
from tests.hostile import Asked, Sound, hostile
from tests.hostile_world import ask, fault_of, on_a_fresh_obligation
from tests.sound_requests import World, sound_requests
from tests.system import counselling, kip

pytestmark = [pytest.mark.long, pytest.mark.timeout(900)]  # a minute each on a machine with nothing else to do
APPS = {"intake": intake_app, "aggregation": aggregation_app, "notifications": notifications_app}
PROBES = ("/healthz", "/readyz", "/metrics")  # of every service
STREAMS = ("/v1/changes",)  # ends only with its reader: tests/e2e/test_changes.py
OPEN = ("/spool",)  # intake's, without a key
# Of all hostile requests every third: each part of each route meets a third of the values, each value a third of the
# parts. The proof `fuzz` draws from all of them.
EVERY = 3


def test_every_route_has_a_sound_request_that_is_answered_well(world: World) -> None:
    """So that the hostile ones below get past what refuses everything."""
    for service, make_app in APPS.items():
        settings = load_settings({"amqp_url": "amqp://unused", "database_url": "postgresql://unused"})
        routes = {
            (method, re.sub(r":\w+}", "}", route.path))
            for route in make_app(settings).routes
            for method in route.methods or ("GET",)
        }
        sound = sound_requests(service, world)
        described = {(made.method, made.route) for made in sound}
        known = described | {("GET", path) for path in (*PROBES, *(OPEN if service == "intake" else STREAMS))}
        heads = {("HEAD", path) for method, path in routes if method == "GET"}  # as GET, without its body
        assert routes - heads == known - heads, f"{service}: describe each route here"
        assert described <= routes
        obligations = reversed(world.obligations)
        for made in sound:
            request = made.asked()
            if "token" not in made.query:  # an officer decides on what the message told; others on each once
                request = on_a_fresh_obligation(request, obligations, world)
            answer = ask(world.system.services.ports[service], request)
            good = answer.status < 400 or (answer.status == 404 and "{job}" in made.route)
            good = good or b'"code_wrong"' in answer.body  # nobody here has read the officer's mail
            assert good, f"{service} {made.method} {made.route}: {answer.status} {answer.body[:500]!r}"


@pytest.mark.parametrize("service", APPS)
def test_no_hostile_value_is_answered_5xx(world: World, service: str) -> None:
    port = world.system.services.ports[service]
    obligations = iter(world.obligations[1:])
    asked: list[tuple[str, Asked]] = [(f"GET {path}", Sound("GET", path).asked()) for path in PROBES]
    for made in sound_requests(service, world):
        for name, request in hostile(made):
            asked.append((f"{made.method} {made.route}: {name}", on_a_fresh_obligation(request, obligations, world)))
    asked = asked[::EVERY]
    with ThreadPoolExecutor(4) as clients:
        answers = list(clients.map(lambda item: ask(port, item[1]), asked))
    faults = {
        name: fault
        for (name, request), answer in zip(asked, answers, strict=True)
        if (fault := fault_of(request, answer))
    }
    statuses = Counter(answer.status for answer in answers)
    assert not faults, f"{len(faults)} of {len(asked)} ({dict(statuses)}):\n" + "\n".join(
        f"{name}: {fault}" for name, fault in list(faults.items())[:100]
    )
    assert statuses[200] > len(asked) / 100


def test_all_goes_on_as_if_nothing_had_been_asked(world: World) -> None:
    system = world.system
    assert system.post([counselling("06421", "afterwards")]).status_code == 202
    asked = {"activity": "parent-counselling", "within": "06421", "period": "2023-03"}
    system.wait_until(lambda: system.rollups(**asked)[0]["records"] > 0, "what is sound is counted")
    told = json.loads(kip("tick", "--now", "2023-03-17T08:00:00+07:00", "--json", environment=system.environment))
    assert len({row["unit"] for row in told["alerts"] if row["step"] == "overdue"}) > 1000, told
    system.services.wait_ready()
    system.services.check_alive()
