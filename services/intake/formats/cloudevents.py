"""CloudEvents 1.0 over HTTP: binary, structured and batch mode, from bytes to event models or refusals.

Source: CloudEvents HTTP protocol binding 1.0.2, sections 3.1 to 3.3.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, TypeAlias
from urllib.parse import unquote_to_bytes

from pydantic import FailFast, TypeAdapter, ValidationError
from pydantic_core import ErrorDetails, to_json

from services.intake.formats.envelope import EnvelopeError, plain
from services.intake.formats.json_text import (
    TooManyError,
    UnreadableError,
    load,
    may_have_duplicates,
    refuse_duplicates,
)
from services.intake.pacing.limits import EVENT_BYTES, EVENT_SIZE, EVENTS
from services.intake.pacing.slices import SMALL, Pause, aside
from services.intake.refusals.request_words import BodyWords
from shared.domain.events import (
    KIND_OF_TYPE,
    TYPE_PREFIX,
    ActivityRecorded,
    ActivityRecordedEvent,
    IndicatorReported,
    IndicatorReportedEvent,
    PostedEvent,
    ProblemRaisedEvent,
    ProblemResolvedEvent,
    RecordRetractedEvent,
    ReportSubmittedEvent,
)
from shared.domain.refusals import Code, Refusal, Rejected, rejected
from shared.domain.rule_words import wanted
from shared.values.model_words import expected_by_model
from shared.values.personal_data import named
from shared.values.scalars import name_of
from shared.wording.words import listed

BATCH = "application/cloudevents-batch+json"
STRUCTURED = "application/cloudevents+json"
JSON = "application/json"
Event: TypeAlias = (
    ActivityRecordedEvent
    | IndicatorReportedEvent
    | ReportSubmittedEvent
    | ProblemRaisedEvent
    | ProblemResolvedEvent
    | RecordRetractedEvent
)
_ONE: TypeAdapter[Event] = TypeAdapter(PostedEvent)
_MANY: TypeAdapter[list[Event]] = TypeAdapter(Annotated[list[PostedEvent], FailFast()])
_TYPES = listed(KIND_OF_TYPE)
_ESCAPED = re.compile(rb"\\(.)")


@dataclass(frozen=True, slots=True)
class Candidate:
    """One event of a request that has the right form, with its place in the request, and its bytes there or so."""

    index: int
    event: Event
    size: int = 0


Parsed: TypeAlias = tuple[list[Candidate], list[Rejected]]


async def parse_batch(body: bytes) -> Parsed:
    """Read a JSON array of events, `[]` too. Raises UnreadableError when it is none, TooManyError for over EVENTS."""
    if len(body) <= SMALL:
        try:
            events = _MANY.validate_json(body)
        except ValidationError:
            pass
        else:
            if may_have_duplicates(body, sum(map(keys_of, events))):
                refuse_duplicates(body)
            size = len(body) // max(1, len(events))
            return [Candidate(index, event, size) for index, event in enumerate(events)], []
    items = await aside(len(body), load, body)
    if not isinstance(items, list):
        raise UnreadableError(BodyWords.EVENTS.value.filled(got=name_of(items)))
    return await parse_items(list(enumerate(items)))


def parse_structured(body: bytes) -> Parsed:
    """Read one JSON object. Raises UnreadableError when it is none."""
    if len(body) > EVENT_BYTES:
        return [], [Rejected(0, None, (_too_large(len(body)),))]
    try:
        event = _ONE.validate_json(body)
    except ValidationError:
        item = load(body)
    else:
        if may_have_duplicates(body, keys_of(event)):
            refuse_duplicates(body)
        return [Candidate(0, event, len(body))], []
    if not isinstance(item, dict):
        raise UnreadableError(BodyWords.ONE_EVENT.value.filled(got=name_of(item)))
    return _sorted_out([_parse(0, item)[0]])


def parse_binary(headers: Iterable[tuple[bytes, bytes]], body: bytes) -> Parsed:
    """Read an event whose attributes are `ce-` headers and whose `data` is the JSON body."""
    item: dict[str, Any] = {}
    for name, value in headers:
        if name.startswith(b"ce-"):
            attribute = name[3:].decode("ascii", "replace")
            if attribute in item:
                raise UnreadableError(BodyWords.HEADER_ONCE.value.filled(name=named(attribute)))
            item[attribute] = decode_header(attribute, value)
    if len(body) > EVENT_BYTES:
        return [], [Rejected(0, _id(item), (_too_large(len(body)),))]
    item["data"] = load(body)
    return _sorted_out([_parse(0, item)[0]])


def decode_header(attribute: str, value: bytes) -> str:
    """Decode an attribute: unquoted, then percent-decoded once, then UTF-8 (section 3.1.3.2 of the binding)."""
    text = value.strip()
    if len(text) > 1 and text.startswith(b'"') and text.endswith(b'"'):
        text = _ESCAPED.sub(rb"\1", text[1:-1])
    try:
        return unquote_to_bytes(text).decode("utf-8")
    except UnicodeDecodeError:
        raise UnreadableError(BodyWords.HEADER_CODED.value.filled(name=named(attribute))) from None


async def parse_items(items: Sequence[tuple[int, Any]]) -> Parsed:
    """Check parsed events one by one, so that each bad one is named and the good ones stand.

    The event loop has its turn in between. Raises TooManyError for more than EVENTS.
    """
    if len(items) > EVENTS:
        raise TooManyError(BodyWords.MOST_EVENTS.value.filled(most=EVENTS, got=len(items)))
    pause = Pause()
    found: list[Candidate | Rejected] = []
    for index, item in items:
        parsed, size = _parse(index, item)
        found.append(parsed)
        await pause.after(size)
    return _sorted_out(found)


def _parse(index: int, item: Any) -> tuple[Candidate | Rejected, int]:
    """Give the event, or why it is none, and its bytes."""
    # From JSON again: strict JSON rules hold (a date is a text), as on the fast path.
    try:
        text = to_json(plain(item))
    except EnvelopeError as error:
        return Rejected(index, _id(item), (error.refusal,)), 0
    size = len(text)
    if size > EVENT_BYTES:
        return Rejected(index, _id(item), (_too_large(size),)), size
    try:
        return Candidate(index, _ONE.validate_json(text), size), size
    except ValidationError as error:
        return rejected(index, _id(item), refusals_of(error)), size


def _sorted_out(found: Sequence[Candidate | Rejected]) -> Parsed:
    candidates = [item for item in found if isinstance(item, Candidate)]
    return candidates, [item for item in found if isinstance(item, Rejected)]


def _too_large(size: int) -> Refusal:
    return Refusal(Code.EVENT_TOO_LARGE, "event", EVENT_SIZE, size)


def refusals_of(error: ValidationError) -> tuple[Refusal, ...]:
    """Say what is wrong with an event's form."""
    return tuple(_refusal(detail) for detail in error.errors(include_url=False))


def keys_of(event: Event) -> int:
    """Count the keys that the event was written with, those of its parts included."""
    data = event.data
    count = len(event.model_fields_set) + len(data.model_fields_set)
    if isinstance(data, ActivityRecorded):
        for money in data.money:
            count += len(money.model_fields_set)
        return count + len(data.by) + len(data.participants)
    if isinstance(data, IndicatorReported):
        count += len(data.components or ())
        return count + sum(len(split.model_fields_set) + len(split.by) for split in data.breakdown)
    return count


def _id(item: Any) -> str | None:
    found = item.get("id") if isinstance(item, dict) else None
    return found[:200] if isinstance(found, str) else None


def _refusal(detail: ErrorDetails) -> Refusal:
    location = [str(part) for part in detail["loc"] if part not in KIND_OF_TYPE]
    field = ".".join(location) or "event"
    got = detail["input"]
    kind, context = detail["type"], detail.get("ctx", {})
    match kind:
        case "missing":
            return Refusal(Code.FIELD_MISSING, field, expected_by_model(kind, context))
        case "extra_forbidden":
            return Refusal(Code.FIELD_UNKNOWN, field, expected_by_model(kind, context), got)
        case "union_tag_not_found":
            return Refusal(Code.FIELD_MISSING, "type", _TYPES)
        case "union_tag_invalid":
            tag = context.get("tag")
            code = Code.KIND_RESERVED if str(tag).startswith(TYPE_PREFIX) else Code.VALUE_INVALID
            return Refusal(code, "type", wanted(_TYPES) if code is Code.VALUE_INVALID else _TYPES, tag)
        case _:
            return Refusal(Code.VALUE_INVALID, field, wanted(expected_by_model(kind, context)), got)
