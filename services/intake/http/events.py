"""`/v1/events`: CloudEvents in their three modes, and lines in bulk."""

from collections.abc import Awaitable, Callable
from typing import TypeAlias

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from services.intake.admission.admission import Outcome, Terms
from services.intake.formats import cloudevents
from services.intake.formats.cloudevents import Parsed
from services.intake.formats.ndjson import NDJSON
from services.intake.http.endpoint import EndpointContext
from services.intake.http.errors import WithErrorResponses
from services.intake.http.gates import Post, enter
from services.intake.http.request_head import flags, header, language_of, media_type_of
from services.intake.http.responses import answer, stream_answer
from services.intake.http.stream import take_stream
from services.intake.refusals.request_errors import unsupported_type
from services.intake.refusals.request_words import RequestWords

ALLOWED = "POST, OPTIONS"
Parse: TypeAlias = Callable[[bytes], Awaitable[Parsed]]


def events_routes(context: EndpointContext) -> list[Route]:
    """Route `POST` and `OPTIONS /v1/events`."""

    async def events(request: Request) -> Response:
        return handshake(request) if request.method == "OPTIONS" else await _post_events(context, request)

    return [Route("/v1/events", WithErrorResponses(events), methods=ALLOWED.split(", "))]


def handshake(request: Request) -> Response:
    """Answer the webhook handshake of CloudEvents: any origin may deliver, at any rate; the key decides."""
    headers = {"Allow": ALLOWED}
    origin = header(request, b"webhook-request-origin")
    if origin is not None:
        headers |= {"WebHook-Allowed-Origin": origin[:200], "WebHook-Allowed-Rate": "*"}
    return Response(status_code=200, headers=headers)


async def _post_events(context: EndpointContext, request: Request) -> Response:
    post = enter(context, request)
    partial, dry_run = flags(request, "partial", "dry_run")
    media_type = media_type_of(request)
    if media_type == NDJSON:
        return await _post_lines(context, request, post, dry_run=dry_run)
    parse = parser_of(request, media_type)
    async with post.body() as body:
        outcome = await post.admit(await parse(body), Terms(partial, dry_run))
    context.log.record(post.key.sender, "cloudevents", outcome.accepted, outcome.codes, dry_run=dry_run)
    return answer(outcome, language_of(request), context.status_url, dry_run=dry_run)


async def _post_lines(context: EndpointContext, request: Request, post: Post, *, dry_run: bool) -> Response:
    tally = await take_stream(post, dry_run=dry_run)
    context.log.record(post.key.sender, "ndjson", tally.accepted, tally.codes, dry_run=dry_run)
    outcome = Outcome(tally.accepted, tally.listed, superseded=tally.superseded_listed)
    totals = tally.codes.total(), tally.superseded
    return stream_answer(outcome, totals, language_of(request), context.status_url, dry_run=dry_run)


def parser_of(request: Request, media_type: str) -> Parse:
    """Choose what reads the events of a body: by its media type, or by the `ce-` headers of binary mode.

    Raises RefusedError for a type that isn't taken.
    """
    if media_type == cloudevents.BATCH:
        return cloudevents.parse_batch
    if media_type == cloudevents.STRUCTURED:
        return _of_one(cloudevents.parse_structured)
    if header(request, b"ce-specversion") is not None or header(request, b"ce-type") is not None:
        if media_type in {"", cloudevents.JSON}:
            return _of_one(lambda body: cloudevents.parse_binary(request.scope["headers"], body))
        raise unsupported_type(RequestWords.BINARY.value.filled(json=cloudevents.JSON), media_type)
    expected = RequestWords.EVENT_TYPES.value.filled(
        batch=cloudevents.BATCH, structured=cloudevents.STRUCTURED, ndjson=NDJSON, json=cloudevents.JSON
    )
    raise unsupported_type(expected, media_type)


def _of_one(parse: Callable[[bytes], Parsed]) -> Parse:
    async def parse_one(body: bytes) -> Parsed:
        return parse(body)

    return parse_one
