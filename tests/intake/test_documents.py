"""The documents hold: their examples are taken, and a fuzzer made from them finds no answer outside them."""

import base64
import json
import subprocess
from pathlib import Path
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, settings

from deploy.local.http import LOCAL
from services.intake.documents import examples
from services.intake.documents.openapi import openapi
from services.intake.refusals.request_errors import FAULTS, Fault
from shared.domain.refusals import TEXTS, Code
from tests.documented import CHECKS as DOCUMENTED
from tests.system import BATCH, ROOT, System, kip

DOCS = Path(ROOT) / "docs"
EXAMPLES = 12  # for each operation: half a minute in all
CHECKS = [schemathesis.checks.not_a_server_error, *DOCUMENTED]
schema = schemathesis.openapi.from_dict(openapi("test"))
schema.config.phases.coverage.enabled = False  # every boundary, made at collection, is make prove's


def authorized(system: System, **headers: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {system.key}", **headers}


@schema.parametrize()
@settings(
    max_examples=EXAMPLES,
    deadline=None,
    database=None,
    derandomize=True,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=list(HealthCheck),
)
def test_a_fuzzer_finds_no_answer_outside_the_document(case: schemathesis.Case, system: System) -> None:
    response = case.call(base_url=system.services.url("intake"), headers=authorized(system), timeout=30)
    if case.path == "/readyz" or (response.status_code == 503 and "Retry-After" in response.headers):
        return  # not ready is no fault
    case.validate_response(response, checks=CHECKS)


@pytest.mark.parametrize("kind", list(examples.EVENTS))
def test_each_event_s_example_is_taken(system: System, kind: Any) -> None:
    answer = system.post([examples.EVENTS[kind]], dry_run="true")
    assert (answer.status_code, answer.json()["accepted"]) == (200, 1), answer.text


@pytest.mark.parametrize(
    ("path", "content", "kind"),
    [
        ("/api/dataValueSets", json.dumps(examples.DATA_VALUES), "application/json"),
        ("/api/dataValueSets", examples.DATA_VALUES_CSV, "application/csv"),
        ("/api/completeDataSetRegistrations", json.dumps(examples.COMPLETIONS), "application/json"),
        ("/v1/kobo/parent-counselling", json.dumps(examples.SUBMISSION), "application/json"),
        ("/v1/import", examples.SHEET_CSV, "text/csv"),
        ("/v1/events", json.dumps(list(examples.EVENTS.values())), BATCH),
    ],
)
def test_each_format_s_example_is_taken(system: System, path: str, content: str, kind: str) -> None:
    trial = "dryRun" if path.startswith("/api/") else "dry_run"
    answer = LOCAL.post(
        f"{system.services.url('intake')}{path}", content=content, params={trial: "true"},
        headers=authorized(system, **{"Content-Type": kind}),
    )  # fmt: skip
    assert answer.status_code == 200, answer.text


def sample(name: str, told: dict[str, Any]) -> Any:
    """A value for a parameter or field of DHIS2's, of a trial that replaces."""
    known: dict[str, Any] = {
        "dryRun": "true", "async": "false", "firstRowIsHeader": "true", "categoryOptionCombo": "default", "cp": "",
        "period": "2023Q1", "pe": "2023Q1", "dataSet": "progress-quarterly", "ds": "progress-quarterly",
        **dict.fromkeys(("orgUnit", "organisationUnit", "ou"), "06412"),
    }  # fmt: skip
    if "const" in told:
        return str(told["const"]).lower()
    return known.get(name) if name in known else [*told.get("enum", ()), *told.get("examples", ()), "x"][0]


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("POST", "/api/dataValueSets", examples.DATA_VALUES),
        ("POST", "/api/completeDataSetRegistrations", examples.COMPLETIONS),
        ("DELETE", "/api/completeDataSetRegistrations", None),
    ],
)
def test_every_parameter_of_dhis2_s_that_is_documented_is_taken(
    system: System, method: str, path: str, body: Any
) -> None:
    told = openapi("test")["paths"][path][method.lower()]["parameters"]
    query = {item["name"]: sample(item["name"], item["schema"]) for item in told if item["in"] == "query"}
    assert {"force", "skipAudit", "dryRun"} < query.keys()
    url = f"{system.services.url('intake')}{path}"
    answer = LOCAL.request(method, url, params=query, json=body, headers=authorized(system))
    assert answer.status_code in {200, 204}, answer.text


def filled(schema: dict[str, Any], **given: Any) -> dict[str, Any]:
    """An object with every field that a schema of DHIS2's has."""
    optional = {"completed", "deleted", "completeDate", "date", "attributeOptionCombo", "deletion"}
    left = schema["properties"].keys() - given.keys() - optional
    return {**{name: sample(name, schema["properties"][name]) for name in left}, **given}


def test_every_field_of_dhis2_s_that_is_documented_is_taken_and_no_other(system: System) -> None:
    schemas = openapi("test")["components"]["schemas"]
    of_set, of_rows = schemas["DataValueSet"], schemas["CompleteDataSetRegistrations"]
    value = of_set["properties"]["dataValues"]["items"]
    row = of_rows["properties"]["completeDataSetRegistrations"]["items"]
    assert not any(schema["additionalProperties"] for schema in (of_set, of_rows, value, row))
    values = [filled(value, **item) for item in examples.DATA_VALUES["dataValues"][:2]]
    bodies = {
        "/api/dataValueSets": filled(of_set, dataValues=values),
        "/api/completeDataSetRegistrations": {"completeDataSetRegistrations": [filled(row)]},
    }
    for path, body in bodies.items():
        url = f"{system.services.url('intake')}{path}"
        for sent, status in ((body, 200), ({**body, "unheardOf": 1}, 400)):
            answer = LOCAL.post(url, params={"dryRun": "true"}, json=sent, headers=authorized(system))
            assert answer.status_code == status, answer.text


@pytest.mark.parametrize(
    ("path", "file"),
    [
        ("/openapi.json", "openapi.json"),
        ("/asyncapi.json", "asyncapi.json"),
        ("/v1/schemas/activity.recorded", "activity.recorded.schema.json"),
    ],
)
def test_what_is_served_is_what_is_checked_in(system: System, path: str, file: str) -> None:
    answer = LOCAL.get(f"{system.services.url('intake')}{path}")
    assert answer.json() == json.loads((DOCS / "api" / file).read_text(encoding="utf-8"))


def test_an_unknown_schema_is_told(system: System) -> None:
    answer = LOCAL.get(f"{system.services.url('intake')}/v1/schemas/no-such")
    assert (answer.status_code, answer.json()["error"]) == (404, "not_found")


def test_every_error_code_is_documented_and_has_both_languages() -> None:
    text = (DOCS / "errors.md").read_text(encoding="utf-8")
    assert [code.value for code in (*Code, *Fault) if f"| `{code.value}` |" not in text] == []
    for words in (*TEXTS.values(), *(words for _, words in FAULTS.values())):
        assert words.vi in text
        assert words.en in text
    assert set(TEXTS) == set(Code)
    assert set(FAULTS) == set(Fault)


def test_request_errors_come_in_vietnamese_too(system: System) -> None:
    answer = LOCAL.post(
        f"{system.services.url('intake')}/v1/events", content=b"{",
        headers=authorized(system, **{"Content-Type": BATCH, "Accept-Language": "vi"}),
    )  # fmt: skip
    assert answer.json()["message"].startswith("Không đọc được nội dung")


def commands(page: str) -> list[str]:
    """The shell examples of a page, as a reader would copy them."""
    text = (DOCS / page).read_text(encoding="utf-8")
    return [block.split("```", 1)[0].strip() for block in text.split("```bash\n")[1:]]


def test_the_curl_examples_of_the_connect_page_work_as_they_stand(system: System, tmp_path: Path) -> None:
    kip(
        "template", "progress-quarterly", "--unit", "06412", "--period", "2023-Q1",
        "--out", str(tmp_path / "progress-quarterly-06412-2023-Q1.xlsx"), environment=system.environment,
    )  # fmt: skip
    environment = {
        "PATH": "/usr/bin:/bin", "KIP_KEY": system.key, "KIP_URL": system.services.url("intake"), "no_proxy": "*",
        "KIP_BASIC": base64.b64encode(f"x:{system.key}".encode()).decode(),
    }  # fmt: skip
    run = [command for command in commands("connect.md") if command.startswith("curl")]
    assert len(run) >= 5
    for command in run:
        done = subprocess.run(
            ["bash", "-c", command], env=environment, cwd=tmp_path, capture_output=True, text=True, check=True
        )
        assert '"accepted":' in done.stdout or '"SUCCESS"' in done.stdout, f"{command}\n{done.stdout}{done.stderr}"
        untouched = "nothing is in it to post" in done.stdout  # of the template, and said so
        assert untouched or '"accepted":0' not in done.stdout, done.stdout


def test_the_python_example_of_the_connect_page_works_as_it_stands(
    system: System, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    text = (DOCS / "connect.md").read_text(encoding="utf-8")
    (script,) = [block.split("```", 1)[0] for block in text.split("```python\n")[1:]]
    monkeypatch.setenv("KIP_KEY", system.key)
    monkeypatch.setenv("KIP_URL", system.services.url("intake"))
    exec(compile(script, "connect.md", "exec"), {"__name__": "__main__"})  # noqa: S102 - our own page
    assert "accepted" in capsys.readouterr().out
