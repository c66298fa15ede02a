"""Every deadline of the shipped programme against what was worked out by hand."""

from datetime import date, datetime
from zoneinfo import ZoneInfo

import pytest

from services.notifications.alerts.escalation import first_look
from services.notifications.obligations.deadlines import Deadline, deadline_of
from services.notifications.obligations.opening import begun_periods, obligations_of
from shared.domain.periods import Period, parse_period
from shared.programme.reports import AfterCutoff, DayOfMonth, DueRule
from tests.notifications import worked_deadlines as worked
from tests.shipped import shipped_programme

ZONE = ZoneInfo("Asia/Ho_Chi_Minh")
PROGRAMME = shipped_programme()
DEPARTMENTS = worked.LASTING_DEPARTMENTS | worked.MERGED_DEPARTMENTS

Who = tuple[str, str, str, str]  # report, period, level, agency


def day_of(text: str, period: Period) -> date:
    """`Thu 16/03` or `16/03`: in the year of the period's last month, or in the next where that month is past."""
    *weekday, numbers = text.split()
    day, month = map(int, numbers.split("/"))
    found = date(period.year + (month < PROGRAMME.calendar.end(period).month), month, day)
    assert not weekday or f"{found:%a}" == weekday[0], f"{text} of {period}: the hand slipped, it is a {found:%A}"
    return found


def by_hand() -> dict[Who, tuple[date, date | None]]:
    """Deadline and the day that it was moved from, of every report of 2023 to 2027 and everyone that may owe it."""
    found: dict[Who, tuple[str, str | None]] = {}
    for period, (_, commune, _, district, _) in worked.QUARTERLY.items():
        found["progress-quarterly", period, "commune", "ubnd-xa"] = commune, None
        found["progress-quarterly", period, "district", "ubnd-huyen"] = district, None
    for period, (_, department, _) in worked.HALF_YEARLY.items():
        for agency in DEPARTMENTS:
            found["progress-half-yearly", period, "province", agency] = department, None
    for period, (_, commune, district, department, province, _) in worked.YEARLY.items():
        for agency in ("ubnd-xa", worked.COMMUNE_ORGANISATIONS):
            found["progress-yearly", period, "commune", agency] = commune, None
        found["progress-yearly", period, "district", "ubnd-huyen"] = district, None
        for agency in DEPARTMENTS | worked.MASS_ORGANISATIONS:
            found["progress-yearly", period, "province", agency] = department, None
        moved = "25/12" if province == "Mon 27/12" else None
        found["progress-yearly", period, "province", "ubnd-tinh"] = province, moved
    return {who: _days(*texts, parse_period(who[1])) for who, texts in found.items()}


def _days(due: str, moved: str | None, period: Period) -> tuple[date, date | None]:
    return day_of(due, period), day_of(moved, period) if moved else None


def is_owed(who: Who) -> bool:
    """Whether anybody owes it, by the dates at the head of the tables."""
    _, period, level, agency = who
    if agency in worked.MERGED_DEPARTMENTS:
        return period in worked.BEFORE_THE_DEPARTMENTS_MERGED
    if agency == worked.COMMUNE_ORGANISATIONS:
        return period in worked.SINCE_COMMUNE_ORGANISATIONS_ARE_ASKED
    if level == "district":
        return period in worked.BEFORE_THE_DISTRICTS_ENDED
    return period in worked.OWED


def days_of(deadline: Deadline) -> tuple[date, date | None]:
    """The deadline's day, which ends at 17:00, and the day that it was moved from."""
    local = deadline.due_at.astimezone(ZONE)
    assert (local.hour, local.minute, local.second) == (17, 0, 0)
    return local.date(), deadline.shifted_because.original if deadline.shifted_because else None


HAND = by_hand()


def test_what_opens_is_what_the_tables_say_for_every_report_and_level_from_2023_to_2025(registry):
    opened: dict[Who, tuple[date, date | None]] = {}
    now = datetime(2026, 1, 1, tzinfo=ZONE)
    for period in begun_periods(PROGRAMME, now.date()):
        for item in obligations_of(PROGRAMME, registry.units, period, now, first_look, expired_before=now):
            opened[item.report, item.period, item.level, item.agency] = days_of(item.deadline)
    assert opened == {who: days for who, days in HAND.items() if is_owed(who) and who[1] in worked.OWED}


@pytest.mark.parametrize("report", PROGRAMME.reports, ids=lambda report: report.slug)
def test_the_same_rules_give_the_tables_days_to_the_end_of_2027(report):
    years = {str(year) for year in range(2023, 2028)}
    wanted = {who: days for who, days in HAND.items() if who[0] == report.slug}
    assert {who[1][:4] for who in wanted} == years
    found = {
        (report.slug, period, reporter.level, reporter.agency): days_of(
            deadline_of(PROGRAMME, reporter.deadline, parse_period(period))
        )
        for period in {who[1] for who in wanted}
        for reporter in report.reporters
    }
    assert found == wanted


@pytest.mark.parametrize("table", [worked.QUARTERLY, worked.HALF_YEARLY, worked.YEARLY])
def test_each_row_of_the_tables_starts_at_the_cut_off_of_its_period(table):
    for text, row in table.items():
        period = parse_period(text)
        assert day_of(row[0], period) == PROGRAMME.calendar.end(period)


@pytest.mark.parametrize(
    ("period", "rule", "due", "moved", "why"),
    worked.AROUND_HOLIDAYS,
    ids=[f"{period} {rule}" for period, rule, *_ in worked.AROUND_HOLIDAYS],
)
def test_around_tet_other_holidays_and_swaps(period, rule, due, moved, why):
    known = parse_period(period)
    found = days_of(deadline_of(PROGRAMME, rule_of(rule), known))
    assert found == _days(due, moved, known), why


def rule_of(text: int | str) -> DueRule:
    """`2`: working days after the cut-off; `25th`: a day of the month."""
    if isinstance(text, int):
        return AfterCutoff(after_cutoff_working_days=text)
    return DayOfMonth(day_of_month=int(text.removesuffix("th")))
