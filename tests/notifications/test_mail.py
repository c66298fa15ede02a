"""E-mail against a real SMTP server: how it is spoken to, what its refusals mean, and what the mail looks like."""

import ssl
from dataclasses import replace
from datetime import UTC, datetime
from email import message_from_bytes, policy
from email.header import decode_header, make_header
from email.utils import parsedate_to_datetime, unquote
from uuid import UUID

import pytest
import trustme

from services.notifications.messages.channels import BusyError, DeliveryError, Outgoing
from services.notifications.messages.channels import email as email_module
from services.notifications.messages.channels.email import EmailChannel
from services.notifications.messages.mail_layout import Origin, lay_out
from tests.notifications.mail_server import MailServer

ID = UUID("11111111-2222-3333-4444-555555555555")
LOGINS = {"kip@b.vn": "mật khẩu/@:1"}
LOGIN = "kip%40b.vn:m%E1%BA%ADt%20kh%E1%BA%A9u%2F%40%3A1"
MAIL = Outgoing(
    id=ID, address="an@example.vn", subject="Báo cáo quá hạn: Xã Yên Vượng", body="Kính gửi: Nguyễn Văn Đường\n",
    html="<p>Kính gửi: Nguyễn Văn Đường</p>", language="vi", topic="ecd-1437",
    page="https://kip.example.vn/l/x", mute="https://kip.example.vn/v1/ack/y",
    officer="Nguyễn Văn Đường", at=datetime(2023, 3, 17, 1, tzinfo=UTC),
)  # fmt: skip


async def send(server, mail=MAIL, *, scheme="smtp", login="", query="", host="127.0.0.1"):
    channel = EmailChannel(f"{scheme}://{login}{host}:{server.port}{query}", "kip@kip.example.vn")
    try:
        await channel.send(mail)
    finally:
        await channel.close()


async def failure(server, mail=MAIL, **how):
    with pytest.raises(DeliveryError) as raised:
        await send(server, mail, **how)
    assert server.kept == []
    return raised.value


@pytest.fixture(scope="module")
def authority():
    return trustme.CA()


@pytest.fixture
def trusted(authority, monkeypatch, tmp_path):
    """The authority as the machine's own: what OpenSSL reads from SSL_CERT_FILE."""
    authority.cert_pem.write_to_path(tmp_path / "ca.pem")
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "ca.pem"))


def context_for(authority, *names):
    made = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert(*names).configure_cert(made)
    return made


WAYS = [("smtps", "", True), ("smtp", "?starttls=require", False), ("smtp", "", False)]


@pytest.mark.usefixtures("trusted")
@pytest.mark.parametrize(("scheme", "query", "implicit"), WAYS)
async def test_tls_from_the_first_byte_or_by_starttls_with_a_certificate_that_is_trusted(
    authority, scheme, query, implicit
):
    async with MailServer(tls=context_for(authority, "127.0.0.1"), implicit=implicit, logins=LOGINS) as server:
        await send(server, scheme=scheme, login=f"{LOGIN}@", query=query)
    assert [mail["To"] for mail in server.kept] == ["an@example.vn"]


@pytest.mark.parametrize(("scheme", "query", "implicit"), WAYS)
async def test_a_certificate_of_an_unknown_authority_is_refused_before_the_password_is_said(
    authority, scheme, query, implicit
):
    async with MailServer(tls=context_for(authority, "127.0.0.1"), implicit=implicit, logins=LOGINS) as server:
        error = await failure(server, scheme=scheme, login=f"{LOGIN}@", query=query)
    assert "certificate verify failed" in str(error)
    assert not error.permanent
    assert server.logins_tried == 0


@pytest.mark.usefixtures("trusted")
@pytest.mark.parametrize(("scheme", "query", "implicit"), WAYS)
async def test_a_certificate_for_another_host_is_refused(authority, scheme, query, implicit):
    async with MailServer(tls=context_for(authority, "mail.example.vn"), implicit=implicit) as server:
        error = await failure(server, scheme=scheme, query=query)
    assert "127.0.0.1" in str(error)
    assert not error.permanent


async def test_a_server_without_tls_is_refused_where_tls_is_demanded():
    async with MailServer() as server:
        error = await failure(server, query="?starttls=require")
        assert "STARTTLS" in str(error)
        assert not (await failure(server, scheme="smtps")).permanent


async def test_a_server_that_is_asked_for_neither_tls_nor_a_login_is_greeted_all_the_same():
    async with MailServer() as server:
        await send(server, query="?starttls=never")
    assert len(server.kept) == 1


@pytest.mark.parametrize("url", ["smtp://h?starttls=perhaps", "http://h", "smtp://", "smtp://h:port"])
def test_an_address_of_a_server_that_can_t_be_right_stops_the_start(url):
    with pytest.raises(ValueError, match=r"expected|Port"):
        EmailChannel(url, "kip@kip.example.vn")


async def test_a_login_is_made_with_the_settings_name_and_password():
    async with MailServer(logins=LOGINS) as server:
        await send(server, login=f"{LOGIN}@")
    assert len(server.kept) == 1


@pytest.mark.parametrize("answer", [None, "454 4.7.0 the directory is away"])
async def test_a_login_that_is_refused_may_be_put_right(answer):
    async with MailServer(logins=LOGINS) as server:
        server.login_answer = answer
        error = await failure(server, login="kip%40b.vn:wrong@")
        assert not error.permanent
        assert "wrong" not in str(error)
        assert not (await failure(server)).permanent  # none at all: 530, for the sender


async def test_a_mail_over_the_servers_size_is_refused_for_good_and_before_it_is_sent():
    async with MailServer(size_limit=2000) as server:
        error = await failure(server, replace(MAIL, body="Kính gửi " * 500))
    assert error.permanent
    assert str(error).startswith("552")
    assert server.options == []


@pytest.mark.parametrize(
    ("answer", "permanent"),
    [("450 greylisted", False), ("421 going down", False), ("550 no such mailbox", True), ("553 not allowed", True)],
)
async def test_a_refused_recipient_is_final_or_not_as_the_server_says(answer, permanent):
    async with MailServer() as server:
        server.refused = {"an@example.vn": answer}
        error = await failure(server)
    assert (error.permanent, str(error)) == (permanent, answer)


async def test_a_refused_sender_is_the_installations_fault_and_may_be_put_right():
    async with MailServer() as server:
        server.sender_refused = "550 5.7.1 kip@kip.example.vn may not send"
        assert not (await failure(server)).permanent


async def test_the_connection_is_kept_after_a_refusal_and_the_next_mail_is_whole():
    async with MailServer() as server:
        channel = EmailChannel(f"smtp://127.0.0.1:{server.port}", "kip@kip.example.vn")
        server.refused = {"an@example.vn": "550 no such mailbox"}
        server.answers = ["554 5.7.1 looks like spam"]
        for mail in (MAIL, replace(MAIL, address="binh@example.vn")):
            with pytest.raises(DeliveryError):
                await channel.send(mail)
        await channel.send(replace(MAIL, address="chi@example.vn"))
        await channel.close()
    assert [mail["To"] for mail in server.kept] == ["chi@example.vn"]
    assert server.sessions == 1


async def test_a_grey_listed_mail_is_taken_the_second_time_with_the_same_id():
    async with MailServer() as server:
        server.answers = ["451 4.7.1 greylisted, come back"]
        assert not (await failure(server)).permanent
        await send(server)
    assert [mail["Message-ID"] for mail in server.kept] == [f"<{ID}@kip.example.vn>"]


async def test_a_server_that_does_not_answer_is_left(monkeypatch):
    monkeypatch.setattr(email_module, "TIMEOUT_SECONDS", 0.3)
    async with MailServer() as server:
        server.slow = 30.0
        error = await failure(server)
    assert not error.permanent
    assert "Timed out" in str(error)


async def test_a_connection_that_ends_after_acceptance_may_have_delivered_and_says_so_by_the_same_id():
    async with MailServer() as server:
        server.drop_after_acceptance = 1
        with pytest.raises(DeliveryError) as raised:
            await send(server)
        await send(server)
    assert not raised.value.permanent
    assert [mail["Message-ID"] for mail in server.kept] == [f"<{ID}@kip.example.vn>"] * 2


async def test_mails_that_find_every_connection_busy_are_given_back_untried(monkeypatch):
    monkeypatch.setattr(email_module, "TURN_SECONDS", 0.0)
    monkeypatch.setattr(email_module, "CONNECTIONS", 0)
    async with MailServer() as server:
        with pytest.raises(BusyError):
            await send(server)
        assert server.sessions == 0


async def test_a_mail_has_the_headers_that_robots_and_readers_need_and_both_texts():
    async with MailServer() as server:
        await send(server)
    mail = server.kept[0]
    assert (mail["From"], mail["To"]) == ("Kịp <kip@kip.example.vn>", "an@example.vn")
    assert mail["Subject"] == "Báo cáo quá hạn: Xã Yên Vượng"
    assert parsedate_to_datetime(mail["Date"]) == MAIL.at
    assert mail["Message-ID"] == f"<{ID}@kip.example.vn>"
    assert mail["Auto-Submitted"] == "auto-generated"
    assert mail["List-Id"] == "<ecd-1437.kip.kip.example.vn>"
    assert mail["List-Unsubscribe"] == "<https://kip.example.vn/v1/ack/y>"
    assert mail["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert mail.get_body(("plain",)).get_content().splitlines() == MAIL.body.splitlines()
    assert mail.get_body(("html",)).get_content().strip() == MAIL.html
    assert mail.defects == []
    assert server.raw[0].isascii()
    assert max(map(len, server.raw[0].split(b"\r\n"))) <= 78
    assert not any("SMTPUTF8" in option for option in server.options[0])  # no server needs it


@pytest.mark.parametrize(
    ("sender", "name"),
    [
        ("kip@kip.example.vn", "Kịp"),
        ("Kip Office <kip@kip.example.vn>", "Kip Office"),
        ("Sở Lao động - Thương binh và Xã hội tỉnh Lạng Sơn, phòng Trẻ em <kip@kip.example.vn>",
         "Sở Lao động - Thương binh và Xã hội tỉnh Lạng Sơn, phòng Trẻ em"),
        ('"Kip, \\"x\\" (test)" <kip@kip.example.vn>', 'Kip, "x" (test)'),
    ],
)  # fmt: skip
def test_the_sender_s_name_and_where_answers_go_are_settings(sender, name):
    raw = lay_out(MAIL, Origin.of(sender, "so-yt@example.vn"))
    mail = message_from_bytes(raw, policy=policy.default)
    # As RFC 2047 says; the parser of the standard library's newer policy puts spaces between words of a name.
    shown = str(make_header(decode_header(message_from_bytes(raw)["From"])))
    written, _, address = shown.rpartition(" <")
    assert (unquote(written), address) == (name, "kip@kip.example.vn>")
    assert mail["Reply-To"] == "so-yt@example.vn"
    assert mail.defects == []
    assert max(map(len, raw.split(b"\r\n"))) <= 78
    assert message_from_bytes(lay_out(MAIL, Origin.of(sender)), policy=policy.default)["Reply-To"] is None


@pytest.mark.parametrize(
    ("sender", "reply_to"), [("nobody", ""), ("Kip <a b@c.vn>", ""), ("a@b.vn", "x\r\nBcc: a@b.vn")]
)
def test_a_sender_that_can_t_be_written_stops_the_start(sender, reply_to):
    with pytest.raises(ValueError, match="name@domain"):
        Origin.of(sender, reply_to)


@pytest.mark.parametrize(
    "subject",
    [
        "Overdue report: Xa Yen Vuong",
        "ASCII =?utf-8?b?eA==?= only",
        "ế" * 200,
        "🇻🇳" * 40,
        "x" * 300,
        "Xã\r\nBcc: b@b.vn",
        "",
    ],
)
def test_a_subject_survives_whatever_is_in_it(subject):
    raw = lay_out(replace(MAIL, subject=subject), Origin.of("kip@kip.example.vn"))
    mail = message_from_bytes(raw, policy=policy.default)
    assert " ".join(mail["Subject"].split()) == " ".join(subject.split())
    assert mail["Bcc"] is None
    assert max(map(len, raw.split(b"\r\n"))) <= 76 + len("Subject: ")


async def test_a_text_of_dots_arrives_whole():
    dots = ".\n..\n. a\r\n.\r\n\r\n.\n" * 40
    async with MailServer() as server:
        await send(server, replace(MAIL, subject=".", body=dots, html=dots))
    assert server.kept[0]["Subject"] == "."
    for part in ("plain", "html"):
        assert server.kept[0].get_body((part,)).get_content().splitlines() == dots.splitlines()
    assert not any(line.startswith(b".") for line in server.raw[0].split(b"\r\n"))


@pytest.mark.parametrize(
    "address",
    [
        "an@b.vn\r\nBcc: all@b.vn",
        "an@b.vn> SIZE=1",
        "an@b.vn,binh@b.vn",
        "Đường@b.vn",
        "someone",
        "@b.vn",
        "an@",
        "an @b.vn",
        "a@b@c",
    ],
)
async def test_an_address_that_would_say_more_than_itself_is_never_written_to(address):
    async with MailServer() as server:
        error = await failure(server, replace(MAIL, address=address))
    assert error.permanent
    assert address not in str(error)
    assert server.sessions == 0


async def test_a_return_path_that_is_misset_is_the_installation_s_fault_and_loses_no_mail():
    channel = EmailChannel("smtp://127.0.0.1:9", "kip@kip.example.vn", return_path=lambda _: "no address")
    with pytest.raises(DeliveryError) as raised:
        await channel.send(MAIL)
    assert (raised.value.permanent, raised.value.away) == (False, True)
