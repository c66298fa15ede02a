"""What the sheet of a report says: the page beside the form, the workbook itself, and what is wrong with one."""

from enum import Enum

from shared.wording.words import Words


class PageWords(Enum):
    """The page where a sheet is downloaded and uploaded."""

    TITLE = Words("Lập báo cáo bằng bảng tính", "The report as a spreadsheet")
    DOWNLOAD_HELP = Words(
        "Phiếu là tệp Excel của riêng báo cáo này, có sẵn những gì đang có trong báo cáo. Điền các ô màu vàng rồi lưu "
        "lại; mở được bằng Excel, LibreOffice hoặc Google Trang tính (tải về dạng .xlsx).",
        "The sheet is an Excel file of this report alone, with what the report holds so far. Fill in the yellow cells "
        "and save it, in Excel, LibreOffice or Google Sheets (download as .xlsx).",
    )
    UPLOAD_HELP = Words(
        "Báo cáo chưa được gửi ngay: trang sau cho xem lại tất cả trước khi nộp. Phiếu có ô sai thì không ô nào được "
        "lấy.",
        "Nothing is handed in yet: the next page shows all of it first. A sheet with a wrong cell is not taken at all.",
    )
    FILE = Words(
        "Phiếu đã điền (tệp .xlsx hoặc .csv, tối đa {most} MB)", "The filled sheet (.xlsx or .csv, {most} MB at most)"
    )
    ERRORS = Words("Chưa lấy được phiếu: có chỗ cần sửa", "The sheet was not taken: something needs correcting")
    MORE = Words("Còn {count} chỗ khác.", "And {count} more.")
    TAKEN = Words("Đã điền vào báo cáo", "The report is filled in")
    UNUSUAL_HELP = Words(
        "Nếu số liệu đúng, đề nghị ghi lý do tại trang của chỉ tiêu trước khi nộp báo cáo; nếu không đúng, đề nghị sửa "
        "trong phiếu rồi nộp lại phiếu.",
        "If a figure is right, please give the reason on its page before you hand in; if it is not, correct it in the "
        "sheet and upload that again.",
    )
    STALE = Words(
        "Báo cáo này đã được sửa ở nơi khác lúc {at}, nên chưa lấy gì từ phiếu; hãy chọn lại tệp và nhấn lại để điền "
        "vào báo cáo như đang có.",
        "This report was changed elsewhere at {at}, so nothing of the sheet was taken; choose the file and press again "
        "to fill it into the report as it is now.",
    )


class BookWords(Enum):
    """What stands in the workbook beside the words of every template."""

    ABSENT = Words("Không có số liệu (x)", "No figure (x)")
    BEFORE = Words("Kỳ trước", "The period before")
    OF_PERIOD = Words("Kỳ số liệu", "Period")
    MARK = Words("Dấu khi tải về", "Mark of the download")
    REPORT = Words("Báo cáo này", "This report")
    MEANING = Words("Tử số: {numerator}\nMẫu số: {denominator}", "Numerator: {numerator}\nDenominator: {denominator}")
    ELSEWHERE = Words(
        "Hoạt động trong kỳ đã có từ nơi khác, không ghi lại trong phiếu này:",
        "Activities of the period that are there from elsewhere; don't enter them again:",
    )
    FILE_NAME = Words("Phiếu báo cáo {unit} {period}", "Report sheet {unit} {period}")


# Lines of some 120 characters: they stand in one cell each.
HELP = (
    Words(
        "1. Điền các ô màu vàng ở trang «{figures}» và «{activities}», rồi lưu tệp dạng .xlsx.",
        "1. Fill in the yellow cells of the pages «{figures}» and «{activities}», and save the file as .xlsx.",
    ),
    Words(
        "2. Nộp phiếu tại trang báo cáo nơi đã tải phiếu này, xem lại tất cả, rồi nhấn «Nộp báo cáo».",
        "2. Upload it on the report's page where you downloaded it, look at all of it, and press «Hand in the report».",
    ),
    Words(
        "Số có sẵn là số đang có trong báo cáo; dòng không sửa thì giữ nguyên như trong báo cáo.",
        "What is filled in already stands in the report; a row that you don't change stays as it is there.",
    ),
    Words(
        "Chỉ tiêu không có số liệu trong kỳ: xóa số của chỉ tiêu và ghi x ở cột «Không có số liệu».",
        "An indicator that has no figure: clear its numbers and put an x in «No figure».",
    ),
    Words(
        "Dòng chi tiết để trống nghĩa là không có phần chi tiết đó.",
        "A detail that is left empty means that there is no such part.",
    ),
    Words(
        "Số viết liền các chữ số hoặc cách từng nhóm: 1234 hoặc 1 234. Ngày viết ngày/tháng/năm: 31/03/2023.",
        "Numbers have their digits alone or in groups: 1234 or 1 234. Days are day/month/year: 31/03/2023.",
    ),
    Words(
        "Mỗi hoạt động một dòng; kinh phí và mục chi tiết nằm ở các cột gập, nhấn dấu + phía trên cột «Hủy bản ghi».",
        "One activity a row; money and details are folded away, press the + above «Withdraw the record».",
    ),
    Words(
        "Rút một hoạt động đã ghi: ghi x ở cột «Hủy bản ghi»; chỉ xóa dòng thì hoạt động vẫn còn.",
        "To withdraw an activity put an x in «Withdraw the record»; if its row is only deleted it is still there.",
    ),
    Words(
        "Không gộp ô, không sửa các cột ẩn. Vướng mắc được ghi trên trang báo cáo.",
        "Don't merge cells or change hidden columns. Obstacles are told on the report's page.",
    ),
    Words(
        "Cột «Nộp báo cáo» chỉ dùng khi gửi tệp qua phần mềm khác; nộp tại trang báo cáo thì để trống.",
        "The column «Submit the report» is for other software that sends this file; leave it empty here.",
    ),
)


class FaultWords(Enum):
    """Why a sheet isn't taken, at which cell, and the cure."""

    CELL = Words("Trang «{sheet}», ô {cell}: {what}", "Page «{sheet}», cell {cell}: {what}")
    CSV_CELL = Words("Ô {cell}: {what}", "Cell {cell}: {what}")
    NO_FILE = Words("Hãy chọn tệp phiếu đã điền", "Choose the sheet that you filled in")
    TOO_LARGE = Words(
        "Tệp quá lớn: phiếu của một báo cáo tối đa {most} MB; hãy tải phiếu mới và chép số liệu sang",
        "The file is too large: a report's sheet has {most} MB at most; download a new one and copy the figures over",
    )
    TOO_MANY_ROWS = Words(
        "Tệp có quá nhiều dòng: phiếu của một báo cáo tối đa {most} dòng; hãy tải phiếu mới và chép số liệu sang",
        "The file has too many rows: a report's sheet has {most} at most; download a new one and copy the figures over",
    )
    UNREADABLE = Words("Không đọc được tệp: {why}", "The file can't be read: {why}")
    FOREIGN = Words(
        "phiếu này ghi {what} {got}, còn báo cáo đang mở là của {expected}; hãy chọn phiếu của báo cáo này, hoặc mở "
        "đúng báo cáo",
        "this sheet says {what} {got}, and the open report is of {expected}; choose this report's sheet, or open the "
        "report that it is of",
    )
    PROGRAMME = Words("chương trình", "programme")
    UNIT = Words("đơn vị", "unit")
    AGENCY = Words("cơ quan", "agency")
    FORM = Words("báo cáo", "report")
    PERIOD = Words("kỳ", "period")
    NOT_ASKED = Words(
        "báo cáo này không hỏi mục này; hãy xóa nội dung của dòng", "this report doesn't ask for it; clear the row"
    )
    NOT_OF_ACTIVITY = Words(
        "loại hoạt động này không có mục này; hãy để trống ô", "this type of activity has no such thing; clear the cell"
    )
    REPEATED = Words(
        "dòng {row} của trang «{sheet}» cũng ghi mục này; hãy bỏ một dòng",
        "row {row} of the page «{sheet}» says the same thing too; remove one",
    )
    EMPTIED = Words(
        "số liệu đã bị xóa; hãy ghi lại số, hoặc ghi x ở cột «Không có số liệu» nếu kỳ này không có",
        "the figure was cleared; write it again, or put an x in «No figure» if there is none",
    )
    ABSENT_AND_FIGURE = Words(
        "chỉ tiêu được ghi là không có số liệu nhưng ô này có số; hãy xóa số, hoặc xóa dấu x",
        "the indicator is said to have no figure, and this cell has one; clear it, or clear the x",
    )
    OF_THE_WHOLE = Words(
        "dấu x chỉ ghi ở dòng tổng số của chỉ tiêu", "the x stands in the row of the indicator's total alone"
    )
    NOTHING_TO_WITHDRAW = Words(
        "chưa có hoạt động nào mang mã này để rút; hãy xóa dấu x hoặc cả dòng",
        "there is no activity of this code to withdraw; clear the x, or the whole row",
    )
    ACTIVITY_EMPTIED = Words(
        "hoạt động của dòng này đã bị xóa trắng; muốn rút thì ghi x ở cột «Hủy bản ghi», không thì ghi lại",
        "the activity of this row was cleared; put an x in «Withdraw the record» to withdraw it, or write it again",
    )
    NO_RECORD = Words("một mã riêng cho dòng này, như 06412-001", "a code of its own for this row, like 06412-001")
    WITHDRAW_REPORT = Words(
        "không rút báo cáo bằng phiếu tại đây; hãy để trống ô", "a report isn't taken back here; leave the cell empty"
    )
