"""A unit hears that its deadline was extended or its report waived: from whom, until when, and not why."""

import pytest

from services.notifications import aside_store
from services.notifications.alerts import alert_store, decided_store
from services.notifications.obligations import change_store
from tests.notifications.field import BEFORE, Field, answer, at, limited
from tests.notifications.test_notices import deliver, told

UNTIL = "2023-03-22 17:00"
MANY = """
    WITH met AS (
        INSERT INTO notifications.obligation (programme, report, period, unit, agency, level, due_at, state)
        SELECT 'ecd-1437', 'x', number::text, '06412@1', 'ubnd-xa', 'commune', '2020-01-01', 'met'
        FROM generate_series(1, 20000) AS number RETURNING id
    )
    INSERT INTO notifications.change (obligation, revision, change, state, cycle, due_at, at)
    SELECT id, 1, 'met', 'met', 1, '2020-01-01', '2020-01-01' FROM met
"""


@pytest.fixture
async def field(pool, registry):
    """Hữu Lũng with an officer in Yên Vượng and one in the district."""
    place = Field(pool, limited(registry, "186@1", "20@2"))
    await place.officer("An", "06412@1", "ubnd-xa")
    await place.officer("Bình", "186@1", "ubnd-huyen", "email:binh@example.vn")
    await place.sweep(BEFORE)
    return place


async def test_a_unit_hears_of_its_extension_from_whom_until_when_and_not_why(field, server):
    await field.sweep("2023-03-17 08:00")
    await deliver(field, server, "2023-03-17 08:00")
    row = await field.obligation()
    decider = await field.pool.fetchval("SELECT id FROM registry.officer WHERE name = 'Bình'")
    by = f"officer {decider} of 186@1"
    assert await change_store.extend(field.pool, row["id"], at(UNTIL), by, "lũ lụt", at("2023-03-17 18:00"))
    await field.sweep("2023-03-17 18:01")  # after work
    assert await told(field, "extended") == []
    for _ in range(2):
        await field.sweep("2023-03-20 08:00")
    assert await told(field, "extended") == ["An"]
    ((name, subject, text),) = await deliver(field, server, "2023-03-20 08:00")
    assert (name, subject) == (
        "An", "[Đề án 1437] Được gia hạn báo cáo: UBND xã Yên Vượng (06412), hạn mới 17:00 ngày 22/03/2023"
    )  # fmt: skip
    assert "hạn mới 17:00 ngày 22/03/2023, do UBND huyện Hữu Lũng quyết định" in text
    assert "lũ lụt" not in text


async def test_a_unit_that_has_acknowledged_hears_of_its_waiver_by_an_operator(field, server):
    await field.sweep("2023-03-17 08:00")
    await deliver(field, server, "2023-03-17 08:00")
    row = await field.obligation()
    officer = await field.pool.fetchval("SELECT id FROM registry.officer WHERE name = 'An'")
    async with field.pool.acquire() as connection:
        await alert_store.acknowledge(
            connection, officer, "ecd-1437", [row["id"]], at("2023-03-30 08:00"), at("2023-03-17 09:00")
        )
    assert await change_store.waive(field.pool, row["id"], "key x", "giải thể", at("2023-03-17 10:00"))
    await field.sweep("2023-03-17 10:01")
    ((name, subject, text),) = await deliver(field, server, "2023-03-17 10:01")
    assert (name, subject) == ("An", "[Đề án 1437] Được miễn báo cáo: UBND xã Yên Vượng (06412)")
    assert "do cấp có thẩm quyền quyết định" in text
    assert "giải thể" not in text


@pytest.mark.parametrize("overtaken", ["report", "extension", "waiver"])
async def test_of_a_decision_that_is_overtaken_before_it_is_told_nobody_hears(field, server, overtaken):
    await field.sweep("2023-03-17 08:00")
    await deliver(field, server, "2023-03-17 08:00")
    row, evening = await field.obligation(), at("2023-03-17 18:00")
    assert await change_store.extend(field.pool, row["id"], at(UNTIL), "key x", "x", evening)
    if overtaken == "report":
        await field.take(answer(accepted="2023-03-17 19:00"), now="2023-03-17 19:00")
    elif overtaken == "extension":
        assert await change_store.extend(field.pool, row["id"], at("2023-03-24 17:00"), "key x", "x", evening)
    else:
        assert await change_store.waive(field.pool, row["id"], "key x", "x", evening)
    await field.sweep("2023-03-20 08:00")
    mails = [mail[1] for mail in await deliver(field, server, "2023-03-20 08:00") if mail[0] == "An"]
    known = "[Đề án 1437] Được {} báo cáo: UBND xã Yên Vượng (06412){}"
    assert mails == {
        "report": [], "extension": [known.format("gia hạn", ", hạn mới 17:00 ngày 24/03/2023")],
        "waiver": [known.format("miễn", "")],
    }[overtaken]  # fmt: skip


async def test_a_decision_that_can_t_be_told_waits_with_its_obligation_and_is_told_when_that_is_taken_up_again(
    field, server
):
    await field.sweep("2023-03-17 08:00")
    row = await field.obligation()
    assert await change_store.waive(field.pool, row["id"], "key x", "x", at("2023-03-17 08:30"))
    await field.pool.execute("UPDATE notifications.obligation SET unit = '99999@1' WHERE id = $1", row["id"])
    for time in ("09:00", "09:05"):
        await field.sweep(f"2023-03-17 {time}")
        asides = await field.pool.fetch("SELECT kind, state FROM notifications.aside")
        assert [tuple(aside) for aside in asides] == [("obligation", "waiting")]
    await field.pool.execute("UPDATE notifications.obligation SET unit = '06412@1' WHERE id = $1", row["id"])
    async with field.pool.acquire() as connection:
        numbers = await aside_store.numbers(connection)
        await aside_store.replay(connection, numbers, at("2023-03-17 09:10"), at("2023-03-17 09:10"))
    await field.sweep("2023-03-17 09:11")
    await field.sweep("2023-03-17 09:12")
    assert await told(field, "waived") == ["An"]


async def test_decisions_are_found_without_reading_what_nobody_decided(field):
    """Of a table that the server knows nothing of yet it believes that half of the changes wait to be told."""
    await field.pool.execute(MANY)
    plan = "\n".join(row[0] for row in await field.pool.fetch(f"EXPLAIN {decided_store.WAITING}"))
    assert "on obligation_pkey" in plan or "using obligation_pkey" in plan
    assert "Seq Scan on obligation" not in plan
