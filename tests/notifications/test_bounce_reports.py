"""Mail that came back: what is read of it, whoever wrote it."""

from pathlib import Path
from uuid import UUID

import pytest
from ruamel.yaml import YAML

from services.notifications.messages.bounce_report import LONGEST, Outcome, read_report
from services.notifications.messages.return_path import Returned, ReturnPaths, mark_of

CASES = YAML(typ="safe").load(Path(__file__).with_name("bounces.yaml"))
WHO = "an@example.vn"
MESSAGE = UUID("11111111-2222-3333-4444-555555555555")
SETTING = "bounce@kip.example.vn"


def came_back(name, to, who=WHO):
    """The case whose name begins so, about this return path."""
    [case] = [case for case in CASES if case["name"].startswith(name)]
    return case["mail"].replace("TO", to).replace("WHO", who).encode()


@pytest.mark.parametrize("line_end", [b"\n", b"\r\n"])
@pytest.mark.parametrize("case", CASES, ids=lambda case: case["name"])
def test_what_different_servers_write_is_read(case, line_end):
    paths = ReturnPaths(SETTING, "secret")
    raw = came_back(case["name"], paths.of(MESSAGE, WHO)).replace(b"\n", line_end)
    report = read_report(raw)
    assert (report.outcome, report.status) == (case["outcome"], case["status"])
    assert "@" not in report.reason
    assert paths.read(report.places) == Returned(MESSAGE, mark_of(WHO))


@pytest.mark.parametrize(
    ("status", "outcome"),
    [
        *((f"5.1.{detail}", Outcome.DEAD) for detail in (0, 1, 2, 3, 6, 10)), ("5.2.1", Outcome.DEAD),
        ("5.0.0", Outcome.DEAD),
        # Of our own sender, of a route, of a full mailbox or a long mail, of the system, of protocol, content, policy.
        *((f"5.1.{detail}", Outcome.REFUSED) for detail in (4, 5, 7, 8, 9)),
        *((f"5.2.{detail}", Outcome.REFUSED) for detail in (0, 2, 3, 4)),
        *((f"5.4.{detail}", Outcome.REFUSED) for detail in range(8)),
        *((f"5.{subject}.1", Outcome.REFUSED) for subject in (3, 5, 6, 7)), ("4.1.1", Outcome.REFUSED),
    ],
)  # fmt: skip
def test_an_address_dies_of_what_is_its_own_alone(status, outcome):
    raw = came_back("given up", ReturnPaths(SETTING, "secret").of(MESSAGE, WHO)).replace(b"4.4.7", status.encode())
    report = read_report(raw)
    assert (report.outcome, report.status) == (outcome, status)


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"\x00\xff" * 500,
        b"Content-Type: multipart/report; boundary=\n\n--\n--\n",
        b"From: mailer-daemon\nContent-Type: text/plain; charset=nonsense-8\n\n550 5.1.1 \xff\xfe\n",
        b"From: =?nonsense?q?=FF?= <mailer-daemon@x>\nTo: \xff\xfe\n\n",
        b"Content-Type: multipart/report; report-type=delivery-status; boundary=D\n\n--D\n"
        b"Content-Type: message/delivery-status\nContent-Transfer-Encoding: base64\n\n!!!!\n--D--",
        b"Content-Type: multipart/report; report-type*=nonsense''%FF; boundary=D\n\n--D\n\n--D--",
        b"".join(b"Content-Type: multipart/mixed; boundary=b%d\n\n--b%d\n" % (n, n) for n in range(1000)),
        b"Content-Type: message/rfc822\n\n" * 1000,
        b"Content-Type: MESSAGE/RFC822\n\n" * 40_000,
        b"From: mailer-daemon@x\nTo: " + b"<a" * 2_000_000,
        b"From: mailer-daemon@x\n\n" + b"5.1." * 2_000_000,
        b"From: mailer-daemon@x\n\n" + b"- " * 1_000_000,
        b"From: mailer-daemon@x\n\n" + b"a@" * 1_000_000,
        b"To: x\nContent-Type: multipart/report; boundary=D\n\n--D\nContent-Type: message/delivery-status\n\n"
        b"Reporting-MTA: dns; x\x0cTo: y\n\nStatus: 5.1.1\n\n--D--",
        b"From: mailer-daemon@x\n\n550 " + b"a" * 1_000_000,
        *(
            b"To: x\nContent-Type: multipart/report; boundary=D\n\n--D\nContent-Type: message/delivery-status\n\n"
            b"Status: 5.1.1\nDiagnostic-Code: smtp; " + b"a%s" % end * 1_000_000
            for end in (b"", b"\n a", b"<")
        ),
        b"To: x\nContent-Type: multipart/report; boundary=D\n\n--D\nContent-Type: message/delivery-status\n\n"
        + b"Status: 5.1.1\n\n" * 60_000,
    ],
)  # fmt: skip
def test_a_wild_mail_harms_nothing(raw):
    report = read_report(raw)
    assert report.outcome in set(Outcome)
    assert len(report.reason) <= 200
    assert ReturnPaths(SETTING, "secret").read(report.places) is None


def test_of_a_huge_report_the_beginning_is_enough():
    paths = ReturnPaths(SETTING, "secret")
    raw = came_back("Postfix, no such", paths.of(MESSAGE, WHO)).replace(b"body\n", b"body\n" * LONGEST)
    assert read_report(raw).outcome is Outcome.DEAD


@pytest.mark.parametrize("setting", ["bounce@kip.example.vn", "kip+b@example.vn", "bounce.example.vn"])
def test_a_return_path_fits_into_an_envelope_and_survives_capitals(setting):
    paths = ReturnPaths(setting, "secret")
    path = paths.of(MESSAGE, WHO)
    assert len(path.rpartition("@")[0]) <= 64
    assert paths.read([path.upper()]) == paths.read([f"<{path}>"]) == Returned(MESSAGE, mark_of(WHO))


def test_no_letter_of_a_return_path_can_be_changed():
    paths = ReturnPaths(SETTING, "secret")
    local, _, domain = paths.of(MESSAGE, WHO).partition("@")
    assert ReturnPaths(SETTING, "other").read([f"{local}@{domain}"]) is None
    name, _, token = local.partition("+")
    for place in range(len(token) - 1):  # the last letter has a bit to spare
        changed = token[:place] + ("b" if token[place] == "a" else "a") + token[place + 1 :]
        assert paths.read([f"{name}+{changed}@{domain}"]) is None
