"""When the demo's clock stops: where messages fall due, and before, to post what was posted until then."""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from sample import workdays
from sample.duties import Submission
from sample.post import Post
from shared.domain.events import Kind
from shared.programme.model import Programme, Step

START = datetime(2022, 12, 15, 8, tzinfo=workdays.HANOI)


@dataclass(frozen=True, slots=True)
class Stop:
    """The clock goes to `at`; what falls due goes out; then `posts` are posted."""

    at: datetime
    posts: tuple[Post, ...]


def stops(
    programme: Programme, posts: Sequence[Post], submissions: Sequence[Submission], letter_days: Collection[date]
) -> list[Stop]:
    """List the stops of the year, in order; together they hold every post.

    Between two boundaries (a deadline, or a morning on which messages may go out) only reports decide what happens at
    the next one, so the clock stops once there, at the last report's instant, and not at all where no report came in.
    It stops on the mornings of `letter_days` and on the very last: what went out wrongly on another morning goes out at
    the next stop, and is seen there.
    """
    mornings = {instant for item in submissions for instant in _mornings(programme.escalation, item.duty.due_at)}
    boundaries = sorted(mornings | {item.duty.due_at for item in submissions})
    found: list[Stop] = []
    first = 0
    for boundary in boundaries:
        last = max(
            (index for index in range(first, len(posts)) if posts[index].at < boundary and _decides(posts[index])),
            default=None,
        )
        if last is not None:
            while last + 1 < len(posts) and posts[last + 1].at == posts[last].at:
                last += 1
            found.append(Stop(posts[last].at + timedelta(minutes=1), tuple(posts[first : last + 1])))
            first = last + 1
        if boundary in mornings and (boundary.date() in letter_days or boundary == boundaries[-1]):
            found.append(Stop(boundary, ()))
    if first < len(posts):
        end = max(posts[-1].at, boundaries[-1]) + timedelta(minutes=1)
        found.append(Stop(end, tuple(posts[first:])))
    return found


def _decides(post: Post) -> bool:
    return post.kind == Kind.REPORT_SUBMITTED


def _mornings(escalation: Sequence[Step], due_at: datetime) -> Iterator[datetime]:
    """List the mornings on which a step of this deadline may fall due."""
    for step in escalation:
        day = workdays.shift(due_at.date(), step.working_days)
        for _ in range(step.at_most):
            yield workdays.morning(day)
            if step.repeat_working_days is None:
                break
            day = workdays.shift(day, step.repeat_working_days)
