"""Control events: each sound beyond doubt, so that a database or a service that refuses one refuses everything."""

from collections.abc import Mapping
from datetime import date
from typing import Any

from services.aggregation.ledger import Entry, to_entry
from shared.domain.events import OBLIGATION_PREFIX, TYPE_PREFIX, TYPE_SUFFIX, CanonicalEvent, Kind, ObligationState
from shared.programme.model import Programme
from shared.registry.snapshot import Registry

_TIME = "2001-01-01T00:00:00+00:00"
_NAME = "kip-control"  # it never stays: its transaction is rolled back


def control_of(entry: Entry, registry: Registry) -> Entry:
    """A sound event of the same kind, programme and province as far as those are known to the registry."""
    named = entry.data.get("programme") if isinstance(entry.data, Mapping) else None
    slug = named if isinstance(named, str) and named in registry.programmes else min(registry.programmes)
    unit = (
        entry.unit if isinstance(entry.unit, str) and entry.unit in registry.units else next(iter(registry.units)).uid
    )
    return to_entry(control_event(entry.kind, registry.programmes[slug], unit, registry.units.province_of(unit)))


def prove_reading(registry: Registry) -> None:
    """Raise unless a sound event can be read: else it is reading that is at fault, and no event."""
    unit = next(iter(registry.units)).uid
    to_entry(control_event(Kind.REPORT_SUBMITTED, registry.programmes[min(registry.programmes)], unit, unit))


def control_event(kind: str, programme: Programme, unit: str, province: str) -> CanonicalEvent:
    """A sound event of this kind; one of a problem where the kind is none of ours."""
    return {
        "specversion": "1.0",
        "id": _NAME,
        "source": _NAME,
        "type": f"{TYPE_PREFIX}{kind}{TYPE_SUFFIX}",
        "subject": unit,
        "time": _TIME,
        "sender": _NAME,
        "acceptedat": _TIME,
        "province": province,
        "data": {"programme": programme.slug, **_data(kind, programme)},
    }


def _data(kind: str, programme: Programme) -> dict[str, Any]:
    agency = programme.agencies[0].slug
    period = str(programme.first_period)
    if kind == Kind.ACTIVITY_RECORDED and programme.activities:
        day = date(programme.first_period.year, 1, 1).isoformat()
        return {"activity": programme.activities[0].slug, "record": _NAME, "held_on": day, "agency": agency}
    if kind == Kind.INDICATOR_REPORTED and programme.indicators:
        indicator = programme.indicators[0]
        figures = {"components": {item.slug: True for item in indicator.components}}
        counts = {"numerator": 0, "denominator": 0}
        about = {"indicator": indicator.slug, "agency": agency, "period": period}
        return {**about, **(figures if indicator.components else counts)}
    if kind == Kind.REPORT_SUBMITTED and programme.reports:
        return {"report": programme.reports[0].slug, "agency": agency, "period": period}
    if kind.startswith(OBLIGATION_PREFIX) and programme.reports:
        about = {"report": programme.reports[0].slug, "agency": agency, "period": period}
        return {**about, "state": ObligationState.OPEN.value, "cycle": 1, "due_at": _TIME, "revision": 0}
    if kind == Kind.RECORD_RETRACTED:
        return {"record": _NAME, "agency": agency, "revision": 0}
    return {"record": _NAME, "agency": agency, "text": _NAME}
