"""`POST /v1/import`: a spreadsheet, XLSX or CSV, as `kip template` writes it."""

import asyncio
from collections.abc import Coroutine, Mapping
from typing import Any

import structlog
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from services.intake.admission.limits import LARGE_PATIENCE, Turns
from services.intake.admission.refusals import Rejected
from services.intake.formats.cloudevents import parse_items
from services.intake.formats.sheet import KINDS, Draft, Drafted, Drafting
from services.intake.http.endpoint import Door, enter, flags, held_body, identify, language_of, media_type_of
from services.intake.http.events import Refusing
from services.intake.http.request_errors import Fault, RefusedError, unsupported_type
from services.intake.http.request_words import BodyWords
from services.intake.http.responses import LISTED, answer
from shared.registry.snapshot import Key
from shared.spreadsheets.limits import Kind
from shared.spreadsheets.readers import Readers
from shared.wording.words import Common

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
CSV = "text/csv"
_KINDS: Mapping[str, Kind] = {XLSX: "xlsx", CSV: "csv"}
ROWS_AT_ONCE = 100  # are made events of; then others have the event loop
READ_AT_ONCE = 2  # each of them takes a core, and up to the memory of shared.spreadsheets.limits.REQUEST
log = structlog.get_logger()


def import_routes(door: Door, readers: Readers) -> list[Route]:
    """`POST /v1/import`."""

    turns = Turns(READ_AT_ONCE, LARGE_PATIENCE)

    async def sheets(request: Request) -> Response:
        return await _post_sheet(door, request, readers, turns)

    return [Route("/v1/import", Refusing(sheets), methods=["POST"])]


async def _post_sheet(door: Door, request: Request, readers: Readers, turns: Turns) -> Response:
    key = enter(door, request, KINDS)
    partial, dry_run = flags(request, "partial", "dry_run")
    media_type = media_type_of(request)
    if media_type not in _KINDS:
        raise unsupported_type(Common.OR.value.filled(first=CSV, last=XLSX), media_type)
    async with held_body(door, request, key) as body, turns.turn(key.sender):
        drafted = await _while_asked(request, _read(door, key, readers, _KINDS[media_type], body))
        key = identify(door, request)  # it may have been revoked while others' sheets were read
        candidates, malformed = await parse_items([(index, draft.event) for index, draft in drafted.drafts.items()])
        door.rates.spend(key, len(drafted.drafts) + len(drafted.rejected))
        outcome = await door.admission.admit(
            candidates,
            [*drafted.rejected, *malformed],
            door.registry(),
            key,
            door.now(),
            partial=partial,
            dry_run=dry_run,
            current={},
        )
    log.info("intake.import", sender=key.sender, accepted=outcome.accepted, rejected=len(outcome.rejected))
    listed = [_located(item, drafted.drafts) for item in outcome.rejected[:LISTED]]
    located = outcome._replace(rejected=[*listed, *outcome.rejected[LISTED:]])
    return answer(located, language_of(request), door.status_url, dry_run=dry_run, notes=drafted.notes)


async def _read(door: Door, key: Key, readers: Readers, kind: Kind, body: bytes) -> Drafted:
    drafting = Drafting(_programme(door, key), door.now())
    async with readers.read(kind, body) as slices:
        async for part in slices:
            for start in range(0, max(1, len(part.rows)), ROWS_AT_ONCE):
                drafting.take(part._replace(rows=part.rows[start : start + ROWS_AT_ONCE]))
                await asyncio.sleep(0)
    return drafting.end()


async def _while_asked(request: Request, reading: Coroutine[Any, Any, Drafted]) -> Drafted:
    """What the reading gives. It ends early, and its process with it, when the client has gone."""
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
    """Ends with the connection: the body has come, and nothing else is told of the request."""
    while (await request.receive())["type"] != "http.disconnect":
        pass


def _programme(door: Door, key: Key) -> str:
    """The programme of a sheet that doesn't name one: the only one there is for the key."""
    programmes = list(door.registry().limited_to(key.programmes).programmes)
    return programmes[0] if len(programmes) == 1 else ""


def _located(item: Rejected, drafts: dict[int, Draft]) -> Rejected:
    draft = drafts.get(item.index)
    return item if draft is None else draft.located(item)
