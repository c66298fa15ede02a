"""The demo's own checks: they must see a wrong figure and a wrong letter, or they prove nothing."""

import asyncio
from collections import Counter
from dataclasses import replace
from datetime import date, timedelta
from email.message import EmailMessage

import pytest

from demo.figures import compare_figures
from demo.mail import Received, code_in, compare_letters, letters, link_in, read_received
from demo.questions import Oracle, Question, covering_report
from demo.silent import find_silent, notices, posts_of, receipt_words, typed
from sample.letters import Told
from sample.tally import QUARTERS, tally
from tests.cli.door import Answer, door

QUARTERLY = "Báo cáo quý về tình hình thực hiện Kế hoạch"
ROW = {"uid": "186@1", "value": 77.5, "numerator": 31, "denominator": 40, "units_missing": 2}
EXPECTED = {("186@1", ""): {"value": 77.5, "numerator": 31, "units_missing": 2}}


def compare(rows, expected=EXPECTED, path="/v1/rollups"):
    with door(lambda _: Answer(200, {"rows": rows, "next": None})) as server:
        return asyncio.run(compare_figures(server.url, "key", iter([Question(path, {}, expected)])))


def test_equal_figures_are_right_and_each_is_counted():
    compared = compare([ROW])
    assert (compared.right, compared.figures, compared.equal) == (True, 3, 3)


@pytest.mark.parametrize(
    "rows",
    [
        [ROW | {"numerator": 32}],
        [ROW | {"value": None}],
        [],
        [ROW, ROW | {"uid": "164@1"}],
        [ROW | {"by": {"domain": "health"}}],
    ],
    ids=["another figure", "no figure", "no row", "a row too many", "a part instead of the whole"],
)
def test_a_figure_that_differs_lacks_or_is_too_many_is_wrong(rows):
    compared = compare(rows)
    assert not compared.right
    assert compared.differences


def test_nothing_compared_is_not_right():
    assert not compare([], {}).right


def test_an_empty_part_that_a_withdrawal_left_behind_is_no_difference():
    left = {"uid": "164@1", "by": {"domain": "health"}, "value": None, "numerator": None, "denominator": None}
    assert compare([ROW, left]).right


def test_who_is_missing_is_compared_by_name():
    expected = {("06412@1", "ubnd-xa"): {}}
    yen_vuong, hoa_son = ({"uid": uid, "agency": "ubnd-xa"} for uid in ("06412@1", "06445@1"))
    assert compare([yen_vuong], expected, "/v1/rollups/missing").right
    assert not compare([hoa_son], expected, "/v1/rollups/missing").right
    assert not compare([yen_vuong, hoa_son], expected, "/v1/rollups/missing").right


def test_the_questions_cover_every_indicator_and_activity_at_every_level_with_yen_vuong_missing(data):
    questions = list(Oracle(data.programme, data.scope, data.tally).questions())
    asked = {(q.parameters.get("indicator") or q.parameters["activity"], q.parameters.get("level")) for q in questions}
    for subject in (*data.programme.indicators, *data.programme.activities):
        assert {(subject.slug, level) for level in ("nation", "province", "district", "commune")} <= asked
    missing = next(
        q
        for q in questions
        if q.path.endswith("missing")
        and dict(q.parameters)
        == {"programme": "ecd-1437", "indicator": "child-service-access", "period": "2023-Q1", "within": "20@1"}
    )
    assert ("06412@1", "ubnd-xa") in missing.expected
    access = next(
        q
        for q in questions
        if {name: text for name, text in q.parameters.items() if name != "programme"}
        == {"indicator": "child-service-access", "period": "2023-Q1", "within": "186@1", "level": "commune"}
    )
    assert access.expected["06412@1", ""]["value"] is None
    assert len(access.expected) == 23


def test_the_report_that_covers_activities_is_that_of_the_period_or_of_the_quarter_around_it():
    assert covering_report("2023") == ("progress-yearly", "2023")
    assert covering_report("2023-Q2") == ("progress-quarterly", "2023-Q2")
    assert covering_report("2023-07") == ("progress-quarterly", "2023-Q3")


def letter(folder, number, address, lines):
    mail = EmailMessage()
    mail["To"], mail["Date"], mail["Subject"] = address, "Fri, 17 Mar 2023 01:00:00 +0000", "Báo cáo quá hạn"
    mail.set_content("\n".join(lines), charset="utf-8", cte="base64")
    (folder / f"{number:09}.eml").write_bytes(mail.as_bytes())


DIGEST = [
    "Kính gửi: Cán bộ 186",
    "",
    QUARTERLY,
    "- UBND xã Yên Vượng (06412), quý I năm 2023: chậm 1 ngày (hạn 17:00 ngày 16/03/2023);"
    " liên hệ: Cán bộ 06412 (hư cấu)",
    "—" * 40,
    f"- {QUARTERLY}, quý I năm 2023 (15/12/2022–14/03/2023): hạn 17:00 ngày 20/03/2023;"
    " đơn vị báo cáo: UBND huyện Hữu Lũng (186)",
]
IN_DIGEST = Told(date(2023, 3, 17), "ubnd-huyen.186@made-up.example", True, True, "06412", QUARTERLY, "quý I năm 2023")
REMINDED = replace(IN_DIGEST, digest=False, overdue=False, unit_code="186")
NOTICE = [
    f"- {QUARTERLY}, quý I năm 2023 (15/12/2022–14/03/2023): hạn 17:00 ngày 16/03/2023, đã chậm 1 ngày;"
    " đơn vị báo cáo: UBND xã Yên Vượng (06412)"
]
NOTIFIED = replace(IN_DIGEST, address="ubnd-xa.06412@made-up.example", digest=False)


def test_every_line_of_every_letter_is_read(tmp_path, programme):
    letter(tmp_path, 1, "ubnd-huyen.186@made-up.example", DIGEST)
    letter(tmp_path, 2, "ubnd-xa.06412@made-up.example", NOTICE)
    compared = compare_letters(Counter([IN_DIGEST, REMINDED, NOTIFIED]), tmp_path, programme)
    assert compared.right, compared.differences
    assert (compared.requests, compared.figures) == (2, 3)


@pytest.mark.parametrize(
    "expected",
    [
        Counter([IN_DIGEST, REMINDED, replace(NOTIFIED, on=date(2023, 3, 20))]),
        Counter([IN_DIGEST, REMINDED]),
        Counter([IN_DIGEST, REMINDED, NOTIFIED, replace(NOTIFIED, unit_code="06427")]),
        Counter([IN_DIGEST, IN_DIGEST, REMINDED, NOTIFIED]),
    ],
    ids=["on another day", "not due", "missing", "twice expected"],
)
def test_a_letter_that_is_missing_too_many_or_on_another_day_is_wrong(tmp_path, programme, expected):
    letter(tmp_path, 1, "ubnd-huyen.186@made-up.example", DIGEST)
    letter(tmp_path, 2, "ubnd-xa.06412@made-up.example", NOTICE)
    assert not compare_letters(expected, tmp_path, programme).right


def test_a_letter_that_came_twice_is_wrong(tmp_path, programme):
    for number in (1, 2):
        letter(tmp_path, number, "ubnd-xa.06412@made-up.example", NOTICE)
    assert not compare_letters(Counter([NOTIFIED]), tmp_path, programme).right


def test_who_was_silent_last_and_was_told_so_hands_in_what_the_model_knows_of_it(data):
    silent = find_silent(data)
    duty = silent.duty
    key = ("report", duty.report, duty.unit.uid, duty.agency, str(duty.period))
    assert key not in data.tally.standing
    assert silent.own.address == silent.address
    assert str(duty.period) == QUARTERS[-1]
    posts = posts_of(data, silent, duty.due_at + timedelta(days=9, hours=15))
    assert [post.kind for post in posts] == ["indicator.reported", "indicator.reported", "report.submitted"]
    counted = tally(posts, data.scope.units)
    for above in ("VN", duty.unit.parent, duty.unit.uid):
        assert counted.reported[f"report:{duty.report}", str(duty.period), above] == 1
    access = typed(posts)[f"child-service-access/{duty.period}"]
    whole = counted.cells["indicator:child-service-access", str(duty.period), "VN"]
    assert whole[""].numerator == int(access["numerator"])
    assert whole["domain:health"].numerator == int(access["part.domain.health.numerator"])


def test_what_must_follow_names_everybody_who_was_told_and_how_late_it_came(data):
    silent = find_silent(data)
    at = silent.duty.due_at + timedelta(days=9, hours=15)
    expected = notices(silent, at)
    assert {line.address for line in expected} == {told.address for told in silent.told}
    assert silent.address in {line.address for line in expected}
    assert set(expected.values()) == {1}
    assert receipt_words(silent, at).startswith("Nộp chậm 9 ngày so với hạn 17:00 ngày ")


def test_a_letter_that_says_that_a_report_has_come_is_read_with_its_link(tmp_path):
    line = (
        "- Báo cáo quý về tình hình thực hiện Kế hoạch, quý IV năm 2023 (15/09/2023–14/12/2023): "
        "nhận lúc 08:01 ngày 28/12/2023; đơn vị báo cáo: UBND xã Bình Yên (05587)"
    )
    letter(tmp_path, 1, "a@b.vn", [line, "", "Mở trang: http://127.0.0.1:8083/l/14.0.x"])
    letter(tmp_path, 2, "a@b.vn", ["không có gì"])
    first, second = letters(tmp_path)
    at = "08:01 ngày 28/12/2023"
    assert [*read_received(first)] == [Received("a@b.vn", "05587", QUARTERLY, "quý IV năm 2023", at)]
    assert link_in(first) == "http://127.0.0.1:8083/l/14.0.x"
    assert [*read_received(second)] == []
    with pytest.raises(LookupError, match="no link"):
        link_in(second)
    assert [code_in(mail) for mail in (first, second)] == [None, None]
