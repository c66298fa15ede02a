"""What a message named to its officer: obligations by name, obstacles as they stand now."""

from services.notifications import link_store
from services.notifications.alerts.planning import accusing_steps
from services.notifications.link_store import LinkedMessage
from services.notifications.officers import desk_store
from services.notifications.officers.desk_store import DeskProblem
from shared.database.connections import Pool
from shared.registry.snapshot import Registry

MOST = 500  # obstacles of one message


async def named_problems(pool: Pool, registry: Registry, message: LinkedMessage, officer: int) -> list[DeskProblem]:
    """Read the obstacles that the message named: those that it was sent for, and in a digest of what is late below or a
    summary those that were open then, of all that the officer had been notified of.
    """
    programme = registry.programmes.get(message.programme)
    steps = accusing_steps(programme) if programme is not None else {}
    lists_open = message.summary or any(steps.get(step, 0) > 0 for step in message.steps)
    return await desk_store.named_problems(
        pool, message.id, officer, message.programme, message.sent_at if lists_open else None, MOST
    )


async def shown_names(pool: Pool, message: LinkedMessage, officer: int) -> list[str]:
    """Read the names of the obligations that the message named."""
    return [str(name) for name in await link_store.named_obligations(pool, message.id, officer)]
