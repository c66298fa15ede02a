"""NDJSON: lines are taken as they come, in bounded memory, each by itself."""

import json
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import httpx
from hypothesis import given, settings
from hypothesis import strategies as st

from deploy.local.http import LOCAL
from deploy.local.stack import LocalStack
from services.intake.formats.ndjson import LINE_BYTES, groups_of
from tests.system import System, counselling

NDJSON = "application/x-ndjson"


def stream(system: System, content: Any, *, key: str | None = None, **query: str) -> httpx.Response:
    return LOCAL.post(
        f"{system.services.url('intake')}/v1/events",
        content=content,
        params=query,
        headers={"Authorization": f"Bearer {key or system.key}", "Content-Type": NDJSON},
        timeout=120,
    )


def line(record: str, subject: str = "06445", **change: Any) -> bytes:
    return json.dumps({**counselling(subject, record), **change}).encode() + b"\n"


def test_bad_and_foreign_lines_are_rejected_lines_and_the_others_are_taken(system: System) -> None:
    narrow = system.add_source("narrow-stream", "--subtree", "186@1")
    system.wait_until(lambda: system.post([], key=narrow).status_code == 202, "the key is known")
    body = [
        line("s-1"), b"\n", b"{no json\n", line("s-2", subject="05443"), line("s-3", Colour="red"),
        b'{"id":"x","id":"y"}\n', b'"' + b"x" * LINE_BYTES + b'"\n', line("s-4").strip(),
    ]  # fmt: skip
    answer = stream(system, b"".join(body), key=narrow)
    assert (answer.status_code, answer.json()["accepted"], answer.json()["rejected_total"]) == (207, 2, 5)
    assert [(item["index"], item["errors"][0]["code"]) for item in answer.json()["rejected"]] == [
        (2, "not_json"), (3, "unit_not_allowed"), (4, "field_unknown"), (5, "not_json"), (6, "event_too_large"),
    ]  # fmt: skip


def test_an_empty_stream_and_a_dry_run(system: System) -> None:
    assert stream(system, b"").json() == {**system.all_taken(0), "rejected_total": 0}
    answer = stream(system, line("s-dry"), dry_run="true")
    assert (answer.status_code, answer.json()["accepted"]) == (200, 1)


def test_a_line_that_another_one_of_its_group_outranks_is_named(system: System) -> None:
    data = counselling("06445", "s-twice")["data"]
    body = [
        line("s-twice", id="s-twice-2", data={**data, "revision": 2}), line("s-once"),
        line("s-twice", id="s-twice-1", data={**data, "revision": 1}),
    ]  # fmt: skip
    answer = stream(system, b"".join(body)).json()
    assert (answer["accepted"], answer["superseded_total"]) == (3, 1)
    ((lost, by),) = [(item["index"], item["superseded_by"]) for item in answer["superseded"]]
    assert (lost, by["index"], by["id"]) == (2, 0, "s-twice-2")


def test_all_are_counted_and_the_first_thousand_listed(system: System) -> None:
    answer = stream(system, b"{}\n" * 2500)
    assert (answer.status_code, answer.json()["accepted"], answer.json()["rejected_total"]) == (422, 0, 2500)
    assert [item["index"] for item in answer.json()["rejected"]] == list(range(1000))


def test_a_long_stream_is_taken_in_bounded_memory(stack: LocalStack, amqp_url: str, loaded_database: str) -> None:
    system = System(stack, amqp_url, loaded_database, ["intake"])
    resident = Path(f"/proc/{_pid(system)}/status")

    def memory() -> int:
        return int(resident.read_text().split("VmHWM:")[1].split()[0])

    def lines(count: int) -> Iterator[bytes]:
        padding = b" " * 8000  # a large stream that costs the broker little
        for number in range(count):
            yield line(f"long-{number}").rstrip() + padding + b"\n"

    try:
        assert stream(system, lines(100)).json()["accepted"] == 100
        before = memory()
        answer = stream(system, lines(5000))  # 42 MB
        assert (answer.status_code, answer.json()["accepted"]) == (202, 5000)
        assert memory() - before < 30_000  # kB
    finally:
        system.services.stop()


def test_a_stream_past_its_limit_is_cut_and_says_so(stack: LocalStack, amqp_url: str, loaded_database: str) -> None:
    system = System(stack, amqp_url, loaded_database, ["intake"], {"KIP_STREAM_LIMIT": "3000000"})

    def lines() -> Iterator[bytes]:
        for number in range(10_000):
            yield line(f"cut-{number}")

    try:
        answer = stream(system, lines())
        found = answer.json()
        assert answer.status_code == 207
        (cut,) = found["rejected"]
        assert (cut["index"], cut["errors"][0]["code"]) == (found["accepted"], "stream_cut")
        assert 0 < found["accepted"] < 10_000
        assert stream(system, b"x" * 3_000_001).status_code == 413
    finally:
        system.services.stop()


def _pid(system: System) -> int:
    """The process that listens, below the reaper."""
    port = f"{system.services.ports['intake']:04X}"
    (inode,) = [
        row.split()[9]
        for row in Path("/proc/net/tcp").read_text().splitlines()[1:]
        if row.split()[1].endswith(f":{port}") and row.split()[3] == "0A"
    ]
    for descriptor in Path("/proc").glob("[0-9]*/fd/*"):
        try:
            if str(descriptor.readlink()) == f"socket:[{inode}]":
                return int(descriptor.parts[2])
        except OSError:
            continue
    raise AssertionError("nobody listens")


@settings(deadline=None)
@given(st.lists(st.sampled_from([b"", b" ", b"a", b"bb", b"x" * (LINE_BYTES + 1)])), st.integers(1, 70_000))
async def test_lines_don_t_depend_on_how_the_bytes_arrive(lines: list[bytes], size: int) -> None:
    body = b"\n".join(lines)

    async def chunks() -> AsyncIterator[bytes]:
        for start in range(0, len(body), size):
            yield body[start : start + size]

    found = [item async for group in groups_of(chunks()) for item in group]
    assert found == [
        (number, None if len(text) > LINE_BYTES else text) for number, text in enumerate(lines) if text.strip()
    ]
