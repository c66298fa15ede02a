"""What is posted in an officer's name is judged as theirs, by the door itself: a board that lies gets no further."""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from deploy.local.http import LOCAL
from deploy.local.stack import LocalStack
from tests.acting import Board, current
from tests.system import BATCH, access, counselling, event, kip

DEVICE = "3f9c21ab"


@pytest.fixture(scope="module")
def board(
    stack: LocalStack, rabbitmq: Any, session_database: Any, loaded_template: str, tmp_path_factory: Any
) -> Iterator[Board]:
    running = Board(stack, rabbitmq.add_vhost("acting"), session_database(loaded_template))
    running.begin(
        tmp_path_factory.mktemp("officers"), ("An", "06412@1", "ubnd-xa"),
        ("Binh", "186@1", "phong-ldtbxh-dt-huyen"), ("Dung", "06412@1", "ubnd-xa"), ("Em", "06412@1", "ubnd-xa"),
    )  # fmt: skip
    yield running
    running.services.stop()


def figure(subject: str = "06412", numerator: int = 412, **data: Any) -> dict[str, Any]:
    return current(access(subject, numerator), **data)


def session(record: str, subject: str = "06412", **data: Any) -> dict[str, Any]:
    return current(counselling(subject, record), **data)


def problem(kind: str, subject: str, agency: str, record: str) -> dict[str, Any]:
    return event(f"problem.{kind}", subject, {"record": record, "agency": agency, "text": "Thiếu tài liệu"})


def withdrawal(subject: str = "06412", **data: Any) -> dict[str, Any]:
    return event("record.retracted", subject, data)


def refused(answer: Any) -> tuple[int, str, str]:
    """Status, code and field of the first thing that is wrong."""
    error = answer.json()["rejected"][0]["errors"][0]
    return answer.status_code, error["code"], error["field"]


def test_each_post_in_an_officers_name_corrects_the_one_before_and_says_whose_it_was(board: Board) -> None:
    first, second = figure(numerator=300), figure(numerator=310)
    assert board.act("An", first).status_code == 202
    assert board.act("An", second, device=DEVICE).status_code == 202
    board.wait_until(lambda: [row["status"] for row in board.status(second)] == ["applied"], "it counts")
    (row,) = board.status(second)
    assert (row["officer"], row["device"], row["sender"]) == (board.refs["An"], DEVICE, "kip-board")
    assert "revision" not in row["data"]
    (row,) = board.status(first)
    assert (row["status"], row["officer"], row["device"]) == ("superseded", board.refs["An"], None)
    explained = board.read(
        "/v1/rollups/explain", indicator="child-service-access", period="2023-Q1", within="06412@1"
    ).json()["rows"]  # fmt: skip
    assert {row["id"]: (row["officer"], row["status"]) for row in explained} == {
        first["id"]: (board.refs["An"], "superseded"), second["id"]: (board.refs["An"], "counted"),
    }  # fmt: skip
    assert board.act("An", second).status_code == 202, "the same again is no conflict, whatever stands beside it"
    assert [row["status"] for row in board.status(second)] == ["applied"]


def test_an_officer_records_corrects_and_withdraws_activities_of_their_seat(board: Board) -> None:
    name = "06412@1/ubnd-xa/s1"
    held, again, gone = session(name), session(name, female=3), withdrawal(record=name)
    for made in (held, again, gone):
        assert board.act("An", made).status_code == 202
    board.wait_until(lambda: [row["status"] for row in board.status(gone)] == ["applied"], "it is withdrawn")
    assert [row["status"] for row in board.status(again)] == ["superseded"]
    assert board.act("An", withdrawal(indicator="child-service-access", agency="ubnd-xa", period="2022-Q4")).is_success
    renamed = session("06412@1/ubnd-xa/s2", supersedes=name)
    assert board.act("An", renamed).status_code == 202


@pytest.mark.parametrize(
    ("made", "field"),
    [
        (figure("06421"), "subject"), (figure("186", agency="ubnd-huyen"), "subject"),
        (figure(agency="cc-vhxh"), "data.agency"), (figure(agency="nobody"), "data.agency"),
        (session("s1"), "data.record"), (session("06421@1/ubnd-xa/s1"), "data.record"),
        (session("06412@1/cc-vhxh/s1"), "data.record"), (session("06412@1/ubnd-xa"), "data.record"),
        (session("06412@1/ubnd-xa/s1", agency="cc-vhxh"), "data.agency"),
        (session("06412@1/ubnd-xa/s1", supersedes="s0"), "data.supersedes"),
        (withdrawal(record="06421@1/ubnd-xa/s1"), "data.record"), (withdrawal(record="s1"), "data.agency"),
        (withdrawal(record="06412@1/cc-vhxh/s1"), "data.agency"),
        (withdrawal("06421", record="06421@1/ubnd-xa/s1"), "subject"),
        (problem("raised", "06421", "ubnd-xa", "06421@1/ubnd-xa/p1"), "subject"),
        (problem("raised", "06412", "ubnd-xa", "p1"), "data.record"),
        (problem("raised", "06412", "cc-vhxh", "06412@1/cc-vhxh/p1"), "data.agency"),
        (event("report.submitted", "06421", {"report": "progress-quarterly", "agency": "ubnd-xa", "period": "2023-Q1"}),
         "subject"),
    ],
)  # fmt: skip
def test_what_is_another_seats_is_refused_and_nothing_of_the_request_is_taken(
    board: Board, made: dict[str, Any], field: str
) -> None:
    own = figure(numerator=1)
    answer = board.act("An", made, own, partial="true")
    assert refused(answer) == (403, "officer_not_allowed", field), answer.text
    assert answer.json()["accepted"] == 0
    assert board.status(own)[0]["status"] == "pending"


def test_a_foreign_programme_is_refused(board: Board) -> None:
    assert board.act("Dung", figure()).status_code == 202
    board.sql("UPDATE registry.officer SET programmes = '{another}' WHERE name = 'Dung'")
    assert refused(board.act("Dung", figure())) == (403, "officer_not_allowed", "data.programme")


def test_an_officer_above_raises_and_resolves_problems_of_the_units_below_and_reports_nothing_for_them(
    board: Board,
) -> None:
    name = "06412@1/ubnd-xa/p7"
    assert board.act("An", problem("raised", "06412", "ubnd-xa", name)).status_code == 202
    assert board.act("Binh", problem("resolved", "06412", "ubnd-xa", name)).status_code == 202
    assert refused(board.act("Binh", figure()))[1:] == ("officer_not_allowed", "subject")
    assert refused(board.act("Binh", problem("resolved", "06412", "ubnd-xa", "p7")))[2] == "data.record"
    assert refused(board.act("An", problem("raised", "186", "ubnd-huyen", "186@1/ubnd-huyen/p")))[2] == "subject"


def test_an_officers_events_have_no_revision(board: Board) -> None:
    answer = board.act("An", access())
    assert refused(answer) == (422, "field_unknown", "data.revision")
    assert refused(board.post([withdrawal(record="r1")])) == (422, "field_missing", "data.revision")


def test_a_removed_officer_and_an_earlier_generation_are_gone_at_once(board: Board) -> None:
    assert board.act("Em", figure()).status_code == 202
    kip("officer", "revoke", "Em", "--unit", "06412", environment=board.environment)
    answer = board.act("Em", figure())
    assert (answer.status_code, answer.json()["error"]) == (410, "gone")
    assert "Em" not in answer.json()["message"]
    board.refs["Em"] = board.refs["Em"].replace(".0", ".1")
    assert board.act("Em", figure()).status_code == 202
    kip("officer", "remove", "Em", "--unit", "06412", "--yes", environment=board.environment)
    assert board.act("Em", figure()).status_code == 410


def test_only_a_key_with_the_right_acts_and_it_posts_nothing_of_its_own(board: Board) -> None:
    answer = board.post([figure()], headers={"Kip-Officer": board.refs["An"]})
    assert (answer.status_code, answer.json()["error"]) == (403, "may_not_act")
    answer = board.post([figure()], key=board.board_key)
    assert (answer.status_code, answer.json()["error"]) == (403, "not_allowed")


@pytest.mark.parametrize("written", [["An"], ["12"], ["0.0"], ["12.0; device=x"], [""], ["An", "An"], ["1.0,2.0"]])
def test_a_header_that_names_nobody_is_refused_before_the_body_is_read(board: Board, written: list[str]) -> None:
    named = [board.refs["An"] if item == "An" and len(written) > 1 else item for item in written]
    answer = LOCAL.post(
        f"{board.services.url('intake')}/v1/events", content=b"no JSON",
        headers=[("Authorization", f"Bearer {board.board_key}"), ("Content-Type", BATCH),
                 *(("Kip-Officer", item) for item in named)],
    )  # fmt: skip
    assert (answer.status_code, answer.json()["error"], answer.json()["field"]) == (400, "bad_parameter", "Kip-Officer")


def test_the_officer_and_the_narrowing_hold_together(board: Board) -> None:
    headers = {"Kip-Officer": board.refs["An"], "Kip-Reach": "06421@1"}
    assert refused(board.post([figure()], key=board.board_key, headers=headers))[1] == "unit_not_allowed"
    headers["Kip-Reach"] = "186@1"
    assert board.post([figure()], key=board.board_key, headers=headers).status_code == 202


def test_a_sheet_and_lines_in_an_officers_name_are_judged_alike(board: Board) -> None:
    def sheet(unit: str) -> Any:
        text = f"unit,agency,period,indicator,numerator,denominator\n{unit},ubnd-xa,2023-Q1,child-service-access,1,9\n"
        return LOCAL.post(
            f"{board.services.url('intake')}/v1/import", content=text.encode(),
            headers={"Authorization": f"Bearer {board.board_key}", "Content-Type": "text/csv",
                     "Kip-Officer": board.refs["An"]},
        )  # fmt: skip

    assert sheet("06412").status_code == 202
    foreign = sheet("06421")
    assert refused(foreign) == (403, "officer_not_allowed", "subject")
    assert foreign.json()["rejected"][0]["errors"][0]["column"] == "A"
    lines = "\n".join(json.dumps(made) for made in (figure(), figure("06421")))
    answer = LOCAL.post(
        f"{board.services.url('intake')}/v1/events", content=lines.encode(),
        headers={"Authorization": f"Bearer {board.board_key}", "Content-Type": "application/x-ndjson",
                 "Kip-Officer": board.refs["An"]},
    )  # fmt: skip
    assert (answer.status_code, answer.json()["accepted"]) == (207, 1)


def test_a_senders_own_attributes_of_these_names_name_nobody(board: Board) -> None:
    made = {**access("06424"), "officer": "1.0", "device": DEVICE}
    assert board.post([made]).status_code == 202
    board.wait_until(lambda: [row["status"] for row in board.status(made)] == ["applied"], "it counts")
    assert [(row["officer"], row["device"]) for row in board.status(made)] == [(None, None)]
