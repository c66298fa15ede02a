"""Makes the claims of events on records. Pure. Which claim counts is `shared.domain.standing`'s to say."""

from collections.abc import Iterable
from datetime import datetime
from typing import NamedTuple, TypeAlias

from shared.domain.canonical import EventBody
from shared.domain.events import OBLIGATION_PREFIX, Kind
from shared.domain.standing import FINAL, Version
from shared.programme.families import Families

PROBLEMS = frozenset({Kind.PROBLEM_RAISED.value, Kind.PROBLEM_RESOLVED.value})
RecordKey: TypeAlias = tuple[str, str]  # (key, province)


class RecordClaim(NamedTuple):
    """An event's claim to be the current state of a record: its version of it."""

    key: str
    version: Version
    body: EventBody


def claims(body: EventBody, source: str, event_id: str, accepted_at: datetime, families: Families) -> list[RecordClaim]:
    """Make the claims of an event: on its own record, and on the one that it supersedes.

    The data of a current event has no revision. A problem's is whether it is resolved.
    """
    data = body.data
    if body.kind in PROBLEMS:
        revision: int | None = int(body.kind == Kind.PROBLEM_RESOLVED)
        alive = body.kind == Kind.PROBLEM_RAISED
    else:
        revision = data.get("revision")
        alive = body.kind != Kind.RECORD_RETRACTED
    own = Version(revision, body.time, source, event_id, body.sender, accepted_at, alive, data.get("deprecates"))
    made = [RecordClaim(record_key(body, families), own, body)]
    former = data.get("supersedes")
    if former is not None and former != data["record"]:
        key = f"activity:{data['programme']}:{body.sender}:{former}"
        gone = Version(FINAL, body.time, source, event_id, body.sender, accepted_at, False)
        made.append(RecordClaim(key, gone, body))
    return made


def by_record(made: Iterable[RecordClaim]) -> dict[RecordKey, list[RecordClaim]]:
    """Group the claims by the record that they are on."""
    found: dict[RecordKey, list[RecordClaim]] = {}
    for claim in made:
        found.setdefault((claim.key, claim.body.province), []).append(claim)
    return found


def record_key(body: EventBody, families: Families) -> str:
    """Make the key of the record that the event is about, unique within its province: of an indicator's figure the
    same whichever of its family the event names.
    """
    data = body.data
    programme = data["programme"]
    if body.kind == Kind.ACTIVITY_RECORDED:
        return f"activity:{programme}:{body.sender}:{data['record']}"
    if body.kind in PROBLEMS:
        return f"problem:{programme}:{body.sender}:{data['record']}"
    if body.kind.startswith(OBLIGATION_PREFIX):
        return f"obligation:{programme}:{data['report']}:{body.unit}:{data['agency']}:{data['period']}"
    if data.get("indicator") is not None:
        programme, indicator = families.root(programme, data["indicator"])
        return f"indicator:{programme}:{indicator}:{body.unit}:{data['agency']}:{data['period']}"
    if data.get("report") is not None:
        return f"report:{programme}:{data['report']}:{body.unit}:{data['agency']}:{data['period']}"
    return f"activity:{programme}:{body.sender}:{data['record']}"
