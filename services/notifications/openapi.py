"""OpenAPI 3.1 of obligations, alerts and officers' pages. `python -m services.notifications.openapi [--check]` keeps it
in docs/api.
"""

import sys
from collections.abc import Iterable
from typing import Any

from services.notifications.alerts.reasons import CLAIMED
from services.notifications.obligations.decisions import LONGEST_REASON
from services.notifications.read_api import (
    ALERT_PARAMETERS,
    MOST_ROWS,
    OBLIGATION_PARAMETERS,
    PROBLEM_PARAMETERS,
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
    document,
    or_null,
    path,
    query,
    rows_of,
    shape,
)
from shared.domain.events import ObligationChange, ObligationState
from shared.http.read_api import LONGEST_PARAMETER

_ID: dict[str, Any] = {"type": "integer", "minimum": 1, "maximum": 2**62}
_STATE = {"type": "string", "enum": [state.value for state in ObligationState]}
_ALERT_STATE = {"type": "string", "enum": ["queued", "sent", "failed", "cancelled", "unaddressed"]}
_REASON = {"type": "string", "enum": [reason.value for reason in CLAIMED]}
_PROBLEM_STATE = {"type": "string", "enum": ["raised", "resolved"]}
_PARAMETERS: dict[str, tuple[dict[str, Any], str]] = {
    "programme": ({**TEXT, "examples": ["ecd-1437"]}, "A slug"),
    "report": ({**TEXT, "examples": ["progress-quarterly"]}, "A report's slug"),
    "unit": ({**TEXT, "examples": ["06412"]}, "A unit's uid, or its code at the period's end or today"),
    "period": ({**TEXT, "examples": ["2023-Q1"]}, ""),
    "officer": (_ID, "An officer's number"),
    "step": (TEXT, "A step of the escalation"),
    "since": (INSTANT, "Made then or later"),
    "limit": ({"type": "integer", "minimum": 1, "maximum": MOST_ROWS}, "Rows of a page"),
    "after": ({"type": "integer", "minimum": 0, "maximum": 2**62}, "What the page before gave as `next`"),
}
_OBLIGATION = {
    "id": _ID,
    "unit": TEXT,
    "agency": TEXT,
    "report": TEXT,
    "period": TEXT,
    "due_at": INSTANT,
    "shifted_because": {"description": "The days that moved the deadline, or null"},
    "state": _STATE,
    "met_at": or_null(INSTANT),
    "cycle": COUNT,
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
}
_ALERT = {
    "id": _ID,
    "obligation": or_null(_ID),
    "problem": or_null(_ID),
    "cycle": COUNT,
    "step": TEXT,
    "occurrence": COUNT,
    "addressed_unit": TEXT,
    "unit": or_null(TEXT),
    "agency": or_null(TEXT),
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
    "Obligation": shape(_OBLIGATION),
    "Obligations": rows_of("Obligation", _ID),
    "History": shape({**_OBLIGATION, "history": {"type": "array", "items": shape(_CHANGE)}}),
    "Alert": shape(_ALERT),
    "Alerts": rows_of("Alert", _ID),
    "Problem": shape(_PROBLEM),
    "Problems": rows_of("Problem", _ID),
    "Decided": shape({"id": _ID, "decided": {"enum": ["extend", "waive"]}, "by": TEXT}),
    "Decision": shape(
        {"reason": {**TEXT, "minLength": 1, "maxLength": LONGEST_REASON}},
        optional={"until": {**DAY, "description": "A working day; to extend only"}},
    ),
    "Acknowledgement": shape({"action": {"type": "string", "enum": ["acknowledge", "mute"]}, "until": DAY}),
    "Refusal": shape({"error": TEXT, "message": TEXT}, optional={"field": TEXT}),
}
_HTML = {"text/html": {"schema": TEXT}}
_READ_REFUSALS = {
    400: "A parameter is bad: `field` names it",
    401: "No valid key",
    403: "The key may not read, or doesn't reach what is asked",
    503: "The database does not answer",
}
_LINK_REFUSALS = {404: "Not one of our links, expired, or of nobody any more", 503: "The database does not answer"}
_BODY_REFUSALS = {
    400: "The body is no form and no JSON object",
    408: "The body came too slowly",
    413: "The body is too large",
    422: "A field is bad: `field` names it",
}


def openapi(version: str) -> dict[str, Any]:
    """Make the document."""
    token, id_ = path("token", TEXT), path("id", _ID, 1)
    obligation = _read("obligation", "One obligation with all that happened to it", [id_], "History")
    obligation["responses"] |= answers({404: "There is no such address"}, "Refusal")
    return document(
        "Kịp: notifications",
        version,
        "Who owes which report by when, who was told, and who decided. Lists go on with `after` = `next`.",
        {
            "/v1/obligations": {
                "get": _read("obligations", "What is owed", _named(OBLIGATION_PARAMETERS, _STATE), "Obligations")
            },
            "/v1/obligations/{id}": {"get": obligation},
            "/v1/obligations/{id}/extend": {"post": _decide("extend", "Give it a later deadline", id_)},
            "/v1/obligations/{id}/waive": {"post": _decide("waive", "Expect it no more", id_)},
            "/v1/alerts": {
                "get": _read("alerts", "Who was told what", _named(ALERT_PARAMETERS, _ALERT_STATE), "Alerts")
            },
            "/v1/problems": {
                "get": _read("problems", "What units reported", _named(PROBLEM_PARAMETERS, _PROBLEM_STATE), "Problems")
            },
            "/v1/ack/{token}": {"get": _page(token), "post": _acknowledge(token)},
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


def _page(token: dict[str, Any]) -> dict[str, Any]:
    done = query("done", TEXT, "What was just done, to be said on the page")
    return {
        "operationId": "page",
        "summary": "An officer's own page behind the link in a message; changes nothing",
        "security": [],
        "parameters": [token, done],
        "responses": {
            "200": {"description": "The page", "content": _HTML},
            **answers(_LINK_REFUSALS, "Refusal", _HTML),
        },
    }


def _acknowledge(token: dict[str, Any]) -> dict[str, Any]:
    return {
        "operationId": "acknowledge",
        "summary": "Be left alone until a day: about these obligations, or the whole programme",
        "security": [],
        "parameters": [token],
        "requestBody": _form("Acknowledgement"),
        "responses": {
            "200": {"description": "Done, by a mail program's own button (RFC 8058)"},
            "303": {"description": "Done: the page says so"},
            **answers({**_LINK_REFUSALS, **_BODY_REFUSALS}, "Refusal", _HTML),
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
            **answers(_LINK_REFUSALS, "Refusal", _HTML),
        },
    }


def _decide(name: str, summary: str, id_: dict[str, Any]) -> dict[str, Any]:
    refused = {
        401: "Neither an operator's key nor an officer's link",
        403: "The key or the officer may not decide about this unit",
        404: "There is no such obligation",
        409: "It is finished: nothing is left to decide",
        503: "The database does not answer",
    }
    return {
        "operationId": name,
        "summary": f"{summary}: by an operator's key, or an officer of a level above",
        "parameters": [id_, query("token", TEXT, "That of the officer's link, in place of a key")],
        "requestBody": _form("Decision"),
        "responses": {
            **answers({200: "Decided"}, "Decided"),
            "303": {"description": "Decided by an officer: their page says so"},
            **answers({**refused, **_BODY_REFUSALS}, "Refusal", _HTML),
        },
    }


def _form(schema: str) -> dict[str, Any]:
    shown = {"schema": {"$ref": f"#/components/schemas/{schema}"}}
    return {"required": True, "content": {JSON: shown, "application/x-www-form-urlencoded": shown}}


if __name__ == "__main__":
    made = {"notifications.openapi.json": openapi(__version__)}
    sys.exit(keep(made, "services.notifications.openapi", sys.argv[1:]))
