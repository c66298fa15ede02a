import asyncio
from uuid import uuid4

import pytest

from services.notifications import delivery as delivery_module
from services.notifications import message_store
from services.notifications.channels.email import EmailChannel
from services.notifications.delivery import Delivery
from tests.notifications.field import BEFORE, Field, answer, at, limited
from tests.notifications.mail_server import MailServer


class FixedClock:
    def now(self):
        return at("2023-03-17 08:00")


@pytest.fixture
async def server():
    running = MailServer()
    await running.start()
    yield running
    await running.stop()


@pytest.fixture
async def field(pool, registry):
    """Hữu Lũng on the morning after its communes' deadline, with two messages claimed."""
    huu_lung = Field(pool, limited(registry, "186@1"))
    await huu_lung.officer("An", "06412@1", "ubnd-xa", "zalo:84912345678", "email:an@example.vn", "email:an@other.vn")
    await huu_lung.officer("Bình", "186@1", "ubnd-huyen", "email:binh@example.vn", language="en")
    await huu_lung.sweep(BEFORE)
    await huu_lung.sweep("2023-03-17 08:00")
    return huu_lung


def make_delivery(field, *channels):
    delivery = Delivery(
        field.pool, lambda: field.registry, FixedClock(), {channel.kind: channel for channel in channels},
        page_of=lambda officer, message: f"https://kip.example.vn/v1/ack/{officer}", retry_soon=lambda: None,
    )  # fmt: skip
    delivery.start()
    return delivery


@pytest.fixture
async def worker(field, server):
    channel = EmailChannel(f"smtp://127.0.0.1:{server.port}", "kip@kip.example.vn")
    delivery = make_delivery(field, channel)
    yield delivery
    await delivery.stop()
    await channel.close()


async def states(field):
    rows = await field.pool.fetch(
        """SELECT officer.name, message.state, message.choice, message.error,
                  array_agg(DISTINCT alert.state) AS alerts
           FROM notifications.message JOIN registry.officer ON officer.id = message.officer
           JOIN notifications.alert ON alert.message = message.id GROUP BY message.id, officer.id ORDER BY 1"""
    )
    return {row["name"]: dict(row) for row in rows}


async def message_of(field, name):
    return await field.pool.fetchval(
        "SELECT message.id FROM notifications.message JOIN registry.officer ON officer.id = officer WHERE name = $1",
        name,
    )


async def test_the_digest_names_each_late_unit_on_a_line_of_its_own(field, worker, server):
    await worker.deliver([await message_of(field, "Bình")])
    mail = server.kept[0]
    lines = [
        line
        for line in mail.get_body(("plain",)).get_content().splitlines()
        if line.startswith("- ") and "late" in line
    ]
    assert len(lines) == 23
    assert (
        len([line for line in lines if "Xã Yên Vượng (06412)" in line and "1 day late" in line and "An" in line]) == 1
    )
    assert len([line for line in lines if "none known" in line]) == 22
    assert mail["To"] == "binh@example.vn"
    assert "Huyện Hữu Lũng" in mail["Subject"]
    assert mail["Auto-Submitted"] == "auto-generated"
    assert mail["Message-ID"] == f"<{await message_of(field, 'Bình')}@kip.example.vn>"


async def test_the_notice_is_vietnamese_and_goes_to_the_first_channel_that_can_be_used(field, worker, server):
    await worker.deliver([await message_of(field, "An")])
    mail = server.kept[0]
    assert mail["To"] == "an@example.vn"
    assert "Báo cáo quá hạn" in mail["Subject"]
    assert "hạn 17:00 16/03/2023" in mail.get_body(("plain",)).get_content()
    assert (await states(field))["An"]["state"] == "sent"
    assert (await states(field))["An"]["alerts"] == ["sent"]


async def test_a_message_that_is_delivered_many_times_at_once_is_sent_once(field, worker, server):
    message = await message_of(field, "An")
    await asyncio.gather(*(worker.deliver([message]) for _ in range(10)))
    await worker.deliver([message])
    assert len(server.kept) == 1


async def test_a_worker_that_is_quicker_than_the_sweeps_own_note_waits_for_it(field, worker, server):
    message = await message_of(field, "Bình")
    async with field.pool.acquire() as sweeping, sweeping.transaction():
        await message_store.published(sweeping, [message])
        delivering = asyncio.create_task(worker.deliver([message]))
        await asyncio.sleep(0.2)  # the worker stands at the row that the sweep holds
    await delivering
    assert len(server.kept) == 1


async def test_a_temporary_refusal_is_tried_again_with_the_same_message_id(field, worker, server):
    server.answers = ["451 try later"]
    message = await message_of(field, "An")
    await worker.deliver([message])
    assert (await states(field))["An"]["state"] == "waiting"
    assert (await states(field))["An"]["error"] == "451 try later"
    await worker.deliver([message])  # a repeat on the queue, before its time
    assert server.kept == []
    await field.pool.execute("UPDATE notifications.message SET act_at = now()")
    await worker.deliver([message])
    assert [mail["Message-ID"] for mail in server.kept] == [f"<{message}@kip.example.vn>"]
    assert (await states(field))["An"]["state"] == "sent"


async def test_a_permanent_refusal_falls_back_to_the_next_channel_and_then_stays_failed(field, worker, server):
    server.refused = {"an@example.vn": "550 no such mailbox", "an@other.vn": "553 neither"}
    message = await message_of(field, "An")
    await worker.deliver([message])
    assert (await states(field))["An"]["choice"] == 1
    await worker.deliver([message])
    assert (await states(field))["An"] == {
        "name": "An", "state": "failed", "choice": 1, "error": "553 neither", "alerts": ["failed"]
    }  # fmt: skip


async def test_a_server_that_is_away_is_no_reason_to_give_up_at_once(field, worker, server):
    await server.stop()
    server_port = server.port
    message = await message_of(field, "An")
    await worker.deliver([message])
    assert (await states(field))["An"]["state"] == "waiting"
    server.port = server_port
    await server.start()
    await field.pool.execute("UPDATE notifications.message SET act_at = now()")
    await worker.deliver([message])
    assert (await states(field))["An"]["state"] == "sent"


async def test_a_connection_that_ends_after_acceptance_is_the_documented_repeat_and_carries_the_same_id(
    field, worker, server
):
    server.drop_after_acceptance = 1
    message = await message_of(field, "An")
    await worker.deliver([message])
    assert (await states(field))["An"]["state"] == "waiting"
    await field.pool.execute("UPDATE notifications.message SET act_at = now()")
    await worker.deliver([message])
    assert len(server.kept) == 2
    assert len({mail["Message-ID"] for mail in server.kept}) == 1


async def test_what_was_answered_between_claim_and_send_is_not_told(field, worker, server):
    await field.take(answer(accepted="2023-03-17 07:59"), now="2023-03-17 08:00")
    await worker.deliver([await message_of(field, "An")])
    await worker.deliver([await message_of(field, "Bình")])
    assert [mail["To"] for mail in server.kept] == ["binh@example.vn"]
    assert "Yên Vượng" not in server.kept[0].get_body(("plain",)).get_content()
    found = await states(field)
    assert (found["An"]["state"], found["An"]["alerts"]) == ("cancelled", ["cancelled"])
    assert (found["Bình"]["state"], sorted(found["Bình"]["alerts"])) == ("sent", ["cancelled", "sent"])


async def test_a_worker_that_died_while_it_sent_is_replaced_when_its_lease_has_ended(field, worker, server):
    message = await message_of(field, "An")
    await field.pool.execute(
        "UPDATE notifications.message SET state = 'sending', act_at = now() + interval '1 minute' WHERE id = $1",
        message,
    )
    await worker.deliver([message])
    assert server.kept == []
    await field.pool.execute("UPDATE notifications.message SET act_at = now() WHERE id = $1", message)
    await worker.deliver([message])
    assert len(server.kept) == 1


async def test_connections_are_kept_and_a_stale_one_is_noticed(field, server, monkeypatch):
    monkeypatch.setattr("services.notifications.channels.email._IDLE_SECONDS", 0.0)
    channel = EmailChannel(f"smtp://127.0.0.1:{server.port}", "kip@kip.example.vn")
    worker = make_delivery(field, channel)
    await worker.deliver([await message_of(field, "An")])
    await worker.deliver([await message_of(field, "Bình")])
    assert len(server.kept) == 2
    assert server.sessions == 1
    await worker.stop()
    await channel.close()


async def test_an_unknown_message_or_a_foreign_body_does_nothing(field, worker, server):
    await worker.deliver([uuid4()])
    with pytest.raises(ValueError, match="Expecting"):
        await worker.handle(b"nonsense")
    assert server.kept == []


async def test_attempts_have_an_end(field, worker, server, monkeypatch):
    monkeypatch.setattr(delivery_module, "ATTEMPTS", 2)
    server.answers = ["451 later"] * 10
    message = await message_of(field, "Bình")
    for _ in range(2):
        await worker.deliver([message])
        await field.pool.execute("UPDATE notifications.message SET act_at = now() WHERE act_at IS NOT NULL")
    found = (await states(field))["Bình"]
    assert (found["state"], found["error"]) == ("failed", "451 later")
