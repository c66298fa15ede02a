"""Zalo's tokens over months, with replicas that die, against a server that behaves as Zalo's documents say."""

import asyncio
import sys
from datetime import timedelta
from random import Random

import pytest
from structlog.testing import capture_logs

from services.notifications.messages.channels import DeliveryError, zalo_store
from services.notifications.messages.channels.zalo_keeper import ZaloKeeper
from services.notifications.messages.channels.zalo_token import EARLY, LEASE, Step, ZaloTokens
from services.notifications.messages.channels.zns import ZnsChannel
from shared.runtime.metrics import ZALO_QUOTA_REMAINING, ZALO_TEMPLATE_USABLE, ZALO_TOKEN_LOST, ZALO_TOKEN_SECONDS
from tests.notifications.http_server import HttpServer
from tests.notifications.test_channels import outgoing
from tests.notifications.zalo_server import APP, SECRET, TEMPLATE, ZaloServer, zalo_api
from tests.system import ROOT, kip

HOUR = timedelta(hours=1)


@pytest.fixture
async def zalo():
    async with ZaloServer() as server:
        yield server


def replica(pool, zalo, first=None, secret=SECRET):
    return ZaloTokens(lambda: pool, zalo_api(zalo.url), APP, secret, first, lambda: zalo.now)


async def standing(pool):
    async with pool.acquire() as connection:
        return await zalo_store.standing(connection)


async def rows(pool):
    return [dict(row) for row in await pool.fetch("SELECT * FROM notifications.zalo_token ORDER BY number")]


async def struck(dice, pool, zalo, replicas, first):
    """Let something go wrong, now and then; True where a replica died."""
    match dice.randrange(60):
        case 0:  # a replica dies and comes back, with the same setting
            replicas[dice.randrange(2)] = replica(pool, zalo, first)
            return True
        case 1 | 2:  # it dies when it has said that it refreshes, and before it has asked
            newest = await zalo_store.newest(pool)
            if newest is not None and newest.access is not None and newest.access_until - zalo.now <= EARLY:
                assert await zalo_store.begin(pool, newest.number, zalo.now, LEASE)
                replicas[dice.randrange(2)] = replica(pool, zalo, first)
                return True
        case 3:
            zalo.drop_before = 1  # the question does not arrive
        case 4:
            zalo.revoke_access()
    return False


async def delivered(one, zalo):
    """Send a message as the worker does, again a little later where it must be."""
    for _ in range(3):
        try:
            await ZnsChannel(one._api, one, TEMPLATE).send(outgoing("84912345678"))
        except DeliveryError as error:
            assert not error.permanent, error  # noqa: PT017 - it is no error of the test
            zalo.now += timedelta(minutes=6)
        else:
            return
    raise AssertionError(f"nothing was sent at {zalo.now}")


async def test_a_hundred_and_twenty_days_pass_without_a_hand_though_replicas_die(pool, zalo):
    dice = Random(16)
    first = zalo.grant()
    replicas = [replica(pool, zalo, first), replica(pool, zalo, first)]
    killed = 0
    for _ in range(120 * 24):
        killed += await struck(dice, pool, zalo, replicas, first)
        await asyncio.gather(*(one.keep() for one in replicas))
        for one in replicas:
            await delivered(one, zalo)
        zalo.now += HOUR
    assert killed > 20
    assert zalo.refused == []
    assert len(zalo.sent) == 2 * 120 * 24
    days = (zalo.refreshes[-1] - zalo.refreshes[0]).days
    assert days >= 118
    assert len(zalo.refreshes) < days * 3
    kept = await rows(pool)
    assert [row["refresh"] is not None for row in kept] == [False, True]  # the setting's row, emptied, and the newest


async def test_of_two_replicas_one_refreshes_and_both_have_the_new_token(pool, zalo):
    first = zalo.grant()
    replicas = [replica(pool, zalo, first) for _ in range(2)]
    zalo.before = asyncio.Event()
    turns = [asyncio.create_task(one.keep()) for one in replicas]
    await zalo.arrived.wait()
    zalo.before.set()
    await asyncio.gather(*turns)
    assert len(zalo.refreshes) == 1
    assert {(await one.current()).access for one in replicas} == {"access-2"}


async def test_a_message_that_finds_the_token_refused_gets_another_at_once_and_no_endless_others(pool, zalo):
    tokens = replica(pool, zalo, zalo.grant())
    channel = ZnsChannel(tokens._api, tokens, TEMPLATE)
    await channel.send(outgoing("84912345678"))
    zalo.now += HOUR
    zalo.revoke_access()
    await channel.send(outgoing("84912345678"))
    assert (len(zalo.sent), len(zalo.refreshes)) == (2, 2)
    zalo.revoke_access()  # and again at once: something else is wrong
    for _ in range(5):
        with pytest.raises(DeliveryError) as raised:
            await channel.send(outgoing("84912345678"))
        assert not raised.value.permanent
        assert raised.value.away
    assert len(zalo.refreshes) == 2


async def test_another_replicas_refresh_is_found_by_the_message_that_is_refused(pool, zalo):
    first = zalo.grant()
    one, other = replica(pool, zalo, first), replica(pool, zalo, first)
    await one.current()
    await other.current()
    zalo.now += timedelta(hours=21)
    await other.keep()  # which ends the first one's access token
    await ZnsChannel(one._api, one, TEMPLATE).send(outgoing("84912345678"))
    assert (len(zalo.sent), len(zalo.refreshes)) == (1, 2)


async def killed_in_the_middle(database, zalo, until):
    """Run a replica in its own process, and kill it when `until` has come."""
    words = [sys.executable, "-m", "tests.notifications.zalo_replica", database, zalo.url, zalo.now.isoformat()]
    process = await asyncio.create_subprocess_exec(*words, cwd=ROOT, stdout=asyncio.subprocess.PIPE)
    await asyncio.wait_for(until.wait(), 60)
    process.kill()
    await process.wait()


async def test_a_replica_killed_before_zalo_has_acted_costs_nothing(pool, zalo, loaded_database):
    tokens = replica(pool, zalo, zalo.grant())
    await tokens.current()
    zalo.now += timedelta(hours=21)
    zalo.before, zalo.drop_before = asyncio.Event(), 1
    zalo.arrived.clear()
    await killed_in_the_middle(loaded_database, zalo, zalo.arrived)
    zalo.before.set()
    assert await tokens.keep() is Step.UNDER_WAY  # nobody knows yet that it died
    zalo.now += LEASE
    assert await tokens.keep() is Step.DUE
    assert (await tokens.current()).access == "access-2" or len(zalo.refreshes) == 2
    assert not (await standing(pool)).lost


async def test_a_replica_killed_between_the_answer_and_its_commit_is_told_loudly_and_cured_by_a_new_token(
    pool, zalo, loaded_database
):
    tokens = replica(pool, zalo, zalo.grant())
    await tokens.current()
    zalo.now += timedelta(hours=21)
    zalo.after = asyncio.Event()
    zalo.minted.clear()
    await killed_in_the_middle(loaded_database, zalo, zalo.minted)
    zalo.after.set()
    zalo.now += LEASE
    with capture_logs() as logs:
        await tokens.keep()
    [told] = [line for line in logs if line["event"] == "zalo.refresh_failed"]
    assert (told["log_level"], told["lost"]) == ("error", True)
    assert "never came" in told["reason"]
    assert "kip zalo token" in told["cure"]
    assert ZALO_TOKEN_LOST.labels(APP)._value.get() == 1
    assert (await standing(pool)).lost
    for _ in range(3):  # it is not asked again and again
        zalo.now += HOUR
        assert await tokens.keep() is Step.LOST
    assert zalo.refused == [-14014]
    kip("zalo", "token", environment={"KIP_DATABASE_URL": loaded_database, "KIP_AMQP_URL": "amqp://unused"},
        given=f"{zalo.grant()}\n")  # fmt: skip
    await tokens.keep()
    assert ZALO_TOKEN_LOST.labels(APP)._value.get() == 0
    await ZnsChannel(tokens._api, tokens, TEMPLATE).send(outgoing("84912345678"))
    assert len(zalo.sent) == 1


def test_a_token_that_notifications_may_not_be_able_to_use_is_taken_with_a_word_on_it(loaded_database):
    bare = {"KIP_DATABASE_URL": loaded_database, "KIP_AMQP_URL": "amqp://unused"}
    said = [
        kip("zalo", "token", environment=bare | settings, given="a-refresh-token\n")
        for settings in ({}, {"KIP_ZNS_APP_ID": "1"}, {"KIP_ZNS_APP_ID": "1", "KIP_ZNS_SECRET": "s"})
    ]
    assert [text.startswith("taken: ") for text in said] == [True] * 3
    missing = ("KIP_ZNS_APP_ID and KIP_ZNS_SECRET are not set here", "KIP_ZNS_SECRET is not set here")
    assert [[words in text for words in missing] for text in said] == [[True, False], [False, True], [False, False]]


async def test_an_answer_that_gets_lost_on_the_way_is_the_same_loss(pool, zalo):
    tokens = replica(pool, zalo, zalo.grant())
    zalo.drop_after = 1
    await tokens.keep()
    assert not (await standing(pool)).lost  # Zalo may not have seen it
    zalo.now += LEASE
    await tokens.keep()
    found = await standing(pool)
    assert found.lost
    assert "never came" in found.fault


async def test_a_stop_waits_for_the_answer_and_keeps_it(pool, zalo):
    tokens = replica(pool, zalo, zalo.grant())
    keeper = ZaloKeeper(lambda: pool, tokens._api, tokens, TEMPLATE, lambda: zalo.now)
    zalo.after = asyncio.Event()
    keeper.start()
    await zalo.minted.wait()
    stopping = asyncio.create_task(keeper.stop())
    await asyncio.sleep(0)
    zalo.after.set()
    await stopping
    assert (await zalo_store.newest(pool)).access == "access-2"


@pytest.mark.parametrize("lasting", ["away", "secret"])
async def test_what_may_be_mended_loses_nothing(pool, zalo, lasting):
    tokens = replica(pool, zalo, zalo.grant(), secret="wrong" if lasting == "secret" else SECRET)
    zalo.away = lasting == "away"
    for _ in range(30):
        await tokens.keep()
        zalo.now += HOUR
    found = await standing(pool)
    assert not found.lost
    assert found.fault
    with pytest.raises(DeliveryError) as raised:
        await tokens.current()
    assert not raised.value.permanent
    zalo.away = False
    zalo.now += LEASE
    await replica(pool, zalo).current()
    assert len(zalo.refreshes) == 1


@pytest.mark.parametrize(
    ("answer", "lost"),
    [
        ({"access_token": "a\u0000b", "refresh_token": "r"}, False),
        ({"access_token": "a\r\nx: y", "refresh_token": "r"}, False),
        ({"access_token": "khóa", "refresh_token": "r"}, False),
        ({"access_token": ["a"], "refresh_token": {"r": 1}}, False),
        ({"access_token": "a" * 5000, "refresh_token": "r"}, False),
        (b"[" * 60_000, False),
        (b"x" * 100_000, False),
        ({"error": -14014, "error_name": "Invalid refresh token.\u0000\u001b[2J"}, True),
    ],
)
async def test_an_answer_that_nobody_can_use_is_told_and_no_token(pool, zalo, answer, lost):
    tokens = replica(pool, zalo, zalo.grant())
    async with HttpServer((200, answer)) as server:
        tokens._api = zalo_api(server.url)
        assert await tokens.keep() is Step.DUE
        assert len(server.requests) == 1
    newest = await zalo_store.newest(pool)
    assert (newest.access, newest.lost, newest.fault is None) == (None, lost, False)
    assert newest.fault.replace("\ufffd", "").isprintable()
    with pytest.raises(DeliveryError) as raised:
        await tokens.current()
    assert not raised.value.permanent


async def test_three_months_without_a_refresh_need_a_new_token(pool, zalo):
    tokens = replica(pool, zalo, zalo.grant())
    await tokens.keep()
    zalo.now += timedelta(days=91)
    await tokens.keep()
    found = await standing(pool)
    assert found.lost
    assert "never came" not in found.fault


async def test_the_setting_s_token_is_used_once_and_a_new_one_takes_over(pool, zalo):
    first = zalo.grant()
    await replica(pool, zalo, first).keep()
    await replica(pool, zalo, first).keep()
    assert zalo.refused == []
    second = zalo.grant()
    tokens = replica(pool, zalo, second)
    await tokens.current()
    assert (len(zalo.refreshes), zalo.refused) == (2, [])
    await replica(pool, zalo, first).keep()  # a replica that has the old setting still
    assert zalo.refused == []


async def test_what_a_person_gives_during_a_refresh_stays_the_newest(pool, zalo):
    tokens = replica(pool, zalo, zalo.grant())
    zalo.after = asyncio.Event()
    turn = asyncio.create_task(tokens.keep())
    await zalo.minted.wait()
    given = zalo.grant()
    async with pool.acquire() as connection:
        await zalo_store.give(connection, given, zalo.now, zalo.now + timedelta(days=90))
    zalo.after.set()
    await turn
    assert (await zalo_store.newest(pool)).refresh == given


async def test_no_token_is_in_a_log_or_a_text_of_an_error(pool, zalo):
    with capture_logs() as logs:
        tokens = replica(pool, zalo, zalo.grant())
        credential = await tokens.current()
        zalo.drop_after = 1
        zalo.now += timedelta(hours=21)
        await tokens.keep()
        zalo.now += LEASE
        await tokens.keep()
    newest = await zalo_store.newest(pool)
    told = f"{logs} {newest} {credential} {newest.fault} {await standing(pool)}"
    assert "access-" not in told
    assert "refresh-" not in told


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        ({}, None),
        ({"status": "PENDING_REVIEW"}, "PENDING_REVIEW"),
        ({"status": "DISABLE"}, "DISABLE"),
        ({"parameters": {"name": 30, "message": 200}}, "lacks the parameters link"),
        ({"parameters": {"name": 30, "message": 200, "link": 200, "otp": 6}}, "otp"),
        ({"parameters": {"name": 30, "message": 200, "link": 30}}, "link (30 of 128)"),
    ],
)
async def test_the_template_and_the_quota_are_looked_at_once_an_hour_and_told(pool, zalo, change, fault):
    for name, value in change.items():
        setattr(zalo, name, value)
    tokens = replica(pool, zalo, zalo.grant())
    keepers = [ZaloKeeper(lambda: pool, tokens._api, tokens, TEMPLATE, lambda: zalo.now) for _ in range(2)]
    for keeper in keepers:
        await keeper.turn()
    check = await zalo_store.read_check(pool)
    assert (check.fault is None) is (fault is None)
    assert fault is None or fault in check.fault
    assert (check.quota_daily, check.quota_remaining) == (500, 499)
    assert ZALO_TEMPLATE_USABLE.labels(TEMPLATE)._value.get() == (fault is None)
    assert ZALO_QUOTA_REMAINING.labels(TEMPLATE)._value.get() == 499
    assert ZALO_TOKEN_SECONDS.labels(APP)._value.get() == 90_000
    zalo.status = "ENABLE"
    zalo.quota = {"dailyQuota": "500", "remainingQuota": 3}
    zalo.now += HOUR
    for keeper in keepers:
        await keeper.turn()
    assert (await zalo_store.read_check(pool)).quota_remaining == 3


async def test_a_template_that_zalo_does_not_know_is_told_with_those_that_there_are(pool, zalo):
    tokens = replica(pool, zalo, zalo.grant())
    await ZaloKeeper(lambda: pool, tokens._api, tokens, "1", lambda: zalo.now).turn()
    check = await zalo_store.read_check(pool)
    assert "-109" in check.fault
    assert "7890" in check.fault


@pytest.mark.parametrize(
    "shape",
    [[], "text", None, {"listParams": "text"}, {"listParams": ["text"]},
     {"listParams": [{"name": "name", "maxLength": "long"}]}],
)  # fmt: skip
async def test_an_answer_of_another_shape_is_no_check_and_is_asked_for_again(pool, zalo, monkeypatch, shape):
    tokens = replica(pool, zalo, zalo.grant())
    keeper = ZaloKeeper(lambda: pool, tokens._api, tokens, TEMPLATE, lambda: zalo.now)
    with monkeypatch.context() as patched:
        patched.setattr(zalo, "_template", lambda *_: {"data": shape})
        await keeper.turn()
    assert (await zalo_store.read_check(pool)).checked_at is None
    await keeper.turn()
    assert (await zalo_store.read_check(pool)).checked_at == zalo.now
