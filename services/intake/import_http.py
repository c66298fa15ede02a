"""`POST /v1/import`: a spreadsheet, XLSX or CSV, as `kip template` writes it."""

import asyncio

import structlog
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from services.intake.admission import Outcome
from services.intake.answers import answer
from services.intake.door import Door, HeldBody, enter, flag, identify, language_of, media_type_of
from services.intake.formats.cloudevents import parse_items
from services.intake.formats.sheet import Draft, draft_events
from services.intake.formats.sheet_cells import Sheet, read_csv, read_xlsx
from services.intake.http import Refusing
from services.intake.refusals import Rejected
from services.intake.request_errors import Fault, RefusedError
from shared.registry.snapshot import Key

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
CSV = "text/csv"
_READERS = {XLSX: read_xlsx, CSV: read_csv}
log = structlog.get_logger()


def import_routes(door: Door) -> list[Route]:
    """`POST /v1/import`."""
    one_at_a_time = asyncio.Semaphore(1)  # a workbook takes memory and a core for a second

    async def sheets(request: Request) -> Response:
        return await _post_sheet(door, request, one_at_a_time)

    return [Route("/v1/import", Refusing(sheets), methods=["POST"])]


async def _post_sheet(door: Door, request: Request, one_at_a_time: asyncio.Semaphore) -> Response:
    key = enter(door, request)
    partial, dry_run = flag(request, "partial"), flag(request, "dry_run")
    media_type = media_type_of(request)
    if media_type not in _READERS:
        raise RefusedError(Fault.UNSUPPORTED_TYPE, f"{CSV} or {XLSX}, got {media_type[:80] or 'none'}")
    async with HeldBody(door, request) as body, one_at_a_time:
        read: list[Sheet] = await asyncio.to_thread(_READERS[media_type], body)
        drafts, rejected = await asyncio.to_thread(draft_events, read, _programme(door, key), door.now())
    key = identify(door, request)  # it may have been revoked while others' sheets were read
    candidates, malformed = parse_items((index, draft.event) for index, draft in drafts.items())
    door.rates.spend(key, len(drafts) + len(rejected))
    outcome = await door.admission.admit(
        candidates, [*rejected, *malformed], door.registry(), key, door.now(), partial=partial, dry_run=dry_run
    )
    log.info("intake.import", sender=key.sender, accepted=outcome.accepted, rejected=len(outcome.rejected))
    located = Outcome(outcome.accepted, [_located(item, drafts) for item in outcome.rejected], outcome.forbidden)
    return answer(located, language_of(request), dry_run=dry_run)


def _programme(door: Door, key: Key) -> str:
    """The programme of a sheet that doesn't name one: the only one there is for the key."""
    programmes = list(door.registry().limited_to(key.programmes).programmes)
    return programmes[0] if len(programmes) == 1 else ""


def _located(item: Rejected, drafts: dict[int, Draft]) -> Rejected:
    draft = drafts.get(item.index)
    return item if draft is None else draft.located(item)
