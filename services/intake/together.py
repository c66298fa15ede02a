"""Posts of one event that came in the same turn of the event loop: taken together, without a task for each.

Nothing is refused here: whatever is unusual about a request goes the usual way (`http.py`), as if nobody had looked at
it.
"""

import asyncio
from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from starlette.requests import Request
from starlette.responses import Response

from services.intake.admission import Stamped, count_accepted, instant_json, stamp
from services.intake.answers import all_taken
from services.intake.door import Door, header, media_type_of
from services.intake.formats import cloudevents
from services.intake.http import EVENTS, failure, parser_of
from services.intake.publish import MESSAGE_BYTES, Publisher
from shared.authentication import authorization_of, find_key
from shared.events import Kind
from shared.observability import count_request
from shared.registry.snapshot import Key, Registry
from shared.whole_http import WholeRequest

AT_ONCE = 256  # posts; then others have their turn
_MODES_OF_ONE_EVENT = frozenset({cloudevents.STRUCTURED, cloudevents.JSON, ""})


class _Post(NamedTuple):
    whole: WholeRequest
    request: Request
    key: Key


class _Message:
    """Posts whose events travel together: of one kind and partition, MESSAGE_BYTES at most."""

    def __init__(self, kind: Kind, partition: int) -> None:
        self.kind = kind
        self.partition = partition
        self.posts: list[_Post] = []
        self.events: list[bytes] = []
        self.room = MESSAGE_BYTES

    def add(self, post: _Post, event: bytes) -> None:
        """Put a post's event in."""
        self.posts.append(post)
        self.events.append(event)
        self.room -= len(event) + 1


class Together:
    """Gathers posts to `/v1/events` and takes them all at the loop's next turn."""

    def __init__(self, door: Door, publisher: Publisher) -> None:
        self._door = door
        self._publisher = publisher
        self._gathered: list[WholeRequest] = []

    def gather(self, whole: WholeRequest) -> bool:
        """Whether the request is one to take together with others. Call it in the event loop."""
        scope = whole.scope
        if scope["path"] != EVENTS or scope["method"] != "POST" or scope["query_string"]:
            return False
        if not self._gathered:
            loop = asyncio.get_running_loop()
            loop.call_soon(self._take, loop.time())
        self._gathered.append(whole)
        return True

    def _take(self, since: float) -> None:
        gathered, self._gathered = self._gathered[:AT_ONCE], self._gathered[AT_ONCE:]
        if self._gathered:
            asyncio.get_running_loop().call_soon(self._take, since)
        now = self._door.now()
        posts = self._identified(gathered, now)
        messages: dict[tuple[Kind, int], _Message] = {}
        for post, event in zip(posts, self._good_events(posts, now), strict=True):
            if event is None or not self._let_in(post):
                post.whole.go_the_usual_way()
                continue
            place = event.kind, event.partition
            message = messages.get(place)
            if message is None or message.room < len(event.body):
                if message is not None:
                    self._publish(message, since)
                message = messages[place] = _Message(*place)
            message.add(post, event.body)
        for message in messages.values():
            self._publish(message, since)

    def _identified(self, gathered: Sequence[WholeRequest], now: datetime) -> list[_Post]:
        """Those with a valid key; the others go the usual way."""
        registry = self._door.registry()
        trusted = self._door.trusted() and registry.loaded
        posts: list[_Post] = []
        for whole in gathered:
            request = Request(whole.scope)
            key = find_key(registry, authorization_of(whole.scope["headers"]), now) if trusted else None
            if key is None or header(request, b"content-encoding") is not None:
                whole.go_the_usual_way()
            else:
                posts.append(_Post(whole, request, key))
        return posts

    def _good_events(self, posts: Sequence[_Post], now: datetime) -> list[Stamped | None]:
        """Of each post its event, if it is the only one and may go. First all are read, then all are judged."""
        registry, acceptedat = self._door.registry(), instant_json(now)
        events = [_event(post) for post in posts]
        return [
            None if event is None else _stamped(event, registry, post.key, now, acceptedat)
            for post, event in zip(posts, events, strict=True)
        ]

    def _let_in(self, post: _Post) -> bool:
        """Whether the sender's rate and the memory for bodies allow it; both are then charged."""
        if self._door.rates.wait(post.key) > 0 or not self._door.memory.take(len(post.whole.body)):
            return False
        self._door.rates.spend(post.key, 1)
        return True

    def _publish(self, message: _Message, since: float) -> None:
        def finish(safe: asyncio.Future[None]) -> None:
            error = safe.exception()
            if error is None:
                count_accepted(message.kind, len(message.posts))
            seconds = safe.get_loop().time() - since
            for post in message.posts:
                self._door.memory.give_back(len(post.whole.body))
                response = self._accepted(post) if error is None else failure(post.request, error)
                post.whole.answer(response)
                count_request(EVENTS, response.status_code, seconds)

        safe = self._publisher.submit(message.kind, message.partition, message.events, since)
        safe.add_done_callback(finish)

    def _accepted(self, post: _Post) -> Response:
        self._door.taken.count(post.key.sender, 1)
        return all_taken(1, 202)


def _event(post: _Post) -> cloudevents.Event | None:
    media_type = media_type_of(post.request)
    if media_type not in _MODES_OF_ONE_EVENT:
        return None
    try:
        candidates, rejected = parser_of(post.request, media_type)(post.whole.body)
    except Exception:  # whatever it is, the usual way meets it again and tells the client
        return None
    return None if rejected else candidates[0].event


def _stamped(
    event: cloudevents.Event, registry: Registry, key: Key, now: datetime, acceptedat: bytes
) -> Stamped | None:
    try:
        stamped = stamp(event, registry, key, now, acceptedat)
    except Exception:  # as above, and the other posts are not held up
        return None
    return stamped if isinstance(stamped, Stamped) else None
