"""OpenAPI 3.1 of the door: every format that it takes, with an example, and every answer."""

from typing import Any

from services.intake.documents import dhis2, examples
from services.intake.documents.openapi_responses import SCHEMAS
from services.intake.documents.schemas import components
from services.intake.formats import cloudevents
from services.intake.formats.ndjson import NDJSON
from services.intake.http.dhis2_parameters import OF_COMPLETIONS, OF_VALUES, OF_WITHDRAWALS
from services.intake.http.sheets import CSV, XLSX
from shared.documents.openapi import JSON, TEXT, answers, document, path, query, ref
from shared.domain.events import Kind

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
    return document(
        "Kịp: intake",
        version,
        "202 means counted exactly once. 503 means at most once: repeat the same post with the same ids. 4xx means "
        "never. Codes of errors: docs/errors.md.",
        {
            "/v1/events": {"post": _post_events(), "options": _handshake()},
            "/v1/import": {"post": _post_import()},
            "/v1/kobo/{form}": {"post": _post_kobo()},
            **_dhis2("/api", []),
            **_dhis2("/api/{version}", [path("version", {"type": "integer", "minimum": 0, "maximum": 99})]),
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
        "parameters": [_flag("partial"), _flag("dry_run"), _language(), *headers],
        "requestBody": {"required": True, "content": content},
        "responses": {**answers(_TAKEN, "Answer"), **answers(_REFUSALS, "RequestError")},
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
        "responses": {**answers(_TAKEN, "Answer"), **answers(_REFUSALS, "RequestError")},
    }


def _post_kobo() -> dict[str, Any]:
    content = {JSON: {"schema": {"type": "object"}, "examples": {"submission": {"value": examples.SUBMISSION}}}}
    taken = {status: text for status, text in _TAKEN.items() if status != 207}
    return {
        "operationId": "postSubmission",
        "summary": "A submission of KoboToolbox or ODK, mapped by the programme",
        "parameters": [path("form", {"type": "string"}, "parent-counselling"), _flag("dry_run"), _language()],
        "requestBody": {"required": True, "content": content},
        "responses": {
            **answers(taken, "Answer"), **answers({**_REFUSALS, 404: "No such form"}, "RequestError"),
        },
    }  # fmt: skip


def _dhis2(prefix: str, version: list[dict[str, Any]]) -> dict[str, Any]:
    """DHIS2's import endpoints; each answer of an import is wrapped, or bare for a version before 38."""
    name = "Versioned" if version else ""
    either = {"oneOf": [ref("WebMessage"), ref("ImportSummary")]}
    imported = {
        **answers({200: "Imported, or accepted as a job", 409: "Conflicts; `importCount` says what was taken"}, either),
        **answers({**_REFUSALS, **({404: "No such version"} if version else {})}, "WebMessage"),
    }
    values = {
        JSON: {"schema": ref("DataValueSet"), "examples": {"set": {"value": examples.DATA_VALUES}}},
        "application/csv": {"schema": {"type": "string"}, "examples": {"set": {"value": examples.DATA_VALUES_CSV}}},
    }
    found = {401: "No valid key", 404: "No such job of this sender", 503: "The database can't be asked"}
    job = [*version, path("job", {"type": "string"})]
    return {
        f"{prefix}/dataValueSets": {
            "post": {
                "operationId": f"importDataValues{name}",
                "summary": "Import data values, as DHIS2 does; complete records only",
                "parameters": [*version, *dhis2.parameters(OF_VALUES), _language()],
                "requestBody": {"required": True, "content": values},
                "responses": imported,
            }
        },
        f"{prefix}/completeDataSetRegistrations": {
            "post": {
                "operationId": f"completeDataSets{name}",
                "summary": "A completed data set is a submitted report",
                "parameters": [*version, *dhis2.parameters(OF_COMPLETIONS), _language()],
                "requestBody": {
                    "required": True,
                    "content": {
                        JSON: {
                            "schema": ref("CompleteDataSetRegistrations"),
                            "examples": {"one": {"value": examples.COMPLETIONS}},
                        }
                    },
                },
                "responses": imported,
            },
            "delete": {
                "operationId": f"withdrawCompletions{name}",
                "summary": "A data set that is no longer complete: its report is withdrawn",
                "parameters": [*version, *dhis2.parameters(OF_WITHDRAWALS, {"ds", "pe", "ou"}), _language()],
                "responses": {
                    "204": {"description": "Withdrawn"},
                    **{status: told for status, told in imported.items() if status != "200"},
                },
            },
        },
        f"{prefix}/system/tasks/DATAVALUE_IMPORT/{{job}}": {
            "get": {
                "operationId": f"importTasks{name}",
                "parameters": job,
                "responses": {
                    **answers({200: "The job's log"}, {"type": "array", "items": {"type": "object"}}),
                    **answers(found, "WebMessage"),
                },
            }
        },
        f"{prefix}/system/taskSummaries/DATAVALUE_IMPORT/{{job}}": {
            "get": {
                "operationId": f"importSummary{name}",
                "parameters": job,
                "responses": {**answers({200: "The bare summary"}, "ImportSummary"), **answers(found, "WebMessage")},
            }
        },
    }  # fmt: skip


def _flag(name: str) -> dict[str, Any]:
    return query(name, {"type": "boolean"})


def _language() -> dict[str, Any]:
    return {
        "name": "Accept-Language", "in": "header", "required": False, "schema": {"type": "string"},
        "description": "Messages are in Vietnamese where `vi` is preferred to `en`, by its weights; else in English",
    }  # fmt: skip
