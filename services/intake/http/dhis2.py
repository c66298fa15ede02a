"""DHIS2's import endpoints, as its clients call them: `/api/dataValueSets`, `/api/completeDataSetRegistrations`.

Source of paths, parameters and shapes: DHIS2's web API documentation, 2.36 to 2.43.
"""

import uuid
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import structlog
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from services.intake.admission.event_words import Dhis2Words
from services.intake.admission.refusals import Code, Refusal
from services.intake.admission.slices import SMALL, aside
from services.intake.formats.cloudevents import parse_items
from services.intake.formats.dhis2 import Conflict, Draft, draft_completions, draft_records
from services.intake.formats.dhis2_rows import Completion, DataValueSet, read_completions, read_csv, read_json
from services.intake.http import dhis2_responses
from services.intake.http.dhis2_jobs import Jobs
from services.intake.http.dhis2_parameters import OF_COMPLETIONS, OF_VALUES, OF_WITHDRAWALS, read_options, truth
from services.intake.http.endpoint import Door, enter, flag, held_body, identify, language_of, media_type_of
from services.intake.http.events import Endpoint, refusal_of
from services.intake.http.request_errors import Fault, RefusedError, unsupported_type
from services.intake.http.request_words import RequestWords
from shared.registry.snapshot import Key
from shared.runtime.metrics import EVENTS_RECEIVED
from shared.values.personal_data import named
from shared.values.scalars import ScalarError, text, whole_number
from shared.wording.language import ENGLISH, VIETNAMESE
from shared.wording.words import Common

JSON, CSV = "application/json", frozenset({"application/csv", "text/csv"})
_SETS = 100  # of one withdrawal
log = structlog.get_logger()


def dhis2_routes(door: Door, jobs: Jobs) -> list[Route]:
    """The import endpoints with and without a version, and those that tell what became of an asynchronous import."""

    async def data_values(request: Request) -> Response:
        return await _post_data_values(door, jobs, request)

    async def completions(request: Request) -> Response:
        return await _post_completions(door, request)

    async def withdrawals(request: Request) -> Response:
        return await _delete_completions(door, request)

    async def tasks(request: Request) -> Response:
        found = await _job(door, jobs, request)
        time = door.now().isoformat(timespec="milliseconds")
        return JSONResponse(dhis2_responses.notifications(request.path_params["job"], found, time))

    async def summaries(request: Request) -> Response:
        return JSONResponse(await _job(door, jobs, request))

    return [
        Route(f"{prefix}/{path}", _in_dhis2_shape(endpoint), methods=[method])
        for prefix in ("/api", "/api/{version}")
        for path, endpoint, method in (
            ("dataValueSets", data_values, "POST"),
            ("completeDataSetRegistrations", completions, "POST"),
            ("completeDataSetRegistrations", withdrawals, "DELETE"),
            (f"system/tasks/{dhis2_responses.JOB_TYPE}/{{job}}", tasks, "GET"),
            (f"system/taskSummaries/{dhis2_responses.JOB_TYPE}/{{job}}", summaries, "GET"),
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
            EVENTS_RECEIVED.labels("request", refused.fault.value).inc()
            return dhis2_responses.error_answer(refused.status, refused.message(language_of(request)), refused.headers)

    return answered


def _check_version(request: Request) -> None:
    """DHIS2's own versions have two digits; an address with anything else is none."""
    version = request.path_params.get("version")
    if version is not None:
        try:
            request.path_params["version"] = whole_number(version, 1, 999)
        except ScalarError:
            raise RefusedError(Fault.NOT_FOUND, RequestWords.VERSION.value.filled(name=named(version))) from None


async def _post_data_values(door: Door, jobs: Jobs, request: Request) -> Response:
    key = enter(door, request)
    read = _reader(request)
    asked = request.query_params.multi_items()
    read_options(asked, OF_VALUES)  # before the body, which may be long
    later = truth("async", request.query_params.get("async", "false"))
    now = door.now()
    async with held_body(door, request, key) as body, door.large.turn(key.sender, needed=len(body) > SMALL):
        found = await aside(len(body), read, body)
        dry_run, deletes = read_options(asked, OF_VALUES, found.options)
        values = [replace(row, deleted=True) for row in found.values] if deletes else found.values
        total = len(values)
        drafts, conflicts = await aside(
            len(body), draft_records, values, door.registry().limited_to(key.programmes), now
        )
        conflicts += await _admit(door, key, drafts, dry_run=dry_run)
        if found.completion is not None:
            total += 1
            completion = replace(found.completion, completed=False) if deletes else found.completion
            conflicts += await _complete(door, key, completion, [] if deletes else conflicts, dry_run=dry_run)
    complete = None if deletes else found.complete_date
    summaries = {
        language: await aside(
            len(body), dhis2_responses.summary, total, conflicts, language, complete=complete, dry_run=dry_run
        )
        for language in ((ENGLISH, VIETNAMESE) if later else (language_of(request),))
    }
    log.info("intake.dhis2", sender=key.sender, values=total, conflicts=len(conflicts))
    if later:
        job = uuid.uuid4().hex
        await jobs.put(job, key.sender, summaries, now)  # who asks for it may ask in another language
        prefix = request.scope["path"].rpartition("/")[0]
        return dhis2_responses.job_answer(job, now.isoformat(timespec="milliseconds"), prefix, language_of(request))
    language = language_of(request)
    return dhis2_responses.import_answer(summaries[language], request.path_params.get("version"), language)


async def _complete(
    door: Door, key: Key, completion: Completion, before: Sequence[Conflict], *, dry_run: bool
) -> list[Conflict]:
    """Take the completion that a data value set states, unless it has conflicts `before`: it is not complete then."""
    drafts, conflicts = draft_completions([completion], door.registry().limited_to(key.programmes), door.now())
    if before:
        refusal = Refusal(Code.RECORD_INCOMPLETE, "completeDate", Dhis2Words.NO_CONFLICTS.value, completion.data_set)
        return [*conflicts, Conflict(refusal, (completion.index,), {"dataSet": completion.data_set})]
    return conflicts + await _admit(door, key, drafts, dry_run=dry_run)


async def _post_completions(door: Door, request: Request) -> Response:
    key = enter(door, request)
    if media_type_of(request) != JSON:
        raise unsupported_type(JSON, media_type_of(request))
    dry_run, deletes = read_options(request.query_params.multi_items(), OF_COMPLETIONS)
    async with held_body(door, request, key) as body, door.large.turn(key.sender, needed=len(body) > SMALL):
        rows = await aside(len(body), read_completions, body)
        if deletes:
            rows = [replace(row, completed=False) for row in rows]
        registry = door.registry().limited_to(key.programmes)
        drafts, conflicts = await aside(len(body), draft_completions, rows, registry, door.now())
        conflicts += await _admit(door, key, drafts, dry_run=dry_run)
    summary = dhis2_responses.summary(len(rows), conflicts, language_of(request), complete=None, dry_run=dry_run)
    return dhis2_responses.import_answer(summary, request.path_params.get("version"), language_of(request))


async def _delete_completions(door: Door, request: Request) -> Response:
    """`?ds=…&pe=…&ou=…`, with `cp` where several agencies report: 204, or 409 with what could not be withdrawn."""
    key = enter(door, request)
    dry_run, _ = read_options(request.query_params.multi_items(), OF_WITHDRAWALS)
    rows = _named_in(request)
    drafts, conflicts = draft_completions(rows, door.registry().limited_to(key.programmes), door.now())
    conflicts += await _admit(door, key, drafts, dry_run=dry_run)
    if not conflicts:
        return Response(status_code=204)
    summary = dhis2_responses.summary(len(rows), conflicts, language_of(request), complete=None, dry_run=dry_run)
    return dhis2_responses.import_answer(summary, request.path_params.get("version"), language_of(request))


def _named_in(request: Request) -> list[Completion]:
    """The registrations that a query names: each data set (repeated, or parted by commas) of a unit and period."""
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


async def _admit(door: Door, key: Key, drafts: Sequence[Draft], *, dry_run: bool) -> list[Conflict]:
    """Take the good records; the others are conflicts of the rows that they were made from."""
    candidates, rejected = await parse_items([(number, draft.event) for number, draft in enumerate(drafts)])
    door.rates.spend(key, len(drafts))
    outcome = await door.admission.admit(
        candidates,
        rejected,
        door.registry(),
        key,
        door.now(),
        partial=True,
        dry_run=dry_run,
        foreign_refuse_all=False,
        current={},
    )
    return [
        Conflict(refusal, drafts[item.index].indexes, drafts[item.index].objects)
        for item in outcome.rejected
        for refusal in item.refusals
    ]


async def _job(door: Door, jobs: Jobs, request: Request) -> dict[str, Any]:
    key = identify(door, request)
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
