"""Reads the catalogue that aggregation serves back into the programme that it tells of. Pure."""

from collections.abc import Mapping
from typing import Any

from shared.programme.model import Programme

_WITHOUT = frozenset({"scope", "indicators", "reports"})


def programme_of(catalogue: Mapping[str, Any]) -> Programme:
    """Read `GET /v1/programmes/{slug}`. What belongs to senders, officers and messages is not in it, and is empty.

    Raises ValidationError for what another version has written.
    """
    scope = catalogue["scope"]
    age = scope.get("age")
    said = {name: value for name, value in catalogue.items() if name not in _WITHOUT}
    return Programme.model_validate(
        {
            "cutoff_day": None,  # absent where months are the calendar's
            **said,
            "first_period": scope["first_period"],
            "last_period": scope["last_period"],
            "age_max_completed_years": None if age is None else age["completed_years"],
            "indicators": [_without(item, "age") for item in catalogue["indicators"]],
            "reports": [
                {**item, "reporters": [_without(reporter, "due") for reporter in item["reporters"]]}
                for item in catalogue["reports"]
            ],
            "escalation": (),
        }
    )


def _without(item: Mapping[str, Any], name: str) -> dict[str, Any]:
    return {key: value for key, value in item.items() if key != name}
