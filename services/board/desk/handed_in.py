"""What the desk shows of reports that were handed in by the form: the way to each receipt and correction. Pure."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from operator import attrgetter
from zoneinfo import ZoneInfo

from services.board.desk.words import DeskWords, StateWords
from services.board.pages.written import instant
from services.board.report.draft_store import HandedIn
from services.board.report.words import FormWords, late_by
from services.board.upstream.obligations import DeskShown, ObligationShown
from shared.domain.periods import parse_period
from shared.programme.model import Programme
from shared.wording.words import Words

SHOWN_FOR = timedelta(days=90)  # after it was handed in; one whose period isn't over stays longer
MOST = 20  # of them on a desk
_NO_DELAY = timedelta(0)


@dataclass(frozen=True, slots=True)
class DoneReport:
    """A report that is owed no more, with the last submission of it that intake has taken."""

    row: ObligationShown
    last: HandedIn

    @property
    def at(self) -> datetime:
        """When it was handed in, corrections included."""
        return self.last.at


def done_reports(
    desk: DeskShown, found: Mapping[str, HandedIn], programmes: Mapping[str, Programme]
) -> list[DoneReport]:
    """List the reports of a desk of which these submissions were `found`, the newest first: those that were handed in
    within SHOWN_FOR or whose period isn't over. What is still owed is on the desk as that.
    """
    done = [DoneReport(row, found[row.id]) for row in desk.settled if row.id in found]
    kept = (
        it for it in done if desk.clock - it.at <= SHOWN_FOR or _runs(it.row, programmes[it.row.programme], desk.clock)
    )
    return sorted(kept, key=attrgetter("at"), reverse=True)


def _runs(row: ObligationShown, programme: Programme, now: datetime) -> bool:
    """Tell whether the period of a report isn't over yet, where its programme runs."""
    return programme.today(now) <= programme.calendar.end(parse_period(row.period))


def handed_in_section(
    done: list[DoneReport], programmes: Mapping[str, Programme], named: Collection[str], language: str
) -> dict[str, object]:
    """Show the first MOST of them, and count the rest. `named` are those that the message named by whose link the
    officer came.
    """
    shown = [_item(it, ZoneInfo(programmes[it.row.programme].timezone), named, language) for it in done[:MOST]]
    more = DeskWords.MORE_HANDED_IN.value.filled(count=len(done) - MOST).in_language(language)
    return {"handed_in": shown, "more_handed_in": more if len(done) > MOST else None}


def _item(done: DoneReport, zone: ZoneInfo, named: Collection[str], language: str) -> dict[str, object]:
    row = done.row
    return {
        "id": row.id,
        "title": f"{row.report_name}, {row.period_name}",
        "programme": row.programme_short,
        "state": row.state,
        "state_words": StateWords[row.state.upper()].value.in_language(language),
        "named": row.id in named,
        "at": DeskWords.HANDED_IN_AT.value.filled(at=instant(done.at, zone)).in_language(language),
        "timing": _timing(done, zone).in_language(language),
        "receipt": f"/report/{row.id}/receipt/{done.last.number}",
    }


def _timing(done: DoneReport, zone: ZoneInfo) -> Words:
    """Say as the receipt does whether it was on time: by when the obligation was met, which a correction leaves."""
    delay = (done.row.met_at or done.at) - done.row.due_at
    if delay <= _NO_DELAY:
        return FormWords.ON_TIME.value
    return FormWords.LATE.value.filled(by=late_by(delay), due=instant(done.row.due_at, zone))
