"""Why an officer's page, calendar or decision is refused: status, stable code, and the words in both languages."""

from enum import Enum
from typing import NamedTuple

from shared.wording.words import Words


class Refused(NamedTuple):
    """One reason: its HTTP status, its stable code, what is said."""

    status: int
    error: str
    words: Words


class Decline(Enum):
    """Every reason."""

    NOT_OURS = Refused(
        404, "bad_link", Words("liên kết này không phải do hệ thống cấp", "this link is not one of ours")
    )
    EXPIRED = Refused(404, "bad_link", Words("liên kết này đã hết hạn", "this link has expired"))
    OFFICER_GONE = Refused(
        404, "bad_link", Words("cán bộ này không còn trong danh sách", "this officer is no longer registered")
    )
    NO_MESSAGE = Refused(404, "not_found", Words("không có thư này ở đây", "this message is not known here"))
    NO_OBLIGATION = Refused(404, "not_found", Words("không có nghĩa vụ báo cáo này", "there is no such obligation"))
    NO_IDENTITY = Refused(
        401,
        "unauthorized",
        Words(
            "cần liên kết riêng của cán bộ hoặc khóa của bộ phận quản trị hệ thống",
            "expected an officer's link or an operator's key",
        ),
    )
    NO_RIGHT = Refused(
        403,
        "forbidden",
        Words(
            "khóa này không được quyết định; các loại sự kiện của khóa phải có {kind}",
            "this key may not decide; its kinds would have to name {kind}",
        ),
    )
    NOT_ABOVE = Refused(
        403,
        "forbidden",
        Words(
            "chỉ cấp trên của đơn vị mới được quyết định về nghĩa vụ báo cáo của đơn vị đó",
            "only a level above the unit decides about what it owes",
        ),
    )
    FINISHED = Refused(
        409,
        "finished",
        Words(
            "nghĩa vụ này ở trạng thái «{state}»: không còn gì để quyết định",
            "it is {state}: nothing is left to decide",
        ),
    )
    NO_ACTION = Refused(422, "value_invalid", Words("cần acknowledge hoặc mute", "expected acknowledge or mute"))
    NO_REASON = Refused(
        422,
        "value_invalid",
        Words("cần lý do dài từ 1 đến {most} ký tự", "expected a reason of 1 to {most} letters"),
    )
    PERSONAL_REASON = Refused(
        422,
        "personal_data",
        Words(
            "lý do có nội dung giống số điện thoại, số định danh, thư điện tử hoặc ngày sinh của một người; cần bỏ đi",
            "the reason looks like it holds a person's phone or identity number, e-mail address or birth date; take it "
            "out",
        ),
    )
    TOO_EARLY = Refused(
        422,
        "value_invalid",
        Words(
            "cần một ngày sau hạn hiện tại và sau hôm nay, nhận được {got}",
            "expected a day after the deadline and now, got {got}",
        ),
    )
    TOO_LATE = Refused(
        422,
        "value_invalid",
        Words(
            "cần một ngày không quá {days} ngày sau hạn hiện tại hoặc hôm nay, nhận được {got}",
            "expected a day {days} days after the deadline or now at most, got {got}",
        ),
    )
    NO_WORKING_DAY = Refused(
        422, "value_invalid", Words("{day} không phải ngày làm việc", "{day} is not a working day")
    )
    NO_COMING_DAY = Refused(
        422,
        "value_invalid",
        Words(
            "cần ngày mai hoặc sau đó, không quá {days} ngày kể từ hôm nay",
            "expected tomorrow or later, {days} days ahead at most",
        ),
    )
    NO_FORM = Refused(
        400, "unreadable", Words("cần một biểu mẫu hoặc một đối tượng JSON", "expected a form or a JSON object")
    )
    NO_DATABASE = Refused(503, "unavailable", Words("cơ sở dữ liệu không trả lời", "the database does not answer"))


# Of a link that stands for a key in a decision: whoever shows one that isn't good is nobody.
NOBODY: dict[Decline, Refused] = {
    reason: reason.value._replace(status=401, error="unauthorized")
    for reason in (Decline.NOT_OURS, Decline.EXPIRED, Decline.OFFICER_GONE)
}
