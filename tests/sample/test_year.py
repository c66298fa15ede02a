"""The made-up year: the same for the same seed, whole, plausible, and acceptable at the door."""

from collections import Counter
from datetime import timedelta

import pytest
from pydantic import TypeAdapter

from sample.duties import Fate
from sample.scope import READER, SENDERS
from sample.year import as_lines, make_year
from shared.domain.events import Kind, PostedEvent


def test_the_same_seed_gives_the_same_bytes_and_another_seed_others(programme, scope, data):
    assert as_lines(make_year(1437, programme, scope).posts) == as_lines(data.year.posts)
    assert as_lines(make_year(1438, programme, scope).posts) != as_lines(data.year.posts)


def test_huu_lung_and_thai_nguyen_take_part_with_all_their_communes(scope):
    assert [unit.name for unit in scope.provinces] == ["Tỉnh Thái Nguyên", "Tỉnh Lạng Sơn"]
    assert Counter(unit.parent for unit in scope.communes)["186@1"] == 23
    assert len(scope.communes) == 23 + 172
    assert len(scope.districts) == 1 + 9


def test_every_event_is_one_that_the_contract_of_events_knows(data):
    adapter = TypeAdapter(list[PostedEvent])
    assert len(adapter.validate_python([dict(post.event) for post in data.year.posts])) == len(data.year.posts)
    assert 15_000 < len(data.year.posts) < 30_000


def test_whoever_sees_an_event_or_its_sender_reads_that_it_is_invented(data):
    assert all("made-up" in post.event["id"] and "made-up" in post.event["source"] for post in data.year.posts)
    assert all(name.startswith("sample-year") for name in (*SENDERS.values(), READER))
    assert all("hư cấu" in officer.name and officer.address.endswith(".example") for officer in data.officers)


def test_activities_of_every_type_are_held_at_every_level_that_may(data, programme):
    levels = {len(code): level for code, level in (("19", "province"), ("186", "district"), ("06412", "commune"))}
    seen = {
        (post.event["data"]["activity"], levels[len(post.event["subject"])])
        for post in data.year.posts
        if post.kind == Kind.ACTIVITY_RECORDED
    }
    assert seen == {(activity.slug, level) for activity in programme.activities for level in activity.levels}


def test_nothing_is_posted_before_it_has_happened(data):
    for post in data.year.posts:
        held_on = post.event["data"].get("held_on")
        assert held_on is None or held_on <= post.at.date().isoformat()
        assert post.event["time"] <= post.at.isoformat()


def test_posts_come_in_the_order_of_their_instants(data):
    instants = [post.at for post in data.year.posts]
    assert instants == sorted(instants)


@pytest.mark.parametrize(
    ("dimension", "adds_up"), [("sex", True), ("age-band", True), ("group", True), ("domain", False)]
)
def test_parts_of_an_exclusive_dimension_add_up_to_the_whole_and_no_part_exceeds_it(data, dimension, adds_up):
    checked = 0
    for post in data.year.posts:
        figures = post.event["data"]
        parts = [split for split in figures.get("breakdown", ()) if dimension in split["by"]]
        if not parts:
            continue
        checked += 1
        assert all(0 <= split["numerator"] <= split["denominator"] for split in parts)
        assert all(split["numerator"] <= figures["numerator"] for split in parts)
        if adds_up:
            assert sum(split["numerator"] for split in parts) == figures["numerator"]
            assert sum(split["denominator"] for split in parts) == figures["denominator"]
    assert checked > 700


def test_persons_given_knowledge_since_the_stage_began_never_become_fewer(data):
    first_words = {}
    for post in data.year.posts:
        figures = post.event["data"]
        if figures.get("indicator") == "knowledge-skills-provided" and figures.get("revision") == 0:
            key = (post.event["subject"], figures["agency"])
            first_words.setdefault(key, {})[figures["period"]] = figures["numerator"]
    for by_period in first_words.values():
        ordered = [by_period[period] for period in sorted(by_period)]
        assert ordered == sorted(ordered)


def test_a_handful_is_late_a_handful_is_silent_and_mishaps_are_among_them(data):
    fates = Counter(item.fate for item in data.year.submissions)
    assert len(data.year.submissions) == 1073
    assert 20 <= fates[Fate.SILENT] <= 40
    assert 20 <= fates[Fate.LATE] + fates[Fate.VERY_LATE] <= 60
    ids = Counter(post.event["id"] for post in data.year.posts)
    assert sum(count - 1 for count in ids.values()) > 100
    revisions = Counter(post.event["data"].get("revision", 0) > 0 for post in data.year.posts)
    assert revisions[True] > 200
    assert sum(post.kind == Kind.RECORD_RETRACTED for post in data.year.posts) > 20
    assert sum("supersedes" in post.event["data"] for post in data.year.posts) >= 3


def test_yen_vuong_says_nothing_about_the_first_quarter_and_something_about_the_others(data):
    said = {
        post.event["data"]["period"]
        for post in data.year.posts
        if post.event["subject"] == "06412" and "period" in post.event["data"]
    }
    assert "2023-Q1" not in said
    assert {"2023-Q2", "2023-Q3", "2023-Q4"} <= said


def test_some_correction_arrives_before_what_it_corrects(data):
    at = {}
    for post in data.year.posts:
        record = post.event["data"].get("record")
        if record is not None and post.kind == Kind.ACTIVITY_RECORDED:
            at.setdefault((post.sender, record), []).append((post.event["data"]["revision"], post.at))
    overtaken = [times for times in at.values() if times[0][0] > times[-1][0]]
    assert len(overtaken) >= 5
    assert all(times[-1][1] - times[0][1] < timedelta(days=30) for times in overtaken)
