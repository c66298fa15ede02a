"""Why an officer's link, calendar or decision is refused: status, stable code, and the words in both languages."""

from datetime import date
from enum import Enum
from typing import NamedTuple

from babel.dates import format_date

from shared.values.scalars import ScalarError
from shared.wording.words import Words


class Refused(NamedTuple):
    """One reason: its HTTP status, its stable code, what is said."""

    status: int
    error: str
    words: Words


# How an obligation stands.
STATES = {
    "open": Words("chưa đến hạn", "not due yet"),
    "overdue": Words("quá hạn", "overdue"),
    "met": Words("đã gửi", "received"),
    "late_met": Words("đã gửi chậm", "received late"),
    "waived": Words("được miễn", "waived"),
    "expired": Words("không theo dõi", "not followed"),
}


class Decline(Enum):
    """Every reason."""

    NOT_OURS = Refused(
        404, "bad_link", Words("liên kết này không phải do hệ thống cấp", "this link is not one of ours")
    )
    EXPIRED = Refused(404, "bad_link", Words("liên kết này đã hết hạn", "this link has expired"))
    OFFICER_GONE = Refused(410, "gone", Words("liên kết này không còn hiệu lực", "this link is no longer valid"))
    NO_MESSAGE = Refused(404, "not_found", Words("không có thư này ở đây", "this message is not known here"))
    NO_OBLIGATION = Refused(404, "not_found", Words("không có nghĩa vụ báo cáo này", "there is no such obligation"))
    OTHER_EPOCH = Refused(
        410,
        "name_outdated",
        Words(
            "tên này có từ trước khi cơ sở dữ liệu được khôi phục",
            "this name is from before the database was restored",
        ),
    )
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
    NO_OFFICER = Refused(
        403,
        "forbidden",
        Words(
            "khóa này chỉ quyết định thay cán bộ; cần tiêu đề Kip-Officer",
            "this key decides for officers alone; expected the header Kip-Officer",
        ),
    )
    NOT_YOURS = Refused(
        403,
        "forbidden",
        Words("chỉ chính cán bộ đó mới được làm việc này", "only that officer may do this"),
    )
    NOT_THEIRS = Refused(
        422,
        "value_invalid",
        Words(
            "chương trình không có nghĩa vụ {name} mà cán bộ này được biết",
            "the programme has no obligation {name} that this officer hears of",
        ),
    )
    NO_PROGRAMME = Refused(
        422,
        "programme_unknown",
        Words("cán bộ này không thuộc chương trình {got}", "the officer is of no programme {got}"),
    )
    NO_LIST = Refused(
        422, "value_invalid", Words("cần danh sách tối đa {most} tên", "expected a list of {most} names at most")
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
    BUTTON_ALONE = Refused(
        422,
        "value_invalid",
        Words(
            "địa chỉ này chỉ nhận nút dừng nhắc của chương trình thư (List-Unsubscribe=One-Click)",
            "this address takes a mail program's own button alone (List-Unsubscribe=One-Click)",
        ),
    )
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
            "cần một ngày làm việc từ ngày {first} trở đi, nhận được ngày {got}",
            "expected a working day, {first} or later, got {got}",
        ),
    )
    TOO_LATE = Refused(
        422,
        "value_invalid",
        Words(
            "cần một ngày trước ngày {end}, nhận được ngày {got}",
            "expected a day before {end}, got {got}",
        ),
    )
    NO_WORKING_DAY = Refused(
        422, "value_invalid", Words("ngày {day} không phải ngày làm việc", "{day} is not a working day")
    )
    NO_COMING_DAY = Refused(
        422,
        "value_invalid",
        Words(
            "cần một ngày sau ngày {today} và trước ngày {end}, nhận được ngày {got}",
            "expected a day after {today} and before {end}, got {got}",
        ),
    )
    LINK_EXPIRED = Refused(410, "expired", Words("liên kết này đã hết hạn", "this link has expired"))
    NO_FIELD = Refused(
        422, "field_unknown", Words("không có trường này; cần {names}", "no such field; expected {names}")
    )
    NO_SESSION = Refused(
        422,
        "value_invalid",
        Words("cần SHA-256 của phiên, 64 ký tự hex thường", "expected the session's SHA-256, 64 lower-case hex digits"),
    )
    NO_CODE = Refused(422, "value_invalid", Words("cần mã gồm 6 chữ số", "expected a code of 6 digits"))
    NO_PERSONAL_CHANNEL = Refused(
        409,
        "no_personal_channel",
        Words(
            "cán bộ không có địa chỉ riêng (thư điện tử, SMS, Zalo) nhận được mã",
            "the officer has no address of their own (e-mail, SMS, Zalo) that a code can go to",
        ),
    )
    TOO_MANY_CODES = Refused(
        429,
        "too_many_codes",
        Words("đã gửi {most} mã trong một giờ", "{most} codes have been sent within an hour"),
    )
    TOO_MANY_BY_MESSAGES = Refused(
        429,
        "too_many_codes",
        Words(
            "đã gửi {most} mã trong một giờ theo liên kết trong các thư; để nhận mã khác, hãy mở liên kết mới nhất đã "
            "gửi tới địa chỉ của Ông/Bà (mỗi giờ một liên kết)",
            "{most} codes have been sent within an hour by links of messages; for another one, open the newest fresh "
            "link that was sent to your own address (one an hour)",
        ),
    )
    UNSENT = Refused(
        503, "unavailable", Words("chưa gửi được mã tới địa chỉ nào", "the code could not be sent to any address")
    )
    CODE_WRONG = Refused(
        422, "code_wrong", Words("mã không đúng, còn {left} lần thử", "a wrong code; {left} tries left")
    )
    CODE_EXPIRED = Refused(
        410,
        "code_expired",
        Words("không có mã còn hiệu lực cho phiên này", "there is no code for this session that is still good"),
    )
    NO_FORM = Refused(
        400, "unreadable", Words("cần một biểu mẫu hoặc một đối tượng JSON", "expected a form or a JSON object")
    )
    NO_DATABASE = Refused(503, "unavailable", Words("cơ sở dữ liệu không trả lời", "the database does not answer"))


# Of a link that stands for a key in a decision: whoever shows one that isn't good is nobody.
NOBODY: dict[Decline, Refused] = {
    reason: reason.value._replace(status=401, error="unauthorized") for reason in (Decline.NOT_OURS, Decline.EXPIRED)
}


class DecisionError(Exception):
    """What was asked is refused: `status` is the HTTP status, `error` a stable code, `field` what was wrong.

    `more` is what the answer says besides, `retry_after` in how many seconds to ask again.
    """

    def __init__(
        self, refused: Refused, field: str | None = None, *, retry_after: int | None = None, **more: object
    ) -> None:
        super().__init__(refused.words.en)
        self.status, self.error, self.words = refused
        self.field = field
        self.retry_after = retry_after
        self.more = more


def written_day(on: date) -> Words:
    """Write a day as an office does: «16/12/2026», "16 December 2026"."""
    return Words(format_date(on, "dd/MM/yyyy", locale="vi"), format_date(on, "d MMMM yyyy", locale="en"))


def declined(reason: Decline, field: str | None = None, **values: object) -> DecisionError:
    """Make a refusal, its words filled with `values`."""
    return DecisionError(filled(reason, **values), field)


def invalid(field: str, error: ScalarError) -> DecisionError:
    """Refuse a field whose value can't be read, in the parser's words."""
    return DecisionError(Refused(422, "value_invalid", error.words), field)


def filled(reason: Decline, **values: object) -> Refused:
    """Fill a reason's words."""
    refused = reason.value
    return refused._replace(words=refused.words.filled(**values))
