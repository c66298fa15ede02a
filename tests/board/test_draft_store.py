"""Drafts and submissions in a real database: nothing is overwritten in silence, and handing in twice is once."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from services.board.report.draft import Answers, FigureAnswer, ProblemAnswer
from services.board.report.draft_store import (
    Claim,
    HandedIn,
    ReportKey,
    StaleDraftError,
    accept_submission,
    claim_submission,
    find_submission,
    handed_in_of,
    keep_draft,
    last_answers,
    list_submissions,
    open_draft,
    refuse_submission,
)
from shared.database.connections import Pool, close_pool, open_pool
from shared.domain.obligation_name import ObligationName

KEY = ReportKey("ecd-1437", "progress-quarterly", "06412@1", "ubnd-xa", "2023-Q1")
NOW = datetime(2023, 3, 15, 1, tzinfo=UTC)
FIGURE = Answers(figures={"child-service-access/2023-Q1": FigureAnswer(typed={"numerator": "1 412"})})
CLAIM = Claim(1, 2, f"{'~'.join(KEY)}~0", FIGURE, '[{"id": "a"}]', "12.0", "3f9c0a1b", NOW)


@pytest.fixture
async def pool(district_database: str) -> AsyncIterator[Pool]:
    opened = await open_pool(district_database, size=4, application_name="kip-tests")
    yield opened
    await close_pool(opened)


async def with_figure(pool: Pool) -> None:
    async with pool.acquire() as connection:
        draft = await open_draft(connection, KEY, "12.0", NOW)
        await keep_draft(connection, KEY, draft.version, FIGURE, "12.0", NOW)


async def test_what_was_typed_is_there_again_as_it_was_typed(pool: Pool) -> None:
    await with_figure(pool)
    async with pool.acquire() as connection:
        draft = await open_draft(connection, KEY, "13.0", NOW)
        other = await open_draft(connection, KEY._replace(period="2023-Q2"), "12.0", NOW)
    assert (draft.number, draft.version, draft.answers, draft.officer) == (1, 2, FIGURE, "12.0")
    assert other.answers == Answers()


async def test_looking_at_a_report_writes_nothing(pool: Pool) -> None:
    async with pool.acquire() as connection:
        draft = await open_draft(connection, KEY, "12.0", NOW)
        assert (draft.number, draft.version, draft.answers) == (1, 1, Answers())
        assert await connection.fetchval("SELECT count(*) FROM board.draft") == 0


async def test_two_tabs_do_not_overwrite_each_other(pool: Pool) -> None:
    await with_figure(pool)
    async with pool.acquire() as connection:
        with pytest.raises(StaleDraftError):
            await keep_draft(connection, KEY, 1, Answers(), "12.0", NOW)
        assert (await open_draft(connection, KEY, "12.0", NOW)).answers == FIGURE


async def test_many_tabs_at_once_keep_one_change_each_version(pool: Pool) -> None:
    await with_figure(pool)

    async def keep() -> bool:
        async with pool.acquire() as connection:
            try:
                await keep_draft(connection, KEY, 2, Answers(), "12.0", NOW)
            except StaleDraftError:
                return False
            return True

    assert sum(await asyncio.gather(*(keep() for _ in range(8)))) == 1


async def test_handing_in_twice_at_once_is_one_submission(pool: Pool) -> None:
    await with_figure(pool)

    async def claim(events: str) -> str | None:
        async with pool.acquire() as connection:
            return (await claim_submission(connection, KEY, replace(CLAIM, events=events))).events

    claimed = await asyncio.gather(*(claim(f'[{{"id": "{number}"}}]') for number in range(8)))
    assert len(set(claimed)) == 1
    async with pool.acquire() as connection:
        assert len(await list_submissions(connection, KEY)) == 1


async def test_what_was_taken_is_handed_in_no_more_and_the_next_draft_is_empty(pool: Pool) -> None:
    await with_figure(pool)
    async with pool.acquire() as connection:
        await claim_submission(connection, KEY, CLAIM)
        for _ in range(2):
            await accept_submission(connection, KEY, 1, NOW)
        again = await claim_submission(connection, KEY, CLAIM)
        draft = await open_draft(connection, KEY, "12.0", NOW)
    assert (again.number, again.events, again.accepted_at, again.answers) == (1, None, NOW, FIGURE)
    assert (draft.number, draft.version, draft.answers) == (2, 3, Answers())


async def test_each_figure_s_last_accepted_answer_is_found_behind_any_number_of_corrections(pool: Pool) -> None:
    other, absent = FigureAnswer(typed={"numerator": "7"}), FigureAnswer(absent=True)
    answers = [Answers(figures={"a": absent, "b": other}), *[Answers(figures={"b": absent})] * 25, Answers(), FIGURE]
    async with pool.acquire() as connection:
        for number, answer in enumerate(answers, 1):
            draft = await open_draft(connection, KEY, "12.0", NOW)
            await claim_submission(
                connection, KEY, replace(CLAIM, number=number, version=draft.version, answers=answer)
            )
            settle = refuse_submission if answer is FIGURE else accept_submission
            await settle(connection, KEY, number, NOW)
        found = {figure: (last.answer, last.number) for figure, last in (await last_answers(connection, KEY)).items()}
        assert found == {"a": (absent, 1), "b": (absent, 26)}
        assert await last_answers(connection, KEY._replace(period="2023-Q2")) == {}


async def test_what_is_typed_while_a_submission_is_under_way_stays_a_draft(pool: Pool) -> None:
    await with_figure(pool)
    later = Answers(figures={"child-service-access/2023-Q1": FigureAnswer(typed={"numerator": "1413"})})
    async with pool.acquire() as connection:
        await claim_submission(connection, KEY, CLAIM)
        await keep_draft(connection, KEY, 2, later, "12.0", NOW)
        await accept_submission(connection, KEY, 1, NOW)
        draft = await open_draft(connection, KEY, "12.0", NOW)
    assert (draft.number, draft.answers) == (2, later)


async def test_what_was_refused_goes_on_under_another_number(pool: Pool) -> None:
    await with_figure(pool)
    async with pool.acquire() as connection:
        await claim_submission(connection, KEY, CLAIM)
        await refuse_submission(connection, KEY, 1, NOW)
        draft = await open_draft(connection, KEY, "12.0", NOW)
        refused = await find_submission(connection, KEY, 1)
        made = await claim_submission(connection, KEY, replace(CLAIM, number=2, version=draft.version))
    assert refused is not None
    assert (refused.refused_at, refused.events) == (NOW, None)
    assert (draft.number, draft.answers, made.number, made.events) == (2, FIGURE, 2, CLAIM.events)


async def test_a_draft_that_was_changed_meanwhile_is_not_handed_in(pool: Pool) -> None:
    await with_figure(pool)
    async with pool.acquire() as connection:
        with pytest.raises(StaleDraftError):
            await claim_submission(connection, KEY, replace(CLAIM, version=1))
        assert await list_submissions(connection, KEY) == []


async def test_what_a_problem_says_is_kept_only_until_it_is_handed_in(pool: Pool) -> None:
    await with_figure(pool)
    text = "Thiếu cân trẻ em"
    answers = FIGURE.with_problem(ProblemAnswer(record="p-1", typed={"text": text}))
    async with pool.acquire() as connection:
        await keep_draft(connection, KEY, 2, answers, "12.0", NOW)
        await claim_submission(connection, KEY, replace(CLAIM, version=3, answers=answers, events=f'["{text}"]'))
        await accept_submission(connection, KEY, 1, NOW)
        kept = await connection.fetchval(
            "SELECT string_agg(draft::text || submission::text, '') FROM board.draft, board.submission"
        )
    assert "06412@1" in kept
    assert text not in kept


async def test_the_last_that_intake_took_is_found_of_many_reports(pool: Pool) -> None:
    name, other = (ObligationName(*KEY._replace(period=period), 3) for period in ("2023-Q1", "2023-Q2"))
    found = []
    async with pool.acquire() as connection:
        for number in (1, 2, 3):
            draft = await open_draft(connection, KEY, "12.0", NOW)
            claim = replace(CLAIM, number=number, version=draft.version)
            await claim_submission(connection, KEY, claim)
            found.append(await handed_in_of(connection, [name, other]))
            if number < 3:
                await accept_submission(connection, KEY, number, NOW + timedelta(hours=number))
            else:
                await refuse_submission(connection, KEY, number, NOW)
        found.append(await handed_in_of(connection, [name, other]))
        assert await handed_in_of(connection, [other]) == await handed_in_of(connection, []) == {}
    first, second = HandedIn(1, NOW + timedelta(hours=1)), HandedIn(2, NOW + timedelta(hours=2))
    assert found == [{}, {str(name): first}, {str(name): second}, {str(name): second}]
