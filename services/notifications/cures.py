"""The cure of each refusal of an officer's link and of a decision, for `docs/errors.md`."""

from services.notifications.decision_words import Decline
from shared.http.words import LimitWords
from shared.wording.words import Words

_NEW_LINK = Words("Mở liên kết trong thư mới nhất.", "Open the link of the newest message.")
_LATER_DAY = Words("Chọn một ngày muộn hơn.", "Choose a later day.")
_EARLIER_DAY = Words("Chọn một ngày sớm hơn.", "Choose an earlier day.")
_SOON = Words("Thử lại sau `Retry-After`.", "Try again after `Retry-After`.")

CURES: dict[Decline, Words] = {
    Decline.NOT_OURS: _NEW_LINK,
    Decline.EXPIRED: _NEW_LINK,
    Decline.OFFICER_GONE: Words(
        "Cán bộ đã được xóa khỏi danh sách. Nếu do nhầm lẫn, bộ phận quản trị thêm lại (`kip officer import`).",
        "The officer was removed. By mistake? Whoever runs the system registers them (`kip officer import`).",
    ),
    Decline.NO_MESSAGE: _NEW_LINK,
    Decline.NO_OBLIGATION: Words("Lấy `id` từ `/v1/obligations`.", "Take its `id` from `/v1/obligations`."),
    Decline.OTHER_EPOCH: Words(
        "Lấy `id` mới từ `/v1/obligations`, hoặc mở lại trang từ liên kết trong thư, và xem lại trước khi quyết định.",
        "Take its new `id` from `/v1/obligations`, or open the page anew by the message's link; look first.",
    ),
    Decline.NO_IDENTITY: Words(
        "Gửi `token` của liên kết, hoặc `Authorization: Bearer KHÓA`.",
        "Send the link's `token`, or `Authorization: Bearer <key>`.",
    ),
    Decline.NO_RIGHT: Words(
        "Thêm khóa có quyền này (`kip source add`).", "Add a key with this right (`kip source add`)."
    ),
    Decline.NO_OFFICER: Words("Gửi `Kip-Officer: 12.0`.", "Send `Kip-Officer: 12.0`."),
    Decline.NOT_YOURS: Words(
        "`Kip-Officer` phải là cán bộ trong địa chỉ.", "`Kip-Officer` is to be the officer of the address."
    ),
    Decline.NOT_THEIRS: Words("Lấy `id` từ trang của cán bộ.", "Take the `id` from the officer's desk."),
    Decline.NO_PROGRAMME: Words("Dùng chương trình của cán bộ.", "Name a programme of theirs."),
    Decline.NO_LIST: Words("Gửi ít tên hơn.", "Name fewer."),
    Decline.NOT_ABOVE: Words("Đề nghị cấp trên quyết định.", "Ask the level above to decide."),
    Decline.FINISHED: Words("Không cần làm gì.", "There is nothing to do."),
    Decline.BUTTON_ALONE: Words(
        "Làm việc khác trên trang mà liên kết trong thư dẫn tới.",
        "Do all else on the page that the link in the message leads to.",
    ),
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
    Decline.LINK_EXPIRED: Words(
        "Gửi liên kết mới tới địa chỉ đã đăng ký (`POST /v1/links/renew`).",
        "Have a fresh one sent to the address on file (`POST /v1/links/renew`).",
    ),
    Decline.NO_FIELD: Words("Bỏ trường đó.", "Leave it out."),
    Decline.NO_SESSION: Words("Gửi SHA-256 của bí mật của phiên.", "Send the SHA-256 of the session's secret."),
    Decline.NO_CODE: Words("Nhập 6 chữ số như trong thư.", "Type the 6 digits as they were sent."),
    Decline.NO_PERSONAL_CHANNEL: Words(
        "Thêm địa chỉ riêng của cán bộ (`kip officer import`).",
        "Give the officer an address of their own (`kip officer import`).",
    ),
    Decline.TOO_MANY_CODES: Words(
        "Dùng mã đã nhận, hoặc chờ `Retry-After`.", "Use the last one, or wait for `Retry-After`."
    ),
    Decline.TOO_MANY_BY_MESSAGES: Words(
        "Mở liên kết mới nhất gửi tới địa chỉ của cán bộ, hoặc chờ `Retry-After`.",
        "Open the newest fresh link at the officer's own address, or wait for `Retry-After`.",
    ),
    Decline.UNSENT: _SOON,
    Decline.CODE_WRONG: Words("Nhập lại mã.", "Type it again."),
    Decline.CODE_EXPIRED: Words("Yêu cầu mã mới (`POST /v1/codes`).", "Ask for a new one (`POST /v1/codes`)."),
    Decline.NO_FORM: Words("Gửi một biểu mẫu, hoặc một đối tượng JSON.", "Post a form, or a JSON object."),
    Decline.NO_DATABASE: _SOON,
}

# Of a form, or of a decision in JSON, that isn't read to its end.
BODY_CURES: dict[LimitWords, Words] = {
    LimitWords.BROKE_OFF: Words("Gửi lại.", "Send it again."),
    LimitWords.TOO_SLOW: Words("Gửi liền một mạch.", "Send it in one go."),
    LimitWords.TOO_LARGE: Words("Ghi lý do ngắn hơn, không kèm gì khác.", "Give a shorter reason, and nothing else."),
    LimitWords.TOO_MANY: Words("Thử lại sau ít phút.", "Try again soon."),
}
