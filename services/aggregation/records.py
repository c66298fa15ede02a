"""Decides how records stand, and how claims change that. Pure."""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from services.aggregation.record_subject import RecordSubject
from shared.domain.canonical import EventBody, Identity
from shared.domain.claims import RecordClaim, RecordKey
from shared.domain.standing import Version, contenders, winner


class RekeyingError(Exception):
    """Records are kept under the names of other families: a rebuild comes first, then try again."""


class Standing(NamedTuple):
    """A record as it stands: the version that counts, and all that can still decide who wins.

    `contested`: a current event has claimed it; of all others only the strongest version can.
    """

    winner: Version
    contested: bool
    versions: Sequence[Version]


class Settled(NamedTuple):
    """A record as it is to stand: what counts, what that is about and which event says it."""

    key: RecordKey
    standing: Standing
    subject: RecordSubject
    body: EventBody


def settle(standing: Standing | None, made: Sequence[RecordClaim]) -> Standing:
    """Let the claims compete for a record that stands so (None: there is none yet).

    Any order and repetition of claims gives the same standing: versions that can no longer win are dropped, the others
    are in the one order in which two of the same are equal.
    """
    versions = [claim.version for claim in made]
    if standing is not None:
        versions += standing.versions
    return standing_of(contenders(versions) if len(versions) > 1 else versions)


def standing_of(kept: Sequence[Version]) -> Standing:
    """Let these contenders, in their order, compete for a record."""
    return Standing(winner(kept), any(version.revision is None for version in kept), tuple(kept))


def contested(counts: Version, versions: Iterable[Version]) -> Standing:
    """Put a contested record together as its tables have it: the winner, and the contenders that they still hold."""
    return Standing(counts, True, tuple(contenders(versions)))


def identity_of(version: Version, key: RecordKey) -> Identity:
    """Name the event that has made this version of the record."""
    return (*version.identity, key[1])
