"""A figure that two programmes share, on a running system at the end of 2026: one record, read by each for itself."""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from deploy.local.http import LOCAL
from deploy.local.stack import LocalStack
from tests.aggregation.late import one, post, together
from tests.conftest import NewDatabase
from tests.sharing import ACCESS, OTHER, SHIPPED, access, name_of, other_plan, withdrawn, write_folder
from tests.system import System, counselling, event, kip


class Shared(System):
    """The system, and keys that are limited to one programme: `reads other-1437`."""

    limited: dict[str, str]


@pytest.fixture(scope="module")
def shared(
    stack: LocalStack,
    rabbitmq: Any,
    session_database: NewDatabase,
    loaded_template: str,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Shared]:
    database = session_database(loaded_template)
    folder = write_folder(tmp_path_factory.mktemp("programmes"), other_plan())
    kip("load", str(folder), environment={"KIP_AMQP_URL": "amqp://unused", "KIP_DATABASE_URL": database})
    settings = {"KIP_CLOCK": "2026-12-20T08:00:00+07:00"}
    running = Shared(stack, rabbitmq.add_vhost("shared-figures"), database, settings=settings)
    running.limited = {
        f"{may} {programme}": running.add_source(f"{may}-{programme}", "--programmes", programme, *options)
        for programme in (SHIPPED, OTHER)
        for may, options in (("reads", ["--read"]), ("posts", []))
    }
    yield running
    running.services.stop()


def row(system: System, programme: str, within: str, period: str, **query: str) -> dict[str, Any]:
    return one(system, **name_of(programme), within=within, period=period, **query)


def seen(system: System, within: str, period: str) -> dict[str, tuple[int | None, int, int, int]]:
    """By programme: numerator, expected, reported, missing."""
    rows = {programme: row(system, programme, within, period) for programme in (SHIPPED, OTHER)}
    return {
        slug: (it["numerator"], it["units_expected"], it["units_reported"], it["units_missing"])
        for slug, it in rows.items()
    }


def test_a_figure_is_one_record_whichever_name_it_has_and_each_programme_counts_reporters_for_itself(
    shared: Shared,
) -> None:
    post(shared, access(SHIPPED, "06412", "2024-Q1", 60), access(OTHER, "06412", "2024-Q1", 40, revision=1))
    assert seen(shared, "06412", "2024-Q1") == {SHIPPED: (40, 1, 1, 0), OTHER: (40, 1, 1, 0)}
    post(shared, access(OTHER, "06412", "2023-Q4", 30))
    assert seen(shared, "06412", "2023-Q4") == {SHIPPED: (30, 1, 1, 0), OTHER: (30, 0, 0, 0)}
    post(shared, access(SHIPPED, "06427@2", "2026-Q1", 20))
    assert seen(shared, "06427@2", "2026-Q1") == {SHIPPED: (None, 0, 0, 0), OTHER: (20, 1, 1, 0)}
    assert seen(shared, "06412", "2025-Q1") == {SHIPPED: (None, 1, 0, 1), OTHER: (None, 1, 0, 1)}
    post(shared, withdrawn(SHIPPED, "06412", "2024-Q1", 2))
    assert seen(shared, "06412", "2024-Q1") == {SHIPPED: (None, 1, 0, 1), OTHER: (None, 1, 0, 1)}
    post(shared, access(OTHER, "06412", "2024-Q1", 70, revision=3))
    assert seen(shared, "06412", "2024-Q1") == {SHIPPED: (70, 1, 1, 0), OTHER: (70, 1, 1, 0)}
    assert json.loads(kip("verify", "--json", environment=shared.environment))["provinces"] == []


def test_outside_its_time_a_programme_shows_nothing_and_says_why(shared: Shared) -> None:
    post(shared, access(OTHER, "06436@2", "2026-Q2", 20), access(SHIPPED, "06430", "2022-Q4", 10))
    late = row(shared, SHIPPED, "06436@2", "2026-Q2")
    assert (late["value"], late["numerator"], late["flags"]) == (None, None, [])
    assert late["reason"]["code"] == "outside_programme"
    assert late["reason"]["vi"] == "chương trình này chỉ có số liệu các kỳ từ 2018 đến 2025"
    assert late["reason"]["en"] == "this programme has figures of the periods 2018 to 2025 only"
    early = row(shared, OTHER, "06430", "2022-Q4")
    assert (early["value"], early["reason"]["code"]) == (None, "outside_programme")
    assert row(shared, SHIPPED, "06430", "2022-Q4")["value"] == 10
    assert row(shared, OTHER, "06436@2", "2026-Q2")["value"] == 20
    assert row(shared, OTHER, "06436@2", "2026")["value"] is None
    explained = shared.read("/v1/rollups/explain", **name_of(SHIPPED), within="06436@2", period="2026-Q2").json()
    assert explained["rows"] == []
    asked = {"within": "06436@2", "period": "2026-Q3"}
    assert shared.read("/v1/rollups/missing", **name_of(SHIPPED), **asked).json()["rows"] == []
    (missing,) = shared.read("/v1/rollups/missing", **name_of(OTHER), **asked).json()["rows"]
    assert (missing["uid"], missing["agency"]) == ("06436@2", "ubnd-xa")


def test_longer_periods_and_stages_are_each_programme_s_own(shared: Shared) -> None:
    post(shared, access(SHIPPED, "06433", "2024-Q4", 44), access(SHIPPED, "06445@2", "2025-Q4", 55))
    assert row(shared, OTHER, "06433", "2024")["value"] == row(shared, SHIPPED, "06433", "2024")["value"] == 44
    assert row(shared, OTHER, "06445@2", "first")["value"] == 55
    assert row(shared, SHIPPED, "06445@2", "stage-2025")["value"] == 55
    assert row(shared, OTHER, "06445@2", "second")["value"] is None
    assert row(shared, OTHER, "06445@2", "2026-Q1")["target"] == 95
    assert row(shared, SHIPPED, "06445@2", "2025-Q4")["target"] == 90


def test_several_figures_at_once_are_what_each_programme_shows_of_each_alone(shared: Shared) -> None:
    post(shared, access(OTHER, "06445@2", "2025-Q4", 35), access(SHIPPED, "06463", "2024-Q2", 25))
    for programme, names in ((SHIPPED, "all"), (OTHER, "access,network")):
        for within in ("06445@2", "20@2", "VN"):
            rows = together(
                shared, names, programme=programme, within=within, period="2024-Q1..2026-Q4", view="as_of_today"
            )
            assert any(row["numerator"] for row in rows)


def test_a_breakdown_says_how_many_gave_it_of_those_that_the_programme_expects(shared: Shared) -> None:
    post(shared, access(SHIPPED, "06436", "2023-Q3", 12), access(OTHER, "06436", "2024-Q3", 24))
    for programme, period, part_reported in (
        (SHIPPED, "2023-Q3", 1), (OTHER, "2023-Q3", 0), (SHIPPED, "2024-Q3", 1), (OTHER, "2024-Q3", 1),
    ):  # fmt: skip
        found = row(shared, programme, "06436", period, by="domain")
        assert (found["by"], found["numerator"]) == ({"domain": "health"}, 12 if period == "2023-Q3" else 24)
        assert found["part_reported"] == found["units_reported"] == part_reported


def test_the_year_before_is_asked_within_the_programme_s_own_time(shared: Shared) -> None:
    post(shared, access(SHIPPED, "06457", "2022-Q4", 10, 100), access(SHIPPED, "06457", "2023-Q4", 10, 200))
    assert row(shared, SHIPPED, "06457", "2023-Q4")["flags"] == ["denominator_changed"]
    assert row(shared, OTHER, "06457", "2023-Q4")["flags"] == []


def test_explain_shows_every_name_that_was_posted_under(shared: Shared) -> None:
    first, second = (
        access(SHIPPED, "06448", "2024-Q2", 1, id="x1"),
        access(OTHER, "06448", "2024-Q2", 2, revision=1, id="x2"),
    )
    post(shared, first, second, withdrawn(SHIPPED, "06448", "2024-Q2", 0, id="x0"))
    for programme in (SHIPPED, OTHER):
        answer = shared.read("/v1/rollups/explain", **name_of(programme), within="06448", period="2024-Q2").json()
        assert [figure["numerator"] for figure in answer["figure"]] == [2]
        told = {item["id"]: (item["programme"], item["data"]["indicator"], item["status"]) for item in answer["rows"]}
        assert told == {
            "x0": (SHIPPED, ACCESS, "superseded"),
            "x1": (SHIPPED, ACCESS, "superseded"),
            "x2": (OTHER, "access", "counted"),
        }
        assert {item["record"] for item in answer["rows"]} == {f"indicator:{SHIPPED}:{ACCESS}:06448@1:ubnd-xa:2024-Q2"}
    (status,) = shared.read("/v1/events/%2Ftests/x1").json()["rows"]
    assert (status["status"], status["superseded_by"]) == ("superseded", {"source": "/tests", "id": "x2"})
    asked = {"programme": SHIPPED, "indicator": "knowledge-skills-provided", "within": "06448", "period": "2024-Q2"}
    assert shared.read("/v1/rollups/explain", **asked).json()["rows"] == []


def test_both_names_in_one_request_compete(shared: Shared) -> None:
    both = [
        access(SHIPPED, "06451", "2024-Q2", 5, revision=2, id="win"),
        access(OTHER, "06451", "2024-Q2", 6, id="lose"),
    ]
    answer = shared.post(both).json()
    assert [item["id"] for item in answer["superseded"]] == ["lose"]


def test_the_door_takes_a_period_that_any_of_them_accepts_and_names_the_span_of_all(shared: Shared) -> None:
    for programme in (SHIPPED, OTHER):
        for made in (access(programme, "06412", "2017-Q4", 1), withdrawn(programme, "06412", "2017-Q4", 1)):
            ((refused,),) = [item["errors"] for item in shared.post([made]).json()["rejected"]]
            assert (refused["code"], refused["field"]) == ("period_closed", "data.period")
            assert "2018 to 2030" in refused["message"]
    data = {"indicator": "knowledge-skills-provided", "agency": "ubnd-xa", "period": "2026-Q1"}
    knowledge = event("indicator.reported", "06427@2", {**data, "numerator": 1, "denominator": 1})
    ((refused,),) = [item["errors"] for item in shared.post([knowledge]).json()["rejected"]]
    assert (refused["code"], "2018 to 2025" in refused["message"]) == ("period_closed", True)
    wrong = access(OTHER, "06412", "2024-Q1", 1)
    wrong["data"]["agency"] = "so-yt"
    assert shared.post([wrong]).json()["rejected"][0]["errors"][0]["code"] == "agency_not_allowed"


def test_a_key_of_one_programme_reads_and_posts_of_the_other_what_they_share_and_nothing_else(shared: Shared) -> None:
    reads, posts = shared.limited[f"reads {OTHER}"], shared.limited[f"posts {OTHER}"]
    made = access(SHIPPED, "06460", "2024-Q1", 33, id="limited")
    assert shared.post([made], key=posts).status_code == 202
    assert shared.post([withdrawn(SHIPPED, "06457", "2024-Q1", 1)], key=posts).status_code == 202
    post(shared, counselling("06460", record="theirs", id="theirs"))
    shared.wait_until(lambda: row(shared, OTHER, "06460", "2024-Q1")["numerator"] == 33, "the figure is counted")
    for programme in (SHIPPED, OTHER):
        mine, everything = (row(shared, programme, "06460", "2024-Q1", key=key) for key in (reads, None))
        assert {**mine, "as_of": ""} == {**everything, "as_of": ""}
    assert one(shared, key=reads, indicator="access", within="06460", period="2024-Q1")["numerator"] == 33
    explained = shared.read(
        "/v1/rollups/explain", key=reads, **name_of(SHIPPED), within="06460", period="2024-Q1"
    ).json()
    assert [item["id"] for item in explained["rows"]] == ["limited"]
    missing = shared.read("/v1/rollups/missing", key=reads, **name_of(SHIPPED), within="06460", period="2024-Q2").json()
    assert [item["uid"] for item in missing["rows"]] == ["06460@1"]
    assert [it["status"] for it in shared.read("/v1/events/%2Ftests/limited", key=reads).json()["rows"]] == ["applied"]
    assert [it["status"] for it in shared.read("/v1/events/%2Ftests/theirs", key=reads).json()["rows"]] == ["pending"]
    for query in ({"indicator": "knowledge-skills-provided"}, {"activity": "parent-counselling"}):
        answer = shared.read("/v1/rollups", key=reads, programme=SHIPPED, within="06460", period="2024-Q1", **query)
        assert (answer.status_code, answer.json()["field"]) == (400, "programme")
        assert SHIPPED not in answer.json()["message"].partition("got")[0]
    refused = shared.post([counselling("06460", record="r")], key=posts)
    assert (refused.status_code, refused.json()["rejected"][0]["errors"][0]["code"]) == (403, "programme_not_allowed")
    data = {"indicator": "knowledge-skills-provided", "agency": "ubnd-xa", "period": "2024-Q1", "revision": 1}
    knowledge = event("record.retracted", "06460", data)
    assert shared.post([knowledge], key=posts).status_code == 403


@pytest.mark.parametrize("key", [None, OTHER])
def test_dhis2_s_elements_mean_whichever_programme_has_the_period(shared: Shared, key: str | None) -> None:
    """The shipped programme maps these ids, and ended in 2025."""
    unit, numerator = ("06457@2", 8) if key is None else ("06463@2", 9)
    values = [
        {"dataElement": element, "period": "2026Q1", "orgUnit": unit, "value": value}
        for element, value in (("ECDaccessNm", str(numerator)), ("ECDaccessDn", "10"))
    ]
    answer = LOCAL.post(
        f"{shared.services.url('intake')}/api/dataValueSets",
        json={"dataValues": values},
        headers={"Authorization": f"ApiToken {shared.limited[f'posts {key}'] if key else shared.key}"},
    )
    assert answer.status_code == 200, answer.text
    shared.wait_until(lambda: row(shared, OTHER, unit, "2026-Q1")["numerator"] == numerator, "the figure is counted")
