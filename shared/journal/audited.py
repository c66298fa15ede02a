"""What an auditor has to know of its service: its queues, its own way into them, and what each entry is to it."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from faststream.rabbit import RabbitBroker, RabbitExchange

from shared.broker.client import publish_events, publish_marker
from shared.broker.message import Marker, Message
from shared.journal.account_store import AccountStore
from shared.journal.reading import Entry

PUBLISH_SECONDS = 10.0


@dataclass(frozen=True, slots=True)
class Audited:
    """One service's side of the audit.

    `markers` is the routing key by which a marker gets into each of its queues; `is_ours` says whether the service has
    to account for an entry, `queue_of` by which of its queues it came (None: by one that there no longer is), and
    `again` makes the messages, each with its routing key of today, by which a missing entry is published again.
    """

    account: AccountStore
    markers: Mapping[str, str]
    is_ours: Callable[[Entry], bool]
    queue_of: Callable[[Entry], str | None]
    again: Callable[[Entry], Sequence[tuple[str, bytes]]]


class OwnWay:
    """A service's own exchange, by which its auditor reaches its queues and no other; `now` is the machine's clock."""

    def __init__(self, broker: RabbitBroker, exchange: RabbitExchange, now: Callable[[], datetime]) -> None:
        self._broker = broker
        self._exchange = exchange
        self._now = now

    async def publish(self, message: Message) -> None:
        """Publish, confirmed. Raises UnroutableError or one of BROKER_AWAY."""
        await publish_events(self._broker, message, self._now(), PUBLISH_SECONDS, self._exchange)

    async def mark(self, key: str, marker: Marker) -> None:
        """Send a marker, confirmed. Raises as `publish` does."""
        await publish_marker(self._broker, self._exchange, key, marker, PUBLISH_SECONDS)
