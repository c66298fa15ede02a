"""What the auditor of aggregation's queues has to know: which entries of the journal they had, how each gets back."""

from collections.abc import Callable

from services.aggregation.store import ACCOUNT
from shared.broker.topology import EVENTS, TO_AGGREGATION, aggregation_queue, routing_key
from shared.journal.audited import Audited
from shared.journal.reading import Entry
from shared.journal.regrouping import again, partition_of
from shared.registry.snapshot import Registry

_EXCHANGES = frozenset({EVENTS.name, TO_AGGREGATION.name})


def audited(registry: Callable[[], Registry], partitions: int) -> Audited:
    """Describe aggregation's queues, all of them: whoever owns the partitions, one replica audits."""
    keys = {aggregation_queue(number).name: routing_key("audit.marker", number) for number in range(partitions)}

    def queue_of(entry: Entry) -> str | None:
        name = aggregation_queue(partition_of(entry.key) or 0).name
        return name if name in keys else None

    return Audited(
        account=ACCOUNT,
        markers=keys,
        is_ours=lambda entry: entry.exchange in _EXCHANGES and partition_of(entry.key) is not None,
        queue_of=queue_of,
        again=lambda entry: again(entry, registry(), partitions),
    )
