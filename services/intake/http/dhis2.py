"""DHIS2's import endpoints, as its clients call them: `/api/dataValueSets`, `/api/completeDataSetRegistrations`.

Source of paths, parameters and shapes: DHIS2's web API documentation, 2.36 to 2.43.
"""

import uuid
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from services.intake.admission.admission import Terms
from services.intake.formats.cloudevents import parse_items
from services.intake.formats.dhis2 import Conflict, Draft
from services.intake.formats.dhis2_completions import draft_completions
from services.intake.formats.dhis2_csv import read_csv
from services.intake.formats.dhis2_parameters import OF_COMPLETIONS, OF_VALUES, OF_WITHDRAWALS, read_options, truth
from services.intake.formats.dhis2_records import draft_records
from services.intake.formats.dhis2_rows import Completion, DataValueSet, read_completions, read_json
from services.intake.http.dhis2_jobs import Jobs
from services.intake.http.dhis2_responses import (
    JOB_TYPE,
    ImportResult,
    error_answer,
    import_answer,
    job_answer,
    notifications,
    summary,
)
from services.intake.http.endpoint import EndpointContext
from services.intake.http.errors import Endpoint, refusal_of
from services.intake.http.gates import Post, enter, identify
from services.intake.http.request_head import flag, language_of, media_type_of
from services.intake.pacing.slices import SMALL, aside, work
from services.intake.refusals.event_words import Dhis2Words
from services.intake.refusals.request_errors import Fault, RefusedError, unsupported_type
from services.intake.refusals.request_words import RequestWords
from shared.domain.refusals import Code, Refusal
from shared.values.personal_data import named
from shared.values.scalars import ScalarError, text, whole_number
from shared.wording.language import ENGLISH, VIETNAMESE
from shared.wording.words import Common

JSON, CSV = "application/json", frozenset({"application/csv", "text/csv"})
_SETS = 100  # of one withdrawal


def dhis2_routes(context: EndpointContext, jobs: Jobs) -> list[Route]:
    """Route the imports, with and without a version, and what tells the result of an asynchronous one."""

    async def data_values(request: Request) -> Response:
        return await _post_data_values(context, jobs, request)

    async def completions(request: Request) -> Response:
        return await _post_completions(context, request)

    async def withdrawals(request: Request) -> Response:
        return await _delete_completions(context, request)

    async def tasks(request: Request) -> Response:
        found = await _job(context, jobs, request)
        time = context.now().isoformat(timespec="milliseconds")
        return JSONResponse(notifications(request.path_params["job"], found, time))

    async def summaries(request: Request) -> Response:
        return JSONResponse(await _job(context, jobs, request))

    return [
        Route(f"{prefix}/{path}", _in_dhis2_shape(endpoint), methods=[method])
        for prefix in ("/api", "/api/{version}")
        for path, endpoint, method in (
            ("dataValueSets", data_values, "POST"),
            ("completeDataSetRegistrations", completions, "POST"),
            ("completeDataSetRegistrations", withdrawals, "DELETE"),
            (f"system/tasks/{JOB_TYPE}/{{job}}", tasks, "GET"),
            (f"system/taskSummaries/{JOB_TYPE}/{{job}}", summaries, "GET"),
        )
    ]


def _in_dhis2_shape(endpoint: Endpoint) -> Endpoint:
    async def answered(request: Request) -> Response:
        try:
            _check_version(request)
            return await endpoint(request)
        except Exception as error:
            refused = refusal_of(error)
            if refused is None:
                raise
            return error_answer(refused.status, refused.message(language_of(request)), refused.headers)

    return answered


def _check_version(request: Request) -> None:
    """Refuse an address whose version is no number (404). DHIS2's own have two digits."""
    version = request.path_params.get("version")
    if version is not None:
        try:
            request.path_params["version"] = whole_number(version, 1, 999)
        except ScalarError:
            raise RefusedError(Fault.NOT_FOUND, RequestWords.VERSION.value.filled(name=named(version))) from None


async def _post_data_values(context: EndpointContext, jobs: Jobs, request: Request) -> Response:
    post = enter(context, request)
    read = _reader(request)
    asked = request.query_params.multi_items()
    read_options(asked, OF_VALUES)  # before the body, which may be long
    later = truth("async", request.query_params.get("async", "false"))
    now = context.now()
    async with post.body() as body:
        found = await aside(len(body), read, body)
        dry_run, deletes = read_options(asked, OF_VALUES, found.options)
        size = work(len(body), len(found))
        async with context.large.turn(post.key.sender, needed=len(body) <= SMALL < size):  # a large body has one
            found = await aside(size, found.whole, deletes=deletes)
            drafts, conflicts = await aside(size, draft_records, found.values, post.known, now)
            result = ImportResult(len(found.values), conflicts)
            await _admit(post, drafts, result, dry_run=dry_run)
            if found.completion is not None:
                await _complete_set(post, found.completion, result, now, dry_run=dry_run, deletes=deletes)
    summaries = {
        language: await aside(size, summary, result, language, complete=found.complete_date, dry_run=dry_run)
        for language in ((ENGLISH, VIETNAMESE) if later else (language_of(request),))
    }
    await _log(context, post, result, size, dry_run=dry_run)
    if later:
        job = uuid.uuid4().hex
        await jobs.put(job, post.key.sender, summaries, now)  # who asks for it may ask in another language
        prefix = request.scope["path"].rpartition("/")[0]
        return job_answer(job, now.isoformat(timespec="milliseconds"), prefix, language_of(request))
    return import_answer(summaries[language_of(request)], request.path_params.get("version"), language_of(request))


async def _complete_set(
    post: Post, completion: Completion, result: ImportResult, now: datetime, *, dry_run: bool, deletes: bool
) -> None:
    """Take the completion that a data value set states, unless its values have conflicts: it is not complete then.

    A set that `deletes` withdraws its report in any case.
    """
    drafts, conflicts = draft_completions([completion], post.known, now)
    if result.conflicts and not deletes:
        refusal = Refusal(Code.RECORD_INCOMPLETE, "completeDate", Dhis2Words.NO_CONFLICTS.value, completion.data_set)
        conflicts.append(Conflict(refusal, (completion.index,), {"dataSet": completion.data_set}))
        drafts = []
    result.total += 1
    result.conflicts += conflicts
    await _admit(post, drafts, result, dry_run=dry_run)


async def _post_completions(context: EndpointContext, request: Request) -> Response:
    post = enter(context, request)
    if media_type_of(request) != JSON:
        raise unsupported_type(JSON, media_type_of(request))
    dry_run, deletes = read_options(request.query_params.multi_items(), OF_COMPLETIONS)
    async with post.body() as body:
        rows = await aside(len(body), read_completions, body)
        if deletes:
            rows = [replace(row, completed=False) for row in rows]
        size = work(len(body), len(rows))
        result = await _complete(post, rows, context.now(), size, dry_run=dry_run)
    await _log(context, post, result, size, dry_run=dry_run)
    found = summary(result, language_of(request), complete=None, dry_run=dry_run)
    return import_answer(found, request.path_params.get("version"), language_of(request))


async def _delete_completions(context: EndpointContext, request: Request) -> Response:
    """Withdraw `?ds=…&pe=…&ou=…`, with `cp` where several agencies report: 204, or 409 with what wasn't."""
    post = enter(context, request)
    dry_run, _ = read_options(request.query_params.multi_items(), OF_WITHDRAWALS)
    result = await _complete(post, _named_in(request), context.now(), 0, dry_run=dry_run)
    await _log(context, post, result, 0, dry_run=dry_run)
    if not result.conflicts:
        return Response(status_code=204)
    found = summary(result, language_of(request), complete=None, dry_run=dry_run)
    return import_answer(found, request.path_params.get("version"), language_of(request))


async def _complete(post: Post, rows: Sequence[Completion], now: datetime, size: int, *, dry_run: bool) -> ImportResult:
    """Take completions and withdrawals of reports, from a body of `size` bytes."""
    drafts, conflicts = await aside(size, draft_completions, rows, post.known, now)
    result = ImportResult(len(rows), conflicts)
    await _admit(post, drafts, result, dry_run=dry_run)
    return result


async def _admit(post: Post, drafts: Sequence[Draft], result: ImportResult, *, dry_run: bool) -> None:
    """Take the good records; add the others to the result as conflicts of the rows that they were made from."""
    parsed = await parse_items([(number, draft.event) for number, draft in enumerate(drafts)])
    outcome = await post.admit(parsed, Terms(partial=True, dry_run=dry_run, foreign_refuse_all=False, current={}))
    result.withdrawing.update(index for draft in drafts if draft.withdraws for index in draft.indexes)
    result.conflicts += [
        Conflict(refusal, drafts[item.index].indexes, drafts[item.index].objects)
        for item in outcome.rejected
        for refusal in item.refusals
    ]


async def _log(context: EndpointContext, post: Post, result: ImportResult, size: int, *, dry_run: bool) -> None:
    """Log the import, which is as much work as a body of `size` bytes, in rows."""
    refused = Counter(code.value for code in (await aside(size, lambda: result.refused)).values())
    context.log.record(post.key.sender, "dhis2", result.total - refused.total(), refused, dry_run=dry_run)


def _named_in(request: Request) -> list[Completion]:
    """Read the registrations that a query names: each data set (repeated, or parted by commas) of a unit and period."""
    if flag(request, "multiOu"):
        raise RefusedError(Fault.BAD_PARAMETER, RequestWords.ONE_UNIT.value)
    query = request.query_params
    sets = [name.strip() for text in query.getlist("ds") for name in text.split(",") if name.strip()]
    pe, ou, attribute = (query.get(name, "").strip() for name in ("pe", "ou", "cp"))
    several = any(len(set(query.getlist(name))) > 1 for name in ("pe", "ou", "cp"))
    if several or not (sets and pe and ou):
        raise RefusedError(Fault.BAD_PARAMETER, RequestWords.REGISTRATION.value)
    if len(sets) > _SETS:
        raise RefusedError(Fault.BAD_PARAMETER, RequestWords.MOST_SETS.value.filled(most=_SETS))
    return [Completion(index, name, pe, ou, attribute, False, "", "") for index, name in enumerate(sets)]


async def _job(context: EndpointContext, jobs: Jobs, request: Request) -> dict[str, Any]:
    key = identify(context, request).key
    job = request.path_params["job"]
    try:
        found = await jobs.get(text(job), key.sender)
    except ScalarError:
        found = None
    if found is None:
        raise RefusedError(Fault.NOT_FOUND, RequestWords.JOB.value.filled(name=named(job)))
    summary: dict[str, Any] = found.get(language_of(request), found)  # one of before an upgrade has no languages
    return summary


def _reader(request: Request) -> Callable[[bytes], DataValueSet]:
    media_type = media_type_of(request)
    if media_type == JSON:
        return read_json
    if media_type in CSV:
        header = truth("firstRowIsHeader", request.query_params.get("firstRowIsHeader", "true"))
        return lambda body: read_csv(body, header=header)
    raise unsupported_type(Common.OR.value.filled(first=JSON, last="application/csv"), media_type)
