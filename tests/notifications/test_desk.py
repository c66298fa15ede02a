"""An officer's desk, as the board asks for it."""

from dataclasses import replace
from datetime import datetime, timedelta

from services.notifications.links import Purpose
from services.notifications.officers.desk import SETTLED_FOR
from tests.notifications.board import asked, ref_of
from tests.notifications.field import answer, at
from tests.notifications.officer_links import LINKS, NOW, named


async def desk_of(client, place, name, **query):
    shown = await client.get(f"/v1/officers/{await ref_of(place, name)}/desk", params=query)
    assert shown.status_code == 200, shown.text
    return shown.json()


def about(rows):
    return {(row["unit"], row["report"], row["period"], row["state"]) for row in rows}


async def test_a_commune_s_officer_sees_what_it_owes_and_nobody_else_s(place):
    async with asked(place) as (client, _, _server):
        desk = await desk_of(client, place, "An", labels="vi")
        assert ("06412@1", "progress-quarterly", "2023-Q1", "overdue") in about(desk["owed"])
        assert {(row["unit"], row["agency"]) for row in desk["owed"]} == {("06412@1", "ubnd-xa")}
        assert (desk["late_below"], desk["problems"], desk["acknowledged"], desk["more"]) == ([], [], [], [])
        assert desk["officer"]["ref"] == await ref_of(place, "An")
        assert desk["clock"] == at(NOW).isoformat()
        assert ("progress-quarterly", "2023-Q1") not in {(row["report"], row["period"]) for row in desk["settled"]}
        late = next(row for row in desk["owed"] if row["state"] == "overdue")
        assert (late["id"], late["unit_name"]) == (named(await place.obligation()), "Xã Yên Vượng")
        assert (late["owner_name"], late["programme_short"]) == ("UBND xã Yên Vượng", "Đề án 1437")
        assert desk["officer"]["office"] == "UBND xã Yên Vượng"
        token = desk["calendar"].rpartition("/")[2].removesuffix(".ics")
        assert LINKS.read(Purpose.CALENDAR, token, at(NOW)).officer == int(desk["officer"]["ref"].partition(".")[0])
        assert (await client.get(desk["calendar"])).status_code == 200
        await place.take(answer(accepted="2023-03-17 08:30"), now="2023-03-17 08:30")
        after = await desk_of(client, place, "An", labels="vi")
        assert about(after["owed"]) == about(desk["owed"]) - {("06412@1", "progress-quarterly", "2023-Q1", "overdue")}
        came = {("06412@1", "progress-quarterly", "2023-Q1", "late_met")}
        assert about(after["settled"]) == about(desk["settled"]) | came
        assert (after["settled"][0]["id"], after["settled"][0]["owner_name"]) == (late["id"], late["owner_name"])
        assert about((await desk_of(client, place, "Bình"))["settled"]).isdisjoint(came)


async def test_what_is_owed_no_more_leaves_it_a_year_after_it_was_due_and_came(place):
    await place.take(answer(accepted="2023-03-17 08:30"), now="2023-03-17 08:30")
    age = "UPDATE notifications.obligation SET due_at = due_at - $1::interval WHERE unit = '06412@1' AND met_at > $2"
    came = "UPDATE notifications.obligation SET met_at = met_at - $1::interval WHERE unit = '06412@1' AND met_at > $2"
    shown = []
    async with asked(place) as (client, _, _server):
        for change in (None, age, came):
            if change is not None:
                await place.pool.execute(change, SETTLED_FOR + timedelta(days=10), at("2023-03-01 00:00"))
            desk = await desk_of(client, place, "An")
            shown.append(("06412@1", "progress-quarterly", "2023-Q1", "late_met") in about(desk["settled"]))
    assert shown == [True, True, False]


async def test_a_district_s_officer_sees_what_is_late_below_and_told_to_their_seat(place):
    await place.officer("Chi", "186@1", "cong-an-huyen")
    async with asked(place) as (client, _, _server):
        desk = await desk_of(client, place, "Bình")
        stranger = await desk_of(client, place, "Chi")
        narrow = await client.get(
            f"/v1/officers/{await ref_of(place, 'Bình')}/desk", headers={"Kip-Reach": "20@1"}
        )  # fmt: skip
    overdue = "SELECT unit FROM notifications.obligation WHERE state = 'overdue' AND level = 'commune'"
    late = await place.pool.fetch(overdue)
    assert {row["unit"] for row in desk["late_below"]} == {row["unit"] for row in late}
    assert len(late) > 20
    assert about(narrow.json()["late_below"]) == about(desk["late_below"])
    assert (stranger["owed"], stranger["late_below"]) == ([], [])


async def test_what_is_acknowledged_is_on_it_until_it_is_undone(place):
    name = named(await place.obligation())
    about_it = {"programme": "ecd-1437", "obligations": [name]}
    async with asked(place) as (client, _, _server):
        ref = await ref_of(place, "An")
        path, headers = f"/v1/officers/{ref}/acknowledgements", {"Kip-Officer": ref}
        for fields in (about_it, {**about_it, "obligations": []}):
            await client.post(path, json={**fields, "until": "2023-03-22"}, headers=headers)
        shown = (await desk_of(client, place, "An"))["acknowledged"]
        assert {(row["programme"], row["obligation"]) for row in shown} == {("ecd-1437", name), ("ecd-1437", None)}
        assert {datetime.fromisoformat(row["until"]) for row in shown} == {at("2023-03-22 08:00")}
        await client.request("DELETE", path, json=about_it, headers=headers)
        assert [row["obligation"] for row in (await desk_of(client, place, "An"))["acknowledged"]] == [None]


async def test_a_programme_that_isn_t_the_officer_s_or_the_key_s_is_not_on_it(place):
    async with asked(place) as (client, _, _server):
        keys = {hash_: replace(key, programmes=frozenset({"nap-23"})) for hash_, key in place.registry.keys.items()}
        whole = place.registry
        place.registry = replace(whole, keys=keys)
        assert (await desk_of(client, place, "An"))["owed"] == []
        place.registry = whole
        await place.pool.execute("UPDATE registry.officer SET programmes = '{nap-23}'")
        desks = [await desk_of(client, place, name) for name in ("An", "Bình")]
        assert [(desk["owed"], desk["late_below"]) for desk in desks] == [([], []), ([], [])]
