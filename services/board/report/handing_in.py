"""Hands in a report: claims its number, sends what was claimed to intake, keeps what became of it.

What is claimed is sent until intake has said yes or no to it, byte for byte the same: an answer that was lost, a second
press of the button and a second tab make no second submission.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from enum import Enum, auto
from typing import Any

from pydantic_core import to_json

from services.board.report.asked import Asked
from services.board.report.draft_store import (
    Claim,
    StaleDraftError,
    Submission,
    accept_submission,
    claim_submission,
    find_submission,
    key_of,
    refuse_submission,
)
from services.board.report.events import HandIn, events_of
from services.board.report.judging import Fault, faults_of
from services.board.report.pages import Opened
from services.board.upstream.client import Answered, AwayError
from shared.database.connections import Pool
from shared.wording.words import in_both

ACCEPTED, REFUSED = 202, frozenset({400, 403, 410, 413, 422})


class Result(Enum):
    """What became of it."""

    ACCEPTED = auto()  # now, or when it was handed in before
    FAULTY = auto()  # something is missing or wrong: nothing was claimed
    STALE = auto()  # the draft is a newer one, or would withdraw other figures than was shown: nothing was claimed
    REFUSED = auto()  # intake took nothing of it, and says why
    AWAY = auto()  # nobody knows: to be handed in again


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of it, and what has to be mended."""

    result: Result
    faults: tuple[Fault, ...] = ()


@dataclass(frozen=True, slots=True)
class Shown:
    """What the page showed on which somebody has pressed the button: the draft's number and version, and the events
    whose figures are withdrawn, as `Opened.withdrawn_ids` writes them.
    """

    number: int
    version: int
    withdrawn: str


@dataclass(frozen=True, slots=True)
class HandingIn:
    """Hands in reports. `device` is a public mark of the officer's device."""

    asked: Asked
    pool: Callable[[], Pool]

    async def hand_in(self, opened: Opened, shown: Shown, officer: str, device: str | None) -> Outcome:
        """Hand in the draft that was shown in an officer's name."""
        async with self.pool().acquire() as connection:
            submission = await find_submission(connection, key_of(opened.name), shown.number)
        if submission is None:
            faults = tuple(faults_of(opened.form, opened.answers, opened.standing, opened.today))
            if faults:
                return Outcome(Result.FAULTY, faults)
            if shown.withdrawn != opened.withdrawn_ids:
                return Outcome(Result.STALE)
            try:
                submission = await self._claim(opened, shown, officer, device)
            except StaleDraftError:
                return Outcome(Result.STALE)
        if submission.events is None:
            return Outcome(Result.ACCEPTED if submission.accepted_at is not None else Result.REFUSED)
        return await self._send(opened, submission, submission.events)

    async def _claim(self, opened: Opened, shown: Shown, officer: str, device: str | None) -> Submission:
        hand_in = HandIn(opened.name, shown.number, opened.now)
        events = to_json(events_of(opened.form, opened.answers, hand_in, opened.withdraws)).decode()
        name, answers, now = str(opened.name), opened.answers, opened.now
        claim = Claim(shown.number, shown.version, name, answers, events, officer, device, now)
        async with self.pool().acquire() as connection:
            return await claim_submission(connection, key_of(opened.name), claim)

    async def _send(self, opened: Opened, submission: Submission, events: str) -> Outcome:
        try:
            answered = await self.asked.post(events, submission.officer, submission.device, opened.form.language)
        except AwayError:
            return Outcome(Result.AWAY)
        key = key_of(opened.name)
        if answered.status == ACCEPTED:
            async with self.pool().acquire() as connection:
                await accept_submission(connection, key, submission.number, opened.now)
            return Outcome(Result.ACCEPTED)
        if answered.status in REFUSED:
            async with self.pool().acquire() as connection:
                await refuse_submission(connection, key, submission.number, opened.now)
            return Outcome(Result.REFUSED, tuple(_said(answered)))
        return Outcome(Result.AWAY)


def _said(answered: Answered) -> Iterator[Fault]:
    """Read why intake has refused, in its own words."""
    body: Mapping[str, Any] = answered.body if isinstance(answered.body, dict) else {}
    rejected = [error["message"] for item in body.get("rejected", []) for error in item["errors"]]
    for message in rejected or [body.get("message", str(answered.status))]:
        yield Fault("", in_both(message))
