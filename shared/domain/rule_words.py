"""What a programme and the registry expect of an event, as it stands behind the words of a refusal's code."""

from enum import Enum

from shared.wording.words import Common, Words


def wanted(expected: Words) -> Words:
    """Say what a value has to be, as it stands behind the words of `value_invalid`, which has its own verb."""
    return Words(f"cần {expected.vi}", expected.en)


class RuleWords(Enum):
    """What the programme and the registry expect of an event."""

    UNIT = Words("như 06412 hoặc 06412@1", "like 06412 or 06412@1")
    CLOCK = Words(
        "từ {first} đến {latest} (24 giờ sau đồng hồ của dịch vụ, đang là {now})",
        "{first} to {latest} (24 h ahead of the service's clock, which reads {now})",
    )
    SIMULATED_CLOCK = Words(
        "từ {first} đến {latest} (24 giờ sau đồng hồ của dịch vụ, đang là {now}; đồng hồ mô phỏng, KIP_CLOCK)",
        "{first} to {latest} (24 h ahead of the service's clock, which reads {now} and is simulated: KIP_CLOCK)",
    )
    PARTICIPANTS = Words("cần không quá {people} người tham gia", "at most the {people} participants")
    SAME_DOMAIN = Words("cần {domain} như ở trường domain, hoặc bỏ trống", "{domain}, as in domain, or nothing")
    BOTH_FIGURES = Words("numerator và denominator", "numerator and denominator")
    COMPONENTS = Words("trường components", "components")
    COMBINATION_ONCE = Words("cần mỗi tổ hợp một lần", "each combination once")
    ONE_OF_THREE = Words("đúng một trong record, indicator, report", "exactly one of record, indicator, report")
    RECORD_ALONE = Words("chỉ record và revision", "only record and revision")
    OF_WHAT_IS_WITHDRAWN = Words("giá trị của bản ghi bị hủy", "that of what is withdrawn")
    SPAN = Words("từ {first} đến {last}", "{first} to {last}")
    WEEK = Words("một tuần như 2023-W07", "a week like 2023-W07")
    MONTH = Words("một tháng như 2023-03", "a month like 2023-03")
    QUARTER = Words("một quý như 2023-Q1", "a quarter like 2023-Q1")
    HALF_YEAR = Words("sáu tháng như 2023-H1", "a half-year like 2023-H1")
    YEAR = Common.A_YEAR.value


class WrittenWords(Enum):
    """What is expected of a number or a day that a person has written, in a cell or a field."""

    NUMBER = Words("cần số nguyên từ 0 đến {most}", "a whole number from 0 to {most}")
    TWO_MEANINGS = Words(
        "có thể hiểu là hàng nghìn hoặc là số thập phân; hãy viết liền các chữ số (1234)",
        "may be thousands or a decimal fraction; write its digits alone (1234)",
    )
    DAY = Words(
        "cần một ngày như 31/03/2023 (ngày/tháng/năm), từ năm {first} đến năm {last}",
        "a day like 31/03/2023 (day/month/year), of the years {first} to {last}",
    )
    FULL_YEAR = Words(
        "hãy viết năm đủ bốn chữ số, như 31/03/2023 (ngày/tháng/năm)",
        "write all four digits of the year, as in 31/03/2023 (day/month/year)",
    )
