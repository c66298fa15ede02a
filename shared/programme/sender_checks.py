"""Checks that the names of other systems point at things that the programme has."""

from collections.abc import Iterator

from shared.programme.form_checks import form_faults
from shared.programme.model import Programme
from shared.programme.problems import Place

Fault = tuple[Place, str]


def sender_faults(programme: Programme) -> Iterator[Fault]:
    """Find every (place, reason) in `dhis2` and `forms`."""
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
        yield from form_faults(programme, form, ("forms", number))


def _data_elements(programme: Programme) -> Iterator[Fault]:
    for name, target in programme.dhis2.data_elements.items():
        slug, _, part = target.rpartition(".")
        indicator = programme.indicator.get(slug)
        place: Place = ("dhis2", "data_elements", name)
        if indicator is None:
            yield place, f"no indicator is named {slug!r}"
        elif indicator.value == "survey":
            yield place, f"{slug} comes from surveys: nobody reports it"
        elif part not in indicator.parts:
            yield place, f"{slug} has no {part!r}"
