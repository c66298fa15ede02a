"""Put messages on the queue kip.alerts, from which a worker delivers them."""

import asyncio
import json
from collections.abc import Sequence
from uuid import UUID

from faststream.rabbit import RabbitBroker

from shared.broker import topology
from shared.broker.answering import answered_within

PUBLISH_SECONDS = 10.0


async def publish_ids(broker: RabbitBroker, bodies: Sequence[Sequence[UUID]]) -> None:
    """Publish messages by id, a body for each sequence, and wait for every confirm. Raises one of BROKER_AWAY."""
    async with answered_within(PUBLISH_SECONDS):
        await asyncio.gather(
            *(
                broker.publish(
                    json.dumps([str(id_) for id_ in ids]).encode(),
                    exchange=topology.TO_ALERTS,
                    routing_key=topology.ALERTS.name,
                    persist=True,
                    mandatory=True,
                    content_type="application/json",
                )
                for ids in bodies
            )
        )
