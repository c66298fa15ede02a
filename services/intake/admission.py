"""From parsed events to an answer: judge each against the registry, stamp it, publish what may go."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from pydantic_core import to_json

from services.intake.formats.cloudevents import Candidate, Event
from services.intake.publish import Publisher
from services.intake.refusals import FORBIDDEN, Code, Refusal, Rejected
from services.intake.validate import Admitted, judge
from shared.metrics import EVENTS_RECEIVED
from shared.registry.snapshot import Key, Registry

EVENT_BYTES = 64 * 1024


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a request. `forbidden`: the key lacked a right, so nothing was taken."""

    accepted: int
    rejected: Sequence[Rejected]
    forbidden: bool = False


class Admission:
    """Judges and publishes. A request is taken whole or not at all, unless `partial`."""

    def __init__(self, publisher: Publisher) -> None:
        self._publisher = publisher

    async def admit(
        self,
        candidates: Sequence[Candidate],
        rejected: Sequence[Rejected],
        registry: Registry,
        key: Key,
        now: datetime,
        *,
        partial: bool = False,
        dry_run: bool = False,
    ) -> Outcome:
        """Take the events or say why not. Raises what `Publisher.publish` raises."""
        admitted: list[tuple[Candidate, Admitted, bytes]] = []
        refused = list(rejected)
        for candidate in candidates:
            judged = judge(candidate.event, registry, key, now)
            if isinstance(judged, Admitted):
                body = canonical_json(candidate.event, judged, key.sender, now)
                if len(body) <= EVENT_BYTES:
                    admitted.append((candidate, judged, body))
                    continue
                judged = (Refusal(Code.EVENT_TOO_LARGE, "event", f"{EVENT_BYTES} bytes at most", len(body)),)
            refused.append(Rejected(candidate.index, candidate.event.id, judged))
            EVENTS_RECEIVED.labels(candidate.event.type, judged[0].code).inc()
        refused.sort(key=lambda item: item.index)
        if any(refusal.code in FORBIDDEN for item in refused for refusal in item.refusals):
            return Outcome(0, refused, forbidden=True)
        if refused and not partial:
            return Outcome(0, refused)
        if not dry_run:
            await self._publisher.publish(
                (judged.kind, registry.partition_of(judged.province), body) for _, judged, body in admitted
            )
            for _, judged, _ in admitted:
                EVENTS_RECEIVED.labels(judged.kind, "accepted").inc()
        return Outcome(len(admitted), refused)


def canonical_json(event: Event, admitted: Admitted, sender: str, now: datetime) -> bytes:
    """The event as it travels: `subject` a uid; `sender`, `acceptedat`, `province` stamped as extension attributes."""
    event.subject = admitted.unit.uid
    stamps = {"sender": sender, "acceptedat": now.isoformat(), "province": admitted.province}
    body = event.__pydantic_serializer__.to_json(event, exclude_none=True)
    # Both are JSON objects: joining the texts costs a tenth of building one object and writing it.
    return body[:-1] + b"," + to_json(stamps)[1:]
