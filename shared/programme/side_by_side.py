"""What two programmes may not both have, because senders name it without the programme. Pure.

A form is posted to by its name alone, and DHIS2 names a data element or a data set by an id that knows of no
programme. Where two programmes give one id a meaning at the same time, nobody could say whose it is. Columns of sheets
need no such rule: each row names its programme.
"""

from collections.abc import Iterator, Mapping
from datetime import date
from typing import NamedTuple

from shared.programme.families import Name, record_name
from shared.programme.model import Programme
from shared.programme.problems import Place


class Clash(NamedTuple):
    """What stands at `place` of one programme and at `other` of another, and why both can't."""

    place: Place
    other: Place
    reason: str


def clashes(programme: Programme, beside: Programme) -> Iterator[Clash]:
    """Find what this programme has that the one beside it has as well. Two of one slug are compared by that alone."""
    if programme.slug == beside.slug:
        yield Clash(("slug",), ("slug",), f"{programme.slug!r} is another programme's slug")
        return
    yield from _both(_forms(programme), _forms(beside), "form {name!r} is another programme's: one form, one address")
    yield from _data_elements(programme, beside)
    told = "DHIS2's {name!r} means a data set of another programme"
    yield from _both(_mapped(programme, "data_sets"), _mapped(beside, "data_sets"), told)
    for field in ("data_elements", "data_sets"):
        told = "DHIS2's {name!r} is another programme's own code"
        yield from _both(_mapped(programme, field), _codes(beside, field), told)
        yield from _both(_codes(programme, field), _mapped(beside, field), told)
    yield from _options(programme, beside)
    if _overlap(programme.owed_days, beside.owed_days):
        yield from _reports(programme, beside)


def _both(mine: Mapping[str, Place], theirs: Mapping[str, Place], told: str) -> Iterator[Clash]:
    for name in sorted(mine.keys() & theirs.keys()):
        yield Clash(mine[name], theirs[name], told.format(name=name))


def _forms(programme: Programme) -> dict[str, Place]:
    return {form.form: ("forms", number, "form") for number, form in enumerate(programme.forms)}


def _mapped(programme: Programme, field: str) -> dict[str, Place]:
    return {name: ("dhis2", field, name) for name in getattr(programme.dhis2, field)}


def _codes(programme: Programme, field: str) -> dict[str, Place]:
    """Name what DHIS2 may call the programme's own things, with and without its slug before."""
    if field == "data_sets":
        plain: dict[str, Place] = {item.slug: ("reports", i, "slug") for i, item in enumerate(programme.reports)}
    else:
        plain = {
            f"{item.slug}.{part}": ("indicators", i, "slug")
            for i, item in enumerate(programme.indicators)
            for part in item.parts
        }
    return plain | {f"{programme.slug}:{name}": place for name, place in plain.items()}


def _options(programme: Programme, beside: Programme) -> Iterator[Clash]:
    """Find names of options, agencies and units that mean two things for a record that both programmes share."""
    if not _shared(programme, beside):
        return
    for field in ("category_option_combos", "attribute_option_combos", "org_units"):
        mine, theirs = getattr(programme.dhis2, field), getattr(beside.dhis2, field)
        for name in sorted(mine.keys() & theirs.keys()):
            if mine[name] != theirs[name]:
                place: Place = ("dhis2", field, name)
                yield Clash(place, place, f"DHIS2's {name!r} means something else in a programme with the same figures")


def _shared(programme: Programme, beside: Programme) -> bool:
    records = {record_name(programme, slug) for slug in programme.indicator}
    return any(record_name(beside, slug) in records for slug in beside.indicator)


def _data_elements(programme: Programme, beside: Programme) -> Iterator[Clash]:
    """A mapped id may stand in both where both map it to one record; so may an indicator's own slug."""
    mine, theirs = programme.dhis2.data_elements, beside.dhis2.data_elements
    for name in sorted(mine.keys() & theirs.keys()):
        if _record(programme, mine[name]) != _record(beside, theirs[name]):
            place: Place = ("dhis2", "data_elements", name)
            yield Clash(place, place, f"DHIS2's {name!r} means something else in another programme")
    if not _overlap(programme.accepted_days, beside.accepted_days):
        return
    numbers = {item.slug: number for number, item in enumerate(beside.indicators)}
    for number, item in enumerate(programme.indicators):
        if item.slug in numbers and record_name(programme, item.slug) != record_name(beside, item.slug):
            told = (
                f"DHIS2 calls an indicator by its slug alone, and {item.slug!r} is another programme's at the same "
                "time: take another slug, or say `same_as` where one answer serves both"
            )
            yield Clash(("indicators", number, "slug"), ("indicators", numbers[item.slug], "slug"), told)


def _record(programme: Programme, target: str) -> tuple[Name, str]:
    slug, _, part = target.rpartition(".")
    return record_name(programme, slug) if slug in programme.indicator else (programme.slug, slug), part


def _reports(programme: Programme, beside: Programme) -> Iterator[Clash]:
    numbers = {item.slug: number for number, item in enumerate(beside.reports)}
    for number, item in enumerate(programme.reports):
        if item.slug in numbers and item.period is beside.report[item.slug].period:
            told = (
                f"DHIS2 calls a report by its slug alone, and {item.slug!r} is owed in another programme at the same "
                "time: take another slug"
            )
            yield Clash(("reports", number, "slug"), ("reports", numbers[item.slug], "slug"), told)


def _overlap(one: tuple[date, date], other: tuple[date, date]) -> bool:
    return one[0] <= other[1] and other[0] <= one[1]
