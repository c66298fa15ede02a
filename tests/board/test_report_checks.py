"""What is read of what was typed, what of it is wrong, in the door's words, and what is only unusual."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import date

import pytest

from services.board.report.checks import Earlier, doubts, wrong_activity, wrong_figure, wrong_problem
from services.board.report.draft import ActivityAnswer, FigureAnswer, ProblemAnswer
from services.board.report.fields import Form, form_of
from services.board.report.rules import rules_of
from services.board.report.typed import as_meant, read_activity, read_figure, read_problem
from shared.domain.events import Split
from shared.domain.periods import parse_period, period_words
from shared.domain.units import Units
from shared.programme.model import Programme

TODAY = date(2023, 3, 15)
ACCESS, KNOWLEDGE = "child-service-access/2023-Q1", "knowledge-skills-provided/2023-Q1"
WHOLE = {"numerator": "412", "denominator": "530"}
SEX = "part.sex.female.numerator", "part.sex.female.denominator", "part.sex.male.numerator", "part.sex.male.denominator"
SESSION = {
    "activity": "parent-counselling", "held_on.day": "9", "held_on.month": "3", "held_on.year": "2023",
    "by.domain": "nutrition", "participants.parent": "24", "participants.caregiver": "3", "female": "20",
}  # fmt: skip


@pytest.fixture(scope="module")
def form(ecd: Programme, units: Units) -> Form:
    made = form_of(ecd, ecd.report["progress-quarterly"], units["06412@1"], "ubnd-xa", parse_period("2023-Q1"), "vi")
    assert made is not None
    return made


@pytest.fixture
def said(form: Form) -> Callable[..., dict[str, str]]:
    """What is said of a figure that was typed so, by field."""

    def refused(typed: Mapping[str, str], key: str = ACCESS, kept: tuple[Split, ...] = ()) -> dict[str, str]:
        figure = form.figure(key)
        assert figure is not None
        data, refusals = read_figure(form, figure, FigureAnswer(typed=dict(typed), kept=kept))
        if data is not None:
            refusals = wrong_figure(form, figure, data)
        return {item.field: item.message("vi") for item in refusals}

    return refused


@pytest.mark.parametrize(
    ("written", "number"), [("412", 412), (" 412 ", 412), ("1 234", 1234), ("1.234.567", 1234567), ("412,0", 412)]
)
def test_numbers_are_read_as_sheets_are(form: Form, written: str, number: int) -> None:
    figure = form.figures[0]
    data, refusals = read_figure(form, figure, FigureAnswer(typed={"numerator": written, "denominator": "9999999"}))
    assert not refusals
    assert data is not None
    assert data.numerator == number


@pytest.mark.parametrize("written", ["1.234", "1,234"])
def test_a_number_with_two_meanings_is_refused_with_the_cure(said: Callable[..., dict[str, str]], written: str) -> None:
    assert said({**WHOLE, "denominator": written}) == {
        "denominator": "Giá trị không hợp lệ: có thể hiểu là hàng nghìn hoặc là số thập phân; hãy viết liền các chữ số "
        "(1234)"
    }


@pytest.mark.parametrize(
    ("written", "digits"), [("12,000", "12000"), ("1500.000", "1500000"), (" 1\u00a0500,000", "1500000")]
)
def test_the_cure_of_a_number_with_two_meanings_is_that_number(
    said: Callable[..., dict[str, str]], written: str, digits: str
) -> None:
    assert said({**WHOLE, "denominator": written})["denominator"].endswith(f"hãy viết liền các chữ số ({digits})")


@pytest.mark.parametrize(
    ("language", "typed", "meant"),
    [
        ("vi", "1.134", "1134"), ("vi", " 12.000 ", "12000"), ("vi", "500.000", "500000"), ("vi", "1,134", "1,134"),
        ("en", "1,134", "1134"), ("en", "1.134", "1.134"), ("vi", "0.500", "0.500"), ("vi", "1.234.567", "1.234.567"),
        ("vi", "1134.000", "1134.000"), ("vi", "1.134,0", "1.134,0"), ("vi", "1.13", "1.13"), ("vi", "x", "x"),
        ("vi", "１.134", "１.134"),
    ],
)  # fmt: skip
def test_a_number_is_taken_as_the_page_itself_writes_it(language: str, typed: str, meant: str) -> None:
    assert as_meant({"numerator": typed}, language) == {"numerator": meant}


@pytest.mark.parametrize("written", ["-1", "41,5", "bốn", "1e3", "1" * 61, "10000000000000"])
def test_what_is_no_count_is_refused(said: Callable[..., dict[str, str]], written: str) -> None:
    assert said({**WHOLE, "numerator": written}) == {
        "numerator": "Giá trị không hợp lệ: cần số nguyên từ 0 đến 1000000000000"
    }


def test_both_counts_are_needed_and_of_a_part_both_or_none(said: Callable[..., dict[str, str]]) -> None:
    assert set(said({})) == {"numerator", "denominator"}
    assert said(WHOLE) == {}
    assert said({**WHOLE, SEX[0]: "200"}) == {SEX[1]: "Thiếu trường bắt buộc; cần một số nguyên"}


def test_the_words_are_the_doors(said: Callable[..., dict[str, str]]) -> None:
    assert said({"numerator": "531", "denominator": "530"}) == {"numerator": "Tử số lớn hơn mẫu số; cần không quá 530"}
    assert said({**WHOLE, SEX[0]: "9", SEX[1]: "8"}) == {SEX[0]: "Tử số lớn hơn mẫu số; cần không quá 8"}


def test_parts_that_belong_to_one_option_only_add_up_to_the_whole_at_most(said: Callable[..., dict[str, str]]) -> None:
    assert said({**WHOLE, **dict(zip(SEX, ("212", "270", "200", "260"), strict=True))}) == {}
    assert said({**WHOLE, **dict(zip(SEX, ("213", "270", "200", "261"), strict=True))}) == {
        SEX[0]: "Giá trị không hợp lệ: cần các phần của «Giới tính» cộng lại không quá tổng số 412",
        SEX[1]: "Giá trị không hợp lệ: cần các phần của «Giới tính» cộng lại không quá tổng số 530",
    }


def test_overlapping_parts_exceed_the_whole_together_but_none_by_itself(said: Callable[..., dict[str, str]]) -> None:
    health, education = "part.domain.health.", "part.domain.education."
    both = {f"{place}{name}": count for place in (health, education) for name, count in WHOLE.items()}
    assert said({**WHOLE, **both}) == {}
    assert said({**WHOLE, **both, f"{health}denominator": "531"}) == {
        f"{health}denominator": "Giá trị không hợp lệ: cần không quá tổng số 530"
    }


def test_a_part_that_the_form_does_not_ask_for_is_kept_and_bounds_the_whole(
    form: Form, said: Callable[..., dict[str, str]]
) -> None:
    kept = Split(by={"domain": "health", "sex": "female"}, numerator=300, denominator=400)
    assert said(WHOLE, kept=(kept,)) == {}
    assert set(said({"numerator": "299", "denominator": "530"}, kept=(kept,))) == {"numerator"}
    data, _ = read_figure(form, form.figures[0], FigureAnswer(typed=WHOLE, kept=(kept,)))
    assert data is not None
    assert data.breakdown == [kept]


def test_an_unusual_figure_is_named_beside_what_it_differs_from(form: Form) -> None:
    figure = form.figures[0]
    data, _ = read_figure(form, figure, FigureAnswer(typed=WHOLE))
    assert data is not None
    before = Earlier(period_words("2022-Q4"), 400, 450)
    (doubt,) = doubts(figure, data, [before])
    assert (doubt.name, doubt.field) == ("denominator_changed", "denominator")
    assert doubt.words.vi == "Mẫu số thay đổi 17,8% so với quý IV năm 2022 (450)"
    assert doubts(figure, data, [Earlier(period_words("2022-Q4"), 400, 461)]) == []
    assert [item.name for item in doubts(figure, data, [Earlier(period_words("2022-Q4"), 400, 530), before])] == [
        "denominator_changed"
    ]


def test_a_zero_after_a_figure_is_unusual_and_a_zero_after_none_is_not(form: Form) -> None:
    figure = form.figures[0]
    data, _ = read_figure(form, figure, FigureAnswer(typed={"numerator": "0", "denominator": "530"}))
    assert data is not None
    (doubt,) = doubts(figure, data, [Earlier(period_words("2022-Q4"), 400, 530)])
    assert (doubt.name, doubt.words.vi) == ("zero_after_figure", "Tử số là 0, trong khi quý IV năm 2022 là 400")
    assert doubts(figure, data, []) == doubts(figure, data, [Earlier(period_words("2022-Q4"), 0, 530)]) == []


@pytest.mark.parametrize(
    ("now", "before", "said"),
    [
        ((106, 530), (477, 530), "Kết quả là 20%, trong khi quý IV năm 2022 là 90%"),
        ((477, 530), (106, 530), "Kết quả là 90%, trong khi quý IV năm 2022 là 20%"),
        ((40, 100), (65, 100), None),  # 25 points and no more
        ((399, 1000), (650, 1000), "Kết quả là 39,9%, trong khi quý IV năm 2022 là 65%"),
        ((5, 6), (1, 6), None),  # a handful
        ((6, 6), (1, 6), "Kết quả là 100%, trong khi quý IV năm 2022 là 16,7%"),
        ((0, 530), (477, 530), "Tử số là 0, trong khi quý IV năm 2022 là 477"),  # once
    ],
)
def test_a_ratio_that_moved_by_much_is_unusual(
    form: Form, now: tuple[int, int], before: tuple[int, int], said: str | None
) -> None:
    typed = {"numerator": str(now[0]), "denominator": str(now[1])}
    data, _ = read_figure(form, form.figures[0], FigureAnswer(typed=typed))
    assert data is not None
    found = [item.words.vi for item in doubts(form.figures[0], data, [Earlier(period_words("2022-Q4"), *before)])]
    assert found == ([] if said is None else [said])


def test_how_far_a_ratio_may_move_is_the_programme_s(form: Form) -> None:
    data, _ = read_figure(form, form.figures[0], FigureAnswer(typed={"numerator": "400", "denominator": "1000"}))
    assert data is not None
    before = [Earlier(period_words("2022-Q4"), 650, 1000)]
    for change, per, names in (
        (0.24, 100, ["ratio_changed"]), (None, 100, []), (0.24, 1000, ["ratio_changed"]), (0.3, 1000, []),
    ):  # fmt: skip
        checks = form.figures[0].indicator.checks.model_copy(update={"ratio_change": change, "maximum": None})
        indicator = form.figures[0].indicator.model_copy(update={"checks": checks, "per": per})
        figure = replace(form.figures[0], indicator=indicator)
        assert [item.name for item in doubts(figure, data, before)] == names
        assert [it["name"] for it in rules_of(figure, before, "vi")["doubts"] if it["of"] == "ratio"] == (  # type: ignore[attr-defined]
            ["ratio_changed"] if change else []
        )


def test_an_activity_is_read_as_an_event_tells_it(form: Form) -> None:
    data, refusals = read_activity(form, ActivityAnswer(record="r-1", typed={**SESSION, "money.f1-state-budget": "0"}))
    assert not refusals
    assert data is not None
    assert data.model_dump(mode="json", exclude_defaults=True) == {
        "programme": "ecd-1437", "activity": "parent-counselling", "record": "06412@1/ubnd-xa/r-1",
        "held_on": "2023-03-09", "agency": "ubnd-xa", "domain": "nutrition",
        "participants": {"parent": 24, "caregiver": 3}, "female": 20,
        "money": [{"line": "f1-state-budget", "amount": 0}],
    }  # fmt: skip
    assert wrong_activity(form, data, TODAY) == []


@pytest.mark.parametrize(
    ("typed", "field"),
    [
        ({"activity": ""}, "activity"), ({"held_on.day": "31", "held_on.month": "2"}, "held_on"),
        ({"held_on.month": "4"}, "held_on"), ({"held_on.day": "14", "held_on.month": "12"}, "held_on"),
        ({"female": "28"}, "female"), ({"participants.parent": "x"}, "participants.parent"),
        ({"by.domain": "music"}, "by.domain"),
    ],
)  # fmt: skip
def test_what_is_wrong_with_an_activity_is_said_at_its_field(form: Form, typed: dict[str, str], field: str) -> None:
    data, refusals = read_activity(form, ActivityAnswer(record="r-1", typed={**SESSION, **typed}))
    if data is not None:
        refusals = wrong_activity(form, data, TODAY)
    assert [item.field for item in refusals] == [field]


def test_a_problem_needs_a_text_without_a_persons_number(form: Form) -> None:
    for text, field in (("", "text"), ("Gọi 0912345678", "text"), ("x" * 2001, "text")):
        data, refusals = read_problem(form, ProblemAnswer(record="p-1", typed={"text": text}))
        if data is not None:
            refusals = wrong_problem(form, data, TODAY)
        assert [item.field for item in refusals] == [field]
    data, _ = read_problem(form, ProblemAnswer(record="p-1", typed={"text": "Thiếu cân trẻ em", "domain": "nutrition"}))
    assert data is not None
    assert (data.text, data.domain) == ("Thiếu cân trẻ em", "nutrition")
    assert wrong_problem(form, data, TODAY) == []
