"""A programme that shares nothing with the shipped ones but the register, beside them: every door, every reader."""

import json
import re
from datetime import datetime
from pathlib import Path

import icalendar
import pytest
from python_calamine import CalamineWorkbook

from deploy.local.http import LOCAL
from shared.domain.events import Kind
from tests.intake.test_import import XLSX, filled, row_of, upload
from tests.system import System, kip, mails_since_now
from tests.third_programme import COLD_CHAIN, FOLDER, discarded, in_range, told

LANG_SON, THAI_NGUYEN, NATION = "20@2", "19@2", "VN"
OFFICERS = """name,role,unit,agency,channels,language,programmes
Aroha,Head of office,20@2,health-office,email:aroha@example.org,en,cold-chain
Tane,Store keeper,VN,national-store,email:tane@example.org,vi,
"""
OWN = {"programme": COLD_CHAIN.slug}
W09_TO_W13 = ["2026-W09", "2026-W10", "2026-W11", "2026-W12", "2026-W13"]  # whose Sundays lie in March


def loaded(database: str) -> dict[str, str]:
    environment = {"KIP_AMQP_URL": "amqp://unused", "KIP_DATABASE_URL": database}
    said = kip("load", "programmes", str(FOLDER), environment=environment)
    assert "cold-chain" in said
    return environment


@pytest.fixture(scope="module")
def running(stack, rabbitmq, session_database, loaded_template, tmp_path_factory):
    """All three programmes on a Monday morning in Auckland, with two officers of the third."""
    database = session_database(loaded_template)
    loaded(database)
    system = System(
        stack, rabbitmq.add_vhost("third"), database, names=("intake", "aggregation", "notifications"),
        settings={"KIP_CLOCK": "2026-03-30T05:30:00+13:00", "KIP_SWEEP_INTERVAL": "1"},
    )  # fmt: skip
    officers = tmp_path_factory.mktemp("officers") / "officers.csv"
    officers.write_text(OFFICERS, encoding="utf-8")
    assert "2 officers" in kip("officer", "import", str(officers), environment=system.environment)
    system.mails = mails_since_now(stack.mail_dir)
    yield system
    system.services.stop()


def applied(system):
    return sum(system.metric("aggregation", "kip_events_applied_total", kind=kind) for kind in Kind)


def post_and_wait(system, events):
    target = applied(system) + len(events)
    answer = system.post(events)
    assert answer.status_code == 202, answer.text
    system.wait_until(lambda: applied(system) >= target, "the events are applied")


def figure(system, within, **asked):
    rows = system.rollups(within=within, **OWN, **asked)
    return next(row for row in rows if row["uid"] == within)


def ratio(system, within, **asked):
    row = figure(system, within, **asked)
    return row["numerator"], row["denominator"], row["units_reported"]


def read(system, service, path, **query):
    answer = LOCAL.get(
        f"{system.services.url(service)}{path}", params=query,
        headers={"Authorization": f"Bearer {system.reader_key}"}, timeout=30,
    )  # fmt: skip
    return answer.status_code, answer.json()


@pytest.fixture(scope="module")
def posted(running):
    """Two provinces and the national store have reported the week that ended yesterday, one of them the month too."""
    parts = [({"equipment": "refrigerator"}, 6, 6), ({"equipment": "freezer"}, 3, 4)]
    split = [{"by": by, "numerator": n, "denominator": of} for by, n, of in parts]
    events = [
        in_range(LANG_SON, "2026-W13", 9, breakdown=split),
        in_range(LANG_SON, "2026-W12", 4),
        in_range(THAI_NGUYEN, "2026-W13", 5),
        in_range(
            NATION, "2026-W13", 2, 2, agency="national-store",
            breakdown=[{"by": {"equipment": "cold-room"}, "numerator": 2, "denominator": 2}],
        ),
        *(discarded(LANG_SON, week, number) for number, week in enumerate([*W09_TO_W13, "2026-W14"], start=1)),
        discarded(LANG_SON, "2026-W08", 500),  # its Sunday is 22 February
        *(
            told("indicator.reported", unit, indicator="ready", period="2026-03", components=components)
            for unit, components in (
                (LANG_SON, {"generator": True, "plan": True}), (THAI_NGUYEN, {"generator": True, "plan": False})
            )
        ),
        told("activity.recorded", LANG_SON, activity="repair", record="r1", held_on="2026-03-28",
             by={"equipment": "freezer", "cause": "power"}),
        told("activity.recorded", NATION, activity="training", record="t1", held_on="2026-03-02",
             participants={"health-worker": 40}, female=25, agency="national-store"),
    ]  # fmt: skip
    post_and_wait(running, events)


def test_a_week_shows_at_both_levels_with_its_coverage(running, posted):
    week = {"indicator": "in-range", "period": "2026-W13"}
    assert ratio(running, LANG_SON, **week) == (9, 10, 1)
    assert ratio(running, NATION, **week) == (16, 22, 3)
    nation = figure(running, NATION, **week)
    assert (nation["units_expected"], nation["units_missing"]) == (35, 32)  # 34 provinces and the national store
    assert (nation["target"], nation["on_track"]) == (90, True)  # the 13th of 104 weeks
    parts = running.rollups(within=NATION, by="equipment", **OWN, **week)
    assert {row["by"]["equipment"]: (row["numerator"], row["denominator"]) for row in parts} == {
        "refrigerator": (6, 6), "freezer": (3, 4), "cold-room": (2, 2)
    }  # fmt: skip
    missing = running.read("/v1/rollups/missing", within=NATION, **OWN, **week).json()["rows"]
    assert len(missing) == 32
    assert {row["level"] for row in missing} == {"province"}


def test_a_longer_period_takes_the_weeks_whose_sunday_lies_in_it(running, posted):
    assert ratio(running, LANG_SON, indicator="in-range", period="2026-03") == (9, 10, 1)
    assert ratio(running, LANG_SON, indicator="in-range", period="2026-W12..2026-W13")[:2] == (4, 10)
    assert ratio(running, LANG_SON, indicator="doses-discarded", period="2026-02") == (500, 1000, 1)
    assert ratio(running, LANG_SON, indicator="doses-discarded", period="2026-03")[:2] == (1 + 2 + 3 + 4 + 5, 5000)
    assert ratio(running, LANG_SON, indicator="doses-discarded", period="2026")[:2] == (500 + 21, 7000)
    assert ratio(running, LANG_SON, indicator="doses-discarded", period="first-years")[:2] == (500 + 21, 7000)
    # The week that began today is the last one of the year that has begun; nobody has spoken of it.
    assert ratio(running, LANG_SON, indicator="in-range", period="2026") == (None, None, 0)


def test_states_activities_and_measures_go_by_months(running, posted):
    ready = figure(running, NATION, indicator="ready", period="2026-03")
    assert (ready["numerator"], ready["denominator"], ready["units_reported"]) == (1, 34, 2)
    april = figure(running, NATION, indicator="ready", period="2026-Q2")  # carried forward, and missing
    assert (april["numerator"], april["units_reported"]) == (1, 0)
    repair = figure(running, LANG_SON, activity="repair", period="2026-03")
    assert (repair["value"], repair["units_expected"]) == (1, 1)
    assert figure(running, NATION, indicator="power-cuts", period="2026-03")["value"] == 1
    trained = figure(running, NATION, activity="training", period="2026")
    assert (trained["participants"], trained["female"]) == (40, 25)
    for asked, words in (
        ({"activity": "repair", "period": "2026-W13"}, "is counted by the month in which it was held"),
        ({"indicator": "ready", "period": "2026-W13"}, "ready is reported by the month"),
    ):
        answer = running.read("/v1/rollups", within=NATION, **OWN, **asked)
        assert answer.status_code == 400
        assert words in answer.json()["message"]


def test_a_week_explains_itself(running, posted):
    asked = {"within": LANG_SON, "indicator": "doses-discarded", "period": "2026-03", **OWN}
    answer = running.read("/v1/rollups/explain", **asked).json()
    assert sorted(row["data"]["period"] for row in answer["rows"]) == W09_TO_W13
    assert {row["status"] for row in answer["rows"]} == {"counted"}
    assert answer["figure"][0]["numerator"] == 15


@pytest.mark.parametrize(
    ("wrong", "field", "expected"),
    [
        (in_range(LANG_SON, "2026-03", 1), "data.period", "a week like 2023-W07"),
        (in_range(LANG_SON, "2025-W53", 1), "data.period", "a week like 2023-W07"),
        (in_range(LANG_SON, "2026-W15", 1), "data.period", "2026-W14"),
        (in_range(LANG_SON, "2025-W52", 1), "data.period", "2026 to 2027"),
        (in_range("06475", "2026-W13", 1), "subject", "nation, province"),
        (
            in_range(LANG_SON, "2026-W13", 1, breakdown=[{"by": {"equipment": "cold-room"}, "numerator": 1,
                                                          "denominator": 1}]),
            "data.breakdown.0.by.equipment", "freezer, refrigerator",
        ),
        (
            told("activity.recorded", LANG_SON, activity="repair", record="x", held_on="2026-03-28", domain="health"),
            "data.domain", "cause, equipment",
        ),
        (
            told("activity.recorded", LANG_SON, activity="repair", record="x", held_on="2025-12-31"),
            "data.held_on", "2026 to 2027",
        ),
        (told("report.submitted", LANG_SON, report="monthly-status", period="2026-W13"), "data.period", "a month like"),
    ],
)  # fmt: skip
def test_what_does_not_fit_is_refused_at_its_place_with_the_cure(running, wrong, field, expected):
    answer = running.post([wrong])
    assert answer.status_code == 422, answer.text
    (error,) = answer.json()["rejected"][0]["errors"]
    assert error["field"] == field
    assert expected in error["message"], error


def test_a_day_is_the_programme_s_own(running):
    """At half past five in Auckland it is still yesterday in Hà Nội: what is held today can be told."""
    held = told("activity.recorded", LANG_SON, activity="repair", record="today", held_on="2026-03-30")
    assert running.post([held], dry_run="true").status_code == 200


def test_dhis2_writes_its_weeks_and_the_summary_says_what_came(running, posted):
    url, key = running.services.url("intake"), {"Authorization": f"ApiToken {running.key}"}
    values = [
        {"dataElement": f"CCdiscard{part}", "period": "2026W7", "orgUnit": "19", "value": value}
        for part, value in (("Nm", "12"), ("Dn", "600"))
    ]
    body = {"dataSet": "CCweeklylog", "period": "2026W7", "orgUnit": "19", "completeDate": "2026-03-30"}
    answer = LOCAL.post(f"{url}/api/dataValueSets", json={**body, "dataValues": values}, headers=key, timeout=30)
    assert answer.status_code == 200, answer.text
    week = {"indicator": "doses-discarded", "period": "2026-W07"}
    running.wait_until(lambda: ratio(running, THAI_NGUYEN, **week)[:2] == (12, 600), "the import is applied")
    wrong = [{**value, "period": "2026WedW7"} for value in values]
    answer = LOCAL.post(f"{url}/api/dataValueSets", json={"dataValues": wrong}, headers=key, timeout=30)
    assert answer.status_code == 409
    assert "a week like 2023W7" in answer.text


def test_a_form_tells_an_activity_by_dimensions_of_its_own(running, posted):
    body = {"_uuid": "5b0c7a52-6c3e-4d0b-8f43-9f2f0a6f1d10", "_submission_time": "2026-03-29T18:00:00",
            "office": "20", "day": "2026-03-27", "device": "fridge", "cause": "fault"}  # fmt: skip
    answer = LOCAL.post(
        f"{running.services.url('intake')}/v1/kobo/repairs", json=body,
        headers={"Authorization": f"Bearer {running.key}"}, timeout=30,
    )  # fmt: skip
    assert answer.status_code == 202, answer.text
    asked = {"within": LANG_SON, "activity": "repair", "period": "2026-03", "by": "cause", **OWN}
    running.wait_until(lambda: len(running.rollups(**asked)) == 2, "the form's activity is applied")


@pytest.mark.parametrize("report", ["weekly-log", "monthly-status"])
def test_a_template_in_english_is_filled_in_and_uploaded(running, posted, tmp_path: Path, report):
    period = {"weekly-log": "2026-W13", "monthly-status": "2026-03"}[report]
    path = tmp_path / "report.xlsx"
    words = ("template", report, "--unit", "19", "--period", period, "--programme", "cold-chain", "--out", str(path))
    kip(*words, environment=running.environment)
    book = CalamineWorkbook.from_path(str(path))
    assert book.sheet_names == ["Lists", "Report", "Indicators", "Activities"]
    for name in book.sheet_names:
        text = " ".join(str(cell) for row in book.get_sheet_by_name(name).to_python() for cell in row)
        assert not re.search("[À-ỹ]", text.replace("Tỉnh Thái Nguyên", "")), text
        assert "domain" not in text
    title = str(book.get_sheet_by_name("Report").to_python()[0][0])
    assert title.endswith("week 13 of 2026" if report == "weekly-log" else "March 2026")
    rows = book.get_sheet_by_name("Indicators").to_python(skip_empty_area=False)
    parts = {row[rows[2].index("by.equipment")] for row in rows[3:]}
    assert parts == {"", "refrigerator", "freezer"}  # cold rooms are another agency's
    week = row_of(path, "Indicators", indicator="doses-discarded", period="2026-W13")
    answers = {
        ("Report", 4, "submitted"): "Yes",
        ("Indicators", week, "numerator"): 7, ("Indicators", week, "denominator"): 1000,
        ("Activities", 4, "activity"): "Repair [repair]", ("Activities", 4, "held_on"): "29/3/2026",
        ("Activities", 4, "by.equipment"): "Freezer [freezer]",
    }  # fmt: skip
    events = 3
    if report == "monthly-status":
        for component, answer in (("generator", "Yes"), ("plan", "No")):
            row = row_of(path, "Indicators", indicator="ready", component=component)
            answers["Indicators", row, "value"] = answer
        events += 1
    found = upload(running, filled(path, answers), XLSX)
    assert found.status_code == 202, found.text
    assert found.json()["accepted"] == events
    week_of_it = {"indicator": "doses-discarded", "period": "2026-W13"}
    running.wait_until(lambda: ratio(running, THAI_NGUYEN, **week_of_it)[:2] == (7, 1000), "the upload stands")


def tick(system, now: str) -> list[tuple[str, str, str, str]]:
    told = json.loads(kip("tick", "--now", now, "--json", environment=system.environment))["alerts"]
    return [(row["step"], row["unit"], row["officer"], row["state"]) for row in told if row["officer"]]


def body_of(mail) -> str:
    text: str = mail.get_body(("plain",)).get_content()
    return text


def obligation(system, report: str, period: str) -> dict[str, str]:
    asked = {"unit": LANG_SON, "report": report, "period": period}
    status, found = read(system, "notifications", "/v1/obligations", **OWN, **asked)
    assert status == 200, found
    (row,) = found["rows"]
    return row


def test_its_weeks_and_months_are_owed_and_its_officers_are_told_in_english_in_their_hours(running, posted):
    assert tick(running, "2026-03-30T07:59:00+13:00") == []
    assert obligation(running, "weekly-log", "2026-W12")["state"] == "expired"  # due before anybody was there
    week = obligation(running, "weekly-log", "2026-W14")
    assert (week["due_at"], week["state"]) == ("2026-04-08T05:00:00+00:00", "open")  # 17:00 at +12:00
    month = obligation(running, "monthly-status", "2026-03")
    assert (month["due_at"], month["state"]) == ("2026-04-10T05:00:00+00:00", "met")  # its figures have come
    assert tick(running, "2026-03-30T08:00:00+13:00") == [("reminder", LANG_SON, "Aroha", "sent")]
    assert tick(running, "2026-03-31T17:01:00+13:00") == []
    assert tick(running, "2026-04-01T08:00:00+13:00") == [("overdue", LANG_SON, "Aroha", "sent")]
    told_above = tick(running, "2026-04-02T08:00:00+13:00")
    assert ("store-told", LANG_SON, "Tane", "sent") in told_above
    assert len(told_above) == 33  # all but the province whose template was uploaded
    mails = {mail["Subject"]: mail for mail in running.mails()}
    short, owner = "[Vaccine cold chain monitoring]", "Health office, Tỉnh Lạng Sơn (20)"
    reminder = mails[f"{short} Reminder: report of {owner} due 17:00, 31 Mar 2026"]
    overdue = mails[f"{short} Report overdue: {owner}"]
    digest = mails[f"{short} Reports overdue in Việt Nam: 33 reports"]
    summary = body_of(mails[f"{short} Summary of reports in Việt Nam, as of 1 Apr 2026"])
    week_13 = "week 13 of 2026 (23/03/2026–29/03/2026)"
    line = f"- Weekly temperature log, {week_13}: due 17:00, 31 Mar 2026"
    assert f"{line}; reporting unit: {owner}" in body_of(reminder).splitlines()
    assert f"{line}, 1 day late; reporting unit: {owner}" in body_of(overdue).splitlines()
    assert body_of(reminder).splitlines()[0] == "NATIONAL VACCINE STORE"
    assert (digest["To"], digest["Content-Language"]) == ("tane@example.org", "en")  # whose own language is another
    assert f"- {owner}, week 13 of 2026: 2 days late (due 17:00, 31 Mar 2026); contact: Aroha" in (
        body_of(digest).splitlines()
    )
    assert f"- W{week_13[1:]}: on time 1/34 (2.9%), late 0, missing 33" in summary.splitlines()
    submitted = told("report.submitted", LANG_SON, report="weekly-log", period="2026-W13")
    assert running.post([submitted]).status_code == 202
    running.wait_until(lambda: obligation(running, "weekly-log", "2026-W13")["state"] == "late_met", "it is met late")
    assert f"- Weekly temperature log, {week_13}: received " in after_the_easter_break(running)


def after_the_easter_break(system) -> str:
    """What is told on the next working morning: summer time has ended, and Easter Monday is off."""
    assert tick(system, "2026-04-06T09:00:00+12:00") == []
    tick(system, "2026-04-07T08:00:00+12:00")
    return "\n".join(body_of(mail) for mail in system.mails())


def test_timeliness_rolls_up_by_weeks(running, posted):
    week = {"period": "2026-W13", "within": NATION, **OWN}
    (row,) = running.read("/v1/timeliness", report="weekly-log", **week).json()["rows"]
    assert (row["expected"], row["on_time"], row["late"], row["missing"]) == (34, 1, 1, 32)
    measured = figure(running, NATION, indicator="weekly-on-time", period="2026-W13")
    assert (measured["numerator"], measured["denominator"]) == (1, 34)


def test_what_a_link_names_and_the_calendar_name_the_weeks_and_why_a_deadline_has_moved(running, posted):
    mail = next(mail for mail in running.mails() if mail["To"] == "aroha@example.org")
    (token,) = set(re.findall(r"/l/(\S+)", body_of(mail)))
    url = running.services.url("notifications")
    headers = {"Authorization": f"Bearer {running.add_source('acts', '--read', '--act')}"}

    def resolve():
        return LOCAL.post(f"{url}/v1/links/resolve", json={"token": token}, headers=headers, timeout=30)

    running.wait_until(lambda: resolve().status_code == 200, "the key is known")
    told = resolve().json()
    (name,) = (name for name in told["message"]["obligations"] if "2026-W13" in name)
    named = LOCAL.get(f"{url}/v1/obligations/{name}", params={"labels": "vi"}, headers=headers, timeout=30).json()
    assert (named["report_name"], named["period_name"]) == ("Weekly temperature log", "week 13 of 2026")
    assert named["programme_name"] == "Vaccine cold chain monitoring"
    desk = LOCAL.get(f"{url}/v1/officers/{told['officer']['ref']}/desk", headers=headers, timeout=30).json()
    (address,) = re.findall(r"/v1/calendar/\S+\.ics", desk["calendar"])
    feed = LOCAL.get(f"{url}{address}", timeout=30).content
    events = {str(event["SUMMARY"]): event for event in icalendar.Calendar.from_ical(feed).walk("VEVENT")}
    short, owner = "[Vaccine cold chain monitoring] Weekly temperature log", "Health office, Tỉnh Lạng Sơn"
    week = events[f"{short}, week 14 of 2026: {owner}"]
    assert week["DTEND"].dt == datetime.fromisoformat("2026-04-08T17:00+12:00")
    moved = "moved from 7 Apr 2026: 6 Apr 2026 is Easter Monday"
    assert str(week["DESCRIPTION"]) == f"Vaccine cold chain monitoring\n{moved}"
    later = events[f"{short}, week 39 of 2026: {owner}"]
    assert later["DTEND"].dt == datetime.fromisoformat("2026-09-29T17:00+13:00")
    assert not any("Kế hoạch" in summary for summary in events)
    (zone,) = icalendar.Calendar.from_ical(feed).walk("VTIMEZONE")
    assert str(zone["TZID"]) == "Pacific/Auckland"


def test_what_provinces_report_is_not_published_below_them(running, posted):
    below = running.rollups(indicator="in-range", period="2026-W13", within="06475@2", **OWN)
    assert [(row["value"], row["reason"]["code"]) for row in below] == [(None, "not_published_here")]


def test_a_figure_is_held_against_the_week_52_weeks_before(stack, rabbitmq, session_database, loaded_template):
    database = session_database(loaded_template)
    loaded(database)
    settings = {"KIP_CLOCK": "2027-04-06T08:00:00+12:00"}
    later = System(stack, rabbitmq.add_vhost("third-later"), database, settings=settings)
    try:
        post_and_wait(
            later,
            [
                in_range(LANG_SON, "2026-W14", 5, 10), in_range(THAI_NGUYEN, "2026-W14", 5, 10),
                in_range(LANG_SON, "2027-W13", 5, 20), in_range(THAI_NGUYEN, "2027-W13", 5, 11),
            ],
        )  # fmt: skip
        asked = {"indicator": "in-range", "period": "2027-W13"}
        assert figure(later, LANG_SON, **asked)["flags"] == ["denominator_changed"]
        assert figure(later, THAI_NGUYEN, **asked)["flags"] == []
    finally:
        later.services.stop()


def test_its_catalogue_has_its_one_language_and_its_rules_in_words(running):
    found = running.read("/v1/programmes/cold-chain").json()
    assert found["label"] == {"en": "Vaccine cold chain monitoring"}
    assert found["scope"]["levels"] == ["province", "nation"]
    dues = [report["reporters"][0]["due"]["en"] for report in found["reports"]]
    assert dues[0] == "by 17:00 on working day 2 after the cut-off"
    assert dues[1].startswith("by 17:00 on day 10 of the month after the period")
