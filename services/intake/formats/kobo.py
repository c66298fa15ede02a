"""Submissions of KoboToolbox and ODK forms, turned into events by the programme's mapping. Pure.

The submission's own uuid is the record, so a webhook that is repeated counts once; an edit has a new uuid and names the
old one, which it supersedes. Only mapped fields go on: names, phones and everything else of the form stay behind.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC
from typing import Any

from services.intake.formats.form_rows import Row, RowsError, answers, find, rows_of
from services.intake.formats.json_text import UnreadableError, load, name_of
from services.intake.refusals import Code, Refusal, Rejected
from shared.events import MAX_COUNT, Kind
from shared.programme_senders import Form, FormEvent
from shared.scalars import ScalarError, any_instant, whole_number

INSTANCE = ("_uuid", "meta/instanceID", "instanceID")
FORMER = ("meta/deprecatedID", "deprecatedID")
TIMES = ("_submission_time", "end", "start")
_TRUTH = {"yes": True, "true": True, "1": True, "ok": True, "no": False, "false": False, "0": False}
_COUNTS = ("participants.", "money.", "breakdown.")


@dataclass(frozen=True, slots=True)
class Draft:
    """An event, and which question of the form each of its fields was read from, like `sessions[2]/date`."""

    event: dict[str, Any]
    questions: Mapping[str, str]

    def told(self, rejected: Rejected) -> Rejected:
        """The same refusals in the words of whoever made the form."""
        refusals = tuple(
            Refusal(item.code, f"{item.field} ({question})" if question else item.field, item.expected, item.got)
            for item in rejected.refusals
            for question in (self._question(item.field),)
        )
        return replace(rejected, refusals=refusals)

    def _question(self, name: str) -> str | None:
        while name and name not in self.questions:
            name = name.rpartition(".")[0]
        return self.questions.get(name)


@dataclass(slots=True)
class _Submission:
    """What all events of one submission share, and what has been made of it so far, under one numbering."""

    programme: str
    form: Form
    whole: Row
    record: str
    former: str | None
    time: str
    drafts: dict[int, Draft] = field(default_factory=dict)
    rejected: list[Rejected] = field(default_factory=list)

    def refuse(self, refusal: Refusal) -> None:
        self.rejected.append(Rejected(self._next_index(), None, (refusal,)))

    def add(self, kind: str, unit: object, place: str, data: dict[str, Any], questions: Mapping[str, str]) -> None:
        event = {
            "specversion": "1.0",
            "id": f"{self.record}:{place}",
            "source": f"/kobo/{self.form.form}",
            "type": Kind(kind).type,
            "subject": "" if unit is None else str(unit),
            "time": self.time,
            "data": {"programme": self.programme, **data},
        }
        self.drafts[self._next_index()] = Draft(event, questions)

    def _next_index(self) -> int:
        return len(self.drafts) + len(self.rejected)


class _AnswerError(Exception):
    def __init__(self, refusal: Refusal) -> None:
        self.refusal = refusal


def read_submission(body: bytes) -> Mapping[str, Any]:
    """Read a submission as the webhook posts it. Raises UnreadableError."""
    document = load(body)
    if not isinstance(document, dict):
        raise UnreadableError(f"expected one submission, an object, got {name_of(document)}")
    return document


def draft_events(programme: str, form: Form, fields: Mapping[str, Any]) -> tuple[dict[int, Draft], list[Rejected]]:
    """The events of a submission, in the order of the mapping, by their place in the answer; and what is wrong."""
    record, time = _first(fields, INSTANCE), _time(fields)
    if record is None:
        return {}, [Rejected(0, None, (Refusal(Code.FIELD_MISSING, "_uuid", "the submission's uuid"),))]
    if time is None:
        missing = Refusal(Code.FIELD_MISSING, "_submission_time", "the time of the submission")
        return {}, [Rejected(0, None, (missing,))]
    former = _first(fields, FORMER)
    made = _Submission(programme, form, Row(fields), _bare(record), _bare(former) if former else None, time)
    for number, event in enumerate(form.events):
        try:
            rows = [made.whole] if event.repeat is None else rows_of(made.whole, event.repeat, event.at_most)
        except RowsError as error:
            made.refuse(Refusal(Code.VALUE_INVALID, error.name, error.expected, error.got))
            continue
        for place, row in enumerate(rows):
            _draft(made, event, row, number, place)
        _withdraw(made, event, len(rows), number)
    return made.drafts, made.rejected


def _draft(made: _Submission, event: FormEvent, row: Row, number: int, place: int) -> None:
    try:
        data, questions = _data(event, row)
    except _AnswerError as error:
        made.refuse(error.refusal)
        return
    if event.kind == "activity.recorded":
        data["record"] = _record(made.record, number, place)
        if made.former is not None:
            data["supersedes"] = _record(made.former, number, place)
    made.add(event.kind, row.answer(event.unit), f"{number}:{place}", data, questions)


def _withdraw(made: _Submission, event: FormEvent, rows: int, number: int) -> None:
    """An edit with fewer rows than before: how many there were is not told, so every further one is withdrawn."""
    if event.repeat is None or made.former is None or event.kind != "activity.recorded":
        return
    unit = next((found for found in answers(made.whole, event.unit) if found != ""), None)
    if unit is None:  # it stood in rows that are all gone
        made.refuse(Refusal(Code.FIELD_MISSING, event.unit, "the unit whose rows the edit withdraws"))
        return
    for place in range(rows, event.at_most):
        data = {"record": _record(made.former, number, place), "revision": 0}
        made.add(Kind.RECORD_RETRACTED, unit, f"{number}:{place}", data, {"subject": event.unit})


def _data(event: FormEvent, row: Row) -> tuple[dict[str, Any], dict[str, str]]:
    """The event's data, with numbers and dates read from the texts that forms send, and its fields' questions."""
    data: dict[str, Any] = {}
    questions = {"subject": row.name_of(event.unit)}
    for place, text in event.values.items():
        _set(data, place, text)
    for place, name in event.fields.items():
        question = questions[f"data.{place}"] = row.name_of(name)
        value = row.answer(name)
        if value is None or value == "":
            continue  # a question that was not asked or answered
        options = event.options.get(name)
        if options is not None:
            value = options.get(str(value), value)
        _set(data, place, _read(place, question, value))
    if "money" in data:
        lines = list(data["money"])
        questions |= {f"data.money.{at}": questions.get(f"data.money.{line}", "") for at, line in enumerate(lines)}
        data["money"] = [{"line": line, "amount": data["money"][line]} for line in lines]
    if "breakdown" in data:
        for at, by in enumerate(data["breakdown"]):
            for part in ("numerator", "denominator"):
                questions[f"data.breakdown.{at}.{part}"] = questions.get(f"data.breakdown.{by}.{part}", "")
        data["breakdown"] = [{"by": _options(by), **cell} for by, cell in data["breakdown"].items()]
    return data, questions


def _read(place: str, question: str, value: Any) -> Any:
    """The value of a place: whole numbers, yes or no, days, else texts."""
    text = str(value).strip()
    if place.startswith(_COUNTS) or place in {"female", "numerator", "denominator"}:
        try:
            return whole_number(text, most=MAX_COUNT, zeros=True)
        except ScalarError as error:
            raise _no(place, question, error.expected, value) from None
    if place.startswith("components."):
        if text.lower() not in _TRUTH:
            raise _no(place, question, "yes or no", value)
        return _TRUTH[text.lower()]
    return text[:10] if place == "held_on" else text


def _no(place: str, question: str, expected: str, got: object) -> _AnswerError:
    return _AnswerError(Refusal(Code.VALUE_INVALID, f"data.{place} ({question})", expected, got))


def _record(instance: str, number: int, row: int) -> str:
    """The uuid itself for a form's first and only event; its place behind it for the others."""
    return instance if number == row == 0 else f"{instance}/{number}.{row}"


def _first(fields: Mapping[str, Any], names: Sequence[str]) -> str | None:
    for name in names:
        value = find(fields, name)
        if isinstance(value, str) and value.strip():
            return value.strip()
    return None


def _time(fields: Mapping[str, Any]) -> str | None:
    """When the form was submitted; Kobo writes it in UTC without saying so."""
    text = _first(fields, TIMES)
    try:
        return any_instant(text, assumed=UTC).isoformat() if text else None
    except ScalarError:
        return text  # the door says what is wrong with it


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
