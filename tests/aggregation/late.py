"""Events for a system that runs at the end of 2025, and one figure of it."""

from typing import Any

from tests.system import System, event


def figure(subject: str, period: str, part: int, whole: int = 100, revision: int = 0, **more: Any) -> dict[str, Any]:
    data = {
        "indicator": "child-service-access", "agency": "ubnd-xa", "period": period, "revision": revision,
        "numerator": part, "denominator": whole,
        "breakdown": [{"by": {"domain": "health"}, "numerator": part // 2, "denominator": whole}],
    }  # fmt: skip
    return event("indicator.reported", subject, data, **more)


def held(subject: str, activity: str, record: str, day: str, **data: Any) -> dict[str, Any]:
    body = {"activity": activity, "record": record, "revision": 0, "held_on": day, "agency": "ubnd-xa", **data}
    return event("activity.recorded", subject, body)


def post(system: System, *events: dict[str, Any]) -> None:
    before = applied(system)
    answer = system.post(list(events))
    assert answer.status_code == 202, answer.text
    system.wait_until(lambda: applied(system) >= before + len(events), "the events are applied")


def applied(system: System) -> float:
    return system.metric("aggregation", "kip_events_applied_total")


def one(system: System, **query: str) -> dict[str, Any]:
    (row,) = system.rollups(**query)
    return row
