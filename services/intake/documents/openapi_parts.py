"""Parameters and answers that the addresses of the door have in common."""

from typing import Any

from shared.documents.openapi import query

REFUSALS = {
    400: "The body can't be read, or a parameter is bad",
    401: "No valid key",
    403: "Outside the key's subtree, kinds or programmes, or the officer's; nothing was taken",
    410: "The officer whom `Kip-Officer` names is removed or revoked",
    408: "The body came too slowly",
    413: "Over the size of a request or an event",
    415: "A type or an encoding that is not taken",
    429: "Over the sender's rate",
    503: "Neither broker nor spool took all of it: repeat the same post",
}
TAKEN = {
    200: "Dry run: what would have been answered; nothing was published",
    202: "All taken, durably",
    207: "partial=true: some taken, some refused",
    422: "Refused; nothing was taken",
}


def flag_parameter(name: str) -> dict[str, Any]:
    """Describe a query parameter that is true or false."""
    return query(name, {"type": "boolean"})


def language_parameter() -> dict[str, Any]:
    """Describe the header that chooses the language of messages."""
    return {
        "name": "Accept-Language", "in": "header", "required": False, "schema": {"type": "string"},
        "description": "Messages are in Vietnamese where `vi` is preferred to `en`, by its weights; else in English",
    }  # fmt: skip
