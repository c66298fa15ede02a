"""OpenAPI 3.1 of the door: every format that it takes, with an example, and every answer."""

from collections.abc import Iterable
from typing import Any

from services.intake.documents import examples
from services.intake.documents.answers import SCHEMAS
from services.intake.documents.schemas import components
from services.intake.formats import cloudevents
from services.intake.formats.ndjson import NDJSON
from services.intake.import_http import CSV, XLSX
from shared.events import Kind

JSON = "application/json"
_SECURITY: list[dict[str, list[str]]] = [{"bearer": []}, {"basic": []}, {"apiToken": []}]
_REFUSALS = {
    400: "The body can't be read, or a parameter is bad",
    401: "No valid key",
    408: "The body came too slowly",
    413: "Over the size of a request or an event",
    415: "A type or an encoding that is not taken",
    429: "Over the sender's rate",
    503: "Neither broker nor spool took all of it: repeat the same post",
}
_TAKEN = {
    200: "Dry run: what would have been answered; nothing was published",
    202: "All taken, durably",
    207: "partial=true: some taken, some refused",
    403: "Outside the key's subtree, kinds or programmes; nothing was taken",
    422: "Refused; nothing was taken",
}


def openapi(version: str) -> dict[str, Any]:
    """The document."""
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Kịp: intake",
            "version": version,
            "description": "202 means counted exactly once. 503 means at most once: repeat the same post with the same "
            "ids. 4xx means never. Codes of errors: docs/errors.md.",
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "security": _SECURITY,
        "paths": {
            "/v1/events": {"post": _post_events(), "options": _handshake()},
            "/v1/import": {"post": _post_import()},
            "/v1/kobo/{form}": {"post": _post_kobo()},
            **_dhis2("/api", []),
            **_dhis2("/api/{version}", [_path("version", {"type": "integer", "minimum": 0, "maximum": 99})]),
            **_probes(),
        },
        "components": {
            "schemas": {**components(), **SCHEMAS},
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


def _post_events() -> dict[str, Any]:
    one = examples.EVENTS[Kind.INDICATOR_REPORTED]
    by_kind = {kind.value: {"value": event} for kind, event in examples.EVENTS.items()}
    lines = "{}\n"
    content = {
        cloudevents.BATCH: {
            "schema": {"type": "array", "items": _ref("Event")},
            "examples": {"all kinds": {"value": list(examples.EVENTS.values())}},
        },
        cloudevents.STRUCTURED: {"schema": _ref("Event"), "examples": by_kind},
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
        "parameters": [_flag("partial"), _flag("dry_run"), _language(), *headers],
        "requestBody": {"required": True, "content": content},
        "responses": {**_answers(_TAKEN, "Answer"), **_answers(_REFUSALS, "RequestError")},
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
        "parameters": [_flag("partial"), _flag("dry_run"), _language()],
        "requestBody": {"required": True, "content": content},
        "responses": {**_answers(_TAKEN, "Answer"), **_answers(_REFUSALS, "RequestError")},
    }


def _post_kobo() -> dict[str, Any]:
    content = {JSON: {"schema": {"type": "object"}, "examples": {"submission": {"value": examples.SUBMISSION}}}}
    taken = {status: text for status, text in _TAKEN.items() if status != 207}
    return {
        "operationId": "postSubmission",
        "summary": "A submission of KoboToolbox or ODK, mapped by the programme",
        "parameters": [_path("form", {"type": "string"}, "parent-counselling"), _flag("dry_run"), _language()],
        "requestBody": {"required": True, "content": content},
        "responses": {
            **_answers(taken, "Answer"), **_answers({**_REFUSALS, 404: "No such form"}, "RequestError"),
        },
    }  # fmt: skip


def _dhis2(prefix: str, version: list[dict[str, Any]]) -> dict[str, Any]:
    """DHIS2's import endpoints; each answer of an import is wrapped, or bare for a version before 38."""
    name = "Versioned" if version else ""
    schemes = [
        _query(scheme, {"type": "string", "examples": ["code"]})
        for scheme in ("idScheme", "dataElementIdScheme", "orgUnitIdScheme", "dataSetIdScheme")
    ]
    either = {"oneOf": [_ref("WebMessage"), _ref("ImportSummary")]}
    imported = {
        **_answers(
            {200: "Imported, or accepted as a job", 409: "Conflicts; `importCount` says what was taken"}, either
        ),
        **_answers({**_REFUSALS, **({404: "No such version"} if version else {})}, "WebMessage"),
    }
    values = {
        JSON: {"schema": _ref("DataValueSet"), "examples": {"set": {"value": examples.DATA_VALUES}}},
        "application/csv": {"schema": {"type": "string"}, "examples": {"set": {"value": examples.DATA_VALUES_CSV}}},
    }
    strategies = ["CREATE_AND_UPDATE", "NEW_AND_UPDATES", "DELETE", "DELETES"]
    found = {401: "No valid key", 404: "No such job of this sender", 503: "The database can't be asked"}
    job = [*version, _path("job", {"type": "string"})]
    return {
        f"{prefix}/dataValueSets": {
            "post": {
                "operationId": f"importDataValues{name}",
                "summary": "Import data values, as DHIS2 does; complete records only",
                "parameters": [
                    *version, *schemes, _flag("dryRun"), _flag("async"), _flag("firstRowIsHeader"), _language(),
                    _query("importStrategy", {"type": "string", "enum": strategies}),
                ],
                "requestBody": {"required": True, "content": values},
                "responses": imported,
            }
        },
        f"{prefix}/completeDataSetRegistrations": {
            "post": {
                "operationId": f"completeDataSets{name}",
                "summary": "A completed data set is a submitted report",
                "parameters": [*version, *schemes, _flag("dryRun"), _language()],
                "requestBody": {
                    "required": True,
                    "content": {
                        JSON: {
                            "schema": _ref("CompleteDataSetRegistrations"),
                            "examples": {"one": {"value": examples.COMPLETIONS}},
                        }
                    },
                },
                "responses": imported,
            }
        },
        f"{prefix}/system/tasks/DATAVALUE_IMPORT/{{job}}": {
            "get": {
                "operationId": f"importTasks{name}",
                "parameters": job,
                "responses": {
                    **_answers({200: "The job's log"}, {"type": "array", "items": {"type": "object"}}),
                    **_answers(found, "WebMessage"),
                },
            }
        },
        f"{prefix}/system/taskSummaries/DATAVALUE_IMPORT/{{job}}": {
            "get": {
                "operationId": f"importSummary{name}",
                "parameters": job,
                "responses": {**_answers({200: "The bare summary"}, "ImportSummary"), **_answers(found, "WebMessage")},
            }
        },
    }  # fmt: skip


def _probes() -> dict[str, Any]:
    plain = {"200": {"description": "Prometheus text", "content": {"text/plain": {"schema": {"type": "string"}}}}}
    ready = {200: "Ready", 503: "Not ready, and why"}
    made: dict[str, Any] = {
        "/healthz": ("healthz", _answers({200: "Alive"}, {"type": "object"})),
        "/readyz": ("readyz", _answers(ready, {"type": "object"})),
        "/metrics": ("metrics", plain),
    }
    return {
        path: {"get": {"operationId": name, "security": [], "responses": responses}}
        for path, (name, responses) in made.items()
    }


def _answers(statuses: dict[int, str], schema: str | dict[str, Any]) -> dict[str, Any]:
    content = {JSON: {"schema": _ref(schema) if isinstance(schema, str) else schema}}
    return {str(status): _answer(status, text, content) for status, text in statuses.items()}


def _answer(status: int, text: str, content: dict[str, Any]) -> dict[str, Any]:
    headers: Iterable[str] = ("Retry-After",) if status in {429, 503} else ()
    made = {"description": text, "content": content}
    return {**made, "headers": {name: {"schema": {"type": "integer"}} for name in headers}} if headers else made


def _ref(name: str) -> dict[str, str]:
    return {"$ref": f"#/components/schemas/{name}"}


def _query(name: str, schema: dict[str, Any]) -> dict[str, Any]:
    return {"name": name, "in": "query", "required": False, "schema": schema}


def _flag(name: str) -> dict[str, Any]:
    return _query(name, {"type": "boolean"})


def _path(name: str, schema: dict[str, Any], example: str | None = None) -> dict[str, Any]:
    made = {"name": name, "in": "path", "required": True, "schema": schema}
    return made if example is None else {**made, "example": example}


def _language() -> dict[str, Any]:
    return {
        "name": "Accept-Language", "in": "header", "required": False, "schema": {"type": "string"},
        "description": "`vi` for messages in Vietnamese; else English",
    }  # fmt: skip
