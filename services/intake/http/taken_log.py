"""Logs requests that were taken whole: a line a second for each sender, instead of one for each of thousands."""

import asyncio

import structlog

SECONDS = 1.0
log = structlog.get_logger()


class TakenLog:
    """Adds up what each sender posted, and tells it a second after the first."""

    def __init__(self) -> None:
        self._counted: dict[str, list[int]] = {}

    def count(self, sender: str, events: int) -> None:
        """Note a request of which every event was taken. Call it inside the event loop."""
        if not self._counted:
            asyncio.get_running_loop().call_later(SECONDS, self.tell)
        counted = self._counted.setdefault(sender, [0, 0])
        counted[0] += 1
        counted[1] += events

    def tell(self) -> None:
        """Log what has been counted, and begin anew."""
        told, self._counted = self._counted, {}
        for sender, (requests, events) in told.items():
            log.info("intake.requests", sender=sender, requests=requests, accepted=events)
