"""Which event a path of `GET /v1/events/{source}/{id}` names, on a running system at the end of 2025."""

from urllib.parse import quote

import pytest

from tests.aggregation.late import figure, post
from tests.system import System


@pytest.mark.parametrize("written", ["%2Fapp%2Fof%2Fours/day%2F1", "app/of/ours/day/1", "/app/of/ours/day%2F1"])
def test_an_event_whose_id_has_a_slash_is_found(late: System, written: str) -> None:
    name = {"source": "/app/of/ours", "id": "day/1"}
    post(late, figure("06394", "2024-Q3", 10, **name))
    rows = late.read(f"/v1/events/{written}").json()["rows"]
    assert [(row["source"], row["id"], row["status"]) for row in rows] == [(*name.values(), "applied")]


@pytest.mark.parametrize(
    ("source", "event_id"),
    [("s" * 200, "x"), ("/app", "day/1"), ("/app", "day/"), ("/" + "s" * 199, "d/" + "x" * 198), ("app/of", "a+b")],
)
def test_an_event_that_hasn_t_arrived_is_pending_under_its_own_name(late: System, source: str, event_id: str) -> None:
    """Also where another event is called as the path reads with its slashes parted elsewhere."""
    post(late, figure("06394", "2024-Q3", 10, source="/app/day", id="1"))
    path = f"/v1/events/{quote(source, safe='')}/{quote(event_id, safe='')}"
    assert late.read(path).json()["rows"] == [{"source": source, "id": event_id, "status": "pending"}]


@pytest.mark.parametrize(
    ("path", "field"), [("s" * 201 + "/x", "source"), ("s/" + "x" * 201, "id"), ("s/" * 300, "source"), ("s/", "id")]
)
def test_what_no_event_is_called_is_refused(late: System, path: str, field: str) -> None:
    answer = late.read(f"/v1/events/{path}")
    assert (answer.status_code, answer.json()["field"]) == (400, field)
