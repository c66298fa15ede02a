"""`POST /v1/kobo/{form}`: the REST service of KoboToolbox, and of ODK software that posts the same JSON.

Kobo repeats only 502, 503 and 504, so its sender is registered with `--loses-429`. Edits and withdrawals count like the
submission itself; a submission is taken whole or not at all.
"""

from collections.abc import Mapping

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from services.intake.admission.admission import Terms
from services.intake.admission.rules import zone
from services.intake.formats.cloudevents import JSON, parse_items
from services.intake.formats.foreign_forms import foreign_type
from services.intake.formats.kobo import Draft, Drafted, draft_events, read_submission
from services.intake.http.endpoint import EndpointContext
from services.intake.http.errors import WithErrorResponses
from services.intake.http.gates import enter
from services.intake.http.request_head import flags, language_of, media_type_of
from services.intake.http.responses import answer
from services.intake.pacing.slices import aside
from services.intake.refusals.request_errors import Fault, RefusedError, unsupported_type
from services.intake.refusals.request_words import RequestWords
from shared.domain.refusals import Refusal, Rejected
from shared.programme.model import Programme
from shared.programme.senders import Form
from shared.registry.snapshot import Registry
from shared.values.personal_data import named


def kobo_routes(context: EndpointContext) -> list[Route]:
    """Route `POST /v1/kobo/{form}`."""

    async def submissions(request: Request) -> Response:
        return await _post_submission(context, request)

    return [Route("/v1/kobo/{form}", WithErrorResponses(submissions), methods=["POST"])]


async def _post_submission(context: EndpointContext, request: Request) -> Response:
    post = enter(context, request)
    (dry_run,) = flags(request, "dry_run")
    media_type = media_type_of(request)
    if media_type != JSON:
        raise _unsupported(media_type)
    programme, form = _form(post.known, request.path_params["form"])
    async with post.body() as body:
        drafted = await aside(len(body), _drafted, programme, form, body)
        drafts = drafted.drafts
        candidates, malformed = await parse_items([(index, draft.event) for index, draft in drafts.items()])
        edits = {index: draft.deprecates for index, draft in drafts.items() if draft.deprecates is not None}
        outcome = await post.admit((candidates, [*drafted.rejected, *malformed]), Terms(dry_run=dry_run, current=edits))
    context.log.record(post.key.sender, "kobo", outcome.accepted, outcome.codes, dry_run=dry_run)
    told = outcome._replace(rejected=[_told(item, drafts) for item in outcome.rejected])
    return answer(told, language_of(request), context.status_url, dry_run=dry_run, notes=drafted.notes)


def _unsupported(media_type: str) -> RefusedError:
    """Make the refusal of a type that is no JSON; it says what to set up where other software posts this type."""
    cure = foreign_type(media_type)
    refused = unsupported_type(JSON, media_type)
    if cure is not None:
        refused.detail = RequestWords.WITH_CURE.value.filled(type=refused.detail, cure=cure)
    return refused


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
