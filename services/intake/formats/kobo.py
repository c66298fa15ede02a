"""Submissions of KoboToolbox and ODK forms, turned into events by the programme's mapping. Pure.

The submission's own uuid is the record, so a webhook that is repeated counts once; an edit has a new uuid and names the
old one, which it supersedes. Only mapped fields go on: names, phones and everything else of the form stay behind.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from services.intake.formats.json_text import UnreadableError, load, name_of
from services.intake.refusals import Code, Refusal
from shared.events import Kind
from shared.programme_senders import Form, FormEvent

INSTANCE = ("_uuid", "meta/instanceID", "instanceID")
FORMER = ("meta/deprecatedID", "deprecatedID")
TIMES = ("_submission_time", "end", "start")
_TRUTH = {"yes": True, "true": True, "1": True, "ok": True, "no": False, "false": False, "0": False}
_COUNTS = ("participants.", "money.", "breakdown.")


@dataclass(frozen=True, slots=True)
class FormFault:
    """Something wrong with one event's part of a submission; `index` is the event's place."""

    index: int
    refusal: Refusal


@dataclass(frozen=True, slots=True)
class _Submission:
    """What all events of one submission share."""

    programme: str
    form: Form
    fields: Mapping[str, Any]
    record: str
    former: str | None
    time: str


def read_submission(body: bytes) -> Mapping[str, Any]:
    """Read a submission as the webhook posts it. Raises UnreadableError."""
    document = load(body)
    if not isinstance(document, dict):
        raise UnreadableError(f"expected one submission, an object, got {name_of(document)}")
    return document


def draft_events(
    programme: str, form: Form, fields: Mapping[str, Any]
) -> tuple[list[tuple[int, dict[str, Any]]], list[FormFault]]:
    """The events of a submission, in the order of the mapping, each with its place; or what is wrong."""
    record, time = _first(fields, INSTANCE), _time(fields)
    if record is None:
        return [], [FormFault(0, Refusal(Code.FIELD_MISSING, "_uuid", "the submission's uuid"))]
    if time is None:
        return [], [FormFault(0, Refusal(Code.FIELD_MISSING, "_submission_time", "the time of the submission"))]
    former = _first(fields, FORMER)
    submission = _Submission(programme, form, fields, _bare(record), _bare(former) if former else None, time)
    made: list[tuple[int, dict[str, Any]]] = []
    faults: list[FormFault] = []
    for number, event in enumerate(form.events):
        rows, fault = _rows(event, fields)
        if fault is not None:
            faults.append(FormFault(len(made) + len(faults), fault))
            continue
        for row_number, row in enumerate(rows):
            data, wrong = _data(event, row)
            index = len(made) + len(faults)
            if wrong is None:
                made.append((index, _event(submission, event, (number, row_number), row, data)))
            else:
                faults.append(FormFault(index, wrong))
        made += [
            (len(made) + len(faults) + later, withdrawal)
            for later, withdrawal in enumerate(_withdrawals(submission, event, number, len(rows)))
        ]
    return made, faults


def form_field(form: Form, place: str) -> str | None:
    """The form's field behind a place in an event, like `data.held_on`."""
    name = place.removeprefix("data.")
    for event in form.events:
        if place == "subject":
            return event.unit
        if name in event.fields:
            return event.fields[name]
    return None


def _rows(event: FormEvent, fields: Mapping[str, Any]) -> tuple[Sequence[Mapping[str, Any]], Refusal | None]:
    """The submission itself, or the rows of its repeat group, each with the outer fields within reach."""
    if event.repeat is None:
        return [fields], None
    rows = _find(fields, event.repeat)
    if rows is None:
        return [], None
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        return [], Refusal(Code.VALUE_INVALID, event.repeat, "the rows of a repeat group", name_of(rows))
    if len(rows) > event.at_most:
        return [], Refusal(Code.VALUE_INVALID, event.repeat, f"{event.at_most} rows at most", len(rows))
    return [{**fields, **row} for row in rows], None


def _data(event: FormEvent, row: Mapping[str, Any]) -> tuple[dict[str, Any], Refusal | None]:
    """The event's data, with numbers and dates read from the texts that forms send."""
    data: dict[str, Any] = {}
    for place, text in event.values.items():
        _set(data, place, text)
    for place, name in event.fields.items():
        value = _find(row, name)
        if value is None or value == "":
            continue  # a question that was not asked or answered
        options = event.options.get(name)
        if options is not None:
            value = options.get(str(value), value)
        read = _read(place, value)
        if isinstance(read, Refusal):
            return {}, Refusal(read.code, f"{read.field} ({name})", read.expected, read.got)
        _set(data, place, read)
    if "money" in data:
        data["money"] = [{"line": line, "amount": amount} for line, amount in data["money"].items()]
    if "breakdown" in data:
        data["breakdown"] = [{"by": _options(by), **cell} for by, cell in data["breakdown"].items()]
    return data, None


def _read(place: str, value: Any) -> Any:
    """The value of a place: whole numbers, yes or no, days, else texts."""
    text = str(value).strip()
    if place.startswith(_COUNTS) or place in {"female", "numerator", "denominator"}:
        if not re.fullmatch(r"\d{1,13}(\.0+)?", text, re.ASCII):
            return Refusal(Code.VALUE_INVALID, f"data.{place}", "a whole number, 0 or more", value)
        return int(text.partition(".")[0])
    if place.startswith("components."):
        if text.lower() not in _TRUTH:
            return Refusal(Code.VALUE_INVALID, f"data.{place}", "yes or no", value)
        return _TRUTH[text.lower()]
    return text[:10] if place == "held_on" else text


def _event(
    submission: _Submission, event: FormEvent, place: tuple[int, int], row: Mapping[str, Any], data: dict[str, Any]
) -> dict[str, Any]:
    number, row_number = place
    data = {"programme": submission.programme, **data}
    if event.kind == "activity.recorded":
        data["record"] = _record(submission.record, number, row_number)
        if submission.former is not None:
            data["supersedes"] = _record(submission.former, number, row_number)
    unit = _find(row, event.unit)
    return _wrap(submission, event.kind, str(unit) if unit is not None else "", f"{number}:{row_number}", data)


def _withdrawals(submission: _Submission, event: FormEvent, number: int, rows: int) -> list[dict[str, Any]]:
    """An edit with fewer rows than before: how many there were is not told, so every further one is withdrawn."""
    if event.repeat is None or submission.former is None or event.kind != "activity.recorded":
        return []
    unit = _find(submission.fields, event.unit)
    return [
        _wrap(
            submission,
            Kind.RECORD_RETRACTED,
            str(unit) if unit is not None else "",
            f"{number}:{row}",
            {"programme": submission.programme, "record": _record(submission.former, number, row), "revision": 0},
        )
        for row in range(rows, event.at_most)
    ]


def _wrap(submission: _Submission, kind: str, unit: str, place: str, data: dict[str, Any]) -> dict[str, Any]:
    return {
        "specversion": "1.0",
        "id": f"{submission.record}:{place}",
        "source": f"/kobo/{submission.form.form}",
        "type": Kind(kind).type,
        "subject": unit,
        "time": submission.time,
        "data": data,
    }


def _record(instance: str, number: int, row: int) -> str:
    """The uuid itself for a form's first and only event; its place behind it for the others."""
    return instance if number == row == 0 else f"{instance}/{number}.{row}"


def _find(fields: Mapping[str, Any], name: str) -> Any:
    """A field by its full name: webhooks write groups as `group/field`, some software as nested objects."""
    if name in fields:
        return fields[name]
    here: Any = fields
    for step in name.split("/"):
        if not isinstance(here, Mapping) or step not in here:
            return None
        here = here[step]
    return here


def _first(fields: Mapping[str, Any], names: Sequence[str]) -> str | None:
    for name in names:
        value = _find(fields, name)
        if isinstance(value, str) and value.strip():
            return value.strip()
    return None


def _time(fields: Mapping[str, Any]) -> str | None:
    """When the form was submitted; Kobo writes it in UTC without saying so."""
    text = _first(fields, TIMES)
    try:
        time = datetime.fromisoformat(text) if text else None
    except ValueError:
        return text
    if time is None:
        return None
    return (time if time.tzinfo is not None else time.replace(tzinfo=UTC)).isoformat()


def _bare(instance: str) -> str:
    return instance.removeprefix("uuid:")


def _set(data: dict[str, Any], place: str, value: Any) -> None:
    """Put a value at `participants.parent`, `breakdown.domain:health.numerator` and the like."""
    *steps, last = place.split(".")
    for step in steps:
        data = data.setdefault(step, {})
    data[last] = value


def _options(text: str) -> dict[str, str]:
    return {dimension: option for dimension, _, option in (pair.partition(":") for pair in text.split(","))}
