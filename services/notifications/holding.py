"""Find the officer who holds a link, registered still and of the generation that it was made for, and its message."""

from services.notifications import link_store
from services.notifications.decision_words import Decline, declined
from services.notifications.link_store import LinkedMessage
from services.notifications.links import Holder
from shared.database.connections import Pool
from shared.registry.officer_store import find_officer
from shared.registry.officers import Officer


async def officer_holding(pool: Pool, holder: Holder) -> Officer:
    """Read the officer of a link. Raises DecisionError where its links have ended."""
    officer = await find_officer(pool, holder.officer)
    if officer is None or officer.generation != holder.generation:
        raise declined(Decline.OFFICER_GONE)
    return officer


async def message_of_link(pool: Pool, holder: Holder, officer: Officer) -> LinkedMessage:
    """Read the message that the officer's link came in. Raises DecisionError, also where the officer doesn't belong to
    its programme any more: what happens in it now isn't theirs.
    """
    assert holder.message is not None  # noqa: S101 - only a calendar's link has none
    message = await link_store.message_of(pool, holder.message, officer.id)
    if message is None or not officer.belongs_to(message.programme):
        raise declined(Decline.NO_MESSAGE)
    return message
