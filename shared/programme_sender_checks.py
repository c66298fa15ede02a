"""Checks that the names of other systems point at things that the programme has."""

from collections.abc import Container, Iterator

from shared.programme import Programme
from shared.programme_senders import FormEvent
from shared.programme_yaml import Place

Fault = tuple[Place, str]
# Where a value of an event's data may stand, by kind; `*` is any name.
_PLACES = {
    "activity.recorded": ("held_on", "agency", "activity", "domain", "by.*", "participants.*", "female", "money.*"),
    "indicator.reported": (
        "agency", "indicator", "period", "numerator", "denominator", "components.*",
        "breakdown.*.numerator", "breakdown.*.denominator",
    ),
    "report.submitted": ("agency", "report", "period"),
}  # fmt: skip


def sender_faults(programme: Programme) -> Iterator[Fault]:
    """Every (place, reason) in `dhis2` and `forms`."""
    yield from _data_elements(programme)
    names = programme.dhis2
    for name, by in names.category_option_combos.items():
        for dimension, option in by.items():
            if option not in programme.options.get(dimension, ()):
                yield ("dhis2", "category_option_combos", name), f"{dimension} has no option {option!r}"
    for name, agency in names.attribute_option_combos.items():
        if agency not in programme.agency:
            yield ("dhis2", "attribute_option_combos", name), f"no agency is named {agency!r}"
    for name, report in names.data_sets.items():
        if report not in programme.report:
            yield ("dhis2", "data_sets", name), f"no report is named {report!r}"
    seen: set[str] = set()
    for number, form in enumerate(programme.forms):
        if form.form in seen:
            yield ("forms", number, "form"), f"{form.form!r} is there already"
        seen.add(form.form)
        for event_number, event in enumerate(form.events):
            yield from _event(programme, event, ("forms", number, "events", event_number))


def _data_elements(programme: Programme) -> Iterator[Fault]:
    for name, target in programme.dhis2.data_elements.items():
        slug, _, part = target.rpartition(".")
        indicator = programme.indicator.get(slug)
        place: Place = ("dhis2", "data_elements", name)
        if indicator is None:
            yield place, f"no indicator is named {slug!r}"
        elif part not in ([item.slug for item in indicator.components] or ["numerator", "denominator"]):
            yield place, f"{slug} has no {part!r}"


def _event(programme: Programme, event: FormEvent, place: Place) -> Iterator[Fault]:
    allowed = _PLACES[event.kind]
    for part, places in (("values", event.values), ("fields", event.fields)):
        for name in places:
            if not any(_fits(name, pattern) for pattern in allowed):
                yield (*place, part, name), f"a {event.kind} has no such place; expected {', '.join(allowed)}"
    known: dict[str, Container[str]] = {
        "activity": programme.activity,
        "indicator": programme.indicator,
        "report": programme.report,
        "agency": programme.agency,
    }
    for name, slugs in known.items():
        value = event.values.get(name)
        if value is not None and value not in slugs:
            yield (*place, "values", name), f"no {name} is named {value!r}"
    for name in event.fields:
        head, _, rest = name.partition(".")
        if head == "participants" and rest not in programme.groups:
            yield (*place, "fields", name), f"no participant group is named {rest!r}"
        if head == "money" and rest not in programme.lines:
            yield (*place, "fields", name), f"no funding line is named {rest!r}"


def _fits(name: str, pattern: str) -> bool:
    head, star, tail = pattern.partition("*")
    if not star:
        return name == pattern
    return name.startswith(head) and name.endswith(tail) and len(name) > len(head) + len(tail)
