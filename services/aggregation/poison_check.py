"""Checks whether an event is one that intake lets through: asked only when a batch has failed, to find which did it."""

from pydantic import AwareDatetime, BaseModel, TypeAdapter, ValidationError
from pydantic_core import PydanticSerializationError, to_json

from shared.domain.canonical import JsonObject
from shared.domain.events import (
    OBLIGATION_PREFIX,
    TYPE_PREFIX,
    CloudEvent,
    Identifier,
    IndicatorReported,
    ObligationChanged,
    PostedEvent,
)
from shared.values.model_words import expected_by_model, field_of
from shared.values.scalars import shown
from shared.wording.words import Common


class _Stamps(BaseModel):
    sender: Identifier
    province: Identifier
    acceptedat: AwareDatetime


class _ObligationEvent(CloudEvent):
    type: Identifier
    data: ObligationChanged


_STAMPS = TypeAdapter(_Stamps)
_POSTED: TypeAdapter[PostedEvent] = TypeAdapter(PostedEvent)
_OBLIGATION: TypeAdapter[_ObligationEvent] = TypeAdapter(_ObligationEvent)


def fault_of(event: JsonObject) -> str | None:
    """Say what is wrong with the event, as `field: reason`, or None. Fields of a newer intake are no fault."""
    of_obligation = str(event.get("type")).startswith(TYPE_PREFIX + OBLIGATION_PREFIX)
    try:
        text = to_json(event)
        _STAMPS.validate_json(text, extra="ignore")
        adapter = _OBLIGATION if of_obligation else _POSTED
        data = adapter.validate_json(text, extra="ignore").data
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        context = first.get("ctx", {})
        expected = expected_by_model(first["type"], context)
        words = Common.EXPECTED.value.filled(expected=expected)
        if "tag" in context:
            words = Common.EXPECTED_GOT.value.filled(expected=expected, got=shown(context["tag"]))
        return f"{field_of(first['loc'], context)}: {words.en}"
    except PydanticSerializationError as error:
        return str(error)
    if isinstance(data, IndicatorReported) and data.components is None and None in {data.numerator, data.denominator}:
        return "data: neither components nor numerator and denominator"
    return "a text holds a NUL, which PostgreSQL keeps nowhere" if _holds_nul(event) else None


def _holds_nul(value: object) -> bool:
    if isinstance(value, str):
        return "\x00" in value
    if isinstance(value, dict):
        return any(_holds_nul(key) or _holds_nul(item) for key, item in value.items())
    return isinstance(value, list) and any(map(_holds_nul, value))
