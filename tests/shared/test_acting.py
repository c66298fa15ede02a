"""The headers that name an officer or narrow a key: what they may say, and that a lookup at each request decides."""

from collections.abc import AsyncIterator
from dataclasses import replace

import asyncpg
import pytest

from shared.access.acting import ActingError, ActingReference, acting_officer, read_acting
from shared.access.headers import HeaderError, read_narrowing
from shared.registry.officer_store import find_acting_officer, find_officer, officers_at, write_officers
from shared.registry.officers import Officer
from shared.registry.snapshot import Key
from tests.shipped import shipped_units

UNITS = shipped_units()
BOARD = Key("kip-board", "VN", None, True, None, can_act=True)
AN = Officer("Trần Văn Ấn", "Chủ tịch", "06412@1", "ubnd-xa", ("email:an@b.vn",), programmes=("ecd-1437",))
GARBAGE = (
    "", " ", "12", "12.", ".0", "0.0", "012.0", "12.00", "12.-1", "-12.0", "12.0;", "12.0; device=", "12.0, 13.0",
    "12.0; device=short", "12.0; device=3F9C21AB", "12.0; device=3f9c21ab; device=3f9c21ab", "12.0 device=3f9c21ab",
    "12.0;  device=3f9c21ab", f"12.0; device={'a' * 33}", f"{'9' * 19}.0", f"1.{'9' * 10}", "١٢.0", "12.0\x00", "Ấn",
)  # fmt: skip


@pytest.fixture
async def connection(loaded_database: str) -> AsyncIterator["asyncpg.Connection[asyncpg.Record]"]:
    opened = await asyncpg.connect(loaded_database)
    yield opened
    await opened.close()


def headers(*values: str, name: bytes = b"kip-officer") -> list[tuple[bytes, bytes]]:
    return [(b"host", b"x"), *((name, value.encode()) for value in values)]


def test_an_officer_is_named_by_number_and_generation_and_perhaps_a_device() -> None:
    assert read_acting(headers()) is None
    assert read_acting(headers("12.0")) == ActingReference(12, 0, None)
    assert read_acting(headers("12.3; device=3f9c21ab")) == ActingReference(12, 3, "3f9c21ab")
    assert read_acting(headers("12.3;device=3f9c21ab")) == ActingReference(12, 3, "3f9c21ab")
    assert ActingReference(12, 3).ref == "12.3"


@pytest.mark.parametrize("written", GARBAGE)
def test_whatever_else_names_an_officer_is_refused_with_what_is_expected(written: str) -> None:
    with pytest.raises(HeaderError, match=r"an officer's number and generation, like 12\.0 .* in the header Kip-Off"):
        read_acting(headers(written))


def test_a_header_that_is_there_twice_is_refused_though_both_say_the_same() -> None:
    with pytest.raises(HeaderError, match="one value only in the header Kip-Officer"):
        read_acting(headers("12.0", "12.0"))
    with pytest.raises(HeaderError, match="one value only in the header Kip-Reach"):
        read_narrowing(headers("19@2", "19@2", name=b"kip-reach"), UNITS)


@pytest.mark.parametrize("written", ["", "06412", "99999@9", "VN,19@2", "19@2 19@1", "\x00"])
def test_a_request_is_narrowed_to_a_unit_of_the_register_only(written: str) -> None:
    assert read_narrowing(headers("19@2", name=b"kip-reach"), UNITS) == "19@2"
    assert read_narrowing(headers(), UNITS) is None
    with pytest.raises(HeaderError, match="the uid of a unit, like 19@2, in the header Kip-Reach"):
        read_narrowing(headers(written, name=b"kip-reach"), UNITS)


async def test_an_officer_acts_as_they_are_registered_at_this_moment(connection) -> None:
    await write_officers(connection, [AN])
    (there,) = await officers_at(connection, [AN.unit])
    reference = ActingReference(there.id, 0, "3f9c21ab")
    acting = await acting_officer(connection, BOARD, reference)
    assert acting.officer == (there.id, 0, "06412@1", "ubnd-xa", ("ecd-1437",))
    assert (acting.officer.ref, acting.device) == (there.ref, "3f9c21ab")
    with pytest.raises(ActingError) as refused:
        await acting_officer(connection, replace(BOARD, can_act=False), reference)
    assert (refused.value.fault.status, refused.value.fault.value) == (403, "may_not_act")

    await connection.execute("UPDATE registry.officer SET generation = 1 WHERE id = $1", there.id)
    assert (await find_officer(connection, there.id)).generation == 1
    for gone in (reference, ActingReference(there.id, 2), ActingReference(there.id + 1, 0)):
        with pytest.raises(ActingError) as refused:
            await acting_officer(connection, BOARD, gone)
        assert (refused.value.fault.status, refused.value.fault.value) == (410, "gone")
        assert AN.name not in refused.value.words.vi
    assert (await acting_officer(connection, BOARD, ActingReference(there.id, 1))).officer.generation == 1

    await connection.execute("DELETE FROM registry.officer")
    assert await find_acting_officer(connection, there.id) is None
    with pytest.raises(ActingError):
        await acting_officer(connection, BOARD, ActingReference(there.id, 1))
