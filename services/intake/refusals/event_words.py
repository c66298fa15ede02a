"""What would have been right, of one thing that is wrong with one event: by where the event came from.

They stand behind the words of a code (`refusals.TEXTS`): those of `value_invalid` have their own verb in Vietnamese.
"""

from enum import Enum

from shared.wording.words import Common, Words


class OfficeWords(Enum):
    """What is expected of an event that is posted in an officer's name."""

    UNIT = Words("đơn vị {uid}", "the unit {uid}")
    NO_SEAT = Words("một đơn vị đang tồn tại, nơi cán bộ làm việc", "a unit in force at which the officer sits")
    NO_REVISION = Words(
        "bỏ trường này: nội dung gửi sau thay nội dung gửi trước",
        "none: what is posted later corrects what was before",
    )


class EnvelopeWords(Enum):
    """What is expected of a CloudEvents envelope."""

    ONE_DATA = Words("cần chỉ một trong hai trường data và data_base64", "only one of data and data_base64")
    BASE64_TEXT = Words("cần văn bản base64, nhận được {got}", "a text in base64, got {got}")
    BASE64 = Words("cần base64 hợp lệ (RFC 4648, mục 4)", "valid base64 (RFC 4648, section 4)")
    BASE64_JSON = Words("JSON mã hóa base64: {fault}", "JSON in base64: {fault}")


class SheetWords(Enum):
    """What is expected of the rows of one record."""

    WHOLE = Words(
        "dòng của toàn bộ số liệu: mới chỉ có các dòng chi tiết; hãy thêm một dòng để trống các cột by.…",
        "the row of the whole: only rows of its parts are there; add one whose columns by.… are empty",
    )
    REMOVE_ONE = Words("{both}; hãy bỏ một dòng", "{both}; remove one")
    TOGETHER = Words(
        "{both}; các dòng của một số liệu phải ở cùng một trang, với cùng một mã đơn vị",
        "{both}; the rows of one figure stand in one sheet, with the unit written in one way",
    )


class FormWords(Enum):
    """What is expected of a form's submission, and what is worth a word."""

    UUID = Words("uuid của bài gửi", "the submission's uuid")
    TIME = Words("thời điểm của bài gửi", "the time of the submission")
    ROWS = Words(
        "các dòng của nhóm lặp này, hoặc một danh sách rỗng", "the rows of this repeat group, or an empty list"
    )
    NO_GROUP = Words(
        "Bài gửi không có nhóm lặp «{group}»: không có dòng nào được tính; nếu biểu mẫu đã đổi tên nhóm thì cần sửa "
        "ánh xạ",
        "the submission has no repeat group '{group}': no row of it counts; if the form renamed it, mend the mapping",
    )
    NO_QUESTION = Words(
        "Bài gửi không có câu hỏi «{question}»: không có gì được lấy từ câu hỏi này; nếu biểu mẫu đã đổi tên câu hỏi "
        "thì cần sửa ánh xạ",
        "the submission has no question '{question}': nothing of it counts; if the form renamed it, mend the mapping",
    )
    UNIT_OF_EDIT = Words("đơn vị của các dòng mà bản sửa hủy", "the unit whose rows the edit withdraws")
    TRUTH = Words("cần yes hoặc no", "yes or no")
    MOST_ROWS = Words("cần tối đa {most} dòng", "{most} rows at most")
    MORE = Words("nhiều hơn", "more")
    ROW = Words("cần một dòng của nhóm lặp, là một đối tượng", "a row of a repeat group, an object")
    GROUP = Words("cần các dòng của một nhóm lặp", "the rows of a repeat group")


class ForeignWords(Enum):
    """What to set up, where a body is no submission as KoboToolbox posts it."""

    OPENROSA = Words(
        "đây là XML của OpenRosa (xml_submission_file); cần JSON: trong KoboToolbox chọn kiểu JSON cho REST Services, "
        "còn ODK Collect gửi về KoboToolbox hoặc ODK Central",
        "this is XML of OpenRosa (xml_submission_file); expected JSON: in KoboToolbox choose the type JSON for the "
        "REST service, and let ODK Collect send to KoboToolbox or ODK Central",
    )
    COMMCARE = Words(
        "cần một bài gửi của KoboToolbox hoặc ODK, đây là biểu mẫu do CommCare HQ chuyển tiếp; hãy để một luồng (như "
        "OpenFn) đổi mỗi biểu mẫu thành sự kiện và gửi đến /v1/events",
        "a submission of KoboToolbox or ODK, this is a form that CommCare HQ forwards; let a workflow (like OpenFn) "
        "make events of it and post them to /v1/events",
    )
    RAPIDPRO = Words(
        "cần một bài gửi của KoboToolbox hoặc ODK, đây là webhook của RapidPro hoặc TextIt; hãy viết sự kiện trong "
        "phần body của «Call Webhook» và gửi đến /v1/events, kiểu application/cloudevents+json",
        "a submission of KoboToolbox or ODK, this is the webhook of RapidPro or TextIt; write the event as the body "
        "of 'Call Webhook' and post it to /v1/events, type application/cloudevents+json",
    )
    LIST = Words(
        "cần một bài gửi mỗi yêu cầu, đây là một danh sách; hãy gửi riêng từng bài gửi trong đó",
        "one submission in a request, this is a list; post each submission in it by itself",
    )
    ODATA = Words(
        "một bài gửi mỗi yêu cầu, đây là danh sách OData của ODK Central; hãy gửi riêng từng phần tử của «value»",
        "one submission in a request, this is a list of ODK Central's OData; post each element of 'value' by itself",
    )
    PAGE = Words(
        "một bài gửi mỗi yêu cầu, đây là một trang của API; hãy gửi riêng từng phần tử của danh sách này, hoặc đăng "
        "ký REST Services",
        "one submission in a request, this is a page of an API; post each element of this list, or register a REST "
        "service",
    )
    N8N = Words(
        "chính bài gửi, không bọc trong trường này; trong n8n đặt Body của HTTP Request là {{{{ $json.body }}}} (sau "
        "Webhook) hoặc {{{{ $json }}}}",
        "the submission itself, not wrapped in this field; in n8n set the body of HTTP Request to "
        "{{{{ $json.body }}}} (after Webhook) or {{{{ $json }}}}",
    )
    WRAPPED = Words(
        "chính bài gửi, không bọc trong trường này; hãy gửi nội dung của trường này như REST Services của KoboToolbox",
        "the submission itself, not wrapped in this field; post what is in it, as KoboToolbox's REST service does",
    )


class Dhis2Words(Enum):
    """What is expected of DHIS2's rows."""

    DAY = Words("cần một ngày như 2023-03-14, hoặc một thời điểm", "a day like 2023-03-14, or a time")
    DATA_ELEMENT = Words(
        "<chỉ tiêu>.numerator hoặc .denominator, hoặc tên đã ánh xạ",
        "<indicator>.numerator or .denominator, or a mapped one",
    )
    ONCE = Words("cần mỗi giá trị một lần", "each value once")
    COMBINATION = Words("<chiều>:<giá trị>, hoặc tên đã ánh xạ", "<dimension>:<option>, or a mapped one")
    ALL_RIGHT = Words("mọi giá trị của bản ghi đều đúng", "every value of the record to be right")
    NO_COMBINATION = Words("không có tổ hợp nào ở thành phần này", "no combination for this component")
    ALL_OR_NONE = Words(
        "xóa mọi giá trị của bản ghi hoặc không xóa giá trị nào: hãy gửi lại toàn bộ bản ghi không kèm phần cần bỏ, "
        "hoặc xóa đủ {names} và không gửi kèm giá trị nào khác",
        "all values of the record or none deleted: send the record whole anew without what is gone, or delete {names} "
        "and give no value beside",
    )
    WEEK = Words("một tuần như 2023W7", "a week like 2023W7")
    MONTH = Words("một tháng như 202303", "a month like 202303")
    QUARTER = Words("một quý như 2023Q1", "a quarter like 2023Q1")
    HALF_YEAR = Words("sáu tháng như 2023S1", "a half-year like 2023S1")
    YEAR = Common.A_YEAR.value
    AGENCY = Words("cơ quan, một trong {names}", "the agency, of {names}")
    ONE_OF_BOTH = Words(
        "mỗi báo cáo chỉ được ghi là đã hoàn thành hoặc là không còn hoàn thành, không ghi cả hai trong một yêu cầu",
        "expected it completed or no longer completed, not both in one request",
    )
    ONE_OF = Words("một trong {names}", "one of {names}")
    NO_CONFLICTS = Words("bộ dữ liệu không có xung đột", "a set without conflicts")
