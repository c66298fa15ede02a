"""The table `dead`: events that aggregation could not apply, put aside by its ledger's transaction."""

from shared.database.dead_store import DeadStore

DEAD = DeadStore("aggregation.dead")
waiting = DEAD.waiting
