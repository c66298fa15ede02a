"""What senders post: CloudEvents 1.0, one model a kind. `shared.domain.canonical` is the form that travels.

Unknown fields are refused everywhere: no name, date of birth or identifier of a person can enter by accident.
"""

import re
from datetime import UTC, date, datetime
from enum import StrEnum
from typing import Annotated, Literal, cast

from pydantic import (
    AwareDatetime,
    BaseModel,
    ConfigDict,
    Field,
    StringConstraints,
    ValidatorFunctionWrapHandler,
    WrapValidator,
)
from pydantic.config import JsonDict, JsonValue
from pydantic_core import PydanticCustomError

from shared.values.scalars import ScalarError, day

TYPE_PREFIX = "vn.kip."
TYPE_SUFFIX = ".v1"
OBLIGATION_PREFIX = "obligation."
NOTIFICATIONS_SENDER = "kip-notifications"
BOARD_SENDER = "kip-board"  # of all that officers report on the board
NOTIFICATIONS_SOURCE = "/kip/notifications"
AGGREGATION_SENDER, AGGREGATION_SOURCE = "kip-aggregation", "/kip/aggregation"
FIGURE_CHANGED = "figure.changed"  # the kind of what aggregation emits: no partition wants it
DECIDE = "obligation.decide"  # no event: a key whose kinds name it may extend and waive
MAX_COUNT = 10**12  # bounds every sum well inside a 64-bit column


class Kind(StrEnum):
    """What an event tells. The routing key starts with it."""

    ACTIVITY_RECORDED = "activity.recorded"
    INDICATOR_REPORTED = "indicator.reported"
    REPORT_SUBMITTED = "report.submitted"
    PROBLEM_RAISED = "problem.raised"
    PROBLEM_RESOLVED = "problem.resolved"
    RECORD_RETRACTED = "record.retracted"

    @property
    def type(self) -> str:
        """The CloudEvents type: `vn.kip.activity.recorded.v1`."""
        return f"{TYPE_PREFIX}{self}{TYPE_SUFFIX}"


KIND_OF_TYPE = {kind.type: kind for kind in Kind}

Slug = Annotated[str, StringConstraints(min_length=1, max_length=64)]
# Printable and without a NUL: PostgreSQL stores no NUL, and identifiers are shown to people.
Identifier = Annotated[str, StringConstraints(min_length=1, max_length=200, pattern=r"^[^\x00-\x1f\x7f]+$")]
Count = Annotated[int, Field(ge=0, le=MAX_COUNT, strict=True)]
Revision = Annotated[int, Field(ge=0, le=2**31 - 2, strict=True)]
# With a space for the T as well, which the RFC leaves to whoever uses it; pydantic alone reads much more.
_RFC_3339 = re.compile(r"\d{4}-\d{2}-\d{2}[Tt ]\d{2}:\d{2}:\d{2}(?:\.\d{1,20})?(?:[Zz]|[+-]\d{2}:\d{2})", re.ASCII)


def _day(value: object, _: ValidatorFunctionWrapHandler) -> date:
    """A day, or the text of one: pydantic alone would take a number for seconds since 1970."""
    try:
        return day(value.isoformat() if type(value) is date else value)
    except ScalarError as error:
        raise PydanticCustomError("day", "expected {expected}", {"expected": error.expected.en}) from None


Day = Annotated[date, WrapValidator(_day)]


class Data(BaseModel):
    """What every kind's data has in common."""

    model_config = ConfigDict(extra="forbid")

    programme: Slug


class Money(BaseModel):
    """An amount of one funding line, in whole dong."""

    model_config = ConfigDict(extra="forbid")

    line: Slug
    amount: Count


class ActivityRecorded(Data):
    """An activity was held. `record` is the sender's own id of it; a higher revision corrects it."""

    activity: Slug
    record: Identifier
    revision: Revision = 0
    held_on: Day
    agency: Slug
    domain: Slug | None = None
    by: dict[Slug, Slug] = Field(default_factory=dict, max_length=8)
    participants: dict[Slug, Count] = Field(default_factory=dict, max_length=32)
    female: Count | None = None
    money: list[Money] = Field(default_factory=list, max_length=16)
    supersedes: Identifier | None = None


class Split(BaseModel):
    """The part of an indicator that belongs to one combination of options."""

    model_config = ConfigDict(extra="forbid")

    by: dict[Slug, Slug] = Field(min_length=1, max_length=8)
    numerator: Count
    denominator: Count


class IndicatorReported(Data):
    """An indicator's figure for a unit, agency and period: the whole record, never a part."""

    indicator: Slug
    agency: Slug
    period: Slug
    revision: Revision = 0
    numerator: Count | None = None
    denominator: Count | None = None
    breakdown: list[Split] = Field(default_factory=list, max_length=256)
    components: dict[Slug, bool] | None = Field(default=None, max_length=32)


class ReportSubmitted(Data):
    """A unit's agency has handed in its report of a period."""

    report: Slug
    agency: Slug
    period: Slug
    revision: Revision = 0


class Problem(Data):
    """An obstacle met on the way, told in a few words without personal data; `domain` is the field that it lies in."""

    record: Identifier
    agency: Slug
    domain: Slug | None = None
    text: Annotated[
        str,
        StringConstraints(min_length=1, max_length=2000, pattern=r"^[^\x00]+$"),
    ]


def _with_revision(schema: JsonDict) -> None:
    """Every sender says a revision of what it withdraws, as the door asks; only what is posted in an officer's name has
    none.
    """
    properties, required = cast("JsonDict", schema["properties"]), cast("list[JsonValue]", schema["required"])
    (number, _) = cast("list[JsonDict]", cast("JsonDict", properties["revision"])["anyOf"])
    properties["revision"] = {**number, "title": "Revision"}
    required.append("revision")


class RecordRetracted(Data):
    """Withdraws a record (`record`), an indicator's figure or a report (`agency` and `period` with it)."""

    model_config = ConfigDict(extra="forbid", json_schema_extra=_with_revision)

    revision: Revision | None = None
    record: Identifier | None = None
    indicator: Slug | None = None
    report: Slug | None = None
    agency: Slug | None = None
    period: Slug | None = None


DATA_FIELDS = frozenset(
    name
    for model in (ActivityRecorded, IndicatorReported, ReportSubmitted, Problem, RecordRetracted)
    for name in model.model_fields
)


class ObligationState(StrEnum):
    """How an obligation stands. Each state has an event type of its own, `vn.kip.obligation.<change>.v1`."""

    OPEN = "open"
    MET = "met"
    OVERDUE = "overdue"
    LATE_MET = "late_met"
    WAIVED = "waived"
    EXPIRED = "expired"


class ObligationChange(StrEnum):
    """What happened to an obligation: the middle of the event's type, and `obligation.<change>` its kind."""

    OPENED = "opened"
    MET = "met"
    OVERDUE = "overdue"
    LATE_MET = "late_met"
    WAIVED = "waived"
    EXPIRED = "expired"
    REOPENED = "reopened"

    @property
    def kind(self) -> str:
        """`obligation.opened`: the routing key starts with it."""
        return f"{OBLIGATION_PREFIX}{self}"

    @property
    def type(self) -> str:
        """The CloudEvents type: `vn.kip.obligation.opened.v1`."""
        return f"{TYPE_PREFIX}{self.kind}{TYPE_SUFFIX}"


def _instant(value: object, read: ValidatorFunctionWrapHandler) -> datetime:
    """A time of any year (the door and the consumers have bounds of their own), in UTC where it has one."""
    if not isinstance(value, datetime) and (type(value) is not str or _RFC_3339.fullmatch(value) is None):
        raise PydanticCustomError("instant", "expected a time with its offset like 2023-03-17T08:00:00+07:00")
    moment: datetime = read(value)
    try:
        return moment.astimezone(UTC)
    except OverflowError:  # at the ends of the calendar
        return moment


# Written in UTC, so that texts sort as times do and the same instant always has the same fingerprint.
Instant = Annotated[AwareDatetime, WrapValidator(_instant)]


class ObligationChanged(Data):
    """How an obligation stands now. Ours to emit (notifications to aggregation), refused at the door.

    It travels as a canonical event: `subject` is the unit's uid, `sender` NOTIFICATIONS_SENDER, `source`
    NOTIFICATIONS_SOURCE, `province` and `acceptedat` as intake stamps them, and an `id` that is the same each time that
    the same change is published. There is one record for each (programme, report, unit, agency, period), which holds
    the event with the highest (revision, time, source, id): `revision` grows with every change of the obligation.
    """

    report: Slug
    agency: Slug
    period: Slug
    state: ObligationState
    cycle: Annotated[int, Field(ge=1, strict=True)]
    due_at: Instant
    met_at: Instant | None = None
    revision: Revision


class HandedIn(BaseModel):
    """The event by which an officer has handed a figure in: those of one handing in have sender, source and time in
    common.
    """

    model_config = ConfigDict(extra="forbid")

    sender: Identifier
    source: Identifier
    id: Identifier
    time: Instant


class FigureSaid(BaseModel):
    """A figure without its breakdown, as an event said it."""

    model_config = ConfigDict(extra="ignore")

    numerator: Count | None = None
    denominator: Count | None = None
    components: dict[Slug, bool] | None = None


class FigureChanged(Data):
    """What counts by now of a figure that an officer has handed in (`before`): another's, or none where it was
    withdrawn. Ours to emit (aggregation to notifications), refused at the door.

    Programme and indicator are those of the handing in; `record` names the figure, whichever programmes share it. The
    highest `batch` of a record holds, whatever the order of arrival.
    """

    record: Annotated[str, StringConstraints(min_length=1, max_length=1000)]
    batch: Annotated[int, Field(ge=0, le=2**62, strict=True)]
    indicator: Slug
    agency: Slug
    period: Slug
    handed_in: HandedIn
    before: FigureSaid
    now: FigureSaid | None
    by: Identifier
    at: Instant

    @property
    def differs(self) -> bool:
        """Whether another figure counts than the one that was handed in."""
        return self.before != self.now


def _with_extensions(schema: JsonDict) -> None:
    """The door takes extension attributes and keeps none. A field of `data` is none: it stands at the wrong place."""
    schema["propertyNames"] = {"pattern": "^[a-z0-9]+$", "not": {"enum": [*sorted(DATA_FIELDS)]}}
    schema["additionalProperties"] = {"type": ["string", "number", "boolean", "null"]}


class CloudEvent(BaseModel):
    """CloudEvents 1.0 attributes as a sender posts them, without extensions. Those for tracing are not kept."""

    model_config = ConfigDict(extra="forbid", json_schema_extra=_with_extensions)

    specversion: Literal["1.0"]
    id: Identifier
    source: Identifier
    subject: Identifier
    time: Instant
    datacontenttype: Literal["application/json"] | None = Field(default=None, exclude=True)
    dataschema: Identifier | None = Field(default=None, exclude=True)
    traceparent: Identifier | None = Field(default=None, exclude=True)
    tracestate: Identifier | None = Field(default=None, exclude=True)


class ActivityRecordedEvent(CloudEvent):
    type: Literal["vn.kip.activity.recorded.v1"]
    data: ActivityRecorded


class IndicatorReportedEvent(CloudEvent):
    type: Literal["vn.kip.indicator.reported.v1"]
    data: IndicatorReported


class ReportSubmittedEvent(CloudEvent):
    type: Literal["vn.kip.report.submitted.v1"]
    data: ReportSubmitted


class ProblemRaisedEvent(CloudEvent):
    type: Literal["vn.kip.problem.raised.v1"]
    data: Problem


class ProblemResolvedEvent(CloudEvent):
    type: Literal["vn.kip.problem.resolved.v1"]
    data: Problem


class RecordRetractedEvent(CloudEvent):
    type: Literal["vn.kip.record.retracted.v1"]
    data: RecordRetracted


PostedEvent = Annotated[
    ActivityRecordedEvent
    | IndicatorReportedEvent
    | ReportSubmittedEvent
    | ProblemRaisedEvent
    | ProblemResolvedEvent
    | RecordRetractedEvent,
    Field(discriminator="type"),
]
