"""What an officer is sent at once: a code, or a fresh link. Pure. The subject alone says it, for SMS."""

from datetime import datetime
from uuid import UUID

from services.notifications.messages.channels import Outgoing
from services.notifications.messages.html_part import html_of
from shared.registry.officers import Officer
from shared.wording.language import ENGLISH, VIETNAMESE
from shared.wording.words import Words

_CODE_SUBJECT = Words(
    "Kịp: mã xác nhận {code}, hiệu lực {minutes} phút. Không cung cấp mã này cho bất kỳ ai.",
    "Kịp: code {code}, good for {minutes} minutes. Give it to nobody.",
)
_CODE_BODY = Words(
    "Kính gửi: {name}\n\nMã xác nhận thiết bị của Ông/Bà: {code}\n\n"
    "Mã có hiệu lực {minutes} phút, dùng một lần, chỉ nhập trên trang mà Ông/Bà đang mở. "
    "Không cung cấp mã này cho bất kỳ ai.{several}\n\n"
    "Nếu Ông/Bà không yêu cầu mã: có người đã mở liên kết trong một thư gửi cho Ông/Bà, có thể vì thư được chuyển "
    "tiếp. Không có mã, người đó chỉ xem được nội dung thư đã nêu. Nếu việc này lặp lại, đề nghị báo bộ phận quản trị "
    "hệ thống để hủy các liên kết đã gửi và cấp liên kết mới.\n",
    "Dear {name},\n\nThe code that verifies your device: {code}\n\n"
    "It is good for {minutes} minutes, once, on the page that you have open. "
    "Give it to nobody.{several}\n\n"
    "If you asked for no code: somebody has opened the link of a message to you, which may have been forwarded. "
    "Without the code they see what that message named and no more. If it happens again, have whoever runs the system "
    "end the links that you were sent, and give you a fresh one.\n",
)
_SEVERAL = Words(
    " Trong một giờ qua đã có {count} mã được yêu cầu cho Ông/Bà.",
    " It is code {count} that was asked for in your name within an hour.",
)
_LINK_SUBJECT = Words("Kịp: liên kết mới tới trang báo cáo của Ông/Bà", "Kịp: a fresh link to your page")
_LINK_BODY = Words(
    "Kính gửi: {name}\n\nLiên kết mới tới trang báo cáo của Ông/Bà:\n{page}\n\n"
    "Liên kết này được gửi khi liên kết trước đã hết hạn, hoặc khi đã có nhiều mã xác nhận được yêu cầu trong một giờ. "
    "Trong ba mã mỗi giờ, một mã được dành cho liên kết mới nhất. "
    "Không chuyển tiếp thư này. Nếu Ông/Bà không yêu cầu, đề nghị bỏ qua.\n",
    "Dear {name},\n\nA fresh link to your page:\n{page}\n\n"
    "It is sent where the one before had expired, or where several codes were asked for within an hour. Of the "
    "three codes of an hour one is kept for the newest link. Don't forward this message. "
    "If you asked for none, ignore it.\n",
)


def code_letter(
    officer: Officer, message: UUID, address: str, code: str, minutes: int, count: int, now: datetime
) -> Outgoing:
    """Write the message that brings a code, the how manieth within an hour; it has no link."""
    several = _SEVERAL.filled(count=count) if count > 1 else Words("", "")
    said = {"name": officer.name, "code": code, "minutes": minutes, "several": several}
    return _letter(officer, message, address, (_CODE_SUBJECT.filled(**said), _CODE_BODY.filled(**said)), now, code=code)


def link_letter(officer: Officer, message: UUID, address: str, page: str, now: datetime) -> Outgoing:
    """Write the message that brings a fresh link."""
    words = (_LINK_SUBJECT, _LINK_BODY.filled(name=officer.name, page=page))
    return _letter(officer, message, address, words, now, page=page)


def _letter(
    officer: Officer, message: UUID, address: str, words: tuple[Words, Words], now: datetime, *, page: str = "",
    code: str | None = None,
) -> Outgoing:  # fmt: skip
    language = VIETNAMESE if officer.language == VIETNAMESE else ENGLISH
    subject, body = (part.in_language(language) for part in words)
    return Outgoing(
        id=message, address=address, subject=subject, body=body, html=html_of(subject, [body], language),
        language=language, topic="access", page=page, mute="", officer=officer.name, at=now, code=code,
    )  # fmt: skip
