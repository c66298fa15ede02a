"""Assigns provinces to partitions: which queue, and so which single writer, each province's events go to."""

from collections import Counter
from collections.abc import Mapping

from shared.domain.units import Units


def assign_partitions(units: Units, count: int, kept: Mapping[str, int]) -> dict[str, int]:
    """Give each province a partition (0 to count-1) so that partitions hold like numbers of units.

    What is in `kept` stays where it is: moving a province while its messages wait would let two writers meet on the
    same cells. The heaviest province that is left goes to the lightest partition: the same answer on every machine.
    """
    weights = Counter(units.province_of(unit.uid) for unit in units)
    loads = [0] * count
    assigned: dict[str, int] = {}
    for province, partition in kept.items():
        if partition >= count:
            raise ValueError(f"province {province} is kept in partition {partition}, but there are only {count}")
        assigned[province] = partition
        loads[partition] += weights[province]
    for province, weight in sorted(weights.items(), key=lambda item: (-item[1], item[0])):
        if province not in assigned:
            lightest = loads.index(min(loads))
            assigned[province] = lightest
            loads[lightest] += weight
    return assigned
