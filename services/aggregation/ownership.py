"""Decides which partitions a replica owns: the same answer in every replica. Pure."""

import re

_ORDINAL = re.compile(r"-(\d+)$")  # as a StatefulSet names its pods


class OwnershipError(Exception):
    """The replica's number is unknown or too high. Its text names the setting."""


def ordinal(replica: int | None, replicas: int, hostname: str) -> int:
    """Find this replica's number: as set, else the number that the host name ends in, else 0 for an only one.

    Raises OwnershipError where several replicas run and this one's number is unknown or too high.
    """
    number = replica
    if number is None:
        found = _ORDINAL.search(hostname)
        if found is None or replicas == 1:
            if replicas > 1:
                raise OwnershipError(
                    f"KIP_REPLICA: is not set, and the host name {hostname} doesn't end in a number like -0"
                )
            return 0
        number = int(found[1])
    if number >= replicas:
        raise OwnershipError(f"KIP_REPLICA: expected less than KIP_REPLICAS ({replicas}), got {number}")
    return number


def owned(partitions: int, number: int, replicas: int) -> tuple[int, ...]:
    """Say which partitions replica `number` owns: each partition has exactly one owner."""
    return tuple(partition for partition in range(partitions) if partition % replicas == number)
