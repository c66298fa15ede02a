"""The read API over both trees, on a running system at the end of 2025."""

import csv
import io
from typing import Any
from urllib.parse import unquote

import httpx

from deploy.local.http import LOCAL
from services.aggregation.reading import tables
from tests.aggregation.late import applied, figure, held, oblige, one, post
from tests.system import System, event

HUU_LUNG, CAI_KINH = "186@1", "06427@2"


def test_a_figure_stands_on_the_tree_of_its_time_and_on_todays(late: System) -> None:
    post(late, figure("06427", "2025-Q2", 60), figure("06442", "2025-Q2", 30), figure("06412", "2025-Q2", 10))
    asked = {"indicator": "child-service-access", "period": "2025-Q2"}
    assert one(late, within=HUU_LUNG, **asked)["numerator"] == 100
    units = late.read("/v1/units/06427@2").json()
    sources = {"06427@1": 60, "06442@1": 30, "06412@1": 10}
    mine = [uid for uid in units["predecessors"] if uid in sources]
    row = one(late, within=CAI_KINH, view="as_of_today", **asked)
    assert row["numerator"] == sum(sources[uid] for uid in mine)
    assert row["units_expected"] == len(units["predecessors"])
    assert sorted(row["lineage"]) == sorted(units["predecessors"])
    province = one(late, within="20@2", view="as_of_today", **asked)
    assert (province["numerator"], province["lineage"]) == (100, ["20@1"])
    assert one(late, within="20@1", **asked)["numerator"] == 100
    assert late.read("/v1/rollups", within=CAI_KINH, **asked).status_code == 400  # there was no such unit then


def test_a_divided_commune_makes_the_figures_of_its_heirs_approximate(late: System) -> None:
    asked = {"indicator": "child-service-access", "period": "2023-Q1", "within": "VN", "view": "as_of_today"}
    rows: list[dict[str, Any]] = []
    after: dict[str, str] = {}
    while True:
        body = late.read("/v1/rollups", level="commune", **asked, **after).json()
        rows += body["rows"]
        if body["next"] is None:
            break
        after = {"after": body["next"]}
    assert len(rows) == 3321
    torn = [row for row in rows if row["approximate"]]
    assert torn
    divided = late.read(f"/v1/units/{torn[0]['divided'][0]}").json()
    assert torn[0]["uid"] in [divided["successor"], *divided["other_successors"]]
    assert not one(late, **asked)["approximate"]


def test_a_year_over_the_merger_sits_on_the_later_tree(late: System) -> None:
    post(
        late,
        held("06427", "parent-counselling", "spring", "2025-03-09", participants={"parent": 10}),
        held("06427", "parent-counselling", "autumn", "2025-09-09", participants={"parent": 5}),
    )
    row = one(late, activity="parent-counselling", within=CAI_KINH, period="2025")
    assert (row["value"], row["participants"], row["approximate"]) == (2, 15, True)
    assert one(late, activity="parent-counselling", within="20@2", period="2025")["participants"] == 15


def test_knowledge_is_shown_pooled_by_group_and_as_staff_and_parents_apart(late: System) -> None:
    groups = {"staff-community": (9, 10), "parent": (50, 100), "caregiver": (10, 100)}
    data = {
        "indicator": "knowledge-skills-provided", "agency": "ubnd-xa", "period": "2023-Q1", "revision": 0,
        "numerator": 69, "denominator": 210,
        "breakdown": [{"by": {"group": g}, "numerator": n, "denominator": d} for g, (n, d) in groups.items()],
    }  # fmt: skip
    education = {**data, "agency": "so-gddt", "numerator": 80, "denominator": 90, "breakdown": [
        {"by": {"group": "staff-education"}, "numerator": 80, "denominator": 90}]}  # fmt: skip
    post(late, event("indicator.reported", "06412", data), event("indicator.reported", "20@1", education))
    asked = {"indicator": "knowledge-skills-provided", "within": "20@1", "period": "2023-Q1"}
    assert (one(late, **asked)["numerator"], one(late, **asked)["denominator"]) == (149, 300)
    series = {row["by"]["series"]: (row["numerator"], row["denominator"]) for row in late.rollups(by="series", **asked)}
    assert series == {"b1-staff": (89, 100), "b2-parents-caregivers": (60, 200)}
    assert {row["by"]["group"] for row in late.rollups(by="group", **asked)} == {*groups, "staff-education"}
    assert (
        one(late, **{**asked, "within": "186@1"})["numerator"] == 69
    )  # the department's goes up from the province only
    assert late.read("/v1/rollups", by="shoe-size", **asked).json()["field"] == "by"


def test_the_network_model_carries_states_forward_stops_and_says_why(late: System) -> None:
    def states(subject: str, agency: str, period: str, third: bool) -> dict[str, Any]:
        components = {"c1-network": True, "c2-needs-monitoring": True, "c3-pilot-model": third}
        data = {"indicator": "district-network-model", "agency": agency, "period": period, "revision": 0}
        return event("indicator.reported", subject, {**data, "components": components})

    post(late, states("186@1", "ubnd-huyen", "2023-Q1", True))
    asked = {"indicator": "district-network-model", "within": "20@1"}
    first, silent = (one(late, period=period, **asked) for period in ("2023-Q1", "2023-Q2"))
    assert (first["numerator"], first["units_reported"]) == (1, 1)
    assert (silent["numerator"], silent["units_reported"], silent["denominator"]) == (1, 0, first["units_expected"])
    parts = late.rollups(by="component", period="2023-Q2", **asked)
    assert {(part["numerator"], part["part_reported"]) for part in parts} == {(1, 0)}
    nation = one(late, indicator="district-network-model", within="VN", period="2023-Q1")
    assert (nation["value"], nation["reason"]["code"]) == (None, "no_status_of_their_own")
    nobody = one(late, indicator="district-network-model", within="19@1", period="2023-Q1")
    assert (nobody["value"], nobody["reason"]) == (None, None)  # its districts have been silent
    assert one(late, period="2023-Q1", **{**asked, "within": "06412"})["reason"]["code"] == "not_published_here"
    stopped = one(late, indicator="district-network-model", within="20@2", period="2025-Q3")
    assert (stopped["value"], stopped["reason"]["code"]) == (None, "stopped")
    assert "01/7/2025" in stopped["reason"]["vi"]
    post(late, states("186@1", "ubnd-huyen", "2023-Q3", False))
    assert one(late, period="2023-Q3", **asked)["numerator"] == 0


def test_a_share_of_units_needs_no_report_to_be_owed(late: System) -> None:
    """Figures of before the first period owed are history: a share of the units of then, without coverage."""
    components = {"c1-network": True, "c2-needs-monitoring": True, "c3-pilot-model": True}
    data = {"indicator": "district-network-model", "agency": "ubnd-huyen", "period": "2022-Q3", "revision": 0}
    post(late, event("indicator.reported", "186@1", {**data, "components": components}))
    row = one(late, indicator="district-network-model", within="20@1", period="2022-Q3")
    assert (row["numerator"], row["denominator"], row["value"]) == (1, 11, 9.0909)
    assert (row["units_expected"], row["coverage"]) == (0, None)


def test_measures_count_what_the_programme_says(late: System) -> None:
    post(
        late,
        held("06388", "parent-counselling", "m1", "2024-03-01", participants={"parent": 20, "child-0-8": 5}, female=25,
             domain="health", money=[{"line": "f1-state-budget", "amount": 700}]),
        held("06388", "first-1000-days-counselling", "m2", "2024-04-20", participants={"pregnant-woman": 4}, female=4),
        held("06388", "network-referral", "m3", "2024-03-01", by={"outcome": "completed"}),
        held("06388", "network-referral", "m4", "2024-03-02", by={"outcome": "pending"}),
        held("06388", "planning", "m5", "2024-02-01", by={"plan-step": "plan-issued"}),
        held("06388", "planning", "m6", "2024-05-01", by={"plan-step": "plan-issued"}),
        held("06412", "planning", "m7", "2024-05-01", by={"plan-step": "plan-guidance"}),
        held("186@1", "planning", "m8", "2024-05-01", by={"plan-step": "plan-issued"}, agency="ubnd-huyen"),
        held("06388", "budgeting", "m9", "2024-05-01", by={"budget-step": "allocated"},
             money=[{"line": "f1-state-budget", "amount": 1000}, {"line": "f2-integrated", "amount": 400}]),
    )  # fmt: skip

    def of(measure: str, **more: str) -> dict[str, Any]:
        return one(late, **{"indicator": measure, "within": "186@1", "period": "2024", **more})

    assert (of("parents-counselled")["value"], of("parents-counselled", period="2024-Q1")["value"]) == (24, 20)
    assert (of("parents-counselled", by="domain")["by"], of("parents-counselled", by="domain")["value"]) == (
        {"domain": "health"}, 20,
    )  # fmt: skip
    assert of("parents-counselled", by="sex")["value"] == 4  # in m1 others took part: whose 25 is not known
    completed = of("referrals-completed")
    assert (completed["numerator"], completed["denominator"], completed["value"]) == (1, 2, 50.0)
    plans = of("plan-issued")
    assert (plans["numerator"], plans["denominator"]) == (2, 1 + len(late.rollups(
        indicator="plan-issued", within="186@1", level="commune", period="2024")))  # fmt: skip
    spent = of("budget-spent")
    assert (spent["numerator"], spent["denominator"], spent["value"]) == (700, 1400, 50.0)
    lines = late.rollups(indicator="budget-allocated", by="money", within="186@1", period="2024")
    assert {row["by"]["money"]: row["value"] for row in lines} == {"f1-state-budget": 1000, "f2-integrated": 400}
    for measure in ("comm-sessions", "staff-trained", "services-delivered", "resources-mobilised", "pilot-models"):
        assert of(measure)["value"] == 0


def test_waived_is_shown_apart_and_timeliness_rolls_up(late: System) -> None:
    oblige(late, "06412@1", "open", 1)
    oblige(late, "06412@1", "waived", 2)
    oblige(late, "06388@1", "overdue", 1)
    oblige(late, "06391@1", "met", 1)
    asked = {"report": "progress-quarterly", "period": "2023-Q2"}
    for within in ("186@1", "20@1", "VN"):
        (row,) = late.read("/v1/timeliness", within=within, **asked).json()["rows"]
        assert {name: row[name] for name in ("expected", "on_time", "late", "missing", "waived", "open")} == {
            "expected": 3, "on_time": 1, "late": 0, "missing": 1, "waived": 1, "open": 0,
        }  # fmt: skip
        assert row["value"] == 50.0
    oblige(late, "06388@1", "late_met", 2)
    (row,) = late.read("/v1/timeliness", within="186@1", **asked).json()["rows"]
    assert (row["late"], row["missing"]) == (1, 0)
    covered = one(late, activity="parent-counselling", within="186@1", period="2023-Q2")
    assert covered["units_waived"] == 1
    assert covered["units_missing"] == covered["units_expected"] - covered["units_reported"] - 1
    missing = late.read("/v1/rollups/missing", activity="parent-counselling", within="186@1", period="2023-Q2").json()
    assert [row["uid"] for row in missing["rows"] if row["waived"]] == ["06412@1"]
    assert one(late, indicator="report-timeliness", within="186@1", period="2023-Q2")["value"] == 50.0


def test_a_figure_before_anything_was_owed_has_no_coverage_above_all(late: System) -> None:
    post(late, figure("06412", "2022-Q4", 40))
    row = one(late, indicator="child-service-access", within="186@1", period="2022-Q4")
    assert (row["value"], row["units_expected"], row["units_reported"], row["coverage"]) == (40.0, 0, 0, None)


def test_a_denominator_that_moved_by_more_than_15_per_cent_is_flagged(late: System) -> None:
    post(late, figure("06400", "2023-Q1", 50, 100), figure("06400", "2024-Q1", 50, 116), figure("06415", "2024-Q1", 50))
    asked = {"indicator": "child-service-access", "within": "186@1", "level": "commune"}
    flags = {row["uid"]: row["flags"] for row in late.rollups(period="2024-Q1", **asked)}
    assert (flags["06400@1"], flags["06415@1"]) == (["denominator_changed"], [])


def test_ranges_sorting_paging_and_tables(late: System) -> None:
    post(late, figure("06385", "2024-Q3", 70), figure("06385", "2024-Q4", 80), figure("06436", "2024-Q4", 90))
    asked = {"indicator": "child-service-access", "within": "186@1", "level": "commune"}
    both = late.rollups(period="2024-Q3..2024-Q4", **asked)
    assert [(row["period"], row["value"]) for row in both if row["uid"] == "06385@1"] == [
        ("2024-Q3", 70),
        ("2024-Q4", 80),
    ]
    best = late.read("/v1/rollups", period="2024-Q4", sort="-value", limit="2", **asked).json()
    assert [row["value"] for row in best["rows"]] == [90.0, 80.0]
    rest = late.read("/v1/rollups", period="2024-Q4", sort="-value", after=best["next"], **asked).json()["rows"]
    assert not {row["uid"] for row in rest} & {row["uid"] for row in best["rows"]}
    table = late.read("/v1/rollups", period="2024-Q4", format="csv", **asked)
    assert table.content.startswith(b"\xef\xbb\xbf")
    read = list(csv.DictReader(io.StringIO(table.content.decode("utf-8-sig"))))
    assert {row["uid"]: row["value"] for row in read}["06436@1"] == "90.0"
    book = late.read("/v1/rollups", period="2024-Q4", format="xlsx", **asked)
    assert (book.headers["content-type"].startswith("application/vnd.openxml"), book.content[:2]) == (True, b"PK")
    for wrong in ({"sort": "shoe"}, {"period": "2024-Q4..2024-Q1"}, {"view": "tomorrow"}, {"format": "pdf"}):
        assert late.read("/v1/rollups", **{**asked, "period": "2024-Q4", **wrong}).status_code == 400


def test_the_next_page_of_a_table_is_named_whatever_letters_it_has() -> None:
    for following in ("06400@1", "06400@1 ubnd-xa", "06400@1 Nguyễn-1", "06400@1 100%", "06400@1 a\r\nx: y"):
        answered = tables.answer({"rows": [], "next": following}, "csv", {})
        assert unquote(answered.headers["x-next"]) == following
        assert answered.headers["x-next"].isprintable()
    assert tables.answer({"rows": [], "next": "06400@1 ubnd-xa"}, "xlsx", {}).headers["x-next"] == "06400@1 ubnd-xa"


def test_a_question_is_refused_with_its_parameter_in_bounded_words(late: System) -> None:
    asked = {"activity": "review-meeting", "within": "VN", "period": "2021"}
    for name, value in {"limit": "9" * 5000, "after": "\x00", "within": "x" * 2000, "sort": "x" * 900}.items():
        refused = late.read("/v1/rollups", **{**asked, name: value})
        assert (refused.status_code, refused.json()["error"], refused.json()["field"]) == (400, "bad_parameter", name)
        assert len(refused.text) < 1200
    url = f"{late.services.url('aggregation')}/v1/rollups"
    twice = LOCAL.get(f"{url}?period=2021&period=2022", headers={"Authorization": f"Bearer {late.reader_key}"})
    assert (twice.status_code, twice.json()["message"]) == (400, "expected once")
    for path, status in (("/v1/nothing", 404), ("/v1/obligations", 404)):
        missing = late.read(path)
        assert (missing.status_code, missing.json()["error"]) == (status, "not_found")
    wrong = LOCAL.request("DELETE", url)
    assert (wrong.status_code, wrong.json()["error"]) == (405, "method_not_allowed")


def test_an_unchanged_answer_is_not_sent_again(late: System) -> None:
    query = {"indicator": "child-service-access", "within": "VN", "period": "2024-Q2"}
    first = late.read("/v1/rollups", **query)

    def again() -> httpx.Response:
        headers = {"Authorization": f"Bearer {late.reader_key}", "If-None-Match": first.headers["etag"]}
        url = f"{late.services.url('aggregation')}/v1/rollups"
        return LOCAL.get(url, params=query, headers=headers)

    assert again().status_code == 304
    post(late, figure("06412", "2024-Q2", 33))
    assert (again().status_code, again().json()["rows"][0]["numerator"]) == (200, 33)


def test_a_figure_explains_itself_and_a_sender_learns_what_became_of_an_event(late: System) -> None:
    post(
        late,
        figure("06391", "2024-Q3", 10, id="x1"),
        figure("06391", "2024-Q3", 20, revision=1, id="x2"),
        event("record.retracted", "06388", {"indicator": "child-service-access", "agency": "ubnd-xa",
              "period": "2024-Q3", "revision": 5}, id="x3"),
        figure("06391", "2024-Q3", 99, id="x1"),
    )  # fmt: skip
    query = {"indicator": "child-service-access", "within": "186@1", "period": "2024-Q3"}
    told = late.read("/v1/rollups/explain", **query).json()
    status = {row["id"]: row["status"] for row in told["rows"] if row["id"].startswith("x")}
    assert status == {"x1": "superseded", "x2": "counted", "x3": "withdrawal"}
    assert (
        sum(row["data"]["numerator"] for row in told["rows"] if row["status"] == "counted")
        == told["figure"][0]["numerator"]
    )

    def became(event_id: str) -> list[str]:
        rows = late.read(f"/v1/events/tests/{event_id}", key=late.key).json()["rows"]
        return [row["status"] for row in rows]

    assert (became("x1"), became("x2"), became("never")) == (["superseded", "conflict"], ["applied"], ["pending"])
    post(late, figure("06391", "2024-Q3", 20, revision=1, id="x2-again"))
    assert sorted(became("x2") + became("x2-again")) == ["applied", "duplicate"]
    told = {name: late.read(f"/v1/events/tests/{name}").json()["rows"][0] for name in ("x1", "x2", "x2-again")}
    (counts,) = (name for name, row in told.items() if row["status"] == "applied")
    by = {"source": "/tests", "id": counts}
    assert {name: row.get("superseded_by") for name, row in told.items()} == {**dict.fromkeys(told, by), counts: None}
    nobody = late.read("/v1/events//x2", key=late.key)
    assert (nobody.status_code, nobody.json()["field"]) == (400, "source"), "no event is without a source"
    stranger = late.add_source("stranger")
    assert late.read("/v1/events/tests/x2", key=stranger).json()["rows"][0]["status"] == "pending"


def test_a_sender_learns_that_its_event_is_superseded_and_not_by_which_of_another_s(late: System) -> None:
    other = late.add_source("outranks")
    post(late, figure("06391", "2024-Q2", 10, id="own"))
    late.wait_until(lambda: late.post([], key=other).status_code == 202, "the key is known")
    before = applied(late)
    assert late.post([figure("06391", "2024-Q2", 20, revision=1, id="other-s")], key=other).status_code == 202
    late.wait_until(lambda: applied(late) > before, "it is applied")
    (own,) = late.read("/v1/events/tests/own", key=late.key).json()["rows"]
    assert (own["status"], own.get("superseded_by")) == ("superseded", None)
    (read,) = late.read("/v1/events/tests/own", key=late.reader_key).json()["rows"]
    assert read == {**own, "superseded_by": {"source": "/tests", "id": "other-s"}}


def test_explain_finds_an_older_revision_that_named_another_unit(late: System) -> None:
    data = {"activity": "supervision", "record": "moved", "revision": 0, "held_on": "2021-03-01", "agency": "ubnd-xa"}
    post(
        late,
        event("activity.recorded", "06436", data, id="moved-0"),
        event("activity.recorded", "06391", {**data, "revision": 1}, id="moved-1"),
    )
    query = {"activity": "supervision", "within": "06391@1", "period": "2021"}

    def told(key: str) -> dict[str, tuple[str, str]]:
        rows = late.read("/v1/rollups/explain", key=key, **query).json()["rows"]
        return {row["id"]: (row["uid"], row["status"]) for row in rows}

    assert told(late.reader_key) == {"moved-0": ("06436@1", "superseded"), "moved-1": ("06391@1", "counted")}
    narrow = late.add_source("narrow", "--read", "--subtree", "06391@1")
    late.wait_until(lambda: late.read("/v1/units/06391@1", key=narrow).status_code == 200, "the key is known")
    assert told(narrow) == {"moved-1": ("06391@1", "counted")}


def test_a_page_of_events_may_end_between_two_of_one_id(late: System) -> None:
    """An id is its source's and its sender's own."""
    data = {"activity": "supervision", "revision": 0, "held_on": "2022-05-03", "agency": "ubnd-xa"}
    sources = ("/a", "/b", "/c")
    post(
        late, *(event("activity.recorded", "06430", {**data, "record": f"of{s}"}, id="same", source=s) for s in sources)
    )
    query = {"activity": "supervision", "within": "06430@1", "period": "2022", "limit": "1"}
    found, after = [], {}
    for _ in sources:
        body = late.read("/v1/rollups/explain", **query, **after).json()
        found += [(row["id"], row["source"]) for row in body["rows"]]
        after = {"after": body["next"]}
    assert found == [("same", source) for source in sources]
    assert body["next"] is None
    for wrong in ("06430@1 same", "[]", '["06430@1","same",1,2]', "{"):
        answer = late.read("/v1/rollups/explain", **query, after=wrong)
        assert (answer.status_code, answer.json()["field"]) == (400, "after"), answer.text


def test_a_stage_is_a_period_too(late: System) -> None:
    data = {"indicator": "knowledge-skills-provided", "agency": "ubnd-xa", "revision": 0}

    def reached(period: str, people: int, subject: str = "06415") -> dict[str, Any]:
        parts = [{"by": {"group": "parent"}, "numerator": people, "denominator": 200}]
        body = {**data, "period": period, "numerator": people, "denominator": 200, "breakdown": parts}
        return event("indicator.reported", subject, body)

    post(
        late,
        reached("2025-Q1", 90),
        reached("2025-Q4", 120, "06427@2"),
        held("06427", "review-meeting", "stage-1", "2021-02-01"),
        held("06427@2", "review-meeting", "stage-2", "2025-11-01"),
        held("06427", "review-meeting", "before", "2020-12-01"),
    )
    b = one(late, indicator="knowledge-skills-provided", within="20@2", period="stage-2025")
    assert (b["period"], b["numerator"], b["denominator"]) == ("stage-2025", 120, 200)  # cumulative: the last, not 210
    assert one(late, activity="review-meeting", within=CAI_KINH, period="stage-2025")["value"] == 2
    refused = late.read("/v1/rollups", indicator="report-timeliness", within="VN", period="stage-2025")
    assert (refused.status_code, refused.json()["field"]) == (400, "period")


def test_a_key_of_a_subtree_reads_no_further(late: System) -> None:
    key = late.add_source("district", "--read", "--subtree", "186@1")
    late.wait_until(lambda: late.read("/v1/units/06412@1", key=key).status_code == 200, "the key is known")
    query = {"activity": "parent-counselling", "period": "2023"}
    assert late.read("/v1/rollups", key=key, within="186@1", **query).status_code == 200
    for path in ("/v1/rollups", "/v1/rollups/missing", "/v1/rollups/explain"):
        assert late.read(path, key=key, within="20@1", **query).status_code == 403
