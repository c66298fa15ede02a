"""DHIS2's import summary counts each row once: updated, deleted or ignored."""

from services.intake.formats.dhis2 import Conflict
from services.intake.http.dhis2_responses import ImportResult, summary
from shared.domain.refusals import Code, Refusal


def test_what_withdraws_a_record_counts_as_deleted_unless_it_is_refused() -> None:
    conflicts = [
        Conflict(Refusal(Code.UNIT_UNKNOWN, "orgUnit"), (3, 4), {}),
        Conflict(Refusal(Code.PERIOD_INVALID, "period"), (0,), {}),
    ]
    found = summary(ImportResult(6, conflicts, {1, 2, 3}), "en", complete=None, dry_run=False)
    assert found["importCount"] == {"imported": 0, "updated": 1, "ignored": 3, "deleted": 2}
    assert (found["status"], found["rejectedIndexes"]) == ("WARNING", [0, 3, 4])


def test_a_row_with_several_conflicts_is_refused_once_for_the_first() -> None:
    conflicts = [
        Conflict(Refusal(Code.VALUE_INVALID, "value"), (1,), {}),
        Conflict(Refusal(Code.RECORD_INCOMPLETE, "dataValues"), (0, 1), {}),
    ]
    assert ImportResult(2, conflicts).refused == {0: Code.RECORD_INCOMPLETE, 1: Code.VALUE_INVALID}
