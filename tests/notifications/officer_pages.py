"""What tests of officers' pages and calendars look at: Hữu Lũng on the morning after its communes' deadline."""

from contextlib import asynccontextmanager
from dataclasses import replace

import httpx
from starlette.applications import Starlette

from services.notifications.links import Links
from services.notifications.pages.forms import FORM_BYTES
from services.notifications.pages.routes import Pages
from shared.access.keys import hash_key
from shared.domain.obligation_name import ObligationName
from shared.http.held_body import BodyLimits, Memory
from shared.registry.snapshot import Key
from tests.notifications.field import BEFORE, Field, at, limited

LINKS = Links("http://test", "a secret of tests")
NOW = "2023-03-17 09:00"
BODY = BodyLimits(FORM_BYTES, 5, Memory(2**20, 2**20))


async def huu_lung(pool, registry):
    """The district's field, with three officers who were told that reports are late."""
    keys = {
        hash_key("operator"): Key("operator", "186@1", frozenset({"obligation.decide"}), False, None),
        hash_key("sender"): Key("sender", "VN", None, True, None),
    }
    place = Field(pool, replace(limited(registry, "186@1", "20@2"), keys=keys))
    await place.officer("An", "06412@1", "ubnd-xa")
    await place.officer("Bình", "186@1", "phong-ldtbxh-dt-huyen")
    await place.officer("Mai", "06427@1", "ubnd-xa")
    await place.sweep(BEFORE)
    await place.sweep("2023-03-17 08:00")
    return place


def pages(field, run=NOW):
    """The pages of this field."""
    return Pages(
        registry=lambda: field.registry, pool=lambda: field.pool, links=lambda: LINKS, now=lambda: at(run),
        body=BODY, on_changed=lambda: None,
    )  # fmt: skip


@asynccontextmanager
async def browser(field):
    """A client of the pages of this field."""
    transport = httpx.ASGITransport(Starlette(routes=pages(field).routes()))
    async with httpx.AsyncClient(transport=transport, base_url="http://test") as opened:
        yield opened


def own_page(officer, message, made=NOW):
    """The address of an officer's page at notifications: links of old lead to it, and its forms post to it."""
    return LINKS.page(officer, 0, message, at(made)).replace("/l/", "/v1/ack/")


def named(row, epoch=0):
    """An obligation's name."""
    return str(ObligationName(row["programme"], row["report"], row["unit"], row["agency"], row["period"], epoch))


async def decide(client, field, what, fields, token=None, **headers):
    """Extend or waive the field's obligation."""
    name, query = named(await field.obligation()), {"token": token} if token else {}
    return await client.post(f"/v1/obligations/{name}/{what}", json=fields, params=query, headers=headers)
