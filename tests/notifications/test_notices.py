"""What is told beside the steps: received after all, problems, deputies, quiet hours, summaries."""

from datetime import date, time

import pytest

from services.notifications import read_store
from services.notifications.obligations import change_store
from shared.programme.model import Programme
from shared.programme.reports import Report
from tests.notifications.field import BEFORE, Field, answer, at, limited, posting

NAMES = {"An@example.vn": "An", "binh@example.vn": "Bình", "cuc@example.vn": "Cúc"}


@pytest.fixture
async def field(pool, registry):
    """Hữu Lũng with an officer in Yên Vượng, one in the district and one in the province's lead department."""
    place = Field(pool, limited(registry, "186@1", "20@2"))
    await place.officer("An", "06412@1", "ubnd-xa")
    await place.officer("Bình", "186@1", "phong-ldtbxh-dt-huyen", "email:binh@example.vn")
    await place.officer("Cúc", "20@1", "so-ldtbxh", "email:cuc@example.vn")
    await place.sweep(BEFORE)
    return place


async def deliver(field, server, now):
    """Deliver what waits; the mails that arrived, as (to, subject, text)."""
    before = len(server.kept)
    rows = await field.pool.fetch("SELECT id FROM notifications.message WHERE act_at IS NOT NULL")
    async with posting(field, server, now) as worker:
        await worker.deliver([row["id"] for row in rows if row["id"] in field.published])
    return [
        (NAMES[mail["To"]], str(mail["Subject"]), mail.get_body(("plain",)).get_content())
        for mail in server.kept[before:]
    ]


async def told(field, step, unit="06412@1"):
    return [name for found, about, name in await field.alerts() if found == step and about == unit]


async def others_report(field):
    communes = [u.uid for u in field.registry.units if u.level == "commune" and u.parent == "186@1"]
    await field.take(*(answer(subject=uid, id=uid) for uid in communes if uid != "06412@1"))


async def test_whoever_was_told_that_it_is_late_hears_once_that_it_came(field, server):
    await others_report(field)
    await field.sweep("2023-03-17 08:00")
    await deliver(field, server, "2023-03-17 08:00")
    await field.take(answer(accepted="2023-03-17 10:00"), now="2023-03-17 10:00")
    await field.sweep("2023-03-17 10:01")
    assert await told(field, "received") == ["An"]
    await field.sweep("2023-03-17 16:00")
    await field.sweep("2023-03-18 09:00")
    await field.sweep("2023-03-20 08:00")  # the next working morning: one letter for all that came on Friday
    await field.sweep("2023-03-20 09:00")
    assert await told(field, "received") == ["An", "Bình"]
    mails = [mail for mail in await deliver(field, server, "2023-03-20 09:00") if "Đã nhận" in mail[1]]
    assert sorted(mail[0] for mail in mails) == ["An", "Bình"]


async def test_who_never_read_that_it_is_late_does_not_hear_that_it_came(field, server):
    await others_report(field)
    await field.sweep("2023-03-17 08:00")  # the mail server is away: nothing of it is delivered
    await field.take(answer(accepted="2023-03-17 10:00"), now="2023-03-17 10:00")
    await field.sweep("2023-03-17 10:01")
    await field.sweep("2023-03-20 08:00")
    about = [mail for mail in await deliver(field, server, "2023-03-20 08:01") if "Yên Vượng" in mail[2]]
    assert about == []
    await field.sweep("2023-03-20 08:02")
    assert await told(field, "received") == []


async def test_what_is_withdrawn_again_is_not_confirmed(field, server):
    await field.sweep("2023-03-17 08:00")
    await deliver(field, server, "2023-03-17 08:00")
    await field.take(answer(accepted="2023-03-17 10:00"), now="2023-03-17 10:00")
    await field.sweep("2023-03-17 10:01")
    await field.take(answer("record.retracted", revision=1), now="2023-03-17 10:02")
    assert [mail for mail in await deliver(field, server, "2023-03-17 10:03") if "Đã nhận" in mail[1]] == []


async def test_a_report_on_time_is_not_confirmed(field):
    await field.sweep("2023-03-15 08:00")
    await field.take(answer(), now="2023-03-16 10:00")
    for hour in ("2023-03-16 10:01", "2023-03-17 08:00"):
        await field.sweep(hour)
    assert await told(field, "received") == []


def problem(kind, record="p1", accepted="2023-03-18 20:00", **data):
    event = answer(f"problem.{kind}", accepted=accepted, id=f"{kind}-{record}", record=record, **data)
    event["data"] = {"programme": "ecd-1437", "record": record, "agency": "ubnd-xa", "text": "thiếu phòng học", **data}
    return event


async def test_a_problem_goes_to_the_parent_and_the_lead_agency_at_once_and_its_text_is_not_mailed(field, server):
    await field.take(problem("raised"), problem("raised"), now="2023-03-18 20:00")
    await field.sweep("2023-03-18 20:00")  # a Saturday evening
    await field.sweep("2023-03-18 20:01")
    assert await told(field, "problem-raised") == ["Bình", "Cúc"]
    mails = await deliver(field, server, "2023-03-18 20:01")
    assert sorted(mail[0] for mail in mails) == ["Bình", "Cúc"]
    assert all(
        "[Đề án 1437] Vướng mắc phát sinh: UBND xã Yên Vượng" in mail[1] and "phòng học" not in mail[2]
        for mail in mails
    )


@pytest.mark.parametrize(
    ("domain", "names"),
    [
        ("nutrition", ["Bình", "Cúc", "Dung"]),
        ("education", ["Bình", "Cúc", "Giang"]),
        ("social-welfare", ["Bình", "Cúc"]),
    ],
)
async def test_a_problem_goes_to_the_department_of_its_field_too(field, domain, names):
    await field.officer("Dung", "20@1", "so-yt")
    await field.officer("Giang", "20@1", "so-gddt")
    await field.take(problem("raised", domain=domain), now="2023-03-16 09:00")
    await field.sweep("2023-03-16 09:00")
    assert await told(field, "problem-raised") == names


async def test_an_open_problem_is_listed_until_it_is_resolved_and_then_those_who_knew_are_told(field, server):
    await field.take(problem("raised"), now="2023-03-16 09:00")
    await field.sweep("2023-03-16 09:00")
    await deliver(field, server, "2023-03-16 09:00")
    await field.sweep("2023-03-17 08:00")
    digest = next(mail for mail in await deliver(field, server, "2023-03-17 08:00") if mail[0] == "Bình")
    assert "* UBND xã Yên Vượng (06412): phản ánh lúc 20:00 ngày 18/03/2023" in digest[2]
    await field.take(problem("resolved", accepted="2023-03-20 09:00"), now="2023-03-20 09:00")
    await field.sweep("2023-03-20 09:00")
    assert await told(field, "problem-resolved") == ["Bình", "Cúc"]
    mails = await deliver(field, server, "2023-03-20 09:00")
    assert {mail[0] for mail in mails if "đã được giải quyết" in mail[1]} == {"Bình", "Cúc"}


async def test_a_problem_stays_that_of_who_raised_it_where_a_successor_says_that_it_is_resolved(field, server):
    await field.take(problem("raised", accepted="2025-06-20 09:00"), now="2025-06-20 09:00")
    await field.sweep("2025-06-20 09:00")
    successor = field.registry.units["06412@1"].successor
    resolved = problem("resolved", accepted="2025-07-02 09:00", agency="cc-vhxh") | {"subject": successor}
    await field.take(resolved, now="2025-07-02 09:00")
    row = await field.pool.fetchrow("SELECT unit, agency, state FROM notifications.problem")
    assert tuple(row) == ("06412@1", "ubnd-xa", "resolved")


async def test_a_problem_that_was_resolved_or_withdrawn_before_anybody_heard_of_it_tells_nobody(field):
    await field.take(problem("resolved", "a", "2023-03-16 10:00"), now="2023-03-16 10:00")
    await field.take(problem("raised", "a", "2023-03-16 09:00"), now="2023-03-16 10:00")
    withdrawn = answer("record.retracted", accepted="2023-03-16 11:00", record="b", revision=1)
    del withdrawn["data"]["report"]
    await field.take(withdrawn, now="2023-03-16 11:00")
    await field.take(problem("raised", "b", "2023-03-16 09:30"), now="2023-03-16 11:00")
    await field.sweep("2023-03-16 11:01")
    assert [alert for alert in await field.alerts() if alert[0].startswith("problem")] == []


async def test_while_an_officer_is_away_the_deputy_is_told(field):
    await field.officer("Dũng", "06412@1", "cc-vhxh")
    await field.officer("An", "06412@1", "ubnd-xa", away_until=date(2023, 3, 16), deputy="Dũng")
    await field.sweep("2023-03-15 08:00")
    assert await told(field, "reminder") == ["Dũng"]
    await field.sweep("2023-03-17 08:00")
    assert await told(field, "overdue") == ["An"]


async def test_who_is_away_without_anybody_at_work_is_told_all_the_same(field):
    await field.officer("Dũng", "06412@1", "cc-vhxh", away_until=date(2023, 3, 31), deputy="An")
    await field.officer("An", "06412@1", "ubnd-xa", away_until=date(2023, 3, 31), deputy="Dũng")
    await field.sweep("2023-03-15 08:00")
    assert await told(field, "reminder") == ["An"]


async def test_an_optional_step_can_be_declined_and_another_can_t(field):
    await field.officer("An", "06412@1", "ubnd-xa", optional=False)
    await field.sweep("2023-03-15 08:00")
    await field.sweep("2023-03-17 08:00")
    rows = await field.pool.fetch(
        """SELECT step, state, message IS NULL AS silent FROM notifications.alert
           JOIN registry.officer ON officer.id = officer WHERE name = 'An' ORDER BY alert.id"""
    )
    assert [tuple(row) for row in rows][:2] == [("reminder", "declined", True), ("overdue", "queued", False)]


async def test_in_quiet_hours_a_message_waits_for_their_end(field):
    await field.officer("An", "06412@1", "ubnd-xa", quiet=(time(7), time(13)))
    await field.sweep("2023-03-15 08:00")
    assert field.published == []
    await field.sweep("2023-03-15 12:59")
    assert field.published == []
    await field.sweep("2023-03-15 13:00")
    assert len(field.published) == 1


async def test_a_reminder_that_waited_until_after_the_deadline_is_not_sent(field, server):
    await field.sweep("2023-03-15 08:00")
    assert [mail for mail in await deliver(field, server, "2023-03-16 17:01") if mail[0] == "An"] == []
    states = "SELECT DISTINCT state FROM notifications.alert WHERE step = 'reminder' AND message IS NOT NULL"
    assert [row["state"] for row in await field.pool.fetch(states)] == ["cancelled"]


async def test_a_whole_district_that_is_silent_is_one_line_for_the_province(field, server):
    await field.take(answer(subject="186@1", agency="ubnd-huyen"), now="2023-03-16 10:00")
    await field.sweep("2023-03-21 08:00")
    mails = await deliver(field, server, "2023-03-21 08:00")
    cuc = next(mail for mail in mails if mail[0] == "Cúc" and "Báo cáo quá hạn" in mail[1])
    lines = [line for line in cuc[2].splitlines() if line.startswith("- ")]
    assert len(lines) == 1
    assert lines[0].startswith(
        "- Huyện Hữu Lũng (186), quý I năm 2023: 23/23 báo cáo của các đơn vị cấp dưới (UBND xã) chưa gửi, chậm 5 ngày"
    )
    assert lines[0].endswith("liên hệ: Bình; chưa thông báo đến cấp trên trực tiếp của các đơn vị này")
    assert cuc[1].endswith(": 23 báo cáo vẫn chưa gửi")
    assert "còn 23 báo cáo" in cuc[2]


async def test_a_silent_district_is_one_line_also_where_organisations_are_asked_besides(field, server):
    await field.sweep("2024-12-20 08:00")  # of the year 2024 communes' organisations are asked for a report as well
    mails = await deliver(field, server, "2024-12-20 08:00")
    lines = [line for mail in mails if mail[0] == "Cúc" for line in mail[2].splitlines()]
    folded = "- Huyện Hữu Lũng (186), năm 2024: 23/23 báo cáo của các đơn vị cấp dưới (UBND xã) chưa gửi, chậm 3 ngày"
    assert [line[: len(folded)] for line in lines if ", năm 2024: " in line and "UBND xã" in line] == [folded]


async def test_one_report_from_a_dark_district_and_the_others_are_named(field, server):
    await field.take(answer(subject="186@1", agency="ubnd-huyen"), answer(), now="2023-03-16 10:00")
    await field.sweep("2023-03-21 08:00")
    mails = await deliver(field, server, "2023-03-21 08:00")
    cuc = next(mail for mail in mails if mail[0] == "Cúc" and "Báo cáo quá hạn" in mail[1])
    lines = [line for line in cuc[2].splitlines() if line.startswith("- ")]
    assert len(lines) == 22


async def test_the_lead_department_reads_a_summary_on_the_first_working_morning_of_a_month_that_has_something_to_say(
    field, server
):
    await field.sweep("2023-03-01 09:00")
    assert await deliver(field, server, "2023-03-01 09:00") == []
    await others_report(field)
    for hour in ("2023-04-01 09:00", "2023-04-03 07:59", "2023-04-03 08:00", "2023-04-03 15:00", "2023-04-04 08:00"):
        await field.sweep(hour)
    mails = [mail for mail in await deliver(field, server, "2023-04-03 08:00") if "Tổng hợp tình hình" in mail[1]]
    assert [mail[0] for mail in mails] == ["Cúc"]
    assert "- Quý I năm 2023 (15/12/2022–14/03/2023): đúng hạn 22/24 (91,7%), gửi chậm 0, chưa gửi 2" in mails[0][2]


async def test_while_an_officer_is_away_the_deputy_reads_the_summary(field, server):
    await field.officer("Cúc", "20@1", "so-ldtbxh", "email:cuc@example.vn", away_until=date(2023, 4, 30), deputy="An")
    await field.officer("An", "20@1", "so-khac", "email:An@example.vn")
    await others_report(field)
    for hour, reader in (("2023-04-03 08:00", "An"), ("2023-05-04 08:00", "Cúc")):
        await field.sweep(hour)
        mails = [mail for mail in await deliver(field, server, hour) if "Tổng hợp tình hình" in mail[1]]
        assert [mail[0] for mail in mails] == [reader]


async def test_a_report_that_is_complete_with_its_figures_is_met_when_the_last_has_come(field):
    programme = field.registry.programmes["ecd-1437"]
    reports = tuple(
        Report.model_validate({**report.model_dump(), "completed_by": "indicators"}) for report in programme.reports
    )
    field.registry.programmes["ecd-1437"] = Programme.model_validate({**programme.model_dump(), "reports": reports})
    try:
        await field.take(answer(), now="2023-03-16 10:00")
        await field.sweep("2023-03-16 10:01")
        assert (await field.obligation())["state"] == "open"
        for hour, indicator in ((11, "child-service-access"), (12, "knowledge-skills-provided")):
            figure = answer("indicator.reported", accepted=f"2023-03-16 {hour}:00", id=indicator, indicator=indicator)
            assert (await field.obligation())["state"] == "open"
            await field.take(figure, now=f"2023-03-16 {hour}:00")
        row = await field.obligation()
        assert (row["state"], row["met_at"]) == ("met", at("2023-03-16 12:00"))
        gone = answer("record.retracted", accepted="2023-03-16 13:00", indicator="child-service-access", revision=1)
        del gone["data"]["report"]
        await field.take(gone, now="2023-03-16 13:00")
        assert (await field.obligation())["state"] == "open"
    finally:
        field.registry.programmes["ecd-1437"] = programme


async def test_an_extension_begins_a_new_cycle_and_a_waiver_ends_it(field):
    await field.sweep("2023-03-17 08:00")
    row = await field.obligation()
    until = at("2023-03-22 17:00")
    assert await change_store.extend(field.pool, row["id"], until, "officer 2", "lũ lụt", at("2023-03-17 09:00"))
    await field.sweep("2023-03-17 09:01")
    await field.sweep("2023-03-21 08:00")
    await field.sweep("2023-03-23 08:00")
    assert await field.alerts(unit="06412@1", cycle=2) == [
        ("extended", "06412@1", "An"),
        ("reminder", "06412@1", "An"),
        ("overdue", "06412@1", "An"),
        ("parent-digest", "06412@1", "Bình"),
    ]
    assert await change_store.waive(field.pool, row["id"], "key x", "giải thể", at("2023-03-23 09:00"))
    assert not await change_store.waive(field.pool, row["id"], "key x", "again", at("2023-03-23 09:00"))
    await field.sweep("2023-03-28 08:00")
    history = await read_store.history(field.pool, row["id"])
    assert [(item.change, item.by, item.reason) for item in history] == [
        ("opened", None, None),
        ("overdue", None, None),
        ("reopened", "officer 2", "lũ lụt"),
        ("overdue", None, None),
        ("waived", "key x", "giải thể"),
    ]


async def test_whoever_is_two_levels_up_reads_that_the_one_between_was_told_once_it_was(field, server):
    await others_report(field)
    await field.take(answer(subject="186@1", agency="ubnd-huyen"), now="2023-03-16 10:00")
    await field.sweep("2023-03-17 08:00")
    await deliver(field, server, "2023-03-17 08:00")  # Bình reads the digest
    await field.sweep("2023-03-21 08:00")
    mails = await deliver(field, server, "2023-03-21 08:00")
    (digest,) = [mail[2] for mail in mails if mail[0] == "Cúc" and "vẫn chưa gửi" in mail[1]]
    assert "Cấp trên trực tiếp của các đơn vị nêu dưới đây đã được thông báo." in digest


async def test_of_a_programme_at_rest_nobody_hears_anything_more(field):
    await field.sweep("2023-03-17 08:00")
    before = await field.alerts()
    await field.take(problem("raised", accepted="2026-03-17 09:00"), now="2026-03-17 09:00")
    await field.sweep("2026-03-17 09:00")  # it ended on 14/12/2025, and 92 days have gone by
    assert [row for row in await field.alerts() if row not in before] == []


async def test_what_is_extended_while_its_programme_rests_is_late_one_day_and_nobody_is_told(field):
    await field.sweep("2023-03-17 08:00")
    before = await field.alerts()
    row = await field.pool.fetchrow(
        "SELECT id FROM notifications.obligation WHERE unit = '06412@1' AND period = '2023-Q1'"
    )
    until, now = at("2026-04-20 17:00"), at("2026-03-17 09:00")
    assert await change_store.extend(field.pool, row["id"], until, "officer 2", "lũ lụt", now)
    for moment, state in (("2026-03-18 09:00", "open"), ("2026-04-20 17:00", "open"), ("2026-04-21 09:00", "overdue")):
        await field.sweep(moment)
        found = await field.pool.fetchval("SELECT state FROM notifications.obligation WHERE id = $1", row["id"])
        assert (moment, found) == (moment, state)
    assert [alert for alert in await field.alerts() if alert not in before] == []
