"""What the pages of the way in say."""

from enum import Enum

from services.board.pages.words import Told
from shared.wording.words import Words


class EntryWords(Enum):
    """The page behind a link, and the one where a device is verified."""

    FOR = Words("Liên kết dành cho Ông/Bà {name}", "A link for {name}")
    SENT = Words("Thư gửi lúc {at}, nêu {what}.", "The message of {at} names {what}.")
    SENT_NONE = Words("Thư gửi lúc {at}.", "The message of {at}.")
    NAMES = Words("Thư nêu {what}.", "The message names {what}.")
    NAMES_NONE = Words("Thư không nêu báo cáo cụ thể nào.", "The message names no report.")
    REPORTS = Words("{count} báo cáo", "{count} {count:report|reports}")
    PROBLEMS = Words("{count} vướng mắc", "{count} {count:obstacle|obstacles}")
    INVITED = Words(
        "Liên kết do bộ phận quản trị hệ thống cấp, dùng được một lần.",
        "The link is from whoever runs the system, and is good once.",
    )
    ENTER_AS = Words("Vào với tư cách {name}", "Enter as {name}")
    NOT_YOU = Words("Ông/Bà không phải là {name}?", "Are you not {name}?")
    FORWARDED = Words(
        "Thư có thể đã được chuyển tiếp. Đề nghị đóng trang này và báo cho người gửi. Liên kết chỉ cho xem những gì "
        "thư đã nêu; mọi thao tác đều cần mã xác nhận gửi tới địa chỉ của {name}.",
        "The message may have been forwarded. Please close this page and tell who sent it to you. The link shows only "
        "what the message named; every act needs a code that is sent to {name}.",
    )
    ALREADY = Words("Ông/Bà đã vào trên thiết bị này: về trang chính", "You are signed in here: go to the main page")
    RENEWED = Words("Đã nhận đề nghị gửi liên kết mới", "A fresh link was asked for")
    RENEWED_HELP = Words(
        "Nếu liên kết cũ là của một cán bộ còn trong danh sách, liên kết mới được gửi tới địa chỉ đã đăng ký trong ít "
        "phút, mỗi giờ một lần. Trang này có thể đóng.",
        "If the old link was an officer's who is on file, a fresh one goes to the address on file within minutes, once "
        "an hour. You may close this page.",
    )
    VERIFY = Words("Xác nhận thiết bị", "Verify this device")
    VERIFY_WHY = Words(
        "Để nộp báo cáo và xem bàn làm việc, hãy xác nhận một lần rằng thiết bị này là của Ông/Bà. Xác nhận có giá trị "
        "{days} ngày.",
        "To hand in reports and see your desk, show once that this device is yours. That holds for {days} days.",
    )
    SEND_CODE = Words("Gửi mã xác nhận tới {address}", "Send a code to {address}")
    SEND_AGAIN = Words("Gửi mã khác", "Send another code")
    CODE_SENT = Words("Đã gửi mã sáu chữ số tới {address}.", "A code of six digits was sent to {address}.")
    CODE_LASTS = Words(
        "Mã còn hiệu lực {minutes} phút và dùng một lần.",
        "It is good for {minutes} {minutes:minute|minutes}, and once.",
    )
    CODE = Words("Mã xác nhận", "Code")
    CODE_HELP = Words("Sáu chữ số, ví dụ 123456", "Six digits, like 123456")
    CODE_WANTED = Words("Cần mã gồm sáu chữ số, đúng như trong thư", "Expected six digits, as they are in the message")
    CODE_WRONG = Words("Mã không đúng; còn {left} lần thử", "The code is wrong; {left} {left:try is|tries are} left")
    CODE_SPENT = Words("Mã không còn hiệu lực; hãy gửi mã khác", "The code is no longer good; send another one")
    AWAY = Words(
        "Hệ thống tạm thời không trả lời. Hãy thử lại sau ít phút; mã chưa hết hiệu lực vẫn dùng được",
        "The system is not answering. Try again in a few minutes; a code that was sent stays good",
    )
    UNSURE = Words(
        "Hệ thống tạm thời không trả lời, chưa rõ mã đã được gửi hay chưa. Nếu nhận được mã, hãy nhập tại đây",
        "The system is not answering: a code may or may not have been sent. If one comes, enter it here",
    )
    CONFIRM = Words("Xác nhận", "Verify")
    NO_CODE = Words("Chưa nhận được mã?", "Have you received no code?")
    NO_CODE_HELP = Words(
        "Hãy xem cả thư mục thư rác. Mỗi giờ gửi được ba mã, trong đó một mã chỉ dành cho liên kết mới gửi theo yêu "
        "cầu; mã mới làm mã cũ hết hiệu lực.",
        "Please look in the junk folder too. Three codes an hour can be sent, one of them only by a fresh link that "
        "was asked for; a new one ends the one before.",
    )
    NO_CHANNEL = Words("Không có địa chỉ nào để gửi mã", "There is no address that a code can go to")
    NO_CHANNEL_HELP = Words(
        "Ông/Bà chưa đăng ký thư điện tử hoặc số điện thoại cá nhân. Đề nghị bộ phận quản trị hệ thống xác nhận thiết "
        "bị này bằng một liên kết.",
        "You have no e-mail address or phone of your own on file. Ask whoever runs the system to verify this device by "
        "a link.",
    )
    THERE_IS_A_PROBLEM = Words("Có lỗi cần sửa", "There is a problem")
    ERROR = Words("Lỗi:", "Error:")


class MuteWords(Enum):
    """The page behind the address of a mail program's own button."""

    MUTE = Words("Tạm dừng nhắc báo cáo", "Pause reminders")
    MUTES = Words(
        "Tạm dừng {days} ngày các thư nhắc trước hạn. Thông báo quá hạn và thông báo về đơn vị cấp dưới vẫn được gửi.",
        "Pauses reminders before a deadline for {days} days. Notices of what is overdue, and about units below, go on.",
    )
    MUTED = Words("Đã tạm dừng {days} ngày", "Paused for {days} days")
    UNDO = Words(
        "Để nhắc lại như trước, hãy mở liên kết trong thư và chọn trên bàn làm việc.",
        "To be reminded again, open the link in the message and choose so on your desk.",
    )


class EntryRefusals(Enum):
    """Why a link opens nothing."""

    BAD_LINK = Told(
        Words("Liên kết này không đúng", "This link is not right"),
        Words(
            "Có thể liên kết bị cắt ngắn khi sao chép. Hãy mở lại từ thư gốc, không gõ lại địa chỉ.",
            "It may have been cut when it was copied. Open it again from the message itself.",
        ),
    )
    EXPIRED = Told(
        Words("Liên kết này đã hết hạn", "This link has expired"),
        Words(
            "Liên kết mới chỉ được gửi tới địa chỉ đã đăng ký của cán bộ.",
            "A fresh link is sent to the officer's address on file alone.",
        ),
    )
    INVITATION_OVER = Told(
        Words("Liên kết này đã được dùng hoặc đã hết hạn", "This link was used or has expired"),
        Words(
            "Liên kết do bộ phận quản trị hệ thống cấp chỉ dùng được một lần trong 24 giờ. Đề nghị cấp liên kết khác.",
            "A link from whoever runs the system is good once, within 24 hours. Ask for another one.",
        ),
    )
