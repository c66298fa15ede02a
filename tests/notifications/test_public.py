"""The button's address: who opens it is sent on to the board, and only a mail program's own button acts."""

from datetime import timedelta
from uuid import uuid4

import pytest

from services.notifications.links import LinkError, Links, Purpose
from tests.notifications.field import at
from tests.notifications.officer_links import LINKS, NOW, asking, huu_lung, token_of, token_sent_to

ONE_CLICK = {"List-Unsubscribe": "One-Click"}


@pytest.fixture
async def field(pool, registry):
    return await huu_lung(pool, registry)


@pytest.fixture
async def client(field):
    async with asking(field) as opened:
        yield opened


async def kept(field):
    return await field.pool.fetchval(
        "SELECT (SELECT count(*) FROM notifications.mute) + (SELECT count(*) FROM notifications.acknowledgement)"
    )


async def test_who_opens_an_address_is_sent_on_to_the_board_whatever_it_is_and_changes_nothing(field, client):
    page = await token_sent_to(field, "An")
    mute = LINKS.mute(1, 0, uuid4(), at(NOW)).rpartition("/")[2]
    old = token_of(1, uuid4(), made="2020-01-01 08:00")
    odd = {"%C4%91%3Fa": "%C4%91%3Fa", "a%22%3C%0D%0Ax": "a%22%3C%0D%0Ax", "x": "x"}
    for written, there in {**{token: token for token in (page, mute, old, f"{page[:-3]}abc")}, **odd}.items():
        for method in ("GET", "HEAD"):
            sent_on = await client.request(method, f"/v1/ack/{written}", params={"done": "mute"})
            assert (sent_on.status_code, sent_on.headers["location"]) == (303, f"http://test/l/{there}")
            assert (sent_on.content, sent_on.headers["cache-control"]) == (b"", "no-store")
            assert sent_on.headers["referrer-policy"] == "no-referrer"
    assert await kept(field) == 0


@pytest.mark.parametrize(
    "form", [{}, {"action": "acknowledge", "until": "2023-03-22"}, {"action": "mute", "until": "2023-03-22"},
             {"List-Unsubscribe": "x"}],
)  # fmt: skip
async def test_what_is_no_mail_program_s_button_is_refused_and_told_where_to_go(field, client, form):
    for token in (await token_sent_to(field, "An"), LINKS.mute(1, 0, uuid4(), at(NOW)).rpartition("/")[2]):
        refused = await client.post(f"/v1/ack/{token}", data=form, headers={"Accept": "text/html"})
        assert (refused.status_code, refused.json()["error"]) == (422, "value_invalid")
        assert refused.json()["field"] == "List-Unsubscribe"
        assert "List-Unsubscribe=One-Click" in refused.json()["message"]
    assert await kept(field) == 0


async def test_a_form_that_is_too_long_is_not_read_to_its_end(field, client):
    refused = await client.post(f"/v1/ack/{await token_sent_to(field, 'An')}", data={"action": "x" * 20_000})
    assert refused.status_code == 413


async def test_who_has_left_the_programme_mutes_nothing_there_any_more(field, client):
    token = await token_sent_to(field, "Bình")
    await field.officer("Bình", "186@1", "phong-ldtbxh-dt-huyen", programmes=("nap-23",))
    assert (await client.post(f"/v1/ack/{token}", data=ONE_CLICK)).status_code == 404
    assert await kept(field) == 0


async def test_a_link_that_is_forged_expired_or_for_something_else_does_nothing(field, client):
    token = await token_sent_to(field, "An")
    assert (await client.post(f"/v1/ack/{token[:-3]}abc", data=ONE_CLICK)).status_code == 404
    assert (await client.get(f"/v1/calendar/{token}.ics")).status_code == 404
    calendar = LINKS.calendar(1, 0, at(NOW)).rpartition("/")[2].removesuffix(".ics")
    assert (await client.post(f"/v1/ack/{calendar}", data=ONE_CLICK)).status_code == 404
    with pytest.raises(LinkError, match="expired"):
        LINKS.read(Purpose.PAGE, token, at(NOW) + timedelta(days=61))
    with pytest.raises(LinkError, match="not one of ours"):
        Links("http://test", "another secret").read(Purpose.PAGE, token, at(NOW))
    assert await kept(field) == 0
