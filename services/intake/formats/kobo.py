"""Submissions of KoboToolbox and ODK forms, turned into events by the programme's mapping. Pure.

The record is the uuid of the submission's first version (`rootUuid`), so edits are one record in whatever order they
come and whichever of them never does. Software that doesn't tell it has the submission's own uuid for a record, and an
edit supersedes the one that it names. Events are always those of the submission's own uuid: a webhook that is repeated
counts once. Only mapped fields go on: names, phones and everything else of the form stay behind.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC
from typing import Any
from zoneinfo import ZoneInfo

from services.intake.formats.foreign_forms import foreign_body
from services.intake.formats.form_rows import Row, RowsError, answers, find, is_told, rows_of
from services.intake.formats.json_text import UnreadableError, load
from services.intake.pacing.limits import EVENT_BYTES
from services.intake.refusals.event_words import FormWords
from services.intake.refusals.request_words import BodyWords
from shared.domain.events import MAX_COUNT, Kind
from shared.domain.refusals import Code, Refusal, Rejected
from shared.domain.rule_words import wanted
from shared.programme.senders import Form, FormEvent
from shared.values.composed_text import composed
from shared.values.scalars import ScalarError, any_instant, name_of, whole_number
from shared.wording.words import Words

INSTANCE = ("_uuid", "meta/instanceID", "instanceID")
ROOT = ("meta/rootUuid", "rootUuid")
FORMER = ("meta/deprecatedID", "deprecatedID")
TIMES = ("_submission_time", "end", "start")
_TRUTH = {"yes": True, "true": True, "1": True, "ok": True, "no": False, "false": False, "0": False}
_DAY = 10  # characters of a day without a time
_COUNTS = ("participants.", "money.", "breakdown.")
_OPTIONAL = (*_COUNTS, "by.")


@dataclass(frozen=True, slots=True)
class Draft:
    """An event, and which question of the form each of its fields was read from, like `sessions[2]/date`.

    `deprecates` is the id of the event that it replaces: that of the same place in the version that was edited.
    """

    event: dict[str, Any]
    questions: Mapping[str, str]
    deprecates: str | None = None

    def told(self, rejected: Rejected) -> Rejected:
        """Say the same refusals in the words of whoever made the form."""
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
class Drafted:
    """What a submission tells: its events by their place in the answer, what is wrong, and what is worth a word."""

    drafts: dict[int, Draft] = field(default_factory=dict)
    rejected: list[Rejected] = field(default_factory=list)
    notes: list[Words] = field(default_factory=list)


@dataclass(slots=True)
class _Submission:
    """What all events of one submission share, and what has been made of it so far, under one numbering.

    `instance` is its own uuid and `former` that of the version which it edits; `root` that of the first, if it is told.
    """

    programme: str
    form: Form
    zone: ZoneInfo
    whole: Row
    instance: str
    root: str | None
    former: str | None
    time: str
    made: Drafted = field(default_factory=Drafted)

    def record(self, number: int, row: int) -> str:
        """Name a record: by the uuid itself for a form's first event, with its place behind it for the others."""
        return _record(self.root or self.instance, number, row)

    def superseded(self, number: int, row: int) -> str | None:
        """Name the record that an edit ends, where the two have no record in common."""
        return None if self.root or self.former is None else _record(self.former, number, row)

    def refuse(self, refusal: Refusal) -> None:
        self.made.rejected.append(Rejected(self._next_index(), None, (refusal,)))

    def add(self, kind: str, unit: object, place: str, data: dict[str, Any], questions: Mapping[str, str]) -> None:
        event = {
            "specversion": "1.0",
            "id": f"{self.instance}:{place}",
            "source": f"/kobo/{self.form.form}",
            "type": Kind(kind).type,
            "subject": "" if unit is None else _text(unit),
            "time": self.time,
            "data": {"programme": self.programme, **data},
        }
        deprecates = f"{self.former}:{place}" if self.root and self.former else None
        self.made.drafts[self._next_index()] = Draft(event, questions, deprecates)

    def _next_index(self) -> int:
        return len(self.made.drafts) + len(self.made.rejected)


class _AnswerError(Exception):
    def __init__(self, refusal: Refusal) -> None:
        self.refusal = refusal


def read_submission(body: bytes, form: Form) -> Mapping[str, Any] | Refusal:
    """Read a submission as the webhook posts it, or say what else it is. Raises UnreadableError."""
    document = load(body)
    is_list = isinstance(document, list) and document and isinstance(document[0], dict)
    refusal = foreign_body(document, form) if is_list or isinstance(document, dict) else None
    if refusal is not None:
        return refusal
    if not isinstance(document, dict):
        raise UnreadableError(BodyWords.SUBMISSION.value.filled(got=name_of(document)))
    return document


def draft_events(programme: str, form: Form, fields: Mapping[str, Any], zone: ZoneInfo) -> Drafted:
    """Make the events of a submission, in the order of the mapping. An instant is the day that it is in the zone."""
    instance, time = _first(fields, INSTANCE), _time(fields)
    if instance is None:
        missing = Refusal(Code.FIELD_MISSING, "_uuid", FormWords.UUID.value)
        return Drafted(rejected=[Rejected(0, None, (missing,))])
    if time is None:
        missing = Refusal(Code.FIELD_MISSING, "_submission_time", FormWords.TIME.value)
        return Drafted(rejected=[Rejected(0, None, (missing,))])
    root, former = _first(fields, ROOT), _first(fields, FORMER)
    whole = Row(fields)
    submission = _Submission(
        programme, form, zone, whole, _bare(instance), root and _bare(root), former and _bare(former), time
    )
    for number, event in enumerate(form.events):
        try:
            rows = [whole] if event.repeat is None else rows_of(whole, event.repeat, event.at_most)
        except RowsError as error:
            submission.refuse(Refusal(Code.VALUE_INVALID, error.name, error.expected, error.got))
            continue
        for place, row in enumerate(rows):
            _draft(submission, event, row, number, place)
        _tell_unanswered(submission, event, rows)
        _withdraw(submission, event, len(rows), number)
    _tell_absent(submission)
    return submission.made


def _tell_absent(submission: _Submission) -> None:
    """Name the mapped repeat groups that the submission says nothing of; refuse it if they leave nothing at all."""
    mapped = dict.fromkeys(event.repeat for event in submission.form.events if event.repeat is not None)
    absent = [group for group in mapped if not is_told(submission.whole, group)]
    made = submission.made
    if absent and not made.drafts and not made.rejected:
        for group in absent:
            submission.refuse(Refusal(Code.FIELD_MISSING, group, FormWords.ROWS.value))
        return
    made.notes += [FormWords.NO_GROUP.value.filled(group=group) for group in absent]


def _tell_unanswered(submission: _Submission, event: FormEvent, rows: Sequence[Row]) -> None:
    """Name the mapped questions of which no row has an answer, be it an empty one, where the event does without.

    KoboToolbox leaves out what was not answered; but so does a form in which the question has another name by now.
    """
    for place, name in event.fields.items():
        optional = place.startswith(_OPTIONAL) or place in {"domain", "female"}
        if rows and optional and all(row.answer(name) is None for row in rows):
            note = FormWords.NO_QUESTION.value.filled(question=name)
            if note not in submission.made.notes:
                submission.made.notes.append(note)


def _draft(made: _Submission, event: FormEvent, row: Row, number: int, place: int) -> None:
    try:
        data, questions = _data(event, row, made.zone)
    except _AnswerError as error:
        made.refuse(error.refusal)
        return
    if event.kind == "activity.recorded":
        data["record"] = made.record(number, place)
        superseded = made.superseded(number, place)
        if superseded is not None:
            data["supersedes"] = superseded
    made.add(event.kind, row.answer(event.unit), f"{number}:{place}", data, questions)


def _withdraw(made: _Submission, event: FormEvent, rows: int, number: int) -> None:
    """Withdraw every row beyond an edit's own: how many there were before is not told."""
    if event.repeat is None or made.former is None or event.kind != "activity.recorded":
        return
    unit = next((found for found in answers(made.whole, event.unit) if _text(found)), None)
    if unit is None:  # it stood in rows that are all gone
        made.refuse(Refusal(Code.FIELD_MISSING, event.unit, FormWords.UNIT_OF_EDIT.value))
        return
    for place in range(rows, event.at_most):
        data = {"record": made.superseded(number, place) or made.record(number, place), "revision": 0}
        made.add(Kind.RECORD_RETRACTED, unit, f"{number}:{place}", data, {"subject": event.unit})


def _data(event: FormEvent, row: Row, zone: ZoneInfo) -> tuple[dict[str, Any], dict[str, str]]:
    """Make the event's data, numbers and dates read from the texts that forms send, and its fields' questions."""
    data: dict[str, Any] = {}
    questions = {"subject": row.name_of(event.unit)}
    for place, text in event.values.items():
        _set(data, place, text)
    for place, name in event.fields.items():
        question = questions[f"data.{place}"] = row.name_of(name)
        value = row.answer(name)
        if value is None or _text(value) == "":
            continue  # a question that was not asked or answered
        options = event.options.get(name)
        if options is not None:
            value = options.get(_text(value), value)
        _set(data, place, _read(place, question, value, zone))
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


def _read(place: str, question: str, value: Any, zone: ZoneInfo) -> Any:
    """Read the value of a place: whole numbers, yes or no, days, else texts."""
    text = _text(value)
    if place.startswith(_COUNTS) or place in {"female", "numerator", "denominator"}:
        try:
            return whole_number(text, most=MAX_COUNT, zeros=True)
        except ScalarError as error:
            raise _no(place, question, wanted(error.expected), value) from None
    if place.startswith("components."):
        if text.lower() not in _TRUTH:
            raise _no(place, question, FormWords.TRUTH.value, value)
        return _TRUTH[text.lower()]
    return _day(text, zone) if place == "held_on" else text


def _day(text: str, zone: ZoneInfo) -> str:
    """Return the day itself, or the one that an instant is in the zone; without an offset it is already told there."""
    if len(text) <= _DAY:
        return text
    try:
        return any_instant(text, assumed=zone).astimezone(zone).date().isoformat()
    except (ScalarError, OverflowError):
        return text  # the door says what is wrong with it


def _text(value: Any) -> str:
    """Return a value as a text without space around it, its letters composed: codes are compared so.

    Of an answer without end, no more is read than an event may have: it is refused for that.
    """
    return composed(str(value).strip()[:EVENT_BYTES]).strip()


def _no(place: str, question: str, expected: Words, got: object) -> _AnswerError:
    return _AnswerError(Refusal(Code.VALUE_INVALID, f"data.{place} ({question})", expected, got))


def _record(instance: str, number: int, row: int) -> str:
    return instance if number == row == 0 else f"{instance}/{number}.{row}"


def _first(fields: Mapping[str, Any], names: Sequence[str]) -> str | None:
    for name in names:
        value = find(fields, name)
        if isinstance(value, str) and value.strip():
            return value.strip()
    return None


def _time(fields: Mapping[str, Any]) -> str | None:
    """Read when the form was submitted; Kobo writes it in UTC without saying so."""
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
