"""What the read APIs say of a question that they don't answer."""

from enum import Enum

from shared.wording.words import Words


class ReadWords(Enum):
    """Why, and what was expected."""

    ONCE = Words("chỉ ghi tham số này một lần", "expected once")
    TAKES_NONE = Words("địa chỉ này không có tham số nào", "this address takes no parameter")
    NO_PARAMETER = Words("không có tham số này; cần {names}", "no such parameter; expected {names}")
    NO_KEY = Words("cần đúng một tiêu đề {header}", "expected one header {header}")
    NO_VALID_KEY = Words(
        "thiếu khóa hợp lệ; cần đúng một tiêu đề {header}", "no valid key; expected one header {header}"
    )
    MAY_NOT_READ = Words(
        "khóa này không được đọc; hãy thêm khóa bằng «kip source add TÊN --read»",
        "this key may not read; add one with 'kip source add NAME --read'",
    )
    NO_PROGRAMME_LOADED = Words("chưa nạp chương trình nào của khóa này", "none of this key's programmes is loaded")
    BEYOND = Words("phạm vi của khóa này là cấp dưới của {units}", "this key reaches what lies below {units}")
    NO_SEAT = Words(
        "đơn vị của cán bộ này không còn, và không có đơn vị nào thay thế",
        "this officer's unit is no more, and none stands for it",
    )
    NO_DATABASE = Words("cơ sở dữ liệu không trả lời", "the database does not answer")
    ONE_OF = Words("cần một trong {names}, nhận được {got}", "expected one of {names}, got {got}")
    ONE_OF_TWO = Words("cần {first} hoặc {second}, nhận được {got}", "expected {first} or {second}, got {got}")
    DIMENSION_ONCE = Words("cần mỗi chiều một lần, nhận được {got}", "expected each dimension once, got {got}")
    ONE_DIMENSION = Words(
        "cần chỉ một tên: chỉ các chiều của một chỉ tiêu mới tách cùng nhau được, nhận được {got}",
        "expected one name: only dimensions of an indicator are split together, got {got}",
    )
    ONE_SUBJECT = Words("cần đúng một trong indicator và activity", "expected exactly one of indicator and activity")
    NO_UNIT = Words(
        "không có đơn vị nào mang mã hoặc uid {got} vào ngày {day}", "no unit has the code or uid {got} on {day}"
    )
    NOT_IN_FORCE = Words("{unit} không tồn tại vào ngày {day}: {cure}", "{unit} is not in force on {day}: {cure}")
    ASK_FOR = Words("hãy hỏi {unit}", "ask for {unit}")
    ASK_AS_OF_TODAY = Words("hãy hỏi với view=as_of_today", "ask with view=as_of_today")
    RANGE = Words(
        "cần hai kỳ cùng loại, theo thứ tự, tối đa {most} kỳ, nhận được {got}",
        "expected two periods of one kind, in order, at most {most}, got {got}",
    )
    OUT_OF_CALENDAR = Words("nằm ngoài lịch, nhận được {got}", "out of the calendar, got {got}")
    SORT = Words("cần một trong {names}, hoặc -<tên>, nhận được {got}", "expected one of {names}, or -<one>, got {got}")
    MOST_SORTED = Words(
        "cần tối đa {most} dòng để sắp xếp: hãy hỏi ít kỳ hơn hoặc một đơn vị nhỏ hơn",
        "expected {most} rows at most to sort: ask for fewer periods or a smaller unit",
    )
    MOST_FIGURES = Words(
        "cần tối đa {most} số liệu của mỗi đơn vị, nhận được {got}: hãy hỏi ít kỳ hơn hoặc ít chỉ tiêu hơn",
        "expected {most} figures of each unit at most, got {got}: ask for fewer periods or fewer indicators",
    )
    NAMED_ONCE = Words("mỗi tên chỉ được nêu một lần, nhận được {got}", "expected each name once, got {got}")
    PERIOD_OF_SEVERAL = Words(
        "cần nêu kỳ: các chỉ tiêu này được báo cáo theo {kinds}",
        "expected a period: these indicators are reported by the {kinds}",
    )
    SHORTER_PERIOD = Words(
        "{slug} được báo cáo theo {kind}; cần kỳ như vậy hoặc dài hơn, nhận được {got}",
        "{slug} is reported by the {kind}; expected that or longer, got {got}",
    )
    COUNTED_BY_MONTH = Words(
        "{slug} được đếm theo tháng của ngày thực hiện; cần một tháng hoặc kỳ dài hơn, nhận được {got}",
        "{slug} is counted by the month in which it was held; expected a month or longer, got {got}",
    )
    OUTSIDE = Words(
        "chương trình này chỉ có số liệu các kỳ từ {first} đến {last}",
        "this programme has figures of the periods {first} to {last} only",
    )
    REBUILDING = Words(
        "số liệu mà các chương trình dùng chung đang được tính lại; hãy thử lại sau",
        "figures that programmes share are being made anew; try again later",
    )
    OF_REPORTS = Words(
        "{slug} tính từ báo cáo, theo {kinds}; nhận được {got}", "{slug} is of reports, by {kinds}; got {got}"
    )
    OWED_BY = Words("{slug} phải nộp theo {kind}, nhận được {got}", "{slug} is owed by the {kind}, got {got}")
    PART_OF_UNIT = Words(
        "khóa này không xem được số liệu của cả một đơn vị cấp {level} thuộc {unit} trong kỳ này: hãy hỏi cấp thấp "
        "hơn, hoặc số liệu như đã báo cáo",
        "this key sees no figure of a whole {level} in {unit} for this period: ask for a lower level, or for figures "
        "as they were reported",
    )
    LAST_PERIOD = Words(
        "cần kỳ cuối cùng, đúng một kỳ của báo cáo {slug}, nhận được {got}",
        "expected the last period, exactly one of the report {slug}, got {got}",
    )
    NOTHING_OWED = Words(
        "báo cáo {slug} chỉ phải nộp từ kỳ {first}, nhận được {got}",
        "the report {slug} is owed only from {first} on, got {got}",
    )
    MOST_WATCHERS = Words(
        "đã có quá nhiều nơi đang theo dõi thay đổi: hãy thử lại sau ít giây",
        "too many are watching changes already: try again in a few seconds",
    )
    DEAF = Words(
        "hiện chưa nhận được tin về thay đổi: hãy thử lại sau ít giây, trong lúc đó hãy hỏi lại từng lúc",
        "changes can't be heard of just now: try again in a few seconds, and ask from time to time until then",
    )
    UNIT_OR_WITHIN = Words(
        "cần unit cho đúng một đơn vị, hoặc within và level cho nhiều đơn vị, không cùng lúc",
        "expected unit for exactly one unit, or within and level for several, not both",
    )
    NO_NEXT = Words(
        "cần giá trị next của câu trả lời trước, nhận được {got}",
        "expected the `next` of the answer before, got {got}",
    )
    NO_SOURCE = Words(
        "cần nguồn (source) của sự kiện ở giữa /v1/events/ và id",
        "expected the event's source between /v1/events/ and its id",
    )
    NO_OBLIGATION = Words(
        "không có nghĩa vụ báo cáo {id} trong phạm vi của khóa này", "no obligation {id} in this key's reach"
    )
    NO_PROBLEMS = Words(
        "khóa này chỉ dùng cho các loại sự kiện không có {kind}",
        "this key is limited to kinds of events without {kind}",
    )
