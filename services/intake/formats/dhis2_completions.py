"""DHIS2's registrations of complete data sets, turned into submitted reports and their withdrawals. Pure."""

from collections.abc import Sequence
from datetime import UTC, datetime

from services.intake.formats.dhis2 import Conflict, ConflictError, Draft, agency_of, event_of, period_of, truth, unit_of
from services.intake.formats.dhis2_programmes import data_set_of
from services.intake.formats.dhis2_rows import Completion
from services.intake.refusals.event_words import Dhis2Words
from services.intake.refusals.instants import AHEAD, out_of_range
from shared.domain.events import Kind
from shared.domain.refusals import Code, Refusal
from shared.registry.snapshot import Registry
from shared.values.scalars import FIRST_INSTANT, ScalarError, any_instant

_DAY = 10  # characters of a day without a time


def draft_completions(
    rows: Sequence[Completion], registry: Registry, now: datetime
) -> tuple[list[Draft], list[Conflict]]:
    """Make a submitted report of each completed data set, and its withdrawal of one that is no longer complete.

    Where one request says both of a report, nothing tells which of the two holds: both are refused.
    """
    drafts: dict[tuple[str, ...], dict[str, list[Draft]]] = {}  # by report and kind of event
    conflicts: list[Conflict] = []
    for row in rows:
        objects = {"dataSet": row.data_set, "orgUnit": row.unit, "period": row.period}
        try:
            _check_date(row, registry, now)
            completed = truth("completed", row.completed, absent=True)
            programme, report = data_set_of(row.data_set, row.period, registry)
            period = period_of(row.period, report.period)
            unit = unit_of(row.unit, period, programme, registry)
            agency = agency_of(row.attribute, programme, report.reporters, unit, period)
        except ConflictError as error:
            conflicts.append(Conflict(error.refusal, (row.index,), objects))
            continue
        data = {"programme": programme.slug, "report": report.slug, "agency": agency, "period": period, "revision": 0}
        kind = Kind.REPORT_SUBMITTED if completed else Kind.RECORD_RETRACTED
        record = programme.slug, report.slug, agency, period, unit.uid
        draft = Draft(event_of(kind, unit.uid, data, now), (row.index,), objects)
        drafts.setdefault(record, {}).setdefault(kind, []).append(draft)
    agreed: list[Draft] = []
    for said in drafts.values():
        several = [draft for kind in said.values() for draft in kind]
        if len(said) == 1:
            agreed += several
        else:
            refusal = Refusal(Code.RECORD_REPEATED, "completed", Dhis2Words.ONE_OF_BOTH.value)
            conflicts += [Conflict(refusal, draft.indexes, draft.objects) for draft in several]
    return agreed, conflicts


def _check_date(row: Completion, registry: Registry, now: datetime) -> None:
    """Refuse what is no day or time. It is not kept: what counts is when the completion was accepted."""
    if not row.date:
        return
    try:
        date = any_instant(row.date if len(row.date) > _DAY else f"{row.date}T00:00:00", assumed=UTC)
    except ScalarError:
        raise ConflictError(
            Code.VALUE_INVALID,
            row.dated_by,
            Dhis2Words.DAY.value,
            row.date,
        ) from None
    if not FIRST_INSTANT <= date <= now + AHEAD:
        found = out_of_range(row.dated_by, registry, now, date)
        raise ConflictError(found.code, found.field, found.expected, row.date)
