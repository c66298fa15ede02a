"""The HTML part of a letter says what its text says, is sound HTML that mail programs show, and fits a phone."""

import re
from collections.abc import Iterator, Mapping
from html.parser import HTMLParser
from typing import Any

import html5lib
from hypothesis import given, settings
from hypothesis import strategies as st

from services.notifications.messages.html_part import html_of
from shared.programme.common_texts import COMMON_TEXTS
from shared.programme.message_text import SAMPLE, render

TEXTS = [(path.parent.name, path.stem) for path in sorted(COMMON_TEXTS.glob("*/*.j2"))]
HARD = "A<b>&amp;\"' :;-*/()%́ĐđỀềx. 01"
words = st.text(st.sampled_from(HARD), min_size=1, max_size=30).map(lambda text: f"x{text}".strip())


class Words(HTMLParser):
    """The words of a page's body; a link whose text isn't its address says that too."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.said: list[str] = []
        self._link: str | None = None
        self._inside: list[str] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._inside.append(tag)
        if tag in {"br", "p", "div", "h2", "h3", "hr"}:
            self.said.append(" ")
        if tag == "a":
            self._link = dict(attrs)["href"]

    def handle_endtag(self, tag: str) -> None:
        if tag == "a" and self._link not in self.said[-1]:
            self.said.append(f": {self._link}")
        while self._inside and self._inside.pop() != tag:
            pass

    def handle_data(self, data: str) -> None:
        if not {"title", "style"} & set(self._inside):
            self.said.append(data)


def words_of(page: str) -> list[str]:
    """Its words; what keeps a line from breaking, U+2060 and U+00A0, is none."""
    return " ".join("".join(Words(page).said).replace("\N{WORD JOINER}", "").split()).split(" ")


def words_in(text: str) -> list[str]:
    """The words of a text, without what marks a line of a list."""
    return re.sub(r"^[-*] ", "", text, flags=re.MULTILINE).split()


def some_of(values: Mapping[str, Any], draw: st.DrawFn) -> dict[str, Any]:
    """The same variables with other values, as long as the template takes them."""
    made = {}
    for name, value in values.items():
        if isinstance(value, bool):
            made[name] = draw(st.booleans())
        elif isinstance(value, int | float):
            made[name] = draw(st.integers(0, 99_999))
        elif isinstance(value, str) or value is None:
            needs = name in {
                "contact", "former", "shifted_because", "raised_at", "received_at", "decided_by", "how_to_report"
            }  # fmt: skip
            made[name] = draw(st.none() | words if needs else words)
        else:
            made[name] = value
    return made


@st.composite
def variables(draw: st.DrawFn) -> dict[str, Any]:
    made = some_of({name: value for name, value in SAMPLE.items() if name not in {"language", "page"}}, draw)
    for name in ("items", "dark", "problems"):
        least = 1 if name == "items" else 0
        made[name] = [some_of(SAMPLE[name][0], draw) for _ in range(draw(st.integers(least, 3)))]
    return {**made, "officer": some_of(SAMPLE["officer"], draw), "unit": some_of(SAMPLE["unit"], draw)}


def letters(known: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """A text with its page."""
    for requested in (False, True):
        for language, name in TEXTS:
            template = (COMMON_TEXTS / language / f"{name}.j2").read_text(encoding="utf-8")
            message = render(template, {**known, "language": language, "requested": requested})
            yield message.body, html_of(message.subject, [message.body], language)


def test_every_letter_says_in_html_what_it_says_as_text() -> None:
    for text, page in letters(SAMPLE):
        assert words_of(page) == words_in(text)


@settings(max_examples=60, deadline=None)
@given(known=variables())
def test_so_it_does_with_whatever_data(known: dict[str, Any]) -> None:
    for text, page in letters({**SAMPLE, **known, "page": SAMPLE["page"]}):
        assert words_of(page) == words_in(text)


@given(st.text(st.sampled_from(HARD + "\n"), max_size=300))
@settings(max_examples=500, deadline=None)
def test_no_text_of_a_programme_s_own_loses_a_word(text: str) -> None:
    assert [word for word in words_of(html_of("x", [text, text], "vi")) if word] == words_in(text.strip()) * 2


def test_what_a_reader_has_to_know_is_in_both() -> None:
    said = {name: page for (language, name), (_, page) in zip(TEXTS, letters(SAMPLE), strict=False) if language == "vi"}
    for name, expected in {
        "reminder": ("đề nghị đơn vị gửi báo cáo", "chuyển từ ngày 16/12/2023 do trùng thứ Bảy", "(15/09/2023–14/12"),
        "parent-digest": ("chưa có đầu mối", "đôn đốc", "gộp thành một dòng", "UBND xã Yên Vượng (06412)"),
        "summary": ("(87%, tăng 4,3 điểm phần trăm so với kỳ trước)", "gửi chậm 2"),
        "decision": ("do UBND huyện Hữu Lũng quyết định", "hạn mới 17:00 ngày 18/12/2023"),
    }.items():
        assert [words for words in expected if words not in " ".join(words_of(said[name]))] == []


def test_no_line_breaks_within_a_range_a_date_or_a_count() -> None:
    space, joiner = "\N{NO-BREAK SPACE}", "\N{WORD JOINER}"
    kept = {
        f"(15/12/2022{joiner}–{joiner}14/03/2023)": "(15/12/2022–14/03/2023)",
        f"giai đoạn 2018{space}-{joiner}{space}2025": "giai đoạn 2018 - 2025",
        f"chậm{space}12{space}ngày (hạn 17:00{space}ngày{space}18/12/2023)": "chậm 12 ngày (hạn 17:00 ngày 18/12/2023)",
        f"gửi chậm{space}2, chưa gửi{space}1": "gửi chậm 2, chưa gửi 1",
        f"1{space}day late, 2{space}days (due 6{space}Apr{space}2026)": "1 day late, 2 days (due 6 Apr 2026)",
        f"late{space}2, missing{space}1": "late 2, missing 1",
        "xã - huyện – tỉnh, 3 - 4, gửi ngay": "xã - huyện – tỉnh, 3 - 4, gửi ngay",
    }
    for written, text in kept.items():
        for line in (text, f"- {text}", f"- x: {text}"):  # a paragraph, what leads a card, what follows
            page = html_of("x", [line], "vi")
            assert written in page
            assert words_of(page) == words_in(line)
    assert f"2018{space}-{joiner}{space}2025</p>" in html_of("x", ["ĐỀ ÁN 2018 - 2025"], "vi")
    assert "/2018–2025" in html_of("x", ["Xem: https://x.vn/2018–2025"], "vi")  # an address stays as it is


def test_obstacles_have_a_heading_and_cards_begin_with_a_capital() -> None:
    pages = [page for _, page in letters(SAMPLE)]
    headings = {heading for page in pages for heading in re.findall(r"<h2[^>]*>(.*?)</h2>", page)}
    assert any(heading.startswith("Vướng mắc chưa giải quyết") for heading in headings)
    assert any(heading.startswith("Obstacles not yet resolved") for heading in headings)
    assert {
        "Báo cáo quý",
        "Báo cáo quý (địa bàn chưa gửi báo cáo nào)",
        "Báo cáo quý (places wholly silent)",
    } <= headings
    leads = [lead for page in pages for lead in re.findall(r'<div class="lead"><b>(.)', page)]
    assert leads
    assert all(letter.isupper() for letter in leads)


# What Gmail, Outlook, Apple Mail, Yahoo Mail and Samsung Email all show, as caniemail.com says (its data of 2025-09-09,
# read with the npm package caniemail 1.0.5 on every letter), but for `word-break`, which Yahoo Mail leaves out. <style>
# and its queries, which some leave out, only make the letter better: it is whole without them.
TAGS = {"html", "head", "meta", "title", "style", "body", "div", "p", "h2", "h3", "b", "a", "br", "hr"}
INLINE = {
    "margin", "padding", "font", "font-size", "font-weight", "letter-spacing", "border", "border-top",
    "border-left-width", "background", "color", "text-decoration", "display", "max-width", "word-break",
}  # fmt: skip
LONGEST = 102_000  # bytes: what is longer is cut by Gmail


class Elements(HTMLParser):
    """Tags, inline declarations and addresses of a page."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.declared: dict[str, set[str]] = {}
        self.links: set[str] = set()
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        for name, value in attrs:
            if name == "style":
                for declaration in (value or "").split(";"):
                    key, _, its = declaration.partition(":")
                    self.declared.setdefault(key, set()).add(its)
            if name in {"href", "src"}:
                self.links.add(value or "")


def test_every_letter_is_sound_html_of_what_mail_programs_show() -> None:
    for _, page in letters(SAMPLE):
        html5lib.HTMLParser(strict=True).parse(page)  # raises ParseError
        found = Elements(page)
        assert found.tags <= TAGS
        assert set(found.declared) <= INLINE
        assert found.links == {SAMPLE["page"]}
        assert '<meta name="color-scheme" content="light dark">' in page


def test_nothing_in_a_letter_is_wider_than_a_phone() -> None:
    for _, page in letters(SAMPLE):
        found = Elements(page)
        assert "table" not in found.tags
        assert not {"width", "min-width", "white-space", "float", "position"} & set(found.declared)
        assert found.declared["max-width"] == {"800px"}
        assert found.declared["word-break"] == {"break-word"}
        wide = page[page.index("<style>") : page.index("</style>")]
        assert "width" not in re.sub(r"@media \(min-width:700px\)\{.*?\}\}", "", wide, flags=re.DOTALL)


def test_a_digest_of_every_commune_of_a_province_is_not_cut_by_a_mail_program() -> None:
    template = (COMMON_TEXTS / "vi" / "parent-digest.j2").read_text(encoding="utf-8")
    message = render(template, {**SAMPLE, "items": SAMPLE["items"][:1] * 250})
    assert len(html_of(message.subject, [message.body], "vi").encode()) < LONGEST
