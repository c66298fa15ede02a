"""What one sender may ask of a replica."""

from collections.abc import Callable
from dataclasses import dataclass

from shared.registry.snapshot import Key
from shared.wording.words import Common

EVENTS = 20_000  # of one request; a stream of lines has its limit in bytes
EVENT_BYTES = 64 * 1024
EVENT_SIZE = Common.BYTES_AT_MOST.value.filled(most=EVENT_BYTES)
LARGE_PATIENCE = 30.0  # seconds that a large request, or a spreadsheet, waits for others
BURST_SECONDS = 5.0  # of its rate may a sender save up while it is silent


@dataclass(slots=True)
class _Bucket:
    tokens: float
    at: float


class RateLimits:
    """A bucket of events for each sender with a rate.

    A request is let in while anything is left and may take the bucket below zero: a batch larger than the rate passes,
    and the next one waits for it. `seconds` is a clock that only goes forward.
    """

    def __init__(self, seconds: Callable[[], float]) -> None:
        self._seconds = seconds
        self._buckets: dict[str, _Bucket] = {}

    def wait(self, key: Key) -> float:
        """Return for how many seconds the sender has to wait; 0 when it may post now."""
        if key.rate is None:
            return 0.0
        bucket = self._fill(key.sender, key.rate)
        return 0.0 if bucket.tokens > 0 else max(-bucket.tokens / key.rate, 0.001)

    def spend(self, key: Key, events: int) -> None:
        """Count events that were posted, good or bad."""
        if key.rate is not None:
            self._fill(key.sender, key.rate).tokens -= events

    def _fill(self, sender: str, rate: int) -> _Bucket:
        now = self._seconds()
        bucket = self._buckets.get(sender)
        if bucket is None:
            bucket = self._buckets[sender] = _Bucket(rate * BURST_SECONDS, now)
        bucket.tokens = min(rate * BURST_SECONDS, bucket.tokens + (now - bucket.at) * rate)
        bucket.at = now
        return bucket
