"""What one object, one text and one event of a JSON body cost is bounded, and others have their turn in between."""

import asyncio
import json
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from services.intake.formats import kobo
from services.intake.formats.cloudevents import parse_batch, parse_items, parse_structured
from services.intake.formats.json_text import NAMES, TEXT_CHARS, UnreadableError, load
from services.intake.pacing.limits import EVENT_BYTES
from services.intake.pacing.slices import Pause
from shared.programme.senders import Form
from tests.system import access


def written(event: Any) -> bytes:
    return json.dumps(event).encode()


def test_an_object_has_a_bound_of_names_and_an_array_none() -> None:
    names = ",".join(f'"k{at}":{{}}' for at in range(NAMES))
    assert len(load(f"[{{{names}}},{{{names}}}]".encode())[1]) == NAMES
    with pytest.raises(UnreadableError, match="10000 names at most in one object of JSON, got 10001; split it"):
        load(f'[{{{names},"more":1}}]'.encode())


@pytest.mark.parametrize("shape", ['{{"a":"{text}"}}', '[["{text}"]]', '{{"{text}":[{{"b":"c"}}]}}', '["a","{text}"]'])
@pytest.mark.parametrize("letter", ["a", "é"])
def test_a_text_has_a_bound_wherever_it_stands(shape: str, letter: str) -> None:
    load(shape.format(text=letter * TEXT_CHARS).encode())
    with pytest.raises(UnreadableError, match=f"{TEXT_CHARS} characters at most in one text of JSON.*shorten it"):
        load(shape.format(text=letter * (TEXT_CHARS + 1)).encode())


def test_what_is_no_text_may_be_longer() -> None:
    assert len(load(b"[" + b"1," * 900_000 + b"1]")) == 900_001
    assert load(b'{"a":' + b" " * 2 * TEXT_CHARS + b'"b"}') == {"a": "b"}


def test_of_an_answer_without_end_no_more_is_composed_than_an_event_holds(monkeypatch: pytest.MonkeyPatch) -> None:
    lengths: list[int] = []
    monkeypatch.setattr(kobo, "composed", lambda text: lengths.append(len(text)) or text)
    form = Form.model_validate(
        {
            "form": "visits",
            "events": [
                {
                    "kind": "activity.recorded",
                    "unit": "commune",
                    "fields": {"held_on": "date", "participants.parent": "parents"},
                    "values": {"activity": "parent-counselling", "agency": "ubnd-xa"},
                }
            ],
        }
    )
    answers = {
        "_uuid": "u1",
        "_submission_time": "2023-03-14T01:10:05",
        "date": "2023-03-09",
        "parents": ["é"] * 200_000,
    }
    found = kobo.draft_events("ecd-1437", form, {**answers, "commune": "é" * 1_000_000}, ZoneInfo("Asia/Bangkok"))
    assert [item.refusals[0].field for item in found.rejected] == ["data.participants.parent (parents)"]
    assert max(lengths) == EVENT_BYTES


async def test_an_event_knows_its_bytes() -> None:
    many = [access() for _ in range(3)]
    text = b"[" + b",".join(map(written, many)) + b"]"
    assert [candidate.size for candidate in (await parse_batch(text))[0]] == [len(text) // 3] * 3
    assert [candidate.size for candidate in parse_structured(written(many[0]))[0]] == [len(written(many[0]))]
    assert all(candidate.size > 100 for candidate in (await parse_items(list(enumerate(many))))[0])


async def test_others_have_their_turn_by_the_bytes_of_what_was_done() -> None:
    assert await turns_while([20 * 1024] * 50) >= 50 // 4
    assert await turns_while([10] * 50) == 0


async def turns_while(sizes: list[int]) -> int:
    turns = 0

    async def count() -> None:
        nonlocal turns
        while True:
            await asyncio.sleep(0)
            turns += 1

    counting = asyncio.create_task(count())
    await asyncio.sleep(0)
    pause = Pause()
    for size in sizes:
        await pause.after(size)
    counting.cancel()
    return turns
