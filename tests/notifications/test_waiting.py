"""Notifications puts an event aside only where it is proven bad alone; a channel's provider that is away is noticed."""

import asyncio
import contextlib

import asyncpg
import pytest

from services.notifications.messages.channels import BusyError, DeliveryError
from services.notifications.messages.channels.watched import WatchedChannel
from services.notifications.obligations.consumer import read_batch, settle
from tests.notifications.field import answer, at
from tests.sqlstates import OF_ANYTHING_ELSE

TRIGGER = """
    CREATE FUNCTION public.refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
        IF TG_ARGV[1] = 'all' OR NEW.id = 'bad' THEN RAISE EXCEPTION 'made up' USING ERRCODE = TG_ARGV[0]; END IF;
        RETURN NEW;
    END $$;
    CREATE TRIGGER refuse BEFORE INSERT ON notifications.answer
    FOR EACH ROW EXECUTE FUNCTION public.refuse('{state}', '{which}')
"""
NOW = at("2023-03-16 10:00")


def batch():
    return [{**answer(), "id": "bad" if number == 2 else f"e{number}"} for number in range(5)]


async def kept(pool):
    taken = sorted(row["id"] for row in await pool.fetch("SELECT id FROM notifications.answer"))
    dead = [row["id"] for row in await pool.fetch("SELECT event->>'id' AS id FROM notifications.dead_event")]
    return taken, dead


@pytest.mark.parametrize("state", ["22003", "23514", "54000"])
async def test_an_event_that_is_refused_alone_for_its_data_goes_aside_alone(pool, registry, state):
    await pool.execute(TRIGGER.format(state=state, which="bad"))
    await settle(pool.acquire, registry, read_batch(batch(), registry), NOW)
    assert await kept(pool) == (["e0", "e1", "e3", "e4"], ["bad"])


@pytest.mark.parametrize(("state", "which"), [("23514", "all"), ("53100", "bad"), ("XX000", "bad"), ("42501", "all")])
async def test_any_other_refusal_puts_nothing_aside(pool, registry, state, which):
    await pool.execute(TRIGGER.format(state=state, which=which))
    with pytest.raises(asyncpg.PostgresError):
        await settle(pool.acquire, registry, read_batch(batch(), registry), NOW)
    assert await kept(pool) == ([], [])


async def test_a_refusal_by_an_error_of_any_other_class_puts_nothing_aside(pool, registry):
    for state in OF_ANYTHING_ELSE.values():
        await pool.execute(TRIGGER.format(state=state, which="bad"))
        with pytest.raises(asyncpg.PostgresError) as refused:
            await settle(pool.acquire, registry, read_batch(batch(), registry), NOW)
        assert (refused.value.sqlstate, await kept(pool)) == (state, ([], []))
        await pool.execute("DROP TRIGGER refuse ON notifications.answer; DROP FUNCTION public.refuse")
    await settle(pool.acquire, registry, read_batch(batch(), registry), NOW)
    assert len((await kept(pool))[0]) == 5


async def test_a_nul_in_an_event_that_goes_aside_hides_the_table_from_nobody(pool, registry):
    await settle(pool.acquire, registry, read_batch([{**answer(), "id": "a\x00b"}], registry), NOW)
    assert await kept(pool) == ([], ["a\N{SYMBOL FOR NULL}b"])


class Ending:
    """A channel whose sends end as told."""

    kind = "email"

    def __init__(self):
        self.end = None

    async def send(self, message):
        if self.end is not None:
            raise self.end

    async def close(self):
        pass


async def test_a_provider_that_no_message_reaches_is_away_until_one_does():
    channel, time = Ending(), [100.0]
    watched = WatchedChannel(channel, lambda: time[0])

    async def send(end):
        channel.end = end
        with contextlib.suppress(DeliveryError, BusyError, asyncio.CancelledError):
            await watched.send(None)

    away = DeliveryError("ConnectionRefusedError", permanent=False, away=True)
    await send(away)
    time[0] += 200
    await send(away)
    await send(BusyError(1.0))  # nothing was tried
    time[0] += 150
    assert watched.away_seconds() == 350
    await send(DeliveryError("550 no such mailbox", permanent=True))  # the server is there
    assert watched.away_seconds() == 0
    await send(away)
    await send(None)
    assert watched.away_seconds() == 0
    await send(asyncio.CancelledError())  # its time was over before it answered
    time[0] += 50
    assert watched.away_seconds() == 50
