"""DHIS2's parameters and bodies, as OpenAPI has them: made from the sets of what its doors know."""

from collections.abc import Collection
from typing import Any

from services.intake.formats import dhis2_rows
from services.intake.formats.dhis2_parameters import FLAGS, HARMLESS, NEVER, SCHEMES, STRATEGIES
from shared.documents.openapi import FLAG, TEXT, query

_NAME: dict[str, Any] = {"type": ["string", "integer", "null"]}  # of a code or a period that isn't quoted
_TRUTH: dict[str, Any] = {"type": ["boolean", "string", "null"], "description": "Or a text, in any case"}
_SCHEME: dict[str, Any] = {"type": "string", "description": "`code`, `uid` or `attribute:<id>`", "examples": ["code"]}
_STRATEGY: dict[str, Any] = {"type": "string", "enum": STRATEGIES}
_NOT_KEPT: dict[str, Any] = {"description": "Taken, and not kept"}
_TOLD = {
    "cc": "Says nothing here: `cp` names the agency",
    "cp": "The agency, where several report",
    "strategy": "Another name of `importStrategy`",
}


def parameters(known: Collection[str], required: Collection[str] = ()) -> list[dict[str, Any]]:
    """Describe all query parameters of an address that obeys `known`, also those that change nothing there."""
    described = [_parameter(name) for name in sorted({*known, *HARMLESS, *NEVER})]
    return [{**made, "required": made["name"] in required} for made in described]


def _parameter(name: str) -> dict[str, Any]:
    if name in NEVER or name == "multiOu":
        return query(name, {"type": "boolean", "const": False}, "Nothing but this can be obeyed")
    if name in HARMLESS:
        return query(name, TEXT, "Changes nothing: every import is as fast, and as strict, as it gets")
    schema = FLAG if name in FLAGS else _option(name)
    return query(name, schema, _TOLD.get(name, ""))


def _option(name: str) -> dict[str, Any]:
    if name in SCHEMES:
        return _SCHEME
    return _STRATEGY if name in {"importStrategy", "strategy"} else TEXT


def _object(fields: Collection[str], required: list[str], special: dict[str, Any], **more: Any) -> dict[str, Any]:
    """Describe an object with no other fields than these: names of things, unless `special` says what they are."""
    known = {name: _NOT_KEPT if name in dhis2_rows.NOT_KEPT else _NAME for name in sorted(fields)}
    return {
        "type": "object",
        "required": required,
        "properties": {**known, **special},
        "additionalProperties": False,
        **more,
    }


_VALUE = _object(
    dhis2_rows.VALUE_FIELDS,
    ["dataElement"],
    {"value": {"type": ["string", "integer", "number", "null"]}, "deleted": _TRUTH},
)
_ELEMENT = _object(
    dhis2_rows.ELEMENT_FIELDS,
    ["dataElement"],
    {"categoryOptionCombo": {"enum": [*sorted(dhis2_rows.DEFAULT), None], "description": "Of whole elements alone"}},
)
_NAMES: dict[str, Any] = {"type": "array", "items": {"type": ["string", "integer"]}}
_DELETION = _object(
    dhis2_rows.DELETION_FIELDS,
    ["orgUnits", "periods", "elements"],
    {
        "orgUnits": _NAMES,
        "periods": _NAMES,
        "elements": {"type": "array", "items": {"anyOf": [_ELEMENT, {"type": ["string", "integer"]}]}},
    },
    description="What of it has no value here is withdrawn",
)
_REGISTRATION = _object(dhis2_rows.REGISTRATION_FIELDS, ["dataSet", "period"], {"completed": _TRUTH})
BODIES: dict[str, Any] = {
    "DataValueSet": _object(
        dhis2_rows.SET_FIELDS,
        ["dataValues"],
        {
            **{name: _option(name) for name in sorted(dhis2_rows.OF_BODIES)},
            "dryRun": _TRUTH,
            "completed": _TRUTH,
            "dataValues": {"type": "array", "items": _VALUE},
            "deletion": _DELETION,
        },
    ),
    "CompleteDataSetRegistrations": {
        "type": "object",
        "required": ["completeDataSetRegistrations"],
        "properties": {"completeDataSetRegistrations": {"type": "array", "items": _REGISTRATION}},
        "additionalProperties": False,
    },
}
