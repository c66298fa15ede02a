"""A problem is taken while somebody hears of it: from the programme's first day until it is at rest."""

from datetime import UTC, datetime, timedelta

import pytest
from pydantic import TypeAdapter

from services.intake.admission.poster import Poster
from services.intake.admission.rules import Admitted, judge
from shared.domain.events import PostedEvent
from shared.domain.refusals import Code
from shared.registry.snapshot import Key
from tests.aggregation.registry import REGISTRY
from tests.system import event

KEY = Key("app", "VN", None, False, None)
FIRST, LAST = datetime(2017, 12, 15, 1, tzinfo=UTC), datetime(2026, 3, 16, 1, tzinfo=UTC)


def judged(kind, now):
    data = {"record": "p", "agency": "ubnd-tinh", "text": "thiếu phòng học"}
    made = event(f"problem.{kind}", "20", data, time=now.isoformat())
    return judge(TypeAdapter(PostedEvent).validate_python(made), REGISTRY, Poster(KEY), now)


@pytest.mark.parametrize("now", [FIRST, LAST])
def test_it_is_taken_on_the_first_and_on_the_last_day(now):
    assert isinstance(judged("raised", now), Admitted)


@pytest.mark.parametrize("now", [FIRST - timedelta(days=1), LAST + timedelta(days=1)])
def test_outside_a_new_one_is_refused_with_the_days_and_an_old_one_may_be_resolved(now):
    (refusal,) = judged("raised", now)
    assert (refusal.code, refusal.field) == (Code.PROGRAMME_AT_REST, "data.programme")
    assert "2017-12-15 to 2026-03-16" in str(refusal.to_json("en")["message"])
    assert isinstance(judged("resolved", now), Admitted)
