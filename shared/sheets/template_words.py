"""What a template's pages say, in the languages that a programme may be in."""

from enum import Enum

from shared.wording.words import Words

# By the column's technical name. The row of labels stands above that of the names: it must not read as one (`unit`).
LABELS = {
    "programme": Words("Chương trình", "Programme"),
    "indicator": Words("Mã chỉ tiêu", "Code of the indicator"),
    "#indicator": Words("Chỉ tiêu", "Indicator"),
    "component": Words("Mã thành phần", "Code of the component"),
    "#part": Words("Chi tiết", "Detail"),
    "numerator": Words("Tử số", "Numerator"),
    "denominator": Words("Mẫu số", "Denominator"),
    "value": Words("Có/Không", "Yes/No"),
    "activity": Words("Hoạt động", "What was held"),
    "record": Words("Mã bản ghi", "Code of the record"),
    "held_on": Words("Ngày thực hiện", "Day"),
    "domain": Words("Lĩnh vực", "Domain"),
    "female": Words("Trong đó: nữ", "Of these: women and girls"),
    "withdraw": Words("Hủy bản ghi (x)", "Withdraw the record (x)"),
    "report": Words("Báo cáo", "Code of the report"),
    "submitted": Words("Nộp báo cáo (Có/Không)", "Submit the report (Yes/No)"),
    "unit": Words("Đơn vị", "Code of the unit"),
    "agency": Words("Cơ quan", "Code of the agency"),
    "period": Words("Kỳ báo cáo", "Reporting period"),
}


class TemplateWords(Enum):
    """Pages, choices and remarks."""

    REPORT = Words("Báo cáo", "Report")
    FIGURES = Words("Chỉ tiêu", "Indicators")
    ACTIVITIES = Words("Hoạt động", "Activities")
    TITLE = Words("{report} - {unit} ({code}) - kỳ {period}", "{report} - {unit} ({code}) - {period}")
    RECIPIENTS = Words("Nơi nhận:", "Recipients:")
    WHOLE = Words("Tổng số", "Total")
    MONEY = Words("{line} (đồng)", "{line} (dong)")
    COUNT = Words("Số nguyên, từ 0 trở lên", "A whole number, from 0 up")
    YES = Words("Có", "Yes")
    NO = Words("Không", "No")


HELP = (
    Words(
        "Điền các trang «Chỉ tiêu» và «Hoạt động», chọn «Có» ở cột cuối để nộp, rồi gửi tệp này.",
        "Fill in the pages «Indicators» and «Activities», choose «Yes» in the last column to submit, send the file.",
    ),
    Words(
        "Gửi lại tệp đã sửa thì số liệu mới thay số liệu cũ; ô để trống không được gửi.",
        "Send the file again when it is corrected: the new figures replace the old ones; an empty cell is not sent.",
    ),
    Words(
        "Đã nộp mà cần rút lại báo cáo: chọn «Không» ở cột cuối rồi gửi lại tệp.",
        "To take a submitted report back choose «No» in the last column and send the file again.",
    ),
    Words(
        "Ngày viết theo thứ tự ngày/tháng/năm, ví dụ 31/03/2023.", "Days are written day/month/year, like 31/03/2023."
    ),
    Words("Không gộp ô: mỗi ô có giá trị riêng của mình.", "Don't merge cells: each cell has a value of its own."),
    Words(
        "«Mã bản ghi» là riêng trong mọi đơn vị của bên gửi: hai đơn vị dùng cùng một mã thì dòng sau thay dòng trước. "
        "Nếu tự đặt mã, hãy viết mã đơn vị vào đầu, ví dụ 06433-001.",
        "The code of a record is its own among all units of a sender: where two units use one code, the later row "
        "replaces the earlier one. If you choose codes yourself, begin them with the unit's, like 06433-001.",
    ),
    Words(
        "Nếu mã chỉ gồm chữ số, hãy định dạng ô là văn bản: ô số hiện 007 vẫn được đọc là 7.",
        "If a code has digits only, format its cell as text: a number that shows 007 is read as 7.",
    ),
)
