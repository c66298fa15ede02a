"""Cells that hold no value of their own: errors, formulas without a result, numbers that lost their digits. Pure."""

import re

from shared.words import Words

# Excel's errors, and LibreOffice's as it writes them to CSV.
_ERROR = re.compile(
    r"#(?:N/A|REF!|DIV/0!|VALUE!|NAME\?|NUM!|NULL!|SPILL!|CALC!|FIELD!|BLOCKED!|CONNECT!|UNKNOWN!|BUSY!|PYTHON!"
    r"|EXTERNAL!|GETTING_DATA|TIMEOUT!)|Err:\d{3}",
    re.IGNORECASE | re.ASCII,
)
_FORMULA = re.compile(r"=")
_SHORTENED = re.compile(r"-?\d(?:[.,]\d+)?[eE]\+\d{1,3}", re.ASCII)


def is_error(text: str) -> bool:
    """Whether a cell is one of a spreadsheet program's errors."""
    return _ERROR.fullmatch(text) is not None


def fault_of(text: str) -> Words | None:
    """Why a cell holds no value, and the cure; None where it may hold one. `text` is trimmed."""
    if is_error(text):
        return Words(
            f"ô có lỗi {text}; hãy sửa công thức trong bảng tính, hoặc gõ giá trị vào ô",
            f"the cell has the error {text}; mend its formula in the spreadsheet, or type the value",
        )
    if _FORMULA.match(text):
        return Words(
            "công thức chưa có kết quả; hãy mở và lưu tệp bằng chương trình bảng tính, hoặc gõ giá trị vào ô",
            "a formula without a stored value; open and save the file in the spreadsheet program, or type the value",
        )
    if _SHORTENED.fullmatch(text):
        return Words(
            "số đã bị rút gọn, mất chữ số; hãy định dạng ô là văn bản rồi gõ lại đủ các chữ số",
            "a number that was shortened and lost its digits; format the cell as text and type all digits again",
        )
    return None
