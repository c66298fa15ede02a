"""Rules of a programme as people read them: the age up to which it goes, and when a report is due. Pure."""

from datetime import time
from enum import Enum

from shared.programme.reports import AfterCutoff, DayOfMonth, DueRule
from shared.wording.words import Words


class ProgrammeWords(Enum):
    """What each rule says."""

    AGE = Words(
        "«Đến {years} tuổi» là chưa đến sinh nhật lần thứ {birthday} ({years} tuổi tròn)",
        "'To {years} years' is before turning {birthday} ({years} completed years)",
    )
    AFTER_CUTOFF = Words(
        "chậm nhất {time} ngày làm việc thứ {days} sau ngày chốt số liệu",
        "by {time} on working day {days} after the cut-off",
    )
    DAY_OF_MONTH = Words(
        "chậm nhất {time} ngày {day} của tháng cuối kỳ; trùng ngày nghỉ thì lùi đến ngày làm việc tiếp theo",
        "by {time} on day {day} of the period's last month; a day off moves it to the next working day",
    )
    DAY_OF_FOLLOWING_MONTH = Words(
        "chậm nhất {time} ngày {day} của tháng sau kỳ báo cáo; trùng ngày nghỉ thì lùi đến ngày làm việc tiếp theo",
        "by {time} on day {day} of the month after the period; a day off moves it to the next working day",
    )


def age_words(years: int) -> Words:
    """Say up to which age children are meant, by the years that they have completed."""
    return ProgrammeWords.AGE.value.filled(years=years, birthday=years + 1)


def due_words(rule: DueRule, due_time: time) -> Words:
    """Say until when a report is on time."""
    at = f"{due_time:%H:%M}"
    match rule:
        case AfterCutoff():
            return ProgrammeWords.AFTER_CUTOFF.value.filled(time=at, days=rule.after_cutoff_working_days)
        case DayOfMonth():
            words = ProgrammeWords.DAY_OF_MONTH if rule.month == "last" else ProgrammeWords.DAY_OF_FOLLOWING_MONTH
            return words.value.filled(time=at, day=rule.day_of_month)
