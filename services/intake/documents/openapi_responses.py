"""Schemas of the answers, by name."""

from typing import Any

from services.intake.refusals.request_errors import Fault
from shared.domain.refusals import Code

_TEXT: dict[str, Any] = {"type": "string"}
_COUNT: dict[str, Any] = {"type": "integer", "minimum": 0}


def _object(required: list[str], properties: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"type": "object", "required": required, "properties": properties, **more}


_ERROR = _object(
    ["code", "field", "message", "got"],
    {
        "code": {"type": "string", "enum": [code.value for code in Code]},
        "field": _TEXT,
        "message": _TEXT,
        "got": {},
        "sheet": _TEXT,
        "row": _COUNT,
        "column": _TEXT,
    },
    additionalProperties=False,
)
_REJECTED = _object(
    ["index", "id", "errors"],
    {
        "index": _COUNT,
        "id": {"type": ["string", "null"]},
        "errors": {"type": "array", "minItems": 1, "maxItems": 10, "items": {"$ref": "#/components/schemas/Error"}},
        "errors_total": {**_COUNT, "description": "All, where `errors` lists the first 10"},
    },
    additionalProperties=False,
)
_NAMED: dict[str, Any] = {"index": _COUNT, "source": _TEXT, "id": _TEXT}
_SUPERSEDED = _object(
    [*_NAMED, "superseded_by"],
    {**_NAMED, "superseded_by": _object([*_NAMED], _NAMED, additionalProperties=False)},
    additionalProperties=False,
)
_SUMMARY = _object(
    ["responseType", "status", "importCount", "conflicts", "dataSetComplete"],
    {
        "responseType": {"const": "ImportSummary"},
        "status": {"enum": ["SUCCESS", "WARNING", "ERROR"]},
        "importCount": _object(
            ["imported", "updated", "ignored", "deleted"],
            dict.fromkeys(("imported", "updated", "ignored", "deleted"), _COUNT),
        ),
        "conflicts": {"type": "array", "maxItems": 1000, "items": {"type": "object"}},
        "conflictsTotal": _COUNT,
        "rejectedIndexes": {"type": "array", "maxItems": 1000, "items": _COUNT},
        "rejectedIndexesTotal": _COUNT,
        "dataSetComplete": _TEXT,
    },
)
SCHEMAS: dict[str, Any] = {
    "Error": _ERROR,
    "Rejected": _REJECTED,
    "Superseded": _SUPERSEDED,
    "Answer": {
        "anyOf": [
            _object(
                ["accepted", "rejected"],
                {
                    "accepted": _COUNT,
                    "rejected_total": {**_COUNT, "description": "All, where `rejected` lists the first 1,000"},
                    "rejected": {
                        "type": "array",
                        "maxItems": 1000,
                        "items": {"$ref": "#/components/schemas/Rejected"},
                    },
                    "superseded_total": {**_COUNT, "description": "All, where `superseded` lists the first 1,000"},
                    "superseded": {
                        "type": "array",
                        "maxItems": 1000,
                        "items": {"$ref": "#/components/schemas/Superseded"},
                        "description": "What was taken and doesn't count, because another event of this request is "
                        "of the same record, and wins, also one that says the same under another id; of lines within "
                        "512 KiB of them",
                    },
                    "status_url": {
                        **_TEXT,
                        "description": "Where aggregation tells what became of an event: a template (RFC 6570) of its "
                        "source and id; absent where KIP_AGGREGATION_URL isn't set",
                        "examples": ["http://127.0.0.1:8081/v1/events/{source}/{id}"],
                    },
                    "notes": {
                        "type": "array",
                        "items": _TEXT,
                        "description": "Of a spreadsheet: hidden sheets, rows and columns that were read, and sheets "
                        "that hold no table; of a form's submission: mapped repeat groups that it says nothing of",
                    },
                },
                additionalProperties=False,
            ),
        ]
    },
    "RequestError": {
        "anyOf": [
            _object(
                ["error", "message"],
                {
                    "error": {"enum": [fault.value for fault in Fault]},
                    "field": {**_TEXT, "description": "The header, of `bad_parameter` about one"},
                    "message": _TEXT,
                },
                additionalProperties=False,
            ),
            {"$ref": "#/components/schemas/Answer"},
        ],
        "description": "413 of a single event that is too large lists it, as 422 does",
    },
    "ImportSummary": _SUMMARY,
    "WebMessage": _object(
        ["httpStatus", "httpStatusCode", "status", "message"],
        {
            "httpStatus": _TEXT,
            "httpStatusCode": {"type": "integer"},
            "status": {"enum": ["OK", "WARNING", "ERROR"]},
            "message": _TEXT,
            "response": {"type": "object"},
        },
        additionalProperties=False,
    ),
}
