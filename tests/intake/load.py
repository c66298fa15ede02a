"""Clients that go on posting while things break, keep every answer, and repeat what was answered 503."""

import random
import threading
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx

from tests.system import System, counselling

COMMUNES = ("06385", "06388", "06391", "06400", "06412", "06415", "06427", "06436")
SIZE = 5  # events a post
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
        self._running = [self._threads.submit(self._client) for _ in range(4)]
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

    def _client(self) -> None:
        with httpx.Client(trust_env=False, timeout=30) as client:
            while not self._stop.is_set():
                self._post(client)
                time.sleep(0.05)

    def _body(self) -> tuple[list[dict[str, Any]], bool]:
        with self._lock:
            self._made += 1
            number, chance = self._made, self._chance
            events = [
                counselling(chance.choice(COMMUNES), f"load-{number}-{item}", parents=chance.randint(1, 40))
                for item in range(SIZE)
            ]
        bad = number % BAD_EVERY == 0
        if bad:
            events[-1]["data"]["domain"] = "sorcery"
        return events, bad

    def _post(self, client: httpx.Client) -> None:
        body, bad = self._body()
        try:
            status = client.post(
                f"{self._system.services.url('intake')}/v1/events",
                json=body,
                headers={
                    "Authorization": f"Bearer {self._system.key}",
                    "Content-Type": "application/cloudevents-batch+json",
                },
            ).status_code
        except httpx.TransportError:
            status = 0
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
