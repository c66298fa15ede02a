"""Pieces of an OpenAPI 3.1 document that the services have in common."""

from collections.abc import Mapping
from typing import Any

JSON = "application/json"
TEXT: dict[str, Any] = {"type": "string"}
INSTANT: dict[str, Any] = {"type": "string", "format": "date-time"}
DAY: dict[str, Any] = {"type": "string", "format": "date"}
COUNT: dict[str, Any] = {"type": "integer", "minimum": 0}
NUMBER: dict[str, Any] = {"type": "number"}
FLAG: dict[str, Any] = {"type": "boolean"}
_LATER = frozenset({429, 503})
# Any request may have them: they stand with the components, and not beside each address.
_HEADERS: dict[str, Any] = {
    "KipReach": {
        "name": "Kip-Reach", "in": "header", "required": False, "schema": TEXT, "example": "19@2",
        "description": "On any request: the uid of a unit. The key reaches for this request what lies below it too, "
        "and no more than before",
    },
    "KipOfficer": {
        "name": "Kip-Officer", "in": "header", "required": False, "schema": TEXT, "example": "12.0; device=3f9c21ab",
        "description": "On a request for an officer, of a key with the right to act: number and generation, and the "
        "public mark of a device. 403 `may_not_act` without the right, 410 `gone` for who is removed or revoked",
    },
}  # fmt: skip
_SECURITY: list[dict[str, list[str]]] = [{"bearer": []}, {"basic": []}, {"apiToken": []}]


def document(
    title: str, version: str, description: str, paths: Mapping[str, Any], schemas: Mapping[str, Any]
) -> dict[str, Any]:
    """Put the document together; every route needs a key unless it says otherwise, and takes the headers of acting."""
    return {
        "openapi": "3.1.0",
        "info": {
            "title": title,
            "version": version,
            "description": description,
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "security": _SECURITY,
        "paths": {**paths, **_probes()},
        "components": {
            "schemas": schemas,
            "parameters": _HEADERS,
            "securitySchemes": {
                "bearer": {"type": "http", "scheme": "bearer"},
                "basic": {"type": "http", "scheme": "basic", "description": "The key as password, any user name"},
                "apiToken": {
                    "type": "apiKey",
                    "in": "header",
                    "name": "Authorization",
                    "description": "ApiToken <key>",
                },
            },
        },
    }


def ref(name: str) -> dict[str, str]:
    """Refer to a schema by its name."""
    return {"$ref": f"#/components/schemas/{name}"}


def shape(properties: Mapping[str, Any], *, optional: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """Describe an object with exactly these properties; all but `optional` are always there."""
    return {
        "type": "object",
        "required": list(properties),
        "properties": {**properties, **(optional or {})},
        "additionalProperties": False,
    }


def or_null(schema: Mapping[str, Any]) -> dict[str, Any]:
    """Allow null as well."""
    return {"anyOf": [dict(schema), {"type": "null"}]}


def rows_of(row: str, following: Mapping[str, Any]) -> dict[str, Any]:
    """Describe a page: `rows`, and `next` of the type `following`, null on the last."""
    return shape({"rows": {"type": "array", "items": ref(row)}, "next": or_null(following)})


def query(name: str, schema: Mapping[str, Any], description: str = "", *, longest: int | None = None) -> dict[str, Any]:
    """Describe a query parameter that may be absent; a free text has at most `longest` characters."""
    bounded = longest is not None and schema.get("type") == "string" and not schema.keys() & {"enum", "format"}
    made = {
        "name": name,
        "in": "query",
        "required": False,
        "schema": {**schema, **({"maxLength": longest} if bounded else {})},
    }
    return {**made, "description": description} if description else made


def path(name: str, schema: Mapping[str, Any], example: str | int | None = None) -> dict[str, Any]:
    """Describe a part of the path."""
    made = {"name": name, "in": "path", "required": True, "schema": dict(schema)}
    return made if example is None else {**made, "example": example}


def answers(
    statuses: Mapping[int, str], schema: str | dict[str, Any], others: Mapping[str, Any] | None = None
) -> dict[str, Any]:
    """Describe answers of one schema in JSON, by status; `others` are further content types."""
    content = {JSON: {"schema": ref(schema) if isinstance(schema, str) else schema}, **(others or {})}
    return {str(status): _answer(status, text, content) for status, text in statuses.items()}


def _answer(status: int, text: str, content: Mapping[str, Any]) -> dict[str, Any]:
    made = {"description": text, "content": content}
    return {**made, "headers": {"Retry-After": {"schema": {"type": "integer"}}}} if status in _LATER else made


def _probes() -> dict[str, Any]:
    plain = {"200": {"description": "Prometheus text", "content": {"text/plain": {"schema": TEXT}}}}
    state = shape({"status": TEXT, "checks": {"type": "object", "additionalProperties": TEXT}})
    ready = {**state, "additionalProperties": True}
    made: dict[str, Any] = {
        "/healthz": ("healthz", answers({200: "Alive"}, shape({"status": TEXT}))),
        "/readyz": ("readyz", answers({200: "Ready"}, ready) | {"503": _unready(ready)}),
        "/metrics": ("metrics", plain),
        "/openapi.json": ("openapi", answers({200: "This document"}, {"type": "object"})),
    }
    return {
        address: {"get": {"operationId": name, "security": [], "responses": responses}}
        for address, (name, responses) in made.items()
    }


def _unready(schema: Mapping[str, Any]) -> dict[str, Any]:
    return {"description": "Not ready, and why", "content": {JSON: {"schema": dict(schema)}}}


def changes(refusals: Mapping[int, str]) -> dict[str, Any]:
    """Describe `/v1/changes` with the refusals of the service's other reads."""
    said = (
        'Server-sent events. `hello`: ask for everything anew. `changed`: `{"changed":[{"programme","unit"}]}`, what '
        'has changed of what the key sees, or `{"everything":true}`. Never a value; at most two a second'
    )
    stream = {"description": said, "content": {"text/event-stream": {"schema": TEXT}}}
    return {
        "/v1/changes": {
            "get": {
                "operationId": "changes",
                "summary": "What changes from now on, until the reader goes, its key ends or the service stops",
                "parameters": [],
                "responses": {"200": stream, **answers(refusals, "Refusal")},
            }
        }
    }
