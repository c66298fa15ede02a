"""Decide whether an obligation is met from submissions and withdrawals, in any order and repeated. Pure."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime

from services.notifications.obligations.event_fields import period, revision, text
from shared.domain.canonical import CanonicalEvent
from shared.domain.duties import owes
from shared.domain.events import Kind
from shared.domain.events import ObligationState as State
from shared.domain.periods import parse_period
from shared.domain.standing import Version, stands_since
from shared.programme.families import Families, Member
from shared.registry.snapshot import Registry

SUBMISSION = ""  # the item of a report that is handed in as a whole
_BY_SUBMISSION = frozenset({SUBMISSION})


@dataclass(frozen=True, slots=True)
class Answer:
    """One submission of a report or, as `item`, of an indicator (or its withdrawal), as the door took it."""

    programme: str
    report: str
    period: str
    unit: str
    agency: str
    sender: str
    source: str
    id: str
    revision: int | None
    time: datetime
    accepted_at: datetime
    submitted: bool
    item: str = SUBMISSION
    deprecates: str | None = None

    @property
    def key(self) -> tuple[str, str, str, str, str]:
        """What it answers: programme, period, report, unit, agency."""
        return self.programme, self.period, self.report, self.unit, self.agency

    @property
    def version(self) -> Version:
        """What decides which of an item's answers counts."""
        return Version(
            self.revision, self.time, self.source, self.id, self.sender, self.accepted_at, self.submitted,
            self.deprecates,
        )  # fmt: skip


def answers_of(event: CanonicalEvent, families: Families) -> list[Answer]:
    """What a canonical event answers: a report's submission, or an indicator's figure where a report is complete with
    its figures, in every programme that shares the figure. None if it is about something else.

    Raises KeyError, TypeError or ValueError where its data is of another form than its kind's.
    """
    kind, data = event.kind, event.data
    if kind == Kind.REPORT_SUBMITTED or (kind == Kind.RECORD_RETRACTED and data.get("report") is not None):
        submitted = kind == Kind.REPORT_SUBMITTED
        return [_answer(event, data["programme"], data["report"], SUBMISSION, submitted=submitted)]
    if kind == Kind.INDICATOR_REPORTED or (kind == Kind.RECORD_RETRACTED and data.get("indicator") is not None):
        submitted = kind == Kind.INDICATOR_REPORTED
        return [
            _answer(event, member.programme.slug, report, member.indicator.slug, submitted=submitted)
            for member in families.members(data["programme"], data["indicator"])
            for report in _completed_by_figures(member)
            if member.programme.accepts(parse_period(period(data["period"])))
        ]
    return []


def _answer(event: CanonicalEvent, programme: str, report: str, item: str, *, submitted: bool) -> Answer:
    data = event.data
    return Answer(
        programme=text(programme),
        report=text(report),
        period=period(data["period"]),
        unit=text(event.unit),
        agency=text(data["agency"]),
        sender=text(event.sender),
        source=text(event.source),
        id=text(event.id),
        revision=revision(data["revision"]) if "revision" in data else None,
        time=event.time,
        accepted_at=event.accepted_at,
        submitted=submitted,
        item=text(item),
        deprecates=text(data["deprecates"]) if "deprecates" in data else None,
    )


def _completed_by_figures(member: Member) -> list[str]:
    """Find the reports that are complete when all indicators have arrived, and that this one counts for."""
    return [
        report.slug
        for report in member.programme.reports
        if report.completed_by == "indicators" and report.period is member.indicator.period
    ]


def required_items(registry: Registry) -> Callable[[tuple[str, str, str, str, str]], frozenset[str]]:
    """Make a function that says what has to arrive for an obligation to be met, as its programme says.

    A submission; or every indicator that the agency owes, where it owes any and the report is complete with those.
    """

    def required(key: tuple[str, str, str, str, str]) -> frozenset[str]:
        slug, period, report, uid, agency = key
        programme, unit = registry.programmes.get(slug), registry.units.get(uid)
        stated = programme.report.get(report) if programme else None
        if programme is None or unit is None or stated is None or stated.completed_by == "submission":
            return _BY_SUBMISSION
        return frozenset(owes(programme, unit, agency, parse_period(period)).indicators) or _BY_SUBMISSION

    return required


def answered_at(answers: Iterable[Answer], required: frozenset[str]) -> datetime | None:
    """Find when all that is required was first handed in and still stands; None if any of it doesn't."""
    by_item: dict[str, list[Version]] = {}
    for answer in answers:
        by_item.setdefault(answer.item, []).append(answer.version)
    times = [stands_since(by_item.get(item, ())) for item in required]
    return max((at for at in times if at is not None), default=None) if None not in times else None


@dataclass(frozen=True, slots=True)
class Verdict:
    """What an obligation becomes."""

    state: State
    met_at: datetime | None
    reopened: bool
    reopened_at: datetime | None = None


def withdrawn_at(answers: Iterable[Answer], met_at: datetime | None, now: datetime) -> datetime:
    """Say when what was met at `met_at` was taken back: at the last withdrawal since then, however late it is heard of;
    `now` where no withdrawal was the reason.
    """
    since = [it.accepted_at for it in answers if not it.submitted and (met_at is None or it.accepted_at >= met_at)]
    return min(max(since, default=now), now)


def judge(state: State, due_at: datetime, met_at: datetime | None, now: datetime) -> Verdict:
    """Judge what becomes of an obligation in `state` whose report stands since `met_at` (None: it doesn't).

    On time means accepted at the door by the deadline. A waived one stays waived, and one that had expired before it
    was opened becomes met only if it was on time.
    """
    if state is State.WAIVED:
        return Verdict(state, met_at, reopened=False)
    on_time = met_at is not None and met_at <= due_at
    if state is State.EXPIRED:
        return Verdict(State.MET if on_time else state, met_at, reopened=False)
    if met_at is not None:
        return Verdict(State.MET if on_time else State.LATE_MET, met_at, reopened=False)
    if state in {State.MET, State.LATE_MET}:
        return Verdict(State.OPEN if now <= due_at else State.OVERDUE, None, reopened=True)
    return Verdict(state, None, reopened=False)
