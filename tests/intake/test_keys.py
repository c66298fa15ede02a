"""Keys over their whole life: given, narrowed, rotated, revoked, counted; every change leaves an audit row."""

import json
import time
from collections.abc import Iterator
from typing import Any

import asyncpg
import pytest

from deploy.local.http import LOCAL
from deploy.local.own_loop import in_own_loop
from deploy.local.stack import LocalStack
from shared.access.keys import hash_key, new_key
from shared.registry import source_store, store
from shared.runtime.clock import SystemClock
from tests.system import BATCH, ROOT, System, access, counselling, event, kip


@pytest.fixture(scope="module")
def door(stack: LocalStack, rabbitmq: Any, session_database: Any, loaded_template: str) -> Iterator[System]:
    system = System(stack, rabbitmq.add_vhost("keys"), session_database(loaded_template), ["intake"])
    yield system
    system.services.stop()


def run(system: System, *words: str) -> Any:
    return json.loads(kip("source", *words, "--json", environment=system.environment))


def status(system: System, key: str) -> int:
    return system.post([], key=key).status_code


def known(system: System, key: str) -> str:
    system.wait_until(lambda: status(system, key) == 202, "the key is known")
    return key


def test_a_revoked_key_is_refused_at_once(door: System) -> None:
    key = known(door, door.add_source("revoked"))
    assert run(door, "revoke", "revoked") == {"source": "revoked", "revoked": 1}
    door.wait_until(lambda: status(door, key) == 401, "the key is refused", seconds=5)


def test_after_a_rotation_both_keys_hold_until_the_overlap_ends(door: System) -> None:
    old = known(door, door.add_source("rotated"))
    new = known(door, run(door, "rotate", "rotated", "--overlap", "0.002")["key"])  # 7 s
    assert (status(door, old), status(door, new)) == (202, 202)
    door.wait_until(lambda: status(door, old) == 401, "the overlap is over")
    assert status(door, new) == 202


def test_a_rotation_says_what_it_does_and_the_handbook_says_the_same(door: System) -> None:
    door.add_source("told")

    def said(*words: str) -> str:
        return " ".join(kip("source", *words, environment=door.environment).split())

    assert "1 other key(s) go on for 24 h and end by themselves at " in said("rotate", "told")
    (listed,) = [row for row in run(door, "list") if row["name"] == "told"]
    first, second = listed["keys"]
    assert first["expires_at"] is not None
    assert second["expires_at"] is None
    assert "2 other key(s) go on for 0.5 h" in said("rotate", "told", "--overlap", "0.5")
    assert "3 other key(s) have ended" in said("rotate", "told", "--overlap", "0")
    (first, *_) = next(row for row in run(door, "list") if row["name"] == "told")["keys"]
    assert first["expires_at"] <= listed["keys"][0]["expires_at"]
    help_text = said("rotate", "--help")
    assert "[default: 24]" in help_text
    handbook = (ROOT / "docs" / "operate" / "keys.md").read_text(encoding="utf-8")
    for text in (help_text, handbook):
        assert "end by themselves" in text
    assert "the present ones go on for 24 h, then end by themselves" in handbook
    assert "until you revoke it" not in handbook


def test_a_key_that_reads_posts_only_the_kinds_that_it_was_given(door: System) -> None:
    reads = door.add_source("reads", "--read")
    both = known(door, door.add_source("reads-and-posts", "--read", "--kinds", "indicator.reported"))
    answer = door.post([access()], key=reads)
    assert (answer.status_code, answer.json()["error"]) == (403, "not_allowed")
    assert door.post([access()], key=both).status_code == 202
    assert door.post([counselling()], key=both).status_code == 403


def test_a_request_narrows_its_key_to_the_subtree_of_a_unit(door: System) -> None:
    key = known(door, door.add_source("narrowed", "--subtree", "186@1"))

    def posted(reach: str, unit: str = "06412") -> tuple[int, Any]:
        answer = door.post([access(unit)], key=key, headers={"Kip-Reach": reach})
        return answer.status_code, answer.json()

    for wide_enough in ("06412@1", "186@1", "20@1", "VN"):
        assert posted(wide_enough)[0] == 202
    for foreign in ("06421@1", "19@2", "19@1"):
        status_code, told = posted(foreign)
        (error,) = told["rejected"][0]["errors"]
        assert (status_code, error["code"], error["field"]) == (403, "unit_not_allowed", "subject")
        assert error["message"].endswith(f"below 186@1, {foreign}")
    assert posted("VN", "00001")[0] == 403
    for unknown in ("06412", "nowhere", ""):
        status_code, told = posted(unknown)
        assert (status_code, told["error"], told["field"]) == (400, "bad_parameter", "Kip-Reach")
    twice = LOCAL.post(
        f"{door.services.url('intake')}/v1/events", json=[],
        headers=[("Authorization", f"Bearer {key}"), ("Content-Type", BATCH), *2 * [("Kip-Reach", "186@1")]],
    )  # fmt: skip
    assert (twice.status_code, twice.json()["field"]) == (400, "Kip-Reach")


def test_a_key_that_acts_for_officers_is_listed_so(door: System) -> None:
    door.add_source("acts", "--read", "--act")
    door.add_source("acts-not")
    listed = {row["name"]: row for row in run(door, "list")}
    assert (listed["acts"]["can_act"], listed["acts"]["can_read"], listed["acts"]["kinds"]) == (True, True, None)
    assert listed["acts-not"]["can_act"] is False


def test_a_limit_that_names_nothing_is_refused(door: System) -> None:
    for option in ("--kinds", "--programmes"):
        with pytest.raises(AssertionError, match="expected names with commas"):
            run(door, "add", "limited", option, " ,")


def test_one_of_two_keys_can_be_revoked_alone(door: System) -> None:
    first = known(door, door.add_source("two"))
    second = known(door, run(door, "rotate", "two")["key"])
    (listed,) = [row for row in run(door, "list") if row["name"] == "two"]
    assert len(listed["keys"]) == 2
    assert all(item["key"] not in first + second for item in listed["keys"])
    run(door, "revoke", "two", "--key", listed["keys"][0]["key"])
    door.wait_until(lambda: status(door, first) == 401, "the first is refused")
    assert status(door, second) == 202


def test_every_change_leaves_an_audit_row_without_the_key(door: System) -> None:
    key = door.add_source("audited", "--subtree", "186@1", "--rate", "9")
    second = run(door, "rotate", "audited")["key"]
    run(door, "revoke", "audited")
    rows = run(door, "audit", "audited")
    assert [(row["operation"], row["changed"]) for row in rows] == [
        ("insert", "source"), ("insert", "source_key"), ("update", "source_key"), ("insert", "source_key"),
        ("update", "source_key"), ("update", "source_key"),
    ]  # fmt: skip
    assert (rows[0]["new"]["subtree"], rows[0]["new"]["rate"]) == ("186@1", 9)
    assert [row["new"]["revoked"] for row in rows[-2:]] == [True, True]
    assert all(row["client"] == "kip source" for row in rows)
    assert key not in json.dumps(rows)
    assert second not in json.dumps(rows)


def test_the_database_holds_no_key_in_the_clear(door: System) -> None:
    key = door.add_source("hashed")

    async def dump() -> str:
        connection = await asyncpg.connect(door.database_url)
        rows = await connection.fetch("SELECT source_key::text FROM registry.source_key")
        await connection.close()
        return str(rows)

    assert key.removeprefix("kip_") not in in_own_loop(dump)


def test_a_key_of_other_programmes_may_not_post(door: System) -> None:
    key = known(door, door.add_source("programmes", "--programmes", "ecd-1437"))
    assert door.post([access()], key=key).status_code == 202
    other = event("report.submitted", "06412", {"report": "x", "agency": "y", "period": "2023-Q1"})
    other["data"]["programme"] = "other"
    answer = door.post([other], key=key)
    assert (answer.status_code, answer.json()["rejected"][0]["errors"][0]["code"]) == (403, "programme_not_allowed")


def test_rights_follow_successors_and_reach_their_predecessors_earlier_periods(door: System) -> None:
    after = known(door, door.add_source("after-merger", "--subtree", "20@2"))
    assert door.post([access("06412")], key=after).status_code == 202  # a commune of before 1 July 2025
    assert door.post([access("05443")], key=after).status_code == 403


def test_over_its_rate_a_source_is_told_when_to_come_back(door: System) -> None:
    key = known(door, door.add_source("fast", "--rate", "2"))
    answers = [door.post([counselling(record=f"{n}-{i}") for i in range(8)], key=key) for n in range(3)]
    assert [answer.status_code for answer in answers] == [202, 202, 429]
    wait = int(answers[-1].headers["Retry-After"])
    assert 1 <= wait <= 4
    assert answers[-1].json()["error"] == "rate_exceeded"
    time.sleep(wait)
    assert door.post([counselling(record="after")], key=key).status_code == 202


def test_a_sender_that_loses_a_429_is_answered_503(door: System) -> None:
    key = known(door, door.add_source("kobo-like", "--rate", "1", "--loses-429"))
    door.post([counselling(record=f"k{i}") for i in range(20)], key=key)
    answer = door.post([counselling(record="k")], key=key)
    assert (answer.status_code, answer.json()["error"]) == (503, "rate_exceeded")
    assert int(answer.headers["Retry-After"]) >= 1


def test_a_stream_is_slowed_down_to_the_rate_instead_of_refused(door: System) -> None:
    key = known(door, door.add_source("streamed", "--rate", "100"))
    body = b"".join(json.dumps(counselling(record=f"st{n}")).encode() + b"\n" for n in range(2500))
    began = time.monotonic()
    answer = LOCAL.post(
        f"{door.services.url('intake')}/v1/events", content=body, timeout=60,
        headers={"Authorization": f"Bearer {key}", "Content-Type": "application/x-ndjson"},
    )  # fmt: skip
    assert (answer.status_code, answer.json()["accepted"]) == (202, 2500)
    assert time.monotonic() - began > 3  # two groups, and the first is far over what may be saved up


def test_an_unknown_source_can_t_be_rotated_or_revoked(door: System) -> None:
    for word in ("rotate", "revoke"):
        with pytest.raises(AssertionError, match="no source nobody"):
            run(door, word, "nobody")


def test_the_key_is_never_logged(door: System) -> None:
    assert door.post([access()]).status_code == 202
    LOCAL.post(
        f"{door.services.url('intake')}/v1/events", content=b"{",
        headers={"Authorization": f"Bearer {door.key}", "Content-Type": BATCH},
    )  # fmt: skip
    assert door.key not in door.services.process("intake").log.read_text()


@pytest.mark.parametrize("name", ["", "a\nb", "\u202eppa", "a\u3164b", "a" * 201])
def test_a_sender_s_name_can_be_read_and_typed_again(door: System, name: str) -> None:
    with pytest.raises(AssertionError, match=r"NAME: expected .*, got '.*': "):
        run(door, "add", name)


def test_a_sender_s_name_stands_as_it_was_written(door: System) -> None:
    for name in ("Sở  Y tế", "Sở\u00a0Y tế", "Sơ\u0309 Y tế"):
        with pytest.raises(AssertionError, match="write 'Sở Y tế'"):
            run(door, "add", name)
    name = "Sở Y tế [/Lạng Sơn]"
    assert f"source {name} added" in kip("source", "add", name, environment=door.environment)
    assert f"source {name} has a new key" in kip("source", "rotate", name, environment=door.environment)
    assert f"source {name}: 2 key(s) revoked" in kip("source", "revoke", name, environment=door.environment)


def test_what_is_named_oddly_already_can_still_be_revoked(door: System) -> None:
    odd, key = "a\u200b b", new_key()

    async def add() -> None:
        connection = await asyncpg.connect(door.database_url)
        nation, now = await store.unit_or_root(connection, None), SystemClock().now()
        assert nation is not None
        made = source_store.Source(odd, nation, None, None, False, None, loses_429=False)
        assert await source_store.add_source(connection, made, now)
        await source_store.add_key(connection, odd, hash_key(key), now)
        await connection.close()

    in_own_loop(add)
    known(door, key)
    assert run(door, "revoke", odd)["revoked"] == 1
    door.wait_until(lambda: status(door, key) == 401, "the key is known no more")
