"""What the board's questions about officers are asked of: Hữu Lũng after its communes' deadline, with a mail server."""

from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from hashlib import sha256

import httpx
from starlette.applications import Starlette

from services.notifications.messages.channels.email import EmailChannel
from services.notifications.officers.acts import OfficerActs
from services.notifications.officers.at_once import AtOnce
from services.notifications.officers.codes import code_key
from services.notifications.officers.routes import OfficerAnswers, Sending
from shared.access.keys import hash_key
from shared.registry.snapshot import Key
from tests.notifications.field import at
from tests.notifications.mail_server import MailServer
from tests.notifications.officer_links import BODY, LINKS, NOW, huu_lung, routes

SESSION = sha256(b"the secret of a session").hexdigest()


@dataclass
class Machine:
    """The machine's clock, which a test moves; the run's stands still in 2023."""

    now: datetime = field(default_factory=lambda: datetime(2026, 1, 5, 8, tzinfo=UTC))

    def later(self, **by):
        self.now += timedelta(**by)


async def board_field(pool, registry):
    """The district's field with the board's key, one of a commune, and one that may not act."""
    place = await huu_lung(pool, registry)
    keys = {
        hash_key("board"): Key("board", "VN", None, True, None, can_act=True),
        hash_key("commune"): Key("commune", "06427@1", None, True, None, can_act=True),
        hash_key("reader"): Key("reader", "VN", None, True, None),
    }
    place.registry = replace(place.registry, keys={**place.registry.keys, **keys})
    return place


@asynccontextmanager
async def asked(place, *, run=NOW):
    """A client that asks as the board does, the machine's clock, and the mail server behind it."""
    machine = Machine()
    async with MailServer() as server:
        channels = {"email": EmailChannel(f"smtp://127.0.0.1:{server.port}", "kip@example.vn")}
        at_once = AtOnce(channels)
        answers = OfficerAnswers(
            registry=lambda: place.registry, pool=lambda: place.pool, links=lambda: LINKS,
            code_key=lambda: code_key("a secret"), now=lambda: at(run), machine=lambda: machine.now, body=BODY,
            sending=Sending(at_once, {"email", "sms"}, {"email"}),
        )  # fmt: skip
        acts = OfficerActs(
            registry=lambda: place.registry, pool=lambda: place.pool, now=lambda: at(run), body=BODY,
            on_changed=lambda: None,
        )  # fmt: skip
        transport = httpx.ASGITransport(Starlette(routes=[*answers.routes(), *acts.routes(), *routes(place, run)]))
        headers = {"Authorization": "Bearer board"}
        async with httpx.AsyncClient(transport=transport, base_url="http://test", headers=headers) as client:
            yield client, machine, server
        await at_once.stop()
        for channel in channels.values():
            await channel.close()


async def officer_of(place, name):
    """An officer's row."""
    return await place.pool.fetchrow("SELECT * FROM registry.officer WHERE name = $1", name)


async def ref_of(place, name):
    """An officer's reference."""
    row = await officer_of(place, name)
    return f"{row['id']}.{row['generation']}"


async def token_of(place, name, made=NOW):
    """The token of the page in an officer's message."""
    row = await place.pool.fetchrow(
        """SELECT message.id, officer.id AS officer, generation FROM notifications.message
           JOIN registry.officer ON officer.id = message.officer WHERE name = $1 ORDER BY made_at DESC LIMIT 1""",
        name,
    )
    return LINKS.page(row["officer"], row["generation"], row["id"], at(made)).rpartition("/")[2]
