"""Work that must be done is done, whatever refuses it meanwhile."""

import asyncio

import asyncpg
import pytest

from shared.runtime import retry
from shared.runtime.metrics import REFUSED_TOTAL
from shared.runtime.retry import patiently
from tests.sqlstates import OF_ANYTHING_ELSE


@pytest.mark.parametrize(
    "refusal",
    [
        RuntimeError("ours"),
        KeyError("ours too"),
        asyncio.CancelledError(),  # of a library's
        OSError("no network"),
        asyncpg.ReadOnlySQLTransactionError("a standby"),
        asyncpg.InvalidPasswordError("changed"),
        asyncpg.InvalidCatalogNameError("gone"),
        asyncpg.PostgresIOError("a broken disk"),
        *[asyncpg.PostgresError.new({"C": state, "M": "made up"}) for state in OF_ANYTHING_ELSE.values()],
    ],
)
async def test_every_refusal_is_waited_out_and_counted(refusal: BaseException) -> None:
    refusals = [refusal] * 2

    async def attempt() -> str:
        if refusals:
            raise refusals.pop()
        return "done"

    counted = REFUSED_TOTAL.labels("test", type(refusal).__name__)
    before = counted._value.get()
    assert await patiently("test", attempt) == "done"
    assert counted._value.get() == before + 2
    assert retry.refusals() is None


async def test_what_is_refused_for_long_is_told_without_quoting_an_event(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(retry, "TELL_SECONDS", 0.0)
    refusals: list[Exception] = [ValueError("Nguyễn Văn A"), OSError("no route to host")]
    told: list[str | None] = []

    async def attempt() -> None:
        told.append(retry.refusals())
        if refusals:
            raise refusals.pop()

    await patiently("partition 3", attempt)
    assert told[0] is None
    assert told[1] is not None
    assert told[1].startswith("partition 3 has been refused for 0 s: OSError: no route")
    assert told[2] is not None
    assert told[2].endswith(": ValueError")


async def test_a_cancellation_of_ones_own_ends_it() -> None:
    async def attempt() -> None:
        await asyncio.Event().wait()

    task = asyncio.create_task(patiently("test", attempt))
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
