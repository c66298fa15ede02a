"""Every read of every service, with a key of every kind of unit, on both sides of 1 July 2025.

What is expected is computed from `register.py` and `ledger.py`, which are written from the rule in
docs/operate/keys.md. The reads are taken from the services' own tables of routes: one without a walk here fails the
first test.
"""

import csv
import io
import re

import icalendar
import pytest

from services.aggregation.app import make_app as aggregation_app
from services.intake.app import make_app as intake_app
from services.notifications.app import make_app as notifications_app
from shared.runtime.config import load_settings
from tests.rights import test_who_sees_duties as duties
from tests.rights.conftest import Field
from tests.rights.ledger import COMMUNES, OTHER, OWN, PERIODS, Asked, as_event, behind, said, total
from tests.rights.oracle import answer_expected, owing_below, parameters, places, questions, shown, start
from tests.rights.register import OFFICES, PLACES, REACHED, climbs, standing
from tests.rights.walks import NAMED, PUBLIC, READERS, TRUTH, WALKS, units_in

pytestmark = [pytest.mark.long, pytest.mark.timeout(600)]


def test_every_route_that_reads_is_walked() -> None:
    settings = load_settings({"amqp_url": "amqp://unused", "database_url": "postgresql://unused"})
    reads = {
        re.sub(r"^/api(/\{version\})?/system/(\w+)/\w+/", r"/api/system/\2/", route.path)
        for make_app in (intake_app, aggregation_app, notifications_app)
        for route in make_app(settings).routes
        if "GET" in (route.methods or {"GET"})
    }
    assert reads - PUBLIC == set(WALKS)
    assert {name for name in (*globals(), *vars(duties)) if name.startswith("test_")} >= set(WALKS.values())


@pytest.mark.parametrize("key", READERS)
def test_rollups(field: Field, key: str) -> None:
    for subject, asked in questions():
        counter = "participants" if subject == "parent-counselling" else "numerator"
        for within in places(key, asked):
            for level in (None, "commune", "province") if within in {None, key, "11@2"} else (None,):
                query = parameters(subject, asked, within, **({"level": level} if level else {}))
                answer = field.get("aggregation", "/v1/rollups", key, **query)
                expected = answer_expected(key, asked, within, level)
                if isinstance(expected, int):
                    assert answer.status_code == expected, (query, answer.text)
                    continue
                assert answer.status_code == 200, (query, answer.text)
                found = {row["uid"]: row[counter] or 0 for row in answer.json()["rows"]}
                assert found == {uid: total(subject, asked, uid) for uid in expected}, query


def test_tables_have_the_rows_that_json_has(field: Field) -> None:
    asked = PERIODS["child-service-access"][2]
    for key in READERS:
        query = parameters("child-service-access", asked, None, level="commune")
        answer = field.get("aggregation", "/v1/rollups", key, **query)
        table = field.get("aggregation", "/v1/rollups", key, format="csv", **query)
        assert table.status_code == answer.status_code
        if answer.status_code == 200:
            rows = csv.DictReader(io.StringIO(table.content.decode("utf-8-sig")))
            assert [row["uid"] for row in rows] == [row["uid"] for row in answer.json()["rows"]]


@pytest.mark.parametrize("key", READERS)
def test_explain(field: Field, key: str) -> None:
    for subject, asked in questions():
        for within in places(key, asked):
            answer = field.get("aggregation", "/v1/rollups/explain", key, **parameters(subject, asked, within))
            place = within or start(key, after=asked.after)
            expected = answer_expected(key, asked, within, None)
            if expected == 400 or (within is not None and within not in REACHED[key]):
                assert answer.status_code == expected, (within, asked, answer.text)
                continue
            assert answer.status_code == 200, (within, asked, answer.text)
            body = answer.json()
            assert {row["id"] for row in body["rows"]} == behind(subject, asked, place, REACHED[key]), (within, asked)
            assert {row["uid"] for row in body["figure"]} == ({place} if shown(key, asked, place) else set())


@pytest.mark.parametrize("key", READERS)
def test_missing(field: Field, key: str) -> None:
    """Nobody has reported for the first two of these periods, everybody for the third."""
    for question, silent in (
        (Asked("2024-Q1", "as_reported", False, True, False), True),
        (Asked("2025-Q4", "as_reported", True, False, True), True),
        (Asked("2025-Q3", "as_reported", True, False, True), False),
    ):
        for within in places(key, question):
            query = parameters("child-service-access", question, within)
            del query["view"]
            answer = field.get("aggregation", "/v1/rollups/missing", key, **query)
            place = within or start(key, after=question.after)
            expected = answer_expected(key, question, within, None)
            if expected == 400 or (within is not None and within not in REACHED[key]):
                assert answer.status_code == expected, answer.text
                continue
            named = {
                uid for uid in REACHED[key]
                if silent and PLACES[uid].level == "commune" and standing(uid, after=question.after)
                and place in climbs(uid, after=question.after)
            }  # fmt: skip
            assert {row["uid"] for row in answer.json()["rows"]} == named, (within, question)


@pytest.mark.parametrize("key", READERS)
def test_timeliness(field: Field, key: str) -> None:
    for asked in (
        Asked("2025-Q2", "as_reported", False, True, False),
        Asked("2025-Q2", "as_of_today", True, True, False),
        Asked("2025-Q3", "as_reported", True, False, True),
    ):
        for within in places(key, asked):
            for level in (None, "commune"):
                query = {"report": "progress-quarterly", "period": asked.period, "view": asked.view, "programme": OWN}
                query |= {name: value for name, value in (("within", within), ("level", level)) if value}
                answer = field.get("aggregation", "/v1/timeliness", key, **query)
                expected = answer_expected(key, asked, within, level)
                if isinstance(expected, int):
                    assert answer.status_code == expected, (query, answer.text)
                    continue
                found = {row["uid"]: row["expected"] for row in answer.json()["rows"]}
                assert found == owing_below(asked, expected), query


def test_records(field: Field) -> None:
    """Those of one unit, to who reaches it: of programmes and kinds that they see."""
    for uid in COMMUNES:
        held = next(item for item in said() if item.unit == uid and item.record == f"c-{uid}")
        figure = next(item for item in said() if item.unit == uid and item.id == f"{OWN}-a-{uid}")
        for key in READERS:
            for item, period in ((figure, figure.when), (held, held.when[:4])):
                answer = field.get("aggregation", "/v1/records", key, programme=OWN, unit=uid, period=period)
                assert answer.status_code == (200 if uid in REACHED[key] else 403), (key, uid)
                if answer.status_code == 200:
                    assert item.id in {row["id"] for row in answer.json()["rows"]}
                    assert {row["uid"] for row in answer.json()["rows"]} == {uid}
        query = {"unit": uid, "period": figure.when}
        for key, status in (("own programme", 200), ("other programme", 400), ("activities", 200), ("posts", 403)):
            answer = field.get("aggregation", "/v1/records", key, programme=OWN, **query)
            assert answer.status_code == status, (key, uid)
            if key == "activities":
                assert {row["kind"] for row in answer.json()["rows"]} <= {"activity.recorded"}


def test_events(field: Field) -> None:
    withdrawn = {f"e-{item.record}": item for item in said() if item.kind == "record.retracted"}
    for item in said():
        for key in READERS:
            rows = field.get("aggregation", f"/v1/events/rights/{item.id}", key).json()["rows"]
            seen = item.unit in REACHED[key]
            assert [row["status"] == "pending" for row in rows] == [not seen], (key, item.id)
            named = seen and item.id in withdrawn and withdrawn[item.id].unit in REACHED[key]
            by = {"source": "/rights", "id": withdrawn[item.id].id} if named else None
            assert [row.get("superseded_by") for row in rows] == [by], (key, item.id)
        for key, seen in (
            ("own programme", item.programme == OWN),
            ("other programme", item.programme == OTHER),
            ("activities", item.kind == "activity.recorded"),
            ("posts", True),
            ("posts elsewhere", False),
        ):
            (row,) = field.get("aggregation", f"/v1/events/rights/{item.id}", key).json()["rows"]
            assert (row["status"] != "pending") == seen, (key, item.id)
            # Who sees no withdrawals sees that an activity no longer counts, and not by which event.
            named = item.id in withdrawn and seen and key != "activities"
            assert ("superseded_by" in row) == named, (key, item.id)


def test_units(field: Field) -> None:
    for key in READERS:
        for uid in PLACES:
            assert field.get("aggregation", f"/v1/units/{uid}", key).json()["uid"] == uid
    assert field.get("aggregation", "/v1/units/VN", "posts").status_code == 403


def test_programmes(field: Field) -> None:
    """Of another programme a key gets nothing: it is as if that weren't loaded."""
    for key, known in (
        *((key, {OWN, OTHER}) for key in READERS),
        ("own programme", {OWN}),
        ("other programme", {OTHER}),
    ):
        listed = field.get("aggregation", "/v1/programmes", key).json()["rows"]
        assert {row["slug"] for row in listed} == known
        for slug in (OWN, OTHER):
            answer = field.get("aggregation", f"/v1/programmes/{slug}", key)
            assert answer.status_code == (200 if slug in known else 400), (key, slug)
            assert ("legal_basis" in answer.text) is (slug in known)
    assert field.get("aggregation", "/v1/programmes", "posts").status_code == 403
    assert field.get("aggregation", f"/v1/programmes/{OWN}", "posts").status_code == 403


def test_unaddressed(field: Field) -> None:
    """What found nobody is counted for who sees the unit that it is about, wherever it should have been heard."""
    truth = field.rows(
        """SELECT coalesce(obligation.unit, problem.unit) AS unit,
                  coalesce(obligation.programme, problem.programme) AS programme
           FROM notifications.alert LEFT JOIN notifications.obligation ON obligation.id = alert.obligation
           LEFT JOIN notifications.problem ON problem.id = alert.problem
           WHERE alert.state = 'unaddressed'
             AND (obligation.state IN ('open', 'overdue') OR problem.state = 'raised')"""
    )
    assert truth

    def counted(key: str) -> int:
        answer = field.get("notifications", "/v1/alerts/unaddressed", key)
        assert answer.status_code == 200, answer.text
        return sum(row["alerts"] for row in answer.json()["rows"])

    for key in READERS:
        assert counted(key) == sum(row["unit"] in REACHED[key] for row in truth), key
    for key, programme in (("own programme", OWN), ("other programme", OTHER)):
        assert counted(key) == sum(row["programme"] == programme for row in truth)
    assert field.get("notifications", "/v1/alerts/unaddressed", "posts").status_code == 403


def test_one_obligation(field: Field) -> None:
    one_each = {row["unit"]: row for row in field.rows(TRUTH["/v1/obligations"])}
    for uid, row in one_each.items():
        for key in READERS:
            answer = field.get("notifications", f"/v1/obligations/{row['id']}", key)
            assert (answer.status_code == 200) == (uid in REACHED[key]), (uid, key)
        for key, programme in (("own programme", OWN), ("other programme", OTHER)):
            answer = field.get("notifications", f"/v1/obligations/{row['id']}", key)
            assert (answer.status_code == 200) == (row["programme"] == programme)


def test_calendars(field: Field) -> None:
    """Soon after the merger: an office's own deadlines, also those of before, and no neighbour's."""
    for uid, content in field.calendars.items():
        events = icalendar.Calendar.from_ical(content).walk("VEVENT")
        named = units_in("\n".join(str(event["SUMMARY"]) for event in events))
        office = OFFICES.get(PLACES[uid].successor or uid, set())
        assert named <= office, uid
        assert uid in named or PLACES[uid].level != "commune", uid  # a district's agency is no more
        if uid == "11101@2":
            assert "11101@1" in named


def test_officers(field: Field) -> None:
    """A key that acts for officers is told of those at units that it reaches, and on their desks of what it reaches."""
    for officer in field.rows("SELECT id, unit FROM registry.officer"):
        path = f"/v1/officers/{officer['id']}.0"
        for key in READERS:
            for asked in (path, f"{path}/desk"):
                answer = field.get("notifications", asked, f"acts {key}")
                assert answer.status_code == (200 if officer["unit"] in REACHED[key] else 403), (key, asked)
                lists = [part for part in answer.json().values() if isinstance(part, list)]
                assert {row["unit"] for part in lists for row in part if "unit" in row} <= set(REACHED[key])
        assert field.get("notifications", path, "VN").status_code == 403


def test_links(field: Field) -> None:
    """A link names what its message named, to a key that acts for officers and reaches its own; opening its address
    says nothing, and a key beside it changes nothing.
    """
    assert field.links
    url = field.services.url("notifications")
    about = {row["id"]: row["unit"] for row in field.rows(TRUTH["/v1/problems"])}
    for link in field.links:
        told = {what: [row["id"] for row in field.rows(query, link.message)] for what, query in NAMED.items()}
        for key in READERS:
            headers = {"Authorization": f"Bearer {field.keys[f'acts {key}']}"}
            answer = field.client.post(f"{url}/v1/links/resolve", json={"token": link.token}, headers=headers)
            assert answer.status_code == (200 if link.unit in REACHED[key] else 403), (key, link.unit)
            if answer.status_code == 200:
                message = answer.json()["message"]
                assert sorted(message["obligations"]) == told["obligations"]
                assert {it for it in told["problems"] if about[it] in REACHED[key]} <= set(message["problems"])
                assert {about[problem] for problem in message["problems"]} <= set(REACHED[key])
                path = f"/v1/officers/{answer.json()['officer']['ref']}/messages/{link.message}"
                named = field.get("notifications", path, f"acts {key}").json()
                assert [row["id"] for row in named.pop("problems")] == message.pop("problems")
                assert named == message
        for headers in ({}, {"Authorization": f"Bearer {field.keys['VN']}"}):
            opened = field.client.get(f"{url}/v1/ack/{link.token}", headers=headers)
            assert (opened.status_code, opened.content) == (303, b"")
            assert opened.headers["location"].endswith(f"/l/{link.token}")


def test_jobs(field: Field) -> None:
    body = {"period": "2025Q3", "orgUnit": "13101", "dataValues": [
        {"dataElement": "child-service-access.numerator", "value": "1"},
        {"dataElement": "child-service-access.denominator", "value": "2"}]}  # fmt: skip
    url = f"{field.services.url('intake')}/api/dataValueSets"
    headers = {"Authorization": f"Bearer {field.keys['posts elsewhere']}"}
    started = field.client.post(url, params={"async": "true", "dryRun": "true"}, json=body, headers=headers)
    assert started.status_code == 200, started.text
    job = started.json()["response"]["id"]
    for kind in ("tasks", "taskSummaries"):
        for version in ("", "/41"):
            path = f"/api{version}/system/{kind}/DATAVALUE_IMPORT/{job}"
            for key in field.keys:
                asked = field.get("intake", path, key)
                assert asked.status_code == (200 if key == "posts elsewhere" else 404), (path, key)


def test_a_programme_that_the_key_may_not_read_is_as_if_it_were_not_loaded(field: Field) -> None:
    for key, own, foreign in (("own programme", OWN, OTHER), ("other programme", OTHER, OWN)):
        asked = {"indicator": "child-service-access", "within": "VN", "period": "2025-Q3"}
        assert field.get("aggregation", "/v1/rollups", key, **asked).status_code == 200
        for service, path, query in (
            ("aggregation", "/v1/rollups", asked),
            ("aggregation", "/v1/rollups/missing", asked),
            ("aggregation", "/v1/rollups/explain", asked),
            ("aggregation", "/v1/timeliness", {"report": "progress-quarterly", "period": "2025-Q3"}),
            ("notifications", "/v1/obligations", {}),
        ):
            refused = field.get(service, path, key, programme=foreign, **query)
            unknown = field.get(service, path, key, programme="nobodys", **query)
            assert (refused.status_code, unknown.status_code) == (400, 400), path
            assert refused.text.replace(foreign, "nobodys") == unknown.text
            assert own in unknown.json()["message"]


def test_kinds_limit_the_single_events_that_are_shown_and_no_figure(field: Field) -> None:
    for subject, asked in questions():
        query = parameters(subject, asked, "VN")
        full = field.get("aggregation", "/v1/rollups/explain", "VN", **query).json()
        body = field.get("aggregation", "/v1/rollups/explain", "activities", **query).json()
        assert [row["numerator"] for row in body["figure"]] == [row["numerator"] for row in full["figure"]]
        assert body["rows"] == [row for row in full["rows"] if row["kind"] == "activity.recorded"]


def test_a_key_that_reads_posts_nothing_and_one_that_posts_reads_nothing(field: Field) -> None:
    item = next(item for item in said() if item.unit == "13101@2")
    refused = field.post([as_event(item)], key=field.keys["VN"])
    assert (refused.status_code, refused.json()["error"]) == (403, "not_allowed")
    for service, path in (
        ("aggregation", "/v1/rollups"), ("aggregation", "/v1/rollups/missing"), ("aggregation", "/v1/timeliness"),
        ("aggregation", "/v1/rollups/explain"), ("notifications", "/v1/obligations"),
        ("notifications", "/v1/obligations/x~y~VN~z~2023~0"), ("notifications", "/v1/alerts"),
        ("notifications", "/v1/problems"),
    ):  # fmt: skip
        assert field.get(service, path, "posts").status_code == 403, path
        assert field.get(service, path, None).status_code == 401, path


def test_two_keys_in_one_request_are_none(field: Field) -> None:
    narrow, wide = (("Authorization", f"Bearer {field.keys[name]}") for name in ("13101@2", "VN"))
    query = {"indicator": "child-service-access", "within": "VN", "period": "2025-Q3", "programme": OWN}
    for headers in ([narrow, wide], [wide, narrow], [wide, wide]):
        for service, path in (("aggregation", "/v1/rollups"), ("notifications", "/v1/obligations")):
            answer = field.client.get(f"{field.services.url(service)}{path}", params=query, headers=headers)
            assert (answer.status_code, answer.json()["error"]) == (401, "unauthorized")
    poster = ("Authorization", f"Bearer {field.keys['posts']}")
    kind = ("Content-Type", "application/cloudevents-batch+json")
    for path in ("/v1/events", "/v1/import", "/api/dataValueSets"):
        answer = field.client.post(
            f"{field.services.url('intake')}{path}", content=b"[]", headers=[poster, poster, kind]
        )
        assert answer.status_code == 401, path
    row = field.rows(f"{TRUTH['/v1/obligations']} LIMIT 1")[0]
    answer = field.client.post(
        f"{field.services.url('notifications')}/v1/obligations/{row['id']}/waive",
        json={"reason": "x"},
        headers=[wide, poster],
    )
    assert answer.status_code == 401
