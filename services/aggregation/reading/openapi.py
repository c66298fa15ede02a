"""OpenAPI 3.1 of the read API of figures.

`python -m services.aggregation.reading.openapi [--check]` keeps it in docs/api.
"""

import sys
from collections.abc import Iterable

from services.aggregation.reading.questions import (
    EXPLAIN_PARAMETERS,
    MISSING_PARAMETERS,
    MOST_PERIODS,
    MOST_ROWS,
    ROLLUP_PARAMETERS,
    SORTS,
    TIMELINESS_PARAMETERS,
    VIEWS,
)
from services.aggregation.reading.tables import TYPES
from shared import __version__
from shared.documents.files import keep
from shared.documents.openapi import (
    COUNT,
    DAY,
    FLAG,
    INSTANT,
    NUMBER,
    TEXT,
    answers,
    document,
    or_null,
    path,
    query,
    ref,
    rows_of,
    shape,
)
from shared.http.read_api import LONGEST_PARAMETER

_PARAMETERS: dict[str, tuple[dict[str, object], str]] = {
    "programme": ({**TEXT, "examples": ["ecd-1437"]}, "A slug; may be absent where one programme is loaded"),
    "indicator": ({**TEXT, "examples": ["child-service-access"]}, "An indicator, or a measure; else `activity`"),
    "activity": (TEXT, "An activity; else `indicator`"),
    "report": ({**TEXT, "examples": ["progress-quarterly"]}, "A report's slug; required here"),
    "within": ({**TEXT, "examples": ["186@1"]}, "A unit's uid or code; the key's own unit without it"),
    "level": ({**TEXT, "examples": ["commune"]}, "Of the rows; that of `within` without it"),
    "period": ({**TEXT, "examples": ["2023-Q1"]}, f"`2023-Q1`, `FROM..TO` (at most {MOST_PERIODS}) or a stage's slug"),
    "by": (TEXT, "Dimensions, joined by commas; or `series`, `component`, `participants`, `money`, `sex`"),
    "view": ({"type": "string", "enum": list(VIEWS)}, "On which day's tree; as_reported without it"),
    "sort": ({"type": "string", "enum": [f"{sign}{name}" for name in SORTS for sign in ("", "-")]}, ""),
    "limit": ({"type": "integer", "minimum": 1, "maximum": MOST_ROWS}, "Rows of a page"),
    "after": (TEXT, "What the page before gave as `next`"),
    "format": ({"type": "string", "enum": list(TYPES)}, "Before `Accept`"),
    "on": (DAY, "The day on which a code is looked up; today without it"),
}
_IDENTITY = {"uid": TEXT, "code": TEXT, "name": TEXT, "level": TEXT, "period": TEXT}
_FIGURE = shape(
    {
        **_IDENTITY,
        "value": or_null(NUMBER),
        "numerator": or_null({"type": "integer"}),
        "denominator": or_null({"type": "integer"}),
        "units_expected": COUNT,
        "units_reported": COUNT,
        "units_missing": {"type": "integer"},
        "units_waived": COUNT,
        "coverage": or_null(NUMBER),
        "target": or_null(NUMBER),
        "on_track": or_null(FLAG),
        "attainment": or_null(NUMBER),
        "reason": or_null(shape({"code": TEXT}, optional={"vi": TEXT, "en": TEXT})),
        "as_of": INSTANT,
        "approximate": FLAG,
    },
    optional={
        "records": COUNT,
        "participants": COUNT,
        "female": COUNT,
        "amount": COUNT,
        "flags": {"type": "array", "items": TEXT},
        "by": {"type": "object", "additionalProperties": TEXT},
        "part_reported": COUNT,
        "lineage": {"type": "array", "items": TEXT},
        "divided": {"type": "array", "items": TEXT},
    },
)
_STATUSES = ["counted", "superseded", "withdrawn", "withdrawal", "applied", "duplicate", "conflict", "dead", "pending"]
_EVENT = shape(
    {"source": TEXT, "id": TEXT, "status": {"enum": _STATUSES}},
    optional={
        "sender": TEXT,
        "kind": TEXT,
        "uid": TEXT,
        "time": INSTANT,
        "accepted_at": INSTANT,
        "record": TEXT,
        "data": {"type": "object"},
        "reason": TEXT,
        "superseded_by": shape({"source": TEXT, "id": TEXT}),
    },
)
_UNIT = {
    "uid": TEXT,
    "code": TEXT,
    "name": TEXT,
    "level": TEXT,
    "type": TEXT,
    "valid_from": or_null(DAY),
    "valid_to": or_null(DAY),
    "successor": or_null(TEXT),
    "other_successors": {"type": "array", "items": TEXT},
    "predecessors": {"type": "array", "items": TEXT},
    "path": {"type": "array", "items": TEXT},
}
_SCHEMAS: dict[str, object] = {
    "Figure": _FIGURE,
    "Figures": rows_of("Figure", TEXT),
    "Missing": shape({**{name: _IDENTITY[name] for name in ("uid", "code", "name", "level")}, "agency": TEXT,
                      "waived": FLAG}),
    "AllMissing": rows_of("Missing", TEXT),
    "Event": _EVENT,
    "Events": rows_of("Event", TEXT),
    "Explanation": shape(
        {
            "figure": {"type": "array", "items": ref("Figure")},
            "rows": {"type": "array", "items": ref("Event")},
            "next": or_null(TEXT),
        },
        optional={"more_elsewhere": FLAG},
    ),
    "Timely": shape(
        {
            **_IDENTITY, "report": TEXT, "value": or_null(NUMBER), "expected": COUNT, "on_time": COUNT, "late": COUNT,
            "missing": COUNT, "waived": COUNT, "open": COUNT, "as_of": INSTANT,
        }
    ),
    "Timeliness": rows_of("Timely", TEXT),
    "Unit": shape(_UNIT, optional={"rows": {"type": "array", "items": shape(_UNIT)}}),
    "Refusal": shape({"error": TEXT, "message": TEXT}, optional={"field": TEXT}),
}  # fmt: skip
_REFUSALS = {
    400: "A parameter is bad: `field` names it",
    401: "No valid key",
    403: "The key may not read, or doesn't reach what is asked",
    503: "The database does not answer",
}


def openapi(version: str) -> dict[str, object]:
    """Make the document."""
    lists = {
        "/v1/rollups": ("rollups", "Figures with their coverage", ROLLUP_PARAMETERS, "Figures"),
        "/v1/rollups/missing": ("missing", "Who is expected and silent", MISSING_PARAMETERS, "AllMissing"),
        "/v1/rollups/explain": ("explain", "The events behind a figure", EXPLAIN_PARAMETERS, "Explanation"),
        "/v1/timeliness": ("timeliness", "Obligations met in time", TIMELINESS_PARAMETERS, "Timeliness"),
    }
    source, code = path("source", TEXT, "/tests"), path("code", TEXT, "06412")
    event = [source, path("id", TEXT, "0f8fad5b")]
    return document(
        "Kịp: aggregation",
        version,
        "Figures of every level, each with its coverage, at one instant. Lists go on with `after` = `next`; in CSV and "
        "XLSX that is the header X-Next.",
        {
            **{
                address: {"get": _read(name, summary, _named(parameters), schema)}
                for address, (name, summary, parameters, schema) in lists.items()
            },
            "/v1/events/{source}/{id}": {
                "get": _read(
                    "event",
                    "What became of an event, and which one counts",
                    [*event, *_named(["format"])],
                    "Events",
                    in_path=True,
                )
            },
            "/v1/units/{code}": {
                "get": _read("unit", "A unit by uid or code", [code, *_named(["on", "format"])], "Unit", in_path=True)
            },
        },
        _SCHEMAS,
    )


def _named(names: Iterable[str]) -> list[dict[str, object]]:
    return [query(name, *_PARAMETERS[name], longest=LONGEST_PARAMETER) for name in sorted(names)]


def _read(
    name: str, summary: str, parameters: list[dict[str, object]], schema: str, *, in_path: bool = False
) -> dict[str, object]:
    tables = {TYPES["csv"]: {"schema": TEXT}, TYPES["xlsx"]: {"schema": {**TEXT, "format": "binary"}}}
    known = {"name": "If-None-Match", "in": "header", "required": False, "schema": TEXT}
    refused = {**_REFUSALS, **({404: "There is no such address"} if in_path else {})}
    return {
        "operationId": name,
        "summary": summary,
        "parameters": [*parameters, known],
        "responses": {
            **answers({200: "As of one instant"}, schema, tables),
            "304": {"description": "What `If-None-Match` names still holds"},
            **answers(refused, "Refusal"),
        },
    }


if __name__ == "__main__":
    made = {"aggregation.openapi.json": openapi(__version__)}
    sys.exit(keep(made, "services.aggregation.reading.openapi", sys.argv[1:]))
