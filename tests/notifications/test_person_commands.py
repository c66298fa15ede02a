"""`kip person export|erase`: all that is kept about a person is handed out, and gone after an erasure."""

import asyncio
import json
import re
import unicodedata
from contextlib import asynccontextmanager
from uuid import UUID

import pytest
from typer.testing import CliRunner

from cli.main import app
from cli.person.address import address_of, traces
from deploy.local.passwords import service_urls
from services.notifications import person_store
from services.notifications.alerts.alert_store import acknowledge
from services.notifications.messages import bounce_store
from services.notifications.messages.bounce_report import Outcome, Report
from services.notifications.messages.return_path import Returned, mark_of
from services.notifications.obligations import change_store
from services.notifications.obligations.decisions import written as decider
from shared.database.connections import close_pool, open_pool
from shared.registry.officer_store import find_officer
from shared.registry.officers import Officer
from tests.notifications.field import BEFORE, Field, at, limited, posting
from tests.notifications.mail_server import MailServer

NAME, MAIL, PHONE = "Vương Thị Độc Nhất", "Doc.Nhat@b.vn", "0912345678"
MARKS = ("Độc Nhất", "doc.nhat", "912345678", "912 345 678")
EVERY_TABLE = """
    SELECT format('%I.%I', nspname, relname) FROM pg_class JOIN pg_namespace ON pg_namespace.oid = relnamespace
    WHERE relkind IN ('r', 'p') AND NOT relispartition AND nspname <> 'information_schema' AND nspname NOT LIKE 'pg\\_%'
"""


@pytest.fixture
async def field(district_database, registry, monkeypatch):
    """A commune's officer of a unique name, their colleague, and the officer of the district above."""
    monkeypatch.setenv("KIP_DATABASE_URL", service_urls(district_database)["operator"])
    monkeypatch.setenv("KIP_AMQP_URL", "amqp://unused")
    pool = await open_pool(district_database, size=4, application_name="kip-test")
    place = Field(pool, limited(registry, "186@1"))
    await place.officer(
        NAME, "06412@1", "ubnd-xa", f"email:{MAIL}", "sms:84912345678", "webhook:https://b.vn/doc.nhat@b.vn"
    )
    await place.officer(NAME.upper(), "186@1", "ubnd-huyen", f"email:{MAIL.lower()}")
    await place.officer("Mai", "06412@1", "tram-yt", "email:mai@b.vn", deputy=NAME)
    yield place
    await close_pool(pool)


async def kip(*words, said=None):
    return await asyncio.to_thread(lambda: CliRunner().invoke(app, [*words], input=said))


async def marked(field):
    """The tables in which something of the person stands, in any row and column."""
    found = set()
    for (table,) in await field.pool.fetch(EVERY_TABLE):
        rows = await field.pool.fetch(f"SELECT normalize(t::text) FROM {table} AS t")  # noqa: S608
        text = "\n".join(row[0] for row in rows).casefold()
        if any(mark.casefold() in text for mark in MARKS):
            found.add(table)
    return found


async def rows_of(field):
    """How many rows of history there are."""
    return await field.pool.fetchrow(
        """SELECT (SELECT count(*) FROM notifications.alert), (SELECT count(*) FROM notifications.message),
                  (SELECT count(*) FROM notifications.acknowledgement), (SELECT count(*) FROM notifications.change),
                  (SELECT count(*) FROM notifications.obligation)"""
    )


@asynccontextmanager
async def refusing(field):
    """A worker whose mail server quotes whom it refuses."""
    async with MailServer() as server:
        server.answers = [
            f"550 5.1.1 <{MAIL}> {NAME} is unknown", f"450 4.2.1 {MAIL.upper()} (+84 912 345 678) later",
        ]  # fmt: skip
        async with posting(field, server, "2023-03-17 08:00") as worker:
            yield worker


async def live(field):
    """What happens in two days: messages fail and wait, something is acknowledged, decided, and put aside."""
    await field.sweep(BEFORE)
    await field.sweep("2023-03-17 08:00")
    rows = await field.pool.fetch(
        """SELECT message.id FROM notifications.message JOIN registry.officer ON officer.id = officer
           WHERE name <> 'Mai' ORDER BY officer.id"""
    )
    async with refusing(field) as worker:
        for row in rows:
            await worker.deliver([UUID(str(row["id"]))])
    ids = await field.pool.fetch("SELECT id FROM registry.officer WHERE name <> 'Mai' ORDER BY id")
    async with field.pool.acquire() as connection:
        commune, district = [await find_officer(connection, row["id"]) for row in ids]
        obligation = (await field.obligation())["id"]
        await acknowledge(
            connection, commune.id, "ecd-1437", [obligation], at("2023-03-22 08:00"), at("2023-03-17 09:00")
        )
    reason = f"theo đề nghị của bà {unicodedata.normalize('NFD', NAME)}"
    assert await change_store.waive(field.pool, obligation, decider(district), reason, at("2023-03-17 10:00"))
    await field.pool.execute(
        """INSERT INTO notifications.aside (kind, subject, programme, unit, reason, died_at)
           VALUES ('obligation', '1', 'ecd-1437', '06412@1', $1, now())""",
        f"ValueError: no text for {MAIL}",
    )
    report = Report(Outcome.DEAD, "5.1.1", f"{MAIL} ({NAME}): no such mailbox", ())
    async with field.pool.acquire() as connection:
        returned = Returned(UUID(str(rows[0]["id"])), mark_of(MAIL))
        assert await bounce_store.settle(connection, report, returned, at("2023-03-17 11:00")) == Outcome.DEAD
    return commune, district


async def test_an_export_has_all_that_is_kept_whatever_the_spelling_of_the_address(field):
    commune, district = await live(field)
    answers = [json.loads((await kip("person", "export", text)).stdout) for text in (MAIL, f"email:{MAIL.upper()}")]
    assert [[row["id"] for row in answer["officers"]] for answer in answers] == [[commune.id, district.id]] * 2
    for text in (PHONE, "+84 912 345 678", "84912345678", "0912.345.678", "zalo:0912345678"):
        (row,) = json.loads((await kip("person", "export", text)).stdout)["officers"]
        assert row["id"] == commune.id
    first, second = answers[1]["officers"]
    assert first["name"] == NAME
    assert first["channels"] == list(commune.channels)
    (message,) = first["messages"]
    assert (message["state"], message["channel"], message["attempts"]) == ("failed", "email", 1)
    assert any("06412@1" in line and "2023-Q1" in line for line in message["about"])
    assert [(row["address"], row["status"]) for row in first["unreached"]] == [(f"email:{MAIL.lower()}", "5.1.1")]
    assert [(row["message"], row["outcome"]) for row in first["came_back"]] == [(message["id"], "dead")]
    assert [row["until"][:10] for row in first["acknowledged"]] == ["2023-03-22"]
    assert [(row["change"], row["unit"]) for row in second["decided"]] == [("waived", "06412@1")]
    assert [row["operation"] for row in first["audited"]] == ["exported"], "the second says that there was a first"
    assert [row["unit"] for row in answers[0]["deputy_of"]] == ["06412@1"]
    empty = json.loads((await kip("person", "export", "nobody@b.vn")).stdout)
    assert (empty["officers"], empty["deputy_of"]) == ([], [])


async def test_after_an_erasure_nothing_of_the_person_stands_anywhere_and_the_history_does(field):
    commune, district = await live(field)
    before = await marked(field)
    assert before >= {"registry.officer", "notifications.message", "notifications.aside", "notifications.change"}
    assert "notifications.dead_address" in before
    counts = await rows_of(field)
    kept = await kip("person", "erase", MAIL, said="n\n")
    assert (kept.exit_code, await marked(field)) == (1, before)
    done = await kip("person", "erase", MAIL.upper(), "--yes")
    assert done.exit_code == 0, done.output
    assert await marked(field) == set()
    assert await rows_of(field) == counts
    assert await field.pool.fetchval("SELECT count(*) FROM notifications.bounce") == 0
    assert "messages on their way that were cancelled: 1" in done.stdout
    assert "erased: what quoted them in 1 rows of notifications.change" in done.stdout
    assert "what stays: obligations and figures" in done.stdout
    reasons = await field.pool.fetch("SELECT reason FROM notifications.change WHERE by IS NOT NULL")
    assert [row["reason"] for row in reasons] == ["theo đề nghị của bà •••"]
    assert await field.pool.fetchval("SELECT deputy FROM registry.officer WHERE name = 'Mai'") is None
    audited = await field.pool.fetch("SELECT operation, officer FROM registry.officer_audit ORDER BY officer")
    assert [tuple(row) for row in audited] == [("erased", commune.id), ("erased", district.id)]
    again = await kip("person", "erase", MAIL, "--yes")
    assert (again.exit_code, "no officer with this address is registered" in again.stdout) == (0, True)


@pytest.mark.parametrize("removed", [0, 1, 2])
async def test_an_erasure_that_breaks_off_is_finished_by_the_next(field, monkeypatch, removed):
    await live(field)
    remove, done = person_store.remove, []

    async def breaks_off(connection, officer, operation):
        if len(done) == removed:
            raise ConnectionError
        done.append(await remove(connection, officer, operation))
        if len(done) == removed == 2:
            raise ConnectionError
        return done[-1]

    with monkeypatch.context() as broken:
        broken.setattr(person_store, "remove", breaks_off)
        assert (await kip("person", "erase", MAIL, "--yes")).exit_code != 0
    assert len(done) == removed
    assert (await kip("person", "erase", MAIL, "--yes")).exit_code == 0
    assert await marked(field) == set()


async def test_of_several_persons_with_one_address_the_right_one_has_to_be_named(field):
    await field.officer("Lan", "186@1", "ubnd-huyen", f"email:{MAIL}")
    for command in (("export",), ("erase", "--yes")):
        refused = await kip("person", *command, MAIL)
        assert "several persons have this address" in str(refused.exception)
    (row,) = json.loads((await kip("person", "export", MAIL, "--name", "LAN")).stdout)["officers"]
    assert row["name"] == "Lan"
    await kip("person", "erase", MAIL, "--name", "Lan", "--yes")
    names = await field.pool.fetch("SELECT name FROM registry.officer ORDER BY id")
    assert [row["name"] for row in names] == [NAME, NAME.upper(), "Mai"]


async def test_what_a_sender_wrote_is_reported_and_left_to_the_sender(field):
    await field.pool.execute(
        """INSERT INTO notifications.dead_event (reason, kind, event, died_at) VALUES ('x', 'y', $1, now())""",
        json.dumps({"text": f"hỏi bà {NAME}"}, ensure_ascii=False),
    )
    export = json.loads((await kip("person", "export", MAIL)).stdout)
    assert export["events_that_mention_them"] == {"notifications.dead_event": 1}
    done = await kip("person", "erase", MAIL, "--yes")
    assert "still there: 1 rows of notifications.dead_event" in done.stdout


@pytest.mark.parametrize("text", ["", "nonsense", "0912", "pigeon:7", "email:", "webhook:"])
def test_what_is_no_address_is_refused(text):
    with pytest.raises(ValueError, match="expected an e-mail address"):
        address_of(text)


def test_an_address_is_found_where_it_is_part_of_another_channel_s_and_nowhere_else():
    def has(address, *channels):
        return address_of(address).is_of(Officer("An", "", "", "", channels))

    assert has("a@b.vn", "apprise:mailto://x?to=A@B.vn")
    assert has(PHONE, "apprise:zalo://token/84912345678")
    assert has("webhook:https://b.vn/x", "webhook:https://b.vn/x")
    assert not has("a@b.vn", "email:aa@b.vn")
    assert not has("a@b.vn", "email:a@b.vn.org")
    assert not has(PHONE, "sms:84912345679")
    assert not has("an@b.vn", "webhook:https://x.vn/?to=tran.an@b.vn")
    assert not has("an@b.vn", "webhook:https://x.vn/?to=an@b.vn.org")
    assert not has(PHONE, "apprise:zalo://token/77784912345678")


@pytest.mark.parametrize("text", ["<an@b.vn>", "'an@b.vn' is full", "write to an@b.vn.", "to=an@b.vn&x", "x/AN@b.vn"])
def test_an_address_in_a_text_is_found_whatever_stands_around_it(text):
    assert re.search(traces(address_of("an@b.vn"), []), text, re.IGNORECASE)


@pytest.mark.parametrize("text", ["tran.an@b.vn", "tran-an@b.vn", "ran@b.vn", "x+an@b.vn", "d'an@b.vn", "an@b.vn.org"])
def test_an_address_that_is_part_of_another_is_somebody_else(text):
    assert not re.search(traces(address_of("an@b.vn"), []), text, re.IGNORECASE)


async def test_erasing_one_leaves_the_dead_addresses_of_others(field):
    await field.officer("Trần", "186@1", "ubnd-huyen", "email:tran.nhat@b.vn", "email:nhat@b.vn.org", "email:so@b.vn")
    dead = ("nhat@b.vn", "tran.nhat@b.vn", "nhat@b.vn.org", "so@b.vn")
    for address in dead:
        await field.pool.execute(bounce_store.DEAD, f"email:{address}", at("2023-03-17 08:00"), "5.1.1", "x")
    await field.pool.execute(
        """INSERT INTO notifications.message (id, programme, officer, unit, made_at, error)
           SELECT gen_random_uuid(), 'ecd-1437', id, unit, now(), 'as nhat@b.vn' FROM registry.officer
           WHERE name = 'Trần'"""
    )
    for address in ("nhat@b.vn", "so@b.vn"):  # nobody's, and one that another name still has
        done = await kip("person", "erase", address, "--name", "Lan", "--yes")
        assert done.exit_code == 0, done.output
        assert ("1 messages on their way to others quote them" in done.stdout) is (address == "nhat@b.vn")
    left = {row["address"] for row in await field.pool.fetch("SELECT address FROM notifications.dead_address")}
    assert left == {f"email:{address}" for address in dead[1:]}


def test_a_name_of_one_word_is_looked_for_in_no_text():
    pattern = traces(address_of("an@b.vn"), [Officer("An", "", "", "", ("email:an@b.vn",))])
    assert re.search(pattern, "no mailbox an@b.vn")
    assert not re.search(pattern, "An toàn thực phẩm")


# Identifiers are COLLATE "C"; what isn't may be words of a person or about one. A new column belongs in one of these,
# and what is an officer's in `person_store` too.
COLUMNS_OF_WORDS = """
    SELECT attrelid::regclass || '.' || attname FROM pg_attribute
    JOIN pg_class ON pg_class.oid = attrelid JOIN pg_namespace ON pg_namespace.oid = relnamespace
    LEFT JOIN pg_collation ON pg_collation.oid = attcollation
    WHERE relkind IN ('r', 'p') AND NOT relispartition AND attnum > 0 AND NOT attisdropped
      AND nspname IN ('registry', 'notifications', 'aggregation', 'intake', 'board') AND collname IS DISTINCT FROM 'C'
      AND atttypid IN ('text'::regtype, 'text[]'::regtype, 'json'::regtype, 'jsonb'::regtype, 'bytea'::regtype)
"""
OFFICERS = {
    "registry.officer": "name role channels language deputy", "notifications.message": "error sent_to",
    "notifications.aside": "reason", "notifications.change": "by reason key device", "notifications.act": "key device",
    "notifications.code": "session digest", "registry.officer_audit": "role client",
    "notifications.dead_address": "reason", "notifications.bounce": "mark",
    "board.session": "hash code_sent_to", "board.draft": "officer answers",
    "board.submission": "officer device answers events",
}  # fmt: skip
SENDERS = {
    "notifications.problem": "text", "notifications.dead_event": "reason kind event state", "intake.spool": "body",
    "notifications.figure_change": "before now",
    "aggregation.dead": "reason kind event state", "aggregation.ledger": "data fingerprint",
    "aggregation.conflict": "data fingerprint", "intake.job": "summary", "registry.source": "kinds programmes",
    "registry.source_audit": "changed client new old operation role", "registry.source_key": "hash",
}  # fmt: skip
OURS = {
    "registry.loaded": "name digest", "registry.programme": "document", "aggregation.cell": "parts",
    "registry.unit": "name level type other_successors", "aggregation.shape": "fingerprint",
    "notifications.obligation": "shifted_because", "notifications.opening": "fingerprint",
    "notifications.programme": "planned_by", "notifications.secret": "secret", "notifications.sweeper": "held",
    "notifications.return_secret": "secret", "notifications.zalo_token": "refresh access seed fault",
    "notifications.zalo_check": "template status quality fault", "board.invitation": "hash",
    "board.draft": "programme report unit agency period",
    "board.submission": "programme report unit agency period obligation",
}  # fmt: skip


async def test_every_column_that_may_hold_words_is_known_to_be_an_officer_s_a_sender_s_or_ours(field):
    there = {row[0] for row in await field.pool.fetch(COLUMNS_OF_WORDS)}
    known = [
        f"{table}.{column}" for part in (OFFICERS, SENDERS, OURS) for table, columns in part.items()
        for column in columns.split()
    ]  # fmt: skip
    assert there == set(known)
