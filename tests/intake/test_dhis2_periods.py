"""DHIS2's periods and ours, either way."""

import pytest

from services.intake.formats.dhis2 import ConflictError, period_of, written_for_dhis2
from shared.domain.periods import PeriodKind
from shared.wording.words import Words


@pytest.mark.parametrize(
    ("theirs", "ours"),
    [
        ("202603", "2026-03"),
        ("2026Q1", "2026-Q1"),
        ("2026S2", "2026-H2"),
        ("2026", "2026"),
        ("2026W7", "2026-W07"),
        ("2026W53", "2026-W53"),
    ],
)
def test_a_period_is_read_and_written_as_dhis2_has_it(theirs: str, ours: str) -> None:
    kinds = {6: PeriodKind.MONTH, 4: PeriodKind.YEAR}
    kind = kinds.get(len(theirs)) if theirs.isdecimal() else None
    kind = kind or {"Q": PeriodKind.QUARTER, "S": PeriodKind.HALF_YEAR, "W": PeriodKind.WEEK}[theirs[4]]
    assert period_of(theirs, kind) == ours
    assert written_for_dhis2(Words(f"sau {ours}", f"after {ours}, {ours}")) == (
        f"sau {theirs}",
        f"after {theirs}, {theirs}",
    )


@pytest.mark.parametrize("text", ["2026W0", "2026W54", "2025W53", "2026WedW7", "2026-W07", "202607", "2026W007"])
def test_what_is_no_week_that_begins_on_a_monday_is_refused(text: str) -> None:
    with pytest.raises(ConflictError) as found:
        period_of(text, PeriodKind.WEEK)
    assert found.value.refusal.expected == ("một tuần như 2023W7", "a week like 2023W7")


def test_a_day_is_no_month() -> None:
    assert written_for_dhis2("2026-03-31") == ("2026-03-31", "2026-03-31")
