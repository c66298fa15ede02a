"""Which instants the door takes of a sender: from 2000 to a day ahead of the service's own clock."""

from datetime import datetime, timedelta

from shared.domain.refusals import Code, Refusal
from shared.domain.rule_words import RuleWords
from shared.registry.snapshot import Registry
from shared.values.scalars import FIRST_DAY

AHEAD = timedelta(hours=24)  # of the service's clock may a sender's be


def out_of_range(field: str, registry: Registry, now: datetime, got: datetime) -> Refusal:
    """Refuse a time that the service's clock doesn't allow; the refusal names the clock."""
    reads, latest = now.isoformat(timespec="seconds"), (now + AHEAD).isoformat(timespec="seconds")
    words = (RuleWords.SIMULATED_CLOCK if registry.simulated else RuleWords.CLOCK).value
    expected = words.filled(first=FIRST_DAY, latest=latest, now=reads)
    return Refusal(Code.TIME_OUT_OF_RANGE, field, expected, got.isoformat())
