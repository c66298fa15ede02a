"""A mail program's own button (RFC 8058) pauses reminders and nothing else; digests say so, and the desk undoes it."""

import pytest

from services.notifications.messages import reach_store
from services.notifications.messages.contacts import Contacts
from shared.domain.seats import Seats
from tests.notifications.board import asked, officer_of, ref_of, token_of
from tests.notifications.field import BEFORE, Field, at, limited
from tests.notifications.officer_links import LINKS, NOW

ONE_CLICK = {"List-Unsubscribe": "One-Click"}


async def mute_link(place, name="An"):
    row = await place.pool.fetchrow(
        """SELECT message.id, officer.id AS officer FROM notifications.message
           JOIN registry.officer ON officer.id = message.officer WHERE name = $1""",
        name,
    )
    return LINKS.mute(row["officer"], 0, row["id"], at(NOW))


async def asked_for(place):
    """How many acknowledgements there are, and until when reminders are paused."""
    muted = await place.pool.fetch("SELECT until FROM notifications.mute")
    return await place.pool.fetchval("SELECT count(*) FROM notifications.acknowledgement"), [row[0] for row in muted]


@pytest.mark.parametrize("sent", ["data", "files"])
@pytest.mark.parametrize("link", ["its own", "the page's, of letters sent before"])
async def test_the_button_pauses_reminders_for_the_longest_time_without_a_redirect(place, sent, link):
    address = await mute_link(place) if link == "its own" else f"/v1/ack/{await token_of(place, 'An')}"
    value = "One-Click" if sent == "data" else (None, "One-Click")
    async with asked(place) as (client, _, _server):
        done = await client.post(address, **{sent: {"List-Unsubscribe": value}})
        again = await client.post(address, **{sent: {"List-Unsubscribe": value}})
    assert (done.status_code, again.status_code) == (200, 200)
    assert done.json() == {"programme": "ecd-1437", "until": at("2023-04-17 08:00").isoformat()}
    assert await asked_for(place) == (0, [at("2023-04-17 08:00")])
    acts = await place.pool.fetch("SELECT act, key, device FROM notifications.act")
    assert [tuple(row) for row in acts] == [("muted", None, None)] * 2


async def test_a_reminder_is_kept_back_and_what_is_late_is_told(pool, registry):
    field = Field(pool, limited(registry, "186@1", "20@2"))
    for name, unit, agency in (("An", "06412@1", "ubnd-xa"), ("Bình", "186@1", "phong-ldtbxh-dt-huyen")):
        await field.officer(name, unit, agency)
    await field.sweep(BEFORE)
    for name in ("An", "Bình"):
        await pool.execute(
            "INSERT INTO notifications.mute SELECT id, 'ecd-1437', $2, $3 FROM registry.officer WHERE name = $1",
            name, at("2023-04-14 08:00"), at("2023-03-13 09:00"),
        )  # fmt: skip
    await field.sweep("2023-03-15 08:00")
    await field.sweep("2023-03-17 08:00")
    rows = await pool.fetch(
        """SELECT DISTINCT name, step, alert.state FROM notifications.alert
           JOIN registry.officer ON officer.id = alert.officer
           JOIN notifications.obligation ON obligation.id = alert.obligation WHERE obligation.unit = '06412@1'"""
    )
    assert {tuple(row) for row in rows} == {
        ("An", "reminder", "muted"), ("An", "overdue", "queued"), ("Bình", "parent-digest", "queued")
    }  # fmt: skip


async def test_a_reminder_that_an_acknowledgement_kept_back_stays_kept_while_reminders_pause(pool, registry):
    field = Field(pool, limited(registry, "186@1", "20@2"))
    await field.officer("An", "06412@1", "ubnd-xa")
    await field.sweep(BEFORE)
    await field.sweep("2023-03-15 08:00")
    woken = at("2023-03-15 09:00")
    keep = "UPDATE notifications.alert SET state = 'muted', message = NULL, wake_at = $1 WHERE officer IS NOT NULL"
    await pool.execute(keep, woken)
    mute = "INSERT INTO notifications.mute SELECT id, 'ecd-1437', $1, $2 FROM registry.officer"
    await pool.execute(mute, at("2023-04-14 08:00"), woken)
    await field.sweep("2023-03-15 10:00")
    states = "SELECT DISTINCT state, wake_at FROM notifications.alert WHERE step = 'reminder' AND officer IS NOT NULL"
    assert [tuple(row) for row in await pool.fetch(states)] == [("muted", at("2023-04-14 08:00"))]
    await pool.execute("DELETE FROM notifications.mute")
    await pool.execute(keep, woken)
    await field.sweep("2023-03-15 11:00")
    assert [row["state"] for row in await pool.fetch(states)] == ["queued"]


async def test_who_is_asked_about_what_is_late_is_named_with_it(place):
    programme, units = place.registry.programmes["ecd-1437"], place.registry.units
    seats = Seats(programme, units, programme.today(at(NOW)))

    async def named(now):
        async with place.pool.acquire() as connection:
            found = await reach_store.contacts(connection, ["06412@1"], at(now))
        return [Contacts(found, slug, seats).of("ubnd-xa", "06412@1", "vi") for slug in ("ecd-1437", "nap-23")]

    assert await named(NOW) == ["An", "An"]
    async with asked(place) as (client, _, _server):
        await client.post(await mute_link(place), data=ONE_CLICK)
    assert await named(NOW) == ["An (đã tạm dừng nhắc báo cáo)", "An"]
    assert await named("2023-04-17 08:00") == ["An", "An"]


async def test_the_desk_shows_it_and_undoes_it(place):
    ref = await ref_of(place, "An")
    async with asked(place) as (client, _, _server):
        await client.post(await mute_link(place), data=ONE_CLICK)
        (shown,) = (await client.get(f"/v1/officers/{ref}/desk")).json()["acknowledged"]
        assert (shown["programme"], shown["obligation"], shown["reminders_only"]) == ("ecd-1437", None, True)
        undone = await client.request(
            "DELETE", f"/v1/officers/{ref}/acknowledgements", json={"programme": "ecd-1437", "obligations": []},
            headers={"Kip-Officer": ref},
        )  # fmt: skip
        assert undone.status_code == 200
        assert (await client.get(f"/v1/officers/{ref}/desk")).json()["acknowledged"] == []
    assert await asked_for(place) == (0, [])


async def test_a_revoked_officer_s_button_does_nothing(place):
    address = await mute_link(place)
    await place.pool.execute("UPDATE registry.officer SET generation = 1")
    async with asked(place) as (client, _, _server):
        assert (await client.post(address, data=ONE_CLICK)).status_code == 410
    assert await asked_for(place) == (0, [])
    assert (await officer_of(place, "An"))["generation"] == 1
