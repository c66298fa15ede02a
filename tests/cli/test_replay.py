"""Where a replay begins, and what of the journal it takes."""

from datetime import UTC, datetime, timedelta

import pytest

from cli.replay.beginning import MARGIN, GapError, Place, beginning, going_on
from cli.replay.replaying import AGGREGATION, NOTIFICATIONS, concerns, is_posted
from shared.journal.reading import Entry
from shared.registry.restore_store import Lost

BACKUP = datetime(2026, 11, 21, 19, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)
LOST = Lost(BACKUP, BACKUP + 10 * HOUR)
LONG_AGO = Place(0, BACKUP - 100 * HOUR)
AUDITED = Place(700, BACKUP - 2 * HOUR)


def entry(key: str = "activity.recorded.3", exchange: str = "kip.events", *, is_marker: bool = False) -> Entry:
    return Entry(12, None, exchange, key, BACKUP, 0, is_marker, b"[]")


@pytest.mark.parametrize(
    ("asked", "oldest", "audited", "begins"),
    [
        (None, LONG_AGO, AUDITED, 700),  # exact, although what was audited last is older than the margin
        (None, LONG_AGO, None, BACKUP - MARGIN),
        (None, Place(690, AUDITED.sent_at), AUDITED, 700),
        (None, Place(700, BACKUP + HOUR), Place(700, BACKUP + HOUR), 700),  # nothing was journaled around the backup
        (BACKUP - 3 * HOUR, LONG_AGO, AUDITED, BACKUP - 3 * HOUR),  # further back
        (BACKUP + HOUR, LONG_AGO, AUDITED, 700),  # it leaves nothing out that is there
        (BACKUP + HOUR, LONG_AGO, None, BACKUP - MARGIN),
        (BACKUP + 9000 * HOUR, Place(900, BACKUP + HOUR), None, BACKUP + HOUR),  # a year that was mistyped
        (BACKUP + HOUR, Place(900, BACKUP + HOUR), None, BACKUP + HOUR),  # what is gone is given up
    ],
)
def test_a_replay_begins_where_the_backup_s_audits_say_else_by_time(
    asked: datetime | None, oldest: Place, audited: Place | None, begins: int | datetime
) -> None:
    assert beginning(asked, LOST, oldest, audited) == begins


@pytest.mark.parametrize(
    ("asked", "oldest", "audited"),
    [
        (None, None, None),
        (None, Place(900, BACKUP + HOUR), None),
        (None, Place(900, BACKUP - MARGIN + timedelta(seconds=1)), None),
        (BACKUP - 3 * HOUR, Place(690, BACKUP - 2.5 * HOUR), AUDITED),
    ],
)
def test_a_journal_that_begins_too_late_is_refused(
    asked: datetime | None, oldest: Place | None, audited: Place | None
) -> None:
    with pytest.raises(GapError, match="posted again by its senders"):
        beginning(asked, LOST, oldest, audited)


def test_a_replay_that_was_broken_off_goes_on_only_where_nothing_is_gone_since() -> None:
    assert going_on(811, LOST, Place(812, BACKUP + HOUR)) == 812
    assert going_on(811, LOST, LONG_AGO) == 812
    for oldest in (Place(813, BACKUP + HOUR), None):
        with pytest.raises(GapError, match="posted again by its senders"):
            going_on(811, LOST, oldest)


def test_only_what_somebody_posted_is_replayed() -> None:
    assert is_posted(entry())
    assert is_posted(entry(exchange="kip.aggregation"))
    assert is_posted(entry(exchange="kip.notifications"))
    assert not is_posted(entry(exchange="elsewhere"))
    assert not is_posted(entry("obligation.met.3"))
    assert not is_posted(entry("audit.marker.3", "kip.aggregation", is_marker=True))
    assert not is_posted(entry("audit.marker.3", "kip.aggregation"))
    assert not is_posted(entry("audit.marker", "kip.notifications", is_marker=True))
    assert not is_posted(entry("probe"))


def test_aggregation_gets_everything_and_notifications_what_answers() -> None:
    for key in ("activity.recorded.0", "report.submitted.1", "indicator.reported.2", "record.retracted.3"):
        assert concerns(AGGREGATION, key)
    concerned = [key for key in ("activity.recorded.0", "report.submitted.1", "problem.raised.2") if
                 concerns(NOTIFICATIONS, key)]  # fmt: skip
    assert concerned == ["report.submitted.1", "problem.raised.2"]
