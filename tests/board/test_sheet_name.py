"""What the downloaded sheet is called (RFC 6266): a plain name for every program, the reader's own beside it."""

import re
import unicodedata
from dataclasses import replace
from urllib.parse import unquote

import pytest

from services.board.report.pages import Opened
from services.board.sheet.page import disposition
from tests.board.sheets import Open

# A quoted text that needs no escape, and RFC 8187's `ext-value`: attr-char, or the bytes of UTF-8 in hex.
HEADER = re.compile(
    r'attachment; filename="(?P<plain>[A-Za-z0-9._-]+\.xlsx)"'
    r"; filename\*=UTF-8''(?P<own>(?:[A-Za-z0-9!#$&+.^_`|~-]|%[0-9A-F]{2})+)"
)


def named(opened: Opened) -> tuple[str, str]:
    """Both names, as a browser reads them."""
    found = HEADER.fullmatch(disposition(opened))
    assert found is not None, disposition(opened)
    return found["plain"], unquote(found["own"], errors="strict")


def with_unit(opened: Opened, name: str) -> Opened:
    return replace(opened, form=replace(opened.form, unit=replace(opened.form.unit, name=name)))


def test_the_name_is_vietnamese_and_has_a_plain_one_beside_it(report: Open) -> None:
    assert named(report()) == (
        "progress-quarterly-06412-2023-Q1.xlsx", "Phiếu báo cáo Xã Yên Vượng quý I năm 2023.xlsx"
    )  # fmt: skip
    assert named(report(language="en"))[1] == "Report sheet Xã Yên Vượng quarter 1 of 2023.xlsx"


@pytest.mark.parametrize(
    ("name", "written"),
    [
        ("Xã Đắk Rơ Ông", "Xã Đắk Rơ Ông"),
        ("Xã Ia Lâu's", "Xã Ia Lâu's"),  # an apostrophe ends nothing
        ("Xã 100%25 (mới)", "Xã 100%25 (mới)"),
        ('Xã "Mới"; filename=a.exe', "Xã Mới ; filename=a.exe"),
        ("Xã A/B\\C:D*E?F<G>H|I", "Xã A B C D E F G H I"),
        ("Xã\r\nSet-Cookie: x=1\t", "Xã Set-Cookie x=1"),
    ],
)
def test_no_name_breaks_the_header_or_leads_into_a_folder(report: Open, name: str, written: str) -> None:
    plain, own = named(with_unit(report(), name))
    assert plain == "progress-quarterly-06412-2023-Q1.xlsx"
    assert own == f"Phiếu báo cáo {written} quý I năm 2023.xlsx"
    assert unicodedata.is_normalized("NFC", own)
