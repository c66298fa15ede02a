"""`POST /v1/kobo/{form}`: the REST service of KoboToolbox, and of ODK software that posts the same JSON.

Kobo repeats only 502, 503 and 504, so its sender is registered with `--loses-429`. Edits and withdrawals count like the
submission itself; a submission is taken whole or not at all.
"""

from collections.abc import Mapping

import structlog
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from services.intake.admission.refusals import Refusal, Rejected
from services.intake.admission.rules import zone
from services.intake.admission.slices import SMALL, aside
from services.intake.formats.cloudevents import JSON, parse_items
from services.intake.formats.foreign_forms import foreign_type
from services.intake.formats.kobo import Draft, Drafted, draft_events, read_submission
from services.intake.http.endpoint import Door, enter, flags, held_body, language_of, media_type_of
from services.intake.http.events import Refusing
from services.intake.http.request_errors import Fault, RefusedError, unsupported_type
from services.intake.http.request_words import RequestWords
from services.intake.http.responses import answer
from shared.programme.model import Programme
from shared.programme.senders import Form
from shared.registry.snapshot import Registry
from shared.values.personal_data import named

log = structlog.get_logger()


def kobo_routes(door: Door) -> list[Route]:
    """`POST /v1/kobo/{form}`."""

    async def submissions(request: Request) -> Response:
        return await _post_submission(door, request)

    return [Route("/v1/kobo/{form}", Refusing(submissions), methods=["POST"])]


async def _post_submission(door: Door, request: Request) -> Response:
    key = enter(door, request)
    (dry_run,) = flags(request, "dry_run")
    media_type = media_type_of(request)
    if media_type != JSON:
        cure = foreign_type(media_type)
        refused = unsupported_type(JSON, media_type)
        if cure is not None:
            refused.detail = RequestWords.WITH_CURE.value.filled(type=refused.detail, cure=cure)
        raise refused
    programme, form = _form(door.registry().limited_to(key.programmes), request.path_params["form"])
    async with held_body(door, request, key) as body, door.large.turn(key.sender, needed=len(body) > SMALL):
        drafted = await aside(len(body), _drafted, programme, form, body)
        drafts = drafted.drafts
        candidates, malformed = await parse_items([(index, draft.event) for index, draft in drafts.items()])
        rejected = [*drafted.rejected, *malformed]
        door.rates.spend(key, len(candidates) + len(rejected))
        edits = {index: draft.deprecates for index, draft in drafts.items() if draft.deprecates is not None}
        outcome = await door.admission.admit(
            candidates, rejected, door.registry(), key, door.now(), dry_run=dry_run, current=edits
        )
        outcome = outcome._replace(rejected=[_told(item, drafts) for item in outcome.rejected])
    log.info("intake.kobo", sender=key.sender, accepted=outcome.accepted, rejected=len(outcome.rejected))
    return answer(outcome, language_of(request), door.status_url, dry_run=dry_run, notes=drafted.notes)


def _drafted(programme: Programme, form: Form, body: bytes) -> Drafted:
    submission = read_submission(body, form)
    if isinstance(submission, Refusal):
        return Drafted(rejected=[Rejected(0, None, (submission,))])
    return draft_events(programme.slug, form, submission, zone(programme.timezone))


def _form(registry: Registry, name: str) -> tuple[Programme, Form]:
    for programme in registry.programmes.values():
        for form in programme.forms:
            if form.form == name:
                return programme, form
    raise RefusedError(Fault.NOT_FOUND, RequestWords.FORM.value.filled(name=named(name)))


def _told(item: Rejected, drafts: Mapping[int, Draft]) -> Rejected:
    draft = drafts.get(item.index)
    return item if draft is None else draft.told(item)
