"""What the OpenAPI document says of the addresses that are about officers."""

from typing import Any

from services.notifications.officers.acts import MOST
from services.notifications.officers.codes import TRIES
from shared.documents.openapi import COUNT, DAY, FLAG, INSTANT, JSON, TEXT, answers, or_null, path, query, shape
from shared.programme.base import LANGUAGES

_REF = {**TEXT, "pattern": "^[1-9][0-9]{0,17}\\.(0|[1-9][0-9]{0,8})$", "examples": ["12.0"]}
_SESSION = {**TEXT, "pattern": "^[0-9a-f]{64}$", "description": "SHA-256 of the session's secret"}
_ENTERED_BY = {**TEXT, "format": "uuid", "description": "The message by whose link the session was entered"}
_LINK = {**TEXT, "format": "uuid", "description": "That link, as `resolve` names it; none: the message's"}
_KIP_OFFICER = {
    "name": "Kip-Officer",
    "in": "header",
    "required": True,
    "schema": TEXT,
    "description": "The same officer, with the device's mark: `12.0; device=3f9c21ab`",
}
_UNIT = shape({"uid": TEXT, "code": TEXT, "name": TEXT, "level": or_null(TEXT)})
_TOKEN = {**TEXT, "maxLength": 200}
_PROBLEM = {
    "id": COUNT,
    "programme": TEXT,
    "unit": TEXT,
    "agency": TEXT,
    "text": or_null(TEXT),
    "raised_at": or_null(INSTANT),
}
_OPEN = shape({**_PROBLEM, "state": {"const": "raised"}})
_NAMED = shape({**_PROBLEM, "state": {"enum": ["raised", "resolved"]}})
_FIGURE = shape(
    {
        "numerator": or_null(COUNT),
        "denominator": or_null(COUNT),
        "components": or_null({"type": "object", "additionalProperties": FLAG}),
    }
)
_CHANGED = {
    "description": "A report whose figures somebody else has changed since its last handing in",
    "allOf": [{"$ref": "#/components/schemas/Obligation"}],
    "required": ["figures"],
    "properties": {
        "figures": {
            "type": "array",
            "items": shape(
                {"indicator": TEXT, "period": TEXT, "before": _FIGURE, "now": or_null(_FIGURE), "by": TEXT,
                 "at": INSTANT},
                optional={"indicator_name": TEXT, "period_name": TEXT},
            ),
        }
    },
}  # fmt: skip
_MESSAGE = {
    "id": TEXT,
    "programme": TEXT,
    "sent_at": or_null(INSTANT),
    "obligations": {"type": "array", "items": TEXT, "description": "Their names"},
}
_LABELS = query("labels", {"type": "string", "enum": list(LANGUAGES)}, "Names for people, in this language")
# What an obligation is about, where `labels` are asked for.
NAMES = {
    **{f"{what}_name": TEXT for what in ("programme", "report", "unit", "agency", "owner", "period")},
    "programme_short": TEXT,
}
_ABOUT = {
    "programme": TEXT,
    "obligations": {"type": "array", "items": TEXT, "maxItems": MOST, "description": "Their names; none: all of it"},
}
SCHEMAS: dict[str, Any] = {
    "Officer": shape(
        {
            "ref": _REF,
            "name": TEXT,
            "role": TEXT,
            "unit": _UNIT,
            "today": {**or_null(_UNIT), "description": "The unit that stands for it today; null where none does"},
            "agency": shape({"slug": TEXT, "name": TEXT}),
            "office": {**TEXT, "description": "The agency at that unit, as letters name it"},
            "programmes": {"type": "array", "items": TEXT, "description": "Theirs; all where none is named"},
            "language": TEXT,
            "personal": {"type": "array", "items": TEXT, "description": "Masked addresses that a code can go to"},
            "clock": {**INSTANT, "description": "The run's time, by which deadlines go"},
        }
    ),
    "Link": shape({"token": _TOKEN}),
    "Resolved": shape(
        {
            "purpose": {"enum": ["page", "mute"], "description": "`mute`: that of a mail program's own button"},
            "officer": {"$ref": "#/components/schemas/Officer"},
            "message": shape({**_MESSAGE, "problems": {"type": "array", "items": COUNT}}),
            "link": {**TEXT, "format": "uuid", "description": "The link, for the code that is asked for by it"},
            "until": INSTANT,
        }
    ),
    "Message": shape({**_MESSAGE, "problems": {"type": "array", "items": _NAMED}}),
    "Renewed": shape({"sent": {"const": True}}),
    "CodeAsked": shape(
        {"officer": _REF, "session": _SESSION}, optional={"message": or_null(_ENTERED_BY), "link": or_null(_LINK)}
    ),
    "CodeSent": shape({"sent_to": {**TEXT, "description": "Masked"}, "expires_at": INSTANT}),
    "CodeTried": shape({"officer": _REF, "session": _SESSION, "code": {**TEXT, "pattern": "^[0-9]{6}$"}}),
    "Verified": shape({"verified": {"const": True}}),
    "CodeRefusal": shape(
        {"error": TEXT, "message": TEXT}, optional={"field": TEXT, "left": {**COUNT, "maximum": TRIES}}
    ),
    "Acknowledged": shape({"programme": TEXT, "until": or_null(INSTANT)}),
    "ToAcknowledge": shape({**_ABOUT, "until": DAY}),
    "ToUndo": shape(_ABOUT),
    "Desk": shape(
        {
            "officer": {"$ref": "#/components/schemas/Officer"},
            "owed": {"type": "array", "items": {"$ref": "#/components/schemas/Obligation"}},
            "settled": {
                "type": "array",
                "items": {"$ref": "#/components/schemas/Obligation"},
                "description": "What was owed and is no more, for a year after it was due or came",
            },
            "late_below": {"type": "array", "items": {"$ref": "#/components/schemas/Obligation"}},
            "changed": {"type": "array", "items": _CHANGED},
            "problems": {"type": "array", "items": _OPEN},
            "acknowledged": {
                "type": "array",
                "items": shape(
                    {"programme": TEXT, "obligation": or_null(TEXT), "until": INSTANT, "reminders_only": FLAG},
                    optional=NAMES,
                ),
            },
            "more": {
                "type": "array",
                "items": {"enum": ["owed", "settled", "late_below", "changed", "problems"]},
                "description": "Which lists have more than is shown",
            },
            "calendar": {**TEXT, "description": "The address of the officer's calendar"},
            "clock": {**INSTANT, "description": "The run's time"},
        }
    ),
    "Expired": shape({"error": TEXT, "message": TEXT}, optional={"officer_hint": {"type": "null"}}),
}
_ASKER = {
    400: "A header, or the body, can't be read",
    401: "No valid key",
    403: "The key may not act for officers, or doesn't reach this one",
    503: "The database does not answer",
}
_BODY = {408: "The body came too slowly", 413: "The body is too large", 422: "A field is bad: `field` names it"}
_GONE = {410: "The officer was removed, or what they were given has been revoked"}
_OF_ONE = {**_GONE, 404: "No address of ours, or no message of theirs"}


def paths() -> dict[str, Any]:
    """Describe the addresses."""
    resolved = _post("resolve", "Whose a link is, and what its message named", "Link", {200: "Found"}, "Resolved")
    resolved["responses"] |= answers({404: "Not one of our links, or its message is not known"}, "Refusal")
    resolved["responses"] |= answers({410: "Expired, or its officer's links have ended"}, "Expired")
    asked = _post("code", "Send a code by an officer's own channels", "CodeAsked", {202: "On its way"}, "CodeSent")
    refused = {
        409: "The officer has no address of their own",
        429: "Too many codes within an hour, or by links of messages",
        **_GONE,
    }
    asked["responses"] |= answers(refused, "Refusal")
    tried = _post("verify", "Try a session's code", "CodeTried", {200: "It was right"}, "Verified")
    tried["responses"] |= answers({**_GONE, 422: "A wrong code, or a bad field"}, "CodeRefusal")
    return {
        "/v1/links/resolve": {"post": resolved},
        "/v1/links/renew": {
            "post": _post("renew", "Send a fresh link to the address on file", "Link", {202: "Taken"}, "Renewed")
        },
        "/v1/codes": {"post": asked},
        "/v1/codes/verify": {"post": tried},
        "/v1/officers/{ref}/desk": {
            "get": _get(
                "desk", "What an officer owes, what is late below them, problems, what is acknowledged", "Desk", _LABELS
            )
        },
        "/v1/officers/{ref}/messages/{message}": {
            "get": _get("message", "What a message named to an officer", "Message", path("message", TEXT), _LABELS)
        },
        "/v1/officers/{ref}/acknowledgements": {
            "post": _act(
                "acknowledgeFor", "Be told no more of these, or of the programme, until a day", "ToAcknowledge"
            ),
            "delete": _act("undoFor", "Undo that", "ToUndo"),
        },
        "/v1/officers/{ref}": {"get": _get("officer", "Who an officer is", "Officer")},
    }


def _get(name: str, summary: str, schema: str, *parameters: dict[str, Any]) -> dict[str, Any]:
    return {
        "operationId": name,
        "summary": summary,
        "parameters": [path("ref", _REF), *parameters],
        "responses": {**answers({200: "Found"}, schema), **answers({**_ASKER, **_OF_ONE}, "Refusal")},
    }


def _act(name: str, summary: str, posted: str) -> dict[str, Any]:
    made = _post(name, summary, posted, {200: "Done"}, "Acknowledged")
    made["parameters"] = [path("ref", _REF), _KIP_OFFICER]
    made["responses"] |= answers(_OF_ONE, "Refusal")
    return made


def _post(name: str, summary: str, posted: str, good: dict[int, str], answer: str) -> dict[str, Any]:
    content = {JSON: {"schema": {"$ref": f"#/components/schemas/{posted}"}}}
    return {
        "operationId": name,
        "summary": f"{summary}; by a key that acts for officers",
        "requestBody": {"required": True, "content": content},
        "responses": {**answers(good, answer), **answers({**_ASKER, **_BODY}, "Refusal")},
    }
