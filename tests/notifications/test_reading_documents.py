"""The documents of the two reading services hold: a fuzzer made from them finds no answer outside them."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, settings

from deploy.local.http import LOCAL
from deploy.local.stack import LocalStack
from services.aggregation.reading.openapi import openapi as aggregation
from services.notifications.openapi import openapi as notifications
from shared.documents.files import FOLDER
from tests.documented import CHECKS as DOCUMENTED
from tests.documented import requests_of
from tests.system import System, access, counselling, event, kip

EXAMPLES = 25  # for each operation
CHECKS = [schemathesis.checks.not_a_server_error, *DOCUMENTED]
FUZZED = settings(
    max_examples=EXAMPLES, deadline=None, database=None, derandomize=True, phases=[Phase.explicit, Phase.generate],
    suppress_health_check=list(HealthCheck),
)  # fmt: skip
figures = requests_of(aggregation("test"))
duties = requests_of(notifications("test"))
for made in (figures, duties):
    made.config.phases.coverage.enabled = False  # every boundary, made at collection, is make prove's
OFFICERS = """name,role,unit,agency,channels,language
Nguyễn An,Chủ tịch,06412,ubnd-xa,email:an@example.vn,vi
Lê Bình,Phó Chủ tịch,186,phong-ldtbxh-dt-huyen,email:binh@example.vn,vi
"""


@pytest.fixture(scope="module")
def running(
    stack: LocalStack, rabbitmq: Any, session_database: Any, district_template: str, tmp_path_factory: Any
) -> Iterator[System]:
    """All three services after a deadline of 2023-Q1, with figures, a problem, alerts, and officers to tell."""
    names = ("intake", "aggregation", "notifications")
    settings = {"KIP_CLOCK": "2023-03-15T09:00:00+07:00", "KIP_SWEEP_INTERVAL": "1"}
    system = System(stack, rabbitmq.add_vhost("documents"), session_database(district_template), names, settings)
    officers = tmp_path_factory.mktemp("officers") / "officers.csv"
    officers.write_text(OFFICERS, encoding="utf-8")
    kip("officer", "import", str(officers), environment=system.environment)
    raised = event("problem.raised", "06412", {"record": "p1", "agency": "ubnd-xa", "text": "Thiếu cán bộ."})
    posted = [access(), access("06427", 500), counselling(), raised]
    assert system.post(posted).status_code == 202
    kip("tick", "--now", "2023-03-20T08:00:00+07:00", environment=system.environment)
    yield system
    system.services.stop()


def ask(system: System, service: str, path: str, **query: str) -> dict[str, Any]:
    answer = LOCAL.get(
        f"{system.services.url(service)}{path}", params=query, timeout=30,
        headers={"Authorization": f"Bearer {system.reader_key}"},
    )  # fmt: skip
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


@figures.parametrize()
@FUZZED
def test_no_answer_of_aggregation_lies_outside_its_document(case: schemathesis.Case, running: System) -> None:
    fuzz(case, running, "aggregation", running.reader_key)


@duties.parametrize()
@FUZZED
def test_no_answer_of_notifications_lies_outside_its_document(case: schemathesis.Case, running: System) -> None:
    fuzz(case, running, "notifications", running.reader_key)


def fuzz(case: schemathesis.Case, system: System, service: str, key: str) -> None:
    headers = {"Authorization": f"Bearer {key}"}
    response = case.call(base_url=system.services.url(service), headers=headers, timeout=30, allow_redirects=False)
    case.validate_response(response, checks=CHECKS)


OWED = "ecd-1437~progress-quarterly~06412@1~ubnd-xa~2023-Q1~0"
FIGURES = [
    {"indicator": "child-service-access", "period": "2023-Q1", "within": "186@1", "level": "commune"},
    {"indicator": "child-service-access", "period": "2023-Q1", "by": "domain", "within": "06412"},
    {"activity": "parent-counselling", "period": "2023-03"},
    {"activity": "parent-counselling", "period": "2023-03", "by": "participants", "within": "06412"},
]


@pytest.mark.parametrize(
    ("service", "path", "query"),
    [
        *(("aggregation", "/v1/rollups", query) for query in FIGURES),
        *(("aggregation", "/v1/rollups/explain", query) for query in FIGURES[2:3]),
        ("aggregation", "/v1/rollups/missing", {"indicator": "child-service-access", "period": "2023-Q1"}),
        ("aggregation", "/v1/timeliness", {"report": "progress-quarterly", "period": "2023-Q1", "within": "186@1"}),
        ("aggregation", "/v1/units/06412", {"on": "2023-01-01"}),
        ("aggregation", "/v1/units/06412", {"on": "2023-01-01", "format": "json"}),
        ("aggregation", "/v1/programmes", {}),
        ("aggregation", "/v1/programmes/ecd-1437", {}),
        ("notifications", "/v1/obligations", {"unit": "06412"}),
        ("notifications", f"/v1/obligations/{OWED}", {"labels": "vi"}),
        ("notifications", "/v1/alerts", {}),
        ("notifications", "/v1/problems", {}),
    ],
)
def test_what_is_there_is_shown_as_the_document_says(
    running: System, service: str, path: str, query: dict[str, str]
) -> None:
    document = figures if service == "aggregation" else duties
    running.wait_until(lambda: bool(ask(running, "aggregation", "/v1/rollups", **FIGURES[0])["rows"]), "figures")
    name, value = {"06412": ("code", "06412"), OWED: ("name", OWED), "ecd-1437": ("slug", "ecd-1437")}.get(
        path.rpartition("/")[2], ("", None)
    )
    template = f"{path.rpartition('/')[0]}/{{{name}}}" if name else path
    parameters = {name: value} if name else {}
    case = document[template]["GET"].Case(query=query, path_parameters=parameters)
    response = case.call(
        base_url=running.services.url(service), headers={"Authorization": f"Bearer {running.reader_key}"}, timeout=30
    )
    assert response.status_code == 200, response.text
    case.validate_response(response, checks=CHECKS)
    shown = response.json()
    assert shown.get("rows") or shown.get("history") or shown.get("uid") or shown.get("slug"), (
        "there is something to look at"
    )


FILES = {
    "intake": "openapi.json",
    "aggregation": "aggregation.openapi.json",
    "notifications": "notifications.openapi.json",
}


@pytest.mark.parametrize("service", FILES)
def test_what_is_served_is_what_is_checked_in(running: System, service: str) -> None:
    answer = LOCAL.get(f"{running.services.url(service)}/openapi.json")
    assert answer.json() == json.loads((FOLDER / FILES[service]).read_text(encoding="utf-8"))
    assert answer.headers["access-control-allow-origin"] == "*"
