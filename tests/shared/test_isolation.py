"""Only what is proven bad alone is put aside: a database that refuses everything proves nothing."""

from collections.abc import Sequence

import asyncpg
import pytest

from shared.runtime.isolation import isolate

GOOD = -1


def refusing(bad: dict[int, Exception], everything: Exception | None = None):
    tried: list[list[int]] = []

    async def attempt(items: Sequence[int]) -> None:
        tried.append(list(items))
        if everything is not None:
            raise everything
        for item in items:
            if item in bad:
                raise bad[item]

    return attempt, tried


async def test_the_bad_ones_are_found_by_halves() -> None:
    bad = {7: asyncpg.NumericValueOutOfRangeError("too large"), 1500: asyncpg.ProgramLimitExceededError("too long")}
    attempt, tried = refusing(bad)
    found = await isolate(range(2000), attempt, lambda _: GOOD)
    assert [item for item, _ in found.bad] == [7, 1500]
    assert "NumericValueOutOfRangeError (22003): too large" in found.bad[0][1]
    assert list(found.sound) == [number for number in range(2000) if number not in bad]
    assert len(tried) < 60


@pytest.mark.parametrize(
    "refusal",
    [asyncpg.CheckViolationError("all of them"), asyncpg.NumericValueOutOfRangeError("all"), KeyError("ours")],
)
async def test_what_refuses_the_known_good_one_too_proves_nothing(refusal: Exception) -> None:
    attempt, _ = refusing({}, refusal)
    with pytest.raises(type(refusal)):
        await isolate(range(8), attempt, lambda _: GOOD)


@pytest.mark.parametrize(
    "refusal",
    [
        RuntimeError("ours"),
        OSError("no network"),
        asyncpg.ReadOnlySQLTransactionError("a standby"),
        asyncpg.InsufficientPrivilegeError("no right"),
        asyncpg.DiskFullError("no room"),
        asyncpg.UndefinedTableError("gone"),
        asyncpg.InternalServerError("corrupt"),
    ],
)
async def test_no_other_refusal_says_anything_about_an_item(refusal: Exception) -> None:
    attempt, _ = refusing({3: refusal})
    with pytest.raises(type(refusal)):
        await isolate(range(8), attempt, lambda _: GOOD)


async def test_an_item_that_is_refused_only_once_is_not_bad() -> None:
    refusals = [asyncpg.CheckViolationError("a row of another's, gone since")]

    async def attempt(items: Sequence[int]) -> None:
        if items != [GOOD] and refusals:
            raise refusals.pop()

    with pytest.raises(asyncpg.CheckViolationError):
        await isolate([1], attempt, lambda _: GOOD)


async def test_what_is_refused_only_together_is_left_together() -> None:
    async def attempt(items: Sequence[int]) -> None:
        if len(items) > 1:
            raise asyncpg.UniqueViolationError("two of a kind")

    found = await isolate([1, 2], attempt, lambda _: GOOD)
    assert (list(found.sound), list(found.bad)) == ([1, 2], [])
