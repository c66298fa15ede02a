"""OpenAPI 3.1 of the read API of figures.

`python -m services.aggregation.reading.openapi [--check]` keeps it in docs/api.
"""

import sys
from collections.abc import Iterable

from pydantic import BaseModel
from pydantic.json_schema import GenerateJsonSchema, JsonSchemaMode, JsonSchemaValue, models_json_schema
from pydantic_core import core_schema

from services.aggregation.reading.catalogue import Catalogue, ProgrammeEntry
from services.aggregation.reading.questions import (
    EXPLAIN_PARAMETERS,
    MISSING_PARAMETERS,
    MOST_ROWS,
    ROLLUP_PARAMETERS,
    SORTS,
    TIMELINESS_PARAMETERS,
)
from services.aggregation.reading.records import FORMER, PARAMETERS
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
    changes,
    document,
    or_null,
    path,
    query,
    ref,
    rows_of,
    shape,
)
from shared.domain.events import Kind
from shared.http.asked_periods import MOST_PERIODS
from shared.http.asked_places import VIEWS
from shared.http.read_api import LONGEST_PARAMETER

_PARAMETERS: dict[str, tuple[dict[str, object], str]] = {
    "programme": ({**TEXT, "examples": ["ecd-1437"]}, "A slug; may be absent where one programme is loaded"),
    "indicator": (
        {**TEXT, "examples": ["child-service-access"]},
        "An indicator, or a measure; else `activity`. Of rollups also several, joined by commas, or `all` indicators",
    ),
    "activity": (TEXT, "An activity, or `all`; else `indicator`"),
    "report": ({**TEXT, "examples": ["progress-quarterly"]}, "A report's slug; required here"),
    "within": ({**TEXT, "examples": ["186@1"]}, "A unit's uid or code; the key's own unit without it"),
    "level": ({**TEXT, "examples": ["commune"]}, "Of the rows; that of `within` without it"),
    "period": (
        {**TEXT, "examples": ["2023-Q1"]},
        f"`2023-Q1`, `2026-W07`, `FROM..TO` (at most {MOST_PERIODS}) or a stage's slug",
    ),
    "by": (TEXT, "Dimensions, joined by commas; or `series`, `component`, `participants`, `money`, `sex`, `task`"),
    "view": ({"type": "string", "enum": list(VIEWS)}, "On which day's tree; as_reported without it"),
    "sort": ({"type": "string", "enum": [f"{sign}{name}" for name in SORTS for sign in ("", "-")]}, ""),
    "limit": ({"type": "integer", "minimum": 1, "maximum": MOST_ROWS}, "Rows of a page"),
    "after": (TEXT, "What the page before gave as `next`"),
    "format": ({"type": "string", "enum": list(TYPES)}, "Before `Accept`"),
    "unit": ({**TEXT, "examples": ["06412@1"]}, "A unit's uid, or its code at the period's end; required"),
    "agency": ({**TEXT, "examples": ["ubnd-xa"]}, "An agency's slug; all of the unit's without it"),
    "on": (DAY, "The day on which a code is looked up; today without it"),
}
_LABEL = shape({"vi": TEXT, "en": TEXT})
_IDENTITY = {"uid": TEXT, "code": TEXT, "name": TEXT, "level": TEXT, "period": TEXT, "programme": TEXT}
_FIGURE = shape(
    {
        **_IDENTITY,
        "value": or_null(NUMBER),
        "numerator": or_null({"type": "integer"}),
        "denominator": or_null({"type": "integer"}),
        "per": or_null({"enum": [100, 1000, 100000]}),
        "units_expected": COUNT,
        "units_reported": COUNT,
        "units_missing": {"type": "integer"},
        "units_waived": COUNT,
        "coverage": or_null(NUMBER),
        "target": or_null(NUMBER),
        "target_of": or_null(TEXT),
        "on_track": or_null(FLAG),
        "attainment": or_null(NUMBER),
        "reason": or_null(shape({"code": TEXT}, optional={"vi": TEXT, "en": TEXT})),
        "as_of": INSTANT,
        "approximate": FLAG,
    },
    optional={
        "indicator": TEXT,
        "activity": TEXT,
        "records": COUNT,
        "participants": COUNT,
        "female": COUNT,
        "amount": COUNT,
        "flags": {"type": "array", "items": TEXT},
        "by": {"type": "object", "additionalProperties": or_null(TEXT)},
        "part_reported": COUNT,
        "lineage": {"type": "array", "items": TEXT},
        "divided": {"type": "array", "items": TEXT},
        "suppressed": TEXT,
        "source": or_null(_LABEL),
        "surveyed": or_null(TEXT),
    },
)
_STATUSES = ["counted", "superseded", "withdrawn", "withdrawal", "applied", "duplicate", "conflict", "dead", "pending"]
_EVENT = shape(
    {"source": TEXT, "id": TEXT, "status": {"enum": _STATUSES}},
    optional={
        "sender": TEXT,
        "officer": or_null(TEXT),
        "device": or_null(TEXT),
        "kind": TEXT,
        "programme": or_null(TEXT),
        "uid": TEXT,
        "time": INSTANT,
        "accepted_at": INSTANT,
        "record": TEXT,
        "data": {"type": "object"},
        "reason": TEXT,
        "suppressed": TEXT,
        "superseded_by": shape({"source": TEXT, "id": TEXT}),
    },
)
_WHOLE = or_null({"type": "integer"})
_COUNTS = {"type": "object", "additionalProperties": {"type": "integer"}}
_RECORD = shape(
    {
        "kind": {"enum": [Kind.INDICATOR_REPORTED, Kind.ACTIVITY_RECORDED]}, "uid": TEXT, "agency": TEXT,
        "record": or_null(TEXT), "programme": TEXT, "sender": TEXT, "source": TEXT, "id": TEXT,
        "accepted_at": INSTANT, "officer": or_null(TEXT),
    },
    optional={
        "indicator": TEXT, "period": TEXT, "numerator": _WHOLE, "denominator": _WHOLE,
        "components": or_null({"type": "object", "additionalProperties": FLAG}),
        "breakdown": {"type": "array", "items": {"type": "object"}},
        "former": {
            "type": "array",
            "maxItems": FORMER,
            "items": shape({
                "numerator": _WHOLE, "denominator": _WHOLE, "sender": TEXT, "id": TEXT, "accepted_at": INSTANT,
            }),
            "description": "What it superseded, the newest first",
        },
        "activity": TEXT, "held_on": DAY, "domain": or_null(TEXT),
        "by": or_null({"type": "object", "additionalProperties": TEXT}), "participants": or_null(_COUNTS),
        "female": _WHOLE, "money": or_null({"type": "array", "items": {"type": "object"}}), "suppressed": TEXT,
    },
)  # fmt: skip
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
    "Figures": shape(
        {"rows": {"type": "array", "items": ref("Figure")}, "next": or_null(TEXT)},
        optional={
            "left_out": {
                "type": "array",
                "items": shape({"indicator": TEXT, "reason": _LABEL}),
                "description": "Of `all`, what has no figures of such a period",
            }
        },
    ),
    "Missing": shape(
        {
            **{name: _IDENTITY[name] for name in ("uid", "code", "name", "level", "programme")},
            "agency": TEXT,
            "waived": FLAG,
        }
    ),
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
    "Record": _RECORD,
    "Records": rows_of("Record", TEXT),
    "Programmes": rows_of("ProgrammeEntry", TEXT),
    "Unit": shape(_UNIT, optional={"rows": {"type": "array", "items": shape(_UNIT)}}),
    "Refusal": shape({"error": TEXT, "message": TEXT}, optional={"field": TEXT}),
}  # fmt: skip
_REFUSALS = {
    400: "A parameter is bad: `field` names it",
    401: "No valid key",
    403: "The key may not read, or act for officers, or doesn't reach what is asked",
    410: "The officer whom `Kip-Officer` names is removed or revoked",
    503: "The database does not answer, or figures that programmes share are being made anew",
}


def openapi(version: str) -> dict[str, object]:
    """Make the document."""
    lists = {
        "/v1/rollups": ("rollups", "Figures with their coverage", ROLLUP_PARAMETERS, "Figures"),
        "/v1/rollups/missing": ("missing", "Who is expected and silent", MISSING_PARAMETERS, "AllMissing"),
        "/v1/rollups/explain": ("explain", "The events behind a figure", EXPLAIN_PARAMETERS, "Explanation"),
        "/v1/timeliness": ("timeliness", "Obligations met in time", TIMELINESS_PARAMETERS, "Timeliness"),
        "/v1/records": ("records", "What counts now of exactly one unit, record by record", PARAMETERS, "Records"),
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
            **_catalogue(),
            **changes(_REFUSALS),
        },
        {**_SCHEMAS, **_of_models()},
    )


def _catalogue() -> dict[str, object]:
    slug = path("slug", TEXT, "ecd-1437")
    every = _read("programmes", "The programmes that the key may read", [], "Programmes", as_table=False)
    summary = "What a programme asks, of whom and until when"
    one = _read("programme", summary, [slug], "Catalogue", in_path=True, as_table=False)
    return {"/v1/programmes": {"get": every}, "/v1/programmes/{slug}": {"get": one}}


class _OwnTimes(GenerateJsonSchema):
    """Describes a time of day as it is written, in the programme's own zone: JSON Schema's `time` demands an offset."""

    def time_schema(self, schema: core_schema.TimeSchema) -> JsonSchemaValue:
        """Describe 17:00:00."""
        return {"type": "string", "pattern": r"^\d{2}:\d{2}:\d{2}$"}


def _of_models() -> dict[str, object]:
    """Describe what the catalogue is made of: the models of a programme's file."""
    models: list[tuple[type[BaseModel], JsonSchemaMode]] = [
        (Catalogue, "serialization"),
        (ProgrammeEntry, "serialization"),
    ]
    _, made = models_json_schema(models, ref_template="#/components/schemas/{model}", schema_generator=_OwnTimes)
    return dict(made["$defs"])


def _named(names: Iterable[str]) -> list[dict[str, object]]:
    return [query(name, *_PARAMETERS[name], longest=LONGEST_PARAMETER) for name in sorted(names)]


def _read(
    name: str,
    summary: str,
    parameters: list[dict[str, object]],
    schema: str,
    *,
    in_path: bool = False,
    as_table: bool = True,
) -> dict[str, object]:
    tables = {TYPES["csv"]: {"schema": TEXT}, TYPES["xlsx"]: {"schema": {**TEXT, "format": "binary"}}}
    known = {"name": "If-None-Match", "in": "header", "required": False, "schema": TEXT}
    refused = {**_REFUSALS, **({404: "There is no such address"} if in_path else {})}
    return {
        "operationId": name,
        "summary": summary,
        "parameters": [*parameters, known],
        "responses": {
            **answers({200: "As of one instant"}, schema, tables if as_table else None),
            "304": {"description": "What `If-None-Match` names still holds"},
            **answers(refused, "Refusal"),
        },
    }


if __name__ == "__main__":
    made = {"aggregation.openapi.json": openapi(__version__)}
    sys.exit(keep(made, "services.aggregation.reading.openapi", sys.argv[1:]))
