"""What the auditor of aggregation's queues has to know: which entries of the journal they had, how each gets back."""

import re
from collections.abc import Callable, Sequence

from services.aggregation.store import ACCOUNT
from shared.broker.topology import EVENTS, TO_AGGREGATION, aggregation_queue, routing_key
from shared.domain.canonical import JsonObject, UndecodableError, decode_batch, encode_written
from shared.journal.audited import Audited
from shared.journal.reading import Entry
from shared.registry.snapshot import Registry

_EXCHANGES = frozenset({EVENTS.name, TO_AGGREGATION.name})
_KEY = re.compile(r"[a-z]+\.[a-z]+\.([0-9]+)")  # as a partition's queue is bound: any kind, of two words


def audited(registry: Callable[[], Registry], partitions: int) -> Audited:
    """Describe aggregation's queues, all of them: whoever owns the partitions, one replica audits."""
    keys = {aggregation_queue(number).name: routing_key("audit.marker", number) for number in range(partitions)}

    def queue_of(entry: Entry) -> str | None:
        name = aggregation_queue(_partition(entry.key) or 0).name
        return name if name in keys else None

    return Audited(
        account=ACCOUNT,
        markers=keys,
        is_ours=lambda entry: entry.exchange in _EXCHANGES and _partition(entry.key) is not None,
        queue_of=queue_of,
        again=lambda entry: again(entry, registry(), partitions),
    )


def again(entry: Entry, registry: Registry, partitions: int) -> Sequence[tuple[str, bytes]]:
    """Make of an entry the messages, each with its routing key, that bring its events to where they belong today.

    Where nothing has changed that is the entry itself, byte for byte. What can't be decoded goes to some queue as it
    is: its consumer says so.
    """
    kind, _, _ = entry.key.rpartition(".")
    former = _partition(entry.key) or 0
    try:
        events = decode_batch(entry.body)
    except UndecodableError:
        return [(routing_key(kind, former % partitions), entry.body)]
    by_partition: dict[int, list[JsonObject]] = {}
    for event in events:
        by_partition.setdefault(_partition_today(event, registry, former % partitions), []).append(event)
    if set(by_partition) == {former}:
        return [(entry.key, entry.body)]
    return [(routing_key(kind, number), encode_written(some)) for number, some in sorted(by_partition.items())]


def _partition(key: str) -> int | None:
    found = _KEY.fullmatch(key)
    return int(found[1]) if found else None


def _partition_today(event: JsonObject, registry: Registry, otherwise: int) -> int:
    unit = event.get("subject")
    if not isinstance(unit, str) or unit not in registry.units:
        return otherwise  # its consumer waits for the unit, or buries the event
    return registry.partition_of(registry.units.province_of(unit))
