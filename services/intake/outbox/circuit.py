"""A circuit breaker before the broker: events go straight to it, or to the spool because it did not confirm lately.

In the pattern's words: while it is *closed*, events go through to the broker; while it is *open*, they don't, and the
spool takes them. The trial call of a half-open circuit is the drain's probe, never somebody's event.
"""

import structlog

log = structlog.get_logger()


class BrokerCircuit:
    """Opened by the first publish that fails, closed by the drain's probe: only one request pays for an outage.

    It begins open. `declared`: the topology was looked at and is there.
    """

    def __init__(self) -> None:
        self.closed = False
        self.declared = False

    def open(self, reason: str) -> None:
        """Send what comes to the spool from now on."""
        if self.closed:
            log.warning("broker.away", reason=reason)
        self.closed = False

    def open_undeclared(self, reason: str) -> None:
        """Open because a queue is missing: it has to be there again ('kip migrate') before anything is published."""
        self.declared = False
        self.open(reason)

    def close(self) -> None:
        """Send what comes to the broker from now on: it confirms."""
        if not self.closed:
            log.info("broker.taking")
        self.closed = True
