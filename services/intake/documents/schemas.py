"""JSON Schemas of the events, generated from the models that check them."""

from typing import Any

from pydantic.json_schema import models_json_schema

from services.intake.documents.examples import EVENTS
from shared.domain.events import (
    ActivityRecordedEvent,
    CloudEvent,
    IndicatorReportedEvent,
    Kind,
    ProblemRaisedEvent,
    ProblemResolvedEvent,
    RecordRetractedEvent,
    ReportSubmittedEvent,
)

DIALECT = "https://json-schema.org/draft/2020-12/schema"
MODELS: dict[Kind, type[CloudEvent]] = {
    Kind.ACTIVITY_RECORDED: ActivityRecordedEvent,
    Kind.INDICATOR_REPORTED: IndicatorReportedEvent,
    Kind.REPORT_SUBMITTED: ReportSubmittedEvent,
    Kind.PROBLEM_RAISED: ProblemRaisedEvent,
    Kind.PROBLEM_RESOLVED: ProblemResolvedEvent,
    Kind.RECORD_RETRACTED: RecordRetractedEvent,
}


def event_schema(kind: Kind) -> dict[str, Any]:
    """Write the schema of one kind's event, whole in itself."""
    schema = MODELS[kind].model_json_schema()
    return {"$schema": DIALECT, "title": kind.type, **schema, "examples": [EVENTS[kind]]}


def components() -> dict[str, Any]:
    """Collect the schemas of all events and of their parts, by name, for OpenAPI and AsyncAPI."""
    wanted = [(model, "validation") for model in MODELS.values()]
    _, found = models_json_schema(wanted, ref_template="#/components/schemas/{model}")  # type: ignore[arg-type]
    made: dict[str, Any] = found["$defs"]
    made["Event"] = {
        "oneOf": [{"$ref": f"#/components/schemas/{model.__name__}"} for model in MODELS.values()],
        "discriminator": {
            "propertyName": "type",
            "mapping": {kind.type: f"#/components/schemas/{model.__name__}" for kind, model in MODELS.items()},
        },
    }
    return made
