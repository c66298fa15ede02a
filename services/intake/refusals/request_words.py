"""What is said of a whole request beside its code: what was expected of it, what came, why it can't be taken now."""

from enum import Enum

from shared.wording.words import Words


class RequestWords(Enum):
    """What was expected of a request's address, headers and parameters."""

    MAY_POST_NOTHING = Words("khóa không được gửi sự kiện nào", "it may post no event")
    ONLY_FOR_OFFICERS = Words(
        "khóa này chỉ gửi thay cán bộ nêu trong tiêu đề Kip-Officer",
        "it posts only for an officer whom the header Kip-Officer names",
    )
    MAY_POST = Words("khóa được gửi {kinds}", "it may post {kinds}")
    FLAG = Words("{name}=true hoặc {name}=false, nhận được {got}", "{name}=true or {name}=false, got {got}")
    BINARY = Words("{json} ở chế độ nhị phân", "{json} in binary mode")
    EVENT_TYPES = Words(
        "{batch}, {structured}, {ndjson} hoặc các tiêu đề ce- với {json}",
        "{batch}, {structured}, {ndjson} or ce- headers with {json}",
    )
    WITH_CURE = Words("{type}; {cure}", "{type}: {cure}")
    FORM = Words("biểu mẫu {name}", "form {name}")
    JOB = Words("lần nhập {name}", "job {name}")
    VERSION = Words("phiên bản {name}", "version {name}")
    DOCUMENT = Words("{name}; hiện có {names}", "{name}; there are {names}")
    PARAMETER = Words(
        "một trong các tham số {names}, nhận được {got}; hãy sửa hoặc bỏ tham số đó",
        "expected one of {names}, got {got}; mend it or leave it out",
    )
    HEADER = Words("đúng {expected}", "expected {expected}")
    ONLY_FALSE = Words(
        "{name}=false hoặc không có tham số này, nhận được {name}={got}",
        "expected {name}=false or no such parameter, got {name}={got}",
    )
    STRATEGY = Words(
        "importStrategy thuộc {names}, nhận được importStrategy={got}",
        "expected importStrategy of {names}, got importStrategy={got}",
    )
    SCHEME = Words(
        "{name}=code, uid hoặc attribute:<id>, nhận được {name}={got}",
        "expected {name}=code, uid or attribute:<id>, got {name}={got}",
    )
    ONE_UNIT = Words(
        "multiOu=false: mỗi đơn vị trong một yêu cầu riêng", "multiOu=false: name each unit in a request of its own"
    )
    REGISTRATION = Words("ds=<bộ dữ liệu>&pe=<kỳ>&ou=<đơn vị>", "ds=<data set>&pe=<period>&ou=<unit>")
    MOST_SETS = Words("ds: tối đa {most} bộ dữ liệu", "ds: {most} data sets at most")


class AwayWords(Enum):
    """Why nothing is taken now."""

    NO_REGISTRY = Words(
        "chưa có danh mục: không kiểm tra được khóa", "the registry is not at hand: keys can't be checked"
    )
    LARGE_REQUESTS = Words("quá nhiều yêu cầu lớn cùng lúc", "too many large requests at once")
    NOBODY_TAKES = Words(
        "cả hàng đợi và cơ sở dữ liệu đều không nhận sự kiện", "neither the broker nor the database takes events"
    )
    SPOOL_FULL = Words(
        "{count} sự kiện đang chờ hàng đợi: bộ đệm đã đầy", "{count} events wait for the broker: the spool is full"
    )
    NOT_COMMITTED = Words("bộ đệm chưa ghi được", "the spool did not commit")
    NOT_OPEN = Words("bộ đệm chưa mở", "the spool is not open yet")
    NO_DATABASE = Words("không hỏi được cơ sở dữ liệu", "the database can't be asked")
    NO_SPOOL = Words("không hỏi được bộ đệm", "the spool can't be asked")


class JsonWords(Enum):
    """Why a body is no JSON as the door reads it."""

    JSON = Words(
        "cần JSON mã UTF-8: {fault} ở dòng {line}, cột {column}",
        "expected JSON in UTF-8: {fault} at line {line} column {column}",
    )
    ENDS_EARLY = Words("nội dung kết thúc giữa chừng", "it ends too early")
    GOES_ON = Words("có phần thừa", "something too many")
    TOO_DEEP = Words("lồng sâu quá 200 mức", "nested deeper than 200")
    NOT_UTF8 = Words("ký tự không đúng mã UTF-8", "letters that are not UTF-8")
    CONTROL = Words("ký tự điều khiển trong văn bản", "a control character in a text")
    ESCAPE = Words("ký hiệu sau dấu \\ không đúng", "a wrong escape in a text")
    NUMBER = Words("số viết sai", "a number that is none")
    NAME = Words("tên trường không nằm trong ngoặc kép", "a name without quotes")
    OTHER = Words("không đúng cú pháp", "wrong syntax")
    TWICE = Words(
        "cần mỗi tên một lần trong một đối tượng, nhận được {name} hai lần",
        "expected each key once in an object, got {name} twice",
    )
    MOST_NAMES = Words(
        "cần tối đa {most} tên trong một đối tượng JSON, nhận được {got}; hãy chia thành nhiều đối tượng",
        "expected {most} names at most in one object of JSON, got {got}; split it into several",
    )
    LONG_TEXT = Words(
        "cần tối đa {most} ký tự trong một văn bản JSON, nhận được {got}; hãy rút ngắn hoặc bỏ văn bản đó",
        "expected {most} characters at most in one text of JSON, got {got}; shorten it or leave it out",
    )
    MOST_VALUES = Words("tối đa {most} giá trị trong một nội dung JSON", "at most {most} values in a JSON body")


class BodyWords(Enum):
    """What was expected of a body as a whole."""

    EVENTS = Words("cần một mảng JSON gồm các sự kiện, nhận được {got}", "expected a JSON array of events, got {got}")
    ONE_EVENT = Words("cần một đối tượng JSON, nhận được {got}", "expected one JSON object, got {got}")
    HEADER_ONCE = Words("cần tiêu đề ce-{name} một lần", "expected the header ce-{name} once")
    HEADER_CODED = Words(
        "cần UTF-8 mã hóa phần trăm trong tiêu đề ce-{name}", "expected percent-encoded UTF-8 in the header ce-{name}"
    )
    MOST_EVENTS = Words(
        "tối đa {most} sự kiện trong một yêu cầu, nhận được {got}", "at most {most} events in one request, got {got}"
    )
    SUBMISSION = Words(
        "cần một bài gửi là một đối tượng, nhận được {got}", "expected one submission, an object, got {got}"
    )
    BROKE_BEFORE_END = Words("kết nối bị ngắt trước khi gửi xong", "the connection broke before the end")
    BROKE_BEFORE_ANSWER = Words("kết nối bị ngắt trước khi có trả lời", "the connection broke before the answer")
    LIST_IN = Words("cần một danh sách trong {name}, nhận được {got}", "expected a list in {name}, got {got}")
    AN_OBJECT = Words("cần một đối tượng, nhận được {got}", "expected an object, got {got}")
    TEXT_IN = Words("cần một văn bản trong {name}, nhận được {got}", "expected a text in {name}, got {got}")
    SHORT_NAME_IN = Words(
        "cần tối đa {most} ký tự trong {name}, nhận được {got}",
        "expected {most} characters at most in {name}, got {got}",
    )
    COLUMN_OF_LINE = Words("cột {name} của dòng {line}", "the column {name} of line {line}")
    CSV_UTF8 = Words("cần CSV mã UTF-8: byte {byte} không đúng mã này", "expected CSV in UTF-8: byte {byte} is none")
    FIRST_LINE = Words("dòng 1", "line 1")
    COLUMNS = Words(
        "dòng 1: cần một trong các cột {names}, nhận được {got}",
        "line 1: expected one of the columns {names}, got {got}",
    )
    COLUMN = Words("dòng 1: cần cột {name}", "line 1: expected the column {name}")
    CELLS = Words(
        "dòng {line}: cần tối đa {most} ô, nhận được {got}", "line {line}: expected {most} cells at most, got {got}"
    )
    COMMAS = Words(
        "dòng 1: cần dấu phẩy giữa các ô như DHIS2, nhận được {got}",
        "line 1: expected commas between the cells, as DHIS2 has them, got {got}",
    )
    UNREAD_FIELD = Words(
        "trường {name} không được đọc; các trường được đọc: {names}",
        "the field {name} is not read; those that are: {names}",
    )
    WHOLE_ELEMENTS = Words(
        "deletion.elements: bản ghi là trọn vẹn, không xóa riêng từng categoryOptionCombo; hãy bỏ trường này",
        "deletion.elements: records are whole, so no categoryOptionCombo can be deleted by itself; leave it out",
    )
    SEMICOLONS = Words("dấu chấm phẩy", "semicolons")
    TABS = Words("dấu tab", "tabs")
    MOST_VALUES = Words("tối đa {most} giá trị trong một yêu cầu", "at most {most} values in one request")
    MOST_LINES = Words("tối đa {most} dòng trong một yêu cầu", "at most {most} lines in one request")
    MOST_REGISTRATIONS = Words(
        "tối đa {most} lượt đăng ký trong một yêu cầu", "at most {most} registrations in one request"
    )


class ImportWords(Enum):
    """What DHIS2's summaries say of an import."""

    ALL = Words("Đã nhập xong toàn bộ", "Import process completed successfully")
    SOME = Words(
        "Đã nhập xong, có xung đột: các bản ghi nêu tên không được nhận",
        "Import process completed with conflicts: the records listed were not taken",
    )
    NONE = Words("Nhập không thành công: không nhận gì", "Import process failed: nothing was taken")
    SUCCESS = Words("Nhập thành công.", "Import was successful.")
    WARNING = Words(
        "Có ít nhất một xung đột, hãy xem bản tóm tắt.",
        "One or more conflicts encountered, please check import summary.",
    )
    ERROR = Words("Có lỗi, hãy xem bản tóm tắt.", "An error occurred, please check import summary.")
    STARTED = Words("Đã bắt đầu nhập giá trị dữ liệu", "Initiated dataValueImport")
    REFUSED = Words("Trường «{field}» bị từ chối: {reason}{came}.", "The field '{field}' is refused: {reason}{came}.")
    CAME = Words(" (nhận được {got})", " (got {got})")
