"""The door over real HTTP and a real broker: what it takes, what it refuses, and with which words."""

import base64
import json
from typing import Any

import httpx
import pytest

from deploy.local.http import LOCAL
from services.intake.http.responses import all_taken, status_url
from tests.system import BATCH, System, access, counselling, event

YEN_VUONG = "06412"
STRUCTURED = "application/cloudevents+json"
STATE_BUDGET = "f1-state-budget"


def errors(answer: httpx.Response) -> list[dict[str, Any]]:
    return [error for item in answer.json()["rejected"] for error in item["errors"]]


def test_a_batch_is_taken_and_an_empty_one_is_valid(system: System) -> None:
    answer = system.post([access("06421"), counselling("06421", "door-1")])
    assert (answer.status_code, answer.json()) == (202, system.all_taken(2))
    assert system.post([]).json() == system.all_taken(0)


def test_one_structured_event_is_taken(system: System) -> None:
    answer = LOCAL.post(
        f"{system.services.url('intake')}/v1/events",
        json=counselling("06424", "door-2"),
        headers={
            "Authorization": f"ApiToken {system.key}",
            "Content-Type": "application/cloudevents+json; charset=utf-8",
        },
    )
    assert (answer.status_code, answer.json()) == (202, system.all_taken(1))


def test_a_bad_event_refuses_the_batch_with_index_field_and_code(system: System) -> None:
    bad = access("06430", numerator=999)
    answer = system.post([access("06433"), bad])
    assert answer.status_code == 422
    assert answer.json() == {
        "accepted": 0,
        "rejected_total": 1,
        "rejected": [
            {
                "index": 1,
                "id": bad["id"],
                "errors": [
                    {
                        "code": "numerator_exceeds_denominator",
                        "field": "data.numerator",
                        "message": "the numerator exceeds the denominator; expected 530 at most",
                        "got": 999,
                    },
                    {
                        "code": "numerator_exceeds_denominator",
                        "field": "data.breakdown.0.numerator",
                        "message": "the numerator exceeds the denominator; expected 530 at most",
                        "got": 999,
                    },
                ],
            }
        ],
    }


def test_partial_takes_the_good_and_lists_the_bad(system: System) -> None:
    answer = system.post([counselling("06436", "door-3"), counselling("nowhere", "door-4")], partial="true")
    assert (answer.status_code, answer.json()["accepted"]) == (207, 1)
    assert [(item["index"], item["errors"][0]["code"]) for item in answer.json()["rejected"]] == [(1, "unit_unknown")]


def test_what_loses_within_the_request_is_named_with_what_wins(system: System) -> None:
    first, again, other = (counselling("06421", record) for record in ("twice", "twice", "once"))
    again["data"]["revision"] = first["data"]["revision"] + 1
    expected = [
        {
            "index": 1, "source": first["source"], "id": first["id"],
            "superseded_by": {"index": 0, "source": again["source"], "id": again["id"]},
        }
    ]  # fmt: skip
    for query, status in (({"dry_run": "true"}, 200), ({}, 202)):
        answer = system.post([again, first, other], **query)
        assert (answer.status_code, answer.json()["accepted"]) == (status, 3)
        assert (answer.json()["superseded_total"], answer.json()["superseded"]) == (1, expected)
    alone = system.post([first])
    assert alone.json() == system.all_taken(1), "what it loses to came with another request: its status tells"
    partial = system.post([first, again, counselling("nowhere", "twice")], partial="true").json()
    assert [item["index"] for item in partial["superseded"]] == [0]
    refused = system.post([first, again, counselling("nowhere", "twice")]).json()
    assert "superseded" not in refused
    assert "status_url" not in refused


@pytest.mark.parametrize(
    ("aggregation", "named"),
    [
        ("", {}),
        *(
            (url, {"status_url": "https://f.example/v1/events/{source}/{id}"})
            for url in ("https://f.example", "https://f.example/")
        ),
    ],
)
def test_only_an_address_that_is_known_is_told(aggregation: str, named: dict[str, str]) -> None:
    told = all_taken(3, 202, status_url(aggregation))
    assert json.loads(bytes(told.body)) == {"accepted": 3, "rejected": [], **named}


def test_a_dry_run_answers_the_same_and_publishes_nothing(system: System) -> None:
    answer = system.post([counselling("06442", "dry")], dry_run="true")
    assert (answer.status_code, answer.json()) == (200, {"accepted": 1, "rejected": []})
    assert system.post([counselling("06442", "wet")]).status_code == 202
    system.wait_until(
        lambda: system.rollups(activity="parent-counselling", within="06442", period="2023-03")[0]["records"] > 0,
        "the real one is counted",
    )
    assert system.rollups(activity="parent-counselling", within="06442", period="2023-03")[0]["records"] == 1


def with_data(made: dict[str, Any], **changes: Any) -> dict[str, Any]:
    return {**made, "data": {**made["data"], **changes}}


def test_a_domain_told_twice_alike_is_taken(system: System) -> None:
    alike = with_data(counselling("06442", "alike"), domain="health", by={"domain": "health"})
    assert system.post([alike], dry_run="true").json() == {"accepted": 1, "rejected": []}


@pytest.mark.parametrize(
    ("made", "code", "field"),
    [
        (access("99999"), "unit_unknown", "subject"),
        (access("06427@2"), "unit_not_in_force", "subject"),
        (access("186"), "unit_wrong_level", "subject"),
        (with_data(access(), programme="other"), "programme_unknown", "data.programme"),
        (with_data(access(), indicator="other"), "indicator_unknown", "data.indicator"),
        (with_data(counselling(), activity="other"), "activity_unknown", "data.activity"),
        (with_data(access(), agency="other"), "agency_unknown", "data.agency"),
        (with_data(access(), agency="so-yt"), "agency_not_allowed", "data.agency"),
        (with_data(access(), period="2023-Q9"), "period_invalid", "data.period"),
        (with_data(access(), period="2023-03"), "period_invalid", "data.period"),
        (with_data(access(), period="2023-Q3"), "period_future", "data.period"),
        (with_data(access(), period="2016-Q1"), "period_closed", "data.period"),
        (with_data(counselling(), held_on="2023-03-21"), "period_future", "data.held_on"),
        (with_data(counselling(), domain="sorcery"), "option_unknown", "data.domain"),
        (with_data(counselling(), domain="nutrition", by={"domain": "health"}), "value_invalid", "data.by.domain"),
        (with_data(counselling(), participants={"wizard": 1}), "option_unknown", "data.participants.wizard"),
        (
            with_data(counselling(), money=[{"line": "f1-state-budget", "amount": -1}]),
            "value_invalid",
            "data.money.0.amount",
        ),
        (with_data(counselling(), note="free text"), "field_unknown", "data.note"),
        (with_data(counselling(), female=500), "value_invalid", "data.female"),
        ({**counselling(), "Colour": "red"}, "field_unknown", "Colour"),
        ({key: value for key, value in access().items() if key != "time"}, "field_missing", "time"),
        (with_data(access(), numerator=None), "field_missing", "data.numerator"),
        (with_data(access(), numerator="412"), "value_invalid", "data.numerator"),
        (event("obligation.met", YEN_VUONG, {}), "kind_reserved", "type"),
        (
            event("problem.raised", YEN_VUONG, {"record": "p", "agency": "ubnd-xa", "text": "gọi 0912 345 678"}),
            "personal_data",
            "data.text",
        ),
        (
            event("problem.raised", YEN_VUONG, {"record": "p", "agency": "ubnd-xa", "text": "no \x00 room"}),
            "value_invalid",
            "data.text",
        ),
        (
            event("problem.raised", YEN_VUONG, {"record": "p", "agency": "ubnd-xa", "text": "x", "domain": "helth"}),
            "option_unknown",
            "data.domain",
        ),
    ],
)
def test_each_fault_has_its_code_and_field(system: System, made: dict[str, Any], code: str, field: str) -> None:
    answer = system.post([made])
    assert answer.status_code == 422, answer.text
    assert (errors(answer)[0]["code"], errors(answer)[0]["field"]) == (code, field)


@pytest.mark.parametrize("path", ["/v1/events", "/v1/import", "/v1/kobo/parent-counselling"])
@pytest.mark.parametrize("misspelt", ["dryRun", "dry-run", "Partial", "x"])
def test_a_parameter_that_is_not_known_is_refused_by_name(system: System, path: str, misspelt: str) -> None:
    before = system.metric("intake", "kip_events_received_total", outcome="accepted")
    answer = LOCAL.post(
        f"{system.services.url('intake')}{path}", params={misspelt: "true"}, json=[access("06421")],
        headers={"Authorization": f"Bearer {system.key}", "Content-Type": BATCH},
    )  # fmt: skip
    assert (answer.status_code, answer.json()["error"]) == (400, "bad_parameter")
    assert repr(misspelt) in answer.json()["message"]
    assert system.metric("intake", "kip_events_received_total", outcome="accepted") == before


def test_personal_data_is_not_repeated_in_the_answer_nor_in_the_log(system: System) -> None:
    raised = event("problem.raised", YEN_VUONG, {"record": "p", "agency": "ubnd-xa", "text": "gọi 0912345678"})
    named = [
        raised, counselling(record="0912345678"), counselling(id="0912345678"), counselling(source="/0912345678"),
        counselling(id="0912345678", time="soon"), counselling(subject="0912345678"),
    ]  # fmt: skip
    answer = system.post(named)
    assert [item["index"] for item in answer.json()["rejected"]] == list(range(len(named)))
    assert [item["id"] is None for item in answer.json()["rejected"]] == [False, False, True, False, True, False]
    assert "0912345678" not in answer.text
    assert "0912345678" not in system.services.process("intake").log.read_text()


def test_messages_come_in_vietnamese_on_request(system: System) -> None:
    answer = LOCAL.post(
        f"{system.services.url('intake')}/v1/events",
        json=[access("99999")],
        headers={"Authorization": f"Bearer {system.key}", "Content-Type": BATCH, "Accept-Language": "vi-VN,vi;q=0.9"},
    )
    assert errors(answer)[0]["message"].startswith("Đơn vị không có trong danh mục")


def test_without_a_valid_key_nothing_is_read(system: System) -> None:
    for authorization in ("", "Bearer wrong", f"Bearer {system.key}x", "Basic !!", "Digest x"):
        answer = LOCAL.post(
            f"{system.services.url('intake')}/v1/events", content=b"x", headers={"Authorization": authorization}
        )
        assert (answer.status_code, answer.json()["error"]) == (401, "unauthorized")
        assert "WWW-Authenticate" in answer.headers


def test_a_key_may_come_as_the_password_of_basic(system: System) -> None:
    token = base64.b64encode(f"anyone:{system.key}".encode()).decode()
    answer = LOCAL.post(
        f"{system.services.url('intake')}/v1/events",
        content=b"[]",
        headers={"Authorization": f"Basic {token}", "Content-Type": BATCH},
    )
    assert answer.status_code == 202


def test_a_key_reaches_its_subtree_and_kinds_only(system: System) -> None:
    narrow = system.add_source("narrow", "--subtree", "186@1", "--kinds", "indicator.reported")
    system.wait_until(lambda: system.post([], key=narrow).status_code == 202, "the key is known")
    assert system.post([access("06445")], key=narrow).status_code == 202
    outside = system.post([access("06448"), access("05443")], key=narrow)
    assert (outside.status_code, outside.json()["accepted"], errors(outside)[0]["code"]) == (403, 0, "unit_not_allowed")
    kind = system.post([counselling("06445", "narrow")], key=narrow)
    assert (kind.status_code, errors(kind)[0]["code"]) == (403, "kind_not_allowed")


@pytest.mark.parametrize(
    ("content", "content_type", "status"),
    [
        (b"{", BATCH, 400),
        (b"{}", BATCH, 400),
        (b"[1, 2", BATCH, 400),
        (b"\xff\xfe[]", BATCH, 400),
        (b"[" * 100_000, BATCH, 400),
        (b"[]", "application/cloudevents+json", 400),
        (b"[]", "text/plain", 415),
        (b"[]", "", 415),
        (b"[1]", BATCH, 422),
        (b"[null, {}]", BATCH, 422),
        (b" " * (8 * 1024 * 1024 + 1), BATCH, 413),
    ],
)
def test_what_is_no_batch_is_refused_by_its_kind_of_fault(
    system: System, content: bytes, content_type: str, status: int
) -> None:
    answer = LOCAL.post(
        f"{system.services.url('intake')}/v1/events",
        content=content,
        headers={"Authorization": f"Bearer {system.key}", "Content-Type": content_type},
    )
    assert answer.status_code == status, answer.text


def test_probes_and_metrics_answer(system: System) -> None:
    for service in ("intake", "aggregation"):
        url = system.services.url(service)
        assert LOCAL.get(f"{url}/healthz").json() == {"status": "alive"}
        ready = LOCAL.get(f"{url}/readyz")
        assert (ready.status_code, set(ready.json()["checks"].values())) == (200, {"ok"})
        assert ready.json()["clock"].startswith("2023-03-20")
        assert "# HELP kip_events_" in LOCAL.get(f"{url}/metrics").text
