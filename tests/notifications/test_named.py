"""What a message named, as the board asks it for a device that has shown a link and nothing more."""

from uuid import uuid4

import pytest

from tests.notifications.board import asked, ref_of
from tests.notifications.field import answer, posting

DUNG = "Dung"  # in the district, with an address that mail reaches
NAMED = "ecd-1437~progress-quarterly~06427@1~ubnd-xa~2023-Q2~0"


def problem(kind, record, at, **data):
    event = answer(f"problem.{kind}", accepted=at, id=f"{kind}-{record}", **data)
    event["data"] = {"programme": "ecd-1437", "record": record, "agency": "ubnd-xa", "text": f"Thiếu {record}"}
    return event


@pytest.fixture(autouse=True)
async def district(place):
    """The district with an officer of its own."""
    await place.officer(DUNG, "186@1", "phong-ldtbxh-dt-huyen")
    return place


async def lived(place, server, now, *events):
    """Have events taken, a sweep, and everything delivered."""
    await place.take(*events, now=now)
    await place.sweep(now)
    rows = await place.pool.fetch("SELECT id FROM notifications.message WHERE act_at IS NOT NULL")
    async with posting(place, server, now) as worker:
        await worker.deliver([row["id"] for row in rows])


async def last_message(place, name):
    return await place.pool.fetchval(
        """SELECT message.id FROM notifications.message JOIN registry.officer ON officer.id = message.officer
           WHERE name = $1 ORDER BY sent_at DESC, made_at DESC LIMIT 1""",
        name,
    )


async def named(client, place, name, message, **query):
    return await client.get(f"/v1/officers/{await ref_of(place, name)}/messages/{message}", params=query)


def stand(answer):
    return [(row["text"], row["state"]) for row in answer.json()["problems"]]


async def test_a_message_of_an_obstacle_names_that_one_as_it_stands_and_no_other(place, server):
    await lived(place, server, "2023-03-17 09:00", problem("raised", "a", "2023-03-17 09:00"))
    first = await last_message(place, DUNG)
    await lived(place, server, "2023-03-17 10:00", problem("raised", "b", "2023-03-17 10:00"))
    async with asked(place, run="2023-03-17 10:00") as (client, _, _server):
        shown = await named(client, place, DUNG, first, labels="vi")
        assert shown.status_code == 200, shown.text
        (row,) = shown.json()["problems"]
        assert (row["text"], row["state"], row["owner_name"]) == ("Thiếu a", "raised", "UBND xã Yên Vượng")
        await lived(place, server, "2023-03-17 11:00", problem("resolved", "a", "2023-03-17 11:00"))
        assert stand(await named(client, place, DUNG, first)) == [("Thiếu a", "resolved")]
        ended = await last_message(place, DUNG)
        assert stand(await named(client, place, DUNG, ended)) == [("Thiếu a", "resolved")]


async def test_a_digest_names_what_it_listed_as_open_also_once_that_is_resolved_and_nothing_later(place, server):
    await lived(
        place, server, "2023-06-16 09:00",
        problem("raised", "a", "2023-06-16 09:00"), problem("raised", "b", "2023-06-16 09:00"),
    )  # fmt: skip
    await lived(place, server, "2023-06-16 10:00", problem("resolved", "b", "2023-06-16 10:00"))
    await lived(place, server, "2023-06-19 08:00")
    digest = await last_message(place, DUNG)
    text = [mail for mail in server.kept if DUNG in mail["To"]][-1].get_body(("plain",)).get_content()
    assert text.count("* UBND xã Yên Vượng (06412): phản ánh lúc") == 1
    await lived(
        place, server, "2023-06-19 11:00",
        problem("resolved", "a", "2023-06-19 10:00"), problem("raised", "c", "2023-06-19 11:00"),
    )  # fmt: skip
    async with asked(place, run="2023-06-19 11:00") as (client, _, _server):
        shown = await named(client, place, DUNG, digest)
        assert NAMED in shown.json()["obligations"]
        assert stand(shown) == [("Thiếu a", "resolved")]
        own = await named(client, place, "An", await last_message(place, "An"))  # a reminder lists no obstacle
        assert (own.status_code, own.json()["problems"]) == (200, [])


async def test_a_message_is_its_officer_s_alone_and_of_their_programmes(place, server):
    await lived(place, server, "2023-03-17 09:00", problem("raised", "a", "2023-03-17 09:00"))
    message = await last_message(place, DUNG)
    async with asked(place) as (client, _, _server):
        for name, of in (("An", message), (DUNG, uuid4()), (DUNG, "x")):
            strange = await named(client, place, name, of)
            assert (strange.status_code, strange.json()["error"]) == (404, "not_found"), name
        path = f"/v1/officers/{await ref_of(place, 'Bình')}/messages/{message}"
        assert (await client.get(path, headers={"Authorization": "Bearer reader"})).status_code == 403
        await place.pool.execute("UPDATE registry.officer SET programmes = '{nap-23}'")
        assert (await client.get(path)).status_code == 404
