"""Hand a message that a person waits for to the first of their addresses that takes it: no queue, no quiet hours.

Who asks is answered within WAIT_SECONDS; what takes longer goes on, and what goes wrong then is in the log.
"""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Mapping, Sequence

import structlog

from services.notifications.apart import reason_of
from services.notifications.messages.channels import BusyError, Channel, DeliveryError, Outgoing
from services.notifications.messages.masking import without
from services.notifications.officers.profile import Address

WAIT_SECONDS = 3.0
_ATTEMPT_SECONDS = 30.0  # a provider's own limits are shorter
log = structlog.get_logger()

Make = Callable[[str], Outgoing]  # of an address


class _Errand:
    """One message on its way: the address that is tried now, and whether one took it."""

    def __init__(self, addresses: Sequence[Address]) -> None:
        self.waiting = list(addresses)
        self.now = addresses[0]


class AtOnce:
    """Sends by the channels that there are. `stop` before these are closed."""

    def __init__(self, channels: Mapping[str, Channel]) -> None:
        self._channels = channels
        self._under_way: set[asyncio.Task[bool]] = set()

    async def send(self, what: str, addresses: Sequence[Address], make: Make) -> str | None:
        """Send to the first of these addresses (there is one at least) that takes it.

        Returns the one that took it, or is still trying; None where none did. `what` names it in the log.
        """
        errand = _Errand(addresses)
        task = self._start(self._run(what, errand, make))
        done, _ = await asyncio.wait({task}, timeout=WAIT_SECONDS)
        return errand.now.address if not done or task.result() else None

    def begin(
        self, what: str, addresses: Sequence[Address], make: Make, *, unsent: Callable[[], Awaitable[None]]
    ) -> None:
        """Send likewise, and wait for nothing: how it ends isn't for who asks. Where none takes it, `unsent` runs."""
        self._start(self._run_or(what, _Errand(addresses), make, unsent))

    async def stop(self) -> None:
        """Let what is under way end."""
        await asyncio.gather(*self._under_way, return_exceptions=True)

    def _start(self, running: Coroutine[None, None, bool]) -> asyncio.Task[bool]:
        task = asyncio.create_task(running)
        self._under_way.add(task)
        task.add_done_callback(self._under_way.discard)
        return task

    async def _run_or(self, what: str, errand: _Errand, make: Make, unsent: Callable[[], Awaitable[None]]) -> bool:
        if await self._run(what, errand, make):
            return True
        try:
            await unsent()
        except Exception as error:  # the database may be away: nobody waits for this
            log.warning("at_once.unsent_failed", what=what, reason=reason_of(error))
        return False

    async def _run(self, what: str, errand: _Errand, make: Make) -> bool:
        for address in errand.waiting:
            errand.now = address
            message = make(address.address)
            try:
                async with asyncio.timeout(_ATTEMPT_SECONDS):
                    await self._channels[address.kind].send(message)
            except (DeliveryError, BusyError, TimeoutError) as error:
                reason = without(address.address, str(error) or type(error).__name__, message.officer)
            except Exception as error:  # whatever it is, the next address is tried
                reason = without(address.address, reason_of(error), message.officer)
            else:
                log.info("at_once.sent", what=what, channel=address.kind)
                return True
            log.warning("at_once.failed", what=what, channel=address.kind, reason=reason)
        return False
