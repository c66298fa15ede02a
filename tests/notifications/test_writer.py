"""What a letter says of who owes, who asks, which period, how many: of agencies, of units that are no more, folded."""

from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from services.notifications.apart import Asides
from services.notifications.messages.contacts import Contacts
from services.notifications.messages.phrases import former, shift_text
from services.notifications.messages.writer import Facts, Item, Reader, Writer
from services.notifications.obligations.deadlines import Shift
from shared.domain.offices import place, seated
from shared.domain.seats import Seats
from shared.domain.working_days import DayKind, DayNote
from shared.programme.message_text import SAMPLE, render
from tests.notifications.field import at

REPORT = "progress-quarterly"
DUE = at("2023-03-16 17:00")


def letter(registry: Any, unit: str, *items: Item, now: str = "2023-03-17 08:00", **facts: Any) -> tuple[str, str]:
    """Subject and text of what an officer at a unit reads."""
    reader = Reader(
        "Nguyễn Văn Đường", "cán bộ đầu mối", facts.pop("agency", "ubnd-xa"), facts.pop("language", "vi"), unit,
        "https://kip.example.vn/x",
    )  # fmt: skip
    programme = registry.programmes["ecd-1437"]
    contacts = Contacts((), programme.slug, Seats(programme, registry.units, at(now).date()))
    writer = Writer(programme, registry.units, reader, Facts(contacts, **facts), at(now), Asides())
    draft = writer.draft(items)
    assert draft.left_out == 0
    rendered = draft.rendered([render(section.template, section.variables) for section in draft.sections])
    return rendered.subject, rendered.body


def late(step: str, unit: str, agency: str = "ubnd-xa", report: str = REPORT, **more: Any) -> Item:
    return Item(step, report, more.pop("period", "2023-Q1"), unit, agency, DUE, None, 1, **more)


def lines_of(text: str) -> list[str]:
    return [line for line in text.splitlines() if line.startswith("- ")]


def test_a_letter_says_who_asks_whom_for_what_of_which_days(registry: Any) -> None:
    subject, text = letter(registry, "06412@1", late("overdue", "06412@1"))
    assert subject == "[Đề án 1437] Báo cáo quá hạn: UBND xã Yên Vượng (06412)"
    assert text.splitlines()[0] == "SỞ LAO ĐỘNG - THƯƠNG BINH VÀ XÃ HỘI TỈNH LẠNG SƠN"
    assert "Kính gửi: Ông/Bà Nguyễn Văn Đường, cán bộ đầu mối, UBND xã Yên Vượng\n" in text
    assert "cán bộ đầu mối, xã Yên Vượng\n" in letter(registry, "06412@1", late("overdue", "06412@1"), agency="x")[1]
    assert lines_of(text) == [
        "- Báo cáo quý về tình hình thực hiện Kế hoạch, quý I năm 2023 (15/12/2022–14/03/2023): "
        "hạn 17:00 ngày 16/03/2023, đã chậm 1 ngày; đơn vị báo cáo: UBND xã Yên Vượng (06412)"
    ]


def test_the_subject_names_what_is_due_first(registry: Any) -> None:
    later, sooner = late("reminder", "06412@1"), late("reminder", "06412@1", report="progress-yearly", period="2022")
    subject, text = letter(registry, "06412@1", later, replace(sooner, due_at=at("2023-03-15 17:00")))
    assert subject.endswith("hạn 17:00 ngày 15/03/2023 (và 1 báo cáo khác)")
    assert "năm 2022" in lines_of(text)[0]


def test_departments_that_owe_are_lines_of_their_own_each_with_its_name(registry: Any) -> None:
    departments = ("so-yt", "so-gddt", "so-ldtbxh", "so-tc", "so-khdt", "so-vhttdl")
    items = [late("parent-digest", "19@1", agency, "progress-yearly", period="2022") for agency in departments]
    subject, text = letter(
        registry, "VN", *items, expected={("progress-yearly", "2022", "VN", agency): 1 for agency in departments}
    )
    assert subject.endswith(": 6 báo cáo")
    assert sorted(line.partition(" tỉnh Thái Nguyên (19), ")[0] for line in lines_of(text)) == sorted(
        f"- {registry.programmes['ecd-1437'].agency[agency].label.vi}" for agency in departments
    )


def test_agencies_of_one_unit_are_never_folded_and_silent_units_are(registry: Any) -> None:
    expected = {(REPORT, "2023-Q1", "186@1", agency): 2 for agency in ("ubnd-xa", "cc-vhxh")}
    both = [late("grandparent-digest", "06412@1", agency) for agency in ("ubnd-xa", "cc-vhxh")]
    assert len(lines_of(letter(registry, "20@1", *both, expected=expected)[1])) == 2
    units = [late("grandparent-digest", uid) for uid in ("06412@1", "06427@1")]
    subject, text = letter(registry, "20@1", *units, expected=expected)
    assert subject.endswith(": 2 báo cáo vẫn chưa gửi")
    assert "còn 2 báo cáo quá hạn" in text
    assert "gộp thành một dòng" in text
    assert lines_of(text)[0].startswith("- Huyện Hữu Lũng (186), quý I năm 2023: 2/2 báo cáo")


@pytest.mark.parametrize(
    ("told", "said", "lines"),
    [((True, True), True, 0), ((True, False), False, 1), ((False, False), False, 2)],
)
def test_the_level_between_is_said_to_have_been_told_only_where_it_was(
    registry: Any, told: tuple[bool, ...], said: bool, lines: int
) -> None:
    units = ("06412@1", "06427@1")
    items = [late("grandparent-digest", uid, above_told=it) for uid, it in zip(units, told, strict=True)]
    text = letter(registry, "20@1", *items)[1]
    assert ("Cấp trên trực tiếp của các đơn vị nêu dưới đây đã được thông báo." in text) is said
    assert text.count("chưa thông báo đến cấp trên trực tiếp của đơn vị này") == lines
    english = letter(registry, "20@1", *items, language="en")[1]
    assert ("The level directly above the units below has been told." in english) is said


def test_the_successor_reads_whose_report_it_is_asked_for_and_until_when_that_was(registry: Any) -> None:
    merged = registry.units["06412@1"].successor
    subject, text = letter(registry, merged, late("overdue", "06412@1", period="2025-Q2"), now="2025-07-02 08:00")
    assert "UBND xã Yên Vượng (06412)" in subject
    whose = "đơn vị báo cáo: UBND xã Yên Vượng (06412) (đơn vị cũ, có đến hết ngày 30/06/2025)"
    assert lines_of(text)[0].endswith(whose)
    assert text.startswith("SỞ Y TẾ TỈNH LẠNG SƠN\n")  # which took over from the department that led
    english = letter(registry, merged, late("overdue", "06412@1"), now="2025-07-02 08:00", language="en")[1]
    assert "(a former unit, there until 30/06/2025)" in english
    of_agency = late("overdue", "20@1", "so-ldtbxh", "progress-yearly", period="2024")
    text = letter(registry, "20@1", of_agency, now="2025-03-20 08:00")[1]
    assert "(cơ quan cũ, có đến hết ngày 28/02/2025)" in text


def test_a_digest_is_worst_first_then_in_the_vietnamese_order(registry: Any) -> None:
    ordered = ("Thị trấn Hữu Lũng", "Xã Đồng Tân", "Xã Hòa Bình", "Xã Hồ Sơn", "Xã Tân Thành", "Xã Thanh Sơn")
    uids = {unit.name: unit.uid for unit in registry.units if unit.parent == "186@1"}
    items = [late("parent-digest", uids[name]) for name in sorted(ordered)]
    worst = replace(late("parent-digest", uids["Xã Yên Bình"]), due_at=at("2023-03-10 17:00"))
    named = [line.split(" (")[0] for line in lines_of(letter(registry, "186@1", *items, worst)[1])]
    assert named == [f"- UBND {name[0].lower()}{name[1:]}" for name in ("Xã Yên Bình", *ordered)]


@pytest.mark.parametrize(
    ("step", "subject", "said"),
    [
        ("extended", "Được gia hạn báo cáo: UBND xã Yên Vượng (06412), hạn mới 17:00 ngày 16/03/2023", "hạn mới 17:00"),
        ("waived", "Được miễn báo cáo: UBND xã Yên Vượng (06412)", "được miễn"),
    ],
)
def test_a_decision_says_by_whom(registry: Any, step: str, subject: str, said: str) -> None:
    told, text = letter(registry, "06412@1", late(step, "06412@1", decided_by=("186@1", "ubnd-huyen")))
    assert told == f"[Đề án 1437] {subject}"
    assert said in lines_of(text)[0]
    assert "do UBND huyện Hữu Lũng quyết định" in lines_of(text)[0]
    assert "do cấp có thẩm quyền quyết định" in letter(registry, "06412@1", late(step, "06412@1"))[1]


def test_a_programme_without_a_text_for_a_newer_notice_uses_the_common_one(registry: Any) -> None:
    programme = registry.programmes["ecd-1437"]
    older = {
        language: {n: t for n, t in texts.items() if n != "decision"} for language, texts in programme.messages.items()
    }
    known = replace(registry, programmes={"ecd-1437": programme.model_copy(update={"messages": older})})
    assert "được miễn" in letter(known, "06412@1", late("waived", "06412@1"))[1]


@pytest.mark.parametrize(
    ("agency", "unit", "name"),
    [
        ("UBND xã", "06412@1", "UBND xã Yên Vượng"),
        ("UBND các huyện, thành phố, thị xã", "186@1", "UBND huyện Hữu Lũng"),
        ("UBND cấp xã", "06385@1", "UBND thị trấn Hữu Lũng"),
        ("UBND tỉnh", "01@1", "UBND thành phố Hà Nội"),
        ("Hội Nông dân tỉnh", "20@1", "Hội Nông dân tỉnh Lạng Sơn"),
        ("Hội Nông dân tỉnh", "01@1", "Hội Nông dân thành phố Hà Nội"),
        ("Sở Y tế", "20@1", "Sở Y tế tỉnh Lạng Sơn"),
        ("Bộ Y tế", "VN", "Bộ Y tế"),
    ],
)
def test_an_agency_is_named_at_its_unit_as_an_office_writes_it(
    registry: Any, agency: str, unit: str, name: str
) -> None:
    assert seated(agency, registry.units[unit], "vi") == name
    english = seated("X", registry.units[unit], "en")
    assert english == ("X" if unit == "VN" else f"X, {registry.units[unit].name}")


def test_of_what_still_is_nothing_is_said_to_be_former(registry: Any) -> None:
    unit = registry.units["06412@1"]
    agency = registry.programmes["ecd-1437"].agency["so-ldtbxh"]
    assert former(unit, agency, date(2025, 2, 28), "vi") is None
    assert former(unit, agency, date(2025, 3, 1), "vi") == "cơ quan cũ, có đến hết ngày 28/02/2025"
    assert former(unit, agency, date(2025, 7, 1), "en") == (
        "a former unit, there until 30/06/2025; a former agency, there until 28/02/2025"
    )
    assert place(registry.units["VN"], "vi") == "Việt Nam"


@pytest.mark.parametrize(
    ("unit", "agency", "issuer"),
    [
        ("20@1", "so-ldtbxh", "UBND TỈNH LẠNG SƠN"),  # which leads the programme there
        ("20@1", "ubnd-tinh", "SỞ LAO ĐỘNG - THƯƠNG BINH VÀ XÃ HỘI TỈNH LẠNG SƠN"),
        ("VN", "bo-ldtbxh", "ĐỀ ÁN CHĂM SÓC VÌ SỰ PHÁT TRIỂN TOÀN DIỆN"),
        ("VN", "x", "BỘ LAO ĐỘNG - THƯƠNG BINH VÀ XÃ HỘI"),
    ],
)
def test_no_body_writes_to_itself(registry: Any, unit: str, agency: str, issuer: str) -> None:
    item = late("parent-digest", "186@1", "ubnd-huyen")
    assert letter(registry, unit, item, agency=agency)[1].startswith(issuer)


def test_nor_does_the_agency_that_has_taken_over_from_the_one_that_led(registry: Any) -> None:
    item = late("parent-digest", "186@1", "ubnd-huyen")
    for agency in ("so-yt", "so-ldtbxh"):
        text = letter(registry, "20@1", item, agency=agency, now="2025-07-02 08:00")[1]
        assert text.startswith("UBND TỈNH LẠNG SƠN\n")


def test_a_letter_of_several_sections_has_one_head_and_one_end(registry: Any) -> None:
    for language, once in {
        "vi": ("SỞ LAO ĐỘNG", "Kính gửi:", "Tại trang dành riêng", "https://", "không chuyển tiếp", "Thư do hệ"),
        "en": ("DEPARTMENT OF", "To:", "On your own page", "https://", "do not forward it", "Sent automatically"),
    }.items():
        parts = late("reminder", "06412@1", period="2023-Q2"), late("overdue", "06412@1")
        subject, text = letter(registry, "06412@1", *parts, language=language)
        alone = letter(registry, "06412@1", parts[1], language=language)[0]
        assert subject == alone + {"vi": " và nội dung khác", "en": " and other matters"}[language]
        assert {words: text.count(words) for words in once} == dict.fromkeys(once, 1)
        assert len(lines_of(text)) == 2
        first, second = text.split("—" * 40)
        assert first.startswith(once[0])
        assert once[0] not in second
        assert "https://" in second


def test_the_readers_own_reports_stand_before_those_of_others_and_name_the_subject(registry: Any) -> None:
    own = ("186@1", "ubnd-huyen")
    items = [
        late("received", "06427@1"), late("grandparent-digest", "06412@1"), late("parent-digest", "06415@1"),
        late("waived", *own, period="2022-Q4"), late("reminder", *own, period="2023-Q2"), late("overdue", *own),
    ]  # fmt: skip
    subject, text = letter(registry, "186@1", *items, agency="ubnd-huyen")
    assert subject == "[Đề án 1437] Báo cáo quá hạn: UBND huyện Hữu Lũng (186) và nội dung khác"
    asked, last = "quý I năm 2023 (", "nhận được báo cáo sau đây"
    inorder = (asked, "quý II năm 2023", "được miễn", "06412", "06415", last)
    assert [text.index(words) for words in inorder] == sorted(text.index(words) for words in inorder)
    later, decided = items[:3], replace(items[3], step="extended")
    assert "Nhắc gửi báo cáo: UBND huyện Hữu Lũng" in letter(registry, "186@1", *later, items[4], decided)[0]
    assert "Được gia hạn báo cáo: UBND huyện Hữu Lũng" in letter(registry, "186@1", *later, decided)[0]


@pytest.mark.parametrize("step", ["parent-digest", "grandparent-digest"])
def test_what_is_told_of_the_whole_country_is_not_of_an_area_called_viet_nam(registry: Any, step: str) -> None:
    subject, text = letter(registry, "VN", late(step, "19@1", "so-yt"))
    assert "trên địa bàn cả nước" in subject
    assert "trên địa bàn cả nước" in text
    assert "địa bàn Việt Nam" not in subject + text
    assert "in Việt Nam" in letter(registry, "VN", late(step, "19@1", "so-yt"), language="en")[0]


def test_a_digest_beside_a_notice_has_one_head_and_one_button(registry: Any) -> None:
    _, text = letter(registry, "186@1", late("parent-digest", "06412@1"), late("received", "186@1", "ubnd-huyen"))
    assert [text.count(words) for words in ("Kính gửi:", "https://", "Thư do hệ thống")] == [1, 1, 1]
    assert "gia hạn hoặc miễn báo cáo của đơn vị cấp dưới" in text
    assert "xem báo cáo và lịch hạn báo cáo" in text


def test_a_letter_that_asks_says_how_to_report(registry: Any) -> None:
    programme = registry.programmes["ecd-1437"]
    silent = replace(registry, programmes={"ecd-1437": programme.model_copy(update={"how_to_report": None})})
    for language, said, instead in (
        ("vi", f"Cách gửi báo cáo: {programme.how_to_report.vi}.", "đến cơ quan nhận báo cáo theo quy định"),
        ("en", f"How to report: {programme.how_to_report.en}.", "to the office that receives such reports"),
    ):
        for step in ("reminder", "overdue"):
            for agency in ("ubnd-xa", "hlhpn-tinh"):  # ordered, and asked
                item = late(step, "06412@1", agency)
                with_it = letter(registry, "06412@1", item, language=language)[1]
                without = letter(silent, "06412@1", item, language=language)[1]
                assert (said in with_it, instead in with_it) == (True, False)
                assert (said[:8] in without, instead in without) == (False, True)


@pytest.mark.parametrize(
    ("original", "day", "name", "vi", "en"),
    [
        ("2026-04-25", "2026-04-25", None, "chuyển từ ngày 25/04/2026 do trùng thứ Bảy",
         "moved from 25 Apr 2026, a Saturday"),
        ("2026-04-26", "2026-04-26", None, "chuyển từ ngày 26/04/2026 do trùng chủ nhật",
         "moved from 26 Apr 2026, a Sunday"),
        ("2026-04-30", "2026-04-30", ("Ngày Chiến thắng", "Victory Day"),
         "chuyển từ ngày 30/04/2026 do trùng Ngày Chiến thắng", "moved from 30 Apr 2026, Victory Day"),
        ("2026-04-28", "2026-04-27", ("Giỗ Tổ", "Hung Kings"),
         "chuyển từ ngày 28/04/2026 do ngày 27/04/2026 là Giỗ Tổ",
         "moved from 28 Apr 2026: 27 Apr 2026 is Hung Kings"),
        ("2026-01-09", "2026-01-10", None, "chuyển từ ngày 09/01/2026 do ngày 10/01/2026 là thứ Bảy",
         "moved from 9 Jan 2026: 10 Jan 2026 is a Saturday"),
    ],
)  # fmt: skip
def test_why_a_deadline_has_moved(original: str, day: str, name: tuple[str, str] | None, vi: str, en: str) -> None:
    names = (("vi", name[0]), ("en", name[1])) if name else ()
    shift = Shift(date.fromisoformat(original), DayNote(date.fromisoformat(day), DayKind.HOLIDAY, names))
    assert (shift_text(shift, "vi"), shift_text(shift, "en")) == (vi, en)


def test_the_sample_says_it_as_letters_do() -> None:
    saturday = date(2023, 12, 16)
    shift = Shift(saturday, DayNote(saturday, DayKind.WEEKEND, ()))
    assert SAMPLE["items"][1]["shifted_because"] == shift_text(shift, "vi")
