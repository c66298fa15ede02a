"""Who is told: officers of the agency concerned, at the unit concerned, who belong to the programme; nobody else."""

from dataclasses import replace

import pytest

from services.notifications.alerts.reasons import Reason
from shared.programme.folder import load_programme
from tests.notifications.field import BEFORE, Field, answer, limited, posting
from tests.notifications.mail_server import MailServer
from tests.notifications.test_year import programme_of_the_year

HUU_LUNG, XA, XA_2 = "186@1", "06412@1", "06427@2"
OVERDUE = "2023-03-17 08:00"


@pytest.fixture
async def field(pool, registry):
    """Hữu Lũng without officers."""
    return Field(pool, limited(registry, HUU_LUNG, "20@2"))


async def told(field, step, unit):
    return sorted(name or "—" for found, about, name in await field.alerts(unaddressed=True)
                  if found == step and about == unit)  # fmt: skip


async def seats_of(field, unit, step):
    rows = await field.pool.fetch(
        """SELECT alert.unit, officer.name, alert.state FROM notifications.alert
           JOIN notifications.obligation ON obligation.id = alert.obligation
           LEFT JOIN registry.officer ON officer.id = alert.officer
           WHERE obligation.unit = $1 AND step = $2 ORDER BY officer.name""",
        unit, step,
    )  # fmt: skip
    return [tuple(row) for row in rows]


async def test_a_unit_s_report_is_nobody_s_but_its_agency_s(field):
    await field.officer("Công chức", XA, "cc-vhxh")
    await field.officer("Hội", XA, "ct-xh-xa")
    await field.sweep(BEFORE)
    await field.sweep(OVERDUE)
    assert await seats_of(field, XA, "overdue") == [(XA, None, "unaddressed")]
    await field.officer("An", XA, "ubnd-xa")
    await field.sweep("2023-03-20 08:00")
    await field.take(answer(accepted="2023-03-20 09:00"), now="2023-03-20 09:00")
    assert await told(field, "received", XA) == []  # who was not told hears no more of it


async def test_the_district_s_other_agencies_hear_nothing_of_its_communes(field):
    await field.officer("Ủy ban", HUU_LUNG, "ubnd-huyen")
    await field.sweep(BEFORE)
    await field.sweep(OVERDUE)
    assert await seats_of(field, XA, "parent-digest") == [(HUU_LUNG, None, "unaddressed")]


async def test_an_officer_of_other_programmes_hears_nothing(field):
    await field.officer("Tiêm chủng", XA, "ubnd-xa", programmes=("nap-23",))
    await field.officer("Phòng", HUU_LUNG, "phong-ldtbxh-dt-huyen", programmes=("nap-23",))
    await field.sweep(BEFORE)
    await field.sweep(OVERDUE)
    assert await told(field, "overdue", XA) == ["—"]
    assert await told(field, "parent-digest", XA) == ["—"]


@pytest.mark.parametrize(
    ("due", "now", "agency", "names"),
    [
        ("2023-07-01", "2023-07-03 08:00", "so-gddt", ["Lao động", "Ủy ban"]),
        ("2023-07-01", "2023-07-03 08:00", "so-ldtbxh", ["Ủy ban"]),
        ("2024-01-02", "2024-01-02 08:00", "ubnd-tinh", ["Bộ"]),
    ],
)
async def test_a_department_s_lateness_stays_in_its_province_and_the_province_s_goes_to_the_ministry(
    pool, registry, due, now, agency, names
):
    field = Field(pool, limited(registry, "20@1", "20@2"))
    for name, slug in (("Lao động", "so-ldtbxh"), ("Giáo dục", "so-gddt"), ("Y tế", "so-yt"), ("Ủy ban", "ubnd-tinh")):
        await field.officer(name, "20@1", slug)
    await field.officer("Bộ", "VN", "bo-ldtbxh")
    await field.sweep(BEFORE)
    await field.sweep(now)
    rows = await pool.fetch(
        """SELECT DISTINCT officer.name FROM notifications.alert
           JOIN notifications.obligation ON obligation.id = alert.obligation
           JOIN registry.officer ON officer.id = alert.officer
           WHERE obligation.agency = $1 AND obligation.unit = '20@1' AND step = 'parent-digest' ORDER BY 1""",
        agency,
    )
    assert [row["name"] for row in rows] == names


async def test_a_ladder_that_ends_is_a_reason_and_no_seat_that_lacks_somebody(pool, registry):
    field = Field(pool, limited(registry, "20@1", "20@2"))
    await field.sweep(BEFORE)
    swept = await field.sweep("2023-07-04 08:00")
    assert swept.reasons[Reason.NO_SEAT] > 0
    assert await pool.fetchval("SELECT count(*) FROM notifications.alert WHERE unit = ''") == 0
    steps = "SELECT DISTINCT step FROM notifications.alert JOIN notifications.obligation ON obligation.id = obligation"
    rows = await pool.fetch(f"{steps} WHERE obligation.level = 'province' ORDER BY 1")
    assert "grandparent-digest" not in {row["step"] for row in rows}


async def test_after_a_merger_the_former_unit_s_officers_and_the_new_one_s_are_told_and_a_district_s_are_not(field):
    for name, unit in (("Cũ", XA), ("Láng giềng", "06427@1"), ("Mới", XA_2)):
        await field.officer(name, unit, "ubnd-xa")
    await field.officer("Huyện", HUU_LUNG, "ubnd-huyen")
    await field.officer("Sở cũ", "20@1", "so-ldtbxh")
    await field.officer("Sở mới", "20@2", "so-yt")
    await field.officer("Nơi khác", "06412@1", "ubnd-xa", programmes=("nap-23",))
    await field.sweep("2025-03-20 08:00")
    await field.sweep("2025-06-18 08:00")
    assert await seats_of(field, XA, "overdue") == [(XA, "Cũ", "queued")]
    await field.pool.execute("DELETE FROM notifications.alert")
    await field.pool.execute("UPDATE notifications.obligation SET next_at = '2025-07-02' WHERE state = 'overdue'")
    await field.sweep("2025-07-02 08:00")
    both = sorted([(XA_2, "Cũ", "queued"), (XA_2, "Láng giềng", "queued"), (XA_2, "Mới", "queued")])
    assert sorted(await seats_of(field, XA, "overdue")) == both
    assert await seats_of(field, XA, "parent-digest") == [
        ("20@2", "Sở cũ", "queued"), ("20@2", "Sở mới", "queued"),
    ]  # fmt: skip
    assert set(await seats_of(field, HUU_LUNG, "overdue")) == {("20@2", None, "unaddressed")}


async def test_who_was_told_before_and_after_a_merger_hears_once_that_it_came_where_they_sit_now(
    pool, registry, tmp_path
):
    repeating = load_programme(programme_of_the_year(tmp_path))
    field = Field(pool, replace(limited(registry, HUU_LUNG, "20@2"), programmes={repeating.slug: repeating}))
    for unit in ("06412@1", "06451@1"):  # the successor's code is the higher one, and the lower one
        await field.officer(f"An {unit}", unit, "ubnd-xa")
    await field.sweep("2025-03-20 08:00")
    await field.sweep("2025-06-18 08:00")
    await field.pool.execute("UPDATE notifications.alert SET state = 'sent' WHERE state = 'queued'")
    await field.pool.execute("UPDATE notifications.obligation SET next_at = '2025-07-02' WHERE state = 'overdue'")
    await field.sweep("2025-07-02 08:00")
    await field.pool.execute("UPDATE notifications.alert SET state = 'sent' WHERE state = 'queued'")
    for unit in ("06412@1", "06451@1"):
        accepted = "2025-07-02 09:00"
        await field.take(answer(subject=unit, period="2025-Q2", accepted=accepted, id=unit), now="2025-07-02 10:00")
    await field.sweep("2025-07-02 10:00")
    for unit in ("06412@1", "06451@1"):
        (heard,) = await seats_of(field, unit, "received")
        assert heard[:2] == (field.registry.units[unit].successor, f"An {unit}")


async def test_one_officer_at_any_of_the_seats_is_enough(field):
    await field.officer("Sở", "20@2", "so-yt")
    await field.sweep("2025-07-02 08:00")
    await field.sweep("2025-09-18 08:00")
    await field.sweep("2025-09-22 08:00")
    assert await seats_of(field, XA_2, "parent-digest") == [("20@2", "Sở", "queued")]
    assert await seats_of(field, XA_2, "grandparent-digest") == [("VN", None, "unaddressed")]


async def test_a_problem_of_who_reports_to_nobody_goes_to_the_lead_alone(field):
    await field.officer("Phòng", HUU_LUNG, "phong-ldtbxh-dt-huyen")
    await field.officer("Sở", "20@1", "so-ldtbxh")
    await field.officer("Khác", "20@1", "so-tc")
    await field.sweep(BEFORE)
    await field.take(answer("problem.raised", record="p", text="x", agency="ct-xh-xa"), now="2023-03-16 09:00")
    await field.sweep("2023-03-16 09:00")
    assert await told(field, "problem-raised", XA) == ["Sở"]


async def test_where_nobody_sits_for_the_lead_a_problem_is_unaddressed_once(field):
    await field.officer("Khác", "20@1", "so-tc")
    await field.officer("Ủy ban", HUU_LUNG, "ubnd-huyen")
    await field.sweep(BEFORE)
    await field.take(answer("problem.raised", record="p", text="x"), now="2023-03-16 09:00")
    await field.sweep("2023-03-16 09:00")
    assert await told(field, "problem-raised", XA) == ["—"]


async def test_the_summary_is_for_the_lead_and_the_committee_alone(field):
    for name, agency in (("Lao động", "so-ldtbxh"), ("Giáo dục", "so-gddt"), ("Ủy ban", "ubnd-tinh")):
        await field.officer(name, "20@1", agency)
    await field.officer("Khác", "20@1", "so-ldtbxh", programmes=("nap-23",))
    await field.sweep(BEFORE)
    await field.sweep(OVERDUE)
    await field.sweep("2023-04-03 08:00")
    rows = await field.pool.fetch(
        """SELECT DISTINCT officer.name FROM notifications.message JOIN registry.officer ON officer.id = officer
           WHERE occasion IS NOT NULL ORDER BY 1"""
    )
    assert sorted(row["name"] for row in rows) == ["Lao động", "Ủy ban"]


async def test_where_nobody_of_these_sits_there_is_no_summary(field):
    await field.officer("Giáo dục", "20@1", "so-gddt")
    await field.sweep(BEFORE)
    await field.sweep(OVERDUE)
    await field.sweep("2023-04-03 08:00")
    assert await field.pool.fetchval("SELECT count(*) FROM notifications.message WHERE occasion IS NOT NULL") == 0


async def letter_to(field, address, now):
    async with MailServer() as server, posting(field, server, now) as worker:
        await worker.deliver([row["id"] for row in await field.pool.fetch("SELECT id FROM notifications.message")])
    letters = [mail.get_body(("plain",)).get_content() for mail in server.kept if mail["To"] == address]
    return "\n".join(letters)


async def test_a_digest_names_only_who_can_be_asked_for_that_report(field):
    await field.officer("An", XA, "ubnd-xa")
    await field.officer("Công chức", "06415@1", "cc-vhxh")
    await field.officer("Khác", "06418@1", "ubnd-xa", programmes=("nap-23",))
    await field.officer("Phòng", HUU_LUNG, "phong-ldtbxh-dt-huyen", "email:phong@example.vn")
    await field.sweep(BEFORE)
    await field.sweep(OVERDUE)
    letter = await letter_to(field, "phong@example.vn", OVERDUE)
    lines = {line.split(")")[0].rpartition("(")[2]: line for line in letter.splitlines() if line.startswith("- ")}
    assert lines["06412"].endswith("liên hệ: An")
    assert lines["06415"].endswith("chưa có đầu mối")
    assert lines["06418"].endswith("chưa có đầu mối")


async def test_a_silent_district_s_line_names_whom_its_communes_report_to_there(field):
    await field.officer("Phòng", HUU_LUNG, "phong-ldtbxh-dt-huyen")
    await field.officer("Ủy ban", HUU_LUNG, "ubnd-huyen")
    await field.officer("Sở", "20@1", "so-ldtbxh", "email:so@example.vn")
    await field.sweep(BEFORE)
    await field.sweep("2023-03-21 08:00")
    letter = await letter_to(field, "so@example.vn", "2023-03-21 08:00")
    lines = [line for line in letter.splitlines() if line.startswith("- ") and "uyện Hữu Lũng (186)" in line]
    assert [(": 23/23 báo cáo" in line, asked(line)) for line in lines] == [(True, "Phòng"), (False, "Ủy ban")]


async def test_a_former_unit_s_officer_is_who_is_asked_after_the_merger(field):
    await field.officer("Cũ", XA, "ubnd-xa")
    await field.officer("Sở", "20@2", "so-yt", "email:so@example.vn")
    await field.sweep("2025-07-02 08:00")
    await field.sweep("2025-09-18 08:00")
    letter = await letter_to(field, "so@example.vn", "2025-09-18 08:00")
    (line,) = [line for line in letter.splitlines() if line.startswith("- UBND xã Cai Kinh (06427)")]
    assert asked(line) == "Cũ"


def asked(line: str) -> str:
    """Whom a digest's line names to be asked."""
    return line.partition("liên hệ: ")[2].partition("; ")[0]
