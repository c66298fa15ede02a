"""The made-up year as events in the order in which they are posted. The same seed gives the same bytes."""

import json
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime

from sample.activities import activity_posts
from sample.duties import Submission, submissions
from sample.indicators import indicator_posts
from sample.mishaps import with_mishaps
from sample.post import Pen, Post
from sample.scope import Scope
from shared.domain.events import Kind
from shared.programme.model import Programme

DEFAULT_SEED = 1437


@dataclass(frozen=True, slots=True)
class SampleYear:
    """Every post in order, and what became of every duty. The figures are made up; the places are real."""

    seed: int
    posts: tuple[Post, ...]
    submissions: tuple[Submission, ...]


def make_year(seed: int, programme: Programme, scope: Scope) -> SampleYear:
    """Write the year."""
    pen = Pen(seed, scope, programme.slug)
    handed = submissions(seed, programme, scope)
    posts = [
        *activity_posts(seed, programme, scope, pen),
        *indicator_posts(seed, programme, scope, handed, pen),
        *(_report(pen, item) for item in handed if item.handed_in_at is not None),
    ]
    posts = with_mishaps(seed, posts, scope, pen)
    # A figure goes before the report of the same instant: equal instants keep the order above.
    return SampleYear(seed, tuple(sorted(posts, key=lambda post: post.at)), tuple(handed))


def late_posts(
    seed: int, programme: Programme, scope: Scope, silent: Submission, at: datetime, sender: str
) -> list[Post]:
    """Write what a silent unit has to say, handed in at `at` by another sender: its figures, then the report."""
    handed, pen = replace(silent, at=at), Pen(seed, scope, programme.slug)
    duty = handed.duty
    figures = [
        post
        for post in indicator_posts(seed, programme, scope, [handed], pen)
        if post.event["subject"] == duty.unit.code
        and (post.event["data"]["agency"], post.event["data"]["period"]) == (duty.agency, str(duty.period))
    ]
    return [replace(post, sender=sender) for post in (*figures, _report(pen, handed))]


def _report(pen: Pen, item: Submission) -> Post:
    assert item.handed_in_at is not None  # noqa: S101 - narrowed by the caller
    duty = item.duty
    record = {"report": duty.report, "agency": duty.agency, "period": str(duty.period), "revision": 0}
    return pen.write(item.handed_in_at, duty.unit.uid, Kind.REPORT_SUBMITTED, record)


def as_lines(posts: Iterable[Post]) -> str:
    """Write JSON lines for `kip post`."""
    return "".join(json.dumps(post.event, ensure_ascii=False, separators=(",", ":")) + "\n" for post in posts)
