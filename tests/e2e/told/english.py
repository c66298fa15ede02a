"""A section of a message in English."""

import calendar
from datetime import date, datetime

from tests.e2e.three_programmes.times import kind_of
from tests.e2e.told.facts import Arrived, Changed, Dark, Decided, Due, Line, Obstacle, Tally
from tests.e2e.told.vietnamese import Vietnamese, capital


class English(Vietnamese):
    """One section in English."""

    language = "en"
    none_known = "none known"
    others = " and other matters"
    not_told = "; the level directly above it has not been told"
    none_told = "; the level directly above them has not been told"
    weekdays = tuple(f"a {name}" for name in calendar.day_name)

    def place(self, unit: str) -> str:
        return self.places.rows[unit]["name"]

    def seated(self, unit: str, agency: str) -> str:
        label = self.label(self.agency(agency))
        return f"{label}, {self.place(unit)}" if self.places.rows[unit]["parent"] else label

    def former_unit(self, until: date) -> str:
        return f"a former unit, there until {until:%d/%m/%Y}"

    def former_agency(self, until: date) -> str:
        return f"a former agency, there until {until:%d/%m/%Y}"

    def period(self, period: str) -> str:
        year, _, part = period.partition("-")
        number = int(part.lstrip("QHW") or 0)
        return {
            "week": f"week {number} of {year}", "month": f"{calendar.month_name[min(number, 12)]} {year}",
            "quarter": f"quarter {number} of {year}", "year": year,
            "half-year": f"the {'first' if number == 1 else 'second'} half of {year}",
        }[kind_of(period)]  # fmt: skip

    def instant(self, at: datetime) -> str:
        local = at.astimezone(self.plan.times.zone)
        return f"{local:%H:%M}, {local.day} {local:%b %Y}"

    def day_of(self, day: date) -> str:
        return f"{day.day} {day:%b %Y}"

    def moved(self, day: date, name: str, by: date | None) -> str:
        return f" (moved from {self.day_of(day)}{', ' if by is None else f': {self.day_of(by)} is '}{name})"

    def number(self, value: float, decimals: int = 0) -> str:
        return f"{round(value, decimals):,g}"

    def days(self, count: int) -> str:
        return f"{count} day{'' if count == 1 else 's'}"

    def own(self, line: Due) -> str:
        late = f", {self.days(line.days_late)} late" if self.text == "overdue" and not line.requested else ""
        what = self.with_days(line.owed.report, line.owed.period)
        return f"{what}: due {self.instant(line.due)}{self.why(line)}{late}; reporting unit: {self.of(line.owed)}"

    def late(self, line: Due) -> str:
        return (
            f"{self.of(line.owed)}, {self.period(line.owed.period)}: {self.days(line.days_late)} late"
            f" (due {self.instant(line.due)}); contact: {self.contact(line.contacts)}"
            f"{self.untold(line.above_told, self.not_told)}"
        )

    def dark(self, line: Dark) -> str:
        row = self.places.rows[line.unit]
        former = "".join(f" ({words})" for words in self.gone(line.unit))
        return (
            f"{row['name']} ({row['code']}){former}, {self.period(line.period)}: {line.silent}/{line.expected}"
            f" reports of the units below ({self.label(self.agency(line.agency))}) missing,"
            f" {self.days(line.days_late)} late (due {self.instant(line.due)});"
            f" contact: {self.contact(line.contacts)}{self.untold(line.above_told, self.none_told)}"
        )

    def arrived(self, line: Arrived) -> str:
        what = self.with_days(line.owed.report, line.owed.period)
        return f"{what}: received {self.instant(line.at)}; reporting unit: {self.of(line.owed)}"

    def decided(self, line: Decided) -> str:
        what = f"now due {self.instant(line.due)}" if self.text == "extended" else "waived"
        report = self.with_days(line.owed.report, line.owed.period)
        return f"{report}: {what}, decided by the competent authority; reporting unit: {self.of(line.owed)}"

    def changed(self, line: Changed) -> str:
        label = self.label(self.plan.indicators[line.indicator])
        before, now = self.figure(line.before), self.figure(line.now)
        return f"{label}: {before} → {now}, from {line.by}, at {self.instant(line.at)}"

    def figure(self, figure: tuple[int, int] | None) -> str:
        return "no figure" if figure is None else f"{self.number(figure[0])} of {self.number(figure[1])}"

    def obstacle(self, line: Obstacle) -> str:
        return f"{self.owner(line.unit, line.agency)}: raised {self.instant(line.raised_at)}"

    def tally(self, line: Tally) -> str:
        percent = 100 * line.on_time / line.expected
        trend = ""
        if line.before is not None:
            change = round(percent - line.before, 1)
            points = f"{'up' if change > 0 else 'down'} {self.number(abs(change), 1)} percentage points on"
            trend = f", {points if change else 'unchanged from'} the period before"
        return (
            f"{capital(self.with_days('', line.period))}: on time {line.on_time}/{line.expected}"
            f" ({self.number(percent, 1)}%{trend}), late {line.late}, missing {line.missing}"
        )

    def about(self, first: Line) -> str:
        place = self.place(self.message.unit)
        if self.text == "summary":
            return f"Summary of reports in {place}, as of {self.day_of(self.day)}"
        count = self.things()
        if self.text in {"parent-digest", "grandparent-digest"}:
            still = " still missing" if self.text == "grandparent-digest" else ""
            reports = self.reports()
            return f"Reports overdue in {place}: {self.number(reports)} report{'' if reports == 1 else 's'}{still}"
        more = f" (and {count - 1} more)" if count > 1 else ""
        return f"{self.of_one(first)}{more}"

    def of_one(self, first: Line) -> str:
        if isinstance(first, Obstacle):
            word = "resolved" if self.text == "problem-resolved" else "raised"
            return f"Obstacle {word}: {self.owner(first.unit, first.agency)}"
        assert isinstance(first, Due | Arrived | Decided | Changed)
        owner = self.owner(first.owed.unit, first.owed.agency)
        if isinstance(first, Changed):
            return f"Figures changed after you handed in: {owner}"
        if isinstance(first, Arrived):
            return f"Report received: {owner}"
        if isinstance(first, Decided):
            extended = self.text == "extended"
            due = f", due {self.instant(first.due)}" if extended else ""
            return f"{'Deadline extended' if extended else 'Report waived'}: {owner}{due}"
        if self.text == "reminder":
            asked = "Request" if self.section.requested else "Reminder"
            return f"{asked}: report of {owner} due {self.instant(first.due)}"
        return f"{'Request for your report' if self.section.requested else 'Report overdue'}: {owner}"
