"""Decide what answers make of obligations: met on time, late, reopened. Bad data costs only its own obligation."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from services.notifications import aside_store
from services.notifications.apart import Asides, apart
from services.notifications.obligations import obligation_store
from services.notifications.obligations.obligation_store import AnsweredObligation, Key
from services.notifications.obligations.submissions import Answer, Verdict, answered_at, judge, withdrawn_at
from shared.database.connections import Connection
from shared.domain.events import ObligationState as State
from shared.registry import restore_store

Required = Callable[[Key], frozenset[str]]  # the items that an obligation needs


async def take_answers(
    connection: Connection, answers: Sequence[Answer], required: Required, now: datetime
) -> dict[str, int]:
    """Keep the answers and settle what they answer, in the caller's transaction; return how many went where."""
    await obligation_store.lock_answers(connection)
    await obligation_store.keep_answers(connection, _once_each(answers))
    return await settle(connection, sorted({answer.key for answer in answers}), required, now)


async def settle(connection: Connection, keys: Sequence[Key], required: Required, now: datetime) -> dict[str, int]:
    """Judge these obligations by all their answers, in the caller's transaction; return how many went where."""
    asides = Asides()
    read = await apart(
        keys,
        lambda some: obligation_store.answered(connection, some),
        lambda key, error: asides.add("answer", " ".join(key), key[0], key[3], error),
    )
    verdicts = [
        verdict for obligations, answers in read for verdict in judged(obligations, answers, required, now, asides)
    ]
    verdicts = await _counted_from(connection, verdicts, now)
    await obligation_store.write_verdicts(connection, verdicts, now)
    await aside_store.put(connection, asides.found, now)
    outcome: dict[str, int] = {}
    for _, verdict in verdicts:
        outcome[verdict.state] = outcome.get(verdict.state, 0) + 1
    return outcome


async def _counted_from(
    connection: Connection, verdicts: list[tuple[int, Verdict]], now: datetime
) -> list[tuple[int, Verdict]]:
    """Have the steps of what is open again count from now, when it is heard of: an outage of ours accuses nobody.

    In a replay after a restore they count from the withdrawal, as they did before: what was sent then isn't sent again.
    """
    if not any(verdict.reopened for _, verdict in verdicts) or await restore_store.awaited(connection) is not None:
        return verdicts
    return [(id_, replace(it, reopened_at=now) if it.reopened else it) for id_, it in verdicts]


def judged(
    obligations: Iterable[AnsweredObligation],
    answers: Mapping[Key, Sequence[Answer]],
    required: Required,
    now: datetime,
    asides: Asides,
) -> list[tuple[int, Verdict]]:
    """Judge obligations; return those verdicts that change one, with its id. What can't be judged goes to `asides`."""
    verdicts: list[tuple[int, Verdict]] = []
    for row in obligations:
        with asides.unless_sound("answer", " ".join(row.key), row.programme, row.unit):
            met_at = answered_at(answers.get(row.key, ()), required(row.key))
            verdict = judge(State(row.state), row.due_at, met_at, now)
            if verdict.reopened:
                since = withdrawn_at(answers.get(row.key, ()), row.met_at, now)
                verdict = replace(verdict, reopened_at=since)
            if (verdict.state, verdict.met_at) != (row.state, row.met_at):
                verdicts.append((row.id, verdict))
    return verdicts


def _once_each(answers: Iterable[Answer]) -> list[Answer]:
    """Keep of copies of an answer the one accepted first, sorted by the key of their table."""
    by_acceptance = sorted(answers, key=lambda answer: answer.accepted_at, reverse=True)
    unique = {(answer.key, answer.source, answer.id, answer.sender): answer for answer in by_acceptance}
    return [unique[key] for key in sorted(unique)]
