"""DHIS2's ids know of no programme: whose they are follows from what is mapped and from the period, or is refused."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from services.intake.formats.dhis2_completions import draft_completions
from services.intake.formats.dhis2_records import draft_records
from services.intake.formats.dhis2_rows import Completion, DataValue
from shared.domain.refusals import Code
from shared.programme.folder import load_programme
from shared.registry.snapshot import Registry
from tests.aggregation.registry import REGISTRY
from tests.second_programme import LATER, OWN_NAMES, second_programme

NOW = datetime(2026, 11, 29, 1, tzinfo=UTC)
UNIT = {"2023": "06475@1", "2026": "06475@2"}


@pytest.fixture(scope="module")
def both(tmp_path_factory: pytest.TempPathFactory) -> Registry:
    other = load_programme(second_programme(tmp_path_factory.mktemp("later") / "other", LATER | OWN_NAMES))
    return replace(REGISTRY, programmes={**REGISTRY.programmes, "other": other})


def completion(data_set: str, period: str) -> Completion:
    return Completion(0, data_set, period, UNIT[period[:4]], "", None, "", "")


def values(slug: str, period: str) -> list[DataValue]:
    return [
        DataValue(index, f"{slug}.{part}", period, UNIT[period[:4]], "", "", number, None)
        for index, (part, number) in enumerate([("numerator", 4), ("denominator", 5)])
    ]


@pytest.mark.parametrize(("period", "programme"), [("2023Q1", "ecd-1437"), ("2026Q1", "other")])
def test_a_code_is_the_programme_s_that_takes_the_period(both: Registry, period: str, programme: str) -> None:
    drafts, conflicts = draft_completions([completion("progress-quarterly", period)], both, NOW)
    assert not conflicts
    assert [draft.event["data"]["programme"] for draft in drafts] == [programme]
    drafts, conflicts = draft_records(values("child-service-access", period), both, NOW)
    assert not conflicts
    assert [draft.event["data"]["programme"] for draft in drafts] == [programme]


@pytest.mark.parametrize("data_set", ["ecd-1437:progress-quarterly", "ECDquarter1"])
def test_a_code_may_name_its_programme_or_be_mapped(both: Registry, data_set: str) -> None:
    drafts, _ = draft_completions([completion(data_set, "2026Q1")], both, NOW)
    assert [draft.event["data"]["programme"] for draft in drafts] == ["ecd-1437"]  # and is refused as closed later


def test_a_code_of_two_programmes_at_one_time_is_refused_with_both(both: Registry) -> None:
    third = both.programmes["other"].model_copy(update={"slug": "third"})
    several = replace(both, programmes={**both.programmes, "third": third})
    _, conflicts = draft_completions([completion("progress-quarterly", "2026Q1")], several, NOW)
    (refusal,) = [conflict.refusal for conflict in conflicts]
    names = "other:progress-quarterly, third:progress-quarterly"
    assert (refusal.code, refusal.field) == (Code.PROGRAMME_AMBIGUOUS, "dataSet")
    assert [refusal.to_json(language)["message"] for language in ("vi", "en")] == [
        f"Nhiều chương trình có tên này; cần một trong {names}",
        f"several programmes have this name; expected one of {names}",
    ]
    _, conflicts = draft_records(values("child-service-access", "2026Q1"), several, NOW)
    assert {conflict.refusal.code for conflict in conflicts} == {Code.PROGRAMME_AMBIGUOUS}


def test_a_period_of_neither_is_closed_and_says_when_they_are_open(both: Registry) -> None:
    (conflict,) = draft_completions([replace(completion("progress-quarterly", "2023Q1"), period="2032Q1")], both, NOW)[
        1
    ]
    assert conflict.refusal.code is Code.PERIOD_CLOSED
    assert "2018" in str(conflict.refusal.expected)
    assert "2030" in str(conflict.refusal.expected)


def test_a_period_that_nobody_can_read_is_refused_as_such(both: Registry) -> None:
    row = replace(completion("progress-quarterly", "2023Q1"), period="2023Q9")
    (conflict,) = draft_completions([row], both, NOW)[1]
    assert conflict.refusal.code is Code.PERIOD_INVALID
