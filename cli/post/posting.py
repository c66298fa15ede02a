"""Posts batches of events to the intake service, and keeps trying while it is away."""

import asyncio
import random
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from dataclasses import dataclass, field
from datetime import MAXYEAR, UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

import httpx

from cli.loopback import is_loopback
from cli.post.event_lines import Batch, Line
from shared.runtime.clock import Clock
from shared.values.personal_data import in_identifier
from shared.values.scalars import ScalarError, whole_number

BATCH_TYPE = "application/cloudevents-batch+json"
TRY_AGAIN = frozenset({429, 502, 503, 504})
FIRST_WAIT, LONGEST_WAIT = 0.25, 15.0
TIMEOUT = httpx.Timeout(60, connect=5)


class PostError(ValueError):
    """Nothing more can be posted. Its text says why and what to do."""


@dataclass(frozen=True, slots=True)
class Rejected:
    """One refused line: its place in the file, its id, and the service's own errors (code, field, message, got)."""

    line: int
    id: str
    errors: list[dict[str, Any]]


@dataclass(slots=True)
class Report:
    """What became of the lines. `held_back` are good ones whose batch was refused whole because of others.

    `unlisted` were refused too, and the service did not say which they are.
    """

    accepted: int = 0
    rejected: list[Rejected] = field(default_factory=list)
    unlisted: int = 0
    held_back: int = 0
    retries: int = 0


@dataclass(frozen=True, slots=True)
class Target:
    """Where to post and how. `patience` is how many seconds a batch is tried again before giving up."""

    url: str
    key: str
    partial: bool = False
    dry_run: bool = False
    patience: float = 300.0

    @property
    def parameters(self) -> dict[str, str]:
        """The query of each post."""
        return {name: "true" for name in ("partial", "dry_run") if getattr(self, name)}


@dataclass(frozen=True, slots=True)
class Pace:
    """How the client waits, and whom it tells of each batch that it begins to wait with; tests give their own."""

    clock: Clock
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep
    tell: Callable[[str], None] = lambda _: None


async def post_all(
    target: Target, made: Iterator[Batch], concurrency: int, pace: Pace, advance: Callable[[int], None]
) -> Report:
    """Post every batch, `concurrency` at a time; `advance` hears how many lines are done.

    Raises PostError when the service refuses the key or the format, or stays away for longer than the target's
    patience. What was accepted until then stays accepted.
    """
    report = Report()
    headers = {"Authorization": f"Bearer {target.key}", "Content-Type": BATCH_TYPE}

    async def work(client: httpx.AsyncClient) -> None:
        # The workers share one iterator: each takes the next batch when it is done with its last.
        for batch in made:
            response = await _post(client, target, batch, pace, report)
            _settle(response, batch, target, report)
            advance(len(batch.lines))

    through_proxy = not is_loopback(target.url)
    async with httpx.AsyncClient(
        base_url=target.url, headers=headers, timeout=TIMEOUT, trust_env=through_proxy
    ) as client:
        tasks = [asyncio.create_task(work(client)) for _ in range(concurrency)]
        try:
            await asyncio.gather(*tasks)
        except PostError as error:
            raise PostError(f"{error}. {report.accepted:,} events were accepted before that") from error
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
    return report


async def _post(client: httpx.AsyncClient, target: Target, batch: Batch, pace: Pace, report: Report) -> httpx.Response:
    """Post one batch, again and again while the service is away. The ids make a repeat harmless."""
    lines = f"lines {batch.lines[0].number}-{batch.lines[-1].number}"
    return await post_patiently(client, target, ("/v1/events", lambda: batch.body, lines), pace, report)


async def post_patiently(
    client: httpx.AsyncClient,
    target: Target,
    sent: tuple[str, Callable[[], bytes | AsyncIterator[bytes]], str],
    pace: Pace,
    report: Report,
) -> httpx.Response:
    """Post, again and again while the service is away. `sent`: the path, what makes the body, what it is for people."""
    path, content, what = sent
    waited, attempt = 0.0, 0
    while True:
        reason, asked = "", 0.0
        try:
            response = await client.post(path, content=content(), params=target.parameters)
            if response.status_code not in TRY_AGAIN:
                return response
            reason = f"answers {response.status_code}: {_message(response)}"
            asked = _retry_after(response, pace.clock)
        except (httpx.UnsupportedProtocol, httpx.LocalProtocolError) as error:
            # Ours, not the service's: no patience cures it. The words would repeat the key where that is at fault.
            raise PostError(f"{target.url} can't be asked ({type(error).__name__}): check --url and the key") from None
        except httpx.TransportError as error:
            reason = f"doesn't answer ({type(error).__name__})"
        wait = max(asked, random.uniform(0.5, 1) * min(LONGEST_WAIT, FIRST_WAIT * 2**attempt))  # noqa: S311 - no secret
        if waited + wait > target.patience:
            raise PostError(
                f"{target.url} {reason}; gave up on {what} after {waited:.0f} s. "
                "Run the same command again later: what was taken is not counted twice"
            )
        if not attempt:
            pace.tell(f"{target.url} {reason}; trying for {target.patience - waited:.0f} s more")
        report.retries += 1
        attempt += 1
        waited += wait
        await pace.sleep(wait)


def _retry_after(response: httpx.Response, clock: Clock) -> float:
    """Read how many seconds the service asks to wait: a number or an HTTP date."""
    value = response.headers.get("Retry-After", "")
    try:
        return float(whole_number(value))
    except ScalarError:
        pass
    try:
        return max(0.0, (parsedate_to_datetime(value).astimezone(UTC) - clock.now()).total_seconds())
    except (ValueError, OverflowError):
        return 0.0


def _settle(response: httpx.Response, batch: Batch, target: Target, report: Report) -> None:
    status = response.status_code
    body = json_of(response)
    if status in {200, 202, 207, 422} or (status == 413 and body.get("rejected")):
        if target.dry_run and status in {202, 207}:
            raise PostError(f"{target.url} doesn't know dry runs: lines from {batch.lines[0].number} on were TAKEN")
        rejected = [_rejected(item, batch.lines) for item in body.get("rejected", ())]
        report.accepted += body.get("accepted", 0)
        report.rejected += rejected
        unlisted = max(0, body.get("rejected_total", len(rejected)) - len(rejected))
        report.unlisted += unlisted
        report.held_back += len(batch.lines) - len(rejected) - unlisted - body.get("accepted", 0)
        return
    raise PostError(f"{target.url} {_REASONS.get(status, f'answers {status}')}: {_why(body, batch)}")


_REASONS = {
    401: "knows no such key",
    403: "doesn't let this key post these events (nothing of their batch was taken)",
    404: "is no intake service",
}


def _why(body: dict[str, Any], batch: Batch) -> str:
    """Quote the service's words; for refused lines the first of them."""
    for item in body.get("rejected", ()):
        rejected = _rejected(item, batch.lines)
        error = rejected.errors[0] if rejected.errors else {}
        return f"line {rejected.line} (id {rejected.id}): {error.get('field')}: {error.get('message')}"
    return str(body.get("message", "no reason given"))


def _rejected(item: dict[str, Any], lines: tuple[Line, ...]) -> Rejected:
    line = lines[item["index"]]
    known = item.get("id") or line.id
    return Rejected(line.number, known if in_identifier(known, MAXYEAR) is None else "…", item["errors"])


def _message(response: httpx.Response) -> str:
    return str(json_of(response).get("message", "no reason given"))


def json_of(response: httpx.Response) -> dict[str, Any]:
    """Read the answer's JSON object; empty when it is none."""
    try:
        body = response.json()
    except ValueError:
        return {}
    return body if isinstance(body, dict) else {}


def seconds_since(start: datetime, clock: Clock) -> float:
    """Count the seconds gone since `start`."""
    return (clock.now() - start).total_seconds()
