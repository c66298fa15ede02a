"""DHIS2's import API, with the client that DHIS2's makers publish, and as other clients call it."""

import base64
from typing import Any

import httpx
import pytest
from dhis2_client import DHIS2Client
from dhis2_client.errors import DHIS2HTTPError

from deploy.local.http import LOCAL
from tests.system import System

NUMERATOR, DENOMINATOR = "child-service-access.numerator", "child-service-access.denominator"


def value(element: str, number: Any, unit: str = "06475", period: str = "2023Q1", **more: Any) -> dict[str, Any]:
    return {"dataElement": element, "period": period, "orgUnit": unit, "value": number, **more}


def whole(numerator: int, denominator: int = 500, **more: Any) -> list[dict[str, Any]]:
    return [value(NUMERATOR, numerator, **more), value(DENOMINATOR, str(denominator), **more)]


def post(system: System, body: Any, path: str = "/api/dataValueSets", **query: str) -> httpx.Response:
    password = base64.b64encode(f"any:{system.key}".encode()).decode()
    content = {"content": body} if isinstance(body, str) else {"json": body}
    kind = {"Content-Type": "application/csv"} if isinstance(body, str) else {}
    return LOCAL.post(
        f"{system.services.url('intake')}{path}", params=query,
        headers={"Authorization": f"Basic {password}", **kind}, **content,
    )  # fmt: skip


def figure(system: System, unit: str) -> tuple[int, int] | None:
    rows = system.rollups(indicator="child-service-access", within=unit, period="2023-Q1")
    return (rows[0]["numerator"], rows[0]["denominator"]) if rows and rows[0]["units_reported"] else None


def until(system: System, unit: str, expected: tuple[int, int] | None) -> None:
    system.wait_until(lambda: figure(system, unit) == expected, f"{unit} shows {expected}")


@pytest.fixture
def client(system: System) -> DHIS2Client:
    return DHIS2Client(base_url=system.services.url("intake"), username="any", password=system.key, verify_ssl=False)


def test_the_makers_client_imports_and_the_last_import_wins(system: System, client: DHIS2Client) -> None:
    for numerator in (410, 300, 410):  # A, B, A ends at A
        answer = client.post_data_value_set({"dataValues": whole(numerator)})
        assert (answer["httpStatusCode"], answer["status"]) == (200, "OK")
        assert answer["response"]["importCount"] == {"imported": 0, "updated": 2, "ignored": 0, "deleted": 0}
        until(system, "06475", (numerator, 500))


def test_the_makers_client_is_told_of_conflicts(client: DHIS2Client) -> None:
    with pytest.raises(DHIS2HTTPError) as told:
        client.post_data_value_set({"dataValues": whole(999)})
    assert told.value.status_code == 409


def test_an_incomplete_record_is_a_conflict_of_its_values(system: System) -> None:
    answer = post(system, {"dataValues": [value(NUMERATOR, 1), *whole(5, unit="06478")]})
    summary = answer.json()["response"]
    assert (answer.status_code, answer.json()["status"], summary["status"]) == (409, "WARNING", "WARNING")
    assert summary["importCount"] == {"imported": 0, "updated": 2, "ignored": 1, "deleted": 0}
    (conflict,) = summary["conflicts"]
    assert (conflict["errorCode"], conflict["indexes"]) == ("record_incomplete", [0])
    assert DENOMINATOR in conflict["value"]
    assert summary["rejectedIndexes"] == [0]
    until(system, "06478", (5, 500))


@pytest.mark.parametrize(
    ("values", "code", "indexes"),
    [
        ([value("no-such.numerator", 1)], "E7610", [0]),
        (whole(1, period="202301Q1"), "E7611", [0]),
        (whole(1, period="202303"), "E7611", [0]),
        (whole(1, unit="99999"), "E7612", [0]),
        (whole(1, categoryOptionCombo="colour:red"), "E7613", [0]),
        ([value(NUMERATOR, "many"), value(DENOMINATOR, 5)], "E7619", [0]),
        ([value(NUMERATOR, 1.5), value(DENOMINATOR, 5)], "E7619", [0]),
        ([*whole(1), value(NUMERATOR, 2)], "E7619", [2]),
        (whole(501), "numerator_exceeds_denominator", [0, 1]),
        (whole(1, period="2023Q3"), "period_future", [0, 1]),
        (whole(1, attributeOptionCombo="nobody"), "agency_unknown", [0, 1]),
    ],
)
def test_each_fault_is_a_conflict_with_its_code(
    system: System, values: list[dict[str, Any]], code: str, indexes: list[int]
) -> None:
    answer = post(system, {"dataValues": values})
    found = answer.json()["response"]
    assert (answer.status_code, found["status"], found["importCount"]["updated"]) == (409, "ERROR", 0)
    assert (found["conflicts"][0]["errorCode"], found["conflicts"][0]["indexes"]) == (code, indexes)


def test_breakdowns_and_the_programme_s_mapping_of_foreign_names(system: System) -> None:
    body = {
        "period": "2023Q1", "orgUnit": "06481", "attributeOptionCombo": "ECDcommune1",
        "dataValues": [
            {"dataElement": "ECDaccessNm", "value": "200"}, {"dataElement": "ECDaccessDn", "value": 400},
            {"dataElement": "ECDaccessNm", "categoryOptionCombo": "ECDhealth01", "value": 150},
            {"dataElement": DENOMINATOR, "categoryOptionCombo": "domain:health", "value": 400},
            {"dataElement": NUMERATOR, "categoryOptionCombo": "domain:nutrition", "value": 7, "comment": "bà Mai"},
            {"dataElement": DENOMINATOR, "categoryOptionCombo": "domain:nutrition", "value": "400.0"},
        ],
    }  # fmt: skip
    answer = post(system, body, "/api/41/dataValueSets", idScheme="code", orgUnitIdScheme="CODE")
    assert answer.status_code == 200, answer.text
    until(system, "06481", (200, 400))
    rows = system.rollups(indicator="child-service-access", within="06481", period="2023-Q1", by="domain")
    assert {row["by"]["domain"]: row["numerator"] for row in rows if row["numerator"]} == {
        "health": 150, "nutrition": 7,
    }  # fmt: skip


def test_before_version_38_the_summary_comes_bare(system: System) -> None:
    answer = post(system, {"dataValues": whole(1, unit="06484")}, "/api/37/dataValueSets", dryRun="true")
    assert (answer.status_code, answer.json()["responseType"], answer.json()["status"]) == (
        200, "ImportSummary", "SUCCESS",
    )  # fmt: skip
    assert post(system, {"dataValues": whole(999)}, "/api/33/dataValueSets").json()["status"] == "ERROR"


def test_a_dry_run_takes_nothing(system: System) -> None:
    answer = post(system, {"dataValues": whole(3, unit="06487")}, dryRun="true")
    assert (answer.status_code, answer.json()["response"]["importCount"]["updated"]) == (200, 2)
    assert post(system, {"dataValues": whole(4, unit="06487")}).status_code == 200
    until(system, "06487", (4, 500))


def test_csv_with_and_without_a_header(system: System) -> None:
    rows = f"{NUMERATOR},2023Q1,06490,,,11,mai,2023-03-01,,false\n{DENOMINATOR},2023Q1,06490,,,12,,,,\n"
    header = "dataelement,period,orgunit,catoptcombo,attroptcombo,value,storedby,lastupdated,comment,followup\n"
    for body, query in ((header + rows, {}), (rows, {"firstRowIsHeader": "false"})):
        answer = post(system, body, **query)
        assert (answer.status_code, answer.json()["response"]["importCount"]["updated"]) == (200, 2), answer.text
    until(system, "06490", (11, 12))
    assert post(system, "a,b\n1,2\n").status_code == 400


def test_asynchronous_imports_tell_their_result_to_their_sender_only(system: System) -> None:
    for path in ("/api", "/api/40"):
        answer = post(system, {"dataValues": whole(5, unit="06493")}, f"{path}/dataValueSets", **{"async": "true"})
        response = answer.json()["response"]
        assert (answer.status_code, response["jobType"]) == (200, "DATAVALUE_IMPORT")
        assert response["relativeNotifierEndpoint"].startswith(f"{path}/system/tasks/DATAVALUE_IMPORT/")

        def get(where: str, key: str) -> httpx.Response:
            return LOCAL.get(f"{system.services.url('intake')}{where}", headers={"Authorization": f"ApiToken {key}"})

        tasks = get(response["relativeNotifierEndpoint"], system.key)
        assert [(task["completed"], task["level"]) for task in tasks.json()] == [(True, "INFO")]
        summary = f"{path}/system/taskSummaries/DATAVALUE_IMPORT/{response['id']}"
        assert get(summary, system.key).json()["importCount"]["updated"] == 2
        assert get(summary, system.reader_key).status_code == 404


def test_a_completion_is_a_submitted_report(system: System) -> None:
    registrations = [
        {"dataSet": "progress-quarterly", "period": "2023Q1", "organisationUnit": "06475", "storedBy": "mai"},
        {"dataSet": "ECDquarter1", "period": "2023Q1", "organisationUnit": "06478", "completed": True},
        {"dataSet": "no-such", "period": "2023Q1", "organisationUnit": "06478"},
    ]
    before = system.metric("intake", "kip_events_received_total", kind="report.submitted", outcome="accepted")
    answer = post(system, {"completeDataSetRegistrations": registrations}, "/api/completeDataSetRegistrations")
    summary = answer.json()["response"]
    assert (answer.status_code, summary["importCount"]["updated"], summary["rejectedIndexes"]) == (409, 2, [2])
    after = system.metric("intake", "kip_events_received_total", kind="report.submitted", outcome="accepted")
    assert after == before + 2


def test_a_set_that_says_it_is_complete_submits_the_report_if_nothing_is_wrong_with_it(system: System) -> None:
    stated = {"dataSet": "progress-quarterly", "completeDate": "2023-03-16", "period": "2023Q1", "orgUnit": "06496"}
    values = [{"dataElement": NUMERATOR, "value": 1}, {"dataElement": DENOMINATOR, "value": 2}]
    answer = post(system, {**stated, "dataValues": values})
    assert (answer.status_code, answer.json()["response"]["dataSetComplete"]) == (200, "2023-03-16"), answer.text
    bad = post(system, {**stated, "dataValues": values[:1]})
    assert (bad.status_code, bad.json()["response"]["dataSetComplete"]) == (409, "false")


def test_deleted_values_withdraw_the_record(system: System) -> None:
    assert post(system, {"dataValues": whole(9, unit="06499")}).status_code == 200
    until(system, "06499", (9, 500))
    assert post(system, {"dataValues": whole(9, unit="06499", deleted=True)}).status_code == 200
    until(system, "06499", None)


def health(*elements: str, **more: Any) -> list[dict[str, Any]]:
    return [value(element, 1, categoryOptionCombo="domain:health", **more) for element in elements]


@pytest.mark.parametrize(
    ("values", "query"),
    [
        ([value(NUMERATOR, 410, deleted=True)], {}),
        ([value(DENOMINATOR, 530, deleted="true")], {}),
        (health(NUMERATOR, DENOMINATOR, deleted=True), {}),
        ([value(NUMERATOR, 1, categoryOptionCombo="domain:nutrition", deleted=True)], {}),
        ([*health(DENOMINATOR, deleted=True), value(NUMERATOR, 410, deleted=True)], {}),
        ([*whole(410, deleted=True), *health(NUMERATOR, DENOMINATOR)], {}),
        ([*whole(410), *health(NUMERATOR, DENOMINATOR, deleted=True)], {}),
        ([value(NUMERATOR, 410)], {"importStrategy": "DELETE"}),
        (health(NUMERATOR, DENOMINATOR), {"importStrategy": "DELETE"}),
    ],
)
def test_the_deletion_of_some_values_withdraws_nothing(
    system: System, values: list[dict[str, Any]], query: dict[str, str]
) -> None:
    there = [*whole(410, 530), *health(NUMERATOR, DENOMINATOR)]
    assert post(system, {"dataValues": there}).status_code == 200
    found = post(system, {"dataValues": values}, **query).json()["response"]
    (conflict,) = found["conflicts"]
    assert (conflict["errorCode"], conflict["property"]) == ("record_incomplete", "deleted")
    assert conflict["indexes"] == found["rejectedIndexes"] == [*range(len(values))]
    assert f"send the record whole anew without what is gone, or delete {NUMERATOR}, {DENOMINATOR}" in conflict["value"]
    until(system, "06475", (410, 530))


def test_the_deletion_of_some_values_in_csv_withdraws_nothing(system: System) -> None:
    header = "dataelement,period,orgunit,categoryoptioncombo,value,deleted\n"
    answer = post(system, f"{header}{NUMERATOR},2023Q1,06475,,410,true\n")
    assert (answer.status_code, answer.json()["response"]["conflicts"][0]["errorCode"]) == (409, "record_incomplete")
    both = f"{header}{NUMERATOR},2023Q1,06475,,,true\n{DENOMINATOR},2023Q1,06475,default,,true\n"
    assert post(system, both, dryRun="true").status_code == 200


def test_the_whole_is_withdrawn_with_its_parts(system: System) -> None:
    there = [*whole(410, 530, unit="06502"), *health(NUMERATOR, DENOMINATOR, unit="06502")]
    assert post(system, {"dataValues": there}).status_code == 200
    until(system, "06502", (410, 530))
    assert post(system, {"dataValues": there}, importStrategy="DELETE").status_code == 200
    until(system, "06502", None)


COMPONENTS = [f"district-network-model.{slug}" for slug in ("c1-network", "c2-needs-monitoring", "c3-pilot-model")]


@pytest.mark.parametrize(
    ("values", "code"),
    [
        ([value(name, "true", unit="181", deleted=True) for name in COMPONENTS], None),
        ([value(name, "true", unit="181", deleted=True) for name in COMPONENTS[1:]], "record_incomplete"),
        ([value(name, "true", unit="181", deleted=name == COMPONENTS[0]) for name in COMPONENTS], "record_incomplete"),
        ([value(name, "true", unit="181") for name in [*COMPONENTS, COMPONENTS[0]]], "E7619"),
        ([value(name, "true", unit="181", categoryOptionCombo="sex:female") for name in COMPONENTS], "E7613"),
    ],
)
def test_components_are_given_once_and_withdrawn_all_together(
    system: System, values: list[dict[str, Any]], code: str | None
) -> None:
    found = post(system, {"dataValues": values}, dryRun="true").json()["response"]
    assert next((conflict["errorCode"] for conflict in found["conflicts"]), None) == code, found


@pytest.mark.parametrize(
    ("body", "query", "status"),
    [
        ({"dataElement": NUMERATOR, "period": "2023Q1", "orgUnit": "06475", "value": "1"}, {}, 400),
        ([], {}, 400),
        ({"dataValues": [1]}, {}, 400),
        ({"dataValues": {"a": 1}}, {}, 400),
        ({"dataValues": [{"dataElement": [], "deleted": []}]}, {}, 400),
        ({"dataValues": []}, {"importStrategy": "CREATE"}, 400),
        ({"dataValues": []}, {"orgUnitIdScheme": "name"}, 400),
        ({"dataValues": []}, {"dryRun": "maybe"}, 400),
    ],
)
def test_what_can_t_be_read_is_refused_loudly_in_dhis2_s_shape(
    system: System, body: Any, query: dict[str, str], status: int
) -> None:
    answer = post(system, body, **query)
    assert (answer.status_code, answer.json()["httpStatusCode"], answer.json()["status"]) == (status, status, "ERROR")


def test_without_a_key_or_with_xml_dhis2_s_shape_too(system: System) -> None:
    url = f"{system.services.url('intake')}/api/dataValueSets"
    answer = LOCAL.post(url, json={"dataValues": []})
    assert (answer.status_code, answer.json()["httpStatus"]) == (401, "Unauthorized")
    headers = {"Authorization": f"ApiToken {system.key}", "Content-Type": "application/xml"}
    assert LOCAL.post(url, content=b"<dataValueSet/>", headers=headers).status_code == 415
