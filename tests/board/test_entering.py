"""From the link in a message to a verified device, as a browser without JavaScript goes."""

import asyncio
import json
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from email.message import EmailMessage

import asyncpg
import httpx
import pytest

from deploy.local.http import LOCAL
from deploy.local.own_loop import in_own_loop
from services.notifications.links import Links
from tests.board.conftest import Office
from tests.system import event, kip, wait_until

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; form-action 'self'; "
    "frame-ancestors 'none'; base-uri 'none'"
)
AN, XUAN, BINH, JO = "nguyen.an@example.vn", "xuan@example.vn", "binh@example.vn", "jo@example.vn"


def rows(office: Office, query: str, *arguments: object) -> list[asyncpg.Record]:
    async def fetch() -> list[asyncpg.Record]:
        connection = await asyncpg.connect(office.database_url)
        try:
            return list(await connection.fetch(query, *arguments))
        finally:
            await connection.close()

    return in_own_loop(fetch)


def ref_of(office: Office, name: str) -> str:
    (row,) = rows(office, "SELECT id, generation FROM registry.officer WHERE name = $1", name)
    return f"{row['id']}.{row['generation']}"


def enter(office: Office, person: httpx.Client, address: str) -> httpx.Response:
    return person.post(office.link_of(address))


def verify(office: Office, person: httpx.Client, address: str) -> httpx.Response:
    """Enter, and type the code in that the mail has."""
    enter(office, person, address)
    before = len(office.mails_to(address))
    assert person.post("/verify/send", data={"next": "/"}).status_code == 303
    return person.post("/verify", data={"next": "/", "code": office.code_of(address, before)})


@contextmanager
def codes_locked(office: Office) -> Iterator[None]:
    """Have whatever asks about codes wait until the end, longer than the board does."""
    taken, end = threading.Event(), threading.Event()

    async def hold() -> None:
        connection = await asyncpg.connect(office.database_url)
        async with connection.transaction():
            await connection.execute("LOCK notifications.code")
            taken.set()
            await asyncio.to_thread(end.wait)
        await connection.close()

    holding = threading.Thread(target=asyncio.run, args=(hold(),))
    holding.start()
    try:
        assert taken.wait(30)
        yield
    finally:
        end.set()
        holding.join()


def test_a_link_shows_whose_it_is_and_changes_nothing(office: Office, person: httpx.Client) -> None:
    page = person.get(office.link_of(AN))
    assert page.status_code == 200
    assert "Liên kết dành cho Ông/Bà Nguyễn An" in page.text
    assert "Chủ tịch, UBND xã Yên Vượng" in page.text
    assert "Vào với tư cách Nguyễn An" in page.text
    assert "set-cookie" not in page.headers
    assert page.headers["content-security-policy"] == POLICY
    assert page.headers["cache-control"] == "no-store"
    assert page.headers["referrer-policy"] == "no-referrer"
    assert page.headers["x-robots-tag"] == "noindex"
    assert page.headers["x-content-type-options"] == "nosniff"
    assert person.head(office.link_of(AN)).status_code == 200
    assert rows(office, "SELECT FROM board.session WHERE officer = $1", ref_of(office, "Nguyễn An")) == []


def test_an_unverified_device_sees_what_the_message_named_and_may_do_nothing(
    office: Office, person: httpx.Client
) -> None:
    entered = enter(office, person, AN)
    assert (entered.status_code, entered.headers["location"]) == (303, "/")
    cookie = entered.headers["set-cookie"]
    assert re.fullmatch(r"kip=[\w-]{43}; HttpOnly; Max-Age=\d+; Path=/; SameSite=lax", cookie)
    assert 86_000 < int(re.findall(r"Max-Age=(\d+)", cookie)[0]) <= 86_400
    page = person.get("/")
    assert "Thiết bị này chưa được xác nhận" in page.text
    (named,) = rows(office, "SELECT obligations FROM board.session WHERE officer = $1 AND ended_at IS NULL",
                    ref_of(office, "Nguyễn An"))  # fmt: skip
    assert set(re.findall(r'href="/report/([^"]+)"', page.text)) == set(named["obligations"])
    assert len(named["obligations"]) > 0
    assert "/v1/calendar" not in page.text
    for path in ("/pause", f"/obligations/{named['obligations'][0]}"):
        turned = person.get(path)
        assert turned.status_code == 303
        assert turned.headers["location"].startswith("/verify?next=/")
    for path in ("/pause", "/pause/undo", f"/obligations/{named['obligations'][0]}/waive"):
        assert person.post(path, data={"reason": "x"}).headers["location"] == "/verify"


def test_an_unverified_device_sees_the_obstacles_that_the_message_named(office: Office, person: httpx.Client) -> None:
    raised = event("problem.raised", "06427", {"record": "named", "agency": "ubnd-xa", "text": "Thiếu phòng học"})
    assert office.post([raised]).status_code == 202

    def letters() -> list[EmailMessage]:
        return [mail for mail in office.mails_to(BINH) if "Vướng mắc phát sinh" in mail["Subject"]]

    wait_until(lambda: bool(letters()), "the letter came")
    text = letters()[0].get_body(("plain",)).get_content()
    assert "Thiếu phòng học" not in text
    link = re.findall(rf"{office.url}(/l/\S+)", text)[0]
    assert re.search(r"Thư gửi lúc \d\d:\d\d ngày \d\d/\d\d/2023, nêu 1 vướng mắc\.", person.get(link).text)
    person.post(link)
    page = person.get("/").text
    assert "Vướng mắc nêu trong thư" in page
    assert "Báo cáo nêu trong thư" not in page
    assert "Thiếu phòng học" in page
    assert "Chưa giải quyết" in page
    assert re.search(r"Nêu lúc \d\d:\d\d ngày", page)
    enter(office, person, BINH)  # by an earlier letter, which named reports alone
    assert "Thiếu phòng học" not in person.get("/").text


def test_a_code_by_mail_verifies_the_device_and_its_secret_changes(office: Office, person: httpx.Client) -> None:
    enter(office, person, XUAN)
    first, before = person.cookies["kip"], len(office.mails_to(XUAN))
    assert "Gửi mã xác nhận tới" in person.get("/verify").text
    sent = person.post("/verify/send", data={"next": "/pause"})
    assert sent.headers["location"] == "/verify?next=/pause"
    page = person.get(sent.headers["location"]).text
    assert "Đã gửi mã sáu chữ số tới" in page
    assert XUAN not in page
    assert 'autocomplete="one-time-code"' in page
    code = office.code_of(XUAN, before)
    assert " 2023 " not in office.mails_to(XUAN)[-1]["Date"], "the machine's clock dates it, by which the code lives"
    assert person.post("/verify", data={"next": "/pause", "code": "12345"}).status_code == 422
    wrong = person.post("/verify", data={"next": "/pause", "code": f"{(int(code) + 1) % 1_000_000:06d}"})
    assert wrong.status_code == 422
    assert "Mã không đúng; còn 4 lần thử" in wrong.text
    done = person.post("/verify", data={"next": "/pause", "code": f" {code[:3]} {code[3:]} "})
    assert (done.status_code, done.headers["location"]) == (303, "/pause")
    assert 2_590_000 < int(re.findall(r"Max-Age=(\d+)", done.headers["set-cookie"])[0]) <= 2_592_000
    assert person.cookies["kip"] != first
    assert "Bàn làm việc" in person.get("/").text
    with httpx.Client(base_url=office.url, cookies={"kip": first}, trust_env=False) as former:
        ended = former.get("/", headers={"Accept": "text/html"})
    assert (ended.status_code, "Max-Age=0" in ended.headers["set-cookie"]) == (403, True)
    acts = rows(office, "SELECT what, outcome, device FROM board.act WHERE officer = $1 ORDER BY id",
                ref_of(office, "Lò Thị Xuân"))  # fmt: skip
    assert [(row["what"], row["outcome"]) for row in acts] == [
        ("enter", "unverified"), ("send_code", "done"), ("verify", "code_wrong"), ("verify", "done")
    ]  # fmt: skip
    assert len({row["device"] for row in acts}) == 1


def test_a_code_stays_good_when_whether_it_was_right_could_not_be_heard(office: Office, person: httpx.Client) -> None:
    enter(office, person, JO)
    before = len(office.mails_to(JO))
    person.post("/verify/send", data={"next": "/pause"})
    typed = {"next": "/pause", "code": office.code_of(JO, before)}
    with codes_locked(office):
        unheard = person.post("/verify", data=typed, timeout=60)
    assert unheard.status_code == 503
    assert "mã chưa hết hiệu lực vẫn dùng được" in unheard.text
    assert f'value="{typed["code"]}"' in unheard.text
    ref = ref_of(office, "Jo Smith")
    tries = "SELECT tries FROM notifications.code WHERE officer = $1 AND live"
    wait_until(lambda: rows(office, tries, int(ref.partition(".")[0]))[0]["tries"] == 1, "it was tried, and was right")
    first = dict(person.cookies)
    done = person.post("/verify", data=typed)
    assert (done.status_code, done.headers["location"]) == (303, "/pause")
    assert person.get("/pause").status_code == 200
    with httpx.Client(base_url=office.url, cookies=first, headers=person.headers, trust_env=False) as again:
        assert again.post("/verify", data=typed).status_code == 403, "it was good for one device"
    acts = rows(office, "SELECT what, outcome FROM board.act WHERE officer = $1 AND what = 'verify' ORDER BY id", ref)
    assert [row["outcome"] for row in acts] == ["unavailable", "done"]


def test_a_code_can_be_entered_that_came_although_nobody_heard_of_its_sending(
    office: Office, person: httpx.Client
) -> None:
    enter(office, person, BINH)
    before = len(office.mails_to(BINH))
    with codes_locked(office):
        unheard = person.post("/verify/send", data={"next": "/pause"}, timeout=60)
    assert unheard.status_code == 503
    assert "chưa rõ mã đã được gửi hay chưa" in unheard.text
    done = person.post("/verify", data={"next": "/pause", "code": office.code_of(BINH, before)})
    assert (done.status_code, done.headers["location"]) == (303, "/pause")


def test_a_known_device_enters_by_its_next_link_as_verified_and_others_do_not(
    office: Office, person: httpx.Client
) -> None:
    verify(office, person, BINH)
    again = enter(office, person, BINH)
    assert again.status_code == 303
    assert "Bàn làm việc" in person.get("/").text
    headers = {**person.headers}
    with httpx.Client(base_url=office.url, headers=headers, trust_env=False) as forwarded_to:
        enter(office, forwarded_to, BINH)
        assert "Thiết bị này chưa được xác nhận" in forwarded_to.get("/").text
    enter(office, person, AN)  # another officer's link on the same device
    assert "Thiết bị này chưa được xác nhận" in person.get("/").text


def test_signing_out_ends_the_session(office: Office, person: httpx.Client) -> None:
    enter(office, person, AN)
    secret = person.cookies["kip"]
    out = person.post("/signout")
    assert (out.status_code, out.headers["location"]) == (303, "/")
    assert "Max-Age=0" in out.headers["set-cookie"]
    with httpx.Client(base_url=office.url, cookies={"kip": secret}, trust_env=False) as thief:
        assert thief.get("/").status_code == 403
    assert "Ông/Bà chưa vào hệ thống trên thiết bị này" in person.get("/").text


@pytest.mark.parametrize(
    "said",
    [{}, {"Origin": "https://evil.example"}, {"Origin": "null"}, {"Sec-Fetch-Site": "cross-site"},
     {"Sec-Fetch-Site": "same-site"}],
)  # fmt: skip
def test_a_post_of_another_s_page_does_nothing(office: Office, person: httpx.Client, said: dict[str, str]) -> None:
    enter(office, person, AN)
    link, cookies = office.link_of(AN), dict(person.cookies)
    before = rows(office, "SELECT count(*) FROM board.act")
    with httpx.Client(base_url=office.url, cookies=cookies, headers=said, trust_env=False) as elsewhere:
        for path in (link, f"{link}/renew", "/verify/send", "/verify", "/signout", "/pause"):
            refused = elsewhere.post(path)
            assert (refused.status_code, refused.json()["error"]) == (403, "foreign_post"), path
    assert rows(office, "SELECT count(*) FROM board.act") == before
    assert person.get("/").status_code == 200


def test_bad_links_are_pages_that_say_what_to_do_in_the_reader_s_language(office: Office, person: httpx.Client) -> None:
    for token in ("x", "12.0.abc.99.sig", office.link_of(AN)[3:-1], "a" * 300):
        page = person.get(f"/l/{token}")
        assert page.status_code == 404
        assert "Liên kết này không đúng" in page.text
        assert person.post(f"/l/{token}").status_code == 404
    english = person.get("/l/x", headers={"Accept-Language": "en-GB"})
    assert '<html lang="en">' in english.text
    assert "This link is not right" in english.text
    assert person.get("/nowhere").text.count("Không có trang này") == 2
    assert person.get("/nowhere", headers={"Accept": "application/json"}).json()["error"] == "not_found"


def test_a_mail_program_s_button_opened_by_a_person_pauses_reminders_by_a_click(
    office: Office, person: httpx.Client
) -> None:
    page, mutes = office.button_of(XUAN), "SELECT until FROM notifications.mute"
    shown = person.get(page)
    assert (shown.status_code, "set-cookie" in shown.headers) == (200, False)
    assert "Tạm dừng 31 ngày các thư nhắc trước hạn." in shown.text
    assert "Lò Thị Xuân" not in shown.text
    assert person.post(page).status_code == 404  # it opens nothing
    assert rows(office, mutes) == []
    (action,) = re.findall(r'<form method="post" action="(/l/[^"]+)"', shown.text)
    done = person.post(action)
    assert (done.status_code, done.headers["location"]) == (303, "/paused")
    assert "Đã tạm dừng 31 ngày" in person.get("/paused").text
    assert len(rows(office, mutes)) == 1
    assert person.post("/l/12.0.x/pause").status_code == 404
    verify(office, person, XUAN)
    assert "Tạm dừng bằng nút trong chương trình thư" in person.get("/").text
    assert person.post("/pause/undo", data={"programme": "ecd-1437", "obligation": ""}).status_code == 303
    assert rows(office, mutes) == []


def test_a_page_is_in_vietnamese_for_who_asks_for_it_else_in_the_officer_s_language(
    office: Office, person: httpx.Client
) -> None:
    theirs = {AN: "vi", JO: "en"}
    for address, own in theirs.items():
        for asked, language in (("", own), ("en", own), ("fr", own), ("vi", "vi"), ("en;q=0.5, vi", "vi")):
            page = person.get(office.link_of(address), headers={"Accept-Language": asked}).text
            assert f'<html lang="{language}">' in page, (address, asked)
            assert ("Vào với tư cách" in page, "Enter as" in page) == (language == "vi", language == "en")


def test_an_expired_link_of_an_old_letter_says_so_and_has_a_fresh_one_sent(
    office: Office, person: httpx.Client
) -> None:
    ((secret,),) = rows(office, "SELECT secret FROM notifications.secret")
    row = rows(office, "SELECT message.id, message.officer FROM notifications.message JOIN registry.officer "
               "ON officer.id = message.officer WHERE name = $1", "Lò Thị Xuân")[0]  # fmt: skip
    made = datetime.fromisoformat("2023-01-01T08:00:00+07:00")
    old = Links(office.url, secret).page(row["officer"], 0, row["id"], made).replace("/l/", "/v1/ack/")
    told = person.get(old, follow_redirects=True)
    assert told.status_code == 410
    assert "Liên kết này đã hết hạn" in told.text
    assert "Lò Thị Xuân" not in told.text
    (renew,) = re.findall(r'<form method="post" action="(/l/[^"]+/renew)"', told.text)
    before = len(office.mails_to(XUAN))
    assert person.post(renew).headers["location"] == "/renewed"
    assert "Đã nhận đề nghị gửi liên kết mới" in person.get("/renewed").text
    wait_until(lambda: len(office.mails_to(XUAN)) > before, "the fresh link came")
    body = office.mails_to(XUAN)[-1].get_body(("plain",)).get_content()
    assert person.get(re.findall(rf"{office.url}(/l/\S+)", body)[0]).status_code == 200


def test_an_officer_whose_codes_of_an_hour_others_asked_for_gets_one_by_the_fresh_link(
    office: Office, person: httpx.Client
) -> None:
    letters = [re.findall(rf"{office.url}(/l/\S+)", mail.get_body(("plain",)).get_content())[0]
               for mail in office.mails_to(AN)]  # fmt: skip
    before = len(office.mails_to(AN))
    for link in (letters * 3)[:3]:
        person.post(link)
        refused = person.post("/verify/send", data={"next": "/"})
    assert refused.status_code == 429
    assert 60 < int(refused.headers["retry-after"]) <= 3600, "as notifications says"
    assert "hãy mở liên kết mới nhất đã gửi tới địa chỉ của Ông/Bà" in refused.text

    def fresh() -> list[EmailMessage]:
        return [mail for mail in office.mails_to(AN)[before:] if "liên kết mới" in mail["Subject"]]

    wait_until(lambda: bool(fresh()), "the fresh link came")
    person.post(re.findall(rf"{office.url}(/l/\S+)", fresh()[0].get_body(("plain",)).get_content())[0])
    before = len(office.mails_to(AN))
    assert person.post("/verify/send", data={"next": "/"}).status_code == 303
    code = office.code_of(AN, before)
    assert person.post("/verify", data={"next": "/", "code": code}).headers["location"] == "/"


def test_an_operator_s_link_opens_a_verified_session_once(office: Office, person: httpx.Client) -> None:
    made = kip("board", "link", "Hoàng Giang", "--unit", "06400", "--verified", environment=office.environment)
    link = made.strip()
    assert link.startswith(f"{office.url}/l/")
    assert "Liên kết do bộ phận quản trị hệ thống cấp" in person.get(link).text
    assert person.post(link).status_code == 303
    assert "Bàn làm việc" in person.get("/").text
    again = person.post(link)
    assert again.status_code == 410
    assert "Liên kết này đã được dùng hoặc đã hết hạn" in again.text
    ref = ref_of(office, "Hoàng Giang")
    acts = rows(office, "SELECT what, outcome, device FROM board.act WHERE officer = $1 ORDER BY id", ref)
    assert [(row["what"], row["outcome"], row["device"] is None) for row in acts] == [
        ("invite", "verified", True), ("enter", "verified", False)
    ]  # fmt: skip


def test_who_has_no_address_of_their_own_is_told_to_ask_the_operator(office: Office, person: httpx.Client) -> None:
    link = kip("board", "link", "Hoàng Giang", "--unit", "06400", environment=office.environment).strip()
    person.post(link)
    page = person.get("/verify").text
    assert "Không có địa chỉ nào để gửi mã" in page
    assert 'action="/verify/send"' not in page


def test_a_revoked_officer_is_out_at_the_next_request(office: Office, person: httpx.Client) -> None:
    verify(office, person, JO)
    assert person.get("/").status_code == 200
    link = office.link_of(JO)
    kip("officer", "revoke", "Jo Smith", "--unit", "06403", environment=office.environment)
    gone = person.get("/")
    assert gone.status_code == 410
    assert "đã bị thu hồi" in gone.text
    assert "Max-Age=0" in gone.headers["set-cookie"]
    assert person.get(link).status_code == 410
    assert person.post(link).status_code == 410
    left = rows(office, "SELECT ended_at FROM board.session WHERE officer LIKE $1", "%.0")
    assert json.dumps([row["ended_at"] is not None for row in left])


def test_too_many_requests_of_one_officer_wait(office: Office, person: httpx.Client) -> None:
    enter(office, person, XUAN)
    answers = [person.get("/verify") for _ in range(80)]
    slow = [answer for answer in answers if answer.status_code == 429]
    assert slow
    assert int(slow[0].headers["retry-after"]) >= 1
    assert "Thao tác quá nhiều lần" in slow[0].text


def test_secrets_are_nowhere_at_rest(office: Office, person: httpx.Client) -> None:
    enter(office, person, AN)
    secret = person.cookies["kip"]
    kept = rows(office, "SELECT session::text AS row FROM board.session AS session")
    assert all(secret not in row["row"] for row in kept)
    assert LOCAL.get(f"{office.url}/").status_code == 403
