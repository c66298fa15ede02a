"""The board as it runs, with the three services behind it."""

import json
import re
import stat
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from deploy.local.http import LOCAL
from deploy.local.rabbitmq import RabbitMQ
from deploy.local.stack import LocalStack
from shared.access.keys import new_key
from shared.domain.events import Kind
from tests.conftest import NewDatabase
from tests.system import System, kip, mails_since_now

OFFICERS = """name,role,unit,agency,channels,language
Nguyễn An,Chủ tịch,06412,ubnd-xa,email:an.tren-bang@example.vn,vi
"""
# What notifications says at this moment and not a moment later.
OF_THE_MOMENT = {"date"}


class Behind(System):
    """All services, an officer, and the link in the message that the officer got."""

    ack: str
    calendar: str

    def answers(self, method: str, path: str, **options: object) -> list[tuple[int, dict[str, str], bytes]]:
        """What the board and then what notifications itself answers to the same."""
        found = []
        for name in ("board", "notifications"):
            answer = LOCAL.request(method, f"{self.services.url(name)}{path}", **options)
            headers = {name: value for name, value in answer.headers.items() if name not in OF_THE_MOMENT}
            page = re.sub(rb"/v1/calendar/\S+\.ics|DTSTAMP:\S+", b"(of this second)", answer.content)
            found.append((answer.status_code, headers, page))
        return found


@pytest.fixture(scope="module")
def behind(
    stack: LocalStack,
    rabbitmq: RabbitMQ,
    session_database: NewDatabase,
    district_template: str,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Behind]:
    """Everything, on the morning after a report was due."""
    names = ("intake", "aggregation", "notifications", "board")
    running = Behind(
        stack, rabbitmq.add_vhost("board"), session_database(district_template), names,
        {"KIP_CLOCK": "2023-03-10T08:00:00+07:00", "KIP_SWEEP_INTERVAL": "1"},
    )  # fmt: skip
    officers = tmp_path_factory.mktemp("officers") / "officers.csv"
    officers.write_text(OFFICERS, encoding="utf-8")
    kip("officer", "import", str(officers), environment=running.environment)
    mails = mails_since_now(stack.mail_dir)
    kip("tick", "--now", "2023-03-15T08:00:00+07:00", environment=running.environment)
    text = next(mail for mail in mails() if "an.tren-bang" in mail["To"]).get_body(("plain",)).get_content()
    (token,) = set(re.findall(rf"{running.services.url('board')}/l/(\S+)", text))
    running.ack = f"/v1/ack/{token}"
    running.calendar = _calendar(running, token)
    yield running
    running.services.stop()


def _calendar(running: System, token: str) -> str:
    """The calendar of the officer of a link, whose desk names it."""
    headers = {"Authorization": f"Bearer {running.add_source('acts', '--read', '--act')}"}
    url = running.services.url("notifications")

    def resolve() -> httpx.Response:
        return LOCAL.post(f"{url}/v1/links/resolve", json={"token": token}, headers=headers)

    running.wait_until(lambda: resolve().status_code == 200, "the key is known")
    ref = resolve().json()["officer"]["ref"]
    desk = LOCAL.get(f"{url}/v1/officers/{ref}/desk", headers=headers).json()
    return re.findall(r"/v1/calendar/\S+\.ics", desk["calendar"])[0]


def _board(running: System) -> str:
    return running.services.url("board")


def test_it_is_ready_says_who_answers_and_counts_its_requests(behind: Behind) -> None:
    seen = f"{_board(behind)}/readyz"
    # Started beside the others, it may have asked them before they listened: it asks again in a moment.
    behind.wait_until(lambda: set(LOCAL.get(seen).json()["services"].values()) == {"ok"}, "it sees the others")
    told = LOCAL.get(seen)
    assert told.status_code == 200
    assert told.json()["checks"] == {"database": "ok", "key": "ok", "tasks": "ok", "work": "ok"}
    assert told.json()["services"] == {"intake": "ok", "aggregation": "ok", "notifications": "ok"}
    LOCAL.get(_board(behind) + behind.calendar)
    assert behind.metric("board", "kip_http_requests_total", route="/v1/calendar/{token}", status="200") >= 1
    assert behind.metric("board", "kip_service_up") == 3


def test_a_calendar_is_answered_as_notifications_answers_it(behind: Behind) -> None:
    for method in ("GET", "HEAD"):
        board, itself = behind.answers(method, behind.calendar)
        assert board == itself
        assert board[0] == 200
        assert board[1]["content-type"].startswith("text/calendar")
        assert (method == "HEAD") == (not board[2])


def test_an_address_of_before_the_board_leads_to_its_page_whatever_the_link_is(behind: Behind) -> None:
    for path in (behind.ack, f"{behind.ack}?done=mute", "/v1/ack/x", "/v1/ack/a%22b%3c", "/v1/ack/%C4%91?%zz"):
        for method in ("GET", "HEAD"):
            board, itself = behind.answers(method, path, headers={"Accept": "text/html"})
            assert board == itself
            assert (board[0], board[2]) == (303, b"")
            assert board[1]["location"].startswith(f"{_board(behind)}/l/")
    headers = {"Accept": "text/html", "Accept-Language": "vi"}
    opened = LOCAL.get(_board(behind) + behind.ack, headers=headers, follow_redirects=True)
    assert (opened.status_code, "Liên kết dành cho Ông/Bà Nguyễn An" in opened.text) == (200, True)
    bad = LOCAL.get(f"{_board(behind)}/v1/ack/x", headers=headers, follow_redirects=True)
    assert (bad.status_code, "Liên kết này không đúng" in bad.text) == (404, True)


def test_refusals_of_notifications_are_its_own(behind: Behind) -> None:
    board, itself = behind.answers("GET", "/v1/calendar/x.ics")
    assert board == itself
    assert board[0] == 404
    for language in ("vi", "en"):
        board, itself = behind.answers(
            "POST", behind.ack, data={"action": "mute"}, headers={"Accept-Language": language}
        )
        assert board == itself
        assert board[0] == 422
    longer = {"action": "mute", "until": "x" * 20_000}
    assert LOCAL.post(_board(behind) + behind.ack, data=longer).status_code == 413


def test_one_click_has_no_redirect(behind: Behind) -> None:
    one_click = LOCAL.post(_board(behind) + behind.ack, data={"List-Unsubscribe": "One-Click"})
    assert (one_click.status_code, one_click.json()["programme"]) == (200, "ecd-1437")


@pytest.mark.parametrize(
    "path",
    ["/v1/obligations", "/v1/obligations/1/waive", "/v1/ack", "/v1/ack/", "/v1/ack/a/b", "/v1/ack/..", "/v1/ack/%2e%2e",
     "/v1/ack/%2E", "/v1/ack/..%2f..%2fspool", "/v1/ack/../obligations", "/v1/calendar/", "/v1/alerts", "/spool"],
)  # fmt: skip
def test_nothing_else_goes_through(behind: Behind, path: str) -> None:
    with httpx.Client(trust_env=False) as client:
        address = httpx.URL(_board(behind))
        raw = client.build_request("GET", address, headers={"Authorization": f"Bearer {behind.reader_key}"})
        raw.extensions["target"] = path.encode()  # as it is written: a client would tidy it
        answer = client.send(raw)
    assert (answer.status_code, answer.json()["error"]) == (404, "not_found")


def test_other_methods_are_refused(behind: Behind) -> None:
    for method, path in (("PUT", behind.ack), ("DELETE", behind.ack), ("POST", behind.calendar)):
        answer = LOCAL.request(method, _board(behind) + path)
        assert (answer.status_code, answer.json()["error"]) == (405, "method_not_allowed")


def test_it_goes_on_without_a_service_and_says_which(behind: Behind) -> None:
    behind.services.kill("notifications")
    try:
        answer = LOCAL.get(_board(behind) + behind.ack, headers={"Accept-Language": "vi"})
        assert (answer.status_code, answer.json()["error"]) == (502, "no_answer")
        assert answer.json()["message"] == "dịch vụ phía sau không trả lời; hãy thử lại sau ít phút"
        behind.wait_until(lambda: behind.metric("board", "kip_service_up") == 2, "it is seen")
        told = LOCAL.get(f"{_board(behind)}/readyz")
        assert told.status_code == 200
        assert "does not answer" in told.json()["services"]["notifications"]
        assert told.json()["services"]["intake"] == "ok"
    finally:
        behind.services.start("notifications")
    assert LOCAL.get(_board(behind) + behind.ack).status_code == 303
    behind.wait_until(lambda: behind.metric("board", "kip_service_up") == 3, "all are seen")


def test_its_key_is_let_in_once_replaced_with_an_overlap_and_never_another_s(behind: Behind, tmp_path: Path) -> None:
    def let_in(key: str) -> str:
        file = tmp_path / "key"
        file.write_text(f"{key}\n")
        return kip("board", "key", environment={**behind.environment, "KIP_BOARD_KEY_FILE": str(file)})

    made = Path(behind.environment["KIP_BOARD_KEY_FILE"])
    assert stat.S_IMODE(made.stat().st_mode) == 0o600
    assert let_in(made.read_text()) == "the board's key is let in already\n"
    assert let_in(new_key()) == "the board's key is let in; 1 former one(s) go on for 24 h\n"
    with pytest.raises(AssertionError, match="belongs to app"):
        let_in(behind.key)
    rows = json.loads(kip("source", "list", "--json", environment=behind.environment))
    (sender,) = (row for row in rows if row["name"] == "kip-board")
    assert sender["kinds"] == sorted(Kind)
    assert (sender["can_read"], sender["small_numbers"], sender["can_act"]) == (True, True, True)
    assert sorted(bool(key["expires_at"]) for key in sender["keys"]) == [False, True]


def test_it_is_not_ready_once_its_key_has_ended(behind: Behind) -> None:
    kip("source", "revoke", "kip-board", environment=behind.environment)
    try:
        behind.wait_until(lambda: LOCAL.get(f"{_board(behind)}/readyz").status_code == 503, "it is refused")
        told = LOCAL.get(f"{_board(behind)}/readyz").json()["checks"]
        assert told["key"] == "aggregation refuses it (401): run 'kip board key' with KIP_BOARD_KEY_FILE"
        assert told["database"] == "ok"
    finally:
        behind.services.stop("board")
