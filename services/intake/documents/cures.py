"""What each code of the door means and how it is cured, for `docs/errors.md`."""

from services.intake.refusals.request_errors import Fault
from shared.documents.cures import READ_CURES, Cure
from shared.domain.refusals import Code
from shared.wording.words import Words

_ANOTHER_KEY = Words("Dùng khóa có quyền đó.", "Use a key that may.")
_NAMED = Words("Dùng một giá trị mà thông báo nêu.", "Use one that the message names.")
_MEND = Words("Sửa theo thông báo.", "Mend it as the message says.")

FAULT_CURES: dict[Fault, Cure] = {
    Fault.UNREADABLE: Cure(
        Words(
            "Nội dung không đúng với `Content-Type`: JSON hỏng, mã khác UTF-8, `NaN`, một tên hai lần trong một đối "
            "tượng, lồng sâu quá 200, không phải XLSX; hoặc JSON của DHIS2 có trường không được đọc. Thông báo cho "
            "biết ở đâu. Bảng tính đòi nhiều hơn mức cho phép (15 giây của một lõi, 320 MiB), có nội dung sau cột 300, "
            "hoặc được ghi theo cách không chương trình bảng tính nào ghi.",
            "The body is not what its `Content-Type` says: broken JSON, another encoding than UTF-8, `NaN`, a key "
            "twice in an object, deeper than 200, no XLSX; or DHIS2's JSON has a field that is not read. The message "
            "says where. A spreadsheet that takes more than its reader may have (15 s of a core, 320 MiB), has content "
            "beyond column 300, or is written as no spreadsheet program does.",
        ),
        Words(
            "Sửa nội dung; với bảng tính, chép riêng các ô của bảng sang một tệp mới.",
            "Mend the body; of a spreadsheet copy the table's own cells to a new file.",
        ),
    ),
    Fault.BAD_PARAMETER: Cure(
        Words(
            "Một tham số trong địa chỉ, hoặc trong nội dung của DHIS2, không phải tham số của địa chỉ này (có thể do "
            "viết sai tên), không thực hiện được, hoặc có giá trị không được phép; hoặc tiêu đề nêu trong `field` như "
            "vậy.",
            "A parameter of the address, or in DHIS2's body, is none of this address (perhaps misspelt), can't be "
            "obeyed, or has a value that it can't have; or the header that `field` names is so.",
        ),
        Words("Sửa theo thông báo, hoặc bỏ tham số đó.", "Mend it as the message says, or leave it out."),
    ),
    Fault.UNAUTHORIZED: Cure(
        Words(
            "Không có khóa, hoặc khóa sai, hết hạn, đã thu hồi; hoặc có hai tiêu đề nêu khóa.",
            "No key, or one that is wrong, has ended or was revoked; or two headers that name one.",
        ),
        Words(
            "`Authorization: Bearer KHÓA`, đúng một lần; `kip source rotate TÊN` tạo khóa mới.",
            "`Authorization: Bearer <key>`, once; `kip source rotate NAME` makes a new key.",
        ),
    ),
    Fault.NOT_ALLOWED: Cure(
        Words(
            "Khóa không được gửi gì mà địa chỉ này nhận, hoặc chỉ được gửi thay cán bộ. Trả lời trước khi đọc nội "
            "dung.",
            "The key may post nothing of what this address takes, or only for officers. It is said before the body is "
            "read.",
        ),
        _ANOTHER_KEY,
    ),
    Fault.MAY_NOT_ACT: READ_CURES["may_not_act"][1],
    Fault.GONE: READ_CURES["gone"][1],
    Fault.NOT_FOUND: Cure(
        Words("Không có địa chỉ, biểu mẫu hoặc lần nhập này.", "No such address, form or job."),
        Words("Xem `/openapi.json`.", "See `/openapi.json`."),
    ),
    Fault.METHOD_NOT_ALLOWED: Cure(
        Words("Địa chỉ nhận phương thức khác.", "The address takes another method."),
        Words("Xem `Allow`.", "See `Allow`."),
    ),
    Fault.TOO_SLOW: Cure(
        Words(
            "Nội dung không đến trong thời hạn (`KIP_BODY_TIMEOUT`), hoặc phần đầu không đến trong thời hạn.",
            "The body did not arrive in time (`KIP_BODY_TIMEOUT`), or its head did not.",
        ),
        Words("Trên đường truyền chậm, gửi các yêu cầu nhỏ hơn.", "Send smaller requests over a slow line."),
    ),
    Fault.TOO_LARGE: Cure(
        Words(
            "Quá 8 MiB trong một yêu cầu, hoặc luồng quá giới hạn; quá 20.000 sự kiện (dòng của bảng tính), 100.000 "
            "giá trị của DHIS2, hoặc một triệu giá trị JSON. Không có gì được nhận.",
            "More than 8 MiB in a request, or a stream over its limit; more than 20,000 events (rows of a "
            "spreadsheet), 100,000 values of DHIS2, or a million values of JSON of any kind. Nothing was made of it.",
        ),
        Words(
            "Chia nhỏ, dùng `application/x-ndjson`, hoặc để `kip post TỆP` gửi bảng tính theo từng phần.",
            "Split the batch, use `application/x-ndjson`, or let `kip post FILE` send a spreadsheet in parts.",
        ),
    ),
    Fault.UNSUPPORTED_TYPE: Cure(
        Words("Kiểu nội dung mà địa chỉ này không nhận.", "A content type that this address does not take."), _NAMED
    ),
    Fault.UNSUPPORTED_ENCODING: Cure(
        Words(
            "Nội dung nén. Không nhận: không biết trước dung lượng sau khi giải nén.",
            "A compressed body. They are not taken: what a small one inflates to is not known before.",
        ),
        Words("Gửi không có `Content-Encoding`.", "Send it without `Content-Encoding`."),
    ),
    Fault.RATE_EXCEEDED: Cure(
        Words(
            "Vượt tốc độ của bên gửi. (503 với bên gửi đăng ký `--loses-429`.)",
            "Over the sender's rate. (503 for a sender that is registered with `--loses-429`.)",
        ),
        Words(
            "Chờ `Retry-After` giây; gộp nhiều sự kiện: tốc độ tính theo sự kiện, không theo yêu cầu.",
            "Wait `Retry-After` seconds; larger batches count their events, not their requests.",
        ),
    ),
    Fault.UNAVAILABLE: Cure(
        Words(
            "Cả hàng đợi và bộ đệm đều không nhận, hoặc không kiểm tra được khóa.",
            "Neither broker nor spool takes events, or keys can't be checked.",
        ),
        Words("Gửi lại y nguyên sau.", "Send the same again later."),
    ),
}

CODE_CURES: dict[Code, Cure] = {
    Code.UNIT_UNKNOWN: Cure(
        Words("Danh mục không có đơn vị mang mã hoặc uid này.", "The register has no unit with this code or uid."),
        Words(
            "Dùng mã năm chữ số của đơn vị, viết dạng văn bản (`06412`, không phải 6412), hoặc uid.",
            "Use the unit's five-digit code as text (`06412`, not 6412), or its uid.",
        ),
    ),
    Code.UNIT_NOT_IN_FORCE: Cure(
        Words(
            "Đơn vị không tồn tại vào ngày đó: ngày cuối kỳ, hoặc ngày của hoạt động.",
            "The unit did not exist on the day: the period's end, or the day of the activity.",
        ),
        Words(
            "Dùng đơn vị của thời điểm đó; `GET /v1/units/{code}?on=` cho biết.",
            "Use the unit of that time; `GET /v1/units/{code}?on=` of the read API tells it.",
        ),
    ),
    Code.UNIT_WRONG_LEVEL: Cure(
        Words("Đơn vị cấp này không báo cáo nội dung này.", "Units of this level don't report this."),
        Words(
            "Báo cáo cho đơn vị thuộc cấp mà thông báo nêu.",
            "Report it for the unit of the level that the message names.",
        ),
    ),
    Code.UNIT_NOT_ALLOWED: Cure(
        Words("403: đơn vị nằm ngoài phạm vi của khóa.", "403: the unit lies outside the key's subtree."),
        Words("Dùng khóa của nơi đó.", "Use the key of that place."),
    ),
    Code.KIND_NOT_ALLOWED: Cure(
        Words("403: khóa không được gửi loại sự kiện này.", "403: the key may not post this kind of event."),
        _ANOTHER_KEY,
    ),
    Code.OFFICER_NOT_ALLOWED: Cure(
        Words(
            "403: cán bộ nêu trong `Kip-Officer` không báo cáo nội dung này: đơn vị, cơ quan, chương trình, hoặc bản "
            "ghi của nơi khác.",
            "403: the officer whom `Kip-Officer` names doesn't report this: the unit, agency, programme or record is "
            "another's.",
        ),
        Words(
            "Gửi đúng phần việc mà thông báo nêu; tên bản ghi bắt đầu bằng `<uid>/<cơ quan>/`.",
            "Post what the message names; a record's name begins with `<uid>/<agency>/`.",
        ),
    ),
    Code.PROGRAMME_NOT_ALLOWED: Cure(
        Words("403: khóa không được gửi cho chương trình này.", "403: the key may not post to this programme."),
        _ANOTHER_KEY,
    ),
    Code.KIND_RESERVED: Cure(
        Words("Chỉ hệ thống được phát loại sự kiện này.", "This type is the system's own to emit."), _NAMED
    ),
    Code.PROGRAMME_UNKNOWN: Cure(Words("Chưa nạp chương trình này.", "No such programme is loaded."), _NAMED),
    Code.PROGRAMME_AMBIGUOUS: Cure(
        Words(
            "DHIS2 gọi tên mà không nêu chương trình, và nhiều chương trình nhận kỳ này.",
            "DHIS2 names a thing without its programme, and several take the period.",
        ),
        Words(
            "Ghi chương trình phía trước, như `ecd-1437:progress-quarterly`, hoặc ánh xạ mã trong `dhis2`.",
            "Write the programme before it, like `ecd-1437:progress-quarterly`, or map the id in `dhis2`.",
        ),
    ),
    Code.PROGRAMME_AT_REST: Cure(
        Words(
            "Vướng mắc mới gửi trước ngày đầu của chương trình, hoặc hơn 92 ngày sau ngày cuối: không có ai nhận.",
            "A new problem before the programme's first day, or over 92 days after its last: nobody would hear of it.",
        ),
        Words("Nêu chương trình đang thực hiện.", "Name a programme that is under way."),
    ),
    Code.INDICATOR_UNKNOWN: Cure(
        Words("Chương trình không có chỉ tiêu này.", "The programme has no such indicator."), _NAMED
    ),
    Code.INDICATOR_SURVEYED: Cure(
        Words("Số liệu của chỉ tiêu này do một cuộc điều tra xác định.", "A survey finds this indicator's figure."),
        Words(
            "Không gửi; kết quả điều tra được ghi trong tệp của chương trình (`surveys`).",
            "Don't post it; the programme's file holds what surveys found (`surveys`).",
        ),
    ),
    Code.ACTIVITY_UNKNOWN: Cure(
        Words("Chương trình không có hoạt động này.", "The programme has no such activity."), _NAMED
    ),
    Code.REPORT_UNKNOWN: Cure(Words("Chương trình không có báo cáo này.", "The programme has no such report."), _NAMED),
    Code.AGENCY_UNKNOWN: Cure(Words("Chương trình không có cơ quan này.", "The programme has no such agency."), _NAMED),
    Code.AGENCY_NOT_ALLOWED: Cure(
        Words(
            "Cơ quan này không báo cáo nội dung này cho đơn vị như vậy.",
            "This agency does not report this for such a unit.",
        ),
        Words("Để cơ quan mà thông báo nêu báo cáo.", "Let the agency that the message names report it."),
    ),
    Code.PERIOD_INVALID: Cure(
        Words(
            "Không viết theo dạng của kỳ, hoặc khác độ dài kỳ của chỉ tiêu hay báo cáo.",
            "Not written like a period, or of another length than this indicator or report has.",
        ),
        Words(
            "`2023-W07`, `2023-03`, `2023-Q1`, `2023-H1` hoặc `2023`, ở DHIS2 là `2023W7`, `202303`, `2023Q1`, "
            "`2023S1` hoặc `2023`, theo thông báo.",
            "`2023-W07`, `2023-03`, `2023-Q1`, `2023-H1` or `2023`, of DHIS2 `2023W7`, `202303`, `2023Q1`, `2023S1` or "
            "`2023`, as the message says.",
        ),
    ),
    Code.PERIOD_FUTURE: Cure(
        Words("Kỳ, hoặc ngày của hoạt động, chưa bắt đầu.", "The period, or the day of the activity, has not begun."),
        Words("Sửa kỳ; kiểm tra đồng hồ của bên gửi.", "Mend the period; check the sender's clock."),
    ),
    Code.PERIOD_CLOSED: Cure(
        Words(
            "Ngoài các năm của chương trình, và của mọi chương trình dùng chung số liệu này.",
            "Outside the years of the programme, and of every other that shares the figure.",
        ),
        Words("Sửa kỳ.", "Mend the period."),
    ),
    Code.TIME_OUT_OF_RANGE: Cure(
        Words(
            "`time` của sự kiện (hoặc ngày hoàn thành của DHIS2) trước năm 2000 hoặc sau đồng hồ của dịch vụ hơn 24 "
            "giờ; thông báo nêu giờ của đồng hồ, và cho biết khi đó là đồng hồ mô phỏng (`KIP_CLOCK`).",
            "The event's `time` (or DHIS2's completion date) is before 2000 or more than 24 h ahead of the service's "
            "clock, which the message tells, and says where it is simulated (`KIP_CLOCK`).",
        ),
        Words(
            "Sửa thời điểm; so đồng hồ của bên gửi với giờ trong thông báo.",
            "Mend the time; compare the sender's clock with the one in the message.",
        ),
    ),
    Code.NUMERATOR_EXCEEDS_DENOMINATOR: Cure(
        Words("Tử số lớn hơn mẫu số.", "More than all."), Words("Sửa số liệu.", "Mend the figures.")
    ),
    Code.OPTION_UNKNOWN: Cure(
        Words(
            "Không có chiều, giá trị, nhóm người tham gia hoặc dòng kinh phí này.",
            "No such dimension or option, participant group or funding line here.",
        ),
        _NAMED,
    ),
    Code.FIELD_UNKNOWN: Cure(
        Words(
            "Trường không có trong lược đồ, hoặc trường của `data` đặt ngoài `data`. Văn bản tự do chỉ có chỗ trong "
            "`problem.*`. Bên ngoài `data`, các thuộc tính mở rộng của CloudEvents (chữ thường và chữ số) được nhận "
            "và không lưu.",
            "A field that the schema doesn't have, or a field of `data` beside `data`. Free text has no place outside "
            "`problem.*`. Beside `data`, extension attributes of CloudEvents (lower-case letters and digits) are taken "
            "and not kept.",
        ),
        Words("Bỏ đi, hoặc chuyển vào `data`.", "Leave it out, or move it into `data`."),
    ),
    Code.FIELD_MISSING: Cure(
        Words("Thiếu một trường bắt buộc.", "A required field is absent."), Words("Thêm vào.", "Add it.")
    ),
    Code.VALUE_INVALID: Cure(
        Words(
            "Giá trị sai kiểu hoặc ngoài giới hạn: số âm, số lẻ, văn bản thay cho số, ngày trước năm 2000 hoặc sau năm "
            "2100, `time` không theo RFC 3339; `data_base64` không phải base64, không chứa JSON hoặc đứng cạnh `data`.",
            "The value has the wrong type or is out of bounds: a negative amount, a fraction, a text for a number, a "
            "day before 2000 or after 2100, a `time` that is not RFC 3339; `data_base64` that is no base64, holds no "
            "JSON or stands beside `data`.",
        ),
        _MEND,
    ),
    Code.PERSONAL_DATA: Cure(
        Words(
            "Văn bản hoặc tên chứa nội dung giống số điện thoại, số định danh, thư điện tử, hoặc ngày sinh cạnh tên "
            "của một người. Lý do gia hạn hoặc miễn báo cáo, và tên của bên gửi (`kip source add`), cũng bị từ chối "
            "như vậy. Nội dung đó không được nhắc lại; khi đó là `id` thì `id` trong trả lời là null, dù sự kiện bị từ "
            "chối vì điều gì.",
            "The text or name holds what looks like a person's phone or identity number, e-mail address, or birth date "
            "beside a name. A reason of an extension or a waiver, and a sender's name (`kip source add`), are refused "
            "for the same. What came is not repeated; where it is the `id`, the answer's `id` is null, whatever the "
            "event is refused for.",
        ),
        Words("Bỏ đi.", "Take it out."),
    ),
    Code.RECORD_REPEATED: Cure(
        Words(
            "Bảng tính: một bản ghi (hoạt động theo `record`; số liệu hoặc báo cáo theo đơn vị, cơ quan và kỳ) có ở "
            "hai dòng, hoặc phần tổng, phần chi tiết hay thành phần của số liệu có ở hai dòng. Không ai biết được dòng "
            "nào đúng: bản ghi bị từ chối toàn bộ, và thông báo nêu cả hai dòng. DHIS2: một yêu cầu ghi một báo cáo "
            "vừa đã hoàn thành vừa không còn hoàn thành; cả hai đều bị từ chối.",
            "A spreadsheet: one record (an activity by its `record`; a figure or report by unit, agency and period) "
            "comes in two rows, or a figure's whole, part or component does. Which one is meant nobody can know: the "
            "record is refused whole, and the message names both rows. DHIS2: one request says that a report is "
            "completed and that it no longer is; both are refused.",
        ),
        Words(
            "Bỏ một dòng; hoạt động mới có `record` riêng.",
            "Remove one of the rows; a new activity gets a `record` of its own.",
        ),
    ),
    Code.ROW_TOO_LONG: Cure(
        Words(
            "Bảng tính: có nội dung trong một cột không tên. Thường là số có dấu phẩy (`1,234`) ghi vào CSV không có "
            "ngoặc kép, làm các ô phía sau bị dời đi.",
            "A spreadsheet: something stands in a column without a name. Most often a number with a comma (`1,234`) "
            "was written to CSV without quotes, which moves all cells behind it.",
        ),
        Words(
            "Viết `1234`, hoặc đặt ô trong ngoặc kép; cột chỉ để người đọc thì đặt tên bắt đầu bằng `#`.",
            "Write `1234`, or quote the cell; begin the name of a column for people with `#`.",
        ),
    ),
    Code.EVENT_TOO_LARGE: Cure(
        Words(
            "Một sự kiện quá 64 KiB, lúc gửi đến hoặc lúc lưu.",
            "More than 64 KiB in one event, as it came or as it is kept.",
        ),
        Words("Chia nhỏ.", "Split it."),
    ),
    Code.NOT_JSON: Cure(
        Words(
            "Trong luồng: dòng này không phải đối tượng JSON, hoặc có một tên hai lần.",
            "In a stream: this line is no JSON object, or has a key twice.",
        ),
        Words("Sửa dòng và gửi lại.", "Mend the line and send it again."),
    ),
    Code.STREAM_CUT: Cure(
        Words(
            "Luồng vượt một giới hạn, hoặc khóa đã bị thu hồi: dòng này và phần sau không được nhận.",
            "The stream broke a limit, or its key was revoked: this line and what follows was not taken.",
        ),
        Words("Gửi lại phần còn lại, từ dòng này.", "Send the rest again, from this line."),
    ),
    Code.RECORD_INCOMPLETE: Cure(
        Words(
            "DHIS2: một bộ dữ liệu phải gồm các bản ghi đầy đủ, mỗi bản ghi có tử số và mẫu số. Xóa một phần bản ghi "
            "cũng là chưa đủ.",
            "DHIS2: a set must carry whole records, numerator and denominator of each. The deletion of a part of one "
            "is not whole either.",
        ),
        Words(
            "Gửi mọi giá trị của bản ghi cùng nhau, không kèm phần cần bỏ; để hủy bản ghi thì xóa cả tử số và mẫu số.",
            "Send all values of the record together, without what is gone; to withdraw it, delete numerator and "
            "denominator.",
        ),
    ),
}
