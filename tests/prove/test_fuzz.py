"""Each service is asked what its own document allows and doesn't, and with hostile values in every part of a request:
no 5xx, no answer outside the document, less than 400 MiB, and all goes on as if nothing had been asked.
"""

import contextlib
import os
import random
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any, TypeAlias

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis.errors import Unsatisfiable

from deploy.local.http import LOCAL
from tests.documented import CHECKS, Document, outside
from tests.hostile import Asked, Sound, hostile
from tests.hostile_world import DOCUMENTED, Answer, ask, fault_of, on_a_fresh_obligation
from tests.sound_requests import World, sound_requests
from tests.system import counselling
from tests.vitals import Vitals

MEBIBYTES = 400
EXAMPLES = 15  # of each operation, as the document allows it, and as many as it doesn't
REQUESTS = 2500  # hostile ones, of a service
pytestmark = [pytest.mark.prove, pytest.mark.timeout(1200)]
Case: TypeAlias = schemathesis.Case[Any]
Record = Callable[[str, object], None]


@dataclass
class Fuzzed:
    """The running services, their documents, and what watches them."""

    world: World
    documents: dict[str, Document]
    vitals: Vitals
    afterwards: int = 0
    fresh: Iterator[int] = field(init=False)

    def __post_init__(self) -> None:
        self.fresh = iter(self.world.obligations[1:])

    def url(self, service: str) -> str:
        return self.world.system.services.url(service)

    def is_ready(self, service: str) -> bool:
        return LOCAL.get(f"{self.url(service)}/readyz", timeout=30).status_code == 200


@pytest.fixture(scope="module")
def fuzzed(world: World) -> Iterator[Fuzzed]:
    services = world.system.services
    vitals = Vitals(services)
    try:
        yield Fuzzed(world, {name: Document.served_by(services.url(name)) for name in DOCUMENTED}, vitals)
    finally:
        vitals.stop()


@pytest.fixture
def chance(request: pytest.FixtureRequest) -> random.Random:
    return random.Random(f"{os.environ.get('KIP_PROVE_SEED', '')} {request.node.name}")


@pytest.mark.parametrize("service", DOCUMENTED)
def test_no_hostile_value_is_answered_outside_the_document(
    service: str, fuzzed: Fuzzed, chance: random.Random, record_property: Record
) -> None:
    port = fuzzed.world.system.services.ports[service]
    every = [
        (f"{made.method} {made.route}: {name}", asked)
        for made in sound_requests(service, fuzzed.world)
        for name, asked in hostile(made)
    ]
    drawn = [
        (name, on_a_fresh_obligation(asked, fuzzed.fresh, fuzzed.world))
        for name, asked in chance.sample(every, min(REQUESTS, len(every)))
    ]

    def asked_once(named: tuple[str, Asked]) -> tuple[str, int, str | None]:
        name, asked = named
        answer = ask(port, asked)
        return name, answer.status, _fault(fuzzed, service, asked, answer)

    with ThreadPoolExecutor(4) as clients:
        answers = list(clients.map(asked_once, drawn))
    _conclude(fuzzed, service, Counter(status for _, status, _ in answers), record_property)
    faults = {name: fault for name, _, fault in answers if fault}
    assert not faults, _listed(faults, len(answers))


@pytest.mark.parametrize("service", DOCUMENTED)
def test_no_answer_lies_outside_the_document_that_the_service_serves(
    service: str, fuzzed: Fuzzed, chance: random.Random, record_property: Record
) -> None:
    statuses: Counter[int] = Counter()
    faults: dict[str, str] = {}
    sound = sound_requests(service, fuzzed.world)

    def check(case: Case) -> None:
        name = _made_sounder(case, sound, chance)
        response = case.call(
            base_url=fuzzed.url(service), headers=_key_for(case, fuzzed.world), timeout=60, allow_redirects=False
        )
        statuses[response.status_code] += 1
        if response.status_code >= 500:
            if not _declared(fuzzed, service, response.status_code, response.headers):
                faults[name] = f"{response.status_code} {response.content[:200]!r}"
        elif fault := outside(case, response, CHECKS):
            faults[name] = fault

    for operation in fuzzed.documents[service].operations:
        for mode in schemathesis.GenerationMode:
            made = given(case=operation.as_strategy(generation_mode=mode))(check)
            bounded = settings(
                max_examples=EXAMPLES, deadline=None, database=None, phases=[Phase.generate],
                suppress_health_check=list(HealthCheck),
            )  # fmt: skip
            nothing_else = () if mode is schemathesis.GenerationMode.POSITIVE else (Unsatisfiable,)
            with contextlib.suppress(*nothing_else):  # what takes no parameter has nothing that could be wrong
                seed(chance.randrange(2**32))(bounded(made))()
    _conclude(fuzzed, service, statuses, record_property)
    assert not faults, _listed(faults, statuses.total())


def _made_sounder(case: Case, sound: list[Sound], chance: random.Random) -> str:
    """Half of the cases get what a sound request has, but for one part: else nearly all fall at the first check.

    Returns how the case is called, with what was generated.
    """
    own = [made for made in sound if (made.method, made.route) == (case.method, case.path)]
    if own and chance.random() < 0.5:
        model = chance.choice(own)
        kept = chance.choice([*case.query, *case.path_parameters, "body"])
        sound_path = {name: value for name, value in model.path.items() if name != kept}
        case.path_parameters = {**case.path_parameters, **sound_path}
        case.query = {**model.query, **{name: value for name, value in case.query.items() if name == kept}}
    return f"{case.method} {case.path} {case.path_parameters} {case.query} {str(case.body)[:300]}"


def _key_for(case: Case, world: World) -> dict[str, str]:
    """The key of a sender for what is posted, of an operator for what is decided, of a reader for the rest."""
    decides = case.path.startswith("/v1/obligations/") and case.method == "POST"
    name = "operator" if decides else "app" if case.method == "POST" or case.path.startswith("/api") else "reader"
    return {"Authorization": f"Bearer {world.keys[name]}"}


def _fault(fuzzed: Fuzzed, service: str, asked: Asked, answer: Answer) -> str | None:
    if answer.status == 503 and _declared(fuzzed, service, answer.status, answer.headers or ()):
        return None
    return fault_of(asked, answer) or fuzzed.documents[service].outside(asked, answer)


def _declared(fuzzed: Fuzzed, service: str, status: int, headers: Iterable[str]) -> bool:
    """Whether it is a 503 of a service that says it isn't ready, and when to come again."""
    later = {name.lower() for name in headers} & {"retry-after"}
    return status == 503 and bool(later) and not fuzzed.is_ready(service)


def _conclude(fuzzed: Fuzzed, service: str, statuses: Counter[int], record: Record) -> None:
    """Say what was asked and seen; then every service still has to be there, light, ready and at work."""
    record(f"counted requests to {service}", statuses.total())
    record(f"counted requests to {service} answered 2xx", sum(n for status, n in statuses.items() if status < 300))
    record("counted 503 while not ready", statuses[503])
    seen = fuzzed.vitals.seen()
    for name, one in seen.items():
        record(f"seconds_of_pause_{name}", round(one.pause, 3))
        record(f"own_seconds_of_pause_{name}", round(one.own_pause, 3))
        record(f"MiB_{name}", round(one.mebibytes))
    assert all(one.mebibytes < MEBIBYTES for one in seen.values()), seen
    assert not any(one.refused for one in seen.values()), seen
    system = fuzzed.world.system
    system.services.check_alive()
    system.services.wait_ready()
    fuzzed.afterwards += 1
    before = _records(fuzzed)
    assert system.post([counselling("06421", f"afterwards-{fuzzed.afterwards}")]).status_code == 202
    system.wait_until(lambda: _records(fuzzed) > before, "what is sound is counted")


def _records(fuzzed: Fuzzed) -> int:
    asked = {"activity": "parent-counselling", "within": "06421", "period": "2023-03"}
    return int(fuzzed.world.system.rollups(**asked)[0]["records"])


def _listed(faults: dict[str, str], asked: int) -> str:
    kinds = Counter(fault[:90] for fault in faults.values())
    lines = [f"{name}: {fault}" for name, fault in list(faults.items())[:60]]
    return f"{len(faults)} of {asked}: {kinds.most_common(20)}\n" + "\n".join(lines)
