"""Cells that hold no value of their own: errors, formulas without a result, numbers that lost their digits. Pure."""

import re

from shared.sheets.words import CellWords
from shared.wording.words import Words

# Excel's errors, and LibreOffice's as it writes them to CSV.
_ERROR = re.compile(
    r"#(?:N/A|REF!|DIV/0!|VALUE!|NAME\?|NUM!|NULL!|SPILL!|CALC!|FIELD!|BLOCKED!|CONNECT!|UNKNOWN!|BUSY!|PYTHON!"
    r"|EXTERNAL!|GETTING_DATA|TIMEOUT!)|Err:\d{3}",
    re.IGNORECASE | re.ASCII,
)
_FORMULA = re.compile(r"=")
_SHORTENED = re.compile(r"-?\d(?:[.,]\d+)?[eE]\+\d{1,3}", re.ASCII)


def is_error(text: str) -> bool:
    """Tell whether a cell is one of a spreadsheet program's errors."""
    return _ERROR.fullmatch(text) is not None


def fault_of(text: str) -> Words | None:
    """Say why a cell holds no value, and the cure; None where it may hold one. `text` is trimmed."""
    if is_error(text):
        return CellWords.ERROR.value.filled(error=text)
    if _FORMULA.match(text):
        return CellWords.FORMULA.value
    if _SHORTENED.fullmatch(text):
        return CellWords.SHORTENED.value
    return None
