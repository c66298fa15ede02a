"""What ends when an officer is removed, and what stays without their name."""

import asyncio
import json
from dataclasses import replace
from datetime import timedelta

import pytest

from services.notifications import person_store, read_store
from services.notifications.messages.channels.email import EmailChannel
from services.notifications.messages.retention import Retention
from shared.registry.officer_store import find_officer
from tests.notifications.field import BEFORE, Field, Fixed, answer, at, limited, working_delivery

MORNING = "2023-03-17 08:00"
COUNTS = ("SELECT count(*) FROM notifications.alert", "SELECT count(*) FROM notifications.message")
OF = "FROM notifications.message JOIN registry.officer ON officer.id = officer WHERE name = $1"


@pytest.fixture
async def field(pool, registry):
    """Hữu Lũng on the morning after its communes' deadline; Cúc stands in for An."""
    place = Field(pool, limited(registry, "186@1"))
    await place.officer("An", "06412@1", "ubnd-xa", deputy="Cúc")
    await place.officer("Cúc", "06412@1", "ubnd-xa")
    await place.officer("Bình", "186@1", "phong-ldtbxh-dt-huyen")
    await place.sweep(BEFORE)
    await place.sweep(MORNING)
    return place


def delivery(field, server, channel=None):
    made = channel or EmailChannel(f"smtp://127.0.0.1:{server.port}", "kip@kip.example.vn")
    return working_delivery(field.pool, lambda: field.registry, Fixed(at(MORNING)), made)


async def officer_of(field, name):
    id_ = await field.pool.fetchval("SELECT id FROM registry.officer WHERE name = $1", name)
    async with field.pool.acquire() as connection:
        return await find_officer(connection, id_)


async def remove(field, officer):
    async with field.pool.acquire() as connection:
        return await person_store.remove(connection, officer)


async def states(field, officer):
    rows = await field.pool.fetch(
        """SELECT message.state AS message, alert.state AS alert, act_at, error FROM notifications.message
           JOIN notifications.alert ON alert.message = message.id WHERE message.officer = $1""",
        officer.id,
    )
    return {tuple(row) for row in rows}


async def test_what_was_on_its_way_is_cancelled_and_the_history_stays_without_the_name(field, server):
    an = await officer_of(field, "An")
    before = [await field.pool.fetchval(count) for count in COUNTS]
    removed = await remove(field, an)
    assert (removed.messages, removed.in_hand) == (1, 0)
    assert await states(field, an) == {("cancelled", "cancelled", None, None)}
    assert before == [await field.pool.fetchval(count) for count in COUNTS]
    rows = await read_store.alerts(
        field.pool, units=None, officer=an.id, step=None, since=None, after=0, limit=10, programmes=None
    )
    assert {(row.officer, row.officer_name, row.channels) for row in rows} == {(an.id, None, None)}
    audited = await field.pool.fetch("SELECT operation, officer, unit, agency FROM registry.officer_audit")
    assert [tuple(row) for row in audited] == [("removed", an.id, "06412@1", "ubnd-xa")]
    again = await remove(field, an)
    assert (again.messages, again.deputy_of) == (0, [])


async def test_whoever_they_stood_in_for_has_no_deputy_any_more_unless_another_of_that_name_is_there(field):
    await field.officer("CÚC", "06412@1", "tram-yt")
    other, cuc = await officer_of(field, "CÚC"), await officer_of(field, "Cúc")
    assert (await remove(field, other)).deputy_of == []
    assert (await officer_of(field, "An")).deputy == "Cúc"
    assert (await remove(field, cuc)).deputy_of == ["An"]
    assert (await officer_of(field, "An")).deputy is None


class Slow:
    """A channel that waits, before what it sends counts, until the test lets it go."""

    kind = "email"

    def __init__(self):
        self.sent = []

    async def send(self, message):
        self.sent.append(message.officer)

    async def close(self):
        pass


async def test_a_message_that_a_worker_has_taken_is_not_sent_after_the_removal(field, server, monkeypatch):
    an, channel = await officer_of(field, "An"), Slow()
    worker = delivery(field, server, channel)
    fill = worker._filler.fill

    async def removed_meanwhile(texts):
        removed = await remove(field, an)
        assert removed.in_hand == 1
        return await fill(texts)

    monkeypatch.setattr(worker._filler, "fill", removed_meanwhile)
    message = await field.pool.fetchval(f"SELECT message.id {OF}", "An")
    await worker.handle(json.dumps([str(message)]).encode())
    await worker.stop()
    assert channel.sent == []
    assert await states(field, an) == {("cancelled", "cancelled", None, None)}


async def test_what_a_sweep_makes_for_an_officer_that_it_had_read_is_cancelled_by_the_worker(field, server):
    an = await officer_of(field, "An")
    late = await field.pool.fetchrow(f"SELECT message.* {OF}", "An")
    await field.pool.execute("DELETE FROM registry.officer WHERE id = $1", an.id)  # between the sweep's two halves
    worker = delivery(field, server)
    await worker.handle(json.dumps([str(late["id"])]).encode())
    await worker.stop()
    assert await states(field, an) == {("cancelled", "cancelled", None, None)}
    assert server.kept == []


async def test_no_sweep_wakes_what_an_acknowledgement_had_kept_back(field):
    cuc = await officer_of(field, "Cúc")
    await field.pool.execute(
        """UPDATE notifications.alert SET state = 'muted', message = NULL, wake_at = $2 WHERE officer = $1""",
        cuc.id, at("2023-03-20 08:00"),
    )  # fmt: skip
    await remove(field, cuc)
    muted = "SELECT state FROM notifications.alert WHERE officer = $1"
    assert {row[0] for row in await field.pool.fetch(muted, cuc.id)} == {"cancelled"}
    await field.sweep("2023-03-21 08:00")
    made = "SELECT count(*) FROM notifications.message WHERE officer = $1 AND made_at > $2"
    assert await field.pool.fetchval(made, cuc.id, at("2023-03-20 08:00")) == 0


async def test_removing_while_workers_send_ends_every_message_one_way_or_the_other(field, server):
    await asyncio.gather(*(field.officer(f"Đông {n}", "186@1", "ubnd-huyen", f"email:dong{n}@b.vn") for n in range(20)))
    await field.pool.execute("UPDATE notifications.obligation SET next_at = $1 WHERE state = 'overdue'", at(MORNING))
    await field.take(answer(accepted="2023-03-17 09:00"), now="2023-03-17 09:00")
    await field.sweep("2023-03-20 08:00")
    rows = await field.pool.fetch("SELECT id FROM notifications.message WHERE act_at IS NOT NULL")
    worker = delivery(field, server)
    here = [await officer_of(field, f"Đông {n}") for n in range(20)]
    bodies = [json.dumps([str(row["id"]) for row in rows]).encode()]
    await asyncio.gather(*(worker.handle(body) for body in bodies), *(remove(field, officer) for officer in here))
    await worker.stop()
    left = await field.pool.fetch(
        "SELECT state FROM notifications.message WHERE officer = ANY ($1)", [o.id for o in here]
    )
    assert {row["state"] for row in left} <= {"sent", "cancelled"}
    unfinished = "SELECT count(*) FROM notifications.message WHERE act_at IS NOT NULL AND officer = ANY ($1)"
    assert await field.pool.fetchval(unfinished, [officer.id for officer in here]) == 0


async def test_no_error_and_no_reason_of_a_removed_officer_is_kept(field):
    an = await officer_of(field, "An")
    alert = await field.pool.fetchval("SELECT id FROM notifications.alert WHERE officer = $1 LIMIT 1", an.id)
    await field.pool.execute(
        "UPDATE notifications.message SET state = 'failed', act_at = NULL, error = 'no An' WHERE officer = $1", an.id
    )
    for kind, subject in (("officer", an.id), ("alert", alert)):
        await field.pool.execute(
            """INSERT INTO notifications.aside (kind, subject, programme, unit, reason, died_at)
               VALUES ($1, $2, '', '', 'An is not readable', now())""",
            kind, str(subject),
        )  # fmt: skip
    await remove(field, replace(an))
    assert await field.pool.fetchval("SELECT count(*) FROM notifications.message WHERE error IS NOT NULL") == 0
    kept = await field.pool.fetch("SELECT reason, state FROM notifications.aside")
    assert {tuple(row) for row in kept} == {("the officer was removed", "dropped")}


async def test_what_a_provider_said_ends_after_a_year_and_what_waits_keeps_its_words(field):
    messages = [row["id"] for row in await field.pool.fetch("SELECT id FROM notifications.message ORDER BY id")]
    ages = {messages[0]: ("failed", 366), messages[1]: ("failed", 364), messages[2]: ("waiting", 366)}
    for message, (state, days) in ages.items():
        await field.pool.execute(
            """UPDATE notifications.message SET state = $2, error = 'said', made_at = $3,
                      act_at = CASE $2 WHEN 'waiting' THEN now() END WHERE id = $1""",
            message, state, at(MORNING) - timedelta(days=days),
        )  # fmt: skip
    for subject, state, days in (("1", "dropped", 366), ("2", "dropped", 364), ("3", "waiting", None)):
        settled = at(MORNING) - timedelta(days=days) if days else None
        await field.pool.execute(
            """INSERT INTO notifications.aside (kind, subject, programme, unit, reason, died_at, state, settled_at)
               VALUES ('obligation', $1, '', '', 'why', now(), $2, $3)""",
            subject, state, settled,
        )  # fmt: skip
    retention = Retention(field.pool, Fixed(at(MORNING)))
    await asyncio.gather(retention.run(), retention.run())
    kept = await field.pool.fetch("SELECT id FROM notifications.message WHERE error IS NOT NULL")
    assert {row["id"] for row in kept} == {messages[1], messages[2]}
    reasons = await field.pool.fetch("SELECT subject FROM notifications.aside WHERE reason <> '' ORDER BY subject")
    assert [row["subject"] for row in reasons] == ["2", "3"]


async def test_whoever_was_told_that_a_report_was_late_and_is_removed_leaves_no_vacancy_when_it_comes(field):
    await field.pool.execute("UPDATE notifications.alert SET state = 'sent' WHERE state = 'queued'")
    for name in ("An", "Cúc"):
        await remove(field, await officer_of(field, name))
    await field.take(answer(accepted="2023-03-17 09:00"), now="2023-03-17 09:00")
    await field.sweep("2023-03-20 08:00")
    obligation = (await field.obligation())["id"]
    received = "SELECT officer, state FROM notifications.alert WHERE obligation = $1 AND step = 'received'"
    assert (await field.obligation())["state"] == "late_met"
    binh = (await officer_of(field, "Bình")).id
    assert {row["officer"] for row in await field.pool.fetch(received, obligation)} == {binh}
