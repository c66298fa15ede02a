"""Makes of an entry of the journal the messages that bring its events to where they belong today. Pure."""

import re
from collections.abc import Sequence

from shared.broker.topology import routing_key
from shared.domain.canonical import JsonObject, UndecodableError, decode_batch, encode_written
from shared.journal.reading import Entry
from shared.registry.snapshot import Registry

_KEY = re.compile(r"([a-z]+\.[a-z]+)\.([0-9]+)")  # as a partition's queue is bound: any kind, of two words


def kind_of(key: str) -> str:
    """Read off a routing key what its events tell; empty where it isn't one of events."""
    found = _KEY.fullmatch(key)
    return found[1] if found else ""


def partition_of(key: str) -> int | None:
    """Read off a routing key its partition; None where it isn't one of events."""
    found = _KEY.fullmatch(key)
    return int(found[2]) if found else None


def again(entry: Entry, registry: Registry, partitions: int) -> Sequence[tuple[str, bytes]]:
    """Make of an entry the messages, each with its routing key, that bring its events to where they belong today.

    Where nothing has changed that is the entry itself, byte for byte. What can't be decoded goes to some queue as it
    is: its consumer says so.
    """
    kind, former = kind_of(entry.key), partition_of(entry.key) or 0
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


def _partition_today(event: JsonObject, registry: Registry, otherwise: int) -> int:
    unit = event.get("subject")
    if not isinstance(unit, str) or unit not in registry.units:
        return otherwise  # its consumer waits for the unit, or buries the event
    return registry.partition_of(registry.units.province_of(unit))
