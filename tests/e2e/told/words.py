"""Facts as the texts that are common to all programmes put them, in Vietnamese and English."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

from tests.e2e.three_programmes.places import Places
from tests.e2e.three_programmes.plans import Plan
from tests.e2e.told.english import English
from tests.e2e.told.facts import Arrived, Changed, Decided, Due, Line, Message, Section
from tests.e2e.told.vietnamese import Vietnamese

EVER = datetime(9999, 12, 31, tzinfo=UTC)


class Words:
    """Writes messages."""

    def __init__(self, plans: Mapping[str, Plan], places: Places) -> None:
        self.plans, self.places = plans, places

    def lines(self, message: Message) -> list[str]:
        """What the message lists, in the order of the alphabet."""
        return sorted(line for section in message.sections for line in self._pen(message, section).lines())

    def subjects(self, message: Message) -> set[str]:
        """The subject: that of the first section, named after its first line. Of a unit's reports of one kind that
        are due at one instant any may be the first.
        """
        section = message.sections[0]
        pen = self._pen(message, section)
        others = pen.others if len(message.sections) > 1 else ""
        reports = list(self.plans[message.programme].reports)
        places = [place_of(line, reports) for line in section.lines]
        return {
            pen.subject(line) + others
            for line, place in zip(section.lines, places, strict=True)
            if place == min(places)
        }

    def _pen(self, message: Message, section: Section) -> "Vietnamese":
        plan = self.plans[message.programme]
        language = message.officer.language if message.officer.language in plan.languages else plan.languages[0]
        write = {"vi": Vietnamese, "en": English}[language]
        return write(plan, self.places, message, section)


def but_for_above(lines: Sequence[str]) -> list[str]:
    """The lines without what they say of the level between."""
    said = (Vietnamese.not_told, Vietnamese.none_told, English.not_told, English.none_told)
    return sorted(next((line.removesuffix(words) for words in said if line.endswith(words)), line) for line in lines)


def place_of(line: Line, reports: Sequence[str]) -> tuple[datetime, int, str]:
    """Where a line stands among those of its section: by deadline, report as in the programme's file, and unit."""
    if isinstance(line, Due | Arrived | Decided | Changed):
        return line.due, reports.index(line.owed.report), line.owed.unit
    return EVER, 0, ""
