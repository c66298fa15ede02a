"""The main job through the real stack: a post shows at four levels, counted once, corrected, or refused whole."""

import json

import pytest

from sample.post import Post
from sample.scope import read_scope
from sample.tally import tally
from shared.domain.events import Kind
from tests.system import System, access, counselling, event, kip

COMMUNE, DISTRICT, PROVINCE, NATION = ("06412", "commune"), ("186", "district"), ("20", "province"), ("VN", "nation")


@pytest.fixture(scope="module")
def running(stack, rabbitmq, session_database, loaded_template):
    """All three services on a database and a virtual host of this module's own."""
    system = System(
        stack, rabbitmq.add_vhost("main-job"), session_database(loaded_template),
        names=("intake", "aggregation", "notifications"),
    )  # fmt: skip
    yield system
    system.services.stop()


def figure(system, place, **asked):
    """The one row of a place."""
    within, level = place
    query = asked or {"indicator": "child-service-access", "period": "2023-Q1"}
    return next(row for row in system.rollups(within=within, level=level, **query) if row["code"] == within)


def ratio(system, place):
    row = figure(system, place)
    return row["numerator"], row["denominator"], row["units_reported"]


def applied(system):
    """Of what senders post: our own obligation events are counted by the same metric, whenever they come."""
    return sum(system.metric("aggregation", "kip_events_applied_total", kind=kind) for kind in Kind)


def post_and_wait(system, events, count=None):
    """Post, and wait until the aggregation service has taken every one of them."""
    target = applied(system) + (len(events) if count is None else count)
    answer = system.post(events)
    assert answer.status_code == 202, answer.text
    system.wait_until(lambda: applied(system) >= target, "the events are applied")


@pytest.fixture(scope="module")
def posted(running):
    """Two communes of Hữu Lũng and one of Thái Nguyên have reported; Yên Vượng has held a counselling."""
    events = [
        access("06412", 412, id="a-yen-vuong"),
        access("06427", 300, id="a-cai-kinh"),
        access("05431", 100, id="a-quan-trieu"),
        counselling("06412", "r1", parents=24, id="c-yen-vuong"),
    ]
    post_and_wait(running, events)
    return events


def test_a_post_shows_at_four_levels_with_its_coverage(running, posted):
    assert ratio(running, COMMUNE) == (412, 530, 1)
    assert ratio(running, DISTRICT) == (712, 1060, 2)
    assert ratio(running, PROVINCE) == (712, 1060, 2)
    assert ratio(running, NATION) == (812, 1590, 3)
    nation = figure(running, NATION)
    assert nation["value"] == round(100 * 812 / 1590, 4)
    assert (nation["units_expected"], nation["units_missing"]) == (10_035, 10_032)
    assert (figure(running, DISTRICT)["units_expected"], nation["target"]) == (23, 90.0)
    held = figure(running, DISTRICT, activity="parent-counselling", period="2023-03")
    assert (held["value"], held["participants"], held["female"], held["amount"]) == (1, 24, 12, 1_500_000)


def test_the_same_post_again_changes_nothing(running, posted):
    before = {place: figure(running, place) | {"as_of": None} for place in (COMMUNE, DISTRICT, PROVINCE, NATION)}
    post_and_wait(running, posted)
    post_and_wait(running, [posted[0], posted[0]])
    after = {place: figure(running, place) | {"as_of": None} for place in before}
    assert after == before
    assert running.metric("aggregation", "kip_events_applied_total", outcome="duplicate") >= len(posted) + 2


def test_a_correction_replaces_at_every_level_even_when_it_overtakes_what_it_corrects(running, posted):
    post_and_wait(running, [access("06430", 250, revision=1), access("06430", 500, revision=0)])
    assert ratio(running, ("06430", "commune"))[:2] == (250, 530)
    before = ratio(running, NATION)
    post_and_wait(running, [access("06430", 260, revision=2)])
    assert ratio(running, ("06430", "commune"))[:2] == (260, 530)
    assert ratio(running, NATION) == (before[0] + 10, before[1], before[2])
    post_and_wait(running, [counselling("06430", "r7", parents=10), counselling("06430", "r7", revision=1, parents=4)])
    held = figure(running, ("06430", "commune"), activity="parent-counselling", period="2023-03")
    assert (held["value"], held["participants"]) == (1, 4)


def test_a_withdrawal_takes_the_figure_out_and_the_unit_is_missing_again(running, posted):
    post_and_wait(running, [access("06433", 200)])
    before = ratio(running, DISTRICT)
    key = {"indicator": "child-service-access", "agency": "ubnd-xa", "period": "2023-Q1", "revision": 1}
    post_and_wait(running, [event("record.retracted", "06433", key)])
    assert ratio(running, DISTRICT) == (before[0] - 200, before[1] - 530, before[2] - 1)
    assert ratio(running, ("06433", "commune")) == (None, None, 0)
    missing = running.read("/v1/rollups/missing", indicator="child-service-access", period="2023-Q1", within="186")
    assert "06433" in {row["code"] for row in missing.json()["rows"]}
    assert "06412" not in {row["code"] for row in missing.json()["rows"]}


def test_a_bad_event_is_refused_with_index_field_and_code_and_nothing_of_its_batch_is_taken(running, posted):
    before, taken = ratio(running, NATION), applied(running)
    answer = running.post([access("06436", 100), access("99999", 100, id="nowhere"), access("06442", 531)])
    assert answer.status_code == 422
    refused = answer.json()
    assert refused["accepted"] == 0
    assert [(item["index"], [(e["field"], e["code"]) for e in item["errors"]]) for item in refused["rejected"]] == [
        (1, [("subject", "unit_unknown")]),
        (2, [("data.numerator", "numerator_exceeds_denominator"),
             ("data.breakdown.0.numerator", "numerator_exceeds_denominator")]),
    ]  # fmt: skip
    assert refused["rejected"][0]["id"] == "nowhere"
    assert refused["rejected"][0]["errors"][0]["got"] == "99999"
    post_and_wait(running, [counselling("06412", "after", parents=1)])  # whatever had slipped in came before this
    assert applied(running) == taken + 1
    assert ratio(running, NATION) == before
    assert ratio(running, ("06436", "commune")) == (None, None, 0)


def test_a_key_of_one_province_posts_nothing_for_another(running, posted):
    key = running.add_source("of-lang-son", "--subtree", "20@1")
    before = ratio(running, NATION)
    answer = running.post([access("06448", 10), access("05431", 10)], key=key)
    assert answer.status_code == 403
    assert [item["index"] for item in answer.json()["rejected"]] == [1]
    assert ratio(running, NATION) == before


def test_kip_post_and_kip_rollup_carry_a_slice_of_the_made_up_year_and_agree_with_its_tally(running, tmp_path):
    communes = {code: 100 + number for number, code in enumerate(("06385", "06388", "06391", "06394"))}
    lines = [access(code, served, id=f"slice-{code}") for code, served in communes.items()]
    lines += [counselling(code, f"slice-{code}", parents=served // 10) for code, served in communes.items()]
    lines.append(access("06385", 40, revision=1, id="slice-correction"))
    path = tmp_path / "slice.jsonl"
    path.write_text("".join(f"{json.dumps(line)}\n" for line in lines))
    environment = {**running.environment, "KIP_KEY": running.key}
    target = applied(running) + 2 * len(lines)
    for _ in range(2):  # safe to run again
        said = json.loads(
            kip("post", str(path), "--url", running.services.url("intake"), "--json", environment=environment)
        )
        assert (said["accepted"], said["rejected"]) == (len(lines), [])
    running.wait_until(lambda: applied(running) >= target, "the slice is applied twice")

    posts = [Post(None, "app", line) for line in lines]
    from_tally = tally(posts, read_scope().units)
    options = ("--indicator", "child-service-access", "--within", "186", "--level", "commune", "--period", "2023-Q1")
    environment["KIP_KEY"] = running.reader_key
    rows = json.loads(
        kip("rollup", *options, "--url", running.services.url("aggregation"), "--json", environment=environment)
    )["rows"]
    shown = {row["code"]: (row["numerator"], row["denominator"]) for row in rows if row["code"] in communes}
    assert shown == {
        code: (sums.numerator, sums.denominator)
        for code in communes
        for sums in [from_tally.cells["indicator:child-service-access", "2023-Q1", f"{code}@1"][""]]
    }
    assert shown["06385"] == (40, 530)
    assert "Xã Hữu Liên" in kip(
        "rollup", *options, "--url", running.services.url("aggregation"), environment=environment
    )
