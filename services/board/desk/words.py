"""What the desk says, and the pages of the acts that begin there."""

from enum import Enum

from shared.wording.words import Words


class StateWords(Enum):
    """How an obligation or an obstacle stands."""

    OPEN = Words("Chưa đến hạn", "Not due yet")
    OVERDUE = Words("Quá hạn", "Overdue")
    MET = Words("Đã nộp", "Received")
    LATE_MET = Words("Đã nộp, chậm", "Received late")
    WAIVED = Words("Được miễn", "Waived")
    EXPIRED = Words("Không theo dõi", "No longer followed")
    RAISED = Words("Chưa giải quyết", "Unresolved")
    RESOLVED = Words("Đã giải quyết", "Resolved")


class DeskWords(Enum):
    """The main page, of a verified device and of another."""

    DESK = Words("Bàn làm việc", "Your desk")
    TODAY = Words("Hôm nay, ngày {day}", "Today, {day}")
    OWED = Words("Báo cáo phải nộp", "Reports to hand in")
    NOTHING_OWED = Words("Không có báo cáo nào phải nộp.", "There is no report to hand in.")
    LATE_BELOW = Words("Đơn vị cấp dưới nộp chậm", "Late reports of units below")
    UNITS = Words("{count} đơn vị", "{count} {count:unit|units}")
    CHANGED = Words("Số liệu thay đổi sau khi nộp", "Figures changed after you handed in")
    CHANGED_BY = Words("{before} → {now}, từ {sender}, lúc {at}", "{before} → {now}, from {sender}, at {at}")
    PROBLEMS = Words("Vướng mắc đang chờ giải quyết", "Obstacles waiting to be resolved")
    RAISED = Words("Nêu lúc {at}", "Raised at {at}")
    NO_TEXT = Words("(không ghi nội dung)", "(no text)")
    MORE = Words("Danh sách chỉ hiển thị phần đầu.", "Only the first part of the list is shown.")
    COUNTING = Words(
        "Báo cáo vừa nộp đang được tính, thường xong trong vài giây.",
        "What you handed in is being counted, usually within seconds.",
    )
    HANDED_IN = Words("Đã nộp, đang tính", "Handed in, being counted")
    HANDED_IN_REPORTS = Words("Báo cáo đã nộp", "Reports handed in")
    HANDED_IN_AT = Words("Nộp lúc {at}", "Handed in at {at}")
    IN_MESSAGE = Words("Nêu trong thư", "Named in the message")
    RECEIPT = Words("Xem biên nhận", "See the receipt")
    CORRECT = Words("Sửa số liệu", "Correct the figures")
    MORE_HANDED_IN = Words(
        "Còn {count} báo cáo đã nộp khác không hiển thị tại đây.",
        "{count} more {count:report|reports} handed in {count:is|are} not shown here.",
    )
    DUE = Words("Hạn nộp: {at}", "Due: {at}")
    REPORT = Words("Lập báo cáo", "Open the report")
    LOOK = Words("Xem báo cáo", "Look at the report")
    DECIDE = Words("Gia hạn hoặc miễn", "Extend or waive")
    REASON_GIVEN = Words("Lý do: {reason}", "Reason: {reason}")
    PAUSED = Words("Đang tạm dừng nhắc", "Paused")
    PAUSED_UNTIL = Words("Không nhắc đến {at}", "No reminders until {at}")
    ALL_OF = Words("Mọi nhắc nhở của {programme}", "All reminders of {programme}")
    BY_MAIL = Words("Tạm dừng bằng nút trong chương trình thư", "Paused by the mail program's button")
    UNDO = Words("Nhắc lại như trước", "Remind me again")
    PAUSE = Words("Tạm dừng nhắc nhở", "Pause reminders")
    CALENDAR = Words("Lịch hạn báo cáo (iCalendar)", "Calendar of deadlines (iCalendar)")
    ELSE = Words("Việc khác", "More")
    NAMED = Words("Báo cáo nêu trong thư", "Reports that the message named")
    NAMED_PROBLEMS = Words("Vướng mắc nêu trong thư", "Obstacles that the message named")
    NAMED_NOTHING = Words("Thư này không nêu báo cáo cụ thể nào.", "This message names no report.")
    LOST = Words(
        "{count} mục trong thư không còn xem được từ đây; hãy mở thư mới hơn.",
        "{count} of what the message named can't be seen from here any more; open a later message.",
    )
    MORE_NAMED = Words(
        "Thư còn nêu {count} báo cáo khác không hiển thị tại đây (báo cáo chưa nộp được hiển thị trước).",
        "The message names {count} more that {count:is|are} not shown here (what has not come is shown first).",
    )
    UNVERIFIED = Words("Thiết bị này chưa được xác nhận", "This device is not verified")
    UNVERIFIED_HELP = Words(
        "Trên thiết bị này chỉ xem được những gì thư đã nêu. Để nộp báo cáo hoặc tạm dừng nhắc nhở, hãy xác nhận một "
        "lần.",
        "On this device you see what the message named. Verify it once to hand in reports or to pause reminders.",
    )
    VERIFY = Words("Xác nhận thiết bị", "Verify this device")
    DONE_PAUSE = Words("Đã tạm dừng nhắc.", "Paused.")
    DONE_UNDO = Words("Hệ thống sẽ nhắc lại như trước.", "You will be reminded again.")
    DONE_EXTEND = Words("Đã gia hạn.", "Extended.")
    DONE_WAIVE = Words("Đã miễn báo cáo.", "Waived.")


class ActWords(Enum):
    """The pages of acts."""

    ERROR = Words("Lỗi:", "Error:")
    THERE_IS_A_PROBLEM = Words("Có lỗi cần sửa", "There is a problem")
    PAUSE = Words("Tạm dừng nhắc nhở", "Pause reminders")
    PAUSE_HELP = Words(
        "Tạm dừng tối đa {days} ngày. Cấp trên vẫn được thông báo theo quy định.",
        "For {days} days at most. The levels above are still informed, as the rules require.",
    )
    OF_WHAT = Words("Tạm dừng nhắc về", "No reminders about")
    OF_MESSAGE = Words(
        "Các báo cáo nêu trong thư đã mở ({count} báo cáo)",
        "What the message that you opened named ({count} {count:report|reports})",
    )
    ALL_OF = Words("Mọi nhắc nhở của {programme}", "All reminders of {programme}")
    BELOW = Words("Từng báo cáo của đơn vị cấp dưới", "Single reports of units below")
    UNTIL = Words("Nhắc lại từ ngày", "Remind me again from")
    NOTHING_CHOSEN = Words("Hãy chọn ít nhất một mục", "Choose at least one")
    NO_DAY = Words("Hãy nhập ngày", "Enter a day")
    DAY_HELP = Words("Ví dụ: 31/3/2023", "Day/month/year, for example 31/3/2023")
    DECIDE = Words("Gia hạn hoặc miễn báo cáo", "Extend or waive a report")
    EXTEND = Words("Gia hạn", "Extend")
    WAIVE = Words("Miễn báo cáo", "Waive")
    NEW_DEADLINE = Words("Hạn mới (ngày làm việc)", "New deadline (a working day)")
    REASON = Words("Lý do", "Reason")
    REASON_HELP = Words(
        "Đơn vị được thông báo lý do này. Không ghi tên, số điện thoại của ai.",
        "The unit is informed of the reason. Write nobody's name or phone number.",
    )
    EXTENDING = Words("Gia hạn báo cáo này", "Give this report a later deadline")
    WAIVING = Words("Miễn báo cáo này", "Waive this report")
    WAIVING_HELP = Words(
        "Đơn vị không phải nộp báo cáo này nữa và được thông báo.", "The unit no longer owes it, and is informed."
    )
    FINISHED = Words("Báo cáo này không còn nội dung cần quyết định.", "Nothing is left to decide about this report.")
    BACK = Words("Về bàn làm việc", "Back to the desk")
