"""CloudEvents 1.0 over HTTP: structured and batch mode, from bytes to event models or refusals.

Source: CloudEvents HTTP protocol binding 1.0.2, sections 3.2 and 3.3.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

from pydantic import TypeAdapter, ValidationError
from pydantic_core import ErrorDetails, from_json

from services.intake.refusals import Code, Refusal, Rejected
from shared.events import (
    KIND_OF_TYPE,
    TYPE_PREFIX,
    ActivityRecordedEvent,
    IndicatorReportedEvent,
    PostedEvent,
    ProblemRaisedEvent,
    ProblemResolvedEvent,
    RecordRetractedEvent,
    ReportSubmittedEvent,
)

BATCH = "application/cloudevents-batch+json"
STRUCTURED = "application/cloudevents+json"
Event: TypeAlias = (
    ActivityRecordedEvent
    | IndicatorReportedEvent
    | ReportSubmittedEvent
    | ProblemRaisedEvent
    | ProblemResolvedEvent
    | RecordRetractedEvent
)
_ONE: TypeAdapter[Event] = TypeAdapter(PostedEvent)
_MANY: TypeAdapter[list[Event]] = TypeAdapter(list[PostedEvent])
_TYPES = ", ".join(KIND_OF_TYPE)


class UnreadableError(Exception):
    """The body is not what its content type says. The text says where and what was expected."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """One event of a request that has the right form, with its place in the request."""

    index: int
    event: Event


Parsed: TypeAlias = tuple[list[Candidate], list[Rejected]]


def parse_batch(body: bytes) -> Parsed:
    """Read a JSON array of events. Raises UnreadableError when it is none. `[]` is valid."""
    try:
        return [Candidate(index, event) for index, event in enumerate(_MANY.validate_json(body))], []
    except ValidationError:
        items = _load(body)
    if not isinstance(items, list):
        raise UnreadableError(f"expected a JSON array of events, got {_name(items)}")
    return parse_items(list(enumerate(items)))


def parse_structured(body: bytes) -> Parsed:
    """Read one JSON object. Raises UnreadableError when it is none."""
    try:
        return [Candidate(0, _ONE.validate_json(body))], []
    except ValidationError:
        item = _load(body)
    if not isinstance(item, dict):
        raise UnreadableError(f"expected one JSON object, got {_name(item)}")
    return parse_items([(0, item)])


def parse_items(items: Sequence[tuple[int, Any]]) -> Parsed:
    """Check parsed events one by one, so that each bad one is named and the good ones stand."""
    candidates: list[Candidate] = []
    rejected: list[Rejected] = []
    for index, item in items:
        try:
            # From JSON again: strict JSON rules hold (a date is a text), as on the fast path.
            candidates.append(Candidate(index, _ONE.validate_json(_dump(item))))
        except ValidationError as error:
            rejected.append(Rejected(index, _id(item), tuple(_refusal(detail) for detail in error.errors())))
    return candidates, rejected


def _load(body: bytes) -> Any:
    try:
        return from_json(body, allow_inf_nan=False)
    except ValueError as error:
        raise UnreadableError(f"not JSON in UTF-8: {error}") from None


def _dump(item: Any) -> bytes:
    return _ANY.dump_json(item)


_ANY: TypeAdapter[Any] = TypeAdapter(Any)


def _id(item: Any) -> str | None:
    found = item.get("id") if isinstance(item, dict) else None
    return found[:200] if isinstance(found, str) else None


def _name(value: Any) -> str:
    names = {dict: "an object", list: "an array", str: "a text", bool: "a boolean", type(None): "null"}
    return names.get(type(value), "a number")


def _refusal(detail: ErrorDetails) -> Refusal:
    location = [str(part) for part in detail["loc"] if part not in KIND_OF_TYPE]
    field = ".".join(location) or "event"
    got = detail["input"]
    match detail["type"]:
        case "missing":
            return Refusal(Code.FIELD_MISSING, field, "a value")
        case "extra_forbidden":
            return Refusal(Code.FIELD_UNKNOWN, field, "only the fields of the event's schema", got)
        case "union_tag_not_found":
            return Refusal(Code.FIELD_MISSING, "type", _TYPES)
        case "union_tag_invalid":
            tag = detail.get("ctx", {}).get("tag")
            code = Code.KIND_RESERVED if str(tag).startswith(TYPE_PREFIX) else Code.VALUE_INVALID
            return Refusal(code, "type", _TYPES, tag)
        case "value_error" if field == "data.text":
            return Refusal(Code.PERSONAL_DATA, field)
        case _:
            return Refusal(Code.VALUE_INVALID, field, detail["msg"], got)
