"""Whether events go straight to the broker, or to the spool because it did not confirm lately."""

import structlog

log = structlog.get_logger()


class Gate:
    """Locked by the first publish that fails, unlocked by the drain's probe: only one request pays for an outage."""

    def __init__(self) -> None:
        self.open = False
        self.declared = False

    def lock(self, reason: str) -> None:
        """Send what comes to the spool from now on."""
        if self.open:
            log.warning("broker.away", reason=reason)
        self.open = False

    def lock_undeclared(self, reason: str) -> None:
        """A queue is missing: it has to be there again ('kip migrate') before anything is published."""
        self.declared = False
        self.lock(reason)

    def unlock(self) -> None:
        """The broker confirms."""
        if not self.open:
            log.info("broker.taking")
        self.open = True
