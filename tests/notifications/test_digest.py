"""What a superior reads: late units only, worst first, by report and district, who has no officer, and the trend."""

import json

import pytest

from services.notifications.obligations import change_store
from shared.database import connections
from shared.runtime.clock import SystemClock
from shared.wording.alphabet import alphabetical
from tests.forks import run_kip
from tests.notifications.field import BEFORE, Field, answer, at, limited, posting
from tests.notifications.mail_server import MailServer

HUU_LUNG, CHI_LANG = "186@1", "187@1"


@pytest.fixture
async def field(pool, registry):
    """Two districts of Lạng Sơn under the province's lead department; only Yên Vượng has an officer."""
    place = Field(pool, limited(registry, HUU_LUNG, CHI_LANG))
    await place.officer("An", "06412@1", "ubnd-xa")
    await place.officer("Cúc", "20@1", "so-ldtbxh", "email:cuc@example.vn")
    await place.sweep(BEFORE)
    return place


async def read(field, now, about):
    """The letter to Cúc that waits and has these words in its subject."""
    async with MailServer() as server, posting(field, server, now) as worker:
        await worker.deliver([row["id"] for row in await field.pool.fetch("SELECT id FROM notifications.message")])
    [letter] = [mail for mail in server.kept if mail["To"] == "cuc@example.vn" and about in mail["Subject"]]
    return letter.get_body(("plain",)).get_content()


def communes_of(field, district):
    return sorted(unit.uid for unit in field.registry.units if unit.parent == district and unit.level == "commune")


async def all_report_but(field, late, period="2023-Q1", accepted="2023-03-10 10:00"):
    communes = [*communes_of(field, HUU_LUNG), *communes_of(field, CHI_LANG)]
    districts = [answer(subject=d, agency="ubnd-huyen", accepted=accepted, period=period, id=f"{d}-{period}")
                 for d in (HUU_LUNG, CHI_LANG)]  # fmt: skip
    await field.take(
        *(answer(subject=uid, accepted=accepted, period=period, id=f"{uid}-{period}")
          for uid in communes if uid not in late),
        *districts, now=accepted,
    )  # fmt: skip


async def test_the_worst_comes_first_under_its_report_and_district_and_who_has_no_officer_is_named(field):
    first, second = communes_of(field, HUU_LUNG)[:2]
    elsewhere = communes_of(field, CHI_LANG)[0]
    await field.sweep("2022-12-15 08:00")
    await all_report_but(field, {first, second, elsewhere, "06412@1"})
    row = await field.obligation(first)
    # The first was given until 21/03: on the 24th it is 3 days late, the others 8.
    await change_store.extend(field.pool, row["id"], at("2023-03-21 17:00"), "officer 9", "x", at("2023-03-16 09:00"))
    await field.sweep("2023-03-24 08:00")
    letter = await read(field, "2023-03-24 08:00", "vẫn chưa gửi")
    names = {unit.uid: f"UBND {unit.name[0].lower()}{unit.name[1:]} ({unit.code})" for unit in field.registry.units}
    lines = [line for line in letter.splitlines() if line.startswith(("- ", "Huyện"))]
    of_huu_lung = sorted([names[second], names["06412@1"]], key=alphabetical)
    assert [line.removeprefix("- ").split(", quý")[0] for line in lines] == (
        ["Huyện Chi Lăng", names[elsewhere], "Huyện Hữu Lũng", *of_huu_lung, names[first]]
    )
    late = {line.split(" (")[0].removeprefix("- "): line for line in lines if line.startswith("- ")}
    assert "chậm 3 ngày" in late[names[first].partition(" (")[0]]
    assert "chậm 8 ngày" in late[names[second].partition(" (")[0]]
    untold = "; chưa thông báo đến cấp trên trực tiếp của đơn vị này"  # the district has no officer
    assert late["UBND xã Yên Vượng"].endswith(f"liên hệ: An{untold}")
    assert "Cấp trên trực tiếp của các đơn vị nêu dưới đây đã được thông báo" not in letter
    others = [line for name, line in late.items() if name != "UBND xã Yên Vượng"]
    assert all(line.endswith(f"liên hệ: chưa có đầu mối{untold}") for line in others)


async def test_a_mass_organisation_reads_a_request(pool, registry):
    province = Field(pool, limited(registry, "19@1"))
    await province.officer("Cúc", "19@1", "hlhpn-tinh", "email:cuc@example.vn")
    for reporter in registry.programmes["ecd-1437"].report["progress-yearly"].reporters:
        if reporter.level == "province" and reporter.agency != "hlhpn-tinh":
            await province.officer(reporter.agency, "19@1", reporter.agency)
    await province.sweep(BEFORE)
    await province.sweep("2023-12-25 08:00")
    letter = await read(province, "2023-12-25 08:00", "Đề nghị gửi báo cáo: Hội Liên hiệp phụ nữ tỉnh Thái Nguyên")
    line = "Báo cáo năm về tình hình thực hiện Kế hoạch, năm 2023 (15/12/2022–14/12/2023): hạn 17:00 ngày 22/12/2023"
    assert line in letter
    assert "quá hạn" not in letter
    assert "chậm" not in letter


async def test_the_monthly_summary_tells_the_trend(field):
    await field.sweep("2022-12-15 08:00")
    await all_report_but(field, {"06412@1", *communes_of(field, CHI_LANG)[:3]})
    await field.sweep("2023-03-15 08:00")
    await all_report_but(field, {"06412@1"}, "2023-Q2", "2023-06-10 10:00")
    await field.sweep("2023-06-20 21:00")
    await field.pool.execute("UPDATE notifications.message SET state = 'cancelled', act_at = NULL")
    await field.sweep("2023-07-03 08:00")
    letter = await read(field, "2023-07-03 08:00", "Tổng hợp tình hình")
    owing = len(communes_of(field, HUU_LUNG)) + len(communes_of(field, CHI_LANG)) + 2
    shares = [100 * (owing - missing) / owing for missing in (4, 1)]
    now, change = (f"{value:.1f}".replace(".", ",") for value in (shares[1], shares[1] - shares[0]))
    on_time = f"đúng hạn {owing - 1}/{owing} ({now}%, tăng {change} điểm phần trăm so với kỳ trước)"
    assert f"- Quý II năm 2023 (15/03/2023–14/06/2023): {on_time}" in letter


async def test_the_trend_is_on_the_period_before_also_where_its_deadline_was_extended_beyond_this_one_s(field):
    first, second = communes_of(field, HUU_LUNG)[:2]
    await field.sweep("2022-12-15 08:00")
    await all_report_but(field, {first, second, *communes_of(field, CHI_LANG)[:2]})
    await field.sweep("2023-03-15 08:00")
    row = await field.obligation(first)
    await change_store.extend(field.pool, row["id"], at("2023-06-30 17:00"), "officer 9", "x", at("2023-03-16 09:00"))
    await all_report_but(field, {second}, "2023-Q2", "2023-06-10 10:00")
    await field.sweep("2023-06-30 21:00")
    await field.pool.execute("UPDATE notifications.message SET state = 'cancelled', act_at = NULL")
    await field.sweep("2023-07-03 08:00")
    letter = await read(field, "2023-07-03 08:00", "Tổng hợp tình hình")
    first_quarter, second_quarter = [
        line for line in letter.splitlines() if "đúng hạn " in line and line.startswith("- Quý")
    ]
    assert "so với kỳ trước" not in first_quarter
    assert ", tăng " in second_quarter


async def test_the_doctor_names_the_agencies_that_have_no_officer_by_programme_and_what_was_told_nobody(
    registry, district_database
):
    def doctor(check):
        environment = {"KIP_DATABASE_URL": district_database, "KIP_AMQP_URL": "amqp://127.0.0.1:1/"}
        done = run_kip("doctor", "--json", environment=environment)
        found = [item for item in json.loads(done.stdout)["findings"] if item["check"] == check]
        return [(item["state"], item["seen"]) for item in found]

    opened = await connections.open_pool(district_database, size=2, application_name="kip-test")
    told = Field(opened, limited(registry, HUU_LUNG))
    try:
        ahead = at("2023-03-17 12:00") - SystemClock().now()  # a run of that day
        await told.pool.execute("INSERT INTO registry.clock (ahead) VALUES ($1)", ahead)
        owing = await told.pool.fetch(
            "SELECT uid, level FROM registry.unit WHERE valid_from IS NULL OR valid_from < '2023-01-01'"
        )
        reporters = {
            (reporter.level, reporter.agency)
            for report in registry.programmes["ecd-1437"].reports
            for reporter in report.reporters
            if reporter.since is None
        }
        seats = sorted((uid, agency) for uid, level in owing for of, agency in reporters if of == level)
        for uid, agency in seats:
            other = ("nap-23",) if uid == "06412@1" else ()
            await told.officer(
                f"{agency} {uid}", uid, agency, f"email:{agency}.{uid[:-2]}@example.vn", programmes=other
            )
        total = len(seats)
        yen_vuong = "ubnd-xa at Xã Yên Vượng (06412@1)"
        assert doctor("registry.officers") == [
            ("unsure", f"ecd-1437: 1 of {total} agencies that owe a report have no officer: {yen_vuong}")
        ]  # fmt: skip
        assert doctor("alerts.unaddressed") == [("good", "no alert about what is unfinished lacks an officer")]
        await told.sweep(BEFORE)
        await told.sweep("2023-03-17 08:00")
        communes = len(communes_of(told, HUU_LUNG))
        found = doctor("alerts.unaddressed")
        assert found == [
            ("unsure", f"ecd-1437, commune: 1 alerts about what is unfinished found nobody: {yen_vuong}"),
            ("unsure", f"ecd-1437, district: {communes} alerts about what is unfinished found nobody: "
                       "phong-ldtbxh-dt-huyen at Huyện Hữu Lũng (186@1)"),
        ]  # fmt: skip
        await told.pool.execute("UPDATE registry.officer SET programmes = '{}'")
        await told.officer("Phòng", HUU_LUNG, "phong-ldtbxh-dt-huyen")
        assert doctor("registry.officers") == [
            ("good", f"ecd-1437: each of the {total} agencies that owe a report has an officer")
        ]
        assert doctor("alerts.unaddressed") == [("good", "no alert about what is unfinished lacks an officer")]
    finally:
        await connections.close_pool(opened)
