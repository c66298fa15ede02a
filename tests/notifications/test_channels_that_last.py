"""The service as it runs, each role with its own rights alone: a mail comes back, and Zalo carries the message."""

import asyncio
import json

from shared.runtime.clock import SystemClock
from tests.forks import run_kip
from tests.notifications.mail_server import MailServer
from tests.notifications.test_bounces import SETTING, came_back
from tests.notifications.zalo_server import APP, SECRET, TEMPLATE, ZaloServer
from tests.system import System, kip

OFFICERS = """name,role,unit,agency,channels,language
Nguyễn An,Chủ tịch,06412,ubnd-xa,email:an@example.vn zalo:0912345678,vi
"""


def settings_of(zalo, server):
    return {
        "KIP_CLOCK": "2022-12-15T08:00:00+07:00", "KIP_SWEEP_INTERVAL": "1", "KIP_MAIL_BOUNCE": SETTING,
        "KIP_SMTP_URL": f"smtp://127.0.0.1:{server.port}", "KIP_ZNS_APP_ID": APP, "KIP_ZNS_SECRET": SECRET,
        "KIP_ZNS_TEMPLATE": TEMPLATE, "KIP_ZNS_URL": zalo.url, "KIP_ZNS_OAUTH_URL": zalo.url,
        "KIP_ZNS_REFRESH_TOKEN": zalo.grant(),
    }  # fmt: skip


def bounced(environment, raw):
    done = run_kip("bounce", environment=environment, given=raw)
    return done.returncode, done.stdout.strip(), done.stderr


def doctor(environment):
    done = run_kip("doctor", "--json", environment=environment)
    return {item["check"]: item["state"] for item in json.loads(done.stdout)["findings"]}


async def until(happened):
    async with asyncio.timeout(60):
        while not happened():
            await asyncio.sleep(0.1)


async def test_a_mail_that_comes_back_goes_on_by_zalo(stack, amqp_url, district_database, tmp_path):
    officers = tmp_path / "officers.csv"
    officers.write_text(OFFICERS, encoding="utf-8")
    async with ZaloServer(SystemClock().now()) as zalo, MailServer() as server:
        running = await asyncio.to_thread(
            System, stack, amqp_url, district_database, ("intake", "notifications"), settings_of(zalo, server)
        )
        try:
            environment = running.environment
            await asyncio.to_thread(kip, "officer", "import", str(officers), environment=environment)
            await asyncio.to_thread(kip, "tick", "--now", "2023-03-15T08:00:00+07:00", environment=environment)
            await until(lambda: server.senders)
            assert server.senders[0].startswith("bounce+")
            told = await asyncio.to_thread(bounced, environment, came_back("Postfix, no such", server.senders[0]))
            assert told == (0, "dead", "")
            await until(lambda: zalo.sent)
            [message] = zalo.sent
            assert (message["phone"], message["template_id"]) == ("84912345678", TEMPLATE)
            assert message["template_data"]["link"].count(".") == 4
            await asyncio.to_thread(kip, "zalo", "token", environment=environment, given=zalo.grant())
            await until(lambda: len(zalo.refreshes) == 2)
            found = await asyncio.to_thread(doctor, environment)
            assert {found[check] for check in ("zalo.token", "zalo.template", "zalo.quota")} == {"good"}
            assert found["officers.reachable"] == "good"
            assert running.metric("notifications", "kip_zalo_template_usable", template=TEMPLATE) == 1
            assert await asyncio.to_thread(kip, "bounce", "forget", "an@example.vn", environment=environment)
        finally:
            await asyncio.to_thread(running.services.stop)
