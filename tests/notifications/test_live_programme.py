"""The programme that runs now reminds an officer of one of today's communes on its day, and no other programme's."""

import json
from datetime import datetime
from zoneinfo import ZoneInfo

import pytest

from tests.system import System, kip, mails_since_now

START = datetime(2026, 11, 29, 8, tzinfo=ZoneInfo("Asia/Ho_Chi_Minh"))
# The quarter ends on Mon 14/12 and is due on Wed 16/12: the morning before.
DAY = datetime(2026, 12, 15, 8, tzinfo=START.tzinfo)
COMMUNE = "06475@2"
COMMUNES = 3_321  # communes, wards and special zones since 1 July 2025
OFFICERS = """name,role,unit,agency,channels,language,programmes
Nông Thị An,Chủ tịch,06475@2,ubnd-xa,email:an@example.vn,vi,nap-23
Lý Văn Bình,Phó Chủ tịch,06475@2,ubnd-xa,email:binh@example.vn,vi,ecd-1437
"""


@pytest.fixture
def system(stack, amqp_url, loaded_database, tmp_path):
    """All programmes that are shipped, on a Sunday of November 2026."""
    kip("load", "programmes", environment={"KIP_AMQP_URL": "amqp://unused", "KIP_DATABASE_URL": loaded_database})
    running = System(
        stack, amqp_url, loaded_database, names=("intake", "notifications"),
        settings={"KIP_CLOCK": START.isoformat(), "KIP_SWEEP_INTERVAL": "1"},
    )  # fmt: skip
    officers = tmp_path / "officers.csv"
    officers.write_text(OFFICERS, encoding="utf-8")
    assert "2 officers" in kip("officer", "import", str(officers), environment=running.environment)
    running.mails = mails_since_now(stack.mail_dir)
    yield running
    running.services.stop()


def test_the_first_reminder_goes_out_on_its_day_to_the_programme_s_own_officer(system):
    eve = DAY.replace(hour=7, minute=59)
    for now in (eve, DAY):
        told = json.loads(kip("tick", "--now", now.isoformat(), "--json", environment=system.environment))["alerts"]
        named = [row for row in told if row["officer"]]
        assert bool(named) == (now == DAY), f"{now}: {named}"
    assert {(row["step"], row["unit"], row["officer"], row["state"]) for row in named} == {
        ("reminder", COMMUNE, "Nông Thị An", "sent")
    }
    (mail,) = system.mails()
    assert mail["To"] == "an@example.vn"
    text = mail.get_body(("plain",)).get_content()
    assert "quý IV năm 2026" in text
    assert "16/12/2026" in text


def test_the_year_of_the_running_programme_is_owed_and_of_the_ended_one_nothing(system):
    kip("tick", "--now", START.replace(hour=9).isoformat(), environment=system.environment)
    counts = {
        programme: system.metric("notifications", "kip_obligations", programme=programme)
        for programme in ("ecd-1437", "nap-23")
    }
    assert counts["ecd-1437"] == 0
    assert counts["nap-23"] >= 2 * COMMUNES  # of each the quarter and the year, at least
