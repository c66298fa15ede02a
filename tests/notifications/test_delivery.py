import asyncio
import json
from dataclasses import replace
from time import monotonic
from uuid import uuid4

import pytest
from faststream.exceptions import RejectMessage
from prometheus_client import REGISTRY
from structlog.testing import capture_logs

from services.notifications import read_store
from services.notifications.alerts import outgoing_store
from services.notifications.messages import worker as delivery_module
from services.notifications.messages.channels.email import EmailChannel
from services.notifications.messages.channels.esms import EsmsChannel
from services.notifications.messages.channels.pace import Pace
from services.notifications.messages.worker import backoff
from shared.runtime.clock import SystemClock
from tests.notifications.field import BEFORE, Field, answer, at, limited, working_delivery
from tests.notifications.http_server import HttpServer
from tests.notifications.zalo_server import zns_channel


class FixedClock:
    def now(self):
        return at("2023-03-17 08:00")


@pytest.fixture
async def field(pool, registry):
    """Hữu Lũng on the morning after its communes' deadline, with two messages claimed."""
    huu_lung = Field(pool, limited(registry, "186@1"))
    await huu_lung.officer("An", "06412@1", "ubnd-xa", "zalo:84912345678", "email:an@example.vn", "email:an@other.vn")
    await huu_lung.officer("Bình", "186@1", "phong-ldtbxh-dt-huyen", "email:binh@example.vn", language="en")
    await huu_lung.sweep(BEFORE)
    await huu_lung.sweep("2023-03-17 08:00")
    return huu_lung


def make_delivery(field, *channels):
    return working_delivery(field.pool, lambda: field.registry, FixedClock(), *channels)


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
        len(
            [
                line
                for line in lines
                if "commune, Xã Yên Vượng (06412)" in line and "1 day late" in line and "An" in line
            ]
        )
        == 1
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
    assert "hạn 17:00 ngày 16/03/2023" in mail.get_body(("plain",)).get_content()
    assert (await states(field))["An"]["state"] == "sent"
    assert (await states(field))["An"]["alerts"] == ["sent"]


async def test_who_has_left_the_programme_since_the_message_was_made_does_not_get_it(field, worker, server):
    await field.officer("An", "06412@1", "ubnd-xa", "email:an@example.vn", programmes=("nap-23",))
    await worker.deliver([await message_of(field, "An"), await message_of(field, "Bình")])
    assert [mail["To"] for mail in server.kept] == ["binh@example.vn"]
    assert [(await states(field))["An"][key] for key in ("state", "alerts")] == ["cancelled", ["cancelled"]]


async def test_a_message_that_is_delivered_many_times_at_once_is_sent_once(field, worker, server):
    message = await message_of(field, "An")
    await asyncio.gather(*(worker.deliver([message]) for _ in range(10)))
    await worker.deliver([message])
    assert len(server.kept) == 1


async def test_a_worker_that_is_quicker_than_the_sweeps_own_note_waits_for_it(field, worker, server):
    message = await message_of(field, "Bình")
    async with field.pool.acquire() as sweeping, sweeping.transaction():
        await outgoing_store.published(sweeping, [message])
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
    assert (await states(field))["An"]["choice"] == 2
    await worker.deliver([message])
    assert (await states(field))["An"] == {
        "name": "An", "state": "failed", "choice": 2, "error": "553 neither", "alerts": ["failed"]
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
    monkeypatch.setattr("services.notifications.messages.channels.email._IDLE_SECONDS", 0.0)
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
    for foreign in (b"nonsense", b"\xff", b"7", b"[7]", b'["x"]', b'{"a": 1}', b"null"):
        with pytest.raises(RejectMessage):
            await worker.handle(foreign)
    assert server.kept == []


async def test_what_fails_before_any_is_sent_leaves_the_messages_to_their_leases(field, worker, server, monkeypatch):
    async def fails(*_):
        await field.pool.execute("INSERT INTO registry.officer OVERRIDING SYSTEM VALUE SELECT * FROM registry.officer")

    message = await message_of(field, "An")
    with monkeypatch.context() as broken:
        broken.setattr(delivery_module, "gather", fails)
        with capture_logs() as logged:
            await worker.handle(json.dumps([str(message)]).encode())
    assert [line["event"] for line in logged] == ["messages.unsent"]
    assert logged[0]["reason"] == "UniqueViolationError (23505)"
    assert logged[0].keys() == {"event", "log_level", "messages", "reason"}, "no traceback: its text quotes the row"
    assert (await states(field))["An"]["state"] == "sending"
    assert server.kept == []


async def test_a_template_that_turns_hostile_where_no_sample_reached_it_is_postponed_and_harms_no_other(
    field, worker, server
):
    programme = field.registry.programmes["ecd-1437"]
    overdue = programme.messages["vi"]["overdue"]
    for evil in ("{{ officer.__class__.__mro__ }}", "{{ 1 / 0 }}", "{{ officer() }}"):
        texts = {
            **programme.messages["vi"],
            "overdue": overdue + "{% if officer.name == 'An' %}" + evil + "{% endif %}",
        }
        changed = programme.model_copy(update={"messages": {**programme.messages, "vi": texts}})
        field.registry = replace(field.registry, programmes={"ecd-1437": changed})
        await worker.deliver([await message_of(field, "An"), await message_of(field, "Bình")])
        found = await states(field)
        assert found["An"]["state"] == "waiting"
        assert "the text can't be written" in found["An"]["error"]
        await let_act(field)
    assert [mail["To"] for mail in server.kept] == ["binh@example.vn"]


async def test_attempts_have_an_end(field, worker, server, monkeypatch):
    monkeypatch.setattr(delivery_module, "ATTEMPTS", 2)
    server.answers = ["451 later"] * 10
    message = await message_of(field, "Bình")
    for _ in range(2):
        await worker.deliver([message])
        await field.pool.execute("UPDATE notifications.message SET act_at = now() WHERE act_at IS NOT NULL")
    found = (await states(field))["Bình"]
    assert (found["state"], found["error"]) == ("failed", "451 later")


def unhurried():
    return Pace(1000, monotonic)


def counted(channel, outcome):
    """Alerts of the step `overdue` so far, by its slug in the programme."""
    return sum(
        sample.value
        for metric in REGISTRY.collect()
        if metric.name == "kip_alerts"
        for sample in metric.samples
        if sample.name == "kip_alerts_total"
        and (sample.labels["channel"], sample.labels["outcome"]) == (channel, outcome)
    )


async def let_act(field):
    await field.pool.execute("UPDATE notifications.message SET act_at = now() WHERE act_at IS NOT NULL")


async def test_a_message_goes_from_zalo_by_sms_to_mail_and_then_to_the_dead_letters(field, server, monkeypatch):
    monkeypatch.setattr(delivery_module, "ATTEMPTS", 2)
    await field.pool.execute(
        "UPDATE registry.officer SET channels = $1 WHERE name = 'An'",
        ["zalo:84912345678", "sms:84912345678", "email:an@example.vn"],
    )
    server.refused = {"an@example.vn": "550 5.1.1 <an@example.vn>: no such mailbox"}
    message = await message_of(field, "An")
    before = {outcome: counted("email", outcome) for outcome in ("failed", "sent")}
    seen = []
    async with (
        HttpServer((200, {"error": -118, "message": "84912345678 has no account"})) as zalo,
        HttpServer((500, b""), "close") as esms,
    ):
        worker = make_delivery(
            field,
            zns_channel(zalo.url, unhurried),
            EsmsChannel("key", "secret", "KIP", url=esms.url, now=SystemClock().now, new_pace=unhurried),
            EmailChannel(f"smtp://127.0.0.1:{server.port}", "kip@kip.example.vn"),
        )
        with capture_logs() as logs:
            for _ in range(4):
                await worker.deliver([message])
                found = (await states(field))["An"]
                seen.append((found["state"], found["choice"]))
                await let_act(field)
            await worker.deliver([message])
        await worker.stop()
    # Zalo has no such account: on at once. eSMS may come back: twice. No such mailbox: nobody is left.
    assert seen == [("waiting", 1), ("waiting", 1), ("waiting", 2), ("failed", 2)]
    assert (len(zalo.requests), len(esms.requests)) == (1, 2)
    tracked = [json.loads(body) for _, _, body in zalo.requests + esms.requests]
    assert {body.get("tracking_id", body.get("RequestId")) for body in tracked} == {message.hex}
    dead = await read_store.alerts(
        field.pool, units=None, officer=None, step=None, since=None, after=0, limit=10, state="failed"
    )
    assert [(row.officer_name, row.channel, row.error) for row in dead] == [
        ("An", "email", "550 5.1.1 <a•••@example.vn>: no such mailbox")
    ]
    assert counted("email", "failed") == before["failed"] + 1
    assert counted("email", "sent") == before["sent"]
    said = json.dumps(logs, ensure_ascii=False, default=str)
    assert "no such mailbox" in said
    assert "has no account" in said
    assert "an@example.vn" not in said
    assert "912345678" not in said


async def test_a_provider_at_its_rate_holds_no_other_channel_and_costs_no_attempt(field, server):
    await field.pool.execute("UPDATE registry.officer SET channels = '{sms:84912345678}' WHERE name = 'An'")
    an, binh = await message_of(field, "An"), await message_of(field, "Bình")
    stopped = Pace(10, lambda: 0.0)
    stopped.rest(30.0)
    async with HttpServer((200, {"CodeResult": "100"})) as esms:
        worker = make_delivery(
            field,
            EsmsChannel("key", "secret", "KIP", url=esms.url, now=SystemClock().now, new_pace=lambda: stopped),
            EmailChannel(f"smtp://127.0.0.1:{server.port}", "kip@kip.example.vn"),
        )
        for _ in range(3):
            await worker.deliver([an, binh])
            row = await field.pool.fetchrow(
                """SELECT state, attempts, act_at - now() > interval '25 s' AS later
                   FROM notifications.message WHERE id = $1""",
                an,
            )
            assert tuple(row) == ("waiting", 0, True)
            await let_act(field)
        await worker.stop()
    assert esms.requests == []
    assert [mail["To"] for mail in server.kept] == ["binh@example.vn"]


def test_the_pause_grows_threefold_with_jitter_and_heeds_what_the_provider_asks():
    assert [backoff(tries, None, 0.5) for tries in range(1, 9)] == [2, 6, 18, 54, 162, 486, 1458, 1800]
    assert (backoff(3, None, 0.0), backoff(3, None, 1.0)) == (13.5, 22.5)
    assert backoff(1, 120.0, 0.5) == 120.0
    assert backoff(5, 120.0, 0.5) == 162.0
    assert backoff(1, 1e9, 0.5) == 1800.0
