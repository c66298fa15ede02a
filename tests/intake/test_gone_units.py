"""After a merger: what may still be said by a unit that has gone."""

import asyncio
from typing import Any

import pytest

from services.intake.admission.poster import Poster
from services.intake.admission.rules import Admitted, judge
from services.intake.formats.cloudevents import parse_items
from shared.registry.snapshot import Key
from shared.values.scalars import instant
from tests.aggregation.registry import REGISTRY
from tests.system import counselling, event

KEY = Key("app", "VN", None, False, None)
BEFORE, AFTER = instant("2025-06-20T08:00:00+07:00"), instant("2025-07-20T08:00:00+07:00")
TIME = "2025-06-20T08:00:00+07:00"


def judged(made: dict[str, Any], now: Any) -> list[str] | str:
    """The unit that it is of, or the codes of what is wrong."""
    ((candidate,), _) = asyncio.run(parse_items([(0, made)]))
    verdict = judge(candidate.event, REGISTRY, Poster(KEY), now)
    return verdict.unit.uid if isinstance(verdict, Admitted) else [refusal.code for refusal in verdict]


def withdrawal(subject: str) -> dict[str, Any]:
    return event("record.retracted", subject, {"record": "r1", "revision": 1}, time=TIME)


@pytest.mark.parametrize("subject", ["06427@1", "06427@2"])
def test_an_activity_is_withdrawn_by_the_unit_that_held_it_or_by_its_successor(subject: str) -> None:
    assert judged(withdrawal(subject), AFTER) == subject


def test_a_code_that_no_unit_has_any_more_is_that_of_the_last_one_that_had_it() -> None:
    gone = next(
        unit for unit in REGISTRY.units
        if unit.level == "commune" and unit.valid_to and len(REGISTRY.units.by_code(unit.code)) == 1
    )  # fmt: skip
    assert judged(withdrawal(gone.code), AFTER) == gone.uid


def test_the_same_withdrawal_is_taken_before_and_after() -> None:
    assert judged(withdrawal("06427@1"), BEFORE) == judged(withdrawal("06427@1"), AFTER)


def test_a_unit_that_is_still_to_come_withdraws_nothing() -> None:
    assert judged(withdrawal("06427@2"), BEFORE) == ["unit_not_in_force"]


def test_nothing_new_is_held_by_a_unit_that_has_gone() -> None:
    made = counselling("06427@1", time=TIME)
    made["data"]["held_on"] = "2025-07-02"
    assert judged(made, AFTER) == ["unit_not_in_force"]
