"""What DHIS2 itself and its clients write: booleans as text, headers, dates, withdrawn completions, the exchange."""

import csv
import io
import json
from pathlib import Path
from typing import Any

import httpx
import pytest
from dhis2 import Api, RequestException

from deploy.local.http import LOCAL
from services.intake.formats.dhis2 import written_for_dhis2
from services.intake.formats.dhis2_csv import read_csv
from services.intake.formats.json_text import UnreadableError
from shared.wording.words import Words
from tests.intake.test_dhis2 import DENOMINATOR, NUMERATOR, figure, post, until, value, whole
from tests.system import System

CASE = json.loads((Path(__file__).parent / "cases/dhis2_deleted_text.json").read_text(encoding="utf-8"))
COMPLETIONS = "/api/completeDataSetRegistrations"


def test_deleted_written_as_text_withdraws(system: System) -> None:
    assert post(system, {"dataValues": whole(4, 5, unit="06394")}).status_code == 200
    until(system, "06394", (4, 5))
    assert post(system, CASE).status_code == 200
    until(system, "06394", None)


@pytest.mark.parametrize("deleted", ["True", "TRUE", " true ", True])
def test_a_boolean_as_text_in_any_case(system: System, deleted: Any) -> None:
    alone = {"dataValues": [value(NUMERATOR, 1, deleted=deleted), value(DENOMINATOR, 2)]}
    (conflict,) = post(system, alone).json()["response"]["conflicts"]
    assert "all values of the record or none" in conflict["value"]


@pytest.mark.parametrize("deleted", ["False", "FALSE", False, None, ""])
def test_a_boolean_that_is_not_true_leaves_the_value_alone(system: System, deleted: Any) -> None:
    answer = post(system, {"dataValues": whole(1, deleted=deleted)}, dryRun="true")
    assert answer.status_code == 200, answer.text


@pytest.mark.parametrize("deleted", ["yes", "1", 1, 0, "deleted", [True], "đúng"])
def test_any_other_boolean_is_a_conflict(system: System, deleted: Any) -> None:
    answer = post(system, {"dataValues": whole(1, deleted=deleted)}, dryRun="true")
    found = answer.json()["response"]
    assert (answer.status_code, found["importCount"]["updated"]) == (409, 0)
    assert (found["conflicts"][0]["errorCode"], found["conflicts"][0]["property"]) == ("E7619", "deleted")


@pytest.mark.parametrize(("completed", "status"), [("False", 200), ("TRUE", 200), (None, 200), ("done", 409), (2, 409)])
def test_a_completion_s_boolean_too(system: System, completed: Any, status: int) -> None:
    one = {"dataSet": "progress-quarterly", "period": "2023Q1", "organisationUnit": "06475", "completed": completed}
    answer = post(system, {"completeDataSetRegistrations": [one]}, COMPLETIONS, dryRun="true")
    assert answer.status_code == status, answer.text


def test_deleted_in_csv_is_read_by_the_same_rule(system: System) -> None:
    header = "dataElement,period,orgUnit,value,deleted\n"
    rows = f"{header}{NUMERATOR},2023Q1,06475,1,{{0}}\n{DENOMINATOR},2023Q1,06475,2,{{0}}\n"
    for text, status in (("TRUE", 200), ("False", 200), ("", 200), ("x", 409)):
        assert post(system, rows.format(text), dryRun="true").status_code == status


@pytest.mark.parametrize(
    "header",
    [
        "dataElement,period,orgUnit,value", "DATAELEMENT,Period,orgunit,VALUE",
        '"dataelement", "period", "orgunit", "value"',
        " dataElement , period , orgUnit , value ", "\ufeffdataElement,period,orgUnit,value",
    ],
)  # fmt: skip
def test_header_names_are_read_as_dhis2_reads_them(header: str) -> None:
    """Without case, quotes and the space around them."""
    (row,) = read_csv(f'{header}\n"{NUMERATOR}", 2023Q1,"06475",7\n'.encode(), header=True).values
    assert (row.element, row.period, row.unit, row.value) == (NUMERATOR, "2023Q1", "06475", "7")


@pytest.mark.parametrize(
    ("text", "header", "words"),
    [
        ("dataelement;period;orgunit;value\na;b;c;d\n", True, "as DHIS2 has them, got semicolons"),
        ("dataelement\tperiod\torgunit\tvalue\n", True, "got tabs"),
        ("a;2023Q1;06475;;;7\n", False, "got semicolons"),
        ("dataelement,period,orgunit,value,Age\n", True, "got 'age'"),
        ("dataelement,period,orgunit,value,attributeCombo\n", True, "got 'attributecombo'"),
    ],
)  # fmt: skip
def test_a_csv_that_would_be_read_wrongly_is_refused(text: str, header: bool, words: str) -> None:
    with pytest.raises(UnreadableError, match=words):
        read_csv(text.encode(), header=header)


@pytest.mark.parametrize("date", ["soon", "2023-02-30", "20230316", "1999-12-31", "2999-01-01", "16/03/2023"])
def test_the_date_of_a_completion_is_a_day_wherever_it_stands(system: System, date: str) -> None:
    stated = {"dataSet": "progress-quarterly", "completeDate": date, "period": "2023Q1", "orgUnit": "06496"}
    values = [{"dataElement": NUMERATOR, "value": 1}, {"dataElement": DENOMINATOR, "value": 2}]
    answer = post(system, {**stated, "dataValues": values}, dryRun="true")
    found = answer.json()["response"]
    assert (answer.status_code, found["dataSetComplete"]) == (409, "false")
    assert found["conflicts"][0]["property"] == "completeDate"


def delete(system: System, path: str = COMPLETIONS, **query: Any) -> httpx.Response:
    headers = {"Authorization": f"ApiToken {system.key}"}
    return LOCAL.request("DELETE", f"{system.services.url('intake')}{path}", params=query, headers=headers)


@pytest.mark.parametrize("period", ["202303", "2023-Q1", "2023"])
def test_a_completion_s_period_is_asked_for_as_dhis2_writes_it(system: System, period: str) -> None:
    one = {"dataSet": "progress-quarterly", "period": period, "organisationUnit": "06475"}
    (conflict,) = post(system, {"completeDataSetRegistrations": [one]}, COMPLETIONS).json()["response"]["conflicts"]
    assert (conflict["errorCode"], "a quarter like 2023Q1" in conflict["value"]) == ("E7611", True)


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [("2023-Q1", "2023Q1"), ("2023-H2", "2023S2"), ("from 2018-12 to 2025-12", "from 201812 to 202512"),
     ("2023", "2023"), ("2018-12-07", "2018-12-07")],
)  # fmt: skip
def test_periods_are_told_as_dhis2_writes_them(ours: str, theirs: str) -> None:
    assert written_for_dhis2(Words(f"vi {ours}", ours)) == (f"vi {theirs}", theirs)


def taken(system: System, kind: str) -> float:
    return system.metric("intake", "kip_events_received_total", kind=kind, outcome="accepted")


def test_deleting_a_completion_withdraws_the_report(system: System) -> None:
    before = taken(system, "record.retracted")
    answer = delete(system, ds="progress-quarterly", pe="2023Q1", ou="06475")
    assert (answer.status_code, answer.content) == (204, b"")
    assert (
        delete(system, "/api/41/completeDataSetRegistrations", ds="ECDquarter1", pe="2023Q1", ou="06478").status_code
        == 204
    )
    assert taken(system, "record.retracted") == before + 2
    assert delete(system, ds="progress-quarterly", pe="2023Q1", ou="06475", dryRun="true").status_code == 204
    assert taken(system, "record.retracted") == before + 2


def test_several_data_sets_and_what_can_t_be_withdrawn(system: System) -> None:
    answer = delete(system, ds=["progress-quarterly", "no-such"], pe="2023Q1", ou="06475")
    found = answer.json()["response"]
    assert (answer.status_code, found["importCount"]["updated"], found["rejectedIndexes"]) == (409, 0, [1])
    assert found["importCount"]["deleted"] == 1
    assert delete(system, ds="progress-quarterly,ECDquarter1", pe="2023Q1", ou="06475").status_code == 204
    assert delete(system, ds="progress-quarterly", pe="2023Q1", ou="99999").status_code == 409


@pytest.mark.parametrize(
    "query",
    [{"ds": "progress-quarterly", "pe": ["2023Q1", "2023Q2"], "ou": "06475"},
     {"pe": "2023Q1", "ou": "06475"}, {"ds": "progress-quarterly", "ou": "06475"}, {"ds": ","},
     {"ds": "progress-quarterly", "pe": "2023Q1"}, {"ds": "a", "pe": "2023Q1", "ou": "06475", "multiOu": "true"}],
)  # fmt: skip
def test_a_withdrawal_names_everything(system: System, query: dict[str, str]) -> None:
    answer = delete(system, **query)
    assert (answer.status_code, answer.json()["status"]) == (400, "ERROR")


@pytest.mark.parametrize(
    ("values", "english", "vietnamese"),
    [
        (
            whole(1, unit="99999"),
            "The field 'orgUnit' is refused: the register has no such unit; expected a unit's code or uid like "
            "06412 or 06412@1 (got 99999).",
            "Trường «orgUnit» bị từ chối: đơn vị không có trong danh mục; cần mã đơn vị hành chính hoặc uid",
        ),
        *(
            (
                whole(1, period=period),
                f"The field 'period' is refused: not a period for this; expected a quarter like 2023Q1 (got {period}).",
                "Trường «period» bị từ chối: kỳ báo cáo không hợp lệ; cần một quý như 2023Q1 (nhận được",
            )
            for period in ("202304", "2023-Q1", "2023Q7", "2023")
        ),
        (
            whole(1, unit="186"),
            "The field 'subject' is refused: a unit of this level doesn't report this; expected commune (got 186@1).",
            "Trường «subject» bị từ chối: sai cấp đơn vị; cần cấp xã (commune) (nhận được",
        ),
        (
            whole(1, period="2023Q3"),
            "The field 'data.period' is refused: the period or day has not begun; expected none after 2023Q2 (got "
            "2023Q3).",
            "Trường «data.period» bị từ chối: kỳ báo cáo hoặc ngày chưa bắt đầu; cần không sau 2023Q2 (nhận được",
        ),
        (whole(1, deleted="yes"), "The field 'deleted' is refused: not a valid value: true or false (got yes).",
         "Trường «deleted» bị từ chối: giá trị không hợp lệ: cần true hoặc false (nhận được yes)."),
    ],
)  # fmt: skip
def test_a_conflict_s_text_is_a_sentence(system: System, values: Any, english: str, vietnamese: str) -> None:
    told = post(system, {"dataValues": values}).json()["response"]["conflicts"][0]["value"]
    assert told == english
    url = f"{system.services.url('intake')}/api/dataValueSets"
    headers = {"Authorization": f"ApiToken {system.key}", "Accept-Language": "vi"}
    told = LOCAL.post(url, json={"dataValues": values}, headers=headers).json()["response"]["conflicts"][0]["value"]
    assert told.startswith(vietnamese)
    assert told.endswith(".")


def test_the_request_of_dhis2_s_own_exchange(system: System) -> None:
    """As the aggregate data exchange of 2.43 writes it: minimised JSON, schemes and strategy in the query."""
    body = {
        "dataElementIdScheme": "CODE", "orgUnitIdScheme": "CODE", "categoryOptionComboIdScheme": "CODE",
        "deletion": {"orgUnits": ["06400"], "periods": ["2023Q1"], "elements": [
            {"dataElement": "ECDaccessNm"}, {"dataElement": "ECDaccessDn"},
        ]},
        "dataValues": [
            {"dataElement": "ECDaccessNm", "period": "2023Q1", "orgUnit": "06400",
             "categoryOptionCombo": "HllvX50cXC0", "attributeOptionCombo": "HllvX50cXC0", "value": "200"},
            {"dataElement": "ECDaccessDn", "period": "2023Q1", "orgUnit": "06400",
             "categoryOptionCombo": "HllvX50cXC0", "attributeOptionCombo": "HllvX50cXC0", "value": "400.0"},
        ],
    }  # fmt: skip
    query = {
        "dataElementIdScheme": "CODE", "orgUnitIdScheme": "CODE", "categoryOptionComboIdScheme": "CODE",
        "importStrategy": "CREATE_AND_UPDATE", "skipAudit": "false", "dryRun": "false",
    }  # fmt: skip
    answer = LOCAL.post(
        f"{system.services.url('intake')}/api/dataValueSets", params=query,
        content=json.dumps(body, separators=(",", ":")),
        headers={"Authorization": f"ApiToken {system.key}", "Accept": "application/json",
                 "Content-Type": "application/json"},
    )  # fmt: skip
    assert answer.status_code == 200, answer.text
    assert answer.json()["response"]["importCount"] == {"imported": 0, "updated": 2, "ignored": 0, "deleted": 0}
    until(system, "06400", (200, 400))


def test_a_second_public_client_imports_completes_and_withdraws(system: System) -> None:
    client = Api(system.services.url("intake"), "any", system.key, api_version=41)
    answer = client.post("dataValueSets", json={"dataValues": whole(7, unit="06415")}, params={"idScheme": "code"})
    assert answer.json()["response"]["importCount"]["updated"] == 2
    until(system, "06415", (7, 500))
    with pytest.raises(RequestException) as refused:
        client.post("dataValueSets", json={"dataValues": whole(999, unit="06415")})
    assert refused.value.code == 409
    one = {"dataSet": "progress-quarterly", "period": "2023Q1", "organisationUnit": "06415"}
    done = client.post("completeDataSetRegistrations", json={"completeDataSetRegistrations": [one]})
    assert done.json()["response"]["status"] == "SUCCESS"
    query = {"ds": "progress-quarterly", "pe": "2023Q1", "ou": "06415"}
    assert client.delete("completeDataSetRegistrations", params=query).status_code == 204


def test_a_csv_of_another_program_with_quotes_everywhere(system: System) -> None:
    out = io.StringIO()
    writer = csv.writer(out, quoting=csv.QUOTE_ALL)
    writer.writerow(["DataElement", "Period", "OrgUnit", "CategoryOptionCombo", "AttributeOptionCombo", "Value"])
    writer.writerow([NUMERATOR, "2023Q1", "06403", "default", "", "3"])
    writer.writerow([DENOMINATOR, "2023Q1", "06403", "default", "", "4"])
    assert post(system, out.getvalue()).status_code == 200
    until(system, "06403", (3, 4))
    assert figure(system, "06403") == (3, 4)
