"""A post may come in one piece or with its body later: both are answered alike."""

import base64
import json
from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from tests.intake.one_piece import Answer, OnePiece
from tests.system import System, access, counselling

STRUCTURED = "application/cloudevents+json"


@pytest.fixture
def client(system: System) -> Iterator[OnePiece]:
    client = OnePiece(system.services.ports["intake"])
    yield client
    client.close()


def _binary(made: dict[str, Any]) -> tuple[dict[str, str], bytes]:
    data = made.pop("data")
    headers = {f"ce-{name}": value for name, value in made.items()}
    return {**headers, "content-type": "application/json"}, json.dumps(data).encode()


def _body(made: Any) -> bytes:
    return made if isinstance(made, bytes) else json.dumps(made).encode()


CASES: dict[str, tuple[Mapping[str, str], Any, str]] = {
    "good": ({}, counselling("06412", "together-1"), ""),
    "in Vietnamese": ({"accept-language": "vi"}, access("99999"), ""),
    "binary": (*_binary(counselling("06412", "together-2")), ""),
    "charset": ({"content-type": f"{STRUCTURED}; charset=utf-8"}, counselling("06412", "together-3"), ""),
    "dry run": ({}, counselling("06412", "together-4"), "?dry_run=true"),
    "not JSON": ({}, b"{", ""),
    "a list": ({}, b"[]", ""),
    "twice the same key": ({}, b'{"id": "1",' + _body(counselling("06412", "together-6"))[1:], ""),
    "not UTF-8": ({}, b'{"id": "\xff"}', ""),
    "unknown field": ({}, {**access(), "Colour": "red"}, ""),
    "unknown unit": ({}, access("99999"), ""),
    "too high": ({}, access(numerator=999), ""),
    "too large": ({}, {**access(), "dataschema": "x" * 70_000}, ""),
    "unknown type": ({"content-type": "text/plain"}, access(), ""),
    "compressed": ({"content-encoding": "gzip"}, access(), ""),
    "unknown key": ({"authorization": "Bearer wrong"}, access(), ""),
    "no key": ({"authorization": ""}, access(), ""),
    "empty": ({}, b"", ""),
}  # fmt: skip


@pytest.mark.parametrize("case", CASES)
def test_in_one_piece_or_in_two_the_answer_is_the_same(system: System, client: OnePiece, case: str) -> None:
    """A refusal may come before the body; then the connection ends with it."""
    more, made, query = CASES[case]
    headers = {"authorization": f"Bearer {system.key}", "content-type": STRUCTURED, **more}
    whole, cut = (_told(client.post(_body(made), headers, query, pieces=pieces)) for pieces in (1, 2))
    assert whole == cut
    assert (whole[0] == 202) is (case in {"good", "binary", "charset"})


def test_basic_authorization_works_in_one_piece(system: System, client: OnePiece) -> None:
    basic = base64.b64encode(f"anybody:{system.key}".encode()).decode()
    headers = {"authorization": f"Basic {basic}", "content-type": STRUCTURED}
    assert client.post(_body(counselling("06412", "together-5")), headers).status == 202


def _told(answer: Answer) -> tuple[int, dict[str, str], bytes]:
    headers = {name: value for name, value in answer.headers.items() if name not in {"date", "connection"}}
    return answer.status, headers, answer.body
