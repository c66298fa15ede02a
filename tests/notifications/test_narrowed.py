"""The read API of a request that narrows its key: no unit outside is seen, and what names none is refused."""

from dataclasses import replace

import httpx
import pytest
from starlette.applications import Starlette

from services.notifications.read_api import Reader, routes
from shared.access.keys import hash_key
from shared.registry.snapshot import Key
from tests.notifications.field import BEFORE, Field, at, limited

LISTS = ("/v1/obligations", "/v1/alerts", "/v1/problems")
ALL = (*LISTS, "/v1/alerts/unaddressed", "/v1/obligations/1")


@pytest.fixture
async def client(pool, registry):
    """The read API after the morning on which Hữu Lũng's communes were late."""
    keys = {hash_key(name): Key(name, unit, None, True, None) for name, unit in (("all", "VN"), ("huyen", "186@1"))}
    field = Field(pool, replace(limited(registry, "186@1", "20@2"), keys=keys))
    await field.sweep(BEFORE)
    await field.sweep("2023-03-17 08:00")
    reader = Reader(registry=lambda: field.registry, pool=lambda: pool, now=lambda: at("2023-03-17 09:00"))
    app = Starlette(routes=routes(reader))
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://test") as opened:
        yield opened


async def ask(client, path, *reach, key="all", **query):
    headers = [("Authorization", f"Bearer {key}"), *(("Kip-Reach", uid) for uid in reach)]
    answer = await client.get(path, params=query, headers=headers)
    return answer.status_code, answer.json()


@pytest.mark.parametrize("path", LISTS)
async def test_only_what_lies_in_both_is_seen(client, path):
    async def units(*reach, **query):
        status, body = await ask(client, path, *reach, limit="1000", **query)
        assert status == 200, body
        return {row["unit"] for row in body["rows"]}

    assert await units("06412@1") == await units() & {"06412@1"}
    assert await units("VN", key="huyen") == await units(key="huyen")
    for uid, unit in (("06421@1", "06412"), ("06412@1", "06421"), ("06412@1", "186")):
        assert (await ask(client, path, uid, unit=unit, period="2023-Q1"))[0] in {400, 403}
    assert (await ask(client, path, "06421@1", unit="06412@1"))[0] == 403


async def test_one_obligation_of_another_unit_is_none(client):
    _, body = await ask(client, "/v1/obligations", unit="06412@1")
    path = f"/v1/obligations/{body['rows'][0]['id']}"
    assert (await ask(client, path, "06412@1"))[0] == 200
    assert (await ask(client, path, "06421@1"))[0] == 400


@pytest.mark.parametrize("path", ALL)
@pytest.mark.parametrize("reach", [("06412",), ("99999@1",), ("",), ("186@1", "186@1"), ("VN,186@1",)])
async def test_what_names_no_unit_is_refused(client, path, reach):
    status, body = await ask(client, path, *reach)
    assert (status, body["error"], body["field"]) == (400, "bad_parameter", "Kip-Reach")
