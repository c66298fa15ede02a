"""React to changes: which of them has the sweeper sweep, or the announcer publish, at once."""

from dataclasses import dataclass

from services.notifications.alerts.loop import Sweeper
from services.notifications.obligations.announcer import Announcer
from services.notifications.obligations.consumer import Taken
from shared.broker.notices import Changed, Notices

_NEEDS_SWEEP = frozenset({"clock", "unit", "programme", "sweeper"})  # tables of which the registry's listener tells


@dataclass(frozen=True, slots=True)
class Reactions:
    """The reactions of one replica."""

    sweeper: Sweeper
    announcer: Announcer
    notices: Notices

    def settled(self, taken: Taken) -> None:
        """React to events that were settled: publish what changed; a problem is notified at once, and watchers told."""
        self.sweeper.obligations_changed()
        self.announcer.ask()
        if taken.problems:
            self.sweeper.ask()
            self.notices.note({Changed(problem.programme, problem.unit) for problem in taken.problems})

    def decided(self) -> None:
        """React to a person's decision about an obligation: publish it, and look at the obligation at once."""
        self.sweeper.obligations_changed()
        self.sweeper.ask()
        self.announcer.ask()

    async def registry_changed(self, changed: frozenset[str]) -> None:
        """React to tables of the registry that have changed: sweep where what is due may be another."""
        if changed & _NEEDS_SWEEP:
            self.sweeper.ask()
