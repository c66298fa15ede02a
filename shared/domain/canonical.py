"""The canonical event: what travels on the queue, and its only encoder and decoder.

It is a CloudEvents 1.0 JSON object whose `subject` is a unit's uid, with three extension attributes that intake stamps:
`sender` (the name that the key belongs to), `acceptedat` (when the door took it) and `province` (the key of the
partition). What was posted in an officer's name carries two more, `officer` (a reference, never a name) and perhaps
`device`: beside the event, and no part of what it says. A message is a JSON array of such objects.

Decoding checks the envelope, not the data: intake has checked that, and what another publisher wrote is found by
whoever can't use it.
"""

from collections.abc import Iterable
from datetime import datetime
from functools import lru_cache
from operator import itemgetter
from typing import NamedTuple, TypeAlias, TypedDict, cast

from pydantic_core import from_json, to_json

from shared.domain.events import TYPE_PREFIX, TYPE_SUFFIX, CloudEvent
from shared.values.scalars import day, instant

SPECVERSION = "1.0"
# Of a message. Intake fills one with 256 KiB of events, and takes none of more than 64 KiB; changes of obligations
# (1,000 a message) and of figures (100) come to half a megabyte, at most to 3. It bounds what is parsed.
MOST_BYTES = 4 * 1024 * 1024
MOST_EVENTS = 10_000
JsonObject: TypeAlias = dict[str, object]
Identity: TypeAlias = tuple[str, str, str, str]  # (id, source, sender, province), as the ledger's key

_ATTRIBUTES = itemgetter("id", "source", "type", "subject", "time", "sender", "acceptedat", "province")
# The events of one request were accepted at one instant, and those of one form or sheet have few times.
_instant = lru_cache(maxsize=1024)(instant)


class UndecodableError(Exception):
    """The message is no CloudEvents batch of ours: it belongs in the dead-letter queue, whole."""


class MoneyData(TypedDict):
    """An amount of one funding line, in whole dong."""

    line: str
    amount: int


class SplitData(TypedDict):
    """The part of an indicator that belongs to one combination of options."""

    by: dict[str, str]
    numerator: int
    denominator: int


class EventData(TypedDict, total=False):
    """The fields that `data` may have, whatever the kind, as JSON has them: days and times are texts.

    The models in `shared.domain.events` say which of them a kind has, and nothing has checked that they are there or
    of these types. `revision` is absent from a current event, and only such a one has `deprecates`: the id of the event
    that it, an edited submission, replaces.
    """

    programme: str
    record: str
    revision: int
    agency: str
    activity: str
    held_on: str
    domain: str
    by: dict[str, str]
    participants: dict[str, int]
    female: int
    money: list[MoneyData]
    supersedes: str
    deprecates: str
    indicator: str
    report: str
    period: str
    numerator: int
    denominator: int
    breakdown: list[SplitData]
    components: dict[str, bool]
    text: str
    state: str
    cycle: int
    due_at: str
    met_at: str | None


class EventBody(NamedTuple):
    """An event without its envelope: what it says, of which unit, and by whom."""

    province: str
    sender: str
    kind: str
    unit: str
    time: datetime
    data: EventData


class Marks(NamedTuple):
    """What an event carries beside it: the officer (a reference) in whose name it was posted, and their device."""

    officer: str | None = None
    device: str | None = None

    def attributes(self) -> dict[str, str]:
        """Lay them out as they travel: only those that there are."""
        return {name: value for name, value in self._asdict().items() if value is not None}


NO_MARKS = Marks()


class CanonicalEvent(NamedTuple):
    """An event as it travels, decoded. `unit` is a uid; `written_time` is `time` as its publisher wrote it."""

    id: str
    source: str
    kind: str
    unit: str
    time: datetime
    written_time: str
    sender: str
    accepted_at: datetime
    province: str
    data: EventData
    officer: str | None = None
    device: str | None = None

    @property
    def identity(self) -> Identity:
        """What tells it from every other event."""
        return (self.id, self.source, self.sender, self.province)

    def body(self) -> EventBody:
        """Take the event out of its envelope."""
        return EventBody(self.province, self.sender, self.kind, self.unit, self.time, self.data)


def decode_batch(message: bytes) -> list[JsonObject]:
    """Read a message: its events, not yet decoded. Raises UndecodableError when it holds no JSON array of objects, or
    far more than we ever write: whoever took millions of them would hold up all that stands behind.
    """
    if len(message) > MOST_BYTES:
        raise UndecodableError(f"expected at most {MOST_BYTES} bytes, got {len(message)}")
    try:
        events = from_json(message)
    except ValueError as error:
        raise UndecodableError(f"not JSON: {error}") from None
    if not isinstance(events, list) or not all(isinstance(event, dict) for event in events):
        raise UndecodableError("expected a JSON array of objects")
    if len(events) > MOST_EVENTS:
        raise UndecodableError(f"expected at most {MOST_EVENTS} events, got {len(events)}")
    return events


def decode(written: JsonObject) -> CanonicalEvent:
    """Read one event of a message. Raises KeyError, TypeError or ValueError for what is no canonical event.

    Its times are bounded absolutely, by no clock: what was accepted isn't thrown away because one stepped.
    """
    attributes: tuple[str, ...] = _ATTRIBUTES(written)
    "".join(attributes)  # raises TypeError where one is no text, in a third of the time that asking each takes
    event_id, source, type_, unit, time, sender, accepted_at, province = attributes
    data = written["data"]
    if not isinstance(data, dict):
        raise TypeError(f"data: expected an object, got {type(data).__name__}")
    if "held_on" in data:
        day(data["held_on"])
    return CanonicalEvent(
        event_id,
        source,
        kind_of_type(type_),
        unit,
        _instant(time),
        time,
        sender,
        _instant(accepted_at),
        province,
        cast("EventData", data),
        _mark(written, "officer"),
        _mark(written, "device"),
    )


def _mark(written: JsonObject, name: str) -> str | None:
    """Read an attribute that may be absent."""
    value = written.get(name)
    if value is not None and type(value) is not str:
        raise TypeError(f"{name}: expected a text, got {type(value).__name__}")
    return value


@lru_cache(maxsize=64)
def kind_of_type(type_: str) -> str:
    """Read the kind in a CloudEvents type: `activity.recorded` of `vn.kip.activity.recorded.v1`. Raises ValueError."""
    kind = type_.removeprefix(TYPE_PREFIX).removesuffix(TYPE_SUFFIX)
    if type_of_kind(kind) != type_:
        raise ValueError(f"type: expected one like {type_of_kind('…')}")
    return kind


def type_of_kind(kind: str) -> str:
    """Make the CloudEvents type of a kind: `vn.kip.activity.recorded.v1` of `activity.recorded`."""
    return f"{TYPE_PREFIX}{kind}{TYPE_SUFFIX}"


def encode(event: CanonicalEvent) -> bytes:
    """Write one event as it travels: what `decode` has read of what intake published, byte for byte."""
    return to_json(json_object(event))


def encode_batch(events: Iterable[CanonicalEvent]) -> bytes:
    """Write the events as one message."""
    return to_json([json_object(event) for event in events])


def encode_written(events: Iterable[JsonObject]) -> bytes:
    """Write events that travelled before as one message, each as it was."""
    return to_json(list(events))


def json_object(event: CanonicalEvent) -> JsonObject:
    """Write one event as the JSON object that travels."""
    return envelope(
        event.identity,
        event.kind,
        event.unit,
        event.written_time,
        event.accepted_at.isoformat(),
        event.data,
        Marks(event.officer, event.device),
    )


def envelope(
    identity: Identity, kind: str, unit: str, time: str, accepted_at: str, data: object, marks: Marks = NO_MARKS
) -> JsonObject:
    """Put an event together from its parts, times as texts: also of what `decode` would refuse."""
    event_id, source, sender, province = identity
    return {
        "specversion": SPECVERSION,
        "id": event_id,
        "source": source,
        "subject": unit,
        "time": time,
        "type": type_of_kind(kind),
        "data": data,
        "sender": sender,
        "acceptedat": accepted_at,
        "province": province,
        **marks.attributes(),
    }


def encode_posted(event: CloudEvent, unit: str, sender: str, accepted_at: bytes, province: str) -> bytes:
    """Write what a sender posted as it travels: `subject` becomes the unit's uid, the others are stamped.

    `accepted_at` is `instant_json`'s, made once for all events of a request.
    """
    event.subject = unit
    body = event.__pydantic_serializer__.to_json(event, exclude_none=True)
    # Both are JSON objects: joining the texts costs a tenth of building one object and writing it.
    stamps = to_json(sender), accepted_at, to_json(province)
    return b'%b,"sender":%b,"acceptedat":%b,"province":%b}' % (body[:-1], *stamps)


def encode_current(
    event: CloudEvent,
    unit: str,
    sender: str,
    accepted_at: bytes,
    province: str,
    deprecates: str | None,
    marks: Marks = NO_MARKS,
) -> bytes:
    """Write a current event as it travels: as any other, but its data has no revision, and names the event that it
    replaces if it is an edit.
    """
    event.subject = unit
    body = event.model_dump(mode="json", exclude_none=True)
    body["data"].pop("revision", None)
    if deprecates is not None:
        body["data"]["deprecates"] = deprecates
    stamps = {"sender": sender, "acceptedat": from_json(accepted_at), "province": province}
    return to_json({**body, **stamps, **marks.attributes()})


def instant_json(moment: datetime) -> bytes:
    """Write an instant as the JSON text that `acceptedat` is."""
    return to_json(moment.isoformat())
