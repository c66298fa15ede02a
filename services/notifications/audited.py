"""What the auditor of notifications' queue of events has to know: which entries of the journal it had."""

from services.notifications.obligations.consumer import ACCOUNT
from shared.broker.topology import EVENTS, NOTIFICATION_KEYS, NOTIFICATIONS, TO_NOTIFICATIONS
from shared.journal.audited import Audited
from shared.journal.reading import Entry

_KINDS = tuple(key.removesuffix("#") for key in NOTIFICATION_KEYS)


def audited() -> Audited:
    """Describe the queue. What is missing goes back into it as it was."""
    return Audited(
        account=ACCOUNT,
        markers={NOTIFICATIONS.name: "audit.marker"},
        is_ours=_is_ours,
        queue_of=lambda _: NOTIFICATIONS.name,
        again=lambda entry: [(entry.key, entry.body)],
    )


def _is_ours(entry: Entry) -> bool:
    if entry.exchange == TO_NOTIFICATIONS.name:
        return True
    return entry.exchange == EVENTS.name and entry.key.startswith(_KINDS)
