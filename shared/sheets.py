"""The layout of report sheets: what a template is written with and an upload is read by.

A table's header row holds the technical names below; what stands above it (titles, labels) is for people. A column
whose name begins with `#` is ignored. A cell may hold `label [slug]`, as the drop-down lists do: the slug counts.
"""

import re

SLUG_IN_BRACKETS = re.compile(r"\[([^\[\]]+)\]\s*$")
NOTE = "#"  # begins the name of a column for people
BY = "by."
PARTICIPANTS = "participants."
MONEY = "money."
KEYS = ("indicator", "activity", "report")  # the column that says what a table's rows are

# Technical name: the Vietnamese label above it in a template.
LABELS = {
    "indicator": "Mã chỉ tiêu",
    "#indicator": "Chỉ tiêu",
    "component": "Mã thành phần",
    "#part": "Chi tiết",
    "numerator": "Tử số",
    "denominator": "Mẫu số",
    "value": "Có/Không",
    "activity": "Hoạt động",
    "record": "Mã bản ghi",
    "held_on": "Ngày thực hiện",
    "domain": "Lĩnh vực",
    "female": "Trong đó: nữ",
    "withdraw": "Hủy bản ghi (x)",
    "report": "Báo cáo",
    "submitted": "Nộp báo cáo (Có/Không)",
    "unit": "Đơn vị",
    "agency": "Cơ quan",
    "period": "Kỳ báo cáo",
}
YES, NO = "Có", "Không"
TRUE = frozenset({"có", "co", "x", "yes", "true", "1"})
FALSE = frozenset({"không", "khong", "no", "false", "0", ""})


def with_slug(label: str, slug: str) -> str:
    """`label [slug]`, as a person chooses it from a list."""
    return f"{label} [{slug}]"


def slug_of(text: str) -> str:
    """The slug of `label [slug]`, or the text itself."""
    found = SLUG_IN_BRACKETS.search(text)
    return found.group(1).strip() if found else text.strip()


def column_letters(number: int) -> str:
    """The letters of a column, counted from 0: A, B, … Z, AA."""
    letters = ""
    number += 1
    while number:
        number, rest = divmod(number - 1, 26)
        letters = chr(ord("A") + rest) + letters
    return letters
