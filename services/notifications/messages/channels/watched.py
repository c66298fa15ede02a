"""Measure for how long a channel's provider has been away: from a message that didn't reach it to the next that did."""

import asyncio
from collections.abc import Callable

from services.notifications.messages.channels import Channel, DeliveryError, Outgoing
from shared.runtime.metrics import CHANNEL_AWAY_SECONDS


class WatchedChannel:
    """A channel, with kip_channel_away_seconds kept; `now` is in seconds from any moment on.

    Messages that wait are tried again and again, so what is away stays noticed until it is back.
    """

    def __init__(self, channel: Channel, now: Callable[[], float]) -> None:
        self.kind = channel.kind
        self._channel = channel
        self._now = now
        self._away_since: float | None = None
        CHANNEL_AWAY_SECONDS.labels(self.kind).set_function(self.away_seconds)

    def away_seconds(self) -> float:
        """Measure for how many seconds no message has reached the provider; 0 while the last one did."""
        return 0.0 if self._away_since is None else self._now() - self._away_since

    async def send(self, message: Outgoing) -> None:
        """Hand the message to the channel, and note whether it reached the provider. Raises what the channel raises."""
        try:
            await self._channel.send(message)
        except DeliveryError as error:
            self._note(away=error.away)
            raise
        except asyncio.CancelledError:  # its time was over: a provider that answers too slowly is away as well
            self._note(away=True)
            raise
        self._note(away=False)

    async def close(self) -> None:
        """Give back connections."""
        await self._channel.close()

    def _note(self, *, away: bool) -> None:
        if not away:
            self._away_since = None
        elif self._away_since is None:
            self._away_since = self._now()
