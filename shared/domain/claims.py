"""What events claim: pure. Which claim on a record counts is `shared.domain.standing`'s to say."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any, NamedTuple, TypeAlias

from shared.domain.events import OBLIGATION_PREFIX, Kind
from shared.domain.standing import FINAL, Version

PROBLEMS = frozenset({Kind.PROBLEM_RAISED.value, Kind.PROBLEM_RESOLVED.value})
RecordKey: TypeAlias = tuple[str, str]  # (key, province)


class Said(NamedTuple):
    """What a claim rests on: the event without its envelope."""

    province: str
    sender: str
    kind: str
    unit: str
    time: datetime
    data: Mapping[str, Any]


class Claim(NamedTuple):
    """An event's claim to be the current state of a record: its version of it."""

    key: str
    version: Version
    event: Said


def claims(said: Said, source: str, event_id: str, accepted_at: datetime) -> list[Claim]:
    """The claims of an event: on its own record, and on the one that it supersedes.

    The data of a current event has no revision. A problem's is whether it is resolved.
    """
    data = said.data
    if said.kind in PROBLEMS:
        revision: int | None = int(said.kind == Kind.PROBLEM_RESOLVED)
        alive = said.kind == Kind.PROBLEM_RAISED
    else:
        revision = data.get("revision")
        alive = said.kind != Kind.RECORD_RETRACTED
    own = Version(revision, said.time, source, event_id, said.sender, accepted_at, alive, data.get("deprecates"))
    made = [Claim(record_key(said), own, said)]
    former = data.get("supersedes")
    if former is not None and former != data["record"]:
        key = f"activity:{data['programme']}:{said.sender}:{former}"
        gone = Version(FINAL, said.time, source, event_id, said.sender, accepted_at, False)
        made.append(Claim(key, gone, said))
    return made


def by_record(made: Iterable[Claim]) -> dict[RecordKey, list[Claim]]:
    """The claims on each record."""
    found: dict[RecordKey, list[Claim]] = {}
    for claim in made:
        found.setdefault((claim.key, claim.event.province), []).append(claim)
    return found


def record_key(said: Said) -> str:
    """The key of the record that the event is about, unique within its province."""
    data = said.data
    programme = data["programme"]
    if said.kind == Kind.ACTIVITY_RECORDED:
        return f"activity:{programme}:{said.sender}:{data['record']}"
    if said.kind in PROBLEMS:
        return f"problem:{programme}:{said.sender}:{data['record']}"
    if said.kind.startswith(OBLIGATION_PREFIX):
        return f"obligation:{programme}:{data['report']}:{said.unit}:{data['agency']}:{data['period']}"
    for what in ("indicator", "report"):
        if data.get(what) is not None:
            return f"{what}:{programme}:{data[what]}:{said.unit}:{data['agency']}:{data['period']}"
    return f"activity:{programme}:{said.sender}:{data['record']}"
