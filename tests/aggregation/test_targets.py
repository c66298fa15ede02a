"""Where the line to a target stands, worked out by hand; and what a value on it, better or worse than it, is called."""

from fractions import Fraction
from typing import Any, NamedTuple

import pytest

from services.aggregation.reading.surveys import survey_of
from services.aggregation.reading.targets import Aim, aim_at, held
from shared.domain.periods import Stretch, parse_period
from shared.domain.units import Unit
from shared.programme.indicators import Indicator
from shared.programme.model import Programme, Stage
from tests.aggregation.registry import PROGRAMME

LABEL = {"vi": "x", "en": "x"}
HAIR = Fraction(1, 10**9)
LADDER = ("06412@1", "186@1", "20@1", "VN")
YEARS = (("s1", "2018", "2020"), ("s2", "2021", "2025"), ("s3", "2026", "2030"))
# To 70 by 2020, to 90 by 2025, nothing for 2026-2030.
RISES = [{"stage": "s1", "value": 70}, {"stage": "s2", "value": 90}]
# A rate per 1,000: from 12 to 9.5 by 2025, below 9 by 2030; Lạng Sơn's own are 14 and 10.
LANG_SON = [
    {"stage": "s2", "value": 9.5, "baseline": 12, "own": [{"unit": "20@1", "value": 14, "label": LABEL}]},
    {"stage": "s3", "value": 9, "strict": True, "own": [{"unit": "20@1", "value": 10, "label": LABEL}]},
]


class Case(NamedTuple):
    """A figure of a period, and by hand: its target, whose it is, and where the line stands."""

    why: str
    targets: list[dict[str, Any]]
    period: str
    target: float | None
    line: Fraction | None = None
    of: str | None = None
    over_time: str = "stock"
    better: str = "higher"
    stages: tuple[tuple[str, str, str], ...] = YEARS
    ladder: tuple[str, ...] = LADDER
    cutoff: int | None = 14


CASES = [
    Case("the first line begins at 0: 6 of 36 months", RISES, "2018-Q2", 70, Fraction(70 * 6, 36)),
    Case("a month is a step of its own: 1 of 36", RISES, "2018-01", 70, Fraction(70, 36)),
    Case("at its end the line is the target", RISES, "2020", 70, Fraction(70)),
    Case("the next begins at the target before: 3 of 60 months", RISES, "2021-Q1", 90, Fraction(71)),
    Case("half of the way", RISES, "2023-H1", 90, Fraction(80)),
    Case("the stage's last month", RISES, "2025-12", 90, Fraction(90)),
    Case("a stage without a target", RISES, "2026-Q1", None),
    Case("before all stages", RISES, "2017", None),
    Case("after all stages", RISES, "2031", None),
    Case("what counts anew begins at 0 again: 36 of 60 months", RISES, "2023", 90, Fraction(54),
         over_time="cumulative"),
    Case("a baseline has the say, also of what counts anew", [RISES[0], {**RISES[1], "baseline": 40}], "2023", 90,
         Fraction(70), over_time="cumulative"),
    Case("a target that holds is there at once", [{"stage": "s2", "value": 100, "course": "hold"}], "2021-01", 100,
         Fraction(100)),
    Case("the stage before had none", [RISES[1]], "2021", 90, Fraction(18)),
    Case("a stage between had none: from the last there was", [RISES[0], {"stage": "s3", "value": 98}], "2026", 98,
         Fraction(756, 10)),
    Case("targets stand in any order", RISES[::-1], "2021-Q1", 90, Fraction(71)),
    Case("falling: 36 of 60 months from 12 to 9.5", LANG_SON, "2023", 9.5, Fraction(105, 10), better="lower",
         ladder=("VN",)),
    Case("falling on, from 9.5 to 9", LANG_SON, "2027", 9, Fraction(93, 10), better="lower", ladder=("VN",)),
    Case("falling at the end", LANG_SON, "2030", 9, Fraction(9), better="lower", ladder=("VN",)),
    Case("a province's own is its communes' too", LANG_SON, "2025", 14, Fraction(14), "20@1", better="lower"),
    Case("its line goes from its own to its own", LANG_SON, "2028", 10, Fraction(116, 10), "20@1", better="lower"),
    Case("another province has the programme's", LANG_SON, "2025", 9.5, Fraction(95, 10), better="lower",
         ladder=("00001@1", "001@1", "01@1", "VN")),
    Case("the nearest has the say", [{"stage": "s2", "value": 90, "own": [
        {"unit": "20@1", "value": 91, "label": LABEL}, {"unit": "186@1", "value": 60, "label": LABEL}]}], "2025", 60,
         Fraction(60), "186@1"),
    Case("a half-year over two stages is of the second, of whose 9 months it has 3", RISES, "2023-H2", 90,
         Fraction(230, 3), stages=(("s1", "2022-Q1", "2023-Q3"), ("s2", "2023-Q4", "2024-Q2"))),
    Case("a year that ends beyond the last stage", RISES, "2024", None,
         stages=(("s1", "2022", "2023-Q1"), ("s2", "2023-Q2", "2024-Q3"))),
    Case("a year in a gap between stages", RISES, "2022", None,
         stages=(("s1", "2020", "2021"), ("s2", "2023", "2025"))),
    Case("calendar months: the same steps", RISES, "2021-Q1", 90, Fraction(71), cutoff=None),
]  # fmt: skip


def programme(stages: tuple[tuple[str, str, str], ...] = YEARS, cutoff: int | None = 14) -> Programme:
    made = [Stage.model_validate({"slug": slug, "label": LABEL, "first": first, "last": last})
            for slug, first, last in stages]  # fmt: skip
    return Programme.model_validate(
        PROGRAMME.model_dump() | {"stages": [stage.model_dump() for stage in made], "cutoff_day": cutoff}
    )


def indicator(**said: Any) -> Indicator:
    reporters = [] if said.get("value") == "survey" else [{"level": "commune", "agencies": ["ubnd-xa"]}]
    plain = {"slug": "x", "label": LABEL, "numerator": LABEL, "denominator": LABEL, "period": "year", "value": "ratio"}
    return Indicator.model_validate({**plain, "over_time": "stock", "reporters": reporters, **said})


def aim(case: Case) -> Aim | None:
    asked = indicator(targets=case.targets, over_time=case.over_time, better=case.better)
    return aim_at(asked, programme(case.stages, case.cutoff), parse_period(case.period), case.ladder)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.why)
def test_the_line_to_a_target_is_the_one_worked_out_by_hand(case: Case) -> None:
    found = aim(case)
    if found is None:
        assert case.target is None
        assert held(found, Fraction(1)) == dict.fromkeys(("target", "target_of", "on_track", "attainment"))
        return
    assert (found.target, found.target_of, found.line) == (case.target, case.of, case.line)
    better = -HAIR if case.better == "lower" else HAIR
    assert found.on_track(found.line + better)
    assert not found.on_track(found.line - better)
    assert found.on_track(found.line) is (not found.strict)
    assert held(found, None) == {"target": case.target, "target_of": case.of, "on_track": None, "attainment": None}


def test_below_9_is_not_reached_at_9() -> None:
    """«dưới 9»: as many as 900 of 100,000 live births are 9 of 1,000, and one fewer is below it."""
    found = aim(Case("", LANG_SON, "2030", 9, better="lower", ladder=("VN",)))
    assert found is not None
    assert not found.on_track(Fraction(900 * 1000, 100_000))
    assert found.on_track(Fraction(899 * 1000, 100_000))


@pytest.mark.parametrize(
    ("better", "target", "value", "attained"),
    [
        ("higher", 90, Fraction(45), 50.0),
        ("higher", 90, Fraction(90), 100.0),
        ("higher", 90, Fraction(0), 0.0),
        ("higher", 0, Fraction(3), None),
        ("lower", 9, Fraction(12), 75.0),
        ("lower", 9, Fraction(9), 100.0),
        ("lower", 9, Fraction(6), 150.0),
        ("lower", 9, Fraction(0), None),
        ("lower", 0.05, Fraction(1, 20), 100.0),
    ],
)
def test_attainment_is_100_where_the_target_is_reached_whichever_way_it_goes(
    better: str, target: float, value: Fraction, attained: float | None
) -> None:
    assert Aim(target, None, Fraction(0), better == "lower", strict=False).attainment(value) == attained


def test_a_survey_is_shown_of_its_unit_and_of_its_period_or_until_the_next() -> None:
    surveys = [
        {"period": "2021", "value": 5.3, "source": LABEL},
        {"period": "2024", "value": 4.1, "source": LABEL},
        {"period": "2024", "value": 7, "source": LABEL, "unit": "20@1"},
    ]
    root = Unit("VN", "VN", "x", "nation", "x", None, None, None, None, ())
    province = Unit("20@1", "20", "x", "province", "x", "VN", None, None, None, ())
    other = Unit("01@1", "01", "x", "province", "x", "VN", None, None, None, ())

    def shown(over_time: str, unit: Unit, asked: str) -> float | None:
        found = survey_of(
            indicator(value="survey", over_time=over_time, surveys=surveys), PROGRAMME.calendar, unit,
            Stretch(asked, parse_period("2021"), parse_period("2025")) if asked == "stage" else parse_period(asked),
        )  # fmt: skip
        return found and found.value

    assert [shown("stock", root, year) for year in ("2020", "2021", "2022", "2024", "stage")] == [
        None, 5.3, None, 4.1, 4.1,
    ]  # fmt: skip
    assert [shown("state", root, year) for year in ("2020", "2021", "2022", "2023", "2025")] == [
        None, 5.3, 5.3, 5.3, 4.1,
    ]  # fmt: skip
    assert [shown("stock", province, "2024"), shown("state", other, "2025")] == [7, None]
