"""What a DHIS2 import may ask for besides its values: done, refused by name with the cure, or of no meaning here."""

import itertools
import json
from typing import Any

import httpx
import pytest

from deploy.local.http import LOCAL
from services.intake.formats.dhis2_parameters import HARMLESS, OF_VALUES, read_options
from services.intake.formats.dhis2_rows import VALUES, read_json
from services.intake.formats.json_text import TooManyError
from services.intake.pacing.slices import SMALL, work
from services.intake.refusals.request_errors import RefusedError
from tests.system import System

NUMERATOR, DENOMINATOR = "child-service-access.numerator", "child-service-access.denominator"
COMPLETIONS = "/api/completeDataSetRegistrations"


def values(unit: str, numerator: int) -> list[dict[str, Any]]:
    both = {NUMERATOR: numerator, DENOMINATOR: 500}
    return [{"dataElement": name, "period": "2023Q1", "orgUnit": unit, "value": n} for name, n in both.items()]


def post(system: System, body: Any, path: str = "/api/dataValueSets", language: str = "en", **query: str) -> Any:
    headers = {"Authorization": f"ApiToken {system.key}", "Accept-Language": language}
    return LOCAL.post(f"{system.services.url('intake')}{path}", json=body, params=query, headers=headers)


def until(system: System, unit: str, numerator: int | None) -> None:
    def stands() -> bool:
        (row,) = system.rollups(indicator="child-service-access", within=unit, period="2023-Q1")
        return bool(row["numerator"] == numerator)

    system.wait_until(stands, f"{unit} has {numerator}")


def scope(*units: str, **element: str) -> dict[str, Any]:
    elements = [{"dataElement": name, **element} for name in (NUMERATOR, DENOMINATOR)]
    return {"orgUnits": list(units), "periods": ["2023Q1"], "elements": elements}


def test_what_a_deletion_names_and_no_value_is_given_for_is_withdrawn(system: System) -> None:
    assert post(system, {"dataValues": values("06403", 30) + values("06406", 40)}).status_code == 200
    until(system, "06403", 30)
    until(system, "06406", 40)
    body = {"deletion": scope("06403", "06406"), "dataValues": values("06406", 41)}
    counts = {"imported": 0, "updated": 2, "ignored": 0, "deleted": 2}
    assert post(system, body, dryRun="true").json()["response"]["importCount"] == counts
    answer = post(system, body)
    assert (answer.status_code, answer.json()["response"]["importCount"]) == (200, counts)
    until(system, "06403", None)
    until(system, "06406", 41)


def test_a_deletion_of_single_options_is_refused_with_the_cure(system: System) -> None:
    body = {"deletion": scope("06406", categoryOptionCombo="domain:health"), "dataValues": values("06406", 42)}
    for language, cure in (("en", "leave it out"), ("vi", "hãy bỏ trường này")):
        answer = post(system, body, language=language)
        assert answer.status_code == 400
        assert "categoryOptionCombo" in answer.json()["message"]
        assert cure in answer.json()["message"]


def test_a_deletion_is_bounded_before_it_is_spelt_out() -> None:
    wide = {"orgUnits": ["1"] * 1000, "periods": ["2023"] * 1000, "elements": [NUMERATOR]}
    with pytest.raises(TooManyError, match=str(VALUES)):
        read_json(json.dumps({"dataValues": [], "deletion": wide}).encode())


def test_a_short_deletion_is_work_for_as_many_values_as_it_names_and_is_spelt_out_only_then() -> None:
    units, periods = [f"{at:05}" for at in range(316)], [f"2{at:03}Q1" for at in range(316)]
    wide = {"orgUnits": units, "periods": periods, "elements": [NUMERATOR]}
    given = [*values(units[0], 1), {**values(units[1], 1)[0], "period": periods[0]}]
    body = json.dumps({"dataValues": given, "deletion": wide}).encode()
    assert len(body) < 10_000
    found = read_json(body)
    assert (len(found.values), len(found)) == (3, 3 + 316 * 316)
    assert work(len(body), len(found)) > SMALL
    assert len(found.whole(deletes=False).values) == 3 + 316 * 316 - 2  # of which two have a value
    assert [row.index for row in found.whole(deletes=True).values] == list(range(1 + 316 * 316))


@pytest.mark.parametrize("option", [{"dryRun": True}, {"dryRun": "TRUE"}])
def test_what_the_body_asks_for_comes_before_the_query(system: System, option: dict[str, Any]) -> None:
    answer = post(system, {**option, "dataValues": values("06457", 50)}, dryRun="false")
    assert answer.json()["response"]["importOptions"] == {"dryRun": True}
    assert post(system, {"dryRun": False, "dataValues": values("06457", 51)}, dryRun="true").status_code == 200
    until(system, "06457", 51)
    withdrawn = post(system, {"importStrategy": "DELETE", "dataValues": values("06457", 51)})
    assert withdrawn.status_code == 200
    until(system, "06457", None)


@pytest.mark.parametrize(
    ("body", "query", "named"),
    [
        ({}, {"importStrategi": "DELETE"}, "importStrategi"),
        ({}, {"force": "true"}, "force=true"),
        ({}, {"requireAttributeOptionCombo": "true"}, "requireAttributeOptionCombo=true"),
        ({}, {"mergeMode": "MERGE"}, "mergeMode"),
        ({}, {"categoryOptionIdScheme": "name"}, "categoryOptionIdScheme=name"),
        ({}, {"importStrategy": "DELETE", "strategy": "CREATE_AND_UPDATE"}, "importStrategy=CREATE_AND_UPDATE, DELETE"),
        ({"dataElementIdScheme": "NAME"}, {}, "dataElementIdScheme=NAME"),
        ({"strategy": "UPDATE"}, {}, "importStrategy=UPDATE"),
        ({"attributeCategoryOptions": ["x"]}, {}, "attributeCategoryOptions"),
        ({"deletions": {}}, {}, "deletions"),
        ({"deletion": {"orgUnits": [], "periods": [], "elements": [], "all": True}}, {}, "deletion.all"),
        ({"dataValues": [{"dataElement": NUMERATOR, "delete": True}]}, {}, "dataValues.delete"),
    ],
)
def test_what_can_t_be_obeyed_is_refused_by_name(
    system: System, body: dict[str, Any], query: dict[str, str], named: str
) -> None:
    answer: httpx.Response = post(system, {"dataValues": [], **body}, **query)
    assert (answer.status_code, answer.json()["status"]) == (400, "ERROR")
    assert named in answer.json()["message"]


def test_what_makes_an_import_faster_or_stricter_changes_nothing() -> None:
    asked = dict.fromkeys(HARMLESS, "true") | {"force": "false", "dryRun": "false"}
    assert read_options(asked.items(), OF_VALUES) == (False, False)
    with pytest.raises(RefusedError, match="expected force=false"):
        read_options([*asked.items(), ("force", "true")], OF_VALUES)


DELETES, REPLACES = ["DELETE", "DELETES", "delete"], ["CREATE_AND_UPDATE", "NEW_AND_UPDATES"]
NAMES = ["importStrategy", "strategy"]


@pytest.mark.parametrize("by_query", NAMES)
@pytest.mark.parametrize("by_body", NAMES)
def test_the_body_s_strategy_wins_by_either_name(by_query: str, by_body: str) -> None:
    for deletes, replaces in itertools.product(DELETES, REPLACES):
        assert read_options([(by_query, replaces)], OF_VALUES, {by_body: deletes}).deletes
        assert not read_options([(by_query, deletes)], OF_VALUES, {by_body: replaces}).deletes


def test_two_names_in_one_place_have_to_mean_the_same() -> None:
    for meaning, other in ((DELETES, REPLACES), (REPLACES, DELETES)):
        for first, second in itertools.product(meaning, repeat=2):
            both = dict(zip(NAMES, (first, second), strict=True))
            assert read_options([], OF_VALUES, both) == read_options(both.items(), OF_VALUES)
        for first, second in itertools.product(meaning, other):
            both = dict(zip(NAMES, (first, second), strict=True))
            with pytest.raises(RefusedError, match="importStrategy=CREATE_AND_UPDATE, DELETE"):
                read_options([], OF_VALUES, both)
            with pytest.raises(RefusedError, match="importStrategy=CREATE_AND_UPDATE, DELETE"):
                read_options([("strategy", first), ("strategy", second)], OF_VALUES)


@pytest.mark.parametrize("name", ["dryRun", "async", "firstRowIsHeader"])
def test_a_flag_that_is_given_twice_has_to_say_the_same(name: str) -> None:
    assert read_options([(name, "true"), (name, "TRUE")], OF_VALUES).dry_run == (name == "dryRun")
    with pytest.raises(RefusedError, match=f"{name}=true or {name}=false, got"):
        read_options([(name, "true"), (name, "false")], OF_VALUES)


def registered(unit: str, **more: Any) -> dict[str, Any]:
    return {"dataSet": "progress-quarterly", "period": "2023Q1", "organisationUnit": unit, **more}


def test_completions_are_withdrawn_by_the_strategy_and_nothing_else_is_ignored(system: System) -> None:
    def taken() -> float:
        return system.metric("intake", "kip_events_received_total", kind="record.retracted", outcome="accepted")

    before = taken()
    body = {"completeDataSetRegistrations": [registered("06403")]}
    assert post(system, body, COMPLETIONS, importStrategy="DELETE").status_code == 200
    assert taken() == before + 1
    assert post(system, body, COMPLETIONS, **{"async": "true"}).status_code == 400
    assert "multiOu" in post(system, {**body, "multiOu": True}, COMPLETIONS).json()["message"]
    other = {"completeDataSetRegistrations": [registered("06403", complete=False)]}
    assert "completeDataSetRegistrations.complete " in post(system, other, COMPLETIONS).json()["message"]
    assert taken() == before + 1


@pytest.mark.parametrize("conflict", [False, True])
def test_a_set_that_is_deleted_is_complete_no_longer(system: System, conflict: bool) -> None:
    def taken(kind: str) -> float:
        return system.metric("intake", "kip_events_received_total", kind=kind, outcome="accepted")

    of_set = {"dataSet": "progress-quarterly", "completeDate": "2023-03-16", "period": "2023Q1", "orgUnit": "06457"}
    assert post(system, {**of_set, "dataValues": values("06457", 60)}).status_code == 200
    submitted, withdrawn = taken("report.submitted"), taken("record.retracted")
    wrong = values("99999", 1) if conflict else []
    body = {**of_set, "dataValues": values("06457", 60) + wrong, "strategy": "DELETE"}
    answer = post(system, body, importStrategy="CREATE_AND_UPDATE")
    found = answer.json()["response"]
    assert (answer.status_code, found["rejectedIndexes"]) == ((409, [2, 3]) if conflict else (200, []))
    assert found["importCount"] == {"imported": 0, "updated": 0, "ignored": len(wrong), "deleted": 3}
    assert found["dataSetComplete"] == "false"
    assert (taken("report.submitted"), taken("record.retracted")) == (submitted, withdrawn + 2)


def test_a_report_that_is_completed_and_is_not_in_one_request_is_refused_both_times(system: System) -> None:
    rows = [registered("06403"), registered("06406"), registered("06403", completed=False), registered("06406")]
    answer = post(system, {"completeDataSetRegistrations": rows}, COMPLETIONS)
    found = answer.json()["response"]
    assert (answer.status_code, found["rejectedIndexes"], found["importCount"]["updated"]) == (409, [0, 2], 2)
    assert {item["errorCode"] for item in found["conflicts"]} == {"record_repeated"}
