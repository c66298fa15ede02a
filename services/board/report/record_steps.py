"""The steps between: activities of the period and obstacles, each added, changed or taken back on a page of its own."""

import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from types import MappingProxyType
from uuid import uuid4

from starlette.requests import Request
from starlette.responses import Response

from services.board.pages.posted import read_form
from services.board.report.asked import NotThereError
from services.board.report.draft import ActivityAnswer, Answers, ProblemAnswer
from services.board.report.judging import judge_activity, judge_problem
from services.board.report.opening import ReportPages, Who, number_of, to
from services.board.report.pages import Opened, activities_page, common, errors_of
from services.board.report.problems_page import problems_page, resolution
from services.board.report.standing import Held
from services.board.report.typed import MONEY, activity_fields, as_meant
from services.board.report.words import FormWords
from shared.domain.refusals import Refusal
from shared.wording.words import Words

_RECORD = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")  # as this form names them
GO_ON = "check"  # what the button that goes on says
MOST_PROBLEMS = 100  # of a draft: raised and resolved


async def activities(pages: ReportPages, request: Request, who: Who, opened: Opened) -> Response:
    """Show the activities of the period."""
    return pages.render(request, "activities.html", activities_page(opened))


async def activity_type(pages: ReportPages, request: Request, who: Who, opened: Opened) -> Response:
    """Ask which type of activity is added."""
    return pages.render(request, "activity_type.html", {**common(opened), "record": str(uuid4())})


async def activity_step(pages: ReportPages, request: Request, who: Who, opened: Opened) -> Response:
    """Show an activity; or keep what was typed of it, and go back to the others where nothing of it is wrong."""
    record = _record(request)
    held, drafted = _held(opened, record), _drafted(opened, record)
    if request.method != "POST":
        typed = drafted.typed if drafted is not None and drafted.typed else held.typed() if held is not None else {}
        typed = {"activity": request.query_params.get("activity", ""), **typed}
        return _activity_page(pages, request, opened, record, typed, [], None)
    fields = await read_form(request, pages.body)
    activity = opened.form.activity(fields.get("activity", ""))
    if activity is None:  # nobody could mend it on its page, which asks by type
        raise NotThereError(record)
    typed = {name: fields[name] for name in activity_fields(opened.form, activity) if fields.get(name, "").strip()}
    typed = as_meant(typed, opened.form.language)
    answer = ActivityAnswer(record=record, typed=typed, change="corrected" if held is not None else "added")
    done = await pages.keep(opened, who, opened.draft.answers.with_activity(answer), number_of(fields))
    refusals = judge_activity(opened.form, answer, opened.today)
    if done and not refusals:
        return to(opened, "activities")
    shown = await pages.open(who, opened.name)
    stale = None if done else shown.draft.changed_at
    return _activity_page(pages, request, shown, record, typed, refusals, stale)


def _activity_page(
    pages: ReportPages,
    request: Request,
    opened: Opened,
    record: str,
    typed: Mapping[str, str],
    refusals: list[Refusal],
    stale: datetime | None,
) -> Response:
    activity = opened.form.activity(typed.get("activity", ""))
    if activity is None:
        raise NotThereError(typed.get("activity", ""))
    errors = errors_of(refusals, opened.form.language)
    content = {
        **common(opened),
        "activity": activity,
        "record": record,
        "typed": typed,
        "errors": errors,
        "stale": _stale(opened, stale),
        "standing": _held(opened, record) is not None,
        "drafted": _drafted(opened, record) is not None,
        "money_open": any(name.startswith(MONEY) for name in [*typed, *errors]),
    }
    status = 409 if stale is not None else 422 if refusals else 200
    return pages.render(request, "activity.html", content, status)


async def withdraw_activity(pages: ReportPages, request: Request, who: Who, opened: Opened) -> Response:
    """Note that an activity of this form is withdrawn when the report is handed in."""
    held = _held(opened, _record(request))
    if held is None:
        raise NotThereError(request.url.path)
    answer = ActivityAnswer(record=held.mark, typed={"activity": held.activity}, change="withdrawn")
    return await _keep(pages, request, who, opened, opened.draft.answers.with_activity(answer), "activities")


async def remove_activity(pages: ReportPages, request: Request, who: Who, opened: Opened) -> Response:
    """Take back what the draft says of an activity."""
    return await _remove(pages, request, who, opened, "activities")


async def problems(pages: ReportPages, request: Request, who: Who, opened: Opened) -> Response:
    """Show the open obstacles, and those that are raised with the report; or add one.

    Who goes on with one typed and not yet added adds it by that: nothing is dropped silently.
    """
    if request.method != "POST":
        return await _problems_page(pages, request, who, opened, 200)
    fields = await read_form(request, pages.body)
    typed = {name: text for name in ("text", "domain") if (text := fields.get(name, "").strip())}
    going_on = fields.get("then") == GO_ON
    if going_on and not typed:
        return to(opened, "check")
    record = fields.get("record", "")
    answer = ProblemAnswer(record=record if _RECORD.fullmatch(record) else str(uuid4()), typed=typed)
    refusals = judge_problem(opened.form, answer, opened.today)
    if refusals:  # an obstacle that names a person isn't even kept
        return await _problems_page(pages, request, who, opened, 422, typed, refusals)
    rest = "check" if going_on else "problems"
    return await _keep_problem(pages, request, who, opened, answer, number_of(fields), rest)


async def resolve_problem(pages: ReportPages, request: Request, who: Who, opened: Opened) -> Response:
    """Note that an open obstacle of this form is resolved when the report is handed in."""
    problem = await pages.asked(who).own_problem(opened.form, _record(request))
    fields = await read_form(request, pages.body)
    return await _keep_problem(pages, request, who, opened, resolution(opened, problem), number_of(fields))


async def _keep_problem(
    pages: ReportPages,
    request: Request,
    who: Who,
    opened: Opened,
    answer: ProblemAnswer,
    version: int,
    rest: str = "problems",
) -> Response:
    answers = opened.draft.answers.with_problem(answer)
    typed = answer.typed if answer.change == "raised" else {}
    if len(answers.problems) > MOST_PROBLEMS:
        notice = FormWords.TOO_MANY_PROBLEMS.value.filled(most=MOST_PROBLEMS)
        return await _problems_page(pages, request, who, opened, 422, typed, notice=notice)
    if await pages.keep(opened, who, answers, version):
        return to(opened, rest)
    shown = await pages.open(who, opened.name)
    return await _problems_page(pages, request, who, shown, 409, typed, stale=shown.draft.changed_at)


async def _problems_page(
    pages: ReportPages,
    request: Request,
    who: Who,
    opened: Opened,
    status: int,
    typed: Mapping[str, str] = MappingProxyType({}),
    refusals: Sequence[Refusal] = (),
    *,
    stale: datetime | None = None,
    notice: Words | None = None,
) -> Response:
    waiting = await pages.asked(who).open_problems(opened.form, request.query_params.get("after"))
    content = problems_page(opened, waiting, typed, refusals, stale, notice)
    return pages.render(request, "problems.html", content, status)


async def remove_problem(pages: ReportPages, request: Request, who: Who, opened: Opened) -> Response:
    """Take back what the draft says of an obstacle: nothing of it was handed in."""
    return await _remove(pages, request, who, opened, "problems")


async def _remove(pages: ReportPages, request: Request, who: Who, opened: Opened, rest: str) -> Response:
    return await _keep(pages, request, who, opened, opened.draft.answers.without(_record(request)), rest)


async def _keep(
    pages: ReportPages, request: Request, who: Who, opened: Opened, answers: Answers, rest: str
) -> Response:
    """Keep the answers and go on. Where the draft was changed meanwhile nothing is kept, which the page says."""
    fields = await read_form(request, pages.body)
    if await pages.keep(opened, who, answers, number_of(fields)):
        return to(opened, rest)
    shown = await pages.open(who, opened.name)
    notice = FormWords.STALE_ACT.value.filled(at=shown.at(shown.draft.changed_at))
    if rest == "problems":
        return await _problems_page(pages, request, who, shown, 409, notice=notice)
    return pages.render(request, "activities.html", activities_page(shown, notice), 409)


def _record(request: Request) -> str:
    record: str = request.path_params["record"]
    if _RECORD.fullmatch(record) is None:
        raise NotThereError(record)
    return record


def _held(opened: Opened, record: str) -> Held | None:
    return next((held for held in opened.standing.activities if held.own and held.mark == record), None)


def _drafted(opened: Opened, record: str) -> ActivityAnswer | None:
    return next((item for item in opened.answers.activities if item.record == record), None)


def _stale(opened: Opened, stale: datetime | None) -> str | None:
    return None if stale is None else opened.form.said(FormWords.STALE.value.filled(at=opened.at(stale)))
