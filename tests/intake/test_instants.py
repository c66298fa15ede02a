"""The door takes times that its clock allows, from every kind of client, and names the clock where it doesn't."""

import asyncio
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from deploy.local.http import LOCAL
from services.intake.admission.poster import Poster
from services.intake.admission.rules import Admitted, judge
from services.intake.formats.cloudevents import parse_items
from services.intake.formats.kobo import draft_events
from shared.domain.refusals import Refusal
from shared.registry.snapshot import Key, Registry
from shared.values.scalars import instant
from tests.aggregation.registry import REGISTRY
from tests.intake.test_dhis2 import post as post_dhis2
from tests.intake.test_dhis2 import whole
from tests.intake.test_door import errors
from tests.intake.test_import import ACTIVITIES, upload
from tests.intake.test_kobo import post as post_kobo
from tests.intake.test_kobo import submission
from tests.shipped import shipped_programme
from tests.system import System, counselling

NOW = instant("2023-03-20T08:00:00+07:00")
TOO_EARLY = ("0001-01-01T00:00:00+07:00", "1999-12-31T23:59:59Z", "2000-01-01T00:00:00+07:00")
TOO_LATE = ("2023-03-21T08:00:01+07:00", "2100-01-01T00:00:00Z", "9999-12-31T23:59:59Z", "9999-12-31T23:59:59-07:00")
KEY = Key("app", "VN", None, False, None)


def judged(time: str, registry: Registry = REGISTRY) -> Admitted | tuple[Refusal, ...]:
    ((candidate,), _) = asyncio.run(parse_items([(0, counselling(time=time))]))
    return judge(candidate.event, registry, Poster(KEY), NOW)


@pytest.mark.parametrize("time", ["2000-01-01T00:00:00Z", "2023-03-21T08:00:00+07:00", "2023-03-15T08:00:00.5-11:00"])
def test_a_time_from_2000_to_a_day_ahead_is_taken(time: str) -> None:
    assert isinstance(judged(time), Admitted)


@pytest.mark.parametrize("time", TOO_EARLY + TOO_LATE)
def test_any_other_is_refused_and_the_clock_named(time: str) -> None:
    (refusal,) = judged(time)
    told = refusal.to_json("en")
    assert (told["code"], told["field"]) == ("time_out_of_range", "time")
    assert told["message"] == (
        "the time is out of range; expected 2000-01-01 to 2023-03-21T08:00:00+07:00 "
        "(24 h ahead of the service's clock, which reads 2023-03-20T08:00:00+07:00)"
    )


@pytest.mark.parametrize(
    "time", [1678838400, "1678838400", 1e18, "2023-03-15", "2023-03-15T08:00:00", "20230315T080000Z"]
)
def test_what_is_not_written_as_a_time_is_refused_not_guessed(time: object) -> None:
    _, (rejected,) = asyncio.run(parse_items([(0, counselling(time=time))]))
    (refusal,) = rejected.refusals
    assert (refusal.code, refusal.field) == ("value_invalid", "time")


@pytest.mark.parametrize(
    "day", [1678838400, "1678838400", "2023-03-09T00:00:00", "9999-12-31", "0001-01-01", "20230309"]
)
def test_the_day_of_an_activity_is_a_day_in_bounds(day: object) -> None:
    made = counselling()
    made["data"]["held_on"] = day
    _, (rejected,) = asyncio.run(parse_items([(0, made)]))
    (refusal,) = rejected.refusals
    assert (refusal.code, refusal.field) == ("value_invalid", "data.held_on")
    assert refusal.expected == (
        "cần ngày như 2023-03-09, từ 2000-01-01 đến 2100-12-31",
        "a day like 2023-03-09, from 2000-01-01 to 2100-12-31",
    )


def test_a_simulated_clock_is_said_to_be_one_in_both_languages(system: System) -> None:
    for language, words in (("en", "is simulated: KIP_CLOCK"), ("vi", "đồng hồ mô phỏng, KIP_CLOCK")):
        answer = LOCAL.post(
            f"{system.services.url('intake')}/v1/events",
            json=counselling(time="9999-12-31T23:59:59-07:00"),
            headers={
                "Authorization": f"Bearer {system.key}", "Content-Type": "application/cloudevents+json",
                "Accept-Language": language,
            },
        )  # fmt: skip
        (error,) = errors(answer)
        assert (answer.status_code, error["code"], error["got"]) == (
            422,
            "time_out_of_range",
            "9999-12-31T23:59:59-07:00",
        )
        assert words in error["message"]
        assert "2023-03-2" in error["message"], "the clock's time"


def test_a_submission_of_a_form_tells_its_time_in_bounds(system: System) -> None:
    for time in ("9999-12-31T23:59:59", "0001-01-01T00:00:00.000+07:00"):
        (error,) = errors(post_kobo(system, submission(_submission_time=time)))
        assert (error["code"], error["field"]) == ("time_out_of_range", "time")
    for time in ("1678838400", "9" * 5000, "x"):
        (error,) = errors(post_kobo(system, submission(_submission_time=time)))
        assert (error["code"], error["field"]) == ("value_invalid", "time")


@pytest.mark.parametrize("value", ["9" * 13, "9" * 5000, "1.5", "-1", "٣"])
def test_a_number_of_a_form_is_bounded(value: str) -> None:
    programme = shipped_programme()
    (form,) = (form for form in programme.forms if form.form == "parent-counselling")
    body = submission(**{"session/people/women": value})
    made = draft_events("ecd-1437", form, body, ZoneInfo(programme.timezone))
    (rejected,) = made.rejected
    assert not made.drafts
    assert rejected.refusals[0].expected == (
        "cần số nguyên từ 0 đến 1000000000000", "a whole number from 0 to 1000000000000",
    )  # fmt: skip


@pytest.mark.parametrize("day", ["31/12/9999", "1/1/0001", "9999-12-31", "9" * 5000, "31/2/2023"])
def test_a_day_in_a_sheet_is_in_bounds(system: System, day: str) -> None:
    answer = upload(system, f"{ACTIVITIES}06412;ubnd-xa;r;parent-counselling;{day};nutrition;3;1;;\n")
    (error,) = errors(answer)
    assert (answer.status_code, error["code"], error["column"], error["row"]) == (422, "value_invalid", "E", 2)
    assert "a day like 31/03/2023 (day/month/year), of the years 2000 to 2100" in error["message"]


@pytest.mark.parametrize("count", ["9" * 13, "9" * 5000, "-1", "1.5"])
def test_a_number_in_a_sheet_is_bounded(system: System, count: str) -> None:
    answer = upload(system, f"{ACTIVITIES}06412;ubnd-xa;r;parent-counselling;9/3/2023;nutrition;{count};1;;\n")
    (error,) = errors(answer)
    assert (error["code"], error["column"]) == ("value_invalid", "G")


def completion(date: object) -> dict[str, Any]:
    row = {"dataSet": "progress-quarterly", "period": "2023Q1", "organisationUnit": "06481", "date": date}
    return {"completeDataSetRegistrations": [row]}


@pytest.mark.parametrize("date", ["2023-03-14", "2023-03-14T08:00:00.000+0700", "2023-03-14T08:00:00"])
def test_the_date_of_a_completion_is_read_as_dhis2_writes_it(system: System, date: str) -> None:
    answer = post_dhis2(system, completion(date), "/api/completeDataSetRegistrations", dryRun="true")
    assert answer.status_code == 200, answer.text


@pytest.mark.parametrize(
    ("date", "code"),
    [
        ("9999-12-31", "time_out_of_range"),
        ("0001-01-01", "time_out_of_range"),
        ("2023-05-01T00:00:00Z", "time_out_of_range"),
        ("2023-02-30", "E7619"),
        ("9" * 1000, "E7619"),
        (20230314, "E7619"),
    ],
)
def test_any_other_is_a_conflict(system: System, date: object, code: str) -> None:
    registered = post_dhis2(system, completion(date), "/api/completeDataSetRegistrations")
    of_set = {"dataSet": "progress-quarterly", "completeDate": date, "period": "2023Q1", "orgUnit": "06481"}
    in_set = post_dhis2(system, {**of_set, "dataValues": whole(3, unit="06481")})
    for answer, field in ((registered, "date"), (in_set, "completeDate")):
        (conflict,) = answer.json()["response"]["conflicts"]
        assert (answer.status_code, conflict["errorCode"], conflict["property"]) == (409, code, field)
