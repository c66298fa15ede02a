"""The page behind a message that names more than one page holds."""

import pytest

from services.notifications.pages.page_store import MOST_OBLIGATIONS, MOST_PROBLEMS
from tests.notifications.field import at
from tests.notifications.officer_pages import NOW, browser, huu_lung, own_page

# Of other months, due before the one that the message named, and received since.
MORE_OBLIGATIONS = """
    WITH more AS (
        INSERT INTO notifications.obligation (programme, report, period, unit, agency, level, due_at, state)
        SELECT programme, report, to_char(date '2001-01-01' + number * interval '1 month', 'YYYY-MM'), unit, agency,
               level, due_at - interval '1 day', 'late_met'
        FROM notifications.obligation, generate_series($3::integer, $4::integer) AS number WHERE id = $1
        RETURNING id
    )
    INSERT INTO notifications.alert
           (obligation, cycle, step, occurrence, unit, officer, message, state, reason, made_at)
    SELECT more.id, cycle, step, occurrence, alert.unit, officer, message, 'sent', reason, made_at
    FROM notifications.alert, more WHERE obligation = $1 AND message = $2
"""
# The first of all is resolved.
MORE_PROBLEMS = """
    WITH more AS (
        INSERT INTO notifications.problem (programme, province, sender, record, unit, agency, state, text, raised_at,
                                           changed_at, source, event, to_tell)
        SELECT 'ecd-1437', '20@2', 'app', number::text, '06412@1', 'ubnd-xa',
               CASE number WHEN 1 THEN 'resolved' ELSE 'raised' END, 'thiếu sữa ' || number,
               $2::timestamptz + number * interval '1 second', $2, '/app', number::text, false
        FROM generate_series($3::integer, $4::integer) AS number
        RETURNING id
    )
    INSERT INTO notifications.alert (problem, cycle, step, occurrence, unit, officer, message, state, reason, made_at)
    SELECT more.id, 1, 'problem-raised', 1, message.unit, officer, message.id, 'sent', 'raised', $2
    FROM notifications.message, more WHERE message.id = $1
"""


@pytest.fixture
async def field(pool, registry):
    return await huu_lung(pool, registry)


@pytest.mark.parametrize(
    ("language", "reports", "problems"),
    [
        ("vi", "Thư còn nêu 102 báo cáo khác không hiển thị tại đây", "Còn 2 vướng mắc khác không hiển thị tại đây"),
        ("en", "This message names 102 more that are not shown here", "2 more are not shown here"),
    ],
)
async def test_what_a_page_does_not_show_is_counted_and_acknowledged_with_the_rest(field, language, reports, problems):
    await field.pool.execute("UPDATE registry.officer SET language = $1", language)
    own = (await field.obligation())["id"]
    message, officer = await field.pool.fetchrow(
        "SELECT message, officer FROM notifications.alert WHERE obligation = $1 AND message IS NOT NULL", own
    )
    page = own_page(officer, message)
    async with browser(field) as client:
        await field.pool.execute(MORE_PROBLEMS, message, at(NOW), 1, MOST_PROBLEMS)
        await field.pool.execute(MORE_OBLIGATIONS, own, message, 2, MOST_OBLIGATIONS)
        whole = (await client.get(page)).text
        await field.pool.execute(MORE_PROBLEMS, message, at(NOW), MOST_PROBLEMS + 1, MOST_PROBLEMS + 2)
        await field.pool.execute(MORE_OBLIGATIONS, own, message, MOST_OBLIGATIONS + 1, MOST_OBLIGATIONS + 102)
        part = (await client.get(page)).text
        await client.post(page, data={"action": "acknowledge", "until": "2023-03-22"})
    assert [text.count("<li>") for text in (whole, part)] == [MOST_OBLIGATIONS + MOST_PROBLEMS] * 2
    assert [(reports in text, problems in text) for text in (whole, part)] == [(False, False), (True, True)]
    assert ["thiếu sữa 1<" in text for text in (whole, part)] == [True, False]  # resolved: the first to give way
    assert all("2023" in text for text in (whole, part))  # what is still owed never does
    acknowledged = await field.pool.fetchval("SELECT count(*) FROM notifications.acknowledgement")
    assert acknowledged == MOST_OBLIGATIONS + 102
