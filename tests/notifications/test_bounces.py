"""Mail that was taken and came back: what is done about it."""

import asyncio
from datetime import time

import pytest

from cli.doctor.database import check_database
from cli.doctor.finding import State
from deploy.local.ports import free_port
from services.notifications.messages import bounce_store, reach_store
from services.notifications.messages.bounce_report import Outcome, Report
from services.notifications.messages.channels.email import EmailChannel
from services.notifications.messages.retention import Retention
from services.notifications.messages.return_path import Returned, ReturnPaths, mark_of
from services.notifications.observer import Observer
from shared.runtime.clock import SystemClock
from shared.runtime.metrics import DEAD_ADDRESSES, MAIL_BOUNCES
from tests.forks import run_kip
from tests.notifications.field import BEFORE, Field, Fixed, at, limited, working_delivery
from tests.notifications.http_server import HttpServer
from tests.notifications.test_bounce_reports import MESSAGE, SETTING, WHO, came_back
from tests.notifications.zalo_server import zns_channel
from tests.system import kip


@pytest.fixture
async def field(pool, registry):
    """Hữu Lũng, a day after its communes' deadline: An with two addresses and Zalo, Bình who hears of her commune."""
    huu_lung = Field(pool, limited(registry, "186@1"))
    await huu_lung.officer("An", "06412@1", "ubnd-xa", "email:An@example.vn", "email:an@other.vn", "zalo:84912345678")
    await huu_lung.officer("Bình", "186@1", "phong-ldtbxh-dt-huyen", "email:binh@example.vn")
    await huu_lung.sweep(BEFORE)
    await huu_lung.sweep("2023-03-17 08:00")
    return huu_lung


class Post:
    """A worker with a real mail server, and the return paths that its mail has."""

    def __init__(self, field, server, secret, zalo):
        self.paths = ReturnPaths(SETTING, secret)
        self.field, self.server = field, server
        url = f"smtp://127.0.0.1:{server.port}"
        self._email = EmailChannel(
            url, "kip@kip.example.vn", return_path=lambda message: self.paths.of(message.id, message.address)
        )
        clock = Fixed(at("2023-03-17 08:00"))
        self.worker = working_delivery(field.pool, lambda: field.registry, clock, self._email, zns_channel(zalo.url))

    async def deliver(self, name):
        """Deliver the officer's message once; its row."""
        await self.field.pool.execute("UPDATE notifications.message SET act_at = now() WHERE act_at IS NOT NULL")
        message = await self.field.pool.fetchval(
            "SELECT id FROM notifications.message WHERE officer = (SELECT id FROM registry.officer WHERE name = $1)",
            name,
        )
        await self.worker.deliver([message])
        await asyncio.sleep(0.05)  # what is sent is recorded together
        return await self.state(message)

    async def state(self, message):
        row = await self.field.pool.fetchrow("SELECT * FROM notifications.message WHERE id = $1", message)
        alerts = await self.field.pool.fetch(
            "SELECT DISTINCT state FROM notifications.alert WHERE message = $1", message
        )
        return dict(row), {alert["state"] for alert in alerts}

    async def stop(self):
        await self.worker.stop()
        await self._email.close()


@pytest.fixture
async def post(field, server, pool):
    async with HttpServer((200, {"error": 0})) as zalo:
        running = Post(field, server, await bounce_store.make_secret(pool), zalo)
        running.zalo = zalo
        yield running
        await running.stop()


@pytest.fixture
def bounce(loaded_database, tmp_path):
    """`kip bounce`, with a mail on its standard input; what it says."""

    def run(raw, *words, code=0):
        environment = {"KIP_DATABASE_URL": loaded_database, "KIP_AMQP_URL": "amqp://x", "KIP_MAIL_BOUNCE": SETTING}
        done = run_kip("bounce", *words, environment=environment, given=raw)
        assert done.returncode == code, done.stderr
        return done.stdout.split()

    return run


async def test_a_dead_address_is_passed_over_and_the_message_goes_on_to_the_next(field, post, server, bounce, pool):
    row, alerts = await post.deliver("An")
    assert (row["state"], alerts, server.kept[-1]["To"]) == ("sent", {"sent"}, "An@example.vn")
    assert server.senders[-1] == post.paths.of(row["id"], "an@example.vn")
    returned = came_back("Postfix, no such", server.senders[-1], "An@example.vn")
    assert bounce(returned) == ["dead"]
    again, alerts = await post.state(row["id"])
    assert (again["state"], alerts) == ("waiting", {"queued"})
    assert "@" not in again["error"]
    assert bounce(returned) == ["repeated"]
    assert await post.state(row["id"]) == (again, alerts)
    row, alerts = await post.deliver("An")
    assert (row["state"], alerts, server.kept[-1]["To"]) == ("sent", {"sent"}, "an@other.vn")
    [dead] = await pool.fetch("SELECT * FROM notifications.dead_address")
    assert (dead["address"], dead["status"]) == ("email:an@example.vn", "5.1.1")
    assert "User unknown" in dead["reason"]
    assert "@" not in dead["reason"]
    # A later message begins with the next address.
    await field.sweep("2023-03-21 08:00")
    later = [row["id"] for row in await pool.fetch("SELECT id FROM notifications.message WHERE state = 'queued'")]
    await post.worker.deliver(later)
    assert "An@example.vn" not in {mail["To"] for mail in server.kept[1:]}


async def test_only_the_address_that_it_went_to_last_moves_a_message_on(field, post, server, bounce, pool):
    await post.deliver("An")
    first = server.senders[-1]
    assert bounce(came_back("this mail was refused", first, "An@example.vn")) == ["refused"]
    assert bounce(came_back("Postfix, no such", first, "An@example.vn"), code=75) == ["too_early"]
    assert await pool.fetchval("SELECT count(*) FROM notifications.dead_address") == 0
    sent = await post.deliver("An")
    assert (sent[0]["state"], server.kept[-1]["To"]) == ("sent", "an@other.vn")
    assert bounce(came_back("Postfix, no such", first, "An@example.vn")) == ["dead"]  # true, and of no mail any more
    assert await post.state(sent[0]["id"]) == sent
    assert bounce(came_back("Postfix, no such", server.senders[-1], "an@other.vn")) == ["dead"]
    row, _ = await post.deliver("An")
    assert (row["state"], row["channel"]) == ("sent", "zalo")


async def test_a_message_goes_on_behind_the_address_wherever_it_stands_now(field, post, server, bounce, pool):
    await pool.execute(
        "UPDATE registry.officer SET channels = $1 WHERE name = 'An'",
        ["sms:84912345678", "email:an@example.vn", "email:an@other.vn", "email:an@third.vn"],
    )  # nobody sends to the first
    await post.deliver("An")
    assert server.kept[-1]["To"] == "an@example.vn"
    await pool.execute(
        "UPDATE registry.officer SET channels = $1 WHERE name = 'An'",
        ["email:an@new.vn", "email:an@third.vn", "email:an@example.vn", "email:an@other.vn"],
    )
    assert bounce(came_back("this mail was refused", server.senders[-1])) == ["refused"]
    await post.deliver("An")
    assert server.kept[-1]["To"] == "an@other.vn"
    await pool.execute("UPDATE registry.officer SET channels = $1 WHERE name = 'An'", ["email:an@new.vn"])
    assert bounce(came_back("this mail was refused", server.senders[-1])) == ["refused"]
    row, _ = await post.deliver("An")
    assert (row["state"], server.kept[-1]["To"]) == ("sent", "an@new.vn")


async def test_what_was_skipped_as_dead_is_not_written_to_again(field, post, server, bounce, pool):
    await pool.execute(bounce_store.DEAD, "email:an@example.vn", at("2023-03-17 08:00"), "5.1.1", "x")
    await post.deliver("An")
    assert bounce(came_back("this mail was refused", server.senders[-1])) == ["refused"]
    row, _ = await post.deliver("An")
    assert (row["channel"], [mail["To"] for mail in server.kept]) == ("zalo", ["an@other.vn"])


async def test_a_report_that_comes_before_the_mail_is_recorded_is_to_come_again(post, server, bounce, pool):
    row, _ = await post.deliver("An")
    await pool.execute("UPDATE notifications.message SET state = 'sending', act_at = now() + interval '1 minute'")
    assert bounce(came_back("Postfix, no such", server.senders[-1]), code=75) == ["too_early"]
    assert bounce(came_back("Postfix, delayed", server.senders[-1])) == ["delayed"]
    assert await pool.fetchval("SELECT count(*) FROM notifications.bounce WHERE outcome <> 'delayed'") == 0
    await pool.execute("UPDATE notifications.message SET state = 'sent', act_at = NULL WHERE id = $1", row["id"])
    assert bounce(came_back("Postfix, no such", server.senders[-1])) == ["dead"]


@pytest.mark.parametrize("code", ["5.7.1", "4.4.7"])
async def test_who_has_no_other_address_keeps_the_reason_of_the_refusal(post, server, bounce, pool, code):
    await post.deliver("Bình")
    assert bounce(came_back("given up", server.senders[-1]).replace(b"4.4.7", code.encode())) == ["refused"]
    row, alerts = await post.deliver("Bình")
    assert (row["state"], alerts) == ("failed", {"failed"})
    assert row["error"] == f"came back: {code}; there is no other address"


@pytest.mark.parametrize(
    ("now", "quiet", "free"),
    [
        ("2023-03-17 10:00", None, None),
        ("2023-03-17 23:30", None, "2023-03-20 08:00"),  # a Friday
        ("2023-03-17 10:00", (time(9), time(10, 30)), "2023-03-17 10:30"),
        ("2023-03-17 23:30", (time(22), time(8, 30)), "2023-03-20 08:30"),
    ],
)
async def test_what_came_back_goes_on_in_nobody_s_quiet_hours(field, post, pool, now, quiet, free):
    if quiet:
        await pool.execute("UPDATE registry.officer SET quiet_from = $1, quiet_to = $2", *quiet)
    sent, _ = await post.deliver("An")
    async with pool.acquire() as connection:
        report = Report(Outcome.REFUSED, "5.7.1", "x", ())
        assert await bounce_store.settle(connection, report, Returned(sent["id"], mark_of(WHO)), at(now)) == "refused"
    row, _ = await post.state(sent["id"])
    assert (row["state"], row["not_before"]) == ("waiting", free and at(free))
    field.published.clear()
    await field.sweep(now)
    assert (sent["id"] in field.published) is (free is None)


async def test_when_very_many_die_in_a_day_none_is_believed_and_their_mail_goes_on(post, server, bounce, pool,
                                                                                   loaded_database):  # fmt: skip
    for number in range(bounce_store.MOST_DEAD):
        await pool.execute(bounce_store.DEAD, f"email:{number}@b.vn", SystemClock().now(), "5.1.1", "x")
    await post.deliver("An")
    assert bounce(came_back("Postfix, no such", server.senders[-1])) == ["too_many"]
    assert await pool.fetchval("SELECT count(*) FROM notifications.dead_address") == bounce_store.MOST_DEAD
    found = [found async for found in check_database(loaded_database, 4) if found.check == "mail.returned"]
    assert [(finding.state, "1 " in finding.seen) for finding in found] == [(State.UNSURE, True)]
    await post.deliver("An")
    assert server.kept[-1]["To"] == "an@other.vn"
    await pool.execute("UPDATE notifications.dead_address SET since = since - interval '1 day'")
    assert bounce(came_back("Postfix, no such", server.senders[-1], "an@other.vn")) == ["dead"]


async def test_nothing_is_noted_about_who_is_being_removed(post, pool):
    sent, _ = await post.deliver("An")
    report, returned = Report(Outcome.DEAD, "5.1.1", "x", ()), Returned(sent["id"], mark_of(WHO))
    waiting = "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()"
    async with pool.acquire() as removing, pool.acquire() as other:
        async with removing.transaction():
            await removing.execute("DELETE FROM registry.officer WHERE name = 'An'")
            settling = asyncio.create_task(bounce_store.settle(other, report, returned, at("2023-03-17 09:00")))
            async with asyncio.timeout(60):
                while not await removing.fetchval(waiting):
                    await asyncio.sleep(0.05)
        assert await settling == bounce_store.UNKNOWN
    assert await pool.fetchval("SELECT count(*) FROM notifications.bounce") == 0
    assert await pool.fetchval("SELECT count(*) FROM notifications.dead_address") == 0


async def test_zalo_comes_after_two_dead_addresses(field, post, server, bounce):
    for _ in range(2):
        await post.deliver("An")
        assert bounce(came_back("Exim, whose", server.senders[-1])) == ["dead"]
    row, alerts = await post.deliver("An")
    assert (row["state"], row["channel"], alerts) == ("sent", "zalo", {"sent"})
    assert len(post.zalo.requests) == 1


async def test_who_has_no_address_left_is_told_and_comes_back_with_an_import_or_a_word(
    field, post, server, bounce, pool, loaded_database, tmp_path
):
    await pool.execute("UPDATE registry.officer SET channels = $1 WHERE name = 'An'", ["email:an@example.vn"])
    await post.deliver("An")
    assert bounce(came_back("internationalised", server.senders[-1])) == ["dead"]
    row, alerts = await post.deliver("An")
    assert (row["state"], alerts) == ("failed", {"failed"})
    assert "came back" in row["error"]
    await post.deliver("Bình")
    [letter] = [mail for mail in server.kept if mail["To"] == "binh@example.vn"]
    lines = letter.get_body(("plain",)).get_content().splitlines()
    assert [line for line in lines if line.endswith("liên hệ: An (chưa liên lạc được)")]
    environment = {"KIP_DATABASE_URL": loaded_database, "KIP_AMQP_URL": "amqp://x"}
    assert [(found.state, found.names) async for found in check_database(loaded_database, 4)
            if found.check == "officers.reachable"] == [(State.UNSURE, ("Xã Yên Vượng (06412@1): An",))]  # fmt: skip
    assert "an@example.vn" in kip("bounce", "list", environment=environment)
    kip("bounce", "forget", "AN@example.vn", environment=environment)
    assert await pool.fetchval("SELECT count(*) FROM notifications.dead_address") == 0
    for address in ("an@example.vn", "an@new.vn"):
        await pool.execute(bounce_store.DEAD, f"email:{address}", at("2023-03-17 08:00"), "5.1.1", "x")
    officers = tmp_path / "officers.csv"
    header = "name,role,unit,agency,channels,language\n"
    dead = "SELECT address FROM notifications.dead_address ORDER BY address"
    for addresses, left in (("email:an@example.vn email:an@new.vn", {"an@example.vn"}), ("email:an@new.vn", set())):
        officers.write_text(f"{header}An,x,06412@1,ubnd-xa,{addresses},vi\n", encoding="utf-8")
        kip("officer", "import", str(officers), environment=environment)
        await Retention(pool, Fixed(at("2023-03-17 08:00"))).run()
        assert {row["address"].removeprefix("email:") for row in await pool.fetch(dead)} == left


async def test_who_has_only_addresses_without_a_channel_is_one_whom_nobody_reaches(
    field, post, server, pool, loaded_database
):
    await reach_store.note_kinds(pool, ["email", "zalo"])
    await reach_store.note_kinds(pool, ["email", "apprise"])
    has = "UPDATE registry.officer SET channels = $1 WHERE name = 'An'"
    await pool.execute(has, ["webhook:https://a.vn", "sms:84912345678"])
    row, alerts = await post.deliver("An")
    assert (row["state"], alerts) == ("failed", {"failed"})
    assert row["error"] == "no channel for sms, webhook is configured (docs/notifications.md, Channels)"
    await post.deliver("Bình")
    [letter] = [mail for mail in server.kept if mail["To"] == "binh@example.vn"]
    assert "liên hệ: An (chưa liên lạc được)" in letter.get_body(("plain",)).get_content()
    [found] = [one async for one in check_database(loaded_database, 4) if one.check == "officers.reachable"]
    assert (found.state, found.names) == (State.UNSURE, ("Xã Yên Vượng (06412@1): An",))
    assert "channels for apprise, email" in found.seen
    await pool.execute(has, ["sms:84912345678", "email:an@example.vn"])
    [found] = [one async for one in check_database(loaded_database, 4) if one.check == "officers.reachable"]
    assert found.state is State.GOOD


@pytest.mark.parametrize("name", ["Postfix, delayed", "out of the office", "it was read", "a person", "it was deliv"])
async def test_what_is_no_failure_changes_nothing(post, server, bounce, pool, name):
    before = await post.deliver("An")
    assert bounce(came_back(name, server.senders[-1])) != ["dead"]
    assert await post.state(before[0]["id"]) == before
    assert await pool.fetchval("SELECT count(*) FROM notifications.dead_address") == 0


@pytest.mark.parametrize("name", ["given up", "this mail was refused"])
async def test_a_mail_that_was_refused_goes_on_and_its_address_stays_good(post, server, bounce, pool, name):
    await post.deliver("An")
    assert bounce(came_back(name, server.senders[-1])) == ["refused"]
    row, _ = await post.deliver("An")
    assert (row["state"], server.kept[-1]["To"]) == ("sent", "an@other.vn")
    assert await pool.fetchval("SELECT count(*) FROM notifications.dead_address") == 0


async def test_a_forged_return_path_does_nothing_but_count(post, server, bounce, pool):
    before = await post.deliver("An")
    forged = ReturnPaths(SETTING, "guessed").of(before[0]["id"], "an@example.vn")
    assert bounce(came_back("Postfix, no such", forged)) == ["forged"]
    assert bounce(came_back("Postfix, no such", post.paths.of(MESSAGE, WHO))) == ["unknown"]
    assert await post.state(before[0]["id"]) == before
    assert await pool.fetchval("SELECT count(*) FROM notifications.bounce") == 0
    observer = Observer(pool)
    observer.start()
    async with asyncio.timeout(30):
        while MAIL_BOUNCES.labels("forged")._value.get() != 1 or DEAD_ADDRESSES._value.get() != 0:
            await asyncio.sleep(0.05)
    await observer.stop()


async def test_the_recipient_that_a_mail_server_names_is_enough(post, server, bounce):
    await post.deliver("An")
    bare = came_back("qmail", "somebody@kip.example.vn")
    assert bounce(bare) == ["forged"]
    assert bounce(bare, "--to", server.senders[-1]) == ["refused"]


@pytest.mark.parametrize("kind", ["maildir", "mbox"])
async def test_a_mailbox_is_read_to_its_end_and_can_be_read_again(post, server, bounce, tmp_path, kind):
    await post.deliver("An")
    await post.deliver("Bình")
    mails = [came_back("Exchange", sender) for sender in server.senders]
    box = tmp_path / "box"
    if kind == "mbox":
        box.write_bytes(b"".join(b"From MAILER-DAEMON Fri Mar 17 08:00:00 2023\n" + mail + b"\n" for mail in mails))
    else:
        for folder in ("new", "cur", "tmp"):
            (box / folder).mkdir(parents=True)
        for number, mail in enumerate(mails):
            (box / "new" / f"{number}.host").write_bytes(mail)
    assert bounce(b"", "--mailbox", str(box)) == ["dead", "dead"]
    assert bounce(b"", "--mailbox", str(box)) == ([] if kind == "maildir" else ["repeated", "repeated"])


async def test_a_mail_that_is_gone_or_cannot_be_moved_is_passed_over(post, server, bounce, tmp_path):
    await post.deliver("Bình")
    for folder in ("new", "cur", "tmp"):
        (tmp_path / folder).mkdir()
    (tmp_path / "new" / "0.host").symlink_to(tmp_path / "gone")
    (tmp_path / "cur" / "1.host:2,S").mkdir()
    for number in (1, 2):
        (tmp_path / "new" / f"{number}.host").write_bytes(came_back("Exchange", server.senders[-1]))
    assert bounce(b"", "--mailbox", str(tmp_path)) == ["dead", "repeated"]
    assert sorted(file.name for file in (tmp_path / "new").iterdir()) == ["0.host", "1.host"]


def test_a_database_that_is_away_has_the_mail_server_try_again():
    port = free_port()
    environment = {"KIP_DATABASE_URL": f"postgresql://a:b@127.0.0.1:{port}/x", "KIP_AMQP_URL": "amqp://x"}
    done = run_kip("bounce", environment=environment, given=b"x")
    assert done.returncode == 75
