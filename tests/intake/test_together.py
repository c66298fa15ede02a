"""Posts taken together: what goes that way, what is left to the usual one, and what becomes of each."""

import asyncio
import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, cast

import pytest
from starlette.responses import Response
from starlette.types import Scope

from deploy.local.processes import PROJECT
from services.intake import together
from services.intake.admission import Admission
from services.intake.door import Door
from services.intake.limits import Memory, RateLimits
from services.intake.publish import MESSAGE_BYTES, Publisher
from services.intake.spool import SpoolAwayError
from services.intake.taken_log import TakenLog
from services.intake.together import AT_ONCE, Together
from shared.keys import hash_key
from shared.programme_folder import load_programme
from shared.registry.snapshot import Key, Registry
from shared.registry.units_file import read_units
from shared.units import Units
from tests.system import BATCH, access, counselling, event

NOW = datetime(2023, 3, 20, 1, tzinfo=UTC)
MEMORY = 2**22
STRUCTURED = "application/cloudevents+json"
HEADERS = {"authorization": "Bearer secret", "content-type": STRUCTURED}


class Whole:
    """A request as the HTTP protocol offers it; keeps what became of it."""

    def __init__(self, content: Mapping[str, Any] | bytes, headers: Mapping[str, str] = HEADERS) -> None:
        pairs = [(name.encode(), value.encode()) for name, value in headers.items()]
        self.scope: Scope = {
            "type": "http", "method": "POST", "path": "/v1/events", "query_string": b"", "headers": pairs,
        }  # fmt: skip
        self.body = content if isinstance(content, bytes) else json.dumps(content).encode()
        self.end: Response | str | None = None

    def answer(self, response: Response) -> None:
        """Keep the answer."""
        assert self.end is None
        self.end = response

    def go_the_usual_way(self) -> None:
        """Keep that it was given back."""
        assert self.end is None
        self.end = "usual"

    @property
    def status(self) -> int | str | None:
        """The answer's status, or `usual`; None while nothing has become of it."""
        return self.end.status_code if isinstance(self.end, Response) else self.end


class Taking:
    """Where the events go: keeps the messages until the test says how they ended."""

    def __init__(self) -> None:
        self.messages: list[tuple[str, int, Sequence[bytes]]] = []
        self.under_way: list[asyncio.Future[None]] = []

    def submit(self, kind: str, partition: int, events: Sequence[bytes], _since: float) -> asyncio.Future[None]:
        """As `Publisher.submit`."""
        self.messages.append((kind, partition, events))
        self.under_way.append(asyncio.get_running_loop().create_future())
        return self.under_way[-1]

    async def end(self, error: Exception | None = None) -> None:
        """Every message is safe, or failed."""
        for safe in self.under_way:
            safe.set_result(None) if error is None else safe.set_exception(error)
        self.under_way.clear()
        await asyncio.sleep(0)


@pytest.fixture(scope="module")
def registry() -> Registry:
    units = Units(read_units(PROJECT / "data" / "units.csv"))
    programme = load_programme(PROJECT / "programmes" / "ecd-1437")
    keys = {"secret": Key("app", "VN", None, False, None), "slow": Key("slow", "VN", None, False, None, rate=2)}
    hashed = {hash_key(secret): key for secret, key in keys.items()}
    provinces = sorted({units.province_of(unit.uid) for unit in units})
    return Registry(
        units, {uid: number % 4 for number, uid in enumerate(provinces)}, {programme.slug: programme}, hashed
    )


class Setting:
    """What a test turns."""

    def __init__(self, registry: Registry) -> None:
        self.trusted = True
        self.memory = Memory(MEMORY)
        self.taking = Taking()
        publisher = cast("Publisher", self.taking)
        door = Door(
            registry=lambda: registry,
            trusted=lambda: self.trusted,
            now=lambda: NOW,
            admission=Admission(publisher),
            rates=RateLimits(lambda: 0.0),
            memory=self.memory,
            taken=TakenLog(),
            body_seconds=1,
            stream_bytes=1,
        )
        self.together = Together(door, publisher)

    async def take(self, *posts: Whole) -> list[int | str | None]:
        """Offer posts in one turn; what became of them."""
        assert all(self.together.gather(post) for post in posts)
        await asyncio.sleep(0)
        return [post.status for post in posts]


@pytest.fixture
def setting(registry: Registry) -> Setting:
    return Setting(registry)


async def test_posts_of_one_kind_and_partition_share_a_message_and_are_answered_when_it_is_safe(
    setting: Setting,
) -> None:
    posts = [Whole(counselling(record=f"r{number}")) for number in range(3)]
    assert await setting.take(*posts, Whole(access())) == [None] * 4
    assert [(kind, len(events)) for kind, _, events in setting.taking.messages] == [
        ("activity.recorded", 3),
        ("indicator.reported", 1),
    ]
    (_, _, events) = setting.taking.messages[0]
    assert [json.loads(body)["data"]["record"] for body in events] == ["r0", "r1", "r2"]
    assert {json.loads(body)["acceptedat"] for body in events} == {NOW.isoformat()}
    assert setting.memory.held > 0
    await setting.taking.end()
    assert [(post.status, cast("Response", post.end).body) for post in posts] == [
        (202, b'{"accepted":1,"rejected":[]}')
    ] * 3
    assert setting.memory.held == 0


async def test_what_is_unusual_goes_the_usual_way_and_the_others_are_taken(setting: Setting) -> None:
    unusual = [
        Whole(b"{"),
        Whole(access("99999")),
        Whole(access(numerator=999)),
        Whole(access(), {**HEADERS, "authorization": "Bearer wrong"}),
        Whole(access(), {"content-type": STRUCTURED}),
        Whole(access(), {**HEADERS, "content-encoding": "gzip"}),
        Whole(b"[]", {**HEADERS, "content-type": BATCH}),
        Whole(json.dumps(access()).encode(), {**HEADERS, "content-type": "text/plain"}),
        Whole(access(), {**HEADERS, "content-type": "application/json"}),
        Whole({**access(), "data": {**access()["data"], "note": "x" * 70_000}}),
        Whole(event("problem.raised", "06412", {"record": "p", "agency": "ubnd-xa", "text": "gọi 0912345678"})),
    ]
    good = Whole(access())
    assert await setting.take(*unusual, good) == ["usual"] * len(unusual) + [None]
    await setting.taking.end()
    assert good.status == 202
    assert setting.memory.held == 0


async def test_other_requests_are_not_gathered(setting: Setting) -> None:
    other = Whole(access())
    for change in ({"method": "OPTIONS"}, {"path": "/v1/import"}, {"query_string": b"dry_run=true"}):
        other.scope = {**Whole(access()).scope, **change}
        assert not setting.together.gather(other)


async def test_without_trust_in_the_registry_nothing_is_taken(setting: Setting) -> None:
    setting.trusted = False
    assert await setting.take(Whole(access()), Whole(access())) == ["usual", "usual"]


async def test_a_sender_is_let_in_up_to_its_rate(setting: Setting) -> None:
    slow = {**HEADERS, "authorization": "Bearer slow"}
    posts = [Whole(counselling(record=f"r{number}"), slow) for number in range(12)]
    assert await setting.take(*posts) == [None] * 10 + ["usual"] * 2  # five seconds of two a second


async def test_bodies_are_held_up_to_the_memory(setting: Setting) -> None:
    long = [counselling(record=f"r{number}", source="/" + "s" * 199) for number in range(3)]
    size = len(Whole(long[0]).body)
    setting.memory.take(MEMORY - 2 * size)
    assert await setting.take(*map(Whole, long)) == [None, None, "usual"]
    await setting.taking.end()
    assert setting.memory.held == MEMORY - 2 * size


async def test_messages_have_a_size(setting: Setting) -> None:
    data = {"record": "p", "agency": "ubnd-xa", "text": "thiếu lớp " * 200}
    posts = [Whole(event("problem.raised", "06412", data)) for _ in range(AT_ONCE)]
    await setting.take(*posts)
    sizes = [sum(len(body) + 1 for body in events) for _, _, events in setting.taking.messages]
    assert len(sizes) > 2
    assert max(sizes) <= MESSAGE_BYTES
    await setting.taking.end()
    assert {post.status for post in posts} == {202}


async def test_more_than_are_taken_at_once_are_taken_in_turns(setting: Setting) -> None:
    posts = [Whole(counselling(record=f"r{number}")) for number in range(AT_ONCE + 1)]
    await setting.take(*posts)
    assert len(setting.taking.messages[0][2]) == AT_ONCE
    await asyncio.sleep(0)
    assert len(setting.taking.messages[1][2]) == 1
    await setting.taking.end()
    assert {post.status for post in posts} == {202}


async def test_posts_of_a_message_that_nobody_took_are_answered_503(setting: Setting) -> None:
    vietnamese = Whole(access(), {**HEADERS, "accept-language": "vi"})
    await setting.take(vietnamese, Whole(access()))
    await setting.taking.end(SpoolAwayError("the database is away"))
    response = cast("Response", vietnamese.end)
    assert (response.status_code, response.headers["retry-after"]) == (503, "2")
    assert "Tạm thời" in bytes(response.body).decode()
    assert setting.memory.held == 0


async def test_a_fault_of_ours_in_one_post_leaves_the_others_alone(
    setting: Setting, monkeypatch: pytest.MonkeyPatch
) -> None:
    judge = together.stamp

    def breaks(event: Any, *more: Any) -> Any:
        if event.data.record == "r1":
            raise ZeroDivisionError
        return judge(event, *more)

    monkeypatch.setattr(together, "stamp", breaks)
    posts = [Whole(counselling(record=f"r{number}")) for number in range(3)]
    assert await setting.take(*posts) == [None, "usual", None]
