"""A name is one person's, however it is spelled: in Python, in the database, and after the migration."""

import unicodedata
from dataclasses import replace

import asyncpg
import pytest

from shared.database.migration import MIGRATIONS
from shared.registry.officer_store import PERSON, officers_at, write_officers
from shared.registry.officers import Officer, person
from tests.notifications.field import BEFORE, Field, at, limited

AN = "Trần Văn Ấn"
SPELLINGS = (
    AN, AN.upper(), AN.lower(), unicodedata.normalize("NFD", AN), f"\u00a0{AN.replace(' ', '  ')}\t",
    unicodedata.normalize("NFD", AN.upper()).replace(" ", "\u3000"), "Trần\u2028Văn\x85Ấn",
)  # fmt: skip
OTHERS = ("Trần Văn An", "Tran Van An", "TrầnVăn Ấn", "Trần Văn", "Straße", "STRASSE", "Đỗ", "đỗ", "Do", "ΣΑΣ", "σας")


async def test_the_database_and_python_say_the_same_of_two_names(pool):
    names = [*SPELLINGS, *OTHERS]
    asked = f"SELECT {PERSON.format('name')} FROM unnest($1::text[]) WITH ORDINALITY AS given (name, n) ORDER BY n"  # noqa: S608
    folded = [row[0] for row in await pool.fetch(asked, names)]
    assert folded == [person(name) for name in names]
    assert len(set(folded[: len(SPELLINGS)])) == 1
    assert folded[0] not in folded[len(SPELLINGS) :]


@pytest.mark.parametrize("spelling", SPELLINGS)
async def test_whoever_is_written_again_is_brought_up_to_date_under_the_name_that_is_registered(pool, spelling):
    first = Officer(AN, "Chủ tịch", "06412@1", "ubnd-xa", ("email:an@b.vn",))
    async with pool.acquire() as connection:
        await write_officers(connection, [first])
        await write_officers(connection, [replace(first, name=spelling, channels=("email:new@b.vn",))])
        (there,) = await officers_at(connection, ["06412@1"])
        assert (there.name, there.channels) == (AN, ("email:new@b.vn",))
        with pytest.raises(asyncpg.UniqueViolationError, match="officer_once"):
            await connection.execute(
                "INSERT INTO registry.officer (name, role, unit, agency, channels) VALUES ($1, '', $2, $3, '{}')",
                f" {spelling.swapcase()}", first.unit, first.agency,
            )  # fmt: skip


AS_BEFORE = """
    DROP INDEX registry.officer_once;
    DROP TABLE registry.officer_audit;
    ALTER TABLE notifications.message ADD CONSTRAINT message_officer_fkey
        FOREIGN KEY (officer) REFERENCES registry.officer;
    ALTER TABLE notifications.alert ADD CONSTRAINT alert_officer_fkey
        FOREIGN KEY (officer) REFERENCES registry.officer;
    ALTER TABLE notifications.acknowledgement ADD CONSTRAINT acknowledgement_officer_fkey
        FOREIGN KEY (officer) REFERENCES registry.officer;
"""
PLAIN = """
    INSERT INTO registry.officer (name, role, unit, agency, channels, programmes, deputy)
    SELECT $1, 'role', $2, 'ubnd-xa', $3, $4, $5 RETURNING id
"""
COUNTS = """
    SELECT (SELECT count(*) FROM notifications.alert) AS alerts,
           (SELECT count(*) FROM notifications.message) AS messages
"""


async def test_the_migration_makes_one_of_two_spellings_and_loses_nothing_of_either(pool, registry):
    await pool.execute(AS_BEFORE)
    field = Field(pool, limited(registry, "186@1"))
    first, second, third, other = [
        await pool.fetchval(PLAIN, name, unit, channels, programmes, deputy)
        for name, unit, channels, programmes, deputy in (
            (AN, "06412@1", ["email:an@b.vn"], ["ecd-1437"], None),
            (AN.upper(), "06412@1", ["email:an@b.vn", "sms:84912345678"], ["ecd-1437"], None),
            (unicodedata.normalize("NFD", AN), "06412@1", ["email:an@c.vn"], [], None),
            ("Mai", "06412@1", ["email:mai@b.vn"], [], AN.upper()),
        )
    ]
    await field.sweep(BEFORE)
    await field.sweep("2023-03-17 08:00")
    obligation = (await field.obligation())["id"]
    acknowledged = "INSERT INTO notifications.acknowledgement VALUES ($1, 'ecd-1437', $2, $3, $4)"
    for officer, about, until in ((first, obligation, "2023-03-20"), (second, obligation, "2023-03-22"),
                                  (third, None, "2023-03-24")):  # fmt: skip
        await pool.execute(acknowledged, officer, about, at(f"{until} 08:00"), at("2023-03-17 09:00"))
    before = await pool.fetchrow(COUNTS)
    assert before["messages"] > 3
    await pool.execute((MIGRATIONS / "0090_officers_once.sql").read_text(encoding="utf-8"))

    rows = {row["id"]: row for row in await pool.fetch("SELECT * FROM registry.officer")}
    assert rows.keys() == {first, other}
    assert rows[first]["channels"] == ["email:an@b.vn", "sms:84912345678", "email:an@c.vn"]
    assert (rows[first]["name"], rows[first]["programmes"], rows[other]["deputy"]) == (AN, [], AN)
    assert await pool.fetchrow(COUNTS) == before
    owners = {row[0] for row in await pool.fetch("SELECT DISTINCT officer FROM notifications.message")}
    assert owners == {first, other}
    kept = await pool.fetch("SELECT officer, obligation, until FROM notifications.acknowledgement ORDER BY obligation")
    assert [tuple(row) for row in kept] == [
        (first, obligation, at("2023-03-22 08:00")), (first, None, at("2023-03-24 08:00")),
    ]  # fmt: skip
    merged = await pool.fetch("SELECT operation, officer, unit FROM registry.officer_audit ORDER BY officer")
    assert [tuple(row) for row in merged] == [("merged", second, "06412@1"), ("merged", third, "06412@1")]
