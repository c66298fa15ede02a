"""What may have been sent in the time that a restore has lost is kept back, and goes only when a person says so."""

from collections import Counter
from datetime import timedelta

import asyncpg
import pytest

from services.notifications.alerts import alert_store
from services.notifications.alerts.uncertain import LostTime, lost_time
from services.notifications.messages import uncertain_store
from services.notifications.obligations import change_store
from services.notifications.obligations.announcer import Announcer, first_revision
from shared.database.connections import Connection
from shared.domain.events import ObligationChanged
from shared.journal.account_store import AccountStore, Position
from shared.registry import restore_store
from shared.runtime.clock import SystemClock
from tests.notifications.field import BEFORE, Field, answer, at, limited
from tests.notifications.test_announcer import Sink
from tests.notifications.test_notices import deliver, others_report, problem

LOST = LostTime(at("2023-03-17 12:00"), first=True)


@pytest.fixture
async def field(pool, registry):
    """Hữu Lũng with an officer in Yên Vượng, one in the district and one in the province's lead department."""
    place = Field(pool, limited(registry, "186@1", "20@2"))
    await place.officer("An", "06412@1", "ubnd-xa")
    await place.officer("Bình", "186@1", "phong-ldtbxh-dt-huyen", "email:binh@example.vn")
    await place.officer("Cúc", "20@1", "so-ldtbxh", "email:cuc@example.vn")
    await place.sweep(BEFORE)
    await others_report(place)
    return place


async def states(field: Field) -> Counter[tuple[str, str, str]]:
    """How many alerts there are by (step, officer, state), about Yên Vượng."""
    rows = await field.pool.fetch(
        """SELECT step, officer.name, alert.state FROM notifications.alert
           LEFT JOIN notifications.obligation ON obligation.id = alert.obligation
           LEFT JOIN notifications.problem ON problem.id = alert.problem
           JOIN registry.officer ON officer.id = alert.officer
           WHERE COALESCE(obligation.unit, problem.unit) = '06412@1'"""
    )
    return Counter(tuple(row) for row in rows)


async def note_restore(field: Field) -> None:
    await field.pool.execute("SELECT registry.note_restore(now() - interval '1 day')")


async def send(field: Field) -> int:
    async with field.pool.acquire() as connection:
        return await uncertain_store.send(connection)


async def listed(field: Field) -> set[tuple[str, str, str]]:
    async with field.pool.acquire() as connection:
        rows = await uncertain_store.uncertain(connection)
    return {(row.step, row.unit, row.officer_ref) for row in rows}


async def test_what_was_due_before_the_restore_is_claimed_once_and_kept_back_and_the_rest_goes_out(field, server):
    await field.sweep("2023-03-17 13:30", lost=LOST)
    await field.sweep("2023-03-17 13:31", lost=LOST)
    kept = {("overdue", "An", "uncertain"): 1, ("parent-digest", "Bình", "uncertain"): 1}
    assert await states(field) == kept
    assert await deliver(field, server, "2023-03-17 13:31") == []
    assert {(step, unit) for step, unit, _ in await listed(field)} == {
        ("overdue", "06412@1"), ("parent-digest", "06412@1"), ("summary", "20@1"),
    }  # fmt: skip
    await field.sweep("2023-03-24 08:00", lost=LOST)
    later = await states(field) - Counter(kept)
    assert later
    assert {state for _, _, state in later} == {"queued"}


async def test_they_are_sent_when_a_person_says_so_unless_they_are_no_longer_true(field, server):
    await field.sweep("2023-03-17 13:30", lost=LOST)
    await field.take(answer(accepted="2023-03-17 14:00"), now="2023-03-17 14:00")
    assert await send(field) == 3
    assert await send(field) == 0
    await field.sweep("2023-03-17 14:01", lost=LOST)
    mails = await deliver(field, server, "2023-03-17 14:01")
    assert [mail[0] for mail in mails if "Yên Vượng" in mail[2] and "quá hạn" in mail[1]] == []
    assert (await states(field))["overdue", "An", "cancelled"] == 1


async def test_who_may_have_been_told_that_it_is_late_hears_that_it_came(field):
    await field.sweep("2023-03-17 13:30", lost=LOST)
    await field.take(answer(accepted="2023-03-17 14:00"), now="2023-03-17 14:00")
    await field.sweep("2023-03-17 14:01", lost=LOST)
    await field.sweep("2023-03-20 08:00", lost=LOST)
    found = await states(field)
    assert (found["received", "An", "queued"], found["received", "Bình", "queued"]) == (1, 1)


async def test_a_report_that_came_late_in_the_lost_time_is_confirmed_to_nobody_by_itself(field):
    await field.sweep("2023-03-17 08:00")
    await field.pool.execute("UPDATE notifications.alert SET state = 'sent' WHERE state = 'queued'")
    await field.take(answer(accepted="2023-03-17 10:00"), now="2023-03-17 13:00")
    await field.sweep("2023-03-17 13:30", lost=LOST)
    await field.sweep("2023-03-20 08:00", lost=LOST)
    found = await states(field)
    assert found["received", "An", "uncertain"] == 1  # due at once
    assert found["received", "Bình", "queued"] == 1  # due on the morning after the restore


async def test_problems_and_decisions_and_summaries_that_waited_may_have_been_told(field):
    await field.take(problem("raised"), now="2023-03-17 11:00")
    await field.sweep("2023-03-17 08:00")
    row = await field.obligation()
    await field.pool.execute("UPDATE notifications.problem SET to_tell = true")
    assert await change_store.waive(field.pool, row["id"], "key x", "giải thể", at("2023-03-17 10:00"))
    await field.pool.execute("DELETE FROM notifications.alert; DELETE FROM notifications.message")
    await field.sweep("2023-03-17 13:30", lost=LOST)
    found = await states(field)
    assert found["problem-raised", "Bình", "uncertain"] == 1
    assert found["waived", "An", "uncertain"] == 1
    await field.take(problem("raised", "p2"), now="2023-03-17 13:31")
    await field.sweep("2023-03-17 13:32", lost=LostTime(LOST.until, first=False))
    assert (await states(field))["problem-raised", "Bình", "queued"] == 1
    month = LostTime(at("2023-04-03 12:00"), first=True)
    await field.sweep("2023-04-03 13:30", lost=month)
    summaries = await field.pool.fetch("SELECT DISTINCT state FROM notifications.message WHERE occasion IS NOT NULL")
    assert [row["state"] for row in summaries] == ["uncertain"]
    assert "summary" in {step for step, _, _ in await listed(field)}


async def test_what_an_acknowledgement_kept_back_until_the_lost_time_may_have_been_sent(field):
    await field.sweep("2023-03-15 08:00")
    row = await field.obligation()
    officer = await field.pool.fetchval("SELECT id FROM registry.officer WHERE name = 'An'")
    async with field.pool.acquire() as connection:
        until = at("2023-03-20 08:00")
        await alert_store.acknowledge(connection, officer, "ecd-1437", [row["id"]], until, at("2023-03-15 09:00"))
    await field.sweep("2023-03-17 08:00")
    assert (await states(field))["overdue", "An", "muted"] == 1
    await field.sweep("2023-03-20 13:30", lost=LostTime(at("2023-03-20 12:00"), first=True))
    assert (await states(field))["overdue", "An", "uncertain"] == 1


async def test_a_restore_makes_uncertain_what_was_on_its_way_and_not_what_waits_for_later(field):
    await field.sweep("2023-03-17 08:00")
    await field.pool.execute(
        """UPDATE notifications.message SET not_before = now() + interval '1 day'
           FROM registry.officer WHERE officer.id = officer AND officer.name = 'Bình'"""
    )
    await note_restore(field)
    found = await states(field)
    assert (found["overdue", "An", "uncertain"], found["parent-digest", "Bình", "queued"]) == (1, 1)
    assert (await field.pool.fetchval("SELECT count(*) FROM notifications.message WHERE act_at IS NOT NULL")) == 1


async def test_until_the_replay_nothing_is_announced_or_audited_and_then_under_names_and_revisions_above_the_former(
    field,
):
    await field.sweep("2022-12-15 08:00")
    sink, account = Sink(), AccountStore("notifications")
    announcer = Announcer(field.pool, lambda: field.registry, SystemClock().now, sink, lambda _: None)
    await announcer.announce()
    former = {event["id"]: event["data"]["revision"] for _, event in sink.of("06412@1")}
    sink.bodies.clear()
    await note_restore(field)
    async with field.pool.acquire() as connection:
        assert await announcer.announce() == 0
        assert await account.lease(connection, "0" * 32, 60) is None
        await restore_store.begin(connection, 12, "0" * 32)
        await account.move(connection, Position(12, None))
        assert (await restore_store.awaited(connection)) is not None
        await restore_store.replayed(connection)
        assert (await restore_store.awaited(connection)) is None
        assert await account.lease(connection, "0" * 32, 60) == Position(12, None)
    assert await announcer.announce() == await field.pool.fetchval("SELECT count(*) FROM notifications.obligation")
    events = [event for _, event in sink.of("06412@1")]
    assert events
    assert not {event["id"] for event in events} & former.keys()
    for event in events:
        assert ObligationChanged.model_validate(event["data"]).revision > 1_000 * max(former.values())


def test_revisions_of_a_later_epoch_are_above_those_of_an_earlier_one_and_fit_an_event() -> None:
    assert first_revision(0) == 0
    second = 1_764_500_000_000
    assert first_revision(second + 60_000) - first_revision(second) == 60
    assert first_revision(3_700_000_000_000) < 2**31 - 1_000  # in 2087


async def test_an_instant_that_can_not_be_is_refused(field):
    with pytest.raises(asyncpg.CheckViolationError):
        await field.pool.execute("SELECT registry.note_restore(now() + interval '1 year')")


async def test_a_programme_that_changes_long_after_a_restore_finds_no_lost_time(field):
    await note_restore(field)
    async with field.pool.acquire() as connection:
        assert await until(connection) is None
        await restore_store.replayed(connection)
        assert await until(connection) is not None
        long_ago = restore_store.SETTLED_AFTER + timedelta(seconds=1)
        await connection.execute("UPDATE registry.restore SET replayed_at = replayed_at - $1::interval", long_ago)
        assert await until(connection) is None


async def until(connection: Connection) -> object:
    return await restore_store.lost_until(connection)


def test_the_first_sweep_after_a_restore_is_known_by_the_one_before_it() -> None:
    restored = at("2023-03-17 12:00")
    assert lost_time(None, restored) is None
    for swept, first in ((None, True), (at("2023-03-17 02:00"), True), (at("2023-03-17 12:01"), False)):
        assert lost_time(restored, swept) == LostTime(restored, first)
