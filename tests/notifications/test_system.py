"""The service as it runs: events over HTTP, the queue, the sweep, mails over SMTP, `kip tick`."""

import json
import re
import subprocess
import sys
import time

import pytest

from deploy.local.http import LOCAL
from deploy.local.ports import free_port
from tests.forks import run_kip
from tests.system import ROOT, System, event, kip, mails_since_now

OFFICERS = """name,role,unit,agency,channels,language
Nguyễn An,Chủ tịch,06412,ubnd-xa,email:yen-vuong@example.vn,vi
Trần Cúc,Chủ tịch,06427,ubnd-xa,email:cai-kinh@example.vn,vi
Lê Bình,Phó Chủ tịch,186,phong-ldtbxh-dt-huyen,email:huu-lung@example.vn,vi
"""


@pytest.fixture
def database(request):
    """What `system` runs on: the district, where the test doesn't name another."""
    return request.getfixturevalue(getattr(request, "param", "district_database"))


@pytest.fixture
def system(stack, amqp_url, database, tmp_path):
    """Intake and notifications, with three officers, from the first day of 2023-Q1 on."""
    running = System(
        stack, amqp_url, database, names=("intake", "notifications"),
        settings={"KIP_CLOCK": "2022-12-15T08:00:00+07:00", "KIP_SWEEP_INTERVAL": "1", "KIP_LOG_LEVEL": "debug"},
    )  # fmt: skip
    officers = tmp_path / "officers.csv"
    officers.write_text(OFFICERS, encoding="utf-8")
    assert "3 officers" in kip("officer", "import", str(officers), environment=running.environment)
    assert "3 officers" in kip("officer", "import", str(officers), environment=running.environment)
    running.mails = mails_since_now(stack.mail_dir)
    yield running
    running.services.stop()


def tick(system, now):
    rows = json.loads(kip("tick", "--now", f"{now}+07:00", "--json", environment=system.environment))["alerts"]
    return [(row["step"], row["unit"], row["officer"], row["state"]) for row in rows if row["officer"]]


def submitted(subject, **attributes):
    data = {"report": "progress-quarterly", "agency": "ubnd-xa", "period": "2023-Q1"}
    return event("report.submitted", subject, data, **attributes)


def communes_of_huu_lung():
    lines = (ROOT / "data" / "units.csv").read_text(encoding="utf-8").splitlines()
    rows = [line.split(",") for line in lines]
    return [row[1] for row in rows if row[5] == "186@1"]


@pytest.mark.parametrize("database", ["loaded_database"], indirect=True)
def test_a_tick_prints_what_found_nobody_in_one_line_for_each_step_of_a_report(system):
    shown = kip("tick", "--now", "2023-03-15T08:00:00+07:00", environment=system.environment | {"COLUMNS": "200"})
    assert "Nguyễn An" in shown
    folded = [line for line in shown.splitlines() if "nobody known" in line]
    assert len(folded) == 1
    assert re.search(r"reminder +│ [\d,]{6} of them +│ progress-quarterly 2023-Q1", folded[0])


def test_yen_vuong_s_silence_reaches_three_mailboxes_once_each(system, stack):
    tick(system, "2023-03-15T07:00:00")
    others = [code for code in communes_of_huu_lung() if code != "06412"]
    assert len(others) == 22
    assert system.post([submitted(code) for code in others]).status_code == 202
    assert tick(system, "2023-03-15T08:00:00") == [("reminder", "06412@1", "Nguyễn An", "sent")]
    assert tick(system, "2023-03-16T18:00:00") == []
    system.services.kill("notifications")
    system.services.start("notifications")
    assert sorted(tick(system, "2023-03-17T08:00:00"))[:2] == [
        ("overdue", "06412@1", "Nguyễn An", "sent"),
        ("parent-digest", "06412@1", "Lê Bình", "sent"),
    ]
    for later in ("2023-03-17T09:00:00", "2023-03-17T16:59:00", "2023-03-18T09:00:00"):
        assert [row for row in tick(system, later) if row[1] == "06412@1"] == []
    told = [(mail["To"], mail["Subject"].removeprefix("[Đề án 1437] ").split(":")[0]) for mail in system.mails()]
    assert sorted(told) == [
        ("huu-lung@example.vn", "Báo cáo quá hạn trên địa bàn huyện Hữu Lũng"),
        ("yen-vuong@example.vn", "Báo cáo quá hạn"),
        ("yen-vuong@example.vn", "Nhắc gửi báo cáo"),
    ]
    digest = (
        next(mail for mail in system.mails() if mail["To"] == "huu-lung@example.vn").get_body(("plain",)).get_content()
    )
    lines = [line for line in digest.splitlines() if line.startswith("- UBND")]
    assert lines == [
        "- UBND xã Yên Vượng (06412), quý I năm 2023: chậm 1 ngày (hạn 17:00 ngày 16/03/2023); liên hệ: Nguyễn An"
    ]


def test_a_tick_tells_of_summaries_and_of_what_waited_for_quiet_hours_to_end(system, tmp_path):
    officers = tmp_path / "more.csv"
    officers.write_text(
        "name,role,unit,agency,channels,language,quiet\n"
        "Hoàng Dũng,Giám đốc,20,so-ldtbxh,email:so@example.vn,vi,\n"
        "Vũ Yên,Chủ tịch,06415,ubnd-xa,email:minh-tien@example.vn,vi,07:00-09:00\n",
        encoding="utf-8",
    )
    kip("officer", "import", str(officers), environment=system.environment)
    tick(system, "2023-03-15T08:00:00")
    shown = kip("tick", "--now", "2023-03-15T09:00:00+07:00", environment=system.environment | {"COLUMNS": "200"})
    assert re.search(r"from before +│ Xã Minh Tiến \(06415@1\) +│ ecd-1437 +│ Vũ Yên +│ email +│ sent", shown)
    assert "swept; from before: 1 sent\n" in shown
    told = json.loads(kip("tick", "--now", "2023-04-03T08:00:00+07:00", "--json", environment=system.environment))
    messages = [(row["about"], row["to"], row["officer"], row["state"]) for row in told["messages"]]
    assert messages == [("summary", "20@1", "Hoàng Dũng", "sent")]


def test_two_replicas_and_a_kill_send_each_mail_once(system, stack):
    tick(system, "2023-03-16T18:00:00")
    sent = len(system.mails())
    second = {**system.services.environment_of("notifications"), "KIP_NOTIFICATIONS_PORT": "0"}
    port = subprocess.run(
        [sys.executable, "-c", "import socket; s=socket.socket(); s.bind(('127.0.0.1',0)); print(s.getsockname()[1])"],
        capture_output=True, text=True, check=True,
    ).stdout.strip()  # fmt: skip
    second["KIP_NOTIFICATIONS_PORT"] = port
    process = subprocess.Popen([sys.executable, "-m", "services.notifications"], cwd=ROOT, env={**second})
    try:
        time.sleep(3)
        rows = tick(system, "2023-03-17T08:00:00")
        assert len(rows) == 2 + 23  # the district's own reminder is its committee's, which has no officer here
        time.sleep(2)
    finally:
        process.terminate()
        process.wait(30)
    mails = system.mails()[sent:]
    assert sorted(mail["To"] for mail in mails) == [
        "cai-kinh@example.vn",
        "huu-lung@example.vn",
        "yen-vuong@example.vn",
    ]
    assert len({mail["Message-ID"] for mail in mails}) == 3


def test_the_clock_never_goes_back_and_a_missing_service_is_named(system):
    tick(system, "2023-03-16T18:00:00")
    with pytest.raises(AssertionError, match="never goes back"):
        tick(system, "2023-03-16T08:00:00")
    system.services.stop("notifications")
    with pytest.raises(AssertionError, match="no notifications service is up"):
        kip("tick", "--now", "2023-03-16T19:00:00+07:00", "--timeout", "2", environment=system.environment)


def test_no_log_and_no_answer_of_a_real_run_has_an_address_in_it(system, stack):
    tick(system, "2023-03-16T18:00:00")
    tick(system, "2023-03-17T08:00:00")
    assert {mail["To"] for mail in system.mails()} >= {"yen-vuong@example.vn", "huu-lung@example.vn"}
    rows = LOCAL.get(
        f"{system.services.url('notifications')}/v1/alerts", params={"unit": "06412", "limit": "1000"},
        headers={"Authorization": f"Bearer {system.reader_key}"}, timeout=30,
    ).text  # fmt: skip
    assert "y•••@example.vn" in json.dumps(json.loads(rows), ensure_ascii=False)
    metrics = LOCAL.get(f"{system.services.url('notifications')}/metrics").text
    logs = {path.name: path.read_text(errors="replace") for path in (stack.run_dir / "logs").glob("*.log")}
    said = {name: text for name, text in logs.items() if name.startswith(("notifications", "intake"))}
    assert any("messages.sent" in text for text in said.values())
    for text in (rows, metrics, *said.values()):
        assert "yen-vuong@" not in text
        assert "cai-kinh@" not in text
        assert "huu-lung@" not in text


DEAD_PROVIDER = """name,role,unit,agency,channels,language
Nguyễn An,Chủ tịch,06412,ubnd-xa,email:yen-vuong@example.vn,vi
Trần Cúc,Chủ tịch,06427,ubnd-xa,zalo:84912345678,vi
"""


@pytest.fixture
def with_dead_provider(stack, amqp_url, district_database, tmp_path):
    """As `system`, with an officer whose only provider refuses every connection."""
    settings = {
        "KIP_CLOCK": "2022-12-15T08:00:00+07:00", "KIP_SWEEP_INTERVAL": "1",
        "KIP_ZNS_TOKEN": "token", "KIP_ZNS_TEMPLATE": "1437", "KIP_ZNS_URL": f"http://127.0.0.1:{free_port()}/",
    }  # fmt: skip
    running = System(stack, amqp_url, district_database, names=("intake", "notifications"), settings=settings)
    officers = tmp_path / "officers.csv"
    officers.write_text(DEAD_PROVIDER, encoding="utf-8")
    kip("officer", "import", str(officers), environment=running.environment)
    yield running
    running.services.stop()


def test_a_tick_does_not_wait_for_a_provider_that_is_away_and_says_until_when_and_why(with_dead_provider):
    now = "2023-03-15T08:00:00+07:00"
    words = ("tick", "--now", now, "--timeout", "600")  # its own limit is longer than the test's patience
    told = json.loads(kip(*words, "--json", environment=with_dead_provider.environment))
    assert (told["now"], told["gave_up"]) == (now, None)
    assert told["swept_at"] >= "2023-03-15T01:00:00+00:00"
    states = {row["officer"]: row["state"] for row in told["alerts"] if row["officer"]}
    assert states == {"Nguyễn An": "sent", "Trần Cúc": "queued"}
    [unsent] = told["unsent"]
    assert (unsent["officer"], unsent["channel"]) == ("Trần Cúc", "zalo")
    assert unsent["attempts"] >= 1
    assert unsent["until"] > told["swept_at"]
    assert "Connect" in unsent["why"]
    shown = kip("tick", "--now", "2023-03-15T08:30:00+07:00", environment=with_dead_provider.environment)
    assert "2023-03-15T08:30:00+07:00: swept; nothing was due" in shown
    assert "postponed until 2023-03-15T" in shown
    assert "Trần Cúc, zalo, " in shown


def test_a_tick_that_gives_up_prints_what_it_knows(system):
    tick(system, "2023-03-16T18:00:00")
    system.services.stop("notifications")
    words = ("tick", "--now", "2023-03-16T19:00:00+07:00", "--timeout", "2", "--json")
    done = run_kip(*words, environment=system.environment)
    assert done.returncode == 1
    told = json.loads(done.stdout)
    assert (told["swept_at"], told["alerts"], told["unsent"]) == (None, [], [])
    assert "no notifications service is up" in told["gave_up"]
    assert "The clock has been moved" in done.stderr
