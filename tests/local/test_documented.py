"""What the fuzz judges answers by: it does find what lies outside a document."""

import http.client

import pytest

from services.notifications.openapi import openapi
from tests.documented import Document
from tests.hostile import Asked
from tests.hostile_world import Answer

REFUSAL = b'{"error":"x","message":"y"}'
DOCUMENT = Document(openapi("test"))


def outside(method: str, target: str, status: int, body: bytes = b"", kind: str = "application/json") -> str | None:
    headers = http.client.HTTPMessage()
    headers["content-type"] = kind
    return DOCUMENT.outside(Asked(method, target, (), b""), Answer(status, headers, body))


@pytest.mark.parametrize(
    ("method", "target", "status", "body"),
    [
        ("GET", "/v1/obligations?unit=%00", 200, b'{"rows":[],"next":null}'),
        ("GET", "/v1/obligations?unit=%00", 400, REFUSAL),
        ("GET", "/v1/obligations/a%2Fb", 404, REFUSAL),
        ("GET", "/v1/obligations/a/b", 404, REFUSAL),
        ("HEAD", "/v1/obligations", 200, b""),
        ("BREW", "/v1/obligations", 405, REFUSAL),
        ("GET", "/v1/obligations", 431, b'{"error":"head_too_large","message":"y"}'),
    ],
)
def test_what_the_document_says_is_within_it(method: str, target: str, status: int, body: bytes) -> None:
    assert outside(method, target, status, body) is None


@pytest.mark.parametrize(
    ("method", "target", "status", "body", "kind", "said"),
    [
        ("GET", "/v1/obligations", 404, REFUSAL, "application/json", "Undocumented status code"),
        ("HEAD", "/v1/obligations/9", 418, b"", "application/json", "Undocumented status code"),
        ("POST", "/v1/obligations/9/waive", 200, b'{"id":9}', "application/json", "violates schema"),
        ("GET", "/v1/obligations", 200, b'{"rows":[1],"next":null}', "application/json", "violates schema"),
        ("GET", "/v1/obligations/9", 200, REFUSAL, "application/json", "violates schema"),
        ("GET", "/v1/calendar/token.ics", 200, b"BEGIN", "text/plain", "Undocumented Content-Type"),
        ("GET", "/v1/obligations/a/b", 200, REFUSAL, "application/json", "not in the document"),
        ("GET", "/v1/obligations", 431, REFUSAL, "application/json", "Undocumented status code"),
    ],
)
def test_what_the_document_does_not_say_is_found(
    method: str, target: str, status: int, body: bytes, kind: str, said: str
) -> None:
    assert said in str(outside(method, target, status, body, kind))
