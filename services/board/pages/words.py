"""What every page of the board says, and why a page can't be shown: a heading and a cure."""

from enum import Enum
from typing import NamedTuple

from shared.wording.words import Words


class PageWords(Enum):
    """The frame of a page."""

    SKIP = Words("Đến nội dung chính", "Skip to the content")
    SIGN_OUT = Words("Thoát", "Sign out")
    HOME = Words("Về trang chính", "Go to the main page")
    RELOAD = Words("Tải lại trang", "Load this page again")
    RENEW = Words("Gửi liên kết mới", "Send a fresh link")
    FOOTER = Words(
        "Kịp: báo cáo đúng hạn, từ xã lên trung ương.", "Kịp: reports in time, from the commune up to the nation."
    )


class Told(NamedTuple):
    """Why something isn't done, and what to do."""

    heading: Words
    cure: Words


class Refusals(Enum):
    """Why a page can't be shown, or what was sent isn't done."""

    NO_SESSION = Told(
        Words("Ông/Bà chưa vào hệ thống trên thiết bị này", "You are not signed in on this device"),
        Words(
            "Hãy mở liên kết trong thư gần nhất của Ông/Bà. Nếu chưa có thư nào, đề nghị bộ phận quản trị hệ thống cấp "
            "liên kết.",
            "Open the link in your latest message. If you have none, ask whoever runs the system for a link.",
        ),
    )
    SESSION_ENDED = Told(
        Words("Phiên làm việc trên thiết bị này đã kết thúc", "The session on this device has ended"),
        Words("Hãy mở lại liên kết trong thư gần nhất của Ông/Bà.", "Open the link in your latest message again."),
    )
    OFFICER_GONE = Told(
        Words("Liên kết và phiên làm việc này đã bị thu hồi", "This link and session were revoked"),
        Words(
            "Cán bộ không còn trong danh sách, hoặc địa chỉ nhận thư đã thay đổi. Hãy mở liên kết trong thư mới nhất; "
            "nếu không có, đề nghị bộ phận quản trị hệ thống kiểm tra danh sách.",
            "The officer is no longer on file, or the address has changed. Open the link in the latest message; if "
            "there is none, ask whoever runs the system to look at the list.",
        ),
    )
    NOT_NAMED = Told(
        Words("Trang này cần thiết bị đã xác nhận", "This page needs a verified device"),
        Words(
            "Từ liên kết trong thư chỉ xem được những gì thư đã nêu. Hãy xác nhận thiết bị ở trang chính để xem các "
            "mục khác.",
            "From the link in a message you see what the message named. Verify this device on the main page to see "
            "more.",
        ),
    )
    FOREIGN_POST = Told(
        Words("Không nhận nội dung gửi từ nơi khác", "What was sent from elsewhere is not taken"),
        Words(
            "Hãy mở trang này trực tiếp trong trình duyệt và nhấn nút tại đó. Nếu vẫn gặp lỗi, hãy dùng trình duyệt "
            "mới hơn.",
            "Open this page itself in your browser and press its button there. If that fails, use a newer browser.",
        ),
    )
    TOO_OFTEN = Told(
        Words("Thao tác quá nhiều lần trong thời gian ngắn", "Too often within a short time"),
        Words("Hãy thử lại sau {seconds} giây.", "Try again in {seconds} s."),
    )
    AWAY = Told(
        Words("Hệ thống tạm thời không trả lời", "The system is not answering"),
        Words("Chưa có gì thay đổi. Hãy thử lại sau ít phút.", "Nothing was changed. Try again in a few minutes."),
    )
    NOT_DONE = Told(
        Words("Không thực hiện được", "This could not be done"),
        Words("Hãy quay lại trang trước và thử lại.", "Go back to the page before and try again."),
    )
    BAD_FORM = Told(
        Words("Không đọc được nội dung đã gửi", "What was sent can't be read"),
        Words("Hãy quay lại trang trước và gửi lại.", "Go back to the page before and send it again."),
    )
    TOO_LONG = Told(
        Words("Nội dung báo cáo quá dài", "The report is too long"),
        Words(
            "Nội dung vừa gửi chưa được lưu. Hãy bỏ bớt hoạt động hoặc rút ngắn nội dung rồi lưu lại.",
            "What you sent is not kept. Take activities out or shorten it, and save again.",
        ),
    )
    NO_REPORT = Told(
        Words("Không có báo cáo này", "There is no such report"),
        Words(
            "Đơn vị này không phải nộp báo cáo đó, hoặc đường dẫn không còn đúng; hãy mở lại từ thư nhắc gần nhất.",
            "This unit owes no such report, or the address is out of date; open it again from the latest letter.",
        ),
    )
    NOT_YOURS = Told(
        Words("Báo cáo này của đơn vị khác", "This report is another unit's"),
        Words(
            "Chỉ cán bộ của đơn vị phải nộp được điền và nộp báo cáo này; cấp trên chỉ xem.",
            "The officers of the unit that owes it fill it in and hand it in; the levels above look at it.",
        ),
    )
    NO_PAGE = Told(
        Words("Không có trang này", "There is no such page"),
        Words(
            "Hãy kiểm tra địa chỉ, hoặc mở lại liên kết trong thư của Ông/Bà.",
            "Check the address, or open the link in your message again.",
        ),
    )
    NO_METHOD = Told(
        Words("Trang này không nhận thao tác đó", "This page does not take that"),
        Words("Hãy mở lại trang và dùng các nút trên trang.", "Open the page again and use its buttons."),
    )
    CRASHED = Told(
        Words("Có lỗi trong hệ thống", "Something went wrong in the system"),
        Words(
            "Hãy thử lại sau ít phút; nếu vẫn lỗi, đề nghị báo cho bộ phận quản trị hệ thống.",
            "Try again in a few minutes; if it goes on, tell whoever runs the system.",
        ),
    )
