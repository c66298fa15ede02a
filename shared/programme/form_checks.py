"""Checks that a form's mapping can make events: every place, slug, question and repeat group fits the others."""

from collections.abc import Container, Iterator, Mapping

from shared.programme.model import Programme
from shared.programme.problems import Place
from shared.programme.senders import Form, FormEvent

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
_REQUIRED = {
    "activity.recorded": ("activity", "agency", "held_on"),
    "indicator.reported": ("indicator", "agency", "period"),
    "report.submitted": ("report", "agency", "period"),
}


def form_faults(programme: Programme, form: Form, place: Place) -> Iterator[Fault]:
    """Find every (place, reason) in one form."""
    repeats = sorted({event.repeat for event in form.events if event.repeat is not None})
    for number, event in enumerate(form.events):
        here = (*place, "events", number)
        yield from _places(event, here)
        yield from _slugs(programme, event, here)
        yield from _options(programme, event, here)
        yield from _questions(event, repeats, here)


def _places(event: FormEvent, place: Place) -> Iterator[Fault]:
    allowed = _PLACES[event.kind]
    for part, names in (("values", event.values), ("fields", event.fields)):
        for name in names:
            if not any(_fits(name, pattern) for pattern in allowed):
                yield (*place, part, name), f"{_a(event.kind)} has no such place; expected {', '.join(allowed)}"
    for name in event.values.keys() & event.fields.keys():
        yield (*place, "fields", name), "stands in values too; expected one of them"
    for name in _REQUIRED[event.kind]:
        if name not in event.values and name not in event.fields:
            yield place, f"nothing gives {name}; {_a(event.kind)} needs it, in values or fields"


def _slugs(programme: Programme, event: FormEvent, place: Place) -> Iterator[Fault]:
    """Check that what the places and the fixed values name is there."""
    for name, value in event.values.items():
        yield from (((*place, "values", name), reason) for reason in _wrong(programme, event, name, value))
    for part, names in (("values", event.values), ("fields", event.fields)):
        for name in names:
            yield from (((*place, part, name), reason) for reason in _unknown_parts(programme, event, name))


def _unknown_parts(programme: Programme, event: FormEvent, name: str) -> Iterator[str]:
    head, _, rest = name.partition(".")
    if head == "participants" and rest not in programme.groups:
        yield f"no participant group is named {rest!r}"
    elif head == "money" and rest not in programme.lines:
        yield f"no funding line is named {rest!r}"
    elif head in {"by", "domain"} and (rest or head) not in programme.options:
        yield f"no dimension is named {rest or head!r}"
    elif head == "components":
        indicator = programme.indicator.get(event.values.get("indicator", ""))
        if indicator is not None and rest not in {item.slug for item in indicator.components}:
            yield f"{indicator.slug} has no component {rest!r}"
    elif head == "breakdown":
        for pair in rest.rpartition(".")[0].split(","):
            dimension, _, option = pair.partition(":")
            if option not in programme.options.get(dimension, ()):
                yield f"no option is named {pair!r}; expected dimension:option"


def _options(programme: Programme, event: FormEvent, place: Place) -> Iterator[Fault]:
    """Check that what a question's answers are turned into is there."""
    for question, answers in event.options.items():
        names = [name for name, mapped in event.fields.items() if mapped == question]
        if not names:
            yield (*place, "options", question), "no field of this event is read from this question"
        for name in names:
            for answer, slug in answers.items():
                here = (*place, "options", question, answer)
                yield from ((here, reason) for reason in _wrong(programme, event, name, slug))


def _questions(event: FormEvent, repeats: list[str], place: Place) -> Iterator[Fault]:
    """Check that each question is within reach of the event: in its row, or in what lies around that."""
    read: Mapping[Place, str] = {(*place, "unit"): event.unit} | {
        (*place, "fields", name): question for name, question in event.fields.items()
    }
    if event.repeat and not any(question.startswith(f"{event.repeat}/") for question in read.values()):
        yield (*place, "repeat"), f"no question of this event lies in {event.repeat}; expected a group's full name"
    for where, question in read.items():
        for repeat in repeats:
            if question == repeat:
                yield where, f"{repeat} is a repeat group, not a question"
            elif question.startswith(f"{repeat}/") and not _within(event.repeat, repeat):
                row = f"row of {event.repeat}" if event.repeat else "submission"
                yield where, f"lies in the repeat group {repeat}, but this event is told once for each {row}"


def _within(inner: str | None, outer: str) -> bool:
    return inner is not None and (inner == outer or inner.startswith(f"{outer}/"))


def _wrong(programme: Programme, event: FormEvent, name: str, slug: str) -> Iterator[str]:
    known = _known(programme, event, name)
    if known is not None and slug not in known:
        yield f"no {name} is named {slug!r}"
    elif name == "indicator" and programme.indicator[slug].value == "survey":
        yield f"{slug} comes from surveys: nobody reports it"


def _known(programme: Programme, event: FormEvent, name: str) -> Container[str] | None:
    """Find the slugs that may stand at a place; None where it holds no slug."""
    slugs: dict[str, Container[str]] = {
        "activity": programme.activity,
        "indicator": programme.indicator,
        "report": programme.report,
        "agency": programme.agency,
    }
    dimension = name.removeprefix("by.")
    if name == "domain" or name.startswith("by."):
        activity = programme.activity.get(event.values.get("activity", ""))
        options = programme.options if activity is None else programme.allowed(activity)
        return options.get(dimension, frozenset())
    return slugs.get(name)


def _a(kind: str) -> str:
    return f"{'an' if kind[0] in 'aeio' else 'a'} {kind}"


def _fits(name: str, pattern: str) -> bool:
    head, star, tail = pattern.partition("*")
    if not star:
        return name == pattern
    return name.startswith(head) and name.endswith(tail) and len(name) > len(head) + len(tail)
