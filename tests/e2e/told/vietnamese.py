"""A section of a message in Vietnamese, as the texts that are common to all programmes put it."""

import re
from collections.abc import Iterator
from datetime import date, datetime

from tests.e2e.three_programmes.places import Places
from tests.e2e.three_programmes.plans import Owed, Plan, Thing
from tests.e2e.three_programmes.times import kind_of
from tests.e2e.told.facts import Arrived, Changed, Dark, Decided, Due, Line, Message, Obstacle, Section, Tally

ROMAN = {1: "I", 2: "II", 3: "III", 4: "IV"}
# What an agency's name ends with, where that is said of its unit: «UBND xã», «UBND các huyện, thành phố, thị xã».
KIND_OF_UNIT = re.compile(r" (các huyện, thành phố, thị xã|cấp xã|tỉnh|huyện|xã)$")


def capital(text: str) -> str:
    """The text with a capital."""
    return text[:1].upper() + text[1:]


class Vietnamese:
    """One section in Vietnamese."""

    language = "vi"
    none_known = "chưa có đầu mối"
    others = " và nội dung khác"
    not_told = "; chưa thông báo đến cấp trên trực tiếp của đơn vị này"
    none_told = "; chưa thông báo đến cấp trên trực tiếp của các đơn vị này"
    weekdays = ("thứ Hai", "thứ Ba", "thứ Tư", "thứ Năm", "thứ Sáu", "thứ Bảy", "chủ nhật")

    def __init__(self, plan: Plan, places: Places, message: Message, section: Section) -> None:
        self.plan, self.places, self.message, self.section = plan, places, message, section
        steps: dict[str, str] = {step["slug"]: step["template"] for step in plan.file["escalation"]}
        self.text = steps.get(section.kind, section.kind)
        self.day = plan.day(message.at)

    def lines(self) -> Iterator[str]:
        yield from (f"- {self.line(line)}" for line in self.section.lines)
        yield from (f"* {self.obstacle(line)}" for line in self.section.problems)

    def line(self, line: Line) -> str:
        if isinstance(line, Due):
            return self.own(line) if self.text in {"reminder", "overdue"} else self.late(line)
        if isinstance(line, Dark):
            return self.dark(line)
        if isinstance(line, Arrived):
            return self.arrived(line)
        if isinstance(line, Decided):
            return self.decided(line)
        if isinstance(line, Changed):
            return self.changed(line)
        return self.obstacle(line) if isinstance(line, Obstacle) else self.tally(line)

    # Names.

    def label(self, thing: Thing) -> str:
        return str(thing["label"][self.language])

    def short(self) -> str:
        return str(self.plan.file.get("short", self.plan.file["label"])[self.language])

    def agency(self, slug: str) -> Thing:
        (item,) = (item for item in self.plan.file["agencies"] if item["slug"] == slug)
        return dict(item)

    def place(self, unit: str) -> str:
        name = self.places.rows[unit]["name"]
        return name if not self.places.rows[unit]["parent"] else name[0].lower() + name[1:]

    def seated(self, unit: str, agency: str) -> str:
        return f"{KIND_OF_UNIT.sub('', self.label(self.agency(agency)))} {self.place(unit)}"

    def owner(self, unit: str, agency: str) -> str:
        return f"{self.seated(unit, agency)} ({self.places.rows[unit]['code']})"

    def of(self, owed: Owed) -> str:
        """Whose report it is; of a unit or an agency that is no more until when it was."""
        former = self.gone(owed.unit)
        agency_until = self.agency(owed.agency).get("until")
        if agency_until and agency_until < self.day:
            former.append(self.former_agency(agency_until))
        return self.owner(owed.unit, owed.agency) + (f" ({'; '.join(former)})" if former else "")

    def gone(self, unit: str) -> list[str]:
        """Until when there was a unit that is no more."""
        until = self.places.rows[unit]["valid_to"]
        return [self.former_unit(date.fromisoformat(until))] if until and until < self.day.isoformat() else []

    def former_unit(self, until: date) -> str:
        return f"đơn vị cũ, có đến hết ngày {until:%d/%m/%Y}"

    def former_agency(self, until: date) -> str:
        return f"cơ quan cũ, có đến hết ngày {until:%d/%m/%Y}"

    def report(self, slug: str) -> str:
        return self.label(self.plan.reports[slug])

    def period(self, period: str) -> str:
        year, _, part = period.partition("-")
        number = int(part.lstrip("QHW") or 0)
        return {
            "week": f"tuần {number} năm {year}", "month": f"tháng {number} năm {year}",
            "quarter": f"quý {ROMAN.get(number)} năm {year}", "year": f"năm {year}",
            "half-year": f"6 tháng {'đầu' if number == 1 else 'cuối'} năm {year}",
        }[kind_of(period)]  # fmt: skip

    def with_days(self, report: str, period: str) -> str:
        first, last = self.plan.times.first(period), self.plan.times.last(period)
        label = f"{self.report(report)}, " if report else ""
        return f"{label}{self.period(period)} ({first:%d/%m/%Y}–{last:%d/%m/%Y})"

    def instant(self, at: datetime) -> str:
        return f"{at.astimezone(self.plan.times.zone):%H:%M ngày %d/%m/%Y}"

    def day_of(self, day: date) -> str:
        return f"ngày {day:%d/%m/%Y}"

    def moved(self, day: date, name: str, by: date | None) -> str:
        """Why the deadline isn't on the day: what that is, or what the day `by` before it is."""
        cause = f"trùng {name}" if by is None else f"{self.day_of(by)} là {name}"
        return f" (chuyển từ {self.day_of(day)} do {cause})"

    def number(self, value: float, decimals: int = 0) -> str:
        return f"{round(value, decimals):,g}".replace(",", "x").replace(".", ",").replace("x", ".")

    def contact(self, names: tuple[str, ...]) -> str:
        return ", ".join(names) or self.none_known

    def why(self, line: Due) -> str:
        """Why the deadline isn't on the day on which it would be."""
        if line.moved is None:
            return ""
        named = {day: name or self.weekdays[day.weekday()] for day, name in line.moved.off}
        day = line.moved.day
        if day in named:
            return self.moved(day, named[day], None)
        ((other, name),) = named.items()
        return self.moved(day, name, other)

    def untold(self, told: bool | None, words: str) -> str:
        """That the level between hasn't been told, where not everybody of the section was told of at that level."""
        every = all(line.above_told for line in self.section.lines if isinstance(line, Due | Dark))
        return words if self.text == "grandparent-digest" and not every and not told else ""

    # Lines.

    def own(self, line: Due) -> str:
        late = f", đã chậm {line.days_late} ngày" if self.text == "overdue" and not line.requested else ""
        what = self.with_days(line.owed.report, line.owed.period)
        return f"{what}: hạn {self.instant(line.due)}{self.why(line)}{late}; đơn vị báo cáo: {self.of(line.owed)}"

    def late(self, line: Due) -> str:
        return (
            f"{self.of(line.owed)}, {self.period(line.owed.period)}: chậm {line.days_late} ngày"
            f" (hạn {self.instant(line.due)}); liên hệ: {self.contact(line.contacts)}"
            f"{self.untold(line.above_told, self.not_told)}"
        )

    def dark(self, line: Dark) -> str:
        row = self.places.rows[line.unit]
        former = "".join(f" ({words})" for words in self.gone(line.unit))
        return (
            f"{row['name']} ({row['code']}){former}, {self.period(line.period)}: {line.silent}/{line.expected}"
            f" báo cáo của các đơn vị cấp dưới ({self.label(self.agency(line.agency))}) chưa gửi,"
            f" chậm {line.days_late} ngày (hạn {self.instant(line.due)});"
            f" liên hệ: {self.contact(line.contacts)}{self.untold(line.above_told, self.none_told)}"
        )

    def arrived(self, line: Arrived) -> str:
        what = self.with_days(line.owed.report, line.owed.period)
        return f"{what}: nhận lúc {self.instant(line.at)}; đơn vị báo cáo: {self.of(line.owed)}"

    def decided(self, line: Decided) -> str:
        what = f"hạn mới {self.instant(line.due)}" if self.text == "extended" else "được miễn"
        report = self.with_days(line.owed.report, line.owed.period)
        return f"{report}: {what}, do cấp có thẩm quyền quyết định; đơn vị báo cáo: {self.of(line.owed)}"

    def changed(self, line: Changed) -> str:
        label = self.label(self.plan.indicators[line.indicator])
        before, now = self.figure(line.before), self.figure(line.now)
        return f"{label}: {before} → {now}, từ {line.by}, lúc {self.instant(line.at)}"

    def figure(self, figure: tuple[int, int] | None) -> str:
        return "không có số liệu" if figure is None else f"{self.number(figure[0])} trên {self.number(figure[1])}"

    def obstacle(self, line: Obstacle) -> str:
        return f"{self.owner(line.unit, line.agency)}: phản ánh lúc {self.instant(line.raised_at)}"

    def tally(self, line: Tally) -> str:
        percent = 100 * line.on_time / line.expected
        trend = ""
        if line.before is not None:
            change = round(percent - line.before, 1)
            points = f"{'tăng' if change > 0 else 'giảm'} {self.number(abs(change), 1)} điểm phần trăm"
            trend = f", {points if change else 'không thay đổi'} so với kỳ trước"
        return (
            f"{capital(self.with_days('', line.period))}: đúng hạn {line.on_time}/{line.expected}"
            f" ({self.number(percent, 1)}%{trend}), gửi chậm {line.late}, chưa gửi {line.missing}"
        )

    # Subjects.

    def reports(self) -> int:
        """How many reports the section is about."""
        return sum(line.silent if isinstance(line, Dark) else 1 for line in self.section.lines)

    def things(self) -> int:
        """How many there are of what the section lists: of changed figures their reports."""
        changed = {line.owed for line in self.section.lines if isinstance(line, Changed)}
        return len(changed) or len(self.section.lines)

    def subject(self, first: Line) -> str:
        return f"[{self.short()}] {self.about(first)}"

    def about(self, first: Line) -> str:
        place = self.place(self.message.unit) if self.places.rows[self.message.unit]["parent"] else "cả nước"
        if self.text == "summary":
            return f"Tổng hợp tình hình gửi báo cáo trên địa bàn {place}, tính đến {self.day_of(self.day)}"
        count = self.things()
        if self.text in {"parent-digest", "grandparent-digest"}:
            still = " vẫn chưa gửi" if self.text == "grandparent-digest" else ""
            return f"Báo cáo quá hạn trên địa bàn {place}: {self.number(self.reports())} báo cáo{still}"
        what = "đơn vị" if isinstance(first, Obstacle) else "báo cáo"
        more = f" (và {count - 1} {what} khác)" if count > 1 else ""
        return f"{self.of_one(first)}{more}"

    def of_one(self, first: Line) -> str:
        if isinstance(first, Obstacle):
            solved = "Vướng mắc đã được giải quyết" if self.text == "problem-resolved" else "Vướng mắc phát sinh"
            return f"{solved}: {self.owner(first.unit, first.agency)}"
        assert isinstance(first, Due | Arrived | Decided | Changed)
        owner = self.owner(first.owed.unit, first.owed.agency)
        if isinstance(first, Changed):
            return f"Số liệu thay đổi sau khi nộp: {owner}"
        if isinstance(first, Arrived):
            return f"Đã nhận báo cáo: {owner}"
        if isinstance(first, Decided):
            extended = self.text == "extended"
            return f"Được {'gia hạn' if extended else 'miễn'} báo cáo: {owner}" + (
                f", hạn mới {self.instant(first.due)}" if extended else ""
            )
        if self.text == "reminder":
            asked = "Đề nghị" if self.section.requested else "Nhắc"
            return f"{asked} gửi báo cáo: {owner}, hạn {self.instant(first.due)}"
        return f"{'Đề nghị gửi báo cáo' if self.section.requested else 'Báo cáo quá hạn'}: {owner}"
