"""How fast one provider may be asked: a bucket that a second's worth of requests fills, and that leaks at the rate.

Nobody waits at it: a message that finds it full learns when to come back, and leaves its place to other channels'.
"""

from collections.abc import Callable
from typing import TypeAlias

from services.notifications.messages.channels import BusyError

_ROUNDING = 1e-6  # s


class Pace:
    """Of one provider, for one replica. `rate` is requests a second; `clock` counts seconds from anywhere."""

    def __init__(self, rate: float, clock: Callable[[], float]) -> None:
        self._every = 1 / rate
        self._burst = max(1.0, self._every)  # seconds' worth that may go at once: one request at least
        self._clock = clock
        self._full_until = clock()  # when the bucket has leaked empty
        self._rests_until = clock()
        self._promised = clock()

    def take(self) -> None:
        """Take a turn. Raises BusyError, each time with a later turn, so that those who come back do not meet again."""
        now = self._clock()
        level = max(self._full_until, now)
        free = max(level + self._every - self._burst, self._rests_until)
        if free <= now + _ROUNDING:
            self._full_until = level + self._every
            return
        self._promised = max(self._promised + self._every, free)
        raise BusyError(self._promised - now)

    def rest(self, seconds: float) -> None:
        """Leave the provider alone for that long."""
        self._rests_until = max(self._rests_until, self._clock() + seconds)


NewPace: TypeAlias = Callable[[], Pace]  # for one provider more
