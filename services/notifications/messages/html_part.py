"""Make the HTML part of a message of its text: every word of the text, in its order, and no other.

A line that begins with "- " or "* " is a card: what stands before its first colon leads, the rest follows, on a phone
below it and on a desk beside it. A line beside such lines that ends without a colon is a heading. A first line all in
capitals is the letterhead, a line by itself that ends with an address is a button. Written by hand: a template engine
took half of the time of writing a message.

No colour is set but a button's: a mail program shows the rest in its own, light or dark. What mail programs leave out
(`<style>`, media queries) leaves a letter of one column.
"""

import re
from collections.abc import Iterator, Sequence
from html import escape

_HEAD = """\
<!DOCTYPE html>
<html lang="{language}"><head><meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark"><meta name="supported-color-schemes" content="light dark">
<title>{subject}</title>
<style>
:root{{color-scheme:light dark;supported-color-schemes:light dark}}
@media (prefers-color-scheme:dark){{body{{background:#1b1b1f;color:#e6e6ea}}a{{color:#9ecaff}}}}
@media (min-width:700px){{.card{{display:table;width:100%;box-sizing:border-box}}
.lead,.rest{{display:table-cell;vertical-align:top}}.lead{{width:45%;padding-right:24px}}}}
</style></head>
<body style="margin:0">
<div style="max-width:800px;margin:0 auto;padding:16px;font:16px/1.5 Arial,sans-serif;word-break:break-word">
"""
_LETTERHEAD = '<p style="margin:0;font-weight:bold;font-size:14px;letter-spacing:.5px">{}</p>\n'
_PARAGRAPH = '<p style="margin:16px 0">{}</p>\n'
_HEADING = '<h2 style="margin:24px 0 8px;font-size:18px">{}</h2>\n'
_SUBHEADING = '<h3 style="margin:16px 0 8px;font-size:16px;font-weight:normal">{}</h3>\n'
_CARD = (
    '<div class="card" style="margin:0 0 8px;padding:8px 12px;border:1px solid #8e8e93;border-left-width:4px">'
    '<div class="lead"><b>{}</b></div>{}</div>\n'
)
_REST = '<div class="rest">{}</div>'
_BUTTON = (
    '<p style="margin:24px 0"><a href="{url}" rel="noreferrer" style="display:inline-block;padding:10px 16px;'
    'background:#0b57d0;color:#ffffff;text-decoration:none">{words}</a></p>\n'
)
_LINK = '<a href="{0}" rel="noreferrer">{0}</a>'
_RULE = '<hr style="margin:32px 0;border:0;border-top:1px solid #8e8e93">\n'
_BREAK = "<br>\n"
_MONTHS = "Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec"
# Where no line may break: before and after a dash between digits, within a date, between a number and what it counts.
# Each begins with its own character, then asks for a digit beside it: what begins by looking behind is tried at every
# letter. After a hyphen a line breaks even before a no-break space (UAX 14, LB12a): between years a joiner stands too.
_RANGE = re.compile(r"–(?<=\d–)(?=\d)")
_YEARS = re.compile(r" - (?<=\d{4} - )(?=\d{4})")
_SPACE = re.compile(
    rf" (?:(?<=\d )(?=ngày\b|days?\b|(?:{_MONTHS}) \d{{4}})"
    r"|(?=\d)(?:(?<=\bngày )|(?<=\bgửi )|(?<=\bchậm )|(?<=\blate )|(?<=\bmissing )"
    rf"|(?=\d{{4}})(?<=\d (?:{_MONTHS}) )))"
)
_ADDRESS = re.compile(r"""(https?://[^\s<>"']*[^\s<>"'.,:;!?)])""")
_CALLS = re.compile(r"""(?P<words>[^:]+): (?P<url>https?://[^\s<>"']+)""")
_MARKS = ("- ", "* ")


def html_of(subject: str, sections: Sequence[str], language: str) -> str:
    """Make the whole HTML document of the sections of a text."""
    head = _HEAD.format(language=escape(language), subject=escape(subject))
    return f"{head}{_RULE.join(map(_section, sections))}</div>\n</body></html>"


def _section(text: str) -> str:
    blocks = [lines for block in text.strip().split("\n\n") if (lines := [*filter(str.strip, block.splitlines())])]
    return "".join(_block(lines, first=number == 0) for number, lines in enumerate(blocks))


def _block(lines: Sequence[str], *, first: bool) -> str:
    """Make the elements of the lines between two empty ones."""
    if any(line.startswith(_MARKS) for line in lines):
        return "".join(_listed(lines))
    if len(lines) == 1:
        if first and lines[0].isupper():
            return _LETTERHEAD.format(_words(lines[0]))
        if calls := _CALLS.fullmatch(lines[0]):
            return _BUTTON.format(url=escape(calls["url"]), words=_words(calls["words"]))
    return _PARAGRAPH.format(_BREAK.join(map(_line, lines)))


def _listed(lines: Sequence[str]) -> Iterator[str]:
    for number, line in enumerate(lines):
        if not line.startswith(_MARKS):
            heading = _SUBHEADING if number else _HEADING
            yield (_PARAGRAPH if line.rstrip().endswith(":") else heading).format(_line(line))
            continue
        lead, colon, rest = line[2:].partition(": ")
        yield _CARD.format(_line(lead + colon.rstrip()), _REST.format(_line(rest)) if rest else "")


def _line(text: str) -> str:
    """Make a line, its addresses as links."""
    pieces = _ADDRESS.split(text)  # every second one is an address
    pieces[::2] = [_words(piece) for piece in pieces[::2]]
    pieces[1::2] = [_LINK.format(escape(url)) for url in pieces[1::2]]
    return "".join(pieces)


def _words(text: str) -> str:
    """Make words, those that belong together on one line: U+2060 lets no line break, U+00A0 is a space that doesn't."""
    text = _RANGE.sub("\N{WORD JOINER}–\N{WORD JOINER}", text)
    text = _YEARS.sub("\N{NO-BREAK SPACE}-\N{WORD JOINER}\N{NO-BREAK SPACE}", text)
    return escape(_SPACE.sub("\N{NO-BREAK SPACE}", text))
