import smtplib
from email import message_from_bytes, policy
from email.message import EmailMessage

from deploy.local.stack import LocalStack


def test_a_message_is_kept_as_a_file_with_its_envelope_in_the_order_of_arrival(stack: LocalStack):
    before = sorted(stack.mail_dir.glob("*.eml"))
    host, port = stack.smtp_url.removeprefix("smtp://").split(":")
    with smtplib.SMTP(host, int(port), timeout=30) as client:
        for subject in ("Nhắc: xã Yên Vượng", "Quá hạn: xã Yên Vượng"):
            message = EmailMessage()
            message["Subject"], message["From"], message["To"] = subject, "kip@example.vn", "lan@example.vn"
            message.set_content("Kính gửi bà Lan,\n.một dòng bắt đầu bằng dấu chấm\n")
            client.send_message(message, to_addrs=["lan@example.vn", "minh@example.vn"])
    files = [path for path in sorted(stack.mail_dir.glob("*.eml")) if path not in before]
    kept = [message_from_bytes(path.read_bytes(), policy=policy.default) for path in files]
    assert [message["Subject"] for message in kept] == ["Nhắc: xã Yên Vượng", "Quá hạn: xã Yên Vượng"]
    assert kept[0]["X-Envelope-To"] == "lan@example.vn, minh@example.vn"
    assert kept[0]["X-Envelope-From"] == "kip@example.vn"
    assert "\n.một dòng" in kept[0].get_content()
    assert not list(stack.mail_dir.glob(".*"))
