"""`POST /v1/import`: a spreadsheet, XLSX or CSV, as `kip template` writes it."""

import asyncio
from collections.abc import Coroutine, Mapping

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from services.intake.admission.admission import Terms
from services.intake.formats.cloudevents import parse_items
from services.intake.formats.sheet import KINDS, Draft, Drafted, Drafting
from services.intake.http.endpoint import EndpointContext
from services.intake.http.errors import WithErrorResponses
from services.intake.http.gates import Post, enter
from services.intake.http.request_head import flags, language_of, media_type_of
from services.intake.http.responses import LISTED, answer
from services.intake.pacing.limits import LARGE_PATIENCE
from services.intake.refusals.request_errors import Fault, RefusedError, unsupported_type
from services.intake.refusals.request_words import BodyWords
from shared.domain.refusals import Rejected
from shared.runtime.turns import Turns
from shared.spreadsheets.limits import Kind
from shared.spreadsheets.readers import Readers
from shared.wording.words import Common

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
CSV = "text/csv"
_KINDS: Mapping[str, Kind] = {XLSX: "xlsx", CSV: "csv"}
ROWS_AT_ONCE = 25  # are made events of, some 25 ms where they have hundreds of cells; then others have the event loop
READ_AT_ONCE = 2  # each of them takes a core, and up to the memory of shared.spreadsheets.limits.REQUEST


def import_routes(context: EndpointContext, readers: Readers) -> list[Route]:
    """Route `POST /v1/import`."""

    turns = Turns(READ_AT_ONCE, LARGE_PATIENCE)

    async def sheets(request: Request) -> Response:
        return await _post_sheet(context, request, readers, turns)

    return [Route("/v1/import", WithErrorResponses(sheets), methods=["POST"])]


async def _post_sheet(context: EndpointContext, request: Request, readers: Readers, turns: Turns) -> Response:
    post = enter(context, request, KINDS)
    partial, dry_run = flags(request, "partial", "dry_run")
    media_type = media_type_of(request)
    if media_type not in _KINDS:
        raise unsupported_type(Common.OR.value.filled(first=CSV, last=XLSX), media_type)
    async with post.body(turns) as body:
        reading = _read(Drafting(_programme(post), context.now()), readers, _KINDS[media_type], body)
        drafted = await _while_asked(request, reading)
        candidates, malformed = await parse_items([(index, draft.event) for index, draft in drafted.drafts.items()])
        parsed = candidates, [*drafted.rejected, *malformed]
        outcome = await post.admit(parsed, Terms(partial, dry_run, current={}))
    context.log.record(post.key.sender, "sheet", outcome.accepted, outcome.codes, dry_run=dry_run)
    listed = [_located(item, drafted.drafts) for item in outcome.rejected[:LISTED]]
    located = outcome._replace(rejected=[*listed, *outcome.rejected[LISTED:]])
    return answer(located, language_of(request), context.status_url, dry_run=dry_run, notes=drafted.notes)


async def _read(drafting: Drafting, readers: Readers, kind: Kind, body: bytes) -> Drafted:
    async with readers.read(kind, body) as slices:
        async for part in slices:
            for start in range(0, max(1, len(part.rows)), ROWS_AT_ONCE):
                drafting.take(part._replace(rows=part.rows[start : start + ROWS_AT_ONCE]))
                await asyncio.sleep(0)
    return drafting.end()


async def _while_asked(request: Request, reading: Coroutine[object, object, Drafted]) -> Drafted:
    """Wait for the reading; end it early, and its process with it, when the client has gone."""
    work = asyncio.create_task(reading)
    gone = asyncio.create_task(_disconnected(request))
    try:
        await asyncio.wait({work, gone}, return_when=asyncio.FIRST_COMPLETED)
        if not work.done():
            raise RefusedError(Fault.UNREADABLE, BodyWords.BROKE_BEFORE_ANSWER.value)
        return work.result()
    finally:
        work.cancel()
        gone.cancel()
        await asyncio.gather(work, gone, return_exceptions=True)


async def _disconnected(request: Request) -> None:
    """Wait for the connection to end: the body has come, and nothing else is received of the request."""
    while (await request.receive())["type"] != "http.disconnect":
        pass


def _programme(post: Post) -> str:
    """Return the programme of a sheet that doesn't name one: the only one there is for the key."""
    programmes = list(post.known.programmes)
    return programmes[0] if len(programmes) == 1 else ""


def _located(item: Rejected, drafts: dict[int, Draft]) -> Rejected:
    draft = drafts.get(item.index)
    return item if draft is None else draft.located(item)
