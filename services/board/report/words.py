"""What the form says beside the programme's own labels, in both languages, and how it writes numbers."""

from datetime import timedelta
from enum import Enum

from babel.numbers import format_decimal

from shared.programme.figure_words import whole
from shared.wording.words import Words


def decimal(number: float) -> Words:
    """Write a figure with one decimal at most."""
    return Words(format_decimal(number, "#,##0.#", locale="vi"), format_decimal(number, "#,##0.#", locale="en"))


def rate(value: float, per: int) -> Words:
    """Write a figure of so many per hundred, thousand or more."""
    return rate_of(decimal(value), per)


def rate_of(value: Words, per: int) -> Words:
    """Write what a figure that is written already is of."""
    if per == 100:
        return Words(f"{value.vi}%", f"{value.en} %")
    return RateWords.PER.value.filled(value=value, per=whole(per))


def late_by(delay: timedelta) -> Words:
    """Say how long something is late, in its largest whole unit."""
    minutes = max(1, int(delay.total_seconds()) // 60)
    if minutes >= 24 * 60:
        return FormWords.LATE_DAYS.value.filled(count=minutes // (24 * 60))
    if minutes >= 60:
        return FormWords.LATE_HOURS.value.filled(count=minutes // 60)
    return FormWords.LATE_MINUTES.value.filled(count=minutes)


class RateWords(Enum):
    """How a rate is written."""

    PER = Words("{value} trên {per}", "{value} per {per}")


class FieldWords(Enum):
    """What a field asks for, as it stands behind the words of a refusal's code."""

    YES_OR_NO = Words("«Có» hoặc «Không»", "Yes or No")
    ACTIVITY = Words("một loại hoạt động trong danh sách", "a type of activity from the list")
    PROBLEM = Words("nội dung vướng mắc", "what the obstacle is")
    REASON = Words("đề nghị ghi lý do", "please give the reason")
    REASON_AGAIN = Words(
        "số liệu đã thay đổi; đề nghị xem lại lý do rồi nhấn lại",
        "the figure has changed; look at the reason again, correct it where needed, and press again",
    )
    TWO_MEANINGS = Words(
        "có thể hiểu là hàng nghìn hoặc là số thập phân; hãy viết liền các chữ số ({digits})",
        "may be thousands or a decimal fraction; write its digits alone ({digits})",
    )
    PARTS_AT_MOST = Words(
        "cần các phần của «{dimension}» cộng lại không quá tổng số {total}",
        "the parts of «{dimension}» add up to the total of {total} at most",
    )
    PART_AT_MOST = Words("cần không quá tổng số {total}", "at most the total of {total}")
    AT_LEAST_KEPT = Words(
        "cần ít nhất {least}, là số của một phần đã có mà biểu mẫu này không hỏi",
        "at least {least}, the count of a part that is there and that this form doesn't ask for",
    )
    ABSENT_AND_FIGURE = Words(
        "đã chọn là chưa có số liệu nhưng ở đây có số; hãy xóa số, hoặc bỏ dấu chọn",
        "there is said to be no figure, and here is one; clear it, or clear the tick",
    )
    IN_PERIOD = Words("cần một ngày của kỳ báo cáo này, {days}", "a day of this report's period, {days}")


class DoubtWords(Enum):
    """What is unusual about a figure."""

    DENOMINATOR_CHANGED = Words(
        "Mẫu số thay đổi {change}% so với {period} ({before})",
        "The denominator changed by {change} % since {period} ({before})",
    )
    BELOW = Words("Kết quả {value} thấp hơn mức thường có là {limit}", "The result {value} is below the usual {limit}")
    ABOVE = Words("Kết quả {value} cao hơn mức thường có là {limit}", "The result {value} is above the usual {limit}")
    RATIO_CHANGED = Words(
        "Kết quả là {value}, trong khi {period} là {before}", "The result is {value}; in {period} it was {before}"
    )
    ZERO = Words("Tử số là 0, trong khi {period} là {before}", "The numerator is 0; in {period} it was {before}")


class FormWords(Enum):
    """What the pages of the form say."""

    PERIOD = Words("Kỳ báo cáo: {period} ({days})", "Period: {period} ({days})")
    DUE = Words("Hạn nộp: {due}", "Due: {due}")
    DUE_PASSED = Words("Đã quá hạn nộp: {due}", "The deadline has passed: {due}")
    TASKS = Words("Các phần của báo cáo", "Parts of the report")
    FIGURES = Words("Số liệu", "Figures")
    ACTIVITIES = Words("Hoạt động trong kỳ", "Activities of the period")
    PROBLEMS = Words("Vướng mắc", "Obstacles")
    TODO = Words("Chưa trả lời", "Not answered")
    ANSWERED = Words("Đã trả lời", "Answered")
    STANDS = Words("Đã có số liệu", "Already reported")
    ABSENT = Words("Chưa có số liệu", "No figure")
    WITHDRAWS = Words(
        "Số liệu đang được tính ({counted}) sẽ được rút khi nộp.",
        "The figure that counts ({counted}) is withdrawn when you hand in.",
    )
    WITHDRAWS_SHARED = Words(
        "Số liệu đang được tính ({counted}), cũng được tính trong {programme}, sẽ được rút khi nộp.",
        "The figure that counts ({counted}), in {programme} too, is withdrawn when you hand in.",
    )
    TO_MEND = Words("Cần sửa", "Needs correcting")
    COUNT_OF = Words("Đã ghi: {count}", "Recorded: {count}")
    NONE = Words("Không có", "None")
    START = Words("Bắt đầu", "Start")
    GO_ON = Words("Tiếp tục", "Continue")
    BACK = Words("Quay lại", "Back")
    TO_CHECK = Words("Kiểm tra và nộp", "Check and hand in")
    BY_SHEET = Words("Lập báo cáo bằng bảng tính", "As a spreadsheet")
    DOWNLOAD_SHEET = Words("Tải phiếu của tôi", "Download my sheet")
    UPLOAD_SHEET = Words("Nộp phiếu tại đây", "Upload it here")
    CHECK = Words("Kiểm tra trước khi nộp", "Check before you hand in")
    HAND_IN = Words("Nộp báo cáo", "Hand in the report")
    HAND_IN_CHANGES = Words("Nộp phần sửa", "Hand in the changes")
    CHANGE = Words("Sửa", "Change")
    ADD = Words("Thêm", "Add")
    ADD_ACTIVITY = Words("Thêm hoạt động", "Add an activity")
    SAVE = Words("Lưu", "Save")
    REMOVE = Words("Bỏ", "Remove")
    WITHDRAW = Words("Rút hoạt động này", "Withdraw this activity")
    ERRORS = Words("Có lỗi cần sửa", "There is a problem")
    ERROR = Words("Lỗi:", "Error:")
    NUMERATOR = Words("Tử số", "Numerator")
    DENOMINATOR = Words("Mẫu số", "Denominator")
    BREAKDOWN = Words("Chia theo {dimension} (nếu có)", "By {dimension} (optional)")
    APART = Words("chênh lệch", "difference")
    FROM_BEFORE = Words("Mẫu số lấy từ kỳ trước; hãy sửa nếu đã thay đổi.", "The denominator is that of the period "
                        "before; change it if it has moved.")  # fmt: skip
    FROM_SENDER = Words(
        "Số liệu này đã được tính, {sender}, lúc {at}. Chỉ sửa nếu chưa đúng.",
        "This figure counts already, {sender}, at {at}. Change it only if it is not right.",
    )
    FROM_PROGRAMME = Words(
        "Số liệu này đã được báo cáo cho {programme}, lúc {at}, và được dùng chung.",
        "This figure was reported to {programme}, at {at}, and is shared.",
    )
    KEPT = Words(
        "Có {count} phần chi tiết khác đã báo cáo; các phần đó được giữ nguyên.",
        "{count} more {count:part was|parts were} reported, and {count:stays as it is|stay as they are}.",
    )
    NO_FIGURE = Words("Chưa có số liệu của chỉ tiêu này", "There is no figure for this indicator")
    UNUSUAL = Words("Số liệu khác thường", "Unusual figures")
    UNUSUAL_HELP = Words(
        "Nếu số liệu đúng, đề nghị ghi lý do; nếu chưa đúng, đề nghị sửa ở trên.",
        "If the figure is right, please give the reason; if it is not, correct it above.",
    )
    REASON = Words("Lý do", "Reason")
    YES = Words("Có", "Yes")
    NO = Words("Không", "No")
    TYPE = Words("Loại hoạt động", "Type of activity")
    HELD_ON = Words("Ngày thực hiện", "Day held")
    HELD_ON_HELP = Words("Ví dụ: 9 3 2023", "For example: 9 3 2023 (day, month, year)")
    DAY = Words("Ngày", "Day")
    MONTH = Words("Tháng", "Month")
    YEAR = Words("Năm", "Year")
    PARTICIPANTS = Words("Số lượt người tham gia", "Attendances")
    FEMALE = Words("Trong đó: nữ", "Of these: women and girls")
    MONEY = Words("Kinh phí (đồng)", "Money (dong)")
    FEMALE_IS = Words("Trong đó nữ: {count}", "Of these women and girls: {count}")
    MONEY_SPENT = Words("Kinh phí", "Money")
    DONG = Words("{count} đồng", "{count} dong")
    NOT_CHOSEN = Words("Chưa chọn", "Not chosen")
    ADDED = Words("Mới thêm, chưa nộp", "Added, not handed in yet")
    CORRECTED = Words("Đã sửa, chưa nộp", "Corrected, not handed in yet")
    WITHDRAWN = Words("Sẽ được rút khi nộp", "Will be withdrawn when you hand in")
    RAISED = Words("Mới nêu, chưa nộp", "Raised, not handed in yet")
    RESOLVED = Words("Đã giải quyết, chưa nộp", "Resolved, not handed in yet")
    WAITING = Words("Vướng mắc đang chờ giải quyết", "Obstacles waiting to be resolved")
    STILL_OPEN = Words("Chưa giải quyết: {count}", "Unresolved: {count}")
    MORE_THAN = Words("hơn {count}", "more than {count}")
    RAISED_AT = Words("Nêu lúc {at}, {sender}", "Raised at {at}, {sender}")
    RESOLVE = Words("Ghi là đã giải quyết", "Mark as resolved")
    RESOLVED_THERE = Words(
        "Chỉ ghi được là đã giải quyết tại {sender}, nơi đã nêu vướng mắc này.",
        "It can be marked as resolved in {sender} alone, where it was raised.",
    )
    NO_TEXT = Words("(không ghi nội dung)", "(no text)")
    NEXT_PROBLEMS = Words("Xem các vướng mắc tiếp theo", "See further obstacles")
    RAISE = Words("Nêu vướng mắc mới", "Raise an obstacle")
    TOO_MANY_PROBLEMS = Words(
        "Mỗi lần nộp được tối đa {most} vướng mắc; hãy nộp phần này trước, rồi ghi tiếp.",
        "{most} obstacles at most are handed in at once; hand these in first, then go on.",
    )
    WAS_ADDED = Words("Đã thêm", "Added")
    WAS_CORRECTED = Words("Đã sửa", "Corrected")
    WAS_WITHDRAWN = Words("Đã rút", "Withdrawn")
    WAS_RAISED = Words("Đã nêu", "Raised")
    WAS_RESOLVED = Words("Đã giải quyết", "Resolved")
    FROM = Words("từ {sender}", "from {sender}")
    FROM_HERE = Words("từ biểu mẫu này", "from this form")
    PROBLEM_TEXT = Words("Nội dung vướng mắc", "What the obstacle is")
    PROBLEM_HELP = Words(
        "Không ghi tên, số điện thoại hoặc số định danh của ai. Nội dung được báo ngay cho cấp trên khi nộp.",
        "Write nobody's name, phone or identity number. The level above is informed as soon as you hand in.",
    )
    PROBLEM_DOMAIN = Words("Lĩnh vực (nếu có)", "Field of work (optional)")
    DOMAIN_IS = Words("Lĩnh vực: {domain}", "Field of work: {domain}")
    PROBLEMS_SENT = Words("{count} vướng mắc đã gửi", "{count} {count:obstacle|obstacles} handed in")
    PROBLEMS_COUNT = Words("{count} vướng mắc", "{count} {count:obstacle|obstacles}")
    TEXTS_NOT_KEPT = Words(
        "Nội dung được báo cho cấp trên, không lưu trong phần đã nộp này",
        "The text goes to the level above and is not kept with this submission",
    )
    STALE = Words(
        "Báo cáo này đã được sửa ở nơi khác lúc {at}. Nội dung Ông/Bà vừa nhập vẫn còn ở dưới; hãy nhấn lại "
        "để lưu phần này.",
        "This report was changed elsewhere at {at}. What you typed is still below; press again to keep it.",
    )
    STALE_ACT = Words(
        "Báo cáo này đã được sửa ở nơi khác lúc {at}, nên thao tác vừa rồi chưa được thực hiện. Đề nghị xem lại bên "
        "dưới và làm lại nếu vẫn cần.",
        "This report was changed elsewhere at {at}, so your last action was not carried out. Please look at the report "
        "below, and repeat the action if it is still needed.",
    )
    STALE_CHECK = Words(
        "Báo cáo đã được sửa ở nơi khác lúc {at}; hãy kiểm tra lại trước khi nộp.",
        "The report was changed elsewhere at {at}; check it again before you hand in.",
    )
    STALE_COUNTS = Words(
        "Số liệu đang được tính đã thay đổi, nên báo cáo chưa được nộp. Đề nghị kiểm tra lại số liệu sẽ được rút ở bên "
        "dưới trước khi nộp.",
        "The figures that count have changed, so the report was not handed in. Please check below which are withdrawn "
        "before you hand in.",
    )
    UNANSWERED = Words("«{label}» chưa có câu trả lời", "«{label}» is not answered")
    REFUSED = Words("Hệ thống không nhận báo cáo", "The system did not take the report")
    NOT_SENT = Words(
        "Chưa gửi được: hệ thống tạm thời không trả lời. Báo cáo đã được giữ lại; hãy nhấn nộp lần nữa sau ít phút.",
        "Not sent: the system is not answering. The report is kept; please press again in a few minutes.",
    )
    NOT_OVER = Words(
        "Kỳ báo cáo kết thúc ngày {end}; số liệu sau ngày nộp chưa có trong báo cáo. Nếu từ nay đến ngày đó số "
        "liệu có thay đổi, đề nghị điều chỉnh báo cáo đã nộp.",
        "The period ends on {end}; what happens after you hand in is not in the report. If a figure changes by then, "
        "correct the report.",
    )
    RECEIVED = Words("Đã nhận báo cáo", "The report was received")
    RECEIVED_AT = Words("Nhận lúc {at}", "Received at {at}")
    ON_TIME = Words("Nộp đúng hạn", "On time")
    LATE = Words("Nộp chậm {by} so với hạn {due}", "Late by {by}; it was due at {due}")
    LATE_DAYS = Words("{count} ngày", "{count} {count:day|days}")
    LATE_HOURS = Words("{count} giờ", "{count} {count:hour|hours}")
    LATE_MINUTES = Words("{count} phút", "{count} {count:minute|minutes}")
    COUNTED = Words("Đã tính vào số liệu.", "Counted.")
    COUNTING = Words("Đang tính vào số liệu, thường xong trong vài giây.", "Being counted, usually within seconds.")
    WHAT_COUNTS = Words("Nội dung đã nộp", "What was handed in")
    CHANGED_AFTER = Words("Thay đổi sau khi nộp", "Changed after you handed in")
    CHANGED_BY = Words("{before} → {now}, từ {sender}, lúc {at}", "{before} → {now}, from {sender}, at {at}")
    CHANGED_SINCE = Words("Đã thay đổi sau lần nộp trước: {change}", "Changed since you handed in: {change}")
    FIGURE_WITHDRAWN = Words("Đã được rút: {before} → {now}", "Withdrawn: {before} → {now}")
    CHANGED_FROM = Words("Trước đó: {before}", "Before: {before}")
    CONFIRMED = Words("{doubt}. Lý do: {reason}", "{doubt}. Reason: {reason}")
    UNCONFIRMED = Words(
        "{doubt}. Đề nghị ghi lý do trước khi nộp.", "{doubt}. Please give the reason before you hand in."
    )
    BEFORE_STATE = Words("Kỳ trước: {state}", "The period before: {state}")
    HOME = Words("Về trang chính", "Go to the main page")
    CORRECT = Words("Sửa báo cáo đã nộp", "Correct the report")
    HISTORY = Words("Các lần nộp", "Submissions")
    SUBMISSION = Words("Lần {number}, {at}", "No. {number}, {at}")
    PENDING = Words("chưa gửi xong", "not sent yet")
    ACCEPTED = Words("đã nhận", "received")
    NOT_ACCEPTED = Words("không được nhận", "not taken")
    NEWER = Words(
        "Phần này đã được sửa ở nơi khác. Các ô đang hiện nội dung mới nhất; nội dung đã nhập trên thiết bị này chưa "
        "được lưu.",
        "This part was changed elsewhere. The fields show the latest; what was typed on this device is not saved.",
    )
    TYPED_HERE = Words("Dùng nội dung đã nhập trên thiết bị này", "Use what was typed on this device")
    OFFLINE = Words(
        "Không có mạng. Nội dung đã nhập được giữ trên thiết bị này; hãy nhấn lại khi có mạng.",
        "There is no network. What was typed is kept on this device; press again when there is.",
    )
    ATTEND = Words("{count} lượt người", "{count} {count:attendance|attendances}")
