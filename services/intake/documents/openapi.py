"""OpenAPI 3.1 of intake: every format that it takes, with an example, and every answer."""

from typing import Any

from services.intake.documents import dhis2, dhis2_paths, examples
from services.intake.documents.openapi_parts import REFUSALS, TAKEN, flag_parameter, language_parameter
from services.intake.documents.openapi_responses import SCHEMAS
from services.intake.documents.schemas import components
from services.intake.formats import cloudevents
from services.intake.formats.ndjson import NDJSON
from services.intake.http.sheets import CSV, XLSX
from shared.documents.openapi import JSON, TEXT, answers, document, path, ref
from shared.domain.events import Kind


def openapi(version: str) -> dict[str, Any]:
    """Write the document."""
    return document(
        "Kịp: intake",
        version,
        "202 means counted exactly once. 503 means at most once: repeat the same post with the same ids. 4xx means "
        "never. Codes of errors: docs/errors.md.",
        {
            "/v1/events": {"post": _post_events(), "options": _handshake()},
            "/v1/import": {"post": _post_import()},
            "/v1/kobo/{form}": {"post": _post_kobo()},
            **dhis2_paths.paths("/api", []),
            **dhis2_paths.paths("/api/{version}", [path("version", {"type": "integer", "minimum": 0, "maximum": 99})]),
            "/spool": {"get": _spool()},
            "/asyncapi.json": {"get": _document("asyncapi", "What travels on the broker, as AsyncAPI 3", [])},
            "/v1/schemas/{kind}": {
                "get": _document(
                    "schema", "The JSON Schema of a kind of event", [path("kind", TEXT, "activity.recorded")]
                )
            },
        },
        {**components(), **SCHEMAS, **dhis2.BODIES},
    )


def _spool() -> dict[str, Any]:
    said = {200: "Events that wait for the broker", 503: "It can't be asked"}
    return {"operationId": "spool", "security": [], "responses": answers(said, {"type": "object"})}


def _document(name: str, summary: str, parameters: list[dict[str, Any]]) -> dict[str, Any]:
    missing = answers({404: "There is no such kind"}, "RequestError") if parameters else {}
    return {
        "operationId": name,
        "summary": summary,
        "security": [],
        "parameters": parameters,
        "responses": {**answers({200: "The document"}, {"type": "object"}), **missing},
    }


def _post_events() -> dict[str, Any]:
    one = examples.EVENTS[Kind.INDICATOR_REPORTED]
    by_kind = {kind.value: {"value": event} for kind, event in examples.EVENTS.items()}
    lines = "{}\n"
    content = {
        cloudevents.BATCH: {
            "schema": {"type": "array", "items": ref("Event")},
            "examples": {"all kinds": {"value": list(examples.EVENTS.values())}},
        },
        cloudevents.STRUCTURED: {"schema": ref("Event"), "examples": by_kind},
        NDJSON: {
            "schema": {"type": "string", "description": "One CloudEvents object a line; always partial"},
            "examples": {"one line": {"value": lines}},
        },
        JSON: {
            "schema": {"type": "object", "description": "Binary mode: the event's data; attributes in ce- headers"},
            "examples": {"data": {"value": one["data"]}},
        },
    }
    headers = [
        {"name": f"ce-{name}", "in": "header", "required": False, "schema": {"type": "string"},
         "description": "Binary mode only; percent-encoded UTF-8"}
        for name in ("specversion", "id", "source", "type", "subject", "time")
    ]  # fmt: skip
    return {
        "operationId": "postEvents",
        "summary": "Post events: CloudEvents 1.0 in binary, structured or batch mode, or as lines",
        "parameters": [flag_parameter("partial"), flag_parameter("dry_run"), language_parameter(), *headers],
        "requestBody": {"required": True, "content": content},
        "responses": {**answers(TAKEN, "Answer"), **answers(REFUSALS, "RequestError")},
    }


def _handshake() -> dict[str, Any]:
    names = ("Allow", "WebHook-Allowed-Origin", "WebHook-Allowed-Rate")
    headers = {name: {"schema": {"type": "string"}} for name in names}
    origin = {"name": "WebHook-Request-Origin", "in": "header", "required": False, "schema": {"type": "string"}}
    return {
        "operationId": "handshake",
        "summary": "The webhook handshake of CloudEvents",
        "security": [],
        "parameters": [origin],
        "responses": {"200": {"description": "Any origin may deliver", "headers": headers}},
    }


def _post_import() -> dict[str, Any]:
    content = {
        CSV: {"schema": {"type": "string"}, "examples": {"figures": {"value": examples.SHEET_CSV}}},
        XLSX: {"schema": {"type": "string", "format": "binary"}},
    }
    return {
        "operationId": "importSheet",
        "summary": "Upload a spreadsheet as `kip template` writes it; a second upload corrects the first",
        "parameters": [flag_parameter("partial"), flag_parameter("dry_run"), language_parameter()],
        "requestBody": {"required": True, "content": content},
        "responses": {**answers(TAKEN, "Answer"), **answers(REFUSALS, "RequestError")},
    }


def _post_kobo() -> dict[str, Any]:
    content = {JSON: {"schema": {"type": "object"}, "examples": {"submission": {"value": examples.SUBMISSION}}}}
    taken = {status: text for status, text in TAKEN.items() if status != 207}
    return {
        "operationId": "postSubmission",
        "summary": "A submission of KoboToolbox or ODK, mapped by the programme",
        "parameters": [path("form", TEXT, "parent-counselling"), flag_parameter("dry_run"), language_parameter()],
        "requestBody": {"required": True, "content": content},
        "responses": {
            **answers(taken, "Answer"), **answers({**REFUSALS, 404: "No such form"}, "RequestError"),
        },
    }  # fmt: skip
