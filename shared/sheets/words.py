"""All that is said about a spreadsheet: its file, its layout, its cells that hold no value, and what was read of it."""

from enum import Enum

from shared.wording.words import Words


class FileWords(Enum):
    """Why a file can't be read, and the cure."""

    TOO_MANY_ROWS = Words(
        "tối đa {most} dòng có nội dung trong một bảng tính; «kip post FILE» gửi tệp lớn hơn theo từng phần",
        "at most {most} rows with content in a spreadsheet; 'kip post FILE' sends a larger one in parts",
    )
    TOO_MUCH = Words(
        "cần tệp {kind} đọc được trong {seconds} giây và {mebibytes} MiB; hãy chép riêng các ô của bảng sang một tệp "
        "mới, và chia nhỏ tệp lớn",
        "expected {kind} that is read within {seconds} s and {mebibytes} MiB; copy the table's own cells to a new "
        "file, and split a large one",
    )
    TOO_LONG = Words(
        "cần tối đa {most} MiB nội dung, đã vượt quá ở dòng {row} của {sheet}; hãy bỏ phần chỉ để người đọc, hoặc "
        "chia nhỏ tệp",
        "expected {most} MiB of content at most, got more at row {row} of {sheet}; leave out what is for people only, "
        "or split the file",
    )
    NOT_UTF8 = Words("cần CSV mã UTF-8 (trong Excel: «CSV UTF-8»)", "expected CSV in UTF-8 (in Excel: «CSV UTF-8»)")
    BAD_BYTE = Words("{file}, byte {byte} không đúng mã này", "{file}, byte {byte} is none")
    BELOW_ROW = Words("{file}, bên dưới dòng {row}", "{file}, below row {row}")
    CSV_COLUMNS = Words(
        "dòng {line}: cần tối đa {most} cột, nhận được {got}", "line {line}: expected {most} columns at most, got {got}"
    )
    CSV_NUL = Words(
        "dòng {line}: cần văn bản, nhận được ký tự NUL; hãy lưu tệp dạng CSV UTF-8",
        "line {line}: expected a text, got a NUL; save the file as CSV UTF-8",
    )
    CSV_END = Words(
        "dòng {line}: tệp kết thúc giữa chừng một ô; cần đóng dấu ngoặc kép",
        "line {line}: unexpected end of data in a cell; expected its closing quote",
    )
    CSV_CELL = Words("dòng {line}: ô dài quá {most} ký tự", "line {line}: a cell is longer than {most} characters")
    CSV_QUOTES = Words(
        "dòng {line}: cần dấu ngoặc kép bao cả ô, và viết hai lần ở bên trong ô",
        "line {line}: expected quotes around the whole cell, and written twice inside it",
    )
    NOT_XLSX = Words(
        "cần tệp XLSX (Excel 2007 trở lên) không đặt mật khẩu",
        "expected an XLSX file (Excel 2007 or later) without a password",
    )
    XLSX_ARCHIVE = Words("{file}; hãy lưu lại bảng tính dạng XLSX", "{file}; save the workbook anew as XLSX")
    XLSX_PARTS = Words(
        "{file}: mỗi phần chỉ có một lần, tối đa {most} phần", "{file}: each part once, {most} parts at most"
    )
    XLSX_INFLATED = Words(
        "{file}, tối đa {most} MiB sau khi giải nén; hãy chép riêng các ô của bảng sang một tệp mới",
        "{file} of {most} MiB at most when inflated; copy the table's own cells to a new file",
    )
    XLSX_WORKBOOK = Words("{file}: trong tệp không có bảng tính", "{file}: no workbook is in it")
    XLSX_SHEET = Words("{file}: trong tệp không có trang tính", "{file}: no sheet is in it")
    XLSX_XML = Words(
        "{file}: phần {part} có XML sai ở dòng {line}, cột {column}; hãy lưu lại bảng tính",
        "{file}: {part}: no XML at line {line}, column {column}; save the workbook anew",
    )
    XLSX_PART = Words(
        "{file}: không giải nén được phần {part}; hãy lưu lại bảng tính",
        "{file}: {part} can't be inflated; save the workbook anew",
    )
    XLSX_MISSING = Words("{file}: thiếu phần {part}", "{file}: the part {part} is missing")
    XLSX_NAMES = Words("{file}: mỗi trang phải có tên riêng", "{file}: each sheet has a name of its own")
    XLSX_SHEET_NAME = Words(
        "{file}: cần tối đa {most} ký tự trong tên trang, nhận được {got}; hãy đặt tên ngắn hơn",
        "{file}: expected {most} characters at most in a sheet's name, got {got}; shorten it",
    )
    XLSX_DOCTYPE = Words(
        "{file}: một phần có khai báo kiểu tài liệu, điều không chương trình bảng tính nào ghi",
        "{file}: a part has a document type, which no spreadsheet program writes",
    )
    XLSX_CELL = Words(
        "cần tối đa {most} ký tự trong một ô, nhận được {got}",
        "expected {most} characters at most in a cell, got {got}",
    )
    ROW_ORDER = Words(
        "{sheet}: cần các dòng theo thứ tự, đến dòng {most}, nhận được dòng {got} sau dòng {before}; hãy lưu lại bảng "
        "tính",
        "{sheet}: expected rows in order, up to {most}, got row {got} behind {before}; save the workbook anew",
    )
    CELL_ORDER = Words(
        "{sheet}, dòng {row}: cần các ô theo thứ tự, mỗi ô một lần, nhận được {got}; hãy lưu lại bảng tính",
        "{sheet}, row {row}: expected cells in order, each once, got {got}; save the workbook anew",
    )
    MERGES = Words(
        "{sheet}: cần tối đa {most} vùng ô gộp, mỗi vùng viết như F2:F3, nhận được {got}; hãy bỏ gộp các ô",
        "{sheet}: expected {most} ranges of merged cells at most, each like F2:F3, got {got}; unmerge them",
    )
    XLSX_COLUMNS = Words(
        "cần tối đa {most} cột có nội dung, nhận được một ô ở cột {column} của {sheet}, dòng {row}; hãy xóa phần nằm "
        "bên cạnh bảng",
        "expected {most} columns with content at most, got a cell in column {column} of {sheet}, row {row}; clear "
        "what lies beside the table",
    )
    XLSX_VALUE = Words(
        "{sheet}, dòng {row}, cột {column}: cần {expected}, nhận được {got}; hãy lưu lại bảng tính",
        "{sheet}, row {row}, column {column}: expected {expected}, got {got}; save the workbook anew",
    )
    A_VALUE = Words("giá trị của một ô", "a cell's value")
    A_SHARED_TEXT = Words("một trong {count} văn bản dùng chung", "one of the {count} shared texts")
    NO_PROCESS = Words("chưa có tiến trình để đọc bảng tính", "no process for the spreadsheet")
    NOT_STARTED = Words("tiến trình đọc bảng tính chưa khởi động được", "the process for the spreadsheet did not start")


class LayoutWords(Enum):
    """Why a sheet isn't laid out as ours are."""

    ROW = Words("{sheet}, dòng {row}", "{sheet}, row {row}")
    NO_TABLE = Words(
        "cần một dòng tiêu đề có cột unit và một trong các cột {keys}, trong {rows} dòng đầu",
        "expected a header row with the column unit and one of the columns {keys}, in the first {rows} rows",
    )
    TWICE = Words(
        "{place}: cột {name} có hai lần, ở cột {first} và cột {second}; hãy bỏ một cột, hoặc đổi tên bắt đầu bằng "
        "{note} nếu cột chỉ để người đọc",
        "{place}: the column {name} is there twice, in columns {first} and {second}; remove one, or begin its name "
        "with {note} if it is for people only",
    )
    UNKNOWN = Words("{place}, {columns}; cần {expected}", "{place}, {columns}; expected {expected}")
    UNKNOWN_COLUMN = Words("cột {letters}: không có cột {name}", "column {letters}: no such column {name}")
    MISSING = Words("{place}: thiếu cột {names}", "{place}: the column {names} is missing")
    WITHOUT_KEY = Words(
        "{place}: thiếu cột cho biết mỗi dòng là gì; cần một trong các cột {keys}",
        "{place}: the column that says what its rows are is missing; expected one of {keys}",
    )


class RowWords(Enum):
    """Two rows of one record."""

    OF_ONE_SHEET = Words("dòng {first} và dòng {second}", "rows {first} and {second}")
    OF_TWO_SHEETS = Words(
        "{first_sheet}, dòng {first} và {second_sheet}, dòng {second}",
        "{first_sheet}, row {first} and {second_sheet}, row {second}",
    )


class CellWords(Enum):
    """Why a cell holds no value of its own, and the cure."""

    ERROR = Words(
        "ô có lỗi {error}; hãy sửa công thức trong bảng tính, hoặc gõ giá trị vào ô",
        "the cell has the error {error}; mend its formula in the spreadsheet, or type the value",
    )
    FORMULA = Words(
        "công thức chưa có kết quả; hãy mở và lưu tệp bằng chương trình bảng tính, hoặc gõ giá trị vào ô",
        "a formula without a stored value; open and save the file in the spreadsheet program, or type the value",
    )
    SHORTENED = Words(
        "số đã bị rút gọn, mất chữ số; hãy định dạng ô là văn bản rồi gõ lại đủ các chữ số",
        "a number that was shortened and lost its digits; format the cell as text and type all digits again",
    )


class ValueWords(Enum):
    """What is expected of a row's cells."""

    TOO_LONG = Words(
        "có thể do dấu phân cách nằm trong một ô, như 1,234; hãy viết liền (1234) hoặc đặt ô trong ngoặc kép; cột chỉ "
        "để người đọc thì đặt tên bắt đầu bằng #",
        "likely a cell that holds the separator, like 1,234: write 1234, or put it in quotes; a column for people has "
        "a name that begins with #",
    )
    EMPTY = Words("ô này phải để trống ở dòng như vậy", "an empty cell in a row like this")
    TRUTH = Words("cần «Có» hoặc «Không»", "Yes (Có) or No (Không)")
    RECORD = Words("mã không được có dấu cách, ví dụ 06412-001", "an id without spaces: 06412-001")


class MergeWords(Enum):
    """Why a cell that was merged with others can't be read, and the cure."""

    MERGED = Words(
        "các ô {cells} bị gộp, chỉ ô đầu có giá trị; hãy bỏ gộp và ghi giá trị vào từng ô",
        "the cells {cells} are merged, and only the first holds the value; unmerge them and write the value in each",
    )


class NoteWords(Enum):
    """What senders should know of a file that was read."""

    NOTHING = Words(
        "không có gì để gửi: bên dưới tiêu đề chưa có dòng nào được điền số liệu, hoạt động hoặc chọn «Có», «Không»",
        "nothing is in it to post: no row below a header holds a figure, an activity, or the choice of Yes or No",
    )
    NO_TABLE = Words(
        "{sheet}: trang không có bảng nào có dòng tiêu đề, nên không được đọc",
        "{sheet}: no table with a header row is on this sheet; it was not read",
    )
    HIDDEN_SHEET = Words("{sheet}: trang bị ẩn, vẫn được đọc", "{sheet}: the sheet is hidden; it was read")
    HIDDEN_ROWS = Words("{sheet}: các dòng bị ẩn vẫn được đọc: {listed}", "{sheet}: hidden rows were read: {listed}")
    HIDDEN_COLUMNS = Words(
        "{sheet}: các cột bị ẩn vẫn được đọc: {listed}", "{sheet}: hidden columns were read: {listed}"
    )
