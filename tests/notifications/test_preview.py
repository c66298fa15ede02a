"""`kip alert preview`: the texts of a programme about an example of its own."""

import re
from pathlib import Path

import pytest

from tests.system import kip
from tests.third_programme import FOLDER

VIETNAMESE = re.compile(r"ngày|quý|hạn \d|báo cáo|Đề án")  # of the words of a letter, not of the names of units


def shown(folder: Path | str, *words: str) -> str:
    return kip("alert", "preview", str(folder), *words, environment={})


def test_every_text_is_shown_in_both_languages_and_one_can_be_chosen():
    both = shown("programmes/ecd-1437")
    assert "messages/vi/overdue.j2: [Đề án 1437] Báo cáo quá hạn: UBND phường Phúc Xá (00001)" in both
    assert "messages/en/summary.j2: [Scheme 1437] Summary of reports in Thành phố Hà Nội, as of" in both
    one = shown("programmes/ecd-1437", "--text", "summary", "--language", "vi")
    assert "đúng hạn 22/23 (95,7%, tăng 8,7 điểm phần trăm so với kỳ trước), gửi chậm 1, chưa gửi 0" in one
    assert "overdue" not in one


@pytest.mark.parametrize("folder", ["programmes/ecd-1437", "programmes/nap-23", FOLDER])
def test_a_text_has_no_words_of_another_language(folder):
    assert VIETNAMESE.findall(shown(folder, "--language", "en")) == []


def test_another_programme_is_shown_with_its_own_agencies_periods_and_levels():
    text = shown(FOLDER)
    assert "[Vaccine cold chain monitoring] Reminder: report of Health office, Thành phố Hà Nội (01)" in text
    assert "week 1 of 2026 (29/12/2025–04/01/2026): due 17:00, 6 Jan 2026" in text
    assert "To: Nguyễn Văn A, focal point, National vaccine store" in text
    assert not re.search("Scheme 1437|quarter|commune|Lạng Sơn", text)


def test_a_whole_silent_place_is_one_line_of_a_letter_further_up():
    text = shown("programmes/nap-23", "--text", "grandparent-digest", "--language", "vi")
    assert "Báo cáo quá hạn trên địa bàn cả nước: 58 báo cáo vẫn chưa gửi" in text
    assert "- Tỉnh Cao Bằng (04), quý IV năm 2026: 56/56 báo cáo của các đơn vị cấp dưới" in text


def test_who_is_asked_reads_a_request_and_a_decision_may_be_a_waiver():
    text = shown("programmes/ecd-1437", "--requested", "--language", "vi")
    assert "reminder.j2: [Đề án 1437] Đề nghị gửi báo cáo: " in text
    assert "decision.j2: [Đề án 1437] Được miễn báo cáo: " in text
    assert "problem.j2: [Đề án 1437] Vướng mắc đã được giải quyết: " in text
