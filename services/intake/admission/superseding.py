"""Which events of one request lose to another one of it, by the rule of `shared.domain.standing`. Pure."""

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import NamedTuple

from shared.domain.claims import RecordClaim, by_record
from shared.domain.standing import Version, winner


@dataclass(frozen=True, slots=True)
class Named:
    """An event of a request: its place in it, and what its sender calls it."""

    index: int
    source: str
    id: str


class Superseded(NamedTuple):
    """An event that doesn't count, and the one of the same request that does."""

    event: Named
    by: Named

    def to_json(self) -> dict[str, object]:
        """`{index, source, id, superseded_by: {index, source, id}}`."""
        return {**asdict(self.event), "superseded_by": asdict(self.by)}


def superseded_among(claimed: Iterable[tuple[int, list[RecordClaim]]]) -> list[Superseded]:
    """The events of a request that another one of it supersedes, in its order.

    `claimed`: of each event its place and its claims, the one on its own record first. Of several copies of an event
    only the first competes.
    """
    first: dict[tuple[str, ...], tuple[int, list[RecordClaim]]] = {}
    for index, made in claimed:
        first.setdefault(_identity(made[0], made[0].version), (index, made))
    records = by_record(claim for _, made in first.values() for claim in made)
    winners = {
        key: winner([claim.version for claim in competing]) for key, competing in records.items() if len(competing) > 1
    }
    lost: list[Superseded] = []
    for identity, (index, (own, *_)) in first.items():
        counts = winners.get((own.key, own.body.province))
        if counts is not None and _identity(own, counts) != identity:
            by, _ = first[_identity(own, counts)]
            lost.append(Superseded(_named(index, own.version), _named(by, counts)))
    return lost


def _identity(claim: RecordClaim, version: Version) -> tuple[str, ...]:
    """What the ledger tells events apart by."""
    return (*version.identity, claim.body.province)


def _named(index: int, version: Version) -> Named:
    return Named(index, version.source, version.id)
