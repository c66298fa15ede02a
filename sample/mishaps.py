"""What goes wrong in any year: posts sent twice, figures corrected, records withdrawn, revisions overtaken."""

import copy
import random
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from sample.post import Pen, Post
from sample.scope import Scope
from shared.domain.events import Kind

SENT_TWICE = 0.006
ACTIVITIES_CORRECTED = 0.012
FIGURES_CORRECTED = 0.025
WITHDRAWN = 24
REVIVED = 6
OVERTAKEN = 8
REPLACED = 3


def with_mishaps(seed: int, posts: list[Post], scope: Scope, pen: Pen) -> list[Post]:
    """Add mishaps to the posts. Nothing happens after the last report, so that the year has a last instant."""
    rng = random.Random(f"{seed}/mishaps")
    end = max(post.at for post in posts if post.kind == Kind.REPORT_SUBMITTED)
    activities = [post for post in posts if post.kind == Kind.ACTIVITY_RECORDED and post.at < end - timedelta(days=20)]
    figures = [post for post in posts if post.kind == Kind.INDICATOR_REPORTED]
    corrected = [
        *_sampled(rng, activities, ACTIVITIES_CORRECTED),
        *_sampled(rng, figures, FIGURES_CORRECTED),
    ]
    extra = [_corrected(rng, post, min(_later(rng, post.at), end), scope, pen) for post in corrected]
    changed = {id(post) for post in corrected}
    untouched = [post for post in activities if id(post) not in changed]
    chosen = rng.sample(untouched, WITHDRAWN + REVIVED + OVERTAKEN + REPLACED)
    overtaken = chosen[WITHDRAWN + REVIVED : -REPLACED]
    extra += [_replaced(post, _later(rng, post.at), scope, pen) for post in chosen[-REPLACED:]]
    for post in chosen[: WITHDRAWN + REVIVED]:
        extra.append(_withdrawn(post, _later(rng, post.at), 1, scope, pen))
    for post in chosen[WITHDRAWN : WITHDRAWN + REVIVED]:
        extra.append(_corrected(rng, post, post.at + timedelta(days=12), scope, pen, revision=2))
    # The correction reaches the door before what it corrects.
    swapped = {id(post): Post(post.at + timedelta(days=2), post.sender, post.event) for post in overtaken}
    extra += [_corrected(rng, post, post.at, scope, pen) for post in overtaken]
    extra += _figures_withdrawn(rng, figures, changed, end, scope, pen)
    whole = [swapped.get(id(post), post) for post in posts] + extra
    return whole + [
        Post(min(_later(rng, post.at), end), post.sender, post.event) for post in _sampled(rng, whole, SENT_TWICE)
    ]


def _sampled(rng: random.Random, posts: list[Post], share: float) -> list[Post]:
    return rng.sample(posts, round(len(posts) * share))


def _later(rng: random.Random, instant: datetime) -> datetime:
    return instant + timedelta(days=rng.randint(1, 8), minutes=rng.randint(-40, 40))


def _figures_withdrawn(
    rng: random.Random, figures: list[Post], changed: set[int], end: datetime, scope: Scope, pen: Pen
) -> list[Post]:
    """Withdraw a quarter's figure of two communes; one of them sends it anew."""
    free = [post for post in figures if post.event["data"].get("numerator") is not None and id(post) not in changed]
    first, second = rng.sample([post for post in free if post.at < end - timedelta(days=20)], 2)
    return [
        _withdrawn(first, first.at + timedelta(days=3), 1, scope, pen),
        _withdrawn(second, second.at + timedelta(days=3), 1, scope, pen),
        _corrected(rng, second, second.at + timedelta(days=6), scope, pen, revision=2),
    ]


def _corrected(rng: random.Random, post: Post, instant: datetime, scope: Scope, pen: Pen, *, revision: int = 1) -> Post:
    data = copy.deepcopy(dict(post.event["data"]))
    data.pop("programme")
    data["revision"] = revision
    if "components" in data:
        data["components"] = dict.fromkeys(data["components"], True)
    elif "numerator" in data:
        _recount(rng, data)
    elif "participants" in data:
        data["participants"] = {group: number + rng.randint(1, 5) for group, number in data["participants"].items()}
    return pen.write(instant, _uid_of(post, scope), Kind(post.kind), data)


def _recount(rng: random.Random, data: dict[str, Any]) -> None:
    """Take some people off the first option of an exclusive dimension, and so off the whole."""
    options = [split for split in data["breakdown"] if not {"domain"} & split["by"].keys()]
    dimensions = sorted({dimension for split in options for dimension in split["by"]})
    fewest = min(next(split["numerator"] for split in options if dimension in split["by"]) for dimension in dimensions)
    fewer = rng.randint(0, min(fewest, 9))
    for dimension in dimensions:
        next(split for split in options if dimension in split["by"])["numerator"] -= fewer
    data["numerator"] -= fewer
    for split in data["breakdown"]:
        split["numerator"] = min(split["numerator"], data["numerator"])


def _replaced(post: Post, instant: datetime, scope: Scope, pen: Pen) -> Post:
    """Give an activity a new record id, as its sender might."""
    data = {
        **post.event["data"],
        "record": f"{post.event['data']['record']}-b",
        "supersedes": post.event["data"]["record"],
    }
    data.pop("programme")
    return pen.write(instant, _uid_of(post, scope), Kind.ACTIVITY_RECORDED, data)


def _withdrawn(post: Post, instant: datetime, revision: int, scope: Scope, pen: Pen) -> Post:
    data: Mapping[str, Any] = post.event["data"]
    names = ("record",) if "record" in data else ("indicator", "agency", "period")
    key = {name: data[name] for name in names}
    return pen.write(instant, _uid_of(post, scope), Kind.RECORD_RETRACTED, {"revision": revision, **key})


def _uid_of(post: Post, scope: Scope) -> str:
    """Find the unit of 2023 with the subject's code."""
    return next(unit.uid for unit in scope.units.by_code(post.event["subject"]) if unit.valid_to is not None)
