"""Why an event is refused: stable codes, each with its words in both languages."""

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import MAXYEAR
from enum import StrEnum

from shared.values.personal_data import in_identifier, named, repeatable
from shared.wording.words import Told, Words, said

LISTED = 10  # of what is wrong with one event
_SHOWN = 120  # of what came, in characters: an answer must not grow with its question


class Code(StrEnum):
    """The stable codes. `docs/errors.md` gives the meaning and the cure of each."""

    UNIT_UNKNOWN = "unit_unknown"
    UNIT_NOT_IN_FORCE = "unit_not_in_force"
    UNIT_WRONG_LEVEL = "unit_wrong_level"
    UNIT_NOT_ALLOWED = "unit_not_allowed"
    KIND_NOT_ALLOWED = "kind_not_allowed"
    OFFICER_NOT_ALLOWED = "officer_not_allowed"
    KIND_RESERVED = "kind_reserved"
    PROGRAMME_UNKNOWN = "programme_unknown"
    PROGRAMME_AMBIGUOUS = "programme_ambiguous"
    PROGRAMME_AT_REST = "programme_at_rest"
    INDICATOR_UNKNOWN = "indicator_unknown"
    INDICATOR_SURVEYED = "indicator_surveyed"
    ACTIVITY_UNKNOWN = "activity_unknown"
    REPORT_UNKNOWN = "report_unknown"
    AGENCY_UNKNOWN = "agency_unknown"
    AGENCY_NOT_ALLOWED = "agency_not_allowed"
    PERIOD_INVALID = "period_invalid"
    PERIOD_FUTURE = "period_future"
    PERIOD_CLOSED = "period_closed"
    TIME_OUT_OF_RANGE = "time_out_of_range"
    NUMERATOR_EXCEEDS_DENOMINATOR = "numerator_exceeds_denominator"
    OPTION_UNKNOWN = "option_unknown"
    FIELD_UNKNOWN = "field_unknown"
    FIELD_MISSING = "field_missing"
    VALUE_INVALID = "value_invalid"
    PERSONAL_DATA = "personal_data"
    EVENT_TOO_LARGE = "event_too_large"
    PROGRAMME_NOT_ALLOWED = "programme_not_allowed"
    NOT_JSON = "not_json"
    STREAM_CUT = "stream_cut"
    RECORD_INCOMPLETE = "record_incomplete"
    RECORD_REPEATED = "record_repeated"
    ROW_TOO_LONG = "row_too_long"


# What is said of each. `{expected}` is what would have been right.
TEXTS: dict[Code, Words] = {
    Code.UNIT_UNKNOWN: Words(
        "Đơn vị không có trong danh mục; cần mã đơn vị hành chính hoặc uid {expected}",
        "the register has no such unit; expected a unit's code or uid {expected}",
    ),
    Code.UNIT_NOT_IN_FORCE: Words(
        "Đơn vị không tồn tại vào ngày {expected}",
        "the unit is not in force on {expected}",
    ),
    Code.UNIT_WRONG_LEVEL: Words(
        "Sai cấp đơn vị; cần cấp {expected}",
        "a unit of this level doesn't report this; expected {expected}",
    ),
    Code.UNIT_NOT_ALLOWED: Words(
        "Khóa không có quyền với đơn vị này; phạm vi của khóa là {expected}",
        "the key has no right on this unit; it reaches what lies below {expected}",
    ),
    Code.KIND_NOT_ALLOWED: Words(
        "Khóa không được gửi loại sự kiện này; được gửi {expected}",
        "the key may not post this kind; it may post {expected}",
    ),
    Code.OFFICER_NOT_ALLOWED: Words(
        "Nội dung này không thuộc phần việc của cán bộ; cần {expected}",
        "this is not the officer's to report; expected {expected}",
    ),
    Code.KIND_RESERVED: Words(
        "Loại sự kiện này do hệ thống phát ra; cần {expected}",
        "this type is the system's own to emit; expected {expected}",
    ),
    Code.PROGRAMME_UNKNOWN: Words(
        "Không có chương trình này; cần {expected}", "no such programme; expected {expected}"
    ),
    Code.PROGRAMME_AMBIGUOUS: Words(
        "Nhiều chương trình có tên này; cần {expected}", "several programmes have this name; expected {expected}"
    ),
    Code.PROGRAMME_AT_REST: Words(
        "Chương trình không còn nhận vướng mắc mới, hoặc chưa bắt đầu; cần ngày {expected}",
        "the programme takes no new problem any more, or has not begun; expected a day {expected}",
    ),
    Code.INDICATOR_UNKNOWN: Words("Không có chỉ tiêu này; cần {expected}", "no such indicator; expected {expected}"),
    Code.INDICATOR_SURVEYED: Words(
        "Chỉ tiêu này lấy từ điều tra, không đơn vị nào báo cáo; cần {expected}",
        "this indicator comes from surveys, nobody reports it; expected {expected}",
    ),
    Code.ACTIVITY_UNKNOWN: Words(
        "Không có loại hoạt động này; cần {expected}", "no such activity; expected {expected}"
    ),
    Code.REPORT_UNKNOWN: Words("Không có báo cáo này; cần {expected}", "no such report; expected {expected}"),
    Code.AGENCY_UNKNOWN: Words("Không có cơ quan này; cần {expected}", "no such agency; expected {expected}"),
    Code.AGENCY_NOT_ALLOWED: Words(
        "Cơ quan này không báo cáo nội dung này ở cấp này; cần {expected}",
        "this agency doesn't report this at this level; expected {expected}",
    ),
    Code.PERIOD_INVALID: Words("Kỳ báo cáo không hợp lệ; cần {expected}", "not a period for this; expected {expected}"),
    Code.PERIOD_FUTURE: Words(
        "Kỳ báo cáo hoặc ngày chưa bắt đầu; cần không sau {expected}",
        "the period or day has not begun; expected none after {expected}",
    ),
    Code.PERIOD_CLOSED: Words(
        "Kỳ báo cáo nằm ngoài thời gian của chương trình; cần {expected}",
        "the period lies outside the programme's time; expected {expected}",
    ),
    Code.TIME_OUT_OF_RANGE: Words(
        "Thời điểm nằm ngoài khoảng cho phép; cần {expected}",
        "the time is out of range; expected {expected}",
    ),
    Code.NUMERATOR_EXCEEDS_DENOMINATOR: Words(
        "Tử số lớn hơn mẫu số; cần không quá {expected}",
        "the numerator exceeds the denominator; expected {expected} at most",
    ),
    Code.OPTION_UNKNOWN: Words(
        "Giá trị không có trong danh mục; cần {expected}", "no such option; expected {expected}"
    ),
    Code.FIELD_UNKNOWN: Words("Trường không được phép; cần {expected}", "no such field; expected {expected}"),
    Code.FIELD_MISSING: Words("Thiếu trường bắt buộc; cần {expected}", "the field is required; expected {expected}"),
    Code.VALUE_INVALID: Words("Giá trị không hợp lệ: {expected}", "not a valid value: {expected}"),
    Code.PERSONAL_DATA: Words(
        "Nội dung giống số điện thoại, số định danh, thư điện tử hoặc ngày sinh của một người; cần bỏ đi",
        "looks like a person's phone or identity number, e-mail address or birth date; expected a text without",
    ),
    Code.PROGRAMME_NOT_ALLOWED: Words(
        "Khóa không có quyền với chương trình này; được gửi {expected}",
        "the key may not post to this programme; it may post to {expected}",
    ),
    Code.NOT_JSON: Words("Dòng không phải JSON hợp lệ; {expected}", "the line is no event; {expected}"),
    Code.RECORD_INCOMPLETE: Words(
        "Bản ghi chưa đủ; cần {expected}",
        "the record is not whole; expected {expected}",
    ),
    Code.RECORD_REPEATED: Words(
        "Một bản ghi có nhiều lần trong một lần gửi: {expected}",
        "one record comes more than once in one upload: {expected}",
    ),
    Code.ROW_TOO_LONG: Words(
        "Dòng có ô nằm ngoài các cột của dòng tiêu đề; {expected}",
        "the row has a cell outside the header's columns; {expected}",
    ),
    Code.STREAM_CUT: Words(
        "Không nhận từ dòng này trở đi: {expected}",
        "this line and what follows was not taken: {expected}",
    ),
    Code.EVENT_TOO_LARGE: Words(
        "Sự kiện quá lớn; cần không quá {expected}", "the event is too large; expected {expected}"
    ),
}
FORBIDDEN = frozenset(
    {Code.UNIT_NOT_ALLOWED, Code.KIND_NOT_ALLOWED, Code.PROGRAMME_NOT_ALLOWED, Code.OFFICER_NOT_ALLOWED}
)


@dataclass(frozen=True, slots=True)
class Place:
    """A cell of a spreadsheet: its sheet ("" in CSV), its row from 1, its column's letters ("" for the whole row)."""

    sheet: str
    row: int
    column: str

    def to_json(self) -> dict[str, object]:
        """Write `{sheet, row, column}`."""
        return {**asdict(self), "sheet": named(self.sheet)}


@dataclass(frozen=True, slots=True)
class Refusal:
    """One thing wrong with one event: the field's path, what was expected, what came, and the cell if it has one."""

    code: Code
    field: str
    expected: Told = ""
    got: object = None
    place: Place | None = None

    def message(self, language: str) -> str:
        """Say it in `vi` or `en`."""
        return TEXTS[self.code].in_language(language).format(expected=said(self.expected, language)).strip()

    def to_json(self, language: str) -> dict[str, object]:
        """Write `{code, field, message, got}` in `vi` or `en`, and `{sheet, row, column}` of a spreadsheet."""
        got = None if self.code is Code.PERSONAL_DATA else _shown(self.got, language)
        return {
            "code": self.code.value,
            "field": named(self.field, _SHOWN),  # a sender may name a field anyhow
            "message": self.message(language),
            "got": got,
            **(self.place.to_json() if self.place else {}),
        }


@dataclass(frozen=True, slots=True)
class Rejected:
    """One refused event of a request: the first LISTED things that are wrong with it, and how many there are more."""

    index: int
    id: str | None
    refusals: tuple[Refusal, ...]
    more: int = 0

    def to_json(self, language: str) -> dict[str, object]:
        """Write `{index, id, errors}`, and `errors_total` where not all are listed.

        An id that may be a person's is null, whatever the event is refused for: `index` says which it is.
        """
        errors = [item.to_json(language) for item in self.refusals]
        total = {"errors_total": len(errors) + self.more} if self.more else {}
        nameable = self.id is not None and in_identifier(self.id, MAXYEAR) is None
        return {"index": self.index, "id": self.id if nameable else None, "errors": errors, **total}


def rejected(index: int, id_: str | None, refusals: Sequence[Refusal]) -> Rejected:
    """Make the rejection of an event that is refused for all of this."""
    return Rejected(index, id_, tuple(refusals[:LISTED]), max(0, len(refusals) - LISTED))


def _shown(value: object, language: str) -> object:
    """Return what came, in bounded length; nothing of it where it may be a person's."""
    if isinstance(value, Words):
        return value.in_language(language)
    if value is None or isinstance(value, bool):
        return value
    told = repeatable(value if isinstance(value, str) else repr(value), _SHOWN)
    if told is None:
        return None
    if isinstance(value, float):  # JSON has no infinity
        return value if math.isfinite(value) else told
    return value if isinstance(value, int) and abs(value) < 10**20 else told
