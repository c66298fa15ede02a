"""What a superior reads: late units only, worst first, by report and district, who has no officer, and the trend."""

import json
import os
import subprocess
import sys

import pytest

from services.notifications.messages.channels.email import EmailChannel
from services.notifications.obligations import change_store
from shared.database import connections
from tests.notifications.field import BEFORE, Field, Fixed, answer, at, limited, working_delivery
from tests.notifications.mail_server import MailServer
from tests.system import ROOT

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
    server = MailServer()
    await server.start()
    channel = EmailChannel(f"smtp://127.0.0.1:{server.port}", "kip@kip.example.vn")
    worker = working_delivery(field.pool, lambda: field.registry, Fixed(at(now)), channel)
    await worker.deliver([row["id"] for row in await field.pool.fetch("SELECT id FROM notifications.message")])
    await worker.stop()
    await channel.close()
    await server.stop()
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
    letter = await read(field, "2023-03-24 08:00", "chưa khắc phục")
    names = {unit.uid: f"{unit.name} ({unit.code})" for unit in field.registry.units}
    lines = [line for line in letter.splitlines() if line.startswith(("- ", "Huyện"))]
    of_huu_lung = sorted([names[second], names["06412@1"]])
    assert [line.removeprefix("- ").split(", kỳ")[0] for line in lines] in (
        ["Huyện Chi Lăng", names[elsewhere], "Huyện Hữu Lũng", *of_huu_lung, names[first]],
        ["Huyện Chi Lăng", names[elsewhere], "Huyện Hữu Lũng", *reversed(of_huu_lung), names[first]],
    )
    late = {line.split(" (")[0].removeprefix("- "): line for line in lines if line.startswith("- ")}
    assert "chậm 3 ngày" in late[field.registry.units[first].name]
    assert "chậm 8 ngày" in late[field.registry.units[second].name]
    assert late["Xã Yên Vượng"].endswith("liên hệ: An")
    assert all(line.endswith("liên hệ: chưa có đầu mối") for name, line in late.items() if name != "Xã Yên Vượng")


async def test_a_mass_organisation_reads_a_request(pool, registry):
    province = Field(pool, limited(registry, "19@1"))
    await province.officer("Cúc", "19@1", "hlhpn-tinh", "email:cuc@example.vn")
    for reporter in registry.programmes["ecd-1437"].report["progress-yearly"].reporters:
        if reporter.level == "province" and reporter.agency != "hlhpn-tinh":
            await province.officer(reporter.agency, "19@1", reporter.agency)
    await province.sweep(BEFORE)
    await province.sweep("2023-12-25 08:00")
    letter = await read(province, "2023-12-25 08:00", "Đề nghị gửi báo cáo: Tỉnh Thái Nguyên")
    assert "Báo cáo năm về tình hình thực hiện Kế hoạch, kỳ 2023: hạn 17:00 22/12/2023" in letter
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
    letter = await read(field, "2023-07-03 08:00", "Tổng hợp tháng")
    owing = len(communes_of(field, HUU_LUNG)) + len(communes_of(field, CHI_LANG)) + 2
    shares = [100 * (owing - missing) / owing for missing in (4, 1)]
    now, change = (f"{value:.1f}".replace(".", ",") for value in (shares[1], shares[1] - shares[0]))
    assert f"kỳ 2023-Q2: đúng hạn {owing - 1}/{owing} ({now}%, tăng {change} điểm so với kỳ trước)" in letter


async def test_the_doctor_names_the_units_that_have_no_officer(registry, district_database):
    def doctor():
        environment = {**os.environ, "KIP_DATABASE_URL": district_database, "KIP_AMQP_URL": "amqp://127.0.0.1:1/"}
        done = subprocess.run(
            [sys.executable, "-m", "cli.main", "doctor", "--json"],
            cwd=ROOT, env=environment, capture_output=True, text=True, check=False, timeout=120,
        )  # fmt: skip
        found = [item for item in json.loads(done.stdout)["findings"] if item["check"] == "registry.officers"]
        return found[0]["state"], found[0]["seen"]

    opened = await connections.open_pool(district_database, size=2, application_name="kip-test")
    told = Field(opened, registry)
    try:
        units = [row["uid"] for row in await told.pool.fetch("SELECT uid FROM registry.unit WHERE valid_to IS NULL")]
        for uid in units:
            if uid != "06427@2":
                await told.officer("An", uid, "ubnd-xa")
        assert doctor() == (
            "unsure", f"1 of {len(units)} units in force have no officer of their own: Xã Cai Kinh (06427@2)"
        )  # fmt: skip
        await told.officer("An", "06427@2", "ubnd-xa")
        assert doctor() == ("good", f"each of the {len(units):,} units in force has an officer")
    finally:
        await connections.close_pool(opened)
