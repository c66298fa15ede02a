"""Lists the answers of a report with all that each of them tells: before it is handed in, and on its receipt. Pure."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from services.board.pages.written import sentence
from services.board.report.draft import ActivityAnswer, FigureAnswer, ProblemAnswer
from services.board.report.draft_store import Submission
from services.board.report.fields import Choice, Figure, Form
from services.board.report.judging import Judged, judge_figure, label_of
from services.board.report.pages import Opened
from services.board.report.standing import Counted
from services.board.report.typed import BY, MONEY, PARTICIPANTS, held_on_words
from services.board.report.words import FormWords
from shared.domain.events import MAX_COUNT, IndicatorReported, Split
from shared.programme.figure_words import ratio, states, whole
from shared.values.scalars import ScalarError
from shared.values.written_numbers import written_whole_number
from shared.wording.words import Words, in_both, joined

_WAS = "WAS_"  # begins the names of words about what was handed in


@dataclass(frozen=True, slots=True)
class Detail:
    """What an answer tells beside its value: lines, under a label where they have one in common."""

    label: str | None
    lines: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Row:
    """One answer: what it is about, what it says, its details, remarks on it, and the page where it is changed."""

    label: str
    value: str
    path: str
    more: tuple[str, ...] = ()
    details: tuple[Detail, ...] = ()

    def remarked(self, *texts: str) -> "Row":
        """Add remarks."""
        return replace(self, more=(*self.more, *texts))


def summary_rows(opened: Opened, submission: Submission | None = None) -> Iterator[Row]:
    """List the answers of the draft, or those of a submission."""
    answers = opened.answers if submission is None else submission.answers
    for figure in opened.form.figures:
        yield _figure_row(opened, figure, answers.figures.get(figure.key), drafted=submission is None)
    was = "" if submission is None else _WAS
    for activity in answers.activities:
        yield _activity_row(opened, activity, was)
    for problem in answers.problems:
        if submission is None or problem.change == "resolved":
            yield _problem_row(opened, problem, was)
    raised = sum(problem.change == "raised" for problem in answers.problems)
    if submission is not None and raised:
        yield _raised_row(opened, raised, accepted=submission.accepted_at is not None)


def _figure_row(opened: Opened, figure: Figure, answer: FigureAnswer | None, *, drafted: bool) -> Row:
    form, said = opened.form, opened.form.said
    counted = opened.standing.figures.get(figure.key)
    splits: Sequence[Split] = ()
    more: list[Words] = []
    if answer is None:
        value = of_figure(figure, counted) if counted is not None else FormWords.TODO.value
        splits = counted.breakdown if counted is not None else ()
        more = [FormWords.STANDS.value] if counted is not None else []
    elif answer.absent:
        value = FormWords.ABSENT.value
        if drafted and figure.key in opened.withdraws:
            more = [_withdraws(form, figure, opened.withdraws[figure.key])]
    else:
        judged = judge_figure(form, figure, answer, opened.standing, opened.today)
        value = FormWords.TO_MEND.value if judged.data is None else of_figure(figure, judged.data)
        splits = judged.data.breakdown if judged.data is not None else ()
        more = list(_confirmed(judged, answer, drafted=drafted))
    label = figure.label if figure.period == form.period else f"{figure.label} ({figure.period_name})"
    path, details = opened.path(f"figure/{figure.key}"), _parts(form, figure, splits)
    return Row(label, said(value), path, tuple(map(said, more)), tuple(details))


def _withdraws(form: Form, figure: Figure, counted: Counted) -> Words:
    """Say that a figure is withdrawn, and from which other programme too where it was reported to that one."""
    told = of_figure(figure, counted)
    if counted.programme == form.programme.slug:
        return FormWords.WITHDRAWS.value.filled(counted=told)
    return FormWords.WITHDRAWS_SHARED.value.filled(counted=told, programme=counted.programme)


def _confirmed(judged: Judged, answer: FigureAnswer, *, drafted: bool) -> Iterator[Words]:
    """Tell what is unusual with its reason; in a draft also that one is wanted."""
    for doubt in judged.unusual:
        if reason := answer.reason(doubt.name):
            yield FormWords.CONFIRMED.value.filled(doubt=doubt.words, reason=reason)
        elif drafted:
            yield FormWords.UNCONFIRMED.value.filled(doubt=doubt.words)


def of_figure(figure: Figure, told: IndicatorReported | Counted) -> Words:
    """Write a figure without its parts: its ratio, or its components with what was answered."""
    if figure.components:
        labels = {item.slug: in_both(item.label) for item in figure.components}
        return states(labels, told.components or {})
    return ratio(told.numerator or 0, told.denominator or 0)


def _parts(form: Form, figure: Figure, splits: Sequence[Split]) -> Iterator[Detail]:
    """List the parts that there are, by the form's dimensions; then those that the form doesn't ask for."""
    left = list(splits)
    for breakdown in figure.breakdowns:
        lines = []
        for part in breakdown.parts:
            found = next((split for split in left if split.by == {part.dimension: part.option}), None)
            if found is not None:
                left.remove(found)
                lines.append(_of_part(form, part.label, found))
        if lines:
            yield Detail(breakdown.label, tuple(lines))
    if left:
        label = form.said(FormWords.KEPT.value.filled(count=len(left)))
        yield Detail(label, tuple(_of_part(form, _option_labels(form, split.by), split) for split in left))


def _of_part(form: Form, label: str, split: Split) -> str:
    return sentence(f"{label}: {form.said(ratio(split.numerator, split.denominator))}")


def _option_labels(form: Form, by: Mapping[str, str]) -> str:
    """Name the options of a part, in the programme's order of dimensions."""
    return ", ".join(
        form.text(option.label)
        for dimension in form.programme.dimensions
        for option in dimension.options
        if by.get(dimension.slug) == option.slug
    )


def _activity_row(opened: Opened, activity: ActivityAnswer, was: str) -> Row:
    """Show an activity; of one that is withdrawn, of which nothing is typed, what counts as long as it does."""
    form, typed = opened.form, activity.typed
    change = form.said(FormWords[f"{was}{activity.change.upper()}"].value)
    if activity.change == "withdrawn":
        held = next((it for it in opened.standing.activities if it.own and it.mark == activity.record), None)
        typed = held.typed() if held is not None else typed
    value = form.said(held_on_words(typed))
    return Row(
        label_of(form, activity) or form.said(FormWords.ACTIVITIES.value),
        value or change,
        opened.path(f"activity/{activity.record}"),
        (change,) if value else (),
        tuple(_activity_details(form, typed)),
    )


def _activity_details(form: Form, typed: Mapping[str, str]) -> Iterator[Detail]:
    """List what was typed of an activity beside its day: what it is about, who attended, what it cost."""
    activity, said = form.activity(typed.get("activity", "")), form.said
    about = [
        f"{dimension.label}: {option.label}"
        for dimension, options in (activity.dimensions if activity is not None else ())
        for option in options
        if typed.get(f"{BY}.{dimension.slug}") == option.slug
    ]
    if about:
        yield Detail(None, tuple(about))
    people = list(_typed_counts(typed, PARTICIPANTS, form.groups))
    lines = [sentence(f"{group.label}: {said(_count(text))}") for group, text in people]
    if female := typed.get("female", "").strip():
        lines.append(said(FormWords.FEMALE_IS.value.filled(count=_count(female))))
    if lines:
        yield Detail(said(_with_total(FormWords.PARTICIPANTS.value, _total(text for _, text in people))), tuple(lines))
    spent = list(_typed_counts(typed, MONEY, form.lines))
    if spent:
        total = _total(text for _, text in spent)
        dong = None if total is None else FormWords.DONG.value.filled(count=total)
        # Labels of funding lines are sentences of the plan, with their full stop.
        lines = [
            sentence(f"{line.label.rstrip('.')}: {said(FormWords.DONG.value.filled(count=_count(text)))}")
            for line, text in spent
        ]
        yield Detail(said(_with_total(FormWords.MONEY_SPENT.value, dong)), tuple(lines))


def _typed_counts(typed: Mapping[str, str], prefix: str, items: Iterable[Choice]) -> Iterator[tuple[Choice, str]]:
    """List what was typed for each of the items, where something was."""
    for item in items:
        if text := typed.get(f"{prefix}.{item.slug}", "").strip():
            yield item, text


def _count(text: str) -> Words:
    """Write a count that was typed as an office does; what is none as it was typed."""
    number = _number(text)
    return in_both(text) if number is None else whole(number)


def _total(texts: Iterable[str]) -> Words | None:
    """Add up what was typed; None where nothing was, or where some of it is no count."""
    numbers = [_number(text) for text in texts]
    known = [number for number in numbers if number is not None]
    return whole(sum(known)) if known and len(known) == len(numbers) else None


def _number(text: str) -> int | None:
    try:
        return written_whole_number(text, MAX_COUNT)
    except ScalarError:
        return None


def _with_total(label: Words, total: Words | None) -> Words:
    return label if total is None else joined([label, total], ": ")


def _problem_row(opened: Opened, problem: ProblemAnswer, was: str) -> Row:
    """Show an obstacle; of one that was handed in, whose text is kept nowhere here, since when it was open."""
    form, change = opened.form, opened.form.said(FormWords[f"{was}{problem.change.upper()}"].value)
    value = problem.typed.get("text")
    if value is None and problem.raised_at is not None:
        words = FormWords.RAISED_AT.value.filled(at=opened.at(problem.raised_at), sender=FormWords.FROM_HERE.value)
        value = form.said(words)
    domains = [item.label for item in form.domains if item.slug == problem.typed.get("domain")]
    details = [Detail(None, (form.said(FormWords.DOMAIN_IS.value.filled(domain=label)),)) for label in domains]
    label, more = form.said(FormWords.PROBLEMS.value), (change,) if value else ()
    return Row(label, value or change, opened.path("problems"), more, tuple(details))


def _raised_row(opened: Opened, count: int, *, accepted: bool) -> Row:
    """Count the obstacles that were raised: what they say was handed in, and isn't kept with the submission."""
    said = opened.form.said
    words = FormWords.PROBLEMS_SENT if accepted else FormWords.PROBLEMS_COUNT
    more = (said(FormWords.WAS_RAISED.value), said(FormWords.TEXTS_NOT_KEPT.value))
    value = said(words.value.filled(count=whole(count)))
    return Row(said(FormWords.PROBLEMS.value), value, opened.path("problems"), more)
