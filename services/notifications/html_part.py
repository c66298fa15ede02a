"""The HTML part of a mail: the text's paragraphs, with its list as a table.

A block of the text (between blank lines) with lines that begin with "- " is a list: the first of a section becomes the
table of all its items, and the others are left out.
"""

from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any

from jinja2 import Environment, StrictUndefined, Template

from shared.message_text import Message

# In the order in which they are shown; a column that no item of the section fills is left out.
COLUMNS = (
    ("report_label", {"vi": "Báo cáo", "en": "Report"}),
    ("unit_name", {"vi": "Đơn vị", "en": "Unit"}),
    ("parent_name", {"vi": "Trực thuộc", "en": "Within"}),
    ("agency_label", {"vi": "Cơ quan", "en": "Agency"}),
    ("raised_at", {"vi": "Phản ánh lúc", "en": "Raised"}),
    ("period", {"vi": "Kỳ", "en": "Period"}),
    ("silent", {"vi": "Chưa gửi", "en": "Silent"}),
    ("expected", {"vi": "Phải gửi", "en": "Expected"}),
    ("on_time", {"vi": "Đúng hạn", "en": "On time"}),
    ("late", {"vi": "Muộn", "en": "Late"}),
    ("missing", {"vi": "Chưa gửi", "en": "Missing"}),
    ("due_at", {"vi": "Hạn", "en": "Due"}),
    ("days_late", {"vi": "Số ngày chậm", "en": "Days late"}),
    ("contact", {"vi": "Liên hệ", "en": "Contact"}),
)
_PAGE = """\
<!DOCTYPE html>
<html lang="{{ language }}"><head><meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1"></head>
<body style="font-family:sans-serif;line-height:1.4;max-width:60em">
{% for section in sections %}
{% if not loop.first %}<hr>{% endif %}
{% for block in section.blocks %}
{% if block is none %}
<table style="border-collapse:collapse" border="1" cellpadding="5">
<tr>{% for title in section.titles %}<th align="left">{{ title }}</th>{% endfor %}</tr>
{% for row in section.rows %}
<tr>{% for cell in row %}<td>{{ cell }}</td>{% endfor %}</tr>
{% endfor %}
</table>
{% else %}
<p>
{% for line in block %}
{{ line|urlize(rel="noreferrer") if "://" in line else line }}{% if not loop.last %}<br>{% endif +%}
{% endfor %}
</p>
{% endif %}
{% endfor %}
{% endfor %}
</body></html>
"""


def html_of(parts: Sequence[tuple[Message, Sequence[Mapping[str, Any]]]], language: str) -> str:
    """The whole HTML document of sections, each with the items that its list names."""
    return _page().render(language=language, sections=[_section(text, items, language) for text, items in parts])


@cache
def _page() -> Template:
    environment = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    return environment.from_string(_PAGE)


def _section(message: Message, items: Sequence[Mapping[str, Any]], language: str) -> dict[str, Any]:
    filled = [(key, title) for key, title in COLUMNS if any(item.get(key) is not None for item in items)]
    return {
        "blocks": _blocks(message.body),
        "titles": [title.get(language, title["en"]) for _, title in filled],
        "rows": [[_cell(item.get(key)) for key, _ in filled] for item in items],
    }


def _cell(value: Any) -> str:
    return "" if value is None else str(value)


def _blocks(body: str) -> list[list[str] | None]:
    """The paragraphs as lists of lines; None where the table stands."""
    blocks: list[list[str] | None] = []
    for block in body.strip().split("\n\n"):
        lines = [line for line in block.splitlines() if line.strip()]
        if any(line.startswith("- ") for line in lines):
            if None not in blocks:
                blocks.append(None)
        elif lines:
            blocks.append(lines)
    return blocks
