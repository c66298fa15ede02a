"""From parsed events to an answer: judge each against the registry, stamp it, publish what may go."""

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import lru_cache
from typing import NamedTuple, TypeAlias, cast

import prometheus_client

from services.intake.admission.poster import Poster
from services.intake.admission.rules import Admitted, check_revision, judge
from services.intake.admission.superseding import Superseded, superseded_among
from services.intake.formats.cloudevents import Candidate, Parsed
from services.intake.outbox.publisher import Publisher
from services.intake.pacing.limits import EVENT_BYTES, EVENT_SIZE
from services.intake.pacing.slices import Pause, aside
from shared.domain.canonical import EventBody, EventData, encode_current, encode_posted, instant_json
from shared.domain.claims import RecordClaim, claims
from shared.domain.events import KIND_OF_TYPE, Kind
from shared.domain.refusals import FORBIDDEN, Code, Refusal, Rejected
from shared.domain.refusals import rejected as rejected_for
from shared.programme.families import Families
from shared.registry.snapshot import Key, Registry
from shared.runtime.metrics import EVENTS_RECEIVED

TYPICAL_BYTES = 400  # of an event, to tell many from few


class Outcome(NamedTuple):
    """What became of a request. `forbidden`: the key lacked a right, so nothing was taken."""

    accepted: int
    rejected: Sequence[Rejected]
    forbidden: bool = False
    superseded: Sequence[Superseded] = ()  # of the accepted ones

    @property
    def codes(self) -> dict[str, int]:
        """How many events were rejected by the code of their first refusal, as the metric counts them."""
        return Counter(item.refusals[0].code.value for item in self.rejected)


class Stamped(NamedTuple):
    """An event that may go: its kind, its partition, its canonical JSON."""

    kind: Kind
    partition: int
    body: bytes


class _SortedOut(NamedTuple):
    """What may go, as which unit's and province's each of that does, and what may not."""

    admitted: list[Stamped]
    competing: list[tuple[Candidate, Admitted]]
    refused: list[Rejected]


# Of events whose sender knows no revisions: by its place in the request, the id of the event that an edit replaces.
Current: TypeAlias = Mapping[int, str]


class Terms(NamedTuple):
    """On what terms events are taken. Without `partial`, all of a request or nothing; `dry_run` publishes nothing.

    `foreign_refuse_all`: an event that the key has no right for refuses the whole request, partial or not.
    `current`: the sender knows no revisions, so that each event corrects what was accepted before it.
    """

    partial: bool = False
    dry_run: bool = False
    foreign_refuse_all: bool = True
    current: Current | None = None

    def of(self, poster: Poster) -> Current | None:
        """Return what the events of this poster are current by: an officer's always are. None for explicit ones."""
        return {} if self.current is None and poster.acting is not None else self.current


class Admission:
    """Judges events and publishes those that are admitted."""

    def __init__(self, publisher: Publisher) -> None:
        self._publisher = publisher

    async def admit(self, parsed: Parsed, registry: Registry, poster: Poster, now: datetime, terms: Terms) -> Outcome:
        """Take the events of a request or say why not. Raises what `Publisher.publish` raises."""
        candidates, malformed = parsed
        admitted, competing, refused = await _sort_out(candidates, registry, poster, now, terms)
        for item in malformed:
            _received("unknown", item.refusals[0].code).inc()
        if refused or malformed:
            refused = sorted((*malformed, *refused), key=lambda item: item.index)
            foreign = any(refusal.code in FORBIDDEN for item in refused for refusal in item.refusals)
            if foreign and terms.foreign_refuse_all:
                return Outcome(0, refused, forbidden=True)
            if not terms.partial:
                return Outcome(0, refused)
        families = registry.families
        claimed = (
            (found.index, _claims_of(found, judged, poster.key, now, terms.of(poster), families))
            for found, judged in competing
        )
        superseded = await aside(len(competing) * TYPICAL_BYTES, superseded_among, claimed) if competing else ()
        if admitted and not terms.dry_run:
            await self._publisher.publish(admitted)
            for kind, number in Counter([event.kind for event in admitted]).items():
                count_accepted(kind, number)
        return Outcome(len(admitted), refused, superseded=superseded)


async def _sort_out(
    candidates: Sequence[Candidate], registry: Registry, poster: Poster, now: datetime, terms: Terms
) -> _SortedOut:
    """Judge each event, and stamp what may go. The event loop has its turn in between."""
    pause = Pause()
    found = _SortedOut([], [], [])
    acceptedat = instant_json(now)
    for candidate in candidates:
        admitted = judge(candidate.event, registry, poster, now)
        if isinstance(admitted, Admitted) and terms.current is None:
            admitted = check_revision(candidate.event, poster) or admitted
        await pause.after(candidate.size)
        if not isinstance(admitted, Admitted):
            found.refused.append(_refuse(candidate, admitted))
            continue
        stamped = _stamp(candidate, admitted, registry, poster, acceptedat, terms.of(poster))
        if isinstance(stamped, Refusal):
            found.refused.append(_refuse(candidate, (stamped,)))
            continue
        found.admitted.append(stamped)
        if len(candidates) > 1:  # else there is none to lose to
            found.competing.append((candidate, admitted))
    return found


def _refuse(candidate: Candidate, refusals: tuple[Refusal, ...]) -> Rejected:
    _received(KIND_OF_TYPE[candidate.event.type], refusals[0].code).inc()
    return rejected_for(candidate.index, candidate.event.id, refusals)


def _stamp(
    candidate: Candidate,
    admitted: Admitted,
    registry: Registry,
    poster: Poster,
    acceptedat: bytes,
    current: Current | None,
) -> Stamped | Refusal:
    """Make the event as it may go, or refuse it as too large. `acceptedat` is `instant_json`'s."""
    event, sender = candidate.event, poster.key.sender
    if current is None:
        body = encode_posted(event, admitted.unit.uid, sender, acceptedat, admitted.province)
    else:
        former = current.get(candidate.index)
        body = encode_current(event, admitted.unit.uid, sender, acceptedat, admitted.province, former, poster.marks)
    if len(body) > EVENT_BYTES:
        return Refusal(Code.EVENT_TOO_LARGE, "event", EVENT_SIZE, len(body))
    return Stamped(admitted.kind, registry.partition_of(admitted.province), body)


def _claims_of(
    candidate: Candidate, admitted: Admitted, key: Key, now: datetime, current: Current | None, families: Families
) -> list[RecordClaim]:
    """Make the claims that aggregation will make of the event when it applies it."""
    event = candidate.event
    data = vars(event.data)
    if current is not None:
        data = {**data, "revision": None, "deprecates": current.get(candidate.index)}
    body = EventBody(
        admitted.province, key.sender, admitted.kind, admitted.unit.uid, event.time, cast("EventData", data)
    )
    return claims(body, event.source, event.id, now, families)


def count_accepted(kind: Kind, number: int) -> None:
    """Count events that were confirmed or spooled."""
    _received(kind, "accepted").inc(number)


@lru_cache(maxsize=256)
def _received(kind: str, outcome: str) -> prometheus_client.Counter:
    return EVENTS_RECEIVED.labels(kind, outcome)
