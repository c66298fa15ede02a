"""What tests of links, calendars and decisions look at: Hữu Lũng on the morning after its communes' deadline."""

from contextlib import asynccontextmanager
from dataclasses import replace

import httpx
from starlette.applications import Starlette

from services.notifications.forms import FORM_BYTES
from services.notifications.links import Links
from services.notifications.obligations.deciding import Deciding
from services.notifications.public.routes import PublicAnswers
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


def routes(field, run=NOW):
    """What answers about this field by a link."""
    parts = {
        "registry": lambda: field.registry, "pool": lambda: field.pool, "links": lambda: LINKS, "now": lambda: at(run),
        "body": BODY,
    }  # fmt: skip
    public = PublicAnswers(board="http://test", **parts)
    return [*public.routes(), *Deciding(on_changed=lambda: None, **parts).routes()]


@asynccontextmanager
async def asking(field):
    """A client that asks about this field."""
    transport = httpx.ASGITransport(Starlette(routes=routes(field)))
    async with httpx.AsyncClient(transport=transport, base_url="http://test") as opened:
        yield opened


def token_of(officer, message, made=NOW):
    """The token of an officer's page."""
    return LINKS.page(officer, 0, message, at(made)).rpartition("/")[2]


async def token_sent_to(field, name):
    """The token of the page in the message to an officer."""
    row = await field.pool.fetchrow(
        """SELECT message.id, officer.id AS officer FROM notifications.message
           JOIN registry.officer ON officer.id = message.officer WHERE name = $1""",
        name,
    )
    return token_of(row["officer"], row["id"])


def named(row, epoch=0):
    """An obligation's name."""
    return str(ObligationName(row["programme"], row["report"], row["unit"], row["agency"], row["period"], epoch))


async def decide(client, field, what, fields, token=None, **headers):
    """Extend or waive the field's obligation."""
    name, query = named(await field.obligation()), {"token": token} if token else {}
    return await client.post(f"/v1/obligations/{name}/{what}", json=fields, params=query, headers=headers)
