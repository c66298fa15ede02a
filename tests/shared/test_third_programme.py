"""The third programme's periods, deadlines and words, worked out by hand and by Python's own calendar."""

from datetime import date, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from shutil import copytree
from zoneinfo import ZoneInfo

import pytest

from services.notifications.messages.phrases import shift_text
from services.notifications.obligations.deadlines import deadline_of
from services.notifications.obligations.opening import begun_periods
from shared.domain.duties import owes
from shared.domain.periods import PeriodKind, parse_period
from shared.programme.folder import check_programme
from shared.programme.side_by_side import clashes
from tests.shipped import shipped_programme, shipped_units
from tests.system import ROOT
from tests.third_programme import COLD_CHAIN, FOLDER

UNITS = shipped_units()
ZONE = ZoneInfo("Pacific/Auckland")
SHIPPED = [shipped_programme(path.name) for path in sorted((ROOT / "programmes").iterdir())]


def test_it_stands_beside_the_shipped_programmes() -> None:
    assert check_programme(FOLDER, frozenset(unit.level for unit in UNITS)) == []
    assert [clash for shipped in SHIPPED for clash in clashes(COLD_CHAIN, shipped)] == []


def test_it_owes_every_week_whose_sunday_lies_in_its_years() -> None:
    sundays = (date(2026, 1, 4) + timedelta(weeks=count) for count in range(120))
    weeks = [
        f"{sunday.isocalendar().year}-W{sunday.isocalendar().week:02d}" for sunday in sundays if sunday.year < 2028
    ]
    assert [str(week) for week in COLD_CHAIN.owed_periods(PeriodKind.WEEK)] == weeks
    assert (weeks[0], weeks[52], weeks[-1]) == ("2026-W01", "2026-W53", "2027-W51")
    months = [str(month) for month in COLD_CHAIN.owed_periods(PeriodKind.MONTH)]
    assert (months[0], months[-1], len(months)) == ("2026-01", "2027-12", 24)
    assert not COLD_CHAIN.accepts(parse_period("2027-W52"))  # its Sunday is 2 January 2028
    begun = [str(period) for period in begun_periods(COLD_CHAIN, date(2026, 1, 1))]
    assert begun == ["2026-01", "2026-W01"]


@pytest.mark.parametrize(
    ("report", "period", "due", "shift"),
    [
        ("weekly-log", "2026-W13", "2026-03-31T17:00+13:00", None),  # Sunday 29/03: Mon, Tue; still summer time
        # Sunday 05/04, when summer time ends; Easter Monday off: Tue, Wed.
        ("weekly-log", "2026-W14", "2026-04-08T17:00+12:00", "moved from 7 Apr 2026: 6 Apr 2026 is Easter Monday"),
        ("weekly-log", "2026-W39", "2026-09-29T17:00+13:00", None),  # Sunday 27/09, when it begins
        ("weekly-log", "2026-W53", "2027-01-06T17:00+13:00", "moved from 5 Jan 2027: 4 Jan 2027 is "),  # and 1, 2/1 off
        ("monthly-status", "2026-03", "2026-04-10T17:00+12:00", None),
        ("monthly-status", "2026-09", "2026-10-12T17:00+13:00", "moved from 10 Oct 2026, a Saturday"),
        ("monthly-status", "2026-12", "2027-01-11T17:00+13:00", "moved from 10 Jan 2027, a Sunday"),
    ],
)
def test_its_deadlines_are_days_of_its_own_place(report: str, period: str, due: str, shift: str | None) -> None:
    (rule,) = {reporter.deadline for reporter in COLD_CHAIN.report[report].reporters}
    found = deadline_of(COLD_CHAIN, rule, parse_period(period))
    assert found.due_at == datetime.fromisoformat(due)
    assert found.due_at.utcoffset() == datetime.fromisoformat(due).utcoffset()
    said = shift_text(found.shifted_because, "en")
    assert said == shift or (said is not None and shift is not None and said.startswith(shift))


def test_its_weekly_deadlines_follow_each_other_at_one_hour_through_both_changes_of_the_clock() -> None:
    (reporter,) = COLD_CHAIN.report["weekly-log"].reporters
    dues = [
        deadline_of(COLD_CHAIN, reporter.deadline, week).due_at for week in COLD_CHAIN.owed_periods(PeriodKind.WEEK)
    ]
    assert {due.astimezone(ZONE).hour for due in dues} == {17}
    assert all(former < latter for former, latter in pairwise(dues))


def test_only_what_its_file_says_is_owed() -> None:
    week, month = parse_period("2026-W13"), parse_period("2026-03")
    province, nation, commune = UNITS["20@2"], UNITS["VN"], UNITS["06475@2"]
    assert [slug for slug, _ in owes(COLD_CHAIN, province, "health-office", week).reports] == ["weekly-log"]
    assert owes(COLD_CHAIN, province, "health-office", week).indicators == ("in-range", "doses-discarded")
    assert owes(COLD_CHAIN, province, "health-office", month).indicators == ("ready",)
    assert owes(COLD_CHAIN, nation, "national-store", week).indicators == ("in-range",)
    assert not owes(COLD_CHAIN, commune, "health-office", week)
    assert not owes(COLD_CHAIN, province, "health-office", parse_period("2026-Q1"))


def test_whoever_reads_another_language_gets_the_programme_s_first() -> None:
    assert COLD_CHAIN.language_for("vi") == "en"
    assert COLD_CHAIN.text(COLD_CHAIN.label, "vi") == "Vaccine cold chain monitoring"
    assert COLD_CHAIN.messages.keys() == {"en"}


@pytest.mark.parametrize(
    ("sound", "broken", "path", "reason"),
    [
        ("by.cause: cause", "domain: cause", "forms[0].events[0].fields.domain", "no dimension is named 'domain'"),
        ("role: implements", "role: implements\n    domains: [x]", "agencies[1].domains[0]", "no dimension 'domain'"),
        ("label: {en: Equipment}", "label: {vi: Thiết bị}", "dimensions[0].label.en", "missing"),
        ("label: {en: Equipment}", "label: {vi: Thiết bị}", "dimensions[0].label.vi", "languages are en"),
        ("day_of_month: 10, month: following", "day_of_month: 10", "reports[1].reporters[0].deadline.day_of_month",
         "`month: following` means that day of the month after"),
        ("first_period: 2026-W01", "first_period: 2025-W52", "first_period", "lies before the first stage"),
        ("first_period: 2026-W01", "first_period: 2028-W01", "first_period", "comes after the last_period"),
        ("template: parent-digest", "template: stern", "escalation[2].template", "there is no messages/en/stern.j2"),
    ],
)  # fmt: skip
def test_what_does_not_go_together_is_named_at_its_place(
    tmp_path: Path, sound: str, broken: str, path: str, reason: str
) -> None:
    folder = copytree(FOLDER, tmp_path / "cold-chain")
    text = (folder / "programme.yaml").read_text(encoding="utf-8")
    assert sound in text
    (folder / "programme.yaml").write_text(text.replace(sound, broken, 1), encoding="utf-8")
    problems = check_programme(folder)
    assert any(item.path == path and reason in item.reason for item in problems), "\n".join(map(str, problems))
