"""Who means ill: with a forwarded link, another officer's session, a page elsewhere, or a client that is no browser."""

import json
import re
import socket
import time
from collections.abc import Iterator
from html import escape
from typing import Any
from urllib.parse import quote, unquote, urlsplit

import httpx
import pytest

from services.board.access.ways_back import local_path
from services.board.app import make_app
from services.board.pages.rendering import PAGE_HEADERS
from shared.runtime.config import Settings
from tests.board.conftest import Office
from tests.board.test_entering import AN, enter, rows
from tests.system import kip

XUAN_OWES = "ecd-1437~progress-quarterly~06427@1~ubnd-xa~2023-Q1~0"
AN_OWES = XUAN_OWES.replace("06427", "06412")
FIGURE = f"/report/{XUAN_OWES}/figure/child-service-access/2023-Q1"
RECORD = "9b2f8a0e-0000-4000-8000-000000000000"
TYPED = {"version": "1", "number": "1", "numerator": "1", "denominator": "2", "reason": "x", "until": "2023-03-30",
         "what": XUAN_OWES, "programme": "ecd-1437", "obligation": XUAN_OWES, "text": "x", "code": "123456",
         "activity": "parent-counselling"}  # fmt: skip
STATE = """
    SELECT (SELECT count(*) FROM board.draft) AS drafts, (SELECT count(*) FROM board.submission) AS submissions,
           (SELECT count(*) FROM board.act WHERE what NOT IN ('enter', 'invite')) AS acts,
           (SELECT count(*) FROM notifications.acknowledgement) AS acknowledged,
           (SELECT count(*) FROM notifications.change WHERE by IS NOT NULL) AS decided,
           (SELECT count(*) FROM notifications.code) AS codes
"""
FORWARDED = ("/v1/ack/{token}",)  # answered by notifications, whose own tests are about it


def posted_to(office: Office) -> list[str]:
    """Every address of the board that takes a POST."""
    given = {"amqp_url": "amqp:", "database_url": office.database_url, "board_key": "x", "public_url": office.url}
    filled = {"token": office.link_of(AN)[3:], "obligation": XUAN_OWES, "name": XUAN_OWES, "record": RECORD,
              "indicator": "child-service-access", "period": "2023-Q1"}  # fmt: skip
    app = make_app(Settings(**given))  # type: ignore[arg-type]
    found = [
        route.path.format(**filled)
        for route in app.routes
        if "POST" in (route.methods or ()) and route.path not in FORWARDED
    ]
    assert len(found) >= 15
    return found


def state(office: Office) -> dict[str, int]:
    (row,) = rows(office, STATE)
    return dict(row)


class Patient(httpx.Client):
    """Waits where it is told to: what is tried here is more than an officer asks for."""

    def request(self, *words: Any, **options: Any) -> httpx.Response:
        while (answer := super().request(*words, **options)).status_code == 429:
            time.sleep(int(answer.headers["retry-after"]))
        return answer


@pytest.fixture
def verified(office: Office, person: httpx.Client) -> Iterator[httpx.Client]:
    """Lò Thị Xuân's verified device."""
    link = kip("board", "link", "Lò Thị Xuân", "--unit", "06427", "--verified", environment=office.environment).strip()
    with Patient(base_url=office.url, headers=person.headers, trust_env=False, timeout=60) as client:
        assert client.post(link).status_code == 303
        yield client


@pytest.fixture
def forwarded(office: Office, person: httpx.Client) -> httpx.Client:
    """A stranger's device, to which An's link was forwarded."""
    enter(office, person, AN)
    return person


@pytest.mark.parametrize(
    "said",
    [{}, {"Origin": "https://evil.example"}, {"Origin": "null"}, {"Sec-Fetch-Site": "cross-site"},
     {"Referer": "{url}/"}, {"X-HTTP-Method-Override": "POST", "Origin": "{url}.evil.example"}],
)  # fmt: skip
def test_no_post_acts_that_a_page_elsewhere_has_made(
    office: Office, verified: httpx.Client, said: dict[str, str]
) -> None:
    before, cookies = state(office), dict(verified.cookies)
    headers = {name: value.format(url=office.url) for name, value in said.items()}
    with httpx.Client(base_url=office.url, cookies=cookies, headers=headers, trust_env=False) as elsewhere:
        for path in posted_to(office):
            refused = elsewhere.post(path, data=TYPED)
            assert (refused.status_code, refused.json()["error"]) == (403, "foreign_post"), path
            assert "set-cookie" not in refused.headers
    assert state(office) == before


def test_no_other_method_acts(office: Office, verified: httpx.Client) -> None:
    before = state(office)
    for path in posted_to(office):
        for method in ("HEAD", "GET", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE"):
            asked = verified.request(method, path, params={"_method": "POST", **TYPED},
                                     headers={"X-HTTP-Method-Override": "POST"})  # fmt: skip
            assert asked.status_code in {200, 303, 404, 405, 429}, (method, path)
            assert method in {"HEAD", "GET"} or asked.status_code == 405
    assert state(office) == before


def test_a_link_that_was_forwarded_does_nothing(office: Office, forwarded: httpx.Client) -> None:
    before = state(office)
    for path in posted_to(office):
        if path.startswith(("/l/", "/verify", "/signout")):
            continue
        turned = forwarded.post(path.replace(XUAN_OWES, AN_OWES), data=TYPED)
        assert turned.status_code == 303, path
        assert turned.headers["location"].startswith("/verify"), path
    for path in (f"/report/{XUAN_OWES}", f"/report/{XUAN_OWES}/receipt/1"):
        assert forwarded.get(path).status_code == 403
    assert state(office) == before


def test_a_stranger_with_the_link_does_not_use_up_how_often_its_officer_may_ask(
    office: Office, verified: httpx.Client
) -> None:
    headers = {**verified.headers}
    with httpx.Client(base_url=office.url, headers=headers, trust_env=False) as stranger:
        enter(office, stranger, "xuan@example.vn")
        assert 429 in {stranger.get("/verify").status_code for _ in range(80)}
    assert verified.get("/verify").status_code == 303


def test_another_s_report_draft_and_submission_are_nobody_s_by_their_address(
    office: Office, verified: httpx.Client
) -> None:
    before = state(office)
    other = f"/report/{AN_OWES}"
    for rest in ("", "/check", "/problems", "/activities", f"/activity/{RECORD}", "/receipt/1",
                 "/figure/child-service-access/2023-Q1"):  # fmt: skip
        assert verified.get(other + rest).status_code in {403, 404}, rest
    for path in posted_to(office):
        if XUAN_OWES in path:
            assert verified.post(path.replace(XUAN_OWES, AN_OWES), data=TYPED).status_code in {403, 404, 405}, path
    pause = verified.post("/pause", data={"what": AN_OWES, "until": "2023-03-24"})
    assert pause.status_code in {403, 404, 422}
    assert state(office) == {**before, "acts": state(office)["acts"]}


def test_a_session_that_somebody_has_set_is_not_taken_over(office: Office, person: httpx.Client) -> None:
    planted = "A" * 43
    person.cookies.set("kip", planted)
    enter(office, person, AN)
    given = [cookie.value for cookie in person.cookies.jar if cookie.value != planted]
    assert len(given) == 1
    with httpx.Client(base_url=office.url, cookies={"kip": planted}, trust_env=False) as thief:
        assert thief.get("/").status_code == 403


@pytest.mark.parametrize(
    "there",
    ["//evil.example", "https://evil.example", "/\\evil.example", "\\\\evil.example", "/%2f/evil.example", "/\tevil",
     "/a\r\nSet-Cookie: x=1", "/a?next=//evil", "/#x", "javascript:alert(1)", "/" + "a" * 400, "", " /pause",
     "/\u2215/evil.example", "/a?b\r\nSet-Cookie: x=1", "/a?b#c", "//evil.example?a=b", "/a?", "/a?b=" + "c" * 400],
)  # fmt: skip
def test_the_way_back_leads_nowhere_else(there: str) -> None:
    assert local_path(there) == "/"


def test_the_way_back_keeps_the_whole_question(office: Office, person: httpx.Client, verified: httpx.Client) -> None:
    there = f"/report/{XUAN_OWES}/activity/{RECORD}?activity=parent-counselling&x=%C4%91"
    enter(office, person, AN)
    turned = person.get(there)
    assert turned.headers["location"] == f"/verify?next={quote(there, safe='/')}"
    assert f'name="next" value="{escape(there)}"' in person.get(turned.headers["location"]).text
    assert verified.get(turned.headers["location"]).headers["location"] == there
    assert verified.get(there).status_code == 200
    odd = person.get(there.replace("x=", "x=//evil.example"))
    assert unquote(odd.headers["location"]) == f"/verify?next={there.partition('?')[0]}"


def test_no_redirect_leaves_the_board_or_carries_a_header(office: Office, verified: httpx.Client) -> None:
    for typed in ("//evil.example", "/x\r\nSet-Cookie: a=1", "/%0d%0aSet-Cookie:a=1"):
        sent = verified.get("/verify", params={"next": typed})
        assert sent.status_code == 303
        assert not urlsplit(sent.headers["location"]).netloc
        assert "set-cookie" not in sent.headers
    for path in ("/report/%0d%0aSet-Cookie:%20a=1/check", "/obligations/x%0d%0aA:%20b", "/l/x%0d%0aA:%20b"):
        answer = verified.get(path)
        assert answer.status_code in {303, 400, 403, 404, 422}
        assert "a" not in answer.headers
        assert "set-cookie" not in answer.headers


def test_bodies_that_no_page_sends_are_refused(office: Office, verified: httpx.Client) -> None:
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    bodies = {
        b"version=1&numerator=" + b"9" * 300_000: 413,
        b"&".join(b"a%d=1" % at for at in range(1001)): 400,
        b"version=1&numerator=%00": 400,
        b"version=1&numerator=%ff%fe": 400,
        b"version=1&numerator=%ed%a0%80": 400,
        "version=1&numerator=\u0661".encode(): 400,
        b"\x00": 400,
        b'{"version": 1}': 400,
        b"version=99999999999999999999": 400,
        b"version=-1&numerator=1": 400,
        b"version=1e1": 400,
        b"": 400,
    }
    for body, status in bodies.items():
        refused = verified.post(FIGURE, content=body, headers=form)
        assert refused.status_code == status, body[:40]
    many = verified.post(FIGURE, files={"numerator": ("x", b"1")}, data={"version": "1"})
    assert many.status_code == 400
    assert rows(office, "SELECT FROM board.draft WHERE unit = '06427@1'") == []


def test_what_a_page_has_not_asked_is_not_kept(office: Office, verified: httpx.Client) -> None:
    more = {"version": "1", "numerator": "1", "numerator\u202e": "2", "__proto__": "x", "part.sex.none.numerator": "1"}
    assert verified.post(FIGURE, data=more).status_code == 422
    (draft,) = rows(office, "SELECT answers::text AS kept, version FROM board.draft WHERE unit = '06427@1'")
    assert re.findall(r'"typed": \{[^}]*\}', draft["kept"]) == ['"typed": {"numerator": "1"}']
    activity = f"/report/{XUAN_OWES}/activity/{RECORD}"
    more = {"version": str(draft["version"]), "activity": "parent-counselling", "female": "\u202e12", "x" * 900: "1"}
    page = verified.post(activity, data=more)
    assert page.status_code == 422
    assert "x" * 900 not in page.text
    assert verified.post(activity, data={**more, "activity": "none"}).status_code == 404
    (draft,) = rows(office, "SELECT answers::text AS kept, version FROM board.draft WHERE unit = '06427@1'")
    assert "x" * 900 not in draft["kept"]


def test_a_draft_does_not_grow_without_end(office: Office, verified: httpx.Client) -> None:
    for at in range(40):
        (draft,) = rows(office, "SELECT version FROM board.draft WHERE unit = '06427@1'") or [{"version": 1}]
        record = f"9b2f8a0e-0000-4000-8000-{at:012d}"
        long = {"version": str(draft["version"]), "activity": "parent-counselling", "female": "9" * 60_000}
        kept = verified.post(f"/report/{XUAN_OWES}/activity/{record}", data=long)
        if kept.status_code == 413:
            break
        assert kept.status_code == 422
    assert kept.status_code == 413
    assert "Nội dung báo cáo quá dài" in kept.text


def test_a_body_that_trickles_in_is_given_up(office: Office, verified: httpx.Client) -> None:
    address = urlsplit(office.url)
    head = [
        "POST /verify HTTP/1.1", f"Host: {address.netloc}", f"Origin: {office.url}",
        f"Cookie: kip={verified.cookies['kip']}", "Content-Length: 9000", "", "code=",
    ]  # fmt: skip

    def answered() -> bytes:
        with socket.create_connection((str(address.hostname), address.port or 80), timeout=60) as connection:
            connection.sendall("\r\n".join(head).encode())
            return connection.recv(20)

    while (answer := answered()).startswith(b"HTTP/1.1 429"):  # what was tried before is more than is allowed at once
        assert verified.get("/verify").status_code in {200, 303}
        time.sleep(1)
    assert answer.startswith(b"HTTP/1.1 408")
    assert verified.get("/verify").status_code == 303


@pytest.mark.parametrize("path", ["/", "/nowhere", "/l/x", "/verify", "/pause", f"/report/{XUAN_OWES}", "/renewed"])
def test_nothing_of_a_page_is_kept_by_anybody_between(office: Office, person: httpx.Client, path: str) -> None:
    for method in ("GET", "HEAD"):
        answer = person.request(method, path)
        for name, value in PAGE_HEADERS.items():
            assert answer.headers[name] == value, (method, name)
        assert "server" not in answer.headers or "uvicorn" not in answer.headers["server"]


def test_logs_and_metrics_name_no_secret_and_nobody(office: Office, person: httpx.Client) -> None:
    before = len(office.mails_to(AN))
    enter(office, person, AN)
    person.post("/verify/send", data={"next": "/"})
    code = office.code_of(AN, before)
    person.post("/verify", data={"next": "/", "code": code})
    figure = FIGURE.replace(XUAN_OWES, AN_OWES)
    typed = {"version": "1", "numerator": "31337", "denominator": "Bí mật", "reason.zero": "gọi Bí mật"}
    assert person.post(figure, data=typed).status_code == 422
    person.post(f"/report/{AN_OWES}/problems", data={"version": "2", "text": "Bí mật của thôn"})
    person.get(f"/l/{'z' * 40}")
    secrets = [person.cookies["kip"], office.link_of(AN)[3:], code, "z" * 40, "31337", "Bí mật", "Nguyễn An",
               "nguyen.an@example.vn", "B%C3%AD"]  # fmt: skip
    metrics = httpx.get(f"{office.url}/metrics", trust_env=False).text
    logged = office.services.process("board").log.read_text(encoding="utf-8")
    assert "board.started" in logged
    for secret in secrets:
        for written in (secret, json.dumps(secret)[1:-1]):
            assert written not in metrics
            assert written not in logged
