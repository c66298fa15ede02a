"""The door's HTTP face: who asks, how much, in which format; then admission and an answer."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import structlog
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from services.intake.admission import Admission, Outcome
from services.intake.formats import cloudevents
from services.intake.formats.cloudevents import Parsed, UnreadableError
from services.intake.refusals import Code
from shared.authorization import CHALLENGE, find_key
from shared.broker import BROKER_AWAY, UnroutableError
from shared.metrics import EVENTS_RECEIVED
from shared.registry.snapshot import Key, Registry

BODY_BYTES = 8 * 1024 * 1024
RETRY_AFTER_SECONDS = 2
log = structlog.get_logger()


class RefusedError(Exception):
    """The request ends here with this status and problem text."""

    def __init__(self, status: int, error: str, message: str, headers: dict[str, str] | None = None) -> None:
        super().__init__(message)
        self.status = status
        self.body = {"error": error, "message": message}
        self.headers = headers


@dataclass(frozen=True, slots=True)
class Door:
    """What the endpoints need: the registry of now, the time, admission, and whether the registry may be trusted."""

    registry: Callable[[], Registry]
    trusted: Callable[[], bool]
    now: Callable[[], datetime]
    admission: Admission


def routes(door: Door) -> list[Route]:
    """The endpoints of the intake service."""

    async def post_events(request: Request) -> Response:
        try:
            return await _post_events(door, request)
        except RefusedError as error:
            EVENTS_RECEIVED.labels("request", error.body["error"]).inc()
            return JSONResponse(error.body, status_code=error.status, headers=error.headers)

    return [Route("/v1/events", post_events, methods=["POST"])]


async def _post_events(door: Door, request: Request) -> Response:
    key = authenticate(door, request.headers.get("authorization"))
    parse = _parser(request.headers.get("content-type", ""))
    body = await read_body(request, BODY_BYTES)
    try:
        candidates, rejected = parse(body)
    except UnreadableError as error:
        raise RefusedError(400, "unreadable", str(error)) from None
    partial, dry_run = (_flag(request, name) for name in ("partial", "dry_run"))
    try:
        outcome = await door.admission.admit(
            candidates, rejected, door.registry(), key, door.now(), partial=partial, dry_run=dry_run
        )
    except BROKER_AWAY as error:
        log.warning("intake.broker_away", reason=type(error).__name__, sender=key.sender)
        raise unavailable("the broker did not confirm in time") from error
    except UnroutableError as error:
        log.error("intake.unroutable", reason=str(error))
        raise unavailable(str(error)) from error
    log.info("intake.request", sender=key.sender, accepted=outcome.accepted, rejected=len(outcome.rejected))
    return answer(outcome, _language(request), dry_run=dry_run)


def answer(outcome: Outcome, language: str, *, dry_run: bool) -> Response:
    """202, 207, 200 (dry run), 403, 413 or 422, with what was taken and what not."""
    codes = {refusal.code for item in outcome.rejected for refusal in item.refusals}
    if outcome.forbidden:
        status = 403
    elif dry_run:
        status = 200
    elif outcome.rejected and outcome.accepted == 0:
        status = 413 if codes == {Code.EVENT_TOO_LARGE} else 422
    else:
        status = 207 if outcome.rejected else 202
    rejected = [item.to_json(language) for item in outcome.rejected]
    return JSONResponse({"accepted": outcome.accepted, "rejected": rejected}, status_code=status)


def authenticate(door: Door, authorization: str | None) -> Key:
    """The request's key. Raises RefusedError: 401 without a valid one, 503 while keys can't be checked."""
    registry = door.registry()
    if not door.trusted() or not registry.loaded:
        raise unavailable("the registry is not at hand: keys can't be checked now")
    key = find_key(registry, authorization, door.now())
    if key is None:
        raise RefusedError(401, "unauthorized", "expected the header Authorization: Bearer <key>", CHALLENGE)
    return key


def unavailable(reason: str) -> RefusedError:
    """503: nothing is promised; the same post with the same ids, repeated, counts once."""
    return RefusedError(503, "unavailable", reason, {"Retry-After": str(RETRY_AFTER_SECONDS)})


async def read_body(request: Request, limit: int) -> bytes:
    """The body, refused with 413 as soon as it passes `limit` bytes."""
    too_large = RefusedError(413, "too_large", f"expected at most {limit} bytes a request")
    declared = request.headers.get("content-length", "0")
    if declared.isdigit() and int(declared) > limit:
        raise too_large
    chunks: list[bytes] = []
    size = 0
    async for chunk in request.stream():
        size += len(chunk)
        if size > limit:
            raise too_large
        chunks.append(chunk)
    return b"".join(chunks)


def _parser(content_type: str) -> Callable[[bytes], Parsed]:
    media_type = content_type.partition(";")[0].strip().lower()
    if media_type == cloudevents.BATCH:
        return cloudevents.parse_batch
    if media_type == cloudevents.STRUCTURED:
        return cloudevents.parse_structured
    raise RefusedError(
        415, "unsupported_type", f"expected {cloudevents.BATCH} or {cloudevents.STRUCTURED}, got {media_type or 'none'}"
    )


def _flag(request: Request, name: str) -> bool:
    value: Any = request.query_params.get(name, "false").lower()
    if value not in {"true", "false"}:
        raise RefusedError(400, "bad_parameter", f"{name}: expected true or false, got {value[:40]!r}")
    return bool(value == "true")


def _language(request: Request) -> str:
    return "vi" if request.headers.get("accept-language", "").lower().startswith("vi") else "en"
