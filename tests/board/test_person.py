"""`kip person export|erase` on the board: what a person has typed and opened is handed out, and ends with them."""

import asyncio
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

import pytest
from click.testing import Result
from typer.testing import CliRunner

from cli.main import app
from deploy.local.passwords import service_urls
from services.board.access import act_store, invitation_store, session_store
from services.board.access.session_store import Session
from services.board.report.draft import Answers, FigureAnswer, ProblemAnswer
from services.board.report.draft_store import (
    Claim,
    Draft,
    ReportKey,
    StaleDraftError,
    accept_submission,
    claim_submission,
    find_submission,
    keep_draft,
    open_draft,
)
from services.notifications import person_store
from shared.database.connections import Connection, Pool, close_pool, open_pool
from shared.registry.officer_store import every_officer, revoke, write_officers
from shared.registry.officers import Officer

NAME, MAIL = "Vương Thị Độc Nhất", "doc.nhat@b.vn"
COLLEAGUE, THEIRS = "Lò Văn Xuân", "xuan@b.vn"
MARKS = ("Độc Nhất", "doc.nhat", "đ***@b.vn", "vì lũ", "thiếu cân")
NOW = datetime(2023, 3, 20, 1, tzinfo=UTC)
Q1 = ReportKey("ecd-1437", "progress-quarterly", "06412@1", "ubnd-xa", "2023-Q1")
Q2, Q3, Q4 = (Q1._replace(period=f"2023-Q{quarter}") for quarter in (2, 3, 4))
FIGURE = FigureAnswer(typed={"numerator": "412", "denominator": "530"}, reasons={"denominator_changed": "vì lũ"})
TYPED = Answers(
    figures={"child-service-access/2023-Q1": FIGURE, "parenting-skills/2023-Q1": FigureAnswer(absent=True)},
    problems=(ProblemAnswer(record="3f9c", typed={"text": f"Trạm y tế thiếu cân, {NAME} đã hỏi"}),),
)
EVENTS = json.dumps([{"id": "a", "text": f"{NAME}: thiếu cân"}], ensure_ascii=False)


@dataclass
class Place:
    """A database with two officers of one office, and what the board keeps of them."""

    pool: Pool
    person: Officer
    colleague: Officer

    async def typed(self, key: ReportKey, by: Officer, answers: Answers = TYPED) -> Draft:
        async with self.pool.acquire() as connection:
            draft = await open_draft(connection, key, by.ref, NOW)
            return await keep_draft(connection, key, draft.version, answers, by.ref, NOW)

    async def claimed(self, key: ReportKey, by: Officer) -> None:
        draft = await self.typed(key, by)
        claim = Claim(draft.number, draft.version, f"{'~'.join(key)}~0", draft.answers, EVENTS, by.ref, "3f9c0a1b", NOW)
        async with self.pool.acquire() as connection:
            await claim_submission(connection, key, claim)

    async def handed_in(self, key: ReportKey, by: Officer) -> None:
        await self.claimed(key, by)
        async with self.pool.acquire() as connection:
            await accept_submission(connection, key, 1, NOW)

    async def draft(self, key: ReportKey) -> Draft:
        async with self.pool.acquire() as connection:
            return await open_draft(connection, key, "0.0", NOW)

    async def marked(self) -> set[str]:
        """The board's tables in which something of the person stands, in any row and column."""
        tables = ("session", "invitation", "act", "draft", "submission")
        texts = {name: await self.pool.fetchval(f"SELECT string_agg(t::text, '') FROM board.{name} t")  # noqa: S608
                 for name in tables}  # fmt: skip
        return {name for name, text in texts.items() if any(mark in (text or "") for mark in MARKS)}


@pytest.fixture
async def place(district_database: str, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Place]:
    monkeypatch.setenv("KIP_DATABASE_URL", service_urls(district_database)["operator"])
    monkeypatch.setenv("KIP_AMQP_URL", "amqp://unused")
    pool = await open_pool(district_database, size=4, application_name="kip-test")
    async with pool.acquire() as connection:
        await write_officers(connection, [
            Officer(NAME, "Chủ tịch", "06412@1", "ubnd-xa", (f"email:{MAIL}",)),
            Officer(COLLEAGUE, "Công chức", "06412@1", "ubnd-xa", (f"email:{THEIRS}",)),
        ])  # fmt: skip
        colleague, person = sorted(await every_officer(connection), key=lambda one: one.name)
        for one in (person, colleague):
            await entered(connection, one)
    yield Place(pool, person, colleague)
    await close_pool(pool)


async def entered(connection: Connection, officer: Officer) -> None:
    """A verified device, a link of an operator's, and an act."""
    secret = officer.ref.encode().rjust(32, b"0")
    until = NOW + timedelta(days=30)
    session = Session(secret, officer.ref, "3f9c0a1b", (), None, None, until, until)
    await session_store.insert(connection, session, NOW)
    await connection.execute("UPDATE board.session SET code_sent_to = 'đ***@b.vn' WHERE hash = $1", secret)
    await invitation_store.add(connection, secret, officer.ref, verified=False, now=NOW)
    await act_store.note(connection, NOW, officer.ref, "3f9c0a1b", "enter")


async def kip(*words: str) -> Result:
    return await asyncio.to_thread(lambda: CliRunner().invoke(app, ["person", *words]))


async def test_an_export_has_what_was_typed_handed_in_and_opened_and_no_secret(place: Place) -> None:
    await place.handed_in(Q1, place.person)
    await place.typed(Q2, place.person)
    await place.typed(Q3, place.colleague)
    async with place.pool.acquire() as connection:
        await revoke(connection, place.person.id)
        await entered(connection, replace(place.person, generation=1))
    (row,) = json.loads((await kip("export", MAIL)).stdout)["officers"]
    board = row["board"]
    assert [(session["officer"], session["device"]) for session in board["sessions"]] == [
        (f"{place.person.id}.{generation}", "3f9c0a1b") for generation in (0, 1)
    ]
    assert [len(board[part]) for part in ("invitations", "acts", "drafts", "submissions")] == [2, 2, 2, 1]
    (empty, draft), (submission,) = board["drafts"], board["submissions"]
    assert (empty["period"], empty["answers"]) == ("2023-Q1", {}), "handed in"
    assert (draft["period"], draft["answers"]["problems"][0]["typed"]) == ("2023-Q2", TYPED.problems[0].typed)
    assert submission["answers"]["figures"]["child-service-access/2023-Q1"]["reasons"] == FIGURE.reasons
    assert datetime.fromisoformat(submission["accepted_at"]) == NOW
    assert not [name for part in board.values() for entry in part for name in entry if name in {"hash", "secret"}]


async def test_erasing_ends_devices_and_drafts_and_leaves_what_was_handed_in(place: Place) -> None:
    await place.handed_in(Q1, place.person)
    await place.typed(Q2, place.person)
    await place.claimed(Q3, place.person)
    await place.handed_in(Q4, place.colleague)
    before = await place.draft(Q2)
    assert await place.marked() == {"session", "draft", "submission"}
    done = await kip("erase", MAIL, "--yes")
    assert done.exit_code == 0, done.output
    assert "erased on the board: 1 sessions, 1 links of operators, 2 drafts, the reasons in 2 submissions; 1 that" in (
        done.stdout
    )
    for table in ("session", "invitation"):
        left = await place.pool.fetch(f"SELECT officer FROM board.{table}")  # noqa: S608
        assert [row["officer"] for row in left] == [place.colleague.ref]
    acts = await place.pool.fetch("SELECT officer FROM board.act ORDER BY id")
    assert [row["officer"] for row in acts] == [place.person.ref, place.colleague.ref], "the audit stays, by number"
    async with place.pool.acquire() as connection:
        counted, unanswered, theirs = [await find_submission(connection, key, 1) for key in (Q1, Q3, Q4)]
        with pytest.raises(StaleDraftError):
            await keep_draft(connection, Q2, before.version, TYPED, place.colleague.ref, NOW)
    assert counted is not None
    assert unanswered is not None
    assert theirs is not None
    assert (counted.accepted_at, counted.officer) == (NOW, place.person.ref)
    assert counted.answers.figures == {
        "child-service-access/2023-Q1": FIGURE.model_copy(update={"reasons": {}}),
        "parenting-skills/2023-Q1": FigureAnswer(absent=True),
    }
    assert (unanswered.events, unanswered.accepted_at, unanswered.refused_at is None) == (None, None, False)
    assert theirs.answers.figures["child-service-access/2023-Q1"].reasons == FIGURE.reasons, "a colleague's stay"
    drafts = [await place.draft(key) for key in (Q2, Q3)]
    assert [draft.answers for draft in drafts] == [Answers(), Answers()]
    assert [draft.number for draft in drafts] == [1, 2], "no number is used twice"


async def test_what_a_colleague_typed_quotes_an_erased_person_no_more(place: Place) -> None:
    await place.typed(Q1, place.colleague)
    await place.claimed(Q2, place.colleague)
    before = await place.draft(Q1)
    done = await kip("erase", MAIL, "--yes")
    assert done.exit_code == 0, done.output
    assert "erased: what quoted them in 2 rows of board.draft" in done.stdout
    assert "still there: 1 rows of board.submission hold an event's own text" in done.stdout
    draft = await place.draft(Q1)
    assert draft.answers.problems[0].typed == {"text": "Trạm y tế thiếu cân, ••• đã hỏi"}
    assert draft.answers.figures == TYPED.figures
    assert draft.version > before.version, "a page that is open doesn't write it back"


@pytest.mark.parametrize("removed", [False, True])
async def test_an_erasure_that_breaks_off_is_finished_by_the_next(
    place: Place, monkeypatch: pytest.MonkeyPatch, removed: bool
) -> None:
    await place.handed_in(Q1, place.person)
    await place.typed(Q2, place.person)
    await place.claimed(Q3, place.person)
    remove = person_store.remove

    async def breaks_off(connection: Connection, officer: Officer, operation: str) -> None:
        if removed:
            await remove(connection, officer, operation)
        raise ConnectionError

    with monkeypatch.context() as broken:
        broken.setattr(person_store, "remove", breaks_off)
        assert (await kip("erase", MAIL, "--yes")).exit_code != 0
    assert (await kip("erase", MAIL, "--yes")).exit_code == 0
    assert await place.marked() - {"session"} == set()
    assert await place.pool.fetchval("SELECT count(*) FROM board.session") == 1
