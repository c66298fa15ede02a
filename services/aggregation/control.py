"""Control events: each sound beyond doubt, so that a database or a service that refuses one refuses everything."""

from services.aggregation.ledger import Entry, to_entry
from shared.domain.canonical import EventData, JsonObject, decode, envelope
from shared.domain.events import OBLIGATION_PREFIX, Kind, ObligationState
from shared.programme.model import Programme
from shared.registry.snapshot import Registry

_TIME = "2001-01-01T00:00:00+00:00"
_NAME = "kip-control"  # it never stays: its transaction is rolled back


def control_of(entry: Entry, registry: Registry) -> Entry:
    """Make a sound event of the entry's kind, programme and province, as far as those are known to the registry."""
    slug: object = entry.event.data.get("programme")
    programme = registry.programmes.get(slug) if isinstance(slug, str) else None
    unit = entry.event.unit if entry.event.unit in registry.units else next(iter(registry.units)).uid
    event = control_event(
        entry.event.kind,
        programme or registry.programmes[min(registry.programmes)],
        unit,
        registry.units.province_of(unit),
    )
    return to_entry(decode(event))


def prove_reading(registry: Registry) -> None:
    """Raise unless a sound event can be decoded: else it is decoding that is at fault, and no event."""
    unit = next(iter(registry.units)).uid
    to_entry(decode(control_event(Kind.REPORT_SUBMITTED, registry.programmes[min(registry.programmes)], unit, unit)))


def control_event(kind: str, programme: Programme, unit: str, province: str) -> JsonObject:
    """Make a sound event of this kind; one of a problem where the kind is none of ours."""
    data = {"programme": programme.slug, **_data(kind, programme)}
    return envelope((_NAME, _NAME, _NAME, province), kind, unit, _TIME, _TIME, data)


def _data(kind: str, programme: Programme) -> EventData:
    agency = programme.agencies[0].slug
    period = str(programme.first_period)
    if kind == Kind.ACTIVITY_RECORDED and programme.activities:
        day = programme.calendar.start(programme.first_period).isoformat()
        return {"activity": programme.activities[0].slug, "record": _NAME, "held_on": day, "agency": agency}
    if kind == Kind.INDICATOR_REPORTED and programme.indicators:
        indicator = programme.indicators[0]
        counts: EventData = {"numerator": 0, "denominator": 0}
        states: EventData = {"components": {item.slug: True for item in indicator.components}}
        figure = states if indicator.components else counts
        return {**figure, "indicator": indicator.slug, "agency": agency, "period": period}
    if kind == Kind.REPORT_SUBMITTED and programme.reports:
        return {"report": programme.reports[0].slug, "agency": agency, "period": period}
    if kind.startswith(OBLIGATION_PREFIX) and programme.reports:
        state: EventData = {"state": ObligationState.OPEN.value, "cycle": 1, "due_at": _TIME, "revision": 0}
        return {**state, "report": programme.reports[0].slug, "agency": agency, "period": period}
    if kind == Kind.RECORD_RETRACTED:
        return {"record": _NAME, "agency": agency, "revision": 0}
    return {"record": _NAME, "agency": agency, "text": _NAME}
