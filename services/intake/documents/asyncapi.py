"""AsyncAPI 3.0: what travels on the exchange after the door took it."""

from typing import Any

from services.intake.documents.schemas import MODELS, components
from shared.broker.topology import CONTENT_TYPE, EVENTS
from shared.domain.events import Kind

_STAMPS: dict[str, Any] = {
    "type": "object",
    "description": "Extension attributes that the door adds; `subject` is a unit's uid from here on.",
    "required": ["sender", "acceptedat", "province"],
    "properties": {
        "sender": {"type": "string", "description": "The name that the key belongs to"},
        "acceptedat": {"type": "string", "format": "date-time", "description": "When the door took it"},
        "province": {"type": "string", "description": "The province's uid at the end of the successor chain"},
        "officer": {
            "type": "string",
            "description": "Of what was posted in an officer's name: their number and generation",
            "examples": ["12.0"],
        },
        "device": {"type": "string", "description": "The public mark of the officer's device, where it is known"},
    },
}


def asyncapi(version: str) -> dict[str, Any]:
    """Write the document."""
    names = {kind: "".join(word.capitalize() for word in kind.split(".")) for kind in MODELS}
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "Kịp: events on the broker",
            "version": version,
            "description": "Topic exchange of CloudEvents JSON batches; each message holds events of one kind and "
            "partition. The order carries no meaning, and a message may come more than once.",
        },
        "defaultContentType": CONTENT_TYPE,
        "channels": {
            names[kind]: {
                "address": f"{kind}.{{partition}}",
                "description": f"Routing key on the exchange {EVENTS.name}",
                "parameters": {"partition": {"description": "The partition of the unit's province, from 0"}},
                "messages": {names[kind]: {"$ref": f"#/components/messages/{names[kind]}"}},
                "bindings": {
                    "amqp": {"is": "routingKey", "exchange": {"name": EVENTS.name, "type": "topic", "durable": True}}
                },
            }
            for kind in MODELS
        },
        "operations": {
            f"publish{names[kind]}": {"action": "send", "channel": {"$ref": f"#/channels/{names[kind]}"}}
            for kind in MODELS
        },
        "components": {
            "messages": {names[kind]: _message(kind, model.__name__) for kind, model in MODELS.items()},
            "schemas": {**components(), "Stamps": _STAMPS},
        },
    }


def _message(kind: Kind, model: str) -> dict[str, Any]:
    stamped = [{"$ref": f"#/components/schemas/{model}"}, {"$ref": "#/components/schemas/Stamps"}]
    return {
        "name": kind.type,
        "contentType": CONTENT_TYPE,
        "payload": {"type": "array", "items": {"allOf": stamped}},
    }
