"""What counts now of one unit, record by record; a board that lies about a unit or an officer learns nothing of it."""

from collections.abc import Iterator
from typing import Any

import pytest

from deploy.local.stack import LocalStack
from tests.acting import Board, current
from tests.aggregation.late import applied
from tests.system import access, counselling, event, kip

UNIT = "06412@1"
ROUTES = (
    f"/v1/records?unit={UNIT}&period=2023-Q1",
    f"/v1/rollups?indicator=child-service-access&within={UNIT}&period=2023-Q1",
    f"/v1/rollups/missing?indicator=child-service-access&within={UNIT}&period=2023-Q1",
    f"/v1/rollups/explain?indicator=child-service-access&within={UNIT}&period=2023-Q1",
    f"/v1/timeliness?report=progress-quarterly&within={UNIT}&period=2023-Q1",
    "/v1/events/tests/none", "/v1/units/06412", "/v1/programmes", "/v1/programmes/ecd-1437",
)  # fmt: skip
ABOUT_THE_UNIT = ROUTES[:5]


@pytest.fixture(scope="module")
def board(
    stack: LocalStack, rabbitmq: Any, session_database: Any, loaded_template: str, tmp_path_factory: Any
) -> Iterator[Board]:
    running = Board(stack, rabbitmq.add_vhost("records"), session_database(loaded_template))
    officers = (("An", UNIT), ("Cuc", "06421@1"), ("Dung", UNIT), ("Revoked", UNIT), ("Removed", UNIT))
    running.begin(tmp_path_factory.mktemp("officers"), *((name, unit, "ubnd-xa") for name, unit in officers))
    kip("officer", "remove", "Removed", "--unit", "06412", "--yes", environment=running.environment)
    kip("officer", "revoke", "Revoked", "--unit", "06412", environment=running.environment)
    running.sql("UPDATE registry.officer SET programmes = '{another}' WHERE name = 'Dung'")
    yield running
    running.services.stop()


def records(board: Board, unit: str = UNIT, period: str = "2023-Q1", **query: str) -> list[dict[str, Any]]:
    """The rows about a unit."""
    answer = board.read("/v1/records", unit=unit, period=period, **query)
    assert answer.status_code == 200, answer.text
    return list(answer.json()["rows"])


def reported(board: Board, made: dict[str, Any]) -> dict[str, Any]:
    """Post in An's name."""
    answer = board.act("An", current(made))
    assert answer.status_code == 202, answer.text
    return made


def settled(board: Board, events: int, work: Any) -> None:
    """Do the work and wait until so many more events are applied."""
    before = applied(board)
    work()
    board.wait_until(lambda: applied(board) >= before + events, "they are applied")


def test_a_figure_that_counts_stands_with_what_it_superseded_the_newest_first(board: Board) -> None:
    pushed = [access("06424", number, revision=number) for number in range(1, 8)]

    def work() -> None:
        for made in pushed:
            assert board.post([made]).status_code == 202

    settled(board, 7, work)
    (row,) = records(board, "06424@1")
    assert {name: row[name] for name in ("kind", "indicator", "uid", "agency", "period", "record", "programme")} == {
        "kind": "indicator.reported", "indicator": "child-service-access", "uid": "06424@1", "agency": "ubnd-xa",
        "period": "2023-Q1", "record": None, "programme": "ecd-1437",
    }  # fmt: skip
    assert (row["numerator"], row["denominator"], row["components"]) == (7, 530, None)
    assert row["breakdown"] == [{"by": {"domain": "health"}, "numerator": 7, "denominator": 530}]
    assert (row["sender"], row["source"], row["id"], row["officer"]) == ("app", "/tests", pushed[6]["id"], None)
    assert [(it["numerator"], it["denominator"], it["sender"], it["id"]) for it in row["former"]] == [
        (number, 530, "app", pushed[number - 1]["id"]) for number in (6, 5, 4, 3, 2)
    ]
    assert row["accepted_at"] > row["former"][0]["accepted_at"] > row["former"][4]["accepted_at"]


def test_what_another_sender_pushes_after_a_hand_in_is_seen_with_the_officers_own_version_under_it(
    board: Board,
) -> None:
    def work() -> None:
        reported(board, access("06412", 400))
        assert board.post([access("06412", 390, revision=3)]).status_code == 202

    settled(board, 2, work)
    (row,) = records(board)
    assert (row["numerator"], row["sender"], row["officer"]) == (390, "app", None)
    assert [(it["numerator"], it["sender"]) for it in row["former"]] == [(400, "kip-board")]
    settled(board, 1, lambda: reported(board, access("06412", 401)))
    (row,) = records(board)
    assert (row["numerator"], row["sender"], row["officer"]) == (401, "kip-board", board.refs["An"])


def test_activities_are_those_that_were_held_in_the_period_and_count(board: Board) -> None:
    unit, own = "06430@1", "06430@1/ubnd-xa"
    days = {"a": "2022-12-14", "b": "2022-12-15", "c": "2023-03-14", "d": "2023-03-15", "gone": "2023-02-01"}

    def work() -> None:
        for name, day in days.items():
            made = counselling("06430", f"{own}/{name}")
            made["data"]["held_on"] = day
            assert board.post([made]).status_code == 202
        gone = event("record.retracted", "06430", {"record": f"{own}/gone", "revision": 1})
        assert board.post([gone, access("06430", 5)]).status_code == 202

    settled(board, 7, work)
    rows = records(board, unit)
    assert [row.get("record") for row in rows] == [f"{own}/b", f"{own}/c", None]
    held = rows[0]
    told = ("kind", "activity", "held_on", "domain", "participants", "female", "money")
    assert {name: held[name] for name in told} == {
        "kind": "activity.recorded", "activity": "parent-counselling", "held_on": "2022-12-15", "domain": "nutrition",
        "participants": {"parent": 24}, "female": 12, "money": [{"line": "f1-state-budget", "amount": 1_500_000}],
    }  # fmt: skip
    assert [row["record"] for row in records(board, unit, "2023-03")] == [f"{own}/c"]
    assert {row["kind"] for row in records(board, unit, "2023")} == {"activity.recorded"}, "a figure's period is exact"
    assert records(board, unit, agency="cc-vhxh") == []
    assert len(records(board, unit, agency="ubnd-xa")) == 3
    found: list[Any] = []
    query = {"unit": unit, "period": "2023-Q1", "limit": "1"}
    while query.get("after") != "":
        answer = board.read("/v1/records", **query).json()
        found += answer["rows"]
        query["after"] = answer["next"] or ""
    assert found == rows


def test_a_question_about_records_is_understood_or_refused(board: Board) -> None:
    for query, field in (
        ({"period": "2023-Q1"}, "unit"), ({"unit": "99999", "period": "2023-Q1"}, "unit"), ({"unit": UNIT}, "period"),
        ({"unit": UNIT, "period": "2023-Q9"}, "period"), ({"unit": UNIT, "period": "2023-Q1..2023-Q2"}, "period"),
        ({"unit": UNIT, "period": "9999"}, "period"), ({"unit": UNIT, "period": "2023-Q1", "agency": "x"}, "agency"),
        ({"unit": UNIT, "period": "2023-Q1", "programme": "x"}, "programme"),
        ({"unit": UNIT, "period": "2023-Q1", "after": "x"}, "after"),
        ({"unit": UNIT, "period": "2023-Q1", "limit": "0"}, "limit"),
        ({"unit": UNIT, "period": "2023-Q1", "colour": "red"}, "colour"),
    ):  # fmt: skip
        answer = board.read("/v1/records", **query)
        assert (answer.status_code, answer.json()["error"], answer.json().get("field")) == (400, "bad_parameter", field)
    assert board.read("/v1/records", key=board.key, unit=UNIT, period="2023-Q1").status_code == 403
    by_code = board.read("/v1/records", unit="06412", period="2023-Q1").json()["rows"]
    assert by_code == records(board)
    assert records(board, "186@1") == [], "exactly this unit, and nothing below"


@pytest.mark.parametrize("address", ROUTES)
def test_a_board_that_lies_about_an_officer_is_refused(board: Board, address: str) -> None:
    refs = board.refs
    assert board.ask(address, ("Kip-Officer", refs["An"])).status_code == 200
    for gone in (refs["Removed"], refs["Revoked"], refs["An"].replace(".0", ".1")):
        answer = board.ask(address, ("Kip-Officer", gone))
        assert (answer.status_code, answer.json()["error"]) == (410, "gone")
    assert board.ask(address, ("Kip-Officer", refs["Dung"])).status_code == 403, "of no programme that is loaded"
    answer = board.ask(address, ("Kip-Officer", refs["An"]), key=board.reader_key)
    assert (answer.status_code, answer.json()["error"]) == (403, "may_not_act")
    for written in ([""], ["An"], ["12"], [refs["An"], refs["An"]], [f"{refs['An']}; device=x"]):
        answer = board.ask(address, *(("Kip-Officer", item) for item in written))
        assert (answer.status_code, answer.json()["field"]) == (400, "Kip-Officer"), written


@pytest.mark.parametrize("address", ROUTES)
def test_a_board_that_lies_about_a_unit_is_refused(board: Board, address: str) -> None:
    for written in (["06412"], ["99999@1"], [""], [UNIT, UNIT]):
        answer = board.ask(address, *(("Kip-Reach", item) for item in written))
        assert (answer.status_code, answer.json()["field"]) == (400, "Kip-Reach"), written
    about = address in ABOUT_THE_UNIT
    assert board.ask(address, ("Kip-Reach", "186@1")).status_code == 200
    assert board.ask(address, ("Kip-Reach", "06421@1")).status_code == (403 if about else 200)
    officer = ("Kip-Officer", board.refs["Cuc"])
    assert board.ask(address, officer).status_code == (403 if about else 200)
    assert board.ask(address, officer, ("Kip-Reach", UNIT)).status_code == (403 if about else 200)


def test_an_officer_reads_of_their_unit_and_programmes_alone_also_of_what_the_board_has_sent(board: Board) -> None:
    made = access("06412", 402)
    settled(board, 1, lambda: reported(board, made))

    def status(*headers: tuple[str, str]) -> str:
        return str(board.status(made, *headers)[0]["status"])

    assert status() == status(("Kip-Officer", board.refs["An"])) == status(("Kip-Reach", "186@1")) == "applied"
    assert status(("Kip-Officer", board.refs["Cuc"])) == status(("Kip-Reach", "06421@1")) == "pending"
