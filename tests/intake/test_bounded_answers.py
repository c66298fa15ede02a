"""No request makes an answer, a pause or a process that is larger than itself, in any format."""

import asyncio
import base64
import json
import socket
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import psutil
import pytest

from deploy.local.http import LOCAL
from services.intake.formats.cloudevents import parse_batch
from services.intake.formats.json_text import TooManyError
from services.intake.formats.ndjson import parse_lines
from services.intake.http.dhis2_jobs import KEPT_BYTES, Jobs
from services.intake.outbox.spool import Spool, SpoolAwayError
from shared.broker.message import Message, new_id
from shared.runtime.clock import SystemClock
from tests.shared.test_spreadsheets import HOSTILE, SLOW, workbook
from tests.system import BATCH, System, access

NDJSON = "application/x-ndjson"
JSON = "application/json"
STRUCTURED = "application/cloudevents+json"
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
SETS = "/api/dataValueSets"
COMPLETIONS = "/api/completeDataSetRegistrations"
FORM = "/v1/kobo/parent-counselling"
LISTED = 1000
SESSIONS = b"unit,agency,record,activity,held_on\n"


def send(system: System, path: str, content: bytes, kind: str, key: str = "", **query: str) -> httpx.Response:
    basic = base64.b64encode(f"any:{key or system.key}".encode()).decode()
    return LOCAL.post(
        f"{system.services.url('intake')}{path}", content=content, params=query, timeout=60,
        headers={"Authorization": f"Basic {basic}", "Content-Type": kind},
    )  # fmt: skip


def list_of(name: str, item: str, count: int) -> bytes:
    return f'{{"{name}":[{",".join([item] * count)}]}}'.encode()


@pytest.mark.parametrize(
    ("path", "content", "kind"),
    [
        ("/v1/events", b"[" + b",".join([b"{}"] * 1_500_000) + b"]", BATCH),
        ("/v1/events", b"[" + b",".join([b"{}"] * 20_001) + b"]", BATCH),
        ("/v1/events", b"[" + b"[],[{}]," * 1_000_000 + b"0]", BATCH),
        ("/v1/import", SESSIONS + b"06412,ubnd-xa,,parent-counselling,\n" * 20_001, "text/csv"),
        (SETS, list_of("dataValues", "{}", 100_001), JSON),
        (SETS, b"dataelement,period,orgunit,value\n" + b"a,b,c,d\n" * 100_001, "application/csv"),
        (SETS, list_of("dataValues", "0", 3_000_000), JSON),
        (COMPLETIONS, list_of("completeDataSetRegistrations", "{}", 20_001), JSON),
        (FORM, list_of("rows", "{}", 2_000_000), JSON),
    ],
)
def test_more_than_the_door_takes_is_413_before_anything_is_made_of_it(
    system: System, path: str, content: bytes, kind: str
) -> None:
    for query in ({}, {"dryRun" if "api" in path else "dry_run": "true"}):
        answer = send(system, path, content, kind, **query)
        assert answer.status_code == 413, answer.text[:500]
        assert "at most" in answer.json()["message"]
        assert len(answer.content) < 500


@pytest.mark.parametrize("query", [{}, {"partial": "true"}, {"dry_run": "true"}])
@pytest.mark.parametrize(
    ("path", "content", "kind"),
    [
        ("/v1/events", json.dumps([{}] * 1500).encode(), BATCH),
        ("/v1/events", json.dumps([access("99999")] * 1500).encode(), BATCH),
        ("/v1/events", b"{}\n" * 1500, NDJSON),
        ("/v1/import", SESSIONS + b"06412,ubnd-xa,,no-such,2023-03-09\n" * 1500, "text/csv"),
        ("/v1/import", SESSIONS + b"06412,ubnd-xa,,parent-counselling,never\n" * 1500, "text/csv"),
    ],
)
def test_a_thousand_of_the_refused_are_listed_and_all_are_counted(
    system: System, path: str, content: bytes, kind: str, query: dict[str, str]
) -> None:
    answer = send(system, path, content, kind, **query).json()
    assert (answer["accepted"], answer["rejected_total"], len(answer["rejected"])) == (0, 1500, LISTED)
    assert [item["index"] for item in answer["rejected"]] == list(range(LISTED))


@pytest.mark.parametrize("version", ["", "37/"])
@pytest.mark.parametrize(
    ("path", "content"),
    [
        ("dataValueSets", list_of("dataValues", '{"dataElement":"no-such","value":1}', 1500)),
        ("completeDataSetRegistrations", list_of("completeDataSetRegistrations", '{"dataSet":"no-such"}', 1500)),
    ],
)
def test_a_thousand_conflicts_are_listed_and_all_are_counted(
    system: System, path: str, content: bytes, version: str
) -> None:
    answer = send(system, f"/api/{version}{path}", content, JSON).json()
    summary = answer.get("response", answer)
    assert (len(summary["conflicts"]), summary["conflictsTotal"]) == (LISTED, 1500)
    assert (summary["rejectedIndexes"], summary["rejectedIndexesTotal"]) == (list(range(LISTED)), 1500)
    assert summary["importCount"]["ignored"] == 1500


def test_of_what_is_wrong_with_one_event_the_first_are_listed_and_all_are_counted(system: System) -> None:
    faulty = access()
    faulty["data"] |= {f"{'x' * 500}{number}": number for number in range(100)}
    for content, kind in (
        (json.dumps([faulty]), BATCH),
        (json.dumps(faulty), STRUCTURED),
        (json.dumps(faulty), NDJSON),
    ):
        answer = send(system, "/v1/events", content.encode(), kind)
        (rejected,) = answer.json()["rejected"]
        assert (len(rejected["errors"]), rejected["errors_total"]) == (10, 100)
        assert len(answer.content) < 10_000


@pytest.mark.parametrize(
    ("path", "kind"),
    [("/v1/events", BATCH), ("/v1/events", STRUCTURED), (SETS, JSON), (COMPLETIONS, JSON), (FORM, JSON)],
)
@pytest.mark.parametrize("bracket", ["[]", "{}"])
def test_what_is_nested_without_end_is_refused(system: System, path: str, kind: str, bracket: str) -> None:
    inner = '"a":' if bracket == "{}" else ""
    deep = f"{bracket[0]}{inner}" * 15_000 + f"{bracket}{bracket[1] * 15_000}"
    for content in (deep, f'{{"dataValues":{deep},"completeDataSetRegistrations":{deep},"data":{deep}}}'):
        assert send(system, path, content.encode(), kind).status_code in {400, 413, 422}


def test_an_event_that_is_too_large_is_told_before_it_is_looked_at(system: System) -> None:
    unknown = {f"field-{number}": number for number in range(8000)}
    large = {**access(), "data": unknown}
    for content, kind in ((json.dumps([large]), BATCH), (json.dumps(large), STRUCTURED)):
        answer = send(system, "/v1/events", content.encode(), kind)
        assert answer.status_code == 413
        assert [error["code"] for error in answer.json()["rejected"][0]["errors"]] == ["event_too_large"]


@pytest.mark.parametrize(
    "work",
    [
        lambda: parse_batch(json.dumps([access()] * 2000).encode()),
        lambda: parse_batch(json.dumps([{"id": "x" * 400}] * 2000).encode()),
        lambda: parse_lines([(number, json.dumps(access()).encode()) for number in range(2000)]),
    ],
)
async def test_others_have_their_turn_while_a_large_body_is_read(work: Callable[[], Any]) -> None:
    turns = 0

    async def count() -> None:
        nonlocal turns
        while True:
            turns += 1
            await asyncio.sleep(0)

    counting = asyncio.create_task(count())
    try:
        candidates, rejected = await work()
    finally:
        counting.cancel()
    assert len(candidates) + len(rejected) == 2000
    assert turns >= 15


async def test_too_many_events_are_told_apart_from_no_events() -> None:
    with pytest.raises(TooManyError, match="at most 20000 events"):
        await parse_batch(b"[" + b",".join([b"1"] * 20_001) + b"]")


async def test_the_summaries_that_are_remembered_are_bounded() -> None:
    jobs = Jobs(Spool("postgresql://127.0.0.1:1/none", 0))
    summary = {"status": "SUCCESS", "conflicts": ["x" * 1000] * 1000}
    for number in range(20):
        await jobs.put(str(number), "me", summary, SystemClock().now())
    assert await jobs.get("19", "me") == summary
    kept = sum([await _known(jobs, number) for number in range(20)])
    assert 0 < kept <= KEPT_BYTES // 1_000_000


async def _known(jobs: Jobs, number: int) -> bool:
    try:
        return await jobs.get(str(number), "me") is not None
    except Exception:  # the database can't be asked for one that is forgotten
        return False


@pytest.mark.parametrize("name", ["single quotes", "a prefix", "another path", "an unclosed tag repeated", "entities"])
def test_a_hostile_workbook_is_a_400_and_the_service_goes_on(system: System, name: str) -> None:
    before = system.services.process("intake").pid
    answer = send(system, "/v1/import", HOSTILE[name](), XLSX)
    assert (answer.status_code, answer.json()["error"]) == (400, "unreadable"), answer.text
    assert system.services.process("intake").pid == before
    assert send(system, "/v1/import", SESSIONS, "text/csv").status_code == 202


def test_a_reader_ends_when_its_client_has_gone(system: System) -> None:
    intake = psutil.Process(system.services.process("intake").pid)
    body = workbook(SLOW)
    system.wait_until(lambda: len(intake.children()) == 1, "one reader is ready")
    head = [
        "POST /v1/import HTTP/1.1", "Host: x", f"Authorization: Bearer {system.key}", f"Content-Type: {XLSX}",
        f"Content-Length: {len(body)}", "", "",
    ]  # fmt: skip
    with socket.create_connection(("127.0.0.1", system.services.ports["intake"]), timeout=30) as client:
        client.sendall("\r\n".join(head).encode() + body)
        system.wait_until(lambda: len(intake.children()) == 2, "it reads, and another is ready")
    system.wait_until(lambda: len(intake.children()) == 1, "it has ended", seconds=10)


def heaviest() -> list[tuple[str, bytes, str]]:
    """What takes most of what the door lets in."""
    good, bad = (json.dumps(access(unit)).encode() for unit in ("06412", "99999"))
    number = min(20_000, 8 * 2**20 // (len(bad) + 1))
    return [
        ("/v1/events", b"[" + b",".join([good] * number) + b"]", BATCH),
        ("/v1/events", b"[" + b",".join([bad] * number) + b"]", BATCH),
        ("/v1/events", b"[" + b",".join([b"{}"] * 490_000) + b"]", BATCH),
        (SETS, list_of("dataValues", '{"dataElement":"no-such","orgUnit":"06412","value":1}', 100_000), JSON),
        (SETS, list_of("dataValues", '{"dataElement":"child-service-access.numerator","value":1}', 100_000), JSON),
        ("/v1/import", SESSIONS + b"06412,ubnd-xa,,parent-counselling,2023-03-09\n" * 19_000, "text/csv"),
        ("/v1/import", HOSTILE["a shared text everywhere"](), XLSX),
    ]


def test_the_service_stays_within_its_memory_and_answers_others_meanwhile(system: System) -> None:
    intake = psutil.Process(system.services.process("intake").pid)
    largest = alive = 0
    with ThreadPoolExecutor(8) as threads:
        sent = [
            threads.submit(send, system, *request, **{"dryRun" if request[0] == SETS else "dry_run": "true"})
            for request in heaviest() * 2
        ]
        while not all(item.done() for item in sent):
            assert LOCAL.get(f"{system.services.url('intake')}/healthz", timeout=30).status_code == 200
            largest = max(largest, intake.memory_info().rss)
            alive += 1
    answers = [item.result() for item in sent]  # a busy machine may say that somebody has to come again
    assert all(answer.status_code < 500 or "Retry-After" in answer.headers for answer in answers)
    assert alive >= len(sent)
    assert largest < 400 * 2**20


def test_a_key_that_may_post_nothing_of_it_is_refused_before_a_byte_is_read(system: System) -> None:
    key = system.add_source("problems-only", "--kinds", "problem.raised")
    system.wait_until(lambda: system.post([], key=key).status_code == 202, "the key is known")
    head = [
        "POST /v1/import HTTP/1.1", "Host: x", f"Authorization: Bearer {key}", f"Content-Type: {XLSX}",
        "Content-Length: 1000", "", "",
    ]  # fmt: skip
    with socket.create_connection(("127.0.0.1", system.services.ports["intake"]), timeout=30) as client:
        client.sendall("\r\n".join(head).encode())
        answer = client.recv(4096)
    assert answer.startswith(b"HTTP/1.1 403")
    assert b"not_allowed" in answer


async def test_what_a_client_is_told_of_an_absent_database_names_no_library() -> None:
    spool = Spool("postgresql://127.0.0.1:1/none", 10)
    await spool.open()
    spool.away = False
    for attempt, told in (
        (spool.put(Message(new_id(), "key", b""), 1, 2.0), "the spool did not commit"),
        (Jobs(spool).get("1", "me"), "the database can't be asked"),
    ):
        with pytest.raises(SpoolAwayError, match=f"{told}: \\w+") as away:  # the log is told which error it was
            await attempt
        assert away.value.words.en == told
    await spool.close()
