"""One bad row, unit, officer, programme or message fails alone, with its reason, and all the others go out."""

import asyncio
import json
from dataclasses import replace

import pytest
from prometheus_client import REGISTRY

from deploy.local.http import LOCAL
from services.notifications import aside_store
from services.notifications.alerts.escalation import first_look
from services.notifications.messages.channels import DeliveryError
from services.notifications.messages.channels.esms import EsmsChannel
from services.notifications.messages.channels.pace import Pace
from services.notifications.messages.worker import ATTEMPTS
from services.notifications.obligations import change_store
from services.notifications.obligations.announcer import Announcer
from services.notifications.obligations.opening import Opener
from services.notifications.observer import Observer
from shared.broker import topology
from shared.runtime.clock import SystemClock
from shared.runtime.metrics import DEAD_EVENTS
from tests.notifications.field import BEFORE, Field, Fixed, answer, at, limited, posting, working_delivery
from tests.notifications.http_server import HttpServer
from tests.system import System, kip

MORNING = "2023-03-17 08:00"
OF_AN = "FROM notifications.message JOIN registry.officer ON officer.id = officer WHERE name = 'An'"


@pytest.fixture
async def field(pool, registry):
    """Hữu Lũng with its first quarter open: An and Cúc at communes, Bình above them."""
    place = Field(pool, limited(registry, "186@1"))
    await place.officer("An", "06412@1", "ubnd-xa", "email:an@example.vn")
    await place.officer("Cúc", "06427@1", "ubnd-xa", "email:cuc@example.vn")
    await place.officer("Bình", "186@1", "phong-ldtbxh-dt-huyen", "email:binh@example.vn", language="en")
    await place.sweep(BEFORE)
    await place.sweep("2022-12-15 08:00")
    return place


async def asides(field):
    """(kind, subject, unit) of what waits, and the reasons."""
    async with field.pool.acquire() as connection:
        rows = await aside_store.list_waiting(connection, 100)
    return [(row.kind, row.unit) for row in rows], [row.reason for row in rows]


async def told(field, step):
    return sorted(name for found, _, name in await field.alerts() if found == step)


async def replayed(field, now):
    async with field.pool.acquire() as connection:
        return await aside_store.replay(connection, await aside_store.numbers(connection), at(now), at(now))


WILD = {
    "the end of the calendar": "due_at = '9999-12-31 10:00+00', next_at = '2023-03-16'",
    "no end": "due_at = 'infinity'",
    "a year that Python lacks": "due_at = '294276-12-31'",
    "a year before the first": "reopened_at = '4713-01-01 BC'",
    "a unit that the register lacks": "unit = 'nowhere'",
}


@pytest.mark.parametrize("wild", WILD)
async def test_one_wild_obligation_goes_aside_and_all_the_others_are_told_in_the_same_sweep(field, wild):
    await field.pool.execute(
        f"UPDATE notifications.obligation SET {WILD[wild]} WHERE unit = '06412@1' AND report = 'progress-quarterly'"  # noqa: S608
    )
    swept = await field.sweep(MORNING)
    assert swept.overdue >= 22
    assert "Cúc" in await told(field, "overdue")
    kinds, reasons = await asides(field)
    assert kinds == [("obligation", "nowhere" if "unit" in WILD[wild] else "06412@1")]
    assert "Error" in reasons[0]
    await field.sweep("2023-03-17 09:00")  # it rests: nothing is tried and noted again
    assert (await asides(field))[0] == kinds


async def test_what_is_mended_and_replayed_is_told_and_what_is_not_waits_anew(field):
    due = (await field.obligation())["due_at"]
    await field.pool.execute("UPDATE notifications.obligation SET due_at = 'infinity' WHERE unit = '06412@1'")
    await field.sweep(MORNING)
    assert "An" not in await told(field, "overdue")
    assert await replayed(field, MORNING) == 1
    await field.sweep(MORNING)
    assert len((await asides(field))[0]) == 1
    await field.pool.execute("UPDATE notifications.obligation SET due_at = $1 WHERE unit = '06412@1'", due)
    assert await replayed(field, MORNING) == 1
    await field.sweep(MORNING)
    assert "An" in await told(field, "overdue")
    assert await asides(field) == ([], [])


async def test_what_went_aside_is_taken_up_by_itself_when_the_register_is_loaded_anew(field):
    await field.pool.execute("UPDATE notifications.obligation SET unit = '99999@1' WHERE unit = '06427@1'")
    await field.sweep(MORNING)
    assert (await asides(field))[0] == [("obligation", "99999@1")]
    unit = replace(field.registry.units["06427@1"], uid="99999@1", code="99999")
    field.registry = replace(field.registry, units=type(field.registry.units)([*field.registry.units, unit]))
    await field.sweep(MORNING)
    assert await asides(field) == ([], [])
    assert "99999@1" in {found for _, found, _ in await field.alerts(unaddressed=True)}


async def test_a_programme_that_can_t_be_opened_stops_no_other(field):
    sound = field.registry.programmes["ecd-1437"]
    broken = {
        slug: sound.model_copy(update={"slug": slug, **change})
        for slug, change in {
            "no-zone": {"timezone": "Nowhere/City"},
            "no-country": {"holidays": sound.holidays.model_copy(update={"country": "XX"})},
        }.items()
    }
    field.registry = replace(field.registry, programmes={**broken, "ecd-1437": sound})
    field.opener = Opener(first_look)
    await field.pool.execute("UPDATE notifications.obligation SET programme = 'no-zone' WHERE unit = '06412@1'")
    await field.sweep(MORNING)
    assert "Cúc" in await told(field, "overdue")
    kinds, _ = await asides(field)
    assert {kind for kind, _ in kinds} == {"opening", "obligation", "summary"}
    before = len(kinds)
    await field.sweep("2023-03-17 09:00")
    assert len((await asides(field))[0]) == before


async def test_an_answer_with_a_time_that_python_lacks_stops_no_other(field):
    await field.take(answer(subject="06412@1"))
    await field.pool.execute("UPDATE notifications.answer SET time = '294276-12-31'")
    await field.take(answer("record.retracted", subject="06412@1", revision=1), answer(subject="06427@1", id="c"))
    assert (await field.obligation("06427@1"))["state"] == "met"
    assert (await asides(field))[0] == [("answer", "06412@1")]


async def test_a_problem_of_an_unknown_unit_goes_aside_and_the_others_are_told(field):
    for unit in ("nowhere", "06427@1"):
        await field.take(answer("problem.raised", subject=unit, record=f"p-{unit}", id=unit, text="x"))
    await field.sweep(MORNING)
    assert ("problem-raised", "06427@1", "Bình") in await field.alerts()
    assert (await asides(field))[0] == [("problem", "nowhere")]


async def test_a_problem_with_a_time_that_no_event_has_is_corrected_by_one_that_has_a_sane_one(field):
    raised = answer("problem.raised", record="p", id="1", text="x")
    await field.take(raised)
    await field.pool.execute("UPDATE notifications.problem SET changed_at = '9999-12-31', raised_at = '9999-12-31'")
    await field.take(answer("problem.resolved", record="p", id="2", text="y"))
    assert await field.pool.fetchval("SELECT state FROM notifications.problem") == "resolved"


async def test_an_officer_that_can_t_be_read_goes_aside_and_the_others_are_told(field):
    await field.pool.execute("UPDATE registry.officer SET away_until = '5874897-12-31' WHERE name = 'An'")
    await field.sweep(MORNING)
    assert "Cúc" in await told(field, "overdue")
    assert "Bình" in await told(field, "parent-digest")
    assert {kind for kind, _ in (await asides(field))[0]} == {"officer"}


async def test_a_summary_that_fails_at_one_unit_is_made_for_the_others(pool, registry):
    field = Field(pool, limited(registry, "186@1", "164@1"))
    await field.officer("Dung", "19@1", "so-ldtbxh")
    await field.officer("Giang", "20@1", "so-ldtbxh")
    for now in (BEFORE, "2022-12-15 08:00"):
        await field.sweep(now)
    await pool.execute("UPDATE registry.officer SET away_until = '5874897-12-31' WHERE name = 'Dung'")
    await field.sweep("2023-04-03 08:00")
    made = """SELECT array_agg(officer.name ORDER BY officer.name)
              FROM notifications.message JOIN registry.officer ON officer.id = officer WHERE occasion IS NOT NULL"""
    assert await pool.fetchval(made) == ["Giang"]
    assert ("summary", "19@1") in (await asides(field))[0]
    await pool.execute("UPDATE registry.officer SET away_until = NULL")
    await replayed(field, "2023-04-03 09:00")
    await field.sweep("2023-04-03 09:00")
    assert await pool.fetchval(made) == ["Dung", "Giang"]


# What is sent


@pytest.fixture
async def deliver(field, server):
    """Delivers every message that is on its way, over SMTP."""
    async with posting(field, server, MORNING) as worker:

        async def run():
            await worker.deliver([row["id"] for row in await field.pool.fetch("SELECT id FROM notifications.message")])

        yield run


async def letter_to(server, name):
    (mail,) = [mail for mail in server.kept if mail["To"] == f"{name}@example.vn"]
    return mail.get_body(("plain",)).get_content()


@pytest.mark.parametrize(
    "wild",
    ["due_at = '9999-12-31 23:59+00'", "due_at = '294276-12-31'", "due_at = 'infinity'",
     """shifted_because = '{"from": "never"}'""", "shifted_because = '[1]'", "unit = 'nowhere'"],
)  # fmt: skip
async def test_a_digest_goes_without_the_item_that_can_t_be_told_and_says_so(field, server, deliver, wild):
    await field.sweep(MORNING)
    await field.pool.execute(
        f"UPDATE notifications.obligation SET {wild} WHERE unit = '06412@1' AND report = 'progress-quarterly'"  # noqa: S608
    )
    await deliver()
    text = await letter_to(server, "binh")
    assert "Xã Yên Vượng" not in text
    assert text.count("1 day late") == 22
    assert "1 item is missing from this message" in text
    assert {mail["To"] for mail in server.kept} >= {"binh@example.vn", "cuc@example.vn"}
    kinds, _ = await asides(field)
    assert {kind for kind, _ in kinds} == {"alert"}
    assert await field.pool.fetchval("SELECT count(*) FROM notifications.message WHERE state = 'sending'") == 0
    assert await field.pool.fetchval(f"SELECT state {OF_AN}") == "failed"  # it had nothing else to tell


async def test_an_alert_that_went_aside_is_told_in_a_message_of_its_own_when_it_is_replayed(field, server, deliver):
    await field.sweep(MORNING)
    due = (await field.obligation())["due_at"]
    await field.pool.execute("UPDATE notifications.obligation SET due_at = 'infinity' WHERE unit = '06412@1'")
    await deliver()
    server.kept.clear()
    await field.pool.execute("UPDATE notifications.obligation SET due_at = $1 WHERE unit = '06412@1'", due)
    assert await replayed(field, MORNING) == 2
    await field.sweep(MORNING)
    await deliver()
    assert "Xã Yên Vượng (06412)" in await letter_to(server, "binh")
    assert "xã Yên Vượng (06412)" in await letter_to(server, "an")


async def test_a_problem_of_the_year_9999_blocks_neither_its_message_nor_the_digests_that_list_it(
    field, server, deliver
):
    await field.take(answer("problem.raised", subject="06427@1", record="p", text="x"))
    await field.sweep(MORNING)
    await field.pool.execute("UPDATE notifications.problem SET raised_at = '9999-12-31 23:59+00'")
    await deliver()
    assert {mail["To"] for mail in server.kept} >= {"an@example.vn", "binh@example.vn", "cuc@example.vn"}
    assert await field.pool.fetchval("SELECT count(*) FROM notifications.message WHERE state = 'sending'") == 0


class Broken:
    """A channel with a fault of its own."""

    kind = "email"

    def __init__(self, error):
        self.error = error
        self.sent = []

    async def send(self, message):
        if message.address.startswith("an"):
            raise self.error
        self.sent.append(message.address)

    async def close(self):
        pass


@pytest.mark.parametrize(
    "error",
    [OverflowError("date value out of range"), KeyError("x"), RecursionError(), AttributeError(), ConnectionError(),
     DeliveryError("\ud800\x00" * 9, permanent=False), MemoryError(), ExceptionGroup("all", [ValueError()])],
    ids=lambda error: type(error).__name__,
)  # fmt: skip
async def test_an_exception_of_any_kind_is_an_attempt_and_ends_as_failed(field, error):
    await field.sweep(MORNING)
    channel = Broken(error)
    worker = working_delivery(field.pool, lambda: field.registry, Fixed(at(MORNING)), channel)
    ids = [row["id"] for row in await field.pool.fetch("SELECT id FROM notifications.message")]
    for attempt in range(1, ATTEMPTS + 1):
        await worker.deliver(ids)
        row = await field.pool.fetchrow(f"SELECT state, attempts {OF_AN}")
        assert (row["state"], row["attempts"]) == ("waiting" if attempt < ATTEMPTS else "failed", attempt)
        await field.pool.execute("UPDATE notifications.message SET act_at = now() WHERE state = 'waiting'")
    await worker.stop()
    assert sorted(channel.sent) == ["binh@example.vn", "cuc@example.vn"]
    assert "\x00" not in await field.pool.fetchval(f"SELECT error {OF_AN}")


async def test_attempts_that_never_ended_end_too(field, deliver, server):
    """As those of a worker that dies at one message each time."""
    await field.sweep(MORNING)
    await field.pool.execute(
        """UPDATE notifications.message SET state = 'sending', attempts = 8, act_at = now()
           FROM registry.officer WHERE officer.id = officer AND name = 'An'"""
    )
    await deliver()
    assert await field.pool.fetchval(f"SELECT state {OF_AN}") == "failed"
    assert sorted(mail["To"] for mail in server.kept) == ["binh@example.vn", "cuc@example.vn"]


async def test_a_providers_answer_that_postgresql_can_t_store_is_recorded_all_the_same(field):
    await field.officer("An", "06412@1", "ubnd-xa", "sms:84912345678")
    await field.sweep(MORNING)
    text = b'{"CodeResult": "99", "ErrorMessage": "\\ud800 and \\u0000"}'
    async with HttpServer((200, text)) as server:
        esms = EsmsChannel("k", "s", "KIP", url=server.url, now=SystemClock().now, new_pace=lambda: Pace(10, lambda: 0))
        worker = working_delivery(field.pool, lambda: field.registry, Fixed(at(MORNING)), esms)
        await worker.deliver([await field.pool.fetchval(f"SELECT message.id {OF_AN}")])
        await worker.stop()
        await esms.close()
    row = await field.pool.fetchrow(f"SELECT state, error {OF_AN}")
    assert row["state"] == "failed"
    assert "eSMS 99" in row["error"]


# What is published


@pytest.mark.parametrize("wild", ["at = '294276-12-31'", "due_at = 'infinity'", "met_at = '4713-01-01 BC'"])
async def test_a_change_that_makes_no_event_goes_aside_and_the_others_are_published(field, registry, wild):
    published = []

    async def publish(key, body):
        published.extend(json.loads(body))

    id_ = (await field.obligation())["id"]
    await field.pool.execute(f"UPDATE notifications.change SET {wild} WHERE obligation = $1", id_)  # noqa: S608
    await field.pool.execute("UPDATE notifications.obligation SET unit = 'nowhere' WHERE unit = '06427@1'")
    announcer = Announcer(field.pool, lambda: registry, lambda: at(MORNING), publish, lambda _: None)
    await announcer.announce()
    assert {unit for _, unit in (await asides(field))[0]} == {"06412@1", "nowhere"}
    assert len(published) > 40
    assert await change_store.unpublished(field.pool) == 0
    await field.pool.execute("UPDATE notifications.change SET at = now(), due_at = now(), met_at = NULL")
    await replayed(field, MORNING)
    await announcer.announce()
    assert published[-1]["id"].startswith(f"{id_}.") or published[-2]["id"].startswith(f"{id_}.")


# What a person sees


async def test_the_count_of_what_waits_is_a_metric(field):
    await field.pool.execute("UPDATE notifications.obligation SET unit = 'nowhere' WHERE unit = '06427@1'")
    await field.sweep(MORNING)
    DEAD_EVENTS.labels("notifications").set(0)
    observer = Observer(field.pool)
    observer.start()
    async with asyncio.timeout(60):
        while REGISTRY.get_sample_value("kip_dead_events", {"service": "notifications"}) != 1:
            await asyncio.sleep(0.05)
    await observer.stop()


async def test_kip_dead_lists_shows_replays_and_drops_what_went_aside(field, loaded_database, amqp_url):
    environment = {"KIP_AMQP_URL": amqp_url, "KIP_DATABASE_URL": loaded_database}
    await topology.declare(amqp_url, 1)
    await field.pool.execute("UPDATE notifications.obligation SET due_at = 'infinity' WHERE unit = '06412@1'")
    await field.pool.execute("UPDATE notifications.obligation SET unit = 'nowhere' WHERE unit = '06427@1'")
    await field.sweep(MORNING)
    first, second = sorted(
        json.loads(kip("dead", "list", "--json", environment=environment)), key=lambda row: row["unit"]
    )
    assert (first["source"], first["kind"], first["unit"]) == ("notifications.rows", "obligation", "06412@1")
    shown = json.loads(kip("dead", "show", first["ref"], environment=environment))
    assert shown["row"]["due_at"] == "infinity"
    assert "notifications" in kip("dead", "list", environment=environment)
    assert "next sweep" in kip("dead", "replay", first["ref"], environment=environment)
    assert "dropped" in kip("dead", "drop", second["ref"], environment=environment)
    assert json.loads(kip("dead", "list", "--json", environment=environment)) == []
    await field.sweep(MORNING)  # the clock of kip is the machine's: later than this morning
    assert await field.pool.fetchval("SELECT next_at > $1 FROM notifications.obligation WHERE id = $2", at(MORNING),
                                     int(shown["subject"]))  # fmt: skip


def test_after_three_broken_sweeps_the_service_is_not_ready_says_why_and_recovers(
    stack, postgres, amqp_url, district_database
):
    settings = {"KIP_CLOCK": "2022-12-15T08:00:00+07:00", "KIP_SWEEP_INTERVAL": "0.2"}
    system = System(stack, amqp_url, district_database, names=("notifications",), settings=settings)
    name = district_database.rpartition("/")[2]
    readiness = lambda: LOCAL.get(f"{system.services.url('notifications')}/readyz")  # noqa: E731
    try:
        postgres.execute("ALTER TABLE notifications.problem RENAME TO lost", database=name)
        system.wait_until(lambda: readiness().status_code == 503, "the service says that it isn't ready")
        assert "sweeps failed: UndefinedTableError" in readiness().json()["checks"]["sweeps"]
        postgres.execute("ALTER TABLE notifications.lost RENAME TO problem", database=name)
        system.wait_until(lambda: readiness().status_code == 200, "the service is ready again")
    finally:
        system.services.stop()
