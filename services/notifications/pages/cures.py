"""The cure of each refusal of an officer's page and of a decision, for `docs/errors.md`."""

from services.notifications.decision_words import Decline
from shared.http.words import LimitWords
from shared.wording.words import Words

_NEW_LINK = Words("Mở liên kết trong thư mới nhất.", "Open the link of the newest message.")
_LATER_DAY = Words("Chọn một ngày muộn hơn.", "Choose a later day.")
_EARLIER_DAY = Words("Chọn một ngày sớm hơn.", "Choose an earlier day.")

CURES: dict[Decline, Words] = {
    Decline.NOT_OURS: _NEW_LINK,
    Decline.EXPIRED: _NEW_LINK,
    Decline.OFFICER_GONE: Words(
        "Bộ phận quản trị thêm lại cán bộ (`kip officer`).", "Whoever runs the system registers them (`kip officer`)."
    ),
    Decline.NO_MESSAGE: _NEW_LINK,
    Decline.NO_OBLIGATION: Words("Lấy số hiệu từ `/v1/obligations`.", "Take the number from `/v1/obligations`."),
    Decline.NO_IDENTITY: Words(
        "Gửi `token` của liên kết, hoặc `Authorization: Bearer KHÓA`.",
        "Send the link's `token`, or `Authorization: Bearer <key>`.",
    ),
    Decline.NO_RIGHT: Words(
        "Thêm khóa có quyền này (`kip source add`).", "Add a key with this right (`kip source add`)."
    ),
    Decline.NOT_ABOVE: Words("Đề nghị cấp trên quyết định.", "Ask the level above to decide."),
    Decline.FINISHED: Words("Không cần làm gì.", "There is nothing to do."),
    Decline.NO_ACTION: Words("Gửi một trong hai giá trị.", "Send one of the two."),
    Decline.NO_REASON: Words("Ghi lý do.", "Give a reason."),
    Decline.PERSONAL_REASON: Words(
        "Ghi lý do không kèm thông tin của cá nhân.", "Give the reason without anything of a person's."
    ),
    Decline.TOO_EARLY: _LATER_DAY,
    Decline.TOO_LATE: _EARLIER_DAY,
    Decline.NO_WORKING_DAY: Words("Chọn một ngày làm việc.", "Choose a working day."),
    Decline.NO_COMING_DAY: Words(
        "Chọn một ngày kể từ ngày mai, trong khoảng mà thông báo nêu.",
        "Choose a day from tomorrow on, within the days that the message says.",
    ),
    Decline.NO_FORM: Words(
        "Gửi biểu mẫu của trang, hoặc một đối tượng JSON.", "Post the page's form, or a JSON object."
    ),
    Decline.NO_DATABASE: Words("Thử lại sau `Retry-After`.", "Try again after `Retry-After`."),
}

# Of a form, or of a decision in JSON, that isn't read to its end.
BODY_CURES: dict[LimitWords, Words] = {
    LimitWords.BROKE_OFF: Words("Gửi lại.", "Send it again."),
    LimitWords.TOO_SLOW: Words("Gửi liền một mạch.", "Send it in one go."),
    LimitWords.TOO_LARGE: Words("Ghi lý do ngắn hơn, không kèm gì khác.", "Give a shorter reason, and nothing else."),
    LimitWords.TOO_MANY: Words("Thử lại sau ít phút.", "Try again soon."),
}
