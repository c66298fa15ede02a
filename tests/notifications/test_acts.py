"""What officers do by the board: extend, waive, acknowledge, undo; a board that lies about them is refused."""

import httpx
from starlette.applications import Starlette

from services.notifications import read_store
from services.notifications.read_api import Reader, routes
from shared.domain.obligation_name import read_obligation_name
from tests.notifications.board import asked, officer_of, ref_of
from tests.notifications.field import at
from tests.notifications.officer_links import named

DEVICE = "3f9c21ab"


async def name_of(place, unit="06412@1"):
    return named(await place.obligation(unit))


async def act_on(client, name, what, fields, ref, key="board", **headers):
    given = {"Authorization": f"Bearer {key}", **({"Kip-Officer": ref} if ref else {}), **headers}
    return await client.post(f"/v1/obligations/{name}/{what}", json=fields, headers=given)


async def acknowledge(client, ref, fields, *, method="POST", by=None):
    path = f"/v1/officers/{ref}/acknowledgements"
    return await client.request(method, path, json=fields, headers={"Kip-Officer": by or f"{ref}; device={DEVICE}"})


async def test_an_officer_extends_by_the_board_and_the_history_says_who_on_which_device_by_whose_key(place):
    ref, name = await ref_of(place, "Bình"), await name_of(place)
    async with asked(place) as (client, _, _server):
        fields = {"until": "2023-03-22", "reason": "lũ lụt"}
        done = await act_on(client, name, "extend", fields, f"{ref}; device={DEVICE}")
        assert (done.status_code, done.json()["decided"]) == (200, "extend")
        row = await read_store.find_obligation(place.pool, read_obligation_name(name))
        extended = (await read_store.history(place.pool, row.id))[-1]
        assert (await act_on(client, name, "waive", {"reason": "lũ lụt"}, ref)).status_code == 200
    officer = (await officer_of(place, "Bình"))["id"]
    assert (row.state, row.due_at, row.reason) == ("open", at("2023-03-22 17:00"), "lũ lụt")
    assert extended[-4:] == (f"officer {officer} of 186@1", "lũ lụt", "board", DEVICE)
    waived = (await read_store.history(place.pool, row.id))[-1]
    assert (waived.change, waived.key, waived.device) == ("waived", "board", None)


async def test_a_board_that_lies_about_an_officer_decides_nothing(place):
    binh, an, mai = [await ref_of(place, name) for name in ("Bình", "An", "Mai")]
    name, fields = await name_of(place), {"reason": "x", "until": "2023-03-22"}
    await place.pool.execute("UPDATE registry.officer SET programmes = '{nap-23}' WHERE name = 'Mai'")
    before = dict(await place.obligation())
    async with asked(place) as (client, _, _server):
        for ref, key, headers, status, error in (
            (an, "board", {}, 403, "forbidden"),  # nobody extends for their own unit
            (mai, "board", {}, 403, "forbidden"),  # nor a neighbour
            (None, "board", {}, 403, "forbidden"),  # a board decides nothing of its own
            (binh, "commune", {}, 403, "forbidden"),  # nor beyond its key
            (binh, "board", {"Kip-Reach": "06427@1"}, 403, "forbidden"),  # nor beyond what it asks for
            (binh, "reader", {}, 403, "may_not_act"),
            (binh, "operator", {}, 403, "may_not_act"),
            (f"{binh.partition('.')[0]}.1", "board", {}, 410, "gone"),
            ("999999.0", "board", {}, 410, "gone"),
            ("Binh", "board", {}, 400, "bad_parameter"),
            (f"{binh}; device=X", "board", {}, 400, "bad_parameter"),
            (binh, "board", {"Kip-Reach": "nowhere"}, 400, "bad_parameter"),
        ):
            for what in ("extend", "waive"):
                refused = await act_on(client, name, what, fields, ref, key, **headers)
                assert (refused.status_code, refused.json()["error"]) == (status, error), (ref, key, headers)
        await place.pool.execute("UPDATE registry.officer SET programmes = '{nap-23}' WHERE name = 'Bình'")
        assert (await act_on(client, name, "waive", fields, binh)).status_code == 403
    assert dict(await place.obligation()) == before


async def test_what_is_read_in_an_officer_s_name_is_what_that_officer_sees(place):
    an = await ref_of(place, "An")
    app = Starlette(routes=routes(Reader(lambda: place.registry, lambda: place.pool, lambda: at("2023-03-17 09:00"))))
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://test") as client:
        lists = "/v1/obligations", "/v1/obligations/grid?report=progress-quarterly&period=2023-Q1", "/v1/alerts"
        for path in lists:
            own = await client.get(path, headers={"Authorization": "Bearer board", "Kip-Officer": an})
            assert own.status_code == 200, own.text
            assert {row.get("unit") or row["uid"] for row in own.json()["rows"]} <= {"06412@1", "06427@2"}, path
            every = await client.get(path, headers={"Authorization": "Bearer board"})
            assert len(every.json()["rows"]) >= len(own.json()["rows"])
        await place.pool.execute("UPDATE registry.officer SET generation = generation + 1 WHERE name = 'An'")
        for path in lists:
            gone = await client.get(path, headers={"Authorization": "Bearer board", "Kip-Officer": an})
            assert (gone.status_code, gone.json()["error"]) == (410, "gone"), path


async def test_an_officer_acknowledges_and_undoes_it_and_each_act_is_kept(place):
    ref, name = await ref_of(place, "An"), await name_of(place)
    fields = {"programme": "ecd-1437", "obligations": [name]}
    async with asked(place, run="2023-03-17 09:00") as (client, _, _server):
        done = await acknowledge(client, ref, {**fields, "until": "2023-03-22"})
        assert (done.status_code, done.json()["until"]) == (200, at("2023-03-22 08:00").isoformat())
        kept = await place.pool.fetchrow("SELECT * FROM notifications.acknowledgement")
        assert (kept["obligation"], kept["until"]) == ((await place.obligation())["id"], at("2023-03-22 08:00"))
        paused = await acknowledge(client, ref, {**fields, "obligations": [], "until": "2023-03-23"})
        assert paused.status_code == 200
        await acknowledge(client, ref, fields, method="DELETE")
        left = await place.pool.fetch("SELECT obligation FROM notifications.acknowledgement")
        assert [row["obligation"] for row in left] == [None]
        await acknowledge(client, ref, {**fields, "obligations": []}, method="DELETE")
        assert await place.pool.fetchval("SELECT count(*) FROM notifications.acknowledgement") == 0
    acts = await place.pool.fetch(
        """SELECT act, obligation IS NULL AS whole, officer || '.' || generation AS ref, key, device, at
           FROM notifications.act ORDER BY number"""
    )
    assert [(row["act"], row["whole"]) for row in acts] == [
        ("acknowledged", False), ("acknowledged", True), ("undone", False), ("undone", True)
    ]  # fmt: skip
    assert {tuple(row)[2:] for row in acts} == {(ref, "board", DEVICE, at("2023-03-17 09:00"))}


async def test_what_was_kept_back_is_told_after_the_undoing_and_not_while_another_acknowledgement_covers_it(place):
    ref = await ref_of(place, "An")
    await place.pool.execute("DELETE FROM notifications.alert WHERE officer = $1", int(ref.partition(".")[0]))
    one = {"programme": "ecd-1437", "obligations": [await name_of(place)]}
    whole = {**one, "obligations": []}
    state = "SELECT state FROM notifications.alert WHERE officer = $1"

    async def states():
        return {row["state"] for row in await place.pool.fetch(state, int(ref.partition(".")[0]))}

    async with asked(place) as (client, _, _server):
        for fields in (one, whole):
            assert (await acknowledge(client, ref, {**fields, "until": "2023-03-30"})).status_code == 200
        again = "UPDATE notifications.obligation SET next_at = $1 WHERE state = 'overdue'"
        await place.pool.execute(again, at("2023-03-17 09:00"))
        await place.sweep("2023-03-17 09:00")
        assert await states() == {"muted"}
        await acknowledge(client, ref, one, method="DELETE")
        await place.sweep("2023-03-17 10:00")
        assert await states() == {"muted"}, "the programme is paused still"
        await acknowledge(client, ref, whole, method="DELETE")
        await place.sweep("2023-03-17 11:00")
        assert await states() == {"queued"}


async def test_what_an_officer_may_not_acknowledge_is_refused_and_nothing_is_kept(place):
    ref, mai = await ref_of(place, "An"), await ref_of(place, "Mai")
    good = {"programme": "ecd-1437", "obligations": [await name_of(place)], "until": "2023-03-22"}
    outdated = good["obligations"][0].removesuffix("0") + "7"
    async with asked(place) as (client, _, _server):
        for fields, by, status in (
            ({}, mai, 403), ({"programme": "nap-23"}, None, 422), ({"programme": None}, None, 422),
            ({"obligations": [await name_of(place, "06427@1")]}, None, 422),  # a neighbour's
            ({"obligations": "x"}, None, 422), ({"obligations": [7]}, None, 422), ({"obligations": ["x"]}, None, 400),
            ({"obligations": [outdated]}, None, 410), ({"until": "2023-03-17"}, None, 422),
            ({"until": "2023-05-17"}, None, 422), ({"until": None}, None, 422), ({"colour": "red"}, None, 422),
        ):  # fmt: skip
            refused = await acknowledge(client, ref, {**good, **fields}, by=by)
            assert refused.status_code == status, (fields, refused.text)
        unnamed = await client.post(f"/v1/officers/{ref}/acknowledgements", json=good)
        assert (unnamed.status_code, unnamed.json()["error"]) == (403, "forbidden")
    assert await place.pool.fetchval("SELECT count(*) FROM notifications.acknowledgement") == 0
    assert await place.pool.fetchval("SELECT count(*) FROM notifications.act") == 0
