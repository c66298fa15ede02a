"""A report that never came in the made-up year: who owes it, what it has to say, and what must follow once it comes."""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime

from demo.data import DemoData
from demo.form import typed_of
from demo.mail import Received
from demo.questions import Question, covering_report
from sample.duties import Duty, Fate, Submission
from sample.letters import Told
from sample.officers import address_of
from sample.post import Post
from sample.tally import YEAR, extend
from sample.workdays import HANOI
from sample.year import late_posts
from shared.domain.events import BOARD_SENDER as BOARD
from shared.domain.periods import PeriodKind, period_words


@dataclass(frozen=True, slots=True)
class Silent:
    """A silent commune's duty, and every line of a letter that has told somebody that it is overdue."""

    submission: Submission
    told: tuple[Told, ...]

    @property
    def duty(self) -> Duty:
        """What is owed."""
        return self.submission.duty

    @property
    def address(self) -> str:
        """The address of the officer who owes it."""
        return address_of(self.duty.unit.uid, self.duty.agency)

    @property
    def own(self) -> Told:
        """The last line that told the commune itself: its letter has the link."""
        return max((told for told in self.told if not told.digest), key=lambda told: told.on)

    def name(self, programme: str) -> str:
        """What the obligation's name begins with."""
        duty = self.duty
        return f"{programme}~{duty.report}~{duty.unit.uid}~{duty.agency}~{duty.period}~"


def find_silent(data: DemoData) -> Silent:
    """Choose the first commune that has said nothing about the latest quarter, and was told so. Raises LookupError."""
    silent = [
        Silent(item, tuple(_told(data, item.duty)))
        for item in data.year.submissions
        if item.fate is Fate.SILENT
        and item.duty.period.kind is PeriodKind.QUARTER
        and item.duty.unit.level == "commune"
    ]
    found = [one for one in silent if any(not told.digest for told in one.told)]
    if not found:
        raise LookupError("no commune was silent, and told so")
    return min(found, key=lambda one: (-one.duty.period.ordinal, one.duty.unit.uid))


def _told(data: DemoData, duty: Duty) -> Iterator[Told]:
    report = data.programme.text(data.programme.report[duty.report].label, "vi")
    about = (duty.unit.code, report, period_words(str(duty.period)).vi)
    return (told for told in data.letters if told.overdue and (told.unit_code, told.report, told.period) == about)


def posts_of(data: DemoData, silent: Silent, at: datetime) -> list[Post]:
    """Write what the commune has to say, as the sample's model of it has it."""
    return late_posts(data.year.seed, data.programme, data.scope, silent.submission, at, BOARD)


def typed(posts: list[Post]) -> Mapping[str, Mapping[str, str]]:
    """What its officer types, by the form's `indicator/period`."""
    figures = (post.event["data"] for post in posts if "indicator" in post.event["data"])
    return {f"{figure['indicator']}/{figure['period']}": typed_of(figure) for figure in figures}


def count(data: DemoData, posts: list[Post]) -> None:
    """Add what was handed in to the year's own tally."""
    extend(data.tally, posts, data.scope.units)


def concerns(question: Question, silent: Silent) -> bool:
    """Tell whether an answer may change: what is asked about the quarter, its months or the year."""
    _, period = covering_report(question.parameters["period"])
    return period in {str(silent.duty.period), YEAR}


def receipt_words(silent: Silent, at: datetime) -> str:
    """What the receipt must say of a report that came then, days late."""
    due_at = silent.duty.due_at
    return f"Nộp chậm {(at - due_at).days} ngày so với hạn {in_words(due_at)}"


def notices(silent: Silent, met_at: datetime) -> Counter[Received]:
    """Count the lines that must tell everybody who was told of the silence that the report has come."""
    told = {(one.address, one.unit_code, one.report, one.period) for one in silent.told}
    return Counter(Received(*one, at=in_words(met_at)) for one in told)


def in_words(at: datetime) -> str:
    """Write an instant as letters and pages do."""
    return f"{at.astimezone(HANOI):%H:%M ngày %d/%m/%Y}"
