"""What a service's own OpenAPI document says of an answer, whoever asked for it and however."""

import json
import re
from collections.abc import Iterator
from typing import Any

import schemathesis
from requests import PreparedRequest, Request
from schemathesis.core.failures import Failure, FailureGroup
from schemathesis.core.result import Ok
from schemathesis.core.transport import Response
from schemathesis.schemas import APIOperation
from schemathesis.specs.openapi import checks
from schemathesis.transport.serialization import Binary

from deploy.local.http import LOCAL
from services.intake.formats.ndjson import NDJSON
from services.intake.http.sheets import CSV, XLSX
from tests.hostile import Asked
from tests.hostile_world import Answer

STATUS = [checks.status_code_conformance]
CHECKS = [*STATUS, checks.content_type_conformance, checks.response_schema_conformance]
# What is no good HTTP is refused before any route is looked at: docs/errors.md lists it, for every address.
BEFORE_ANY_ROUTE = frozenset({"malformed_request", "too_slow", "expectation_failed", "head_too_large"})


@schemathesis.serializer(NDJSON, XLSX, CSV, "application/csv")
def as_it_is(_: schemathesis.SerializationContext, value: Any) -> bytes:
    """Texts and bytes go as they are; what the fuzzer makes of other types as JSON."""
    if isinstance(value, Binary):
        return value.data
    return value.encode("utf-8", "replace") if isinstance(value, str) else json.dumps(value).encode()


def requests_of(document: dict[str, Any]) -> Any:
    """What can be asked by a service's document, but for the stream that ends only with its reader: that has tests of
    its own (`tests/e2e/test_changes.py`).
    """
    return schemathesis.openapi.from_dict(document).exclude(path="/v1/changes")


class Document:
    """A service's document."""

    def __init__(self, document: dict[str, Any]) -> None:
        read = list(requests_of(document).get_all_operations())
        self.operations: list[APIOperation[Any, Any, Any, Any]] = [made.ok() for made in read if isinstance(made, Ok)]
        assert len(self.operations) == len(read), read
        self._by_method = {
            method: [
                (re.compile(re.sub(r"\\\{\w+\\\}", "[^/]+", re.escape(made.path))), made)
                for made in self.operations
                if made.method.upper() == method
            ]
            for method in {made.method.upper() for made in self.operations}
        }

    @classmethod
    def served_by(cls, url: str) -> "Document":
        """That of a running service."""
        answer = LOCAL.get(f"{url}/openapi.json")
        assert answer.status_code == 200, answer.text
        return cls(answer.json())

    def outside(self, asked: Asked, answer: Answer) -> str | None:
        """How the answer to bytes of any kind lies outside the document; None where it doesn't."""
        if _error_of(answer.body) in BEFORE_ANY_ROUTE:
            return None
        operation = self._operation(asked)
        if operation is None:
            return None if 400 <= answer.status < 500 else f"{answer.status} of what is not in the document"
        headers = answer.headers.items() if answer.headers is not None else ()
        response = Response(answer.status, {name: [value] for name, value in headers}, answer.body, _SENT, 0.0, False)
        case = operation.Case(path_parameters=dict.fromkeys(re.findall(r"{(\w+)}", operation.path), "x"))
        return outside(case, response, STATUS if asked.method == "HEAD" else CHECKS)

    def _operation(self, asked: Asked) -> APIOperation[Any, Any, Any, Any] | None:
        """The one that is meant: those without a parameter in their path before the others, as the routes are."""
        path = asked.target.partition("?")[0]  # as it was sent: %2F is no slash
        method = "GET" if asked.method == "HEAD" else asked.method
        found = [made for pattern, made in self._by_method.get(method, ()) if pattern.fullmatch(path)]
        return min(found, key=lambda made: made.path.count("{"), default=None)


def outside(case: Any, response: Any, wanted: list[Any]) -> str | None:
    """What the document says against the response, in short. Whose head is too long comes to no route."""
    if _error_of(response.content) in BEFORE_ANY_ROUTE:
        return None
    try:
        case.validate_response(response, checks=wanted)
    except FailureGroup as group:
        return "; ".join(_told(group.exceptions))
    except Failure as failure:
        return "; ".join(_told([failure]))
    return None


def _told(failures: Any) -> Iterator[str]:
    for failure in failures:
        yield f"{failure.title}: {' '.join(str(failure.message).split())[:200]}"


def _error_of(body: bytes) -> object:
    try:
        told = json.loads(body)
    except ValueError:
        return None
    return told.get("error") if isinstance(told, dict) else None


_SENT: PreparedRequest = Request("GET", "http://127.0.0.1/").prepare()  # the checks look at the answer alone
