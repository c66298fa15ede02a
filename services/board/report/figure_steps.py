"""The first steps of a report: its parts, and one figure a page."""

from collections.abc import Mapping
from functools import partial

from starlette.requests import Request
from starlette.responses import Response

from services.board.pages.posted import read_form
from services.board.report import draft_store
from services.board.report.asked import NotThereError
from services.board.report.draft import FigureAnswer
from services.board.report.draft_store import key_of
from services.board.report.fields import Figure
from services.board.report.figure_page import after, figure_page
from services.board.report.judging import REASON, judge_figure, standing_reasons
from services.board.report.opening import ReportPages, Who, number_of, to
from services.board.report.pages import Opened, overview_page
from services.board.report.standing import prefilled
from services.board.report.typed import as_meant


async def overview(pages: ReportPages, request: Request, who: Who, opened: Opened) -> Response:
    """Show the parts of the report, and what was handed in before."""
    waiting = await pages.asked(who).open_problems(opened.form)
    async with pages.pool().acquire() as connection:
        submissions = await draft_store.list_submissions(connection, key_of(opened.name))
    return pages.render(request, "report.html", overview_page(opened, submissions, waiting))


async def figure_step(pages: ReportPages, request: Request, who: Who, opened: Opened) -> Response:
    """Show a figure; or keep what was typed for it, and go on where nothing of it is wrong."""
    figure = opened.form.figure(f"{request.path_params['indicator']}/{request.path_params['period']}")
    if figure is None:
        raise NotThereError(request.url.path)
    judge = partial(judge_figure, opened.form, figure, standing=opened.standing, today=opened.today)
    former = opened.shown(figure)
    if request.method != "POST":
        judged = judge(former) if figure.key in opened.answers.figures or former.reasons else None
        return pages.render(request, "figure.html", figure_page(opened, figure, former, judged, stale=None))
    fields = await read_form(request, pages.body)
    known = prefilled(figure, opened.standing)
    answer = _typed(figure, fields, known, opened.form.language, counts=figure.key in opened.standing.figures)
    kept, unconfirmed = _confirmed(answer, former)
    done = await pages.keep(opened, who, opened.draft.answers.with_figure(figure.key, kept), number_of(fields))
    judged = judge(answer, unconfirmed=unconfirmed)
    if done and judged.sound:
        return to(opened, after(opened.form, figure))
    shown = await pages.open(who, opened.name)
    page = figure_page(shown, figure, answer, judged, stale=None if done else shown.draft.changed_at)
    return pages.render(request, "figure.html", page, 422 if done else 409)


def _typed(
    figure: Figure, fields: Mapping[str, str], known: FigureAnswer, language: str, *, counts: bool
) -> FigureAnswer:
    """Read the answer. What the page of a figure that doesn't count yet had filled in, from the period before, is
    nobody's answer where there is no figure.
    """
    typed = as_meant({name: fields[name] for name in figure.fields if fields.get(name, "").strip()}, language)
    absent = fields.get("absent") == "yes"
    if absent and not counts:
        typed = {name: text for name, text in typed.items() if text != known.typed.get(name)}
    prefix = f"{REASON}."
    reasons = {name.removeprefix(prefix): text for name, text in fields.items() if name.startswith(prefix)}
    return FigureAnswer(typed=typed, absent=absent, reasons=reasons, kept=known.kept)


def _confirmed(answer: FigureAnswer, former: FigureAnswer) -> tuple[FigureAnswer, frozenset[str]]:
    """Take from an answer the reasons that were given for other numbers and that nobody has touched: these are asked
    about once, then they hold. Those of the former answer that hold still are added.
    """
    holding = standing_reasons(former, answer.typed)
    unconfirmed = frozenset(
        name
        for name, text in answer.reasons.items()
        if name not in holding and text.strip() and text.strip() == former.reason(name)
    )
    given = {name: text for name, text in answer.reasons.items() if name not in unconfirmed}
    return answer.model_copy(update={"reasons": {**holding, **given}}), unconfirmed
