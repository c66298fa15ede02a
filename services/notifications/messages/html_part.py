"""Make the HTML part of a message: the text's paragraphs, with its list as a table.

A block of the text (between blank lines) with lines that begin with "- " is a list: the first of a section becomes the
table of all its items, and the others are left out.
"""

import re
from collections.abc import Mapping, Sequence
from functools import cache
from html import escape

from shared.programme.message import Message

Variables = Mapping[str, object]  # what a template is filled with, and each row of its table

# In the order in which they are shown; a column that no item of the section fills is left out.
COLUMNS: Mapping[str, Mapping[str, str]] = {
    "report_label": {"vi": "Báo cáo", "en": "Report"},
    "unit_name": {"vi": "Đơn vị", "en": "Unit"},
    "parent_name": {"vi": "Trực thuộc", "en": "Within"},
    "agency_label": {"vi": "Cơ quan", "en": "Agency"},
    "raised_at": {"vi": "Phản ánh lúc", "en": "Raised"},
    "period": {"vi": "Kỳ", "en": "Period"},
    "silent": {"vi": "Chưa gửi", "en": "Silent"},
    "expected": {"vi": "Phải gửi", "en": "Expected"},
    "on_time": {"vi": "Đúng hạn", "en": "On time"},
    "late": {"vi": "Muộn", "en": "Late"},
    "missing": {"vi": "Chưa gửi", "en": "Missing"},
    "due_at": {"vi": "Hạn", "en": "Due"},
    "days_late": {"vi": "Số ngày chậm", "en": "Days late"},
    "contact": {"vi": "Liên hệ", "en": "Contact"},
}
_HEAD = (
    '<!DOCTYPE html>\n<html lang="{}"><head><meta charset="utf-8">\n'
    '<meta name="viewport" content="width=device-width, initial-scale=1"></head>\n'
    '<body style="font-family:sans-serif;line-height:1.4;max-width:60em">\n'
)
_TABLE = '<table style="border-collapse:collapse" border="1" cellpadding="5">\n'
_BREAK = "<br>\n"
_TITLE = '<th align="left">{}</th>'
_LINK = re.compile(r"""(https?://[^\s<>"']*[^\s<>"'.,:;!?)])""")


def html_of(parts: Sequence[tuple[Message, Sequence[Variables]]], language: str) -> str:
    """Make the whole HTML document of sections, each with the items that its list names."""
    sections = "<hr>\n".join(_section(message, items, language) for message, items in parts)
    return f"{_HEAD.format(escape(language))}{sections}</body></html>"


def _section(message: Message, items: Sequence[Variables], language: str) -> str:
    """Make a section by hand: a template engine took half of the time of writing a message."""
    return "".join(
        _table(items, language) if block is None else f"<p>\n{_BREAK.join(map(_line, block))}\n</p>\n"
        for block in _blocks(message.body)
    )


def _table(items: Sequence[Variables], language: str) -> str:
    filled = tuple([key for key in COLUMNS if any(item.get(key) is not None for item in items)])
    rows = [_row([item.get(key) for key in filled]) for item in items]
    return f"{_titles(filled, language)}{''.join(rows)}</table>\n"


@cache
def _titles(keys: Sequence[str], language: str) -> str:
    """Make the beginning of a table with these columns."""
    titles = [COLUMNS[key].get(language, COLUMNS[key]["en"]) for key in keys]
    return f"{_TABLE}<tr>{''.join(map(_TITLE.format, map(escape, titles)))}</tr>\n"


def _row(values: Sequence[object]) -> str:
    """Make a row, all cells escaped at once: no text of PostgreSQL's has a NUL in it."""
    cells = escape("\0".join(["" if value is None else str(value) for value in values]))
    return f"<tr><td>{cells.replace(chr(0), '</td><td>')}</td></tr>\n"


def _line(text: str) -> str:
    """Make a line of a paragraph, its addresses as links."""
    pieces = _LINK.split(text)  # every second one is an address
    pieces[::2] = [escape(piece) for piece in pieces[::2]]
    pieces[1::2] = [f'<a href="{escape(url)}" rel="noreferrer">{escape(url)}</a>' for url in pieces[1::2]]
    return "".join(pieces)


def _blocks(body: str) -> list[list[str] | None]:
    """Split the text into paragraphs as lists of lines, None where the table stands."""
    blocks: list[list[str] | None] = []
    for block in body.strip().split("\n\n"):
        lines = [line for line in block.splitlines() if line.strip()]
        if any(line.startswith("- ") for line in lines):
            if None not in blocks:
                blocks.append(None)
        elif lines:
            blocks.append(lines)
    return blocks
