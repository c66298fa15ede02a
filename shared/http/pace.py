"""How fast a client moves what it is waited for: takes its answer, sends its body."""

from math import inf

_START = 16 * 1024.0  # bytes a second, of which a client is thought capable until it was looked at
_WEIGHT = 0.25  # of the newest look: at one a second, half of what is known is from the last 2.4 s


class Pace:
    """Bytes a second, by looks at how many bytes were moved so far. `rate` is inf until there were two looks."""

    __slots__ = ("_at", "_moved", "rate")

    def __init__(self) -> None:
        self._moved = 0
        self._at = inf  # inf: not looked at
        self.rate = inf

    def look(self, moved: int, now: float) -> None:
        """Look again: `moved` bytes so far."""
        if now > self._at:
            newest = (moved - self._moved) / (now - self._at)
            known = _START if self.rate == inf else self.rate
            self.rate = known + (newest - known) * _WEIGHT
        self._moved, self._at = moved, now

    def forget(self) -> None:
        """The client isn't waited for any more."""
        self._at = self.rate = inf
