"""Which claim has a record, as the peers decide it: the load has only events that number their revisions."""

from collections.abc import Iterable

from shared.domain.claims import RecordClaim, RecordKey, by_record


def strongest(made: Iterable[RecordClaim]) -> dict[RecordKey, RecordClaim]:
    """The claim with the highest rank on each record."""
    return {key: max(some, key=lambda claim: claim.version.rank) for key, some in by_record(made).items()}
