"""All answers of a running service about a sensitive indicator, put together as somebody would who wants to know.

The small register of `tests/rights/register.py`, over its merger: communes report, and a department of each province.
"""

import csv
import io
import json
import random
from collections.abc import Hashable, Iterator
from itertools import product
from typing import Any, NamedTuple

import pytest

from cli.rollup import table
from tests.aggregation.attack import Equations, Sum, bounds
from tests.aggregation.late import applied
from tests.aggregation.plan import SLUG, TWIN, reported
from tests.rights.register import PLACES, climbs, standing
from tests.system import System, kip

LEAST = 5
WHAT = {"indicator": "abused-children", "programme": SLUG}
QUARTERS = ("2024-Q1", "2024-Q2", "2024-Q3", "2024-Q4", "2025-Q2", "2025-Q3")
LONGER = {
    "2024-H1": QUARTERS[:2], "2024-H2": QUARTERS[2:4], "2024": QUARTERS[:4], "2025": QUARTERS[4:],
    "stage-2025": QUARTERS,
}  # fmt: skip
PARTS = ("female", "male")
Count = tuple[int, int]  # the numerator, and the rest of the denominator


class Report(NamedTuple):
    """What a unit has reported for a quarter: the whole, and its parts where it gave them."""

    whole: Count
    parts: dict[str, Count]


Truth = dict[tuple[str, str], Report]


class Readers(NamedTuple):
    """The keys of an analyst of the nation and one of a province, and of two offices."""

    analyst: str
    of_province: str
    office: str
    commune: str


@pytest.fixture(scope="module")
def readers(planned: System) -> Readers:
    keys = Readers(
        planned.add_source("analyst", "--read"),
        planned.add_source("of-province", "--read", "--subtree", "11@1"),
        planned.add_source("office", "--read", "--small-numbers"),
        planned.add_source("commune", "--read", "--small-numbers", "--subtree", "11101@1"),
    )
    planned.wait_until(lambda: planned.read("/v1/programmes", key=keys.commune).status_code == 200, "keys are known")
    return keys


def count(chance: random.Random) -> Count:
    some = chance.choice((0, 0, 1, 2, 3, 4, 5, 6, 8, 12, 30))
    return some, chance.choice((0, 2, 4, 9, 700, 1200, 1500))


def draw(chance: random.Random) -> Truth:
    """A truth: about a tenth are silent, and a third give no parts."""
    made: Truth = {}
    for (uid, place), quarter in product(PLACES.items(), QUARTERS):
        after = quarter == "2025-Q3"
        if place.level not in {"commune", "province"} or not standing(uid, after=after) or chance.random() < 0.1:
            continue
        female, male = count(chance), count(chance)
        whole = female[0] + male[0], female[1] + male[1]
        given = chance.random() < 0.7
        made[uid, quarter] = Report(whole, dict(zip(PARTS, (female, male), strict=True)) if given else {})
    return made


def post(system: System, truth: Truth, revision: int) -> None:
    events = []
    for (uid, quarter), report in truth.items():
        parts = [({"sex": name}, n, n + rest) for name, (n, rest) in report.parts.items()]
        agency = "ubnd-xa" if PLACES[uid].level == "commune" else "so-gddt"
        n, rest = report.whole
        name = f"{uid}-{quarter}-{revision}"
        event = reported(uid, WHAT["indicator"], quarter, n, n + rest, *parts, agency=agency, id=name)
        event["data"]["revision"] = revision
        events.append(event)
    before = applied(system)
    answer = system.post(events)
    assert answer.status_code == 202, answer.text
    system.wait_until(lambda: applied(system) >= before + len(events), "the figures are applied")


class Row(NamedTuple):
    """A row with the reports that it is made of."""

    row: dict[str, Any]
    of: frozenset[tuple[str, str]]
    part: str | None  # an option of sex; None of the whole

    def truth(self, truth: Truth) -> Count:
        counts = [truth[it].whole if self.part is None else truth[it].parts.get(self.part, (0, 0)) for it in self.of]
        return sum(n for n, _ in counts), sum(rest for _, rest in counts)


def asked(system: System, key: str, truth: Truth, within: str = "VN", view: str | None = None) -> Iterator[Row]:
    """Ask for everything: each level, period, tree and breakdown."""
    periods = {quarter: (quarter,) for quarter in QUARTERS} | LONGER
    views = (view,) if view else ("as_reported", "as_of_today")
    for (period, quarters), way in product(periods.items(), views):
        after = way == "as_of_today" or quarters[-1] == "2025-Q3"
        if not standing(within, after=after):
            continue
        for level, by in product(("nation", "province", "district", "commune"), (None, "sex")):
            query = {**WHAT, "within": within, "period": period, "view": way, "level": level}
            answer = system.read("/v1/rollups", key=key, **query, **({"by": by} if by else {}))
            if answer.status_code == 403:
                continue
            assert answer.status_code == 200, answer.text
            for row in answer.json()["rows"]:
                of = frozenset(it for it in truth if it[1] in quarters and row["uid"] in climbs(it[0], after=after))
                yield Row(row, of, row["by"]["sex"] if by else None)


def unknowns(truth: Truth, row: Row, q: int, *, parts: bool) -> frozenset[Hashable]:
    """What the row is a sum of. With `parts` a whole is the sum of its parts, as anybody would suppose, at those who
    gave them.
    """
    if not parts:
        return frozenset((it, q) for it in row.of)
    if row.part is not None:
        return frozenset((it, row.part, q) for it in row.of if truth[it].parts)
    return frozenset((it, part, q) for it in row.of for part in (truth[it].parts or (None,)))


def learnt(rows: list[Row], truth: Truth, *, parts: bool) -> list[Sum]:
    """What the rows say of the unknowns."""
    sums: list[Sum] = []
    for item in rows:
        row, part = item.row, item.part
        if (part is not None and not parts) or (part is None and "by" in row):
            continue
        for q in (0, 1):
            of = unknowns(truth, item, q, parts=parts)
            if row["numerator"] is not None:
                value = row["numerator"] if q == 0 else row["denominator"] - row["numerator"]
                sums.append(Sum(of, value, value))
            elif q == 0 and row.get("suppressed") == f"<{LEAST}":
                sums.append(Sum(of, 1, LEAST - 1))
    return sums


def worked_out(rows: list[Row], truth: Truth) -> list[object]:
    """The small counts that follow from the rows: of a report, a part of it, or any row."""
    found: list[object] = []
    reports = [Row({}, frozenset([it]), part) for it in truth for part in (None, *truth[it].parts)]
    for parts in (False, True):
        sums = learnt(rows, truth, parts=parts)
        every = frozenset(it for item in sums for it in item.of)
        ranges, equations = bounds(every, sums), Equations(sums)
        for item, q in product([*rows, *reports], (0, 1)):
            if not 1 <= item.truth(truth)[q] < LEAST or (item.part is not None and not parts):
                continue
            of = unknowns(truth, item, q, parts=parts)
            low, high = (sum(ranges.get(it, (0, LEAST))[end] for it in of) for end in (0, 1))
            if low == high or equations.determine(of):
                found.append((item, q, low, high))
    return found


@pytest.mark.parametrize("seed", range(1, 7))
def test_no_small_count_can_be_worked_out_from_all_answers(planned: System, readers: Readers, seed: int) -> None:
    truth = draw(random.Random(seed))
    if seed > 1:  # who has reported once has reported: the new truth is of the same units
        first = draw(random.Random(1))
        truth = {it: truth.get(it, report) for it, report in first.items()}
    post(planned, truth, seed)
    rows = list(asked(planned, readers.analyst, truth))
    hidden = [item for item in rows if "suppressed" in item.row]
    assert len(hidden) > 20 < len(rows) - len(hidden), "some are shown and some are not"
    for item in rows:
        said = item.row["numerator"], item.row["denominator"]
        if said[0] is None:
            assert said[1] is item.row["value"] is item.row["on_track"] is item.row["attainment"] is None
            assert not item.of or "suppressed" in item.row
            assert item.row["flags" if "flags" in item.row else "reason"] in ([], None)
        elif item.of:
            n, rest = item.truth(truth)
            assert said == (n, n + rest), item
            assert not 1 <= n < LEAST
            assert not 1 <= rest < LEAST
    assert worked_out(rows, truth)[:3] == []
    there = {(item.row["uid"], item.row["period"]): item.row for item in rows if item.part is None}
    flagged = [uid for (uid, period), row in there.items() if period == "2025-Q2" and row.get("flags")]
    assert not any("suppressed" in there[uid, "2024-Q2"] for uid in flagged), "a flag tells of the year before"


def test_the_attack_finds_what_isn_t_hidden(planned: System, readers: Readers) -> None:
    """With one more figure, that of a unit hidden beside a small one, it finds the small one."""
    truth = draw(random.Random(1))
    post(planned, truth, 10)
    rows = list(asked(planned, readers.analyst, truth, view="as_reported"))
    shown = {(item.row["uid"], item.row["period"]): item for item in asked(planned, readers.office, truth)}
    hidden = [item for item in rows if item.row.get("suppressed") == "withheld" and "by" not in item.row]
    assert any(
        worked_out([*rows, item._replace(row=shown[item.row["uid"], item.row["period"]].row)], truth)
        for item in hidden
        if item.row["period"] in QUARTERS
    )


def test_two_readers_have_the_same_marks_and_offices_see_the_numbers(planned: System, readers: Readers) -> None:
    truth = draw(random.Random(1))
    post(planned, truth, 11)
    nation = {key_of(item.row): item.row for item in asked(planned, readers.analyst, truth, view="as_reported")}
    own = [item.row for item in asked(planned, readers.of_province, truth, "11@1", "as_reported")]
    assert own
    for row in own:
        there = nation[key_of(row)]
        assert (row["numerator"], row.get("suppressed")) == (there["numerator"], there.get("suppressed"))
    for item in asked(planned, readers.office, truth):
        assert "suppressed" not in item.row
        if item.of and item.part is None:
            n, rest = item.truth(truth)
            assert (item.row["numerator"], item.row["denominator"]) == (n, n + rest)
    for item in asked(planned, readers.commune, truth, "11101@1", "as_reported"):
        assert "suppressed" not in item.row


def key_of(row: dict[str, Any]) -> tuple[str, str, str]:
    return row["uid"], row["period"], str(row.get("by"))


def test_a_programme_that_shares_the_figure_shows_no_more_of_it(planned: System, readers: Readers) -> None:
    """Its cells are kept by the other programme, and so is what has to be withheld."""
    query = {"within": "VN", "period": "2024-Q2"}
    twin = {"programme": TWIN, "indicator": "abused"}
    for level in ("nation", "province", "district", "commune"):
        own, shared = (planned.rollups(key=readers.analyst, level=level, **query, **it) for it in (WHAT, twin))
        names = ("uid", "value", "numerator", "denominator", "suppressed")
        assert [[row.get(name) for name in names] for row in own] == [
            [row.get(name) for name in names] for row in shared
        ]
    parts = planned.rollups(key=readers.analyst, level="commune", by="sex", **query, **twin)
    assert {row["by"]["sex"] for row in parts} == {None}
    told = planned.read("/v1/rollups/explain", key=readers.analyst, **query, **twin).json()["rows"]
    assert told
    assert all(row["suppressed"] == "withheld" for row in told)


def test_pages_and_orders_show_no_more_than_one_page(planned: System, readers: Readers) -> None:
    query = {**WHAT, "within": "VN", "level": "commune", "period": "2024-Q2"}
    whole = {row["uid"]: row.get("suppressed") for row in planned.rollups(key=readers.analyst, **query)}
    assert set(whole.values()) > {None}
    for sort in ("value", "-value", "uid", "-uid", "name", "coverage", "units_missing"):
        rows, after = [], {}
        while True:
            page = planned.read("/v1/rollups", key=readers.analyst, sort=sort, limit="2", **query, **after).json()
            rows += page["rows"]
            if page["next"] is None:
                break
            after = {"after": page["next"]}
        assert {row["uid"]: row.get("suppressed") for row in rows} == whole, sort
    hidden = [
        row["uid"] for row in planned.rollups(key=readers.analyst, sort="-value", **query) if row.get("suppressed")
    ]
    assert hidden == sorted(hidden), "those without a value come last, by their uid"


def test_tables_and_the_console_say_that_a_number_is_there(planned: System, readers: Readers) -> None:
    query = {**WHAT, "within": "VN", "level": "commune", "period": "2024-Q2"}
    rows = planned.rollups(key=readers.analyst, **query)
    words = {None: None, "<5": "‹ 5", "withheld": "…"}
    body = planned.read("/v1/rollups", key=readers.analyst, format="csv", **query).content.decode("utf-8-sig")
    told = {row["uid"]: row for row in csv.DictReader(io.StringIO(body))}
    for row in rows:
        word = words[row.get("suppressed")]
        if word is not None:
            assert (told[row["uid"]]["value"], told[row["uid"]]["numerator"]) == (word, word)
            assert told[row["uid"]]["denominator"] == ""
    assert {word for word in words.values() if word} <= {row["value"] for row in told.values()}
    shown = {str(cell) for column in table(rows, "x", 200).columns for cell in column.cells}
    assert {"‹ 5", "…"} <= shown


def test_the_events_behind_a_figure_are_shown_without_their_numbers(planned: System, readers: Readers) -> None:
    query = {**WHAT, "within": "VN", "period": "2024-Q2"}
    told = planned.read("/v1/rollups/explain", key=readers.analyst, **query).json()
    assert len(told["rows"]) > 10
    numbers = {"numerator", "denominator", "breakdown"}
    assert not any(numbers & set(row["data"]) for row in told["rows"])
    assert {row["suppressed"] for row in told["rows"]} == {"withheld"}
    one = told["rows"][0]
    path = f"/v1/events/tests/{one['id']}"
    for key, seen in ((readers.analyst, False), (readers.office, True), (planned.key, True)):
        (row,) = planned.read(path, key=key).json()["rows"]
        assert (numbers <= set(row["data"])) is seen
        assert ("suppressed" in row) is not seen
    exact = planned.read("/v1/rollups/explain", key=readers.office, **query).json()
    assert all(numbers <= set(row["data"]) for row in exact["rows"])
    plain = planned.read(
        "/v1/rollups/explain", key=readers.analyst, programme=SLUG, indicator="infant-deaths", period="2023-Q1"
    ).json()
    assert all(numbers <= set(row["data"]) for row in plain["rows"]), "of what is not sensitive nothing is hidden"


def test_the_records_of_a_unit_are_shown_without_their_numbers(planned: System, readers: Readers) -> None:
    counted = planned.read("/v1/rollups/explain", key=readers.office, **WHAT, within="VN", period="2024-Q2").json()
    query = {"programme": SLUG, "unit": counted["rows"][0]["uid"], "period": "2024-Q2"}
    told = [planned.read("/v1/records", key=key, **query).json()["rows"] for key in (readers.analyst, readers.office)]
    hidden, exact = ([row for row in rows if row["indicator"] == WHAT["indicator"]] for rows in told)
    assert len(hidden) == len(exact) == 1
    assert (hidden[0]["numerator"], hidden[0]["breakdown"], hidden[0]["suppressed"]) == (None, [], "withheld")
    assert {(it["numerator"], it["denominator"]) for it in hidden[0]["former"]} <= {(None, None)}
    assert isinstance(exact[0]["numerator"], int)
    assert "suppressed" not in exact[0]
    assert {name: hidden[0][name] for name in ("id", "sender")} == {name: exact[0][name] for name in ("id", "sender")}


def test_the_right_belongs_to_a_key_that_reads_and_is_listed(planned: System, readers: Readers) -> None:
    with pytest.raises(AssertionError, match="add --read"):
        planned.add_source("posts-only", "--small-numbers")
    listed = json.loads(kip("source", "list", "--json", environment=planned.environment))
    assert {row["name"]: row["small_numbers"] for row in listed} == {
        "app": False, "reader": False, "analyst": False, "of-province": False, "office": True, "commune": True,
    }  # fmt: skip
    assert readers.office


def test_an_answer_is_not_taken_for_another_reader_s(planned: System, readers: Readers) -> None:
    query = {**WHAT, "within": "VN", "period": "2024-Q2"}
    keys = readers.analyst, planned.reader_key, readers.office
    assert len({planned.read("/v1/rollups", key=key, **query).headers["etag"] for key in keys}) == 3
