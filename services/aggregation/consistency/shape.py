"""Fingerprints what a province's cells depend on besides its events. Pure. Where it changes, they are rebuilt.

Which figures programmes share isn't part of it: the names under which the records stand say so.
"""

import hashlib
from collections.abc import Mapping

from pydantic_core import to_json

from shared.domain.units import Unit
from shared.programme.model import Programme
from shared.registry.snapshot import Registry

# What contributions are made by. Texts, targets, deadlines and escalation change no cell.
_RULES = {"slug", "cutoff_day", "first_period", "last_period"}
_INDICATOR = {"slug", "period", "components", "reporters"}
_REPORTER = {"level", "agency", "agencies", "reach", "since", "until"}
_MEASURE = {"slug", "counts", "activities", "groups", "lines", "by", "breakdowns"}


def shapes(registry: Registry) -> Mapping[str, bytes]:
    """Fingerprint every province: its units' places in time, the units above them, and the programmes' rules.

    One that was dissolved after it was given a partition has no units any more, and still its events.
    """
    rules = to_json([_rules(registry.programmes[slug]) for slug in sorted(registry.programmes)])
    places: dict[str, set[str]] = {province: set() for province in registry.partitions}
    for unit in registry.units:
        own = places.setdefault(registry.units.province_of(unit.uid), set())
        own.update(_place(step) for step in registry.units.path(unit.uid))
    return {
        province: hashlib.blake2b("\n".join(sorted(lines)).encode() + rules, digest_size=16).digest()
        for province, lines in places.items()
    }


def _place(unit: Unit) -> str:
    return f"{unit.uid}|{unit.level}|{unit.parent}|{unit.valid_from}|{unit.valid_to}|{unit.successor}"


def _rules(programme: Programme) -> object:
    return [
        programme.model_dump(mode="json", include=_RULES),
        [
            [
                indicator.model_dump(mode="json", include=_INDICATOR - {"reporters", "components"}),
                [component.slug for component in indicator.components],
                [reporter.model_dump(mode="json", include=_REPORTER) for reporter in indicator.reporters],
            ]
            for indicator in programme.indicators
        ],
        [
            [
                report.slug,
                str(report.period),
                [item.model_dump(mode="json", include=_REPORTER) for item in report.reporters],
            ]
            for report in programme.reports
        ],
        [measure.model_dump(mode="json", include=_MEASURE) for measure in programme.measures],
    ]
