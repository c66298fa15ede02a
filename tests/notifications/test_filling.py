"""A programme's texts are filled in processes of their own: one that never ends costs its own message and no other."""

import asyncio
from dataclasses import replace

import pytest

from services.notifications.messages.filling import CHILDREN, Filler, TextError
from shared.programme.message_text import SAMPLE
from tests.hostile_texts import HEAD, HOSTILE
from tests.notifications.field import BEFORE, Field, limited, posting
from tests.notifications.mail_server import MailServer

SECONDS = 2.0  # the service allows more, and to wait for it proves nothing more
GOOD = HEAD + "{% for item in items %}- {{ item.unit_name }} {{ item.days_late|number }}\n{% endfor %}"


@pytest.fixture
async def filler():
    made = Filler(SECONDS)
    made.start()
    yield made
    await made.stop()


@pytest.mark.parametrize("kind", HOSTILE)
async def test_a_text_without_end_fails_and_those_beside_it_are_filled(filler, kind):
    hostile = HEAD + HOSTILE[kind]
    async with asyncio.timeout(150):
        jobs = [filler.fill([(hostile if place == 7 else GOOD, SAMPLE)]) for place in range(20)]
        ends = await asyncio.gather(*jobs, return_exceptions=True)
        again = await filler.fill([(GOOD, SAMPLE)])
    assert isinstance(ends.pop(7), TextError)
    assert {end[0].body for end in ends} == {again[0].body}
    assert "Xã Yên Vượng" in again[0].body


async def test_the_event_loop_turns_meanwhile(filler):
    turns = 0

    async def turn():
        nonlocal turns
        while True:
            await asyncio.sleep(0.01)
            turns += 1

    turning = asyncio.create_task(turn())
    with pytest.raises(TextError, match="longer than"):
        await filler.fill([(HEAD + HOSTILE["nested loops"], SAMPLE)])
    turning.cancel()
    assert turns > 20  # of 200 that there is time for


async def test_a_text_that_overran_is_refused_at_once_for_a_while_and_holds_nobody(filler):
    hostile = HEAD + HOSTILE["nested loops"]
    with pytest.raises(TextError):
        await filler.fill([(hostile, SAMPLE)])
    async with asyncio.timeout(60):  # a hundred times the two seconds otherwise
        ends = await asyncio.gather(*(filler.fill([(hostile, SAMPLE)]) for _ in range(100)), return_exceptions=True)
        assert all(isinstance(end, TextError) for end in ends)
        assert (await filler.fill([(GOOD, SAMPLE)]))[0].subject == "x"


async def test_a_call_that_is_cancelled_leaves_the_next_with_its_own_answer(filler):
    for _ in range(CHILDREN):
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(1):
                await filler.fill([(HEAD + HOSTILE["nested loops"], SAMPLE)])
    letters = await asyncio.gather(*(filler.fill([(f"Subject: {n}\n\nx", SAMPLE)]) for n in range(50)))
    assert [letter[0].subject for letter in letters] == [str(n) for n in range(50)]


async def test_a_hostile_programme_ends_as_failed_attempts_and_the_others_letters_go(pool, registry):
    field = Field(pool, limited(registry, "186@1"))
    await field.officer("An", "06412@1", "ubnd-xa", "email:an@example.vn")
    await field.officer("Bình", "186@1", "phong-ldtbxh-dt-huyen", "email:binh@example.vn")
    await field.sweep(BEFORE)
    await field.sweep("2023-03-17 08:00")
    sound = field.registry.programmes["ecd-1437"]
    texts = {**sound.messages["vi"], "overdue": HEAD + HOSTILE["a huge power"]}
    hostile = sound.model_copy(update={"messages": {**sound.messages, "vi": texts}})
    field.registry = replace(field.registry, programmes={"ecd-1437": hostile})
    async with MailServer() as server, posting(field, server, "2023-03-17 08:00") as worker:
        await worker.deliver([row["id"] for row in await pool.fetch("SELECT id FROM notifications.message")])
    assert [mail["To"] for mail in server.kept] == ["binh@example.vn"]
    row = await pool.fetchrow("SELECT state, error FROM notifications.message WHERE state <> 'sent'")
    assert row["state"] == "waiting"
    assert "the text can't be written" in row["error"]
