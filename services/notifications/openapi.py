"""OpenAPI 3.1 of obligations, alerts and officers. `python -m services.notifications.openapi [--check]` keeps it in
docs/api.
"""

import sys
from collections.abc import Iterable
from typing import Any

from services.notifications.alerts.reasons import CLAIMED
from services.notifications.asked import MOST_ROWS
from services.notifications.grid import GRID_PARAMETERS, USUAL_PERIODS
from services.notifications.obligations.decisions import LONGEST_REASON
from services.notifications.officers import openapi as officer_paths
from services.notifications.read_api import (
    ALERT_PARAMETERS,
    OBLIGATION_PARAMETERS,
    ONE_OBLIGATION_PARAMETERS,
    PROBLEM_PARAMETERS,
    SORTS,
    UNADDRESSED_PARAMETERS,
)
from shared import __version__
from shared.documents.files import keep
from shared.documents.openapi import (
    COUNT,
    DAY,
    INSTANT,
    JSON,
    TEXT,
    answers,
    changes,
    document,
    or_null,
    path,
    query,
    rows_of,
    shape,
)
from shared.domain.events import ObligationChange, ObligationState
from shared.domain.obligation_name import LONGEST_NAME
from shared.http.asked_periods import MOST_PERIODS
from shared.http.asked_places import VIEWS
from shared.http.read_api import LONGEST_PARAMETER
from shared.programme.base import LANGUAGES

_ID: dict[str, Any] = {"type": "integer", "minimum": 1, "maximum": 2**62}
_STATE = {"type": "string", "enum": [state.value for state in ObligationState]}
_ALERT_STATE = {
    "type": "string",
    "enum": ["queued", "sent", "failed", "cancelled", "unaddressed", "muted", "declined", "uncertain"],
}
_REASON = {"type": "string", "enum": [reason.value for reason in CLAIMED]}
_PROBLEM_STATE = {"type": "string", "enum": ["raised", "resolved"]}
_PARAMETERS: dict[str, tuple[dict[str, Any], str]] = {
    "programme": ({**TEXT, "examples": ["ecd-1437"]}, "A slug"),
    "report": ({**TEXT, "examples": ["progress-quarterly"]}, "A report's slug"),
    "unit": ({**TEXT, "examples": ["06412"]}, "A unit's uid, or its code at the period's end or today"),
    "within": (
        {**TEXT, "examples": ["20@2"]},
        "Likewise: those below it, those that they came from, those that became of them",
    ),
    "view": ({"type": "string", "enum": list(VIEWS)}, "On which day's tree units stand; as_reported without it"),
    "periods": (
        {"type": "integer", "minimum": 1, "maximum": MOST_PERIODS},
        f"So many, up to `period` or the last that has begun; {USUAL_PERIODS} without it",
    ),
    "level": ({**TEXT, "examples": ["commune"]}, "Units of that level only"),
    "sort": ({"type": "string", "enum": list(SORTS)}, "The next page goes on in the same order"),
    "agency": ({**TEXT, "examples": ["ubnd-xa"]}, "An agency's slug"),
    "record": (TEXT, "A problem's record, as its sender has named it"),
    "period": (
        {**TEXT, "examples": ["2023-Q1"]},
        f"One, or `FROM..TO` of one kind, at most {MOST_PERIODS}",
    ),
    "officer": (_ID, "An officer's number"),
    "step": (TEXT, "A step of the escalation"),
    "since": (INSTANT, "Made then or later"),
    "limit": ({"type": "integer", "minimum": 1, "maximum": MOST_ROWS}, "Rows of a page"),
    "after": (TEXT, "What the page before gave as `next`, as it is"),
    "labels": ({"type": "string", "enum": list(LANGUAGES)}, "Names for people beside the slugs, in this language"),
}
_NAME = {**TEXT, "maxLength": LONGEST_NAME, "examples": ["ecd-1437~progress-quarterly~06412@1~ubnd-xa~2023-Q1~0"]}
_NEXT = {**TEXT, "description": "Opaque"}
_OBLIGATION = {
    "id": _NAME,
    "programme": TEXT,
    "unit": TEXT,
    "agency": TEXT,
    "report": TEXT,
    "period": TEXT,
    "due_at": INSTANT,
    "shifted_because": {"description": "The days that moved the deadline, or null"},
    "state": _STATE,
    "met_at": or_null(INSTANT),
    "cycle": COUNT,
    "reason": {**or_null(TEXT), "description": "Of its last extension, or its waiver"},
}
_CHANGE = {
    "revision": COUNT,
    "change": {"enum": [change.value for change in ObligationChange]},
    "state": _STATE,
    "cycle": COUNT,
    "due_at": INSTANT,
    "met_at": or_null(INSTANT),
    "at": INSTANT,
    "by": or_null(TEXT),
    "reason": or_null(TEXT),
    "key": {**or_null(TEXT), "description": "By whose key it was decided"},
    "device": {**or_null(TEXT), "description": "On which device of the officer's"},
}
_ALERT = {
    "id": _ID,
    "obligation": or_null(_NAME),
    "problem": or_null(_ID),
    "cycle": COUNT,
    "step": TEXT,
    "occurrence": COUNT,
    "addressed_unit": TEXT,
    "unit": or_null(TEXT),
    "agency": or_null(TEXT),
    "programme": or_null(TEXT),
    "report": or_null(TEXT),
    "period": or_null(TEXT),
    "state": _ALERT_STATE,
    "reason": {**or_null(_REASON), "description": "Why it was claimed when it was"},
    "made_at": INSTANT,
    "message": or_null(TEXT),
    "channel": or_null(TEXT),
    "sent_at": or_null(INSTANT),
    "attempts": or_null(COUNT),
    "error": or_null(TEXT),
    "officer": or_null(_ID),
    "officer_name": or_null(TEXT),
    "address": {**or_null(TEXT), "description": "Masked"},
}
_CELL = shape(
    {
        "expected": COUNT,
        **{state.value: COUNT for state in ObligationState},
        "obligation": {**or_null(_NAME), "description": "The only one that is counted here"},
    }
)
_UNADDRESSED = {
    "programme": TEXT,
    "level": {**TEXT, "description": "Of the unit that lacks an officer"},
    "alerts": COUNT,
    "units": {**COUNT, "description": "That lack an officer"},
}
_PROBLEM = {
    "id": _ID,
    "programme": TEXT,
    "sender": TEXT,
    "record": TEXT,
    "unit": TEXT,
    "agency": TEXT,
    "state": _PROBLEM_STATE,
    "text": or_null(TEXT),
    "raised_at": or_null(INSTANT),
    "changed_at": INSTANT,
}
_SCHEMAS: dict[str, Any] = {
    "Obligation": shape(_OBLIGATION, optional=officer_paths.NAMES),
    "ListedObligation": shape(
        {
            **_OBLIGATION,
            "step": {**or_null(TEXT), "description": "The last step of the escalation that its cycle has reached"},
            "step_at": or_null(INSTANT),
        },
        optional=officer_paths.NAMES,
    ),
    "Obligations": rows_of("ListedObligation", _NEXT),
    "History": shape(
        {**_OBLIGATION, "history": {"type": "array", "items": shape(_CHANGE)}}, optional=officer_paths.NAMES
    ),
    "Grid": shape(
        {
            "programme": TEXT,
            "report": TEXT,
            "within": TEXT,
            "periods": {"type": "array", "items": shape({"period": TEXT}, optional={"name": TEXT})},
            "rows": {
                "type": "array",
                "items": shape(
                    {
                        "uid": TEXT,
                        "code": TEXT,
                        "name": TEXT,
                        "level": TEXT,
                        "cells": {"type": "array", "items": _CELL, "description": "One for each of `periods`"},
                    }
                ),
            },
            "as_of": INSTANT,
            "next": or_null(TEXT),
        }
    ),
    "Alert": shape(_ALERT),
    "Alerts": rows_of("Alert", _NEXT),
    "Unaddressed": shape(_UNADDRESSED),
    "UnaddressedRows": rows_of("Unaddressed", {"type": "null"}),
    "Problem": shape(_PROBLEM),
    "Problems": rows_of("Problem", _NEXT),
    "Decided": shape({"id": _NAME, "decided": {"enum": ["extend", "waive"]}, "by": TEXT}),
    "Decision": shape(
        {"reason": {**TEXT, "minLength": 1, "maxLength": LONGEST_REASON}},
        optional={"until": {**DAY, "description": "A working day; to extend only"}},
    ),
    "OneClick": shape({"List-Unsubscribe": {"const": "One-Click"}}),
    "Refusal": shape({"error": TEXT, "message": TEXT}, optional={"field": TEXT}),
    **officer_paths.SCHEMAS,
}
_READ_REFUSALS = {
    400: "A parameter is bad: `field` names it",
    401: "No valid key",
    403: "The key may not read, or doesn't reach what is asked",
    503: "The database does not answer",
}
_OF_GRID = "How one report stands, of units × periods"
_LINK_GONE = "The link's officer is registered no more"
_OTHER_EPOCH = "The name is from before the database was restored"
_LINK_REFUSALS = {404: "Not one of our links, or expired", 410: _LINK_GONE, 503: "The database does not answer"}
_BODY_REFUSALS = {
    400: "The body is no form and no JSON object",
    408: "The body came too slowly",
    413: "The body is too large",
    422: "A field is bad: `field` names it",
}


def openapi(version: str) -> dict[str, Any]:
    """Make the document."""
    token, name = path("token", TEXT), path("name", _NAME)
    one = [name, *_named(ONE_OBLIGATION_PARAMETERS, {})]
    obligation = _read("obligation", "One obligation with all that happened to it", one, "History")
    obligation["responses"] |= answers({404: "There is no such address", 410: _OTHER_EPOCH}, "Refusal")
    return document(
        "Kịp: notifications",
        version,
        "Who owes which report by when, who was told, and who decided. Lists go on with `after` = `next`.",
        {
            "/v1/obligations": {
                "get": _read("obligations", "What is owed", _named(OBLIGATION_PARAMETERS, _STATE), "Obligations")
            },
            "/v1/obligations/grid": {"get": _read("grid", _OF_GRID, _named(GRID_PARAMETERS, {}), "Grid")},
            "/v1/obligations/{name}": {"get": obligation},
            "/v1/obligations/{name}/extend": {"post": _decide("extend", "Give it a later deadline", name)},
            "/v1/obligations/{name}/waive": {"post": _decide("waive", "Expect it no more", name)},
            "/v1/alerts": {
                "get": _read("alerts", "Who was told what", _named(ALERT_PARAMETERS, _ALERT_STATE), "Alerts")
            },
            "/v1/alerts/unaddressed": {
                "get": _read(
                    "unaddressed",
                    "How many alerts about what is unfinished have nobody to tell",
                    _named(UNADDRESSED_PARAMETERS, {}),
                    "UnaddressedRows",
                )
            },
            "/v1/problems": {
                "get": _read("problems", "What units reported", _named(PROBLEM_PARAMETERS, _PROBLEM_STATE), "Problems")
            },
            **officer_paths.paths(),
            **changes(_READ_REFUSALS),
            "/v1/ack/{token}": {"get": _sent_on(token), "post": _one_click(token)},
            "/v1/calendar/{token}.ics": {"get": _calendar(token)},
        },
        _SCHEMAS,
    )


def _named(names: Iterable[str], state: dict[str, Any]) -> list[dict[str, Any]]:
    known = {**_PARAMETERS, "state": (state, "")}
    return [query(name, *known[name], longest=LONGEST_PARAMETER) for name in sorted(names)]


def _read(name: str, summary: str, parameters: list[dict[str, Any]], schema: str) -> dict[str, Any]:
    return {
        "operationId": name,
        "summary": summary,
        "parameters": parameters,
        "responses": {**answers({200: "Found"}, schema), **answers(_READ_REFUSALS, "Refusal")},
    }


def _sent_on(token: dict[str, Any]) -> dict[str, Any]:
    return {
        "operationId": "sentOn",
        "summary": "Who opens it is sent on to the board's page of the same link, whatever it is; changes nothing",
        "security": [],
        "parameters": [token],
        "responses": {
            "303": {"description": "To `/l/{token}` at the public address"},
            **answers({404: "No address of ours: a token has no slash"}, "Refusal"),
        },
    }


def _one_click(token: dict[str, Any]) -> dict[str, Any]:
    return {
        "operationId": "oneClick",
        "summary": "A mail program's own button (RFC 8058): pause reminders of the message's programme",
        "security": [],
        "parameters": [token],
        "requestBody": _form("OneClick"),
        "responses": {
            **answers({200: "Paused"}, "Acknowledged"),
            **answers({**_LINK_REFUSALS, **_BODY_REFUSALS}, "Refusal"),
        },
    }


def _calendar(token: dict[str, Any]) -> dict[str, Any]:
    return {
        "operationId": "calendar",
        "summary": "An officer's deadlines as iCalendar (RFC 5545)",
        "security": [],
        "parameters": [token],
        "responses": {
            "200": {"description": "The deadlines", "content": {"text/calendar": {"schema": TEXT}}},
            **answers(_LINK_REFUSALS, "Refusal"),
        },
    }


def _decide(what: str, summary: str, name: dict[str, Any]) -> dict[str, Any]:
    refused = {
        401: "Neither an operator's key nor an officer's link",
        403: "The key or the officer may not decide about this unit",
        404: "There is no such obligation",
        409: "It is finished: nothing is left to decide",
        410: f"{_LINK_GONE}, or {_OTHER_EPOCH[0].lower()}{_OTHER_EPOCH[1:]}",
        503: "The database does not answer",
    }
    return {
        "operationId": what,
        "summary": f"{summary}: by an operator's key, or an officer of a level above",
        "parameters": [name, query("token", TEXT, "That of the officer's link, in place of a key")],
        "requestBody": _form("Decision"),
        "responses": {
            **answers({200: "Decided"}, "Decided"),
            **answers({**refused, **_BODY_REFUSALS}, "Refusal"),
        },
    }


def _form(schema: str) -> dict[str, Any]:
    shown = {"schema": {"$ref": f"#/components/schemas/{schema}"}}
    return {"required": True, "content": {JSON: shown, "application/x-www-form-urlencoded": shown}}


if __name__ == "__main__":
    made = {"notifications.openapi.json": openapi(__version__)}
    sys.exit(keep(made, "services.notifications.openapi", sys.argv[1:]))
