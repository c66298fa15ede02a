"""`kip post` against a small server: what it sends, what it says, and what happens when the service is away."""

import json

import pytest
from typer.testing import CliRunner

from cli.main import app
from cli.post import event_lines, posting
from cli.post.event_lines import batches, read_lines
from tests.cli.door import Answer, accepted, door

KEY = "kip_key-of-a-test"


@pytest.fixture
def post(tmp_path, monkeypatch):
    """Write lines to a file and post it; the result of the command."""
    monkeypatch.setattr(posting, "FIRST_WAIT", 0.001)

    def run(url, lines, *options, key=KEY, name="events.jsonl"):
        path = tmp_path / name
        path.write_text("".join(f"{line if isinstance(line, str) else json.dumps(line)}\n" for line in lines))
        environment = {"KIP_KEY": key} if key else {"KIP_KEY": ""}
        return CliRunner().invoke(app, ["post", str(path), "--url", url, *options], env=environment)

    return run


def events(count):
    return [{"id": f"e{number}", "subject": "06412", "data": {"parents": number}} for number in range(count)]


def refused(*bad):
    """Refuses the posts that hold a bad id, like the door: the whole batch, naming each bad one."""

    def answer(asked):
        rejected = [
            {"index": index, "id": event["id"], "errors": [
                {"code": "unit_unknown", "field": "subject", "message": "no such unit", "got": "99999"},
            ]}
            for index, event in enumerate(asked.body)
            if event["id"] in bad
        ]  # fmt: skip
        if not rejected:
            return accepted(asked)
        if asked.query.get("partial") == "true":
            return Answer(207, {"accepted": len(asked.body) - len(rejected), "rejected": rejected})
        return Answer(422, {"accepted": 0, "rejected": rejected})

    return answer


def test_every_line_is_posted_once_in_batches_with_the_key_and_the_batch_type(post):
    with door() as server:
        result = post(server.url, events(23), "--batch", "10")
    assert result.exit_code == 0, result.output
    assert "23 accepted, 0 rejected" in result.stdout
    assert sorted(server.ids) == sorted(event["id"] for event in events(23))
    assert sorted(len(request.body) for request in server.asked) == [3, 10, 10]
    assert {request.path for request in server.asked} == {"/v1/events"}
    assert {request.headers["Authorization"] for request in server.asked} == {f"Bearer {KEY}"}
    assert {request.headers["Content-Type"] for request in server.asked} == {"application/cloudevents-batch+json"}


def test_a_refused_batch_names_line_id_field_code_and_what_came_and_tells_the_cure(post):
    lines = ["", *[json.dumps(event) for event in events(4)]]
    with door(refused("e2")) as server:
        result = post(server.url, lines, "--batch", "2", "--concurrency", "1")
    assert result.exit_code == 1
    assert "2 accepted, 1 rejected" in result.stdout
    assert 'line 4 (id e2): subject: unit_unknown: no such unit, got "99999"' in result.stderr
    assert "1 good lines stood in the same batches and were not taken" in result.stderr
    assert "--partial" in result.stderr


def test_partial_takes_the_good_lines_of_a_batch(post):
    with door(refused("e2")) as server:
        result = post(server.url, events(4), "--partial", "--json")
    said = json.loads(result.stdout)
    assert result.exit_code == 1
    assert (said["accepted"], said["held_back"]) == (3, 0)
    assert [(item["line"], item["id"], item["errors"][0]["code"]) for item in said["rejected"]] == [
        (3, "e2", "unit_unknown")
    ]
    assert server.asked[0].query == {"partial": "true"}


def test_a_dry_run_says_so_to_the_service(post):
    with door(lambda asked: Answer(200, {"accepted": len(asked.body), "rejected": []})) as server:
        result = post(server.url, events(3), "--dry-run")
    assert "3 would be accepted" in result.stdout
    assert server.asked[0].query == {"dry_run": "true"}


@pytest.mark.parametrize("away", [503, 429, 502, 0], ids=["503", "429", "502", "dropped connection"])
def test_a_service_that_is_away_is_tried_again_with_the_same_events_until_it_takes_them(post, away):
    left = [Answer(away, {"message": "the broker did not confirm"}, {"Retry-After": "0"})] * 3

    def answer(asked):
        return left.pop() if left else accepted(asked)

    with door(answer) as server:
        result = post(server.url, events(5), "--json")
    assert result.exit_code == 0, result.output
    assert json.loads(result.stdout)["accepted"] == 5
    assert json.loads(result.stdout)["retries"] == 3
    assert [[event["id"] for event in request.body] for request in server.asked] == [["e0", "e1", "e2", "e3", "e4"]] * 4


def test_it_waits_as_long_as_the_service_asks_and_no_longer_than_its_patience(post):
    with door(lambda _: Answer(503, {"message": "later"}, {"Retry-After": "3600"})) as server:
        result = post(server.url, events(2), "--patience", "5")
    assert result.exit_code == 1
    assert len(server.asked) == 1
    assert "gave up on lines 1-2" in str(result.exception)
    assert "Run the same command again later" in str(result.exception)


def test_a_second_run_after_a_failure_posts_the_same_ids(post):
    taken = []

    def answer(asked):
        if len(taken) >= 2:
            return Answer(503, {"message": "gone"}, {"Retry-After": "60"})
        taken.append(asked)
        return accepted(asked)

    lines = [{"subject": "06412", "data": {"parents": number}} for number in range(40)]
    with door(answer) as server:
        first = post(server.url, lines, "--batch", "10", "--concurrency", "1", "--patience", "0")
    assert first.exit_code == 1
    assert "20 events were accepted before that" in str(first.exception)
    with door() as again:
        second = post(again.url, lines, "--batch", "10")
    assert second.exit_code == 0
    assert set(server.ids) <= set(again.ids)
    assert len(set(again.ids)) == 40


def test_a_line_without_an_id_gets_one_that_follows_from_its_content_alone(tmp_path):
    path = tmp_path / "events.jsonl"
    path.write_text(
        '{"subject": "06412", "data": {"b": 1, "a": 2}}\n{"data": {"a": 2, "b": 1}, "subject": "06412"}\n{}\n'
    )
    first, same, other = [line.id for line in read_lines(path)]
    assert first == same != other


def test_batches_stay_below_half_of_what_the_door_takes(tmp_path):
    path = tmp_path / "events.jsonl"
    path.write_text("".join(f'{{"id": "{number}", "text": "{"x" * 50_000}"}}\n' for number in range(200)))
    made = list(batches(read_lines(path), 500))
    assert len(made) > 1
    assert max(len(batch.body) for batch in made) <= 4.1 * 1024 * 1024
    assert sum(len(batch.lines) for batch in made) == 200


@pytest.mark.parametrize(
    ("line", "reason"),
    [("{not json", "not JSON"), ("[1, 2]", "expected one event a line (NDJSON), one event or an array of events")],
)
def test_a_broken_line_is_told_before_anything_is_posted(post, line, reason):
    with door() as server:
        result = post(server.url, [*events(3), line])
    assert result.exit_code == 1
    assert "events.jsonl:4:" in str(result.exception)
    assert reason in str(result.exception)
    assert server.asked == []


@pytest.mark.parametrize("indent", [None, 2], ids=["in a line", "over several lines"])
@pytest.mark.parametrize("mark", ["", "\ufeff"], ids=["plain", "with a byte order mark"])
@pytest.mark.parametrize("document", [events(1)[0], events(3)], ids=["one event", "an array"])
def test_a_file_that_is_one_json_document_is_posted(post, document, mark, indent):
    with door() as server:
        result = post(server.url, [mark + json.dumps(document, indent=indent)], name="events.json")
    assert result.exit_code == 0, result.output
    sent = [event for request in server.asked for event in request.body]
    assert sent == (document if isinstance(document, list) else [document])


def test_an_event_of_an_array_is_named_by_the_line_where_it_begins(post):
    with door(refused("e2")) as server:
        result = post(server.url, ["", json.dumps(events(3), indent=1)], name="events.json")
    assert "line 17 (id e2): subject: unit_unknown" in result.stderr


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ('{\n "id": 1,\n "data": oops\n}', 3),
        ('[{"id": "a"},\n {"id": "b"},\n 3]', 3),
        ('{\n "id": "a"\n}\n{\n "id": "b"\n}', 4),
        ("3", 1),
        ("[" * 100_000, 1),
        ("code,period", 1),
    ],
)
def test_a_file_that_is_neither_hears_what_is_expected_and_where(post, text, place):
    with door() as server:
        result = post(server.url, [text], name="events.json")
    assert f"events.json:{place}: expected one event a line (NDJSON), one event or an array of" in str(result.exception)
    assert server.asked == []


def test_a_document_is_bounded(post, monkeypatch):
    monkeypatch.setattr(event_lines, "DOCUMENT_BYTES", 2000)
    with door() as server:
        result = post(server.url, [json.dumps(events(100))])
        assert "expected 0 MiB at most, or one event a line" in str(result.exception)
        assert server.asked == []
        assert post(server.url, events(100)).exit_code == 0


@pytest.mark.parametrize("text", ["", "\n \n", "[]", "[\n]"])
def test_a_file_without_an_event_is_refused(post, text):
    with door() as server:
        result = post(server.url, [text])
    assert result.exit_code == 1
    assert "nothing in it to post" in str(result.exception)
    assert server.asked == []


def test_a_sheet_without_a_row_is_refused(post):
    with door() as server:
        result = post(server.url, ["unit,agency,period,indicator,numerator,denominator"], "--dry-run", name="empty.csv")
    assert result.exit_code == 1
    assert "nothing in it to post" in str(result.exception)
    assert server.asked == []


def test_an_old_excel_file_is_refused_with_what_is_expected(post):
    with door() as server:
        result = post(server.url, ["code,period"], name="figures.xls")
    assert "expected XLSX, CSV or JSON lines" in str(result.exception)
    assert server.asked == []


def test_a_key_that_is_not_known_stops_at_once(post):
    with door(lambda _: Answer(401, {"error": "unauthorized", "message": "no valid key"})) as server:
        result = post(server.url, events(40), "--batch", "10", "--concurrency", "1")
    assert len(server.asked) == 1
    assert "knows no such key: no valid key" in str(result.exception)


def test_a_key_without_rights_hears_which_line_and_that_nothing_of_the_batch_was_taken(post):
    rejected = [{"index": 1, "id": "e1", "errors": [
        {"code": "unit_not_allowed", "field": "subject", "message": "the key has no right on it", "got": "05431"},
    ]}]  # fmt: skip
    with door(lambda _: Answer(403, {"accepted": 0, "rejected": rejected})) as server:
        result = post(server.url, events(3))
    assert "nothing of their batch was taken" in str(result.exception)
    assert "line 2 (id e1): subject: the key has no right on it" in str(result.exception)


def test_without_a_key_nothing_is_asked(post):
    with door() as server:
        result = post(server.url, events(1), key="")
    assert "no key" in str(result.exception)
    assert server.asked == []


def test_a_service_that_is_away_is_told_once(post):
    left = [Answer(0)] * 9

    with door(lambda asked: left.pop() if left else accepted(asked)) as server:
        result = post(server.url, events(40), "--batch", "5", "--patience", "60")
    assert result.exit_code == 0, result.output
    assert len(server.asked) == 17
    assert result.stderr == f"{server.url} doesn't answer (RemoteProtocolError); trying for 60 s more\n"


@pytest.mark.parametrize("key", ["kip_a\nb", "kip_a\x00b"], ids=["newline", "zero"])
def test_a_key_that_no_request_can_carry_is_refused_at_once_and_not_repeated(post, key):
    with door() as server:
        result = post(server.url, events(1), "--key", key)
    assert result.exit_code == 1
    assert "check --url and the key" in str(result.exception)
    assert "kip_a" not in str(result.exception)
