"""Clients that go on posting while things break, keep every answer, and repeat what was answered 503.

Half of them post batches, half post single events in one piece, which the door takes together.
"""

import http.client
import json
import random
import threading
import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx

from tests.intake.one_piece import OnePiece
from tests.system import System, counselling

COMMUNES = ("06385", "06388", "06391", "06400", "06412", "06415", "06427", "06436")
SIZE = 5  # events a batch
BAD_EVERY = 7  # one post in so many is refused: it must never be counted


class Load:
    """`with Load(system) as load:` posts from four threads until the block ends."""

    def __init__(self, system: System, seed: int = 7) -> None:
        self._system = system
        self._chance = random.Random(seed)
        self._lock = threading.Lock()
        self._stop = threading.Event()
        self._threads = ThreadPoolExecutor(4)
        self._made = 0
        self.answers: Counter[int] = Counter()
        self.taken: list[list[dict[str, Any]]] = []
        self.unanswered: list[list[dict[str, Any]]] = []  # 503 or a broken connection: to be repeated

    def __enter__(self) -> "Load":
        clients = (self._post_batches, self._post_single_events) * 2
        self._running = [self._threads.submit(client) for client in clients]
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        for client in self._running:
            client.result()
        self._threads.shutdown()

    def during(self, seconds: float, status: int, at_least: int = 5) -> None:
        """Go on for so long, and until `status` has been answered a few times more."""
        before, until = self.answers[status], time.monotonic() + seconds
        self._system.wait_until(
            lambda: time.monotonic() > until and self.answers[status] >= before + at_least,
            f"{at_least} answers {status} more; so far {dict(self.answers)}",
        )

    def settle(self) -> None:
        """Nothing lost, nothing twice: check the figures before and after the repetition of what was answered 503."""
        taken = sum(len(body) for body in self.taken)
        doubtful = sum(len(body) for body in self.unanswered)
        self._system.wait_until(lambda: self.figure()[0] >= taken, f"{taken} accepted events are counted")
        assert taken <= self.figure()[0] <= taken + doubtful
        for body in self.unanswered:
            answer = self._system.post(body)
            assert answer.status_code == 202, answer.text
        for body in self.taken[:5]:
            assert self._system.post(body).status_code == 202
        bodies = [*self.taken, *self.unanswered]
        people = sum(event["data"]["participants"]["parent"] for body in bodies for event in body)
        self._system.wait_until(lambda: self.figure()[0] >= taken + doubtful, "the repeated events are counted")
        time.sleep(0.5)  # whatever would come twice comes now
        assert self.figure() == (taken + doubtful, people)

    def figure(self) -> tuple[int, int]:
        """Records and participants at the nation."""
        row = self._system.rollups(activity="parent-counselling", within="VN", period="2023-03")[0]
        return row["records"], row["participants"]

    def _post_batches(self) -> None:
        with httpx.Client(trust_env=False, timeout=30) as client:

            def post(events: list[dict[str, Any]]) -> int:
                headers = self._headers("application/cloudevents-batch+json")
                try:
                    return client.post(self._url, json=events, headers=headers).status_code
                except httpx.TransportError:
                    return 0

            self._go_on(post, SIZE)

    def _post_single_events(self) -> None:
        client: OnePiece | None = None

        def post(events: list[dict[str, Any]]) -> int:
            nonlocal client
            try:
                client = client or OnePiece(self._system.services.ports["intake"])
                body = json.dumps(events[0]).encode()
                return client.post(body, self._headers("application/cloudevents+json")).status
            except (OSError, http.client.HTTPException):
                if client is not None:
                    client.close()
                client = None
                return 0

        self._go_on(post, 1)
        if client is not None:
            client.close()

    def _go_on(self, post: Callable[[list[dict[str, Any]]], int], size: int) -> None:
        while not self._stop.is_set():
            body, bad = self._body(size)
            self._note(body, bad, post(body))
            time.sleep(0.05)

    @property
    def _url(self) -> str:
        return f"{self._system.services.url('intake')}/v1/events"

    def _headers(self, content_type: str) -> dict[str, str]:
        return {"Authorization": f"Bearer {self._system.key}", "Content-Type": content_type}

    def _body(self, size: int) -> tuple[list[dict[str, Any]], bool]:
        with self._lock:
            self._made += 1
            number, chance = self._made, self._chance
            events = [
                counselling(chance.choice(COMMUNES), f"load-{number}-{item}", parents=chance.randint(1, 40))
                for item in range(size)
            ]
        bad = number % BAD_EVERY == 0
        if bad:
            events[-1]["data"]["domain"] = "sorcery"
        return events, bad

    def _note(self, body: list[dict[str, Any]], bad: bool, status: int) -> None:
        with self._lock:
            self.answers[status] += 1
            if status == 202:
                assert not bad
                self.taken.append(body)
            elif status in {0, 503}:
                if not bad:
                    self.unanswered.append(body)
            else:
                assert (status, bad) == (422, True)
