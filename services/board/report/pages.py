"""What each page of the form shows, as its template takes it. Pure."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from zoneinfo import ZoneInfo

from services.board.pages.rendering import sayer
from services.board.pages.written import day, instant, sentence
from services.board.report.draft import Answers, FigureAnswer
from services.board.report.draft_store import Draft, LastAnswer, Submission
from services.board.report.fields import Figure, Form
from services.board.report.judging import label_of, standing_reasons, state_of
from services.board.report.open_problems import OpenProblems
from services.board.report.standing import Counted, Standing, prefilled
from services.board.report.typed import held_on_words
from services.board.report.words import FormWords
from services.board.upstream.obligations import ObligationShown
from shared.domain.obligation_name import ObligationName
from shared.domain.refusals import Refusal
from shared.programme.figure_words import whole
from shared.wording.words import Words


@dataclass(frozen=True, slots=True)
class Opened:
    """A report that somebody has opened: its form, its draft, what counts of it now, the run's instant, and whether it
    is `own`: theirs to fill in.
    """

    name: ObligationName
    form: Form
    draft: Draft
    standing: Standing
    obligation: ObligationShown
    now: datetime
    own: bool
    handed_in: Mapping[str, LastAnswer] = field(default_factory=dict)  # the last accepted answers, by figures' keys

    @property
    def today(self) -> date:
        """The day that it is where the programme runs."""
        return self.form.programme.today(self.now)

    @property
    def answers(self) -> Answers:
        """What has been typed so far, and which figures were handed in as none: of a correction these stay answered."""
        typed = self.draft.answers
        none = {
            key: last.answer
            for key, last in self.handed_in.items()
            if last.answer.absent and key not in self.standing.figures
        }
        return typed.model_copy(update={"figures": {**none, **typed.figures}})

    @property
    def withdraws(self) -> dict[str, Counted]:
        """The figures that count and of which the answers say that there are none: handing in withdraws them."""
        answers, standing = self.answers.figures, self.standing.figures
        keys = (figure.key for figure in self.form.figures)
        return {key: standing[key] for key in keys if key in standing and key in answers and answers[key].absent}

    @property
    def withdrawn_ids(self) -> str:
        """The events of those figures, as the check page carries them: whoever presses has seen these."""
        return " ".join(counted.id for counted in self.withdraws.values())

    def shown(self, figure: Figure) -> FigureAnswer:
        """What stands in a figure's fields: its answer, else what counts or is known, with the reasons that were given
        for the same numbers.
        """
        answer = self.answers.figures.get(figure.key)
        if answer is not None:
            return answer
        known, last = prefilled(figure, self.standing), self.handed_in.get(figure.key)
        reasons = {} if last is None else standing_reasons(last.answer, known.typed)
        return known.model_copy(update={"reasons": reasons})

    def path(self, rest: str = "") -> str:
        """Write the address of a page of this report."""
        return f"/report/{self.name}/{rest}" if rest else f"/report/{self.name}"

    def at(self, moment: datetime) -> Words:
        """Write an instant as an office does."""
        return instant(moment, ZoneInfo(self.form.programme.timezone))


def common(opened: Opened) -> dict[str, object]:
    """What every page of the form has: whose report of which period, until when."""
    form = opened.form
    return {
        "language": form.language,
        "form": form,
        "opened": opened,
        "path": opened.path,
        "version": opened.draft.version,
        "number": opened.draft.number,
        "say": sayer(FormWords, form.language),
        "due": opened.at(opened.obligation.due_at).in_language(form.language),
        "overdue": opened.obligation.due_at < opened.now and opened.obligation.state in {"open", "overdue"},
    }


def errors_of(refusals: Iterable[Refusal], language: str) -> dict[str, str]:
    """Say what is wrong at each field, as a sentence begins; the first thing of each."""
    found: dict[str, str] = {}
    for item in refusals:
        found.setdefault(item.field, sentence(item.message(language)))
    return found


def overview_page(opened: Opened, submissions: Sequence[Submission], waiting: OpenProblems) -> dict[str, object]:
    """The parts of the report, each with how far it is."""
    form, answers, language = opened.form, opened.answers, opened.form.language
    figures = []
    for figure in form.figures:
        state = state_of(form, figure, answers, opened.standing, opened.today)
        figures.append({
            "label": figure.label,
            "period": figure.period_name if figure.period != form.period else None,
            "path": opened.path(f"figure/{figure.key}"),
            "state": state.value.value.in_language(language),
            "name": state.name.lower(),
        })  # fmt: skip
    activities = len(opened.standing.activities) + sum(item.change == "added" for item in answers.activities)
    return {
        **common(opened),
        "figures": figures,
        "activities": whole(activities).in_language(language),
        "problems": whole(len(answers.problems)).in_language(language),
        "waiting": _waiting(opened, waiting),
        "submissions": [_submission(opened, item) for item in submissions],
        "first": _first(opened),
    }  # fmt: skip


def _waiting(opened: Opened, waiting: OpenProblems) -> str | None:
    """Count the obstacles that wait; of more than a page of them say that there are more."""
    if not waiting.rows:
        return None
    count = whole(len(waiting.rows))
    told = count if waiting.next is None else FormWords.MORE_THAN.value.filled(count=count)
    return opened.form.said(FormWords.STILL_OPEN.value.filled(count=told))


def _first(opened: Opened) -> str:
    """Find the page to go on with: the first part that isn't there yet, else the check."""
    for figure in opened.form.figures:
        state = state_of(opened.form, figure, opened.answers, opened.standing, opened.today)
        if state.name in {"TODO", "TO_MEND"}:
            return opened.path(f"figure/{figure.key}")
    return opened.path("check")


def _submission(opened: Opened, item: Submission) -> dict[str, object]:
    words = FormWords.ACCEPTED if item.accepted_at else FormWords.NOT_ACCEPTED if item.refused_at else FormWords.PENDING
    text = FormWords.SUBMISSION.value.filled(number=item.number, at=opened.at(item.handed_in_at))
    return {
        "text": opened.form.said(text),
        "state": opened.form.said(words.value),
        "path": opened.path(f"receipt/{item.number}"),
    }


def activities_page(opened: Opened, notice: Words | None = None) -> dict[str, object]:
    """The activities of the period: those that count, with where they come from, and what the draft says of them."""
    form, say = opened.form, sayer(FormWords, opened.form.language)
    drafted = {item.record: item for item in opened.answers.activities}
    marks = {"added": say("ADDED"), "corrected": say("CORRECTED"), "withdrawn": say("WITHDRAWN")}
    rows = []
    for held in opened.standing.activities:
        known, change = form.activity(held.activity), drafted.get(held.mark) if held.own else None
        rows.append({
            "label": known.label if known is not None else held.activity,
            "day": form.said(day(date.fromisoformat(held.held_on))),
            "people": say("ATTEND", count=whole(held.people)),
            "from": say("FROM_HERE") if held.own else say("FROM", sender=held.sender),
            "record": held.mark,
            "own": held.own,
            "change": None if change is None else marks[change.change],
        })  # fmt: skip
    standing = {held.mark for held in opened.standing.activities if held.own}
    added = [
        {
            "label": label_of(form, item),
            "day": form.said(held_on_words(item.typed)),
            "record": item.record,
            "change": marks[item.change],
        }
        for item in opened.answers.activities
        if item.record not in standing
    ]
    said = None if notice is None else form.said(notice)
    return {**common(opened), "rows": rows, "added": added, "notice": said}
