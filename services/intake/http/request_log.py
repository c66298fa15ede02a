"""Logs what became of requests: a line for each with a refusal or a dry run, a line a second for a sender's others."""

import asyncio
from collections.abc import Mapping

import structlog

SECONDS = 1.0
log = structlog.get_logger()


class RequestLog:
    """Writes `intake.request` for a request that has a refusal or is a dry run, `intake.requests` for all others.

    The others are added up: a line for each of thousands of single posts a second would cost much of their time.
    """

    def __init__(self) -> None:
        self._taken: dict[str, list[int]] = {}

    def record(self, sender: str, form: str, accepted: int, rejected: Mapping[str, int], *, dry_run: bool) -> None:
        """Log a request of this wire format: how many events were accepted, and of the others how many by code."""
        if not rejected and not dry_run:
            self.count(sender, accepted)
            return
        total = sum(rejected.values())
        log.info(
            "intake.request", sender=sender, format=form, accepted=accepted, rejected=total, codes=dict(rejected),
            dry_run=dry_run,
        )  # fmt: skip

    def count(self, sender: str, events: int) -> None:
        """Count a request of which every event was taken. Call it inside the event loop."""
        if not self._taken:
            asyncio.get_running_loop().call_later(SECONDS, self.flush)
        counted = self._taken.setdefault(sender, [0, 0])
        counted[0] += 1
        counted[1] += events

    def flush(self) -> None:
        """Log what was counted since the last line of each sender, and begin anew."""
        taken, self._taken = self._taken, {}
        for sender, (requests, events) in taken.items():
            log.info("intake.requests", sender=sender, requests=requests, accepted=events)
