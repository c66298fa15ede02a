"""Readers of `/v1/changes`, as tests have them: each listens in a thread of its own."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import httpx

from tests.system import wait_until


class Heard:
    """What a stream has said so far, by a thread of its own."""

    def __init__(self, url: str, key: str) -> None:
        self.events: list[tuple[str, object]] = []
        self.ended = False
        self._response: httpx.Response | None = None
        self._thread = threading.Thread(target=self._listen, args=(url, key), daemon=True)
        self._thread.start()

    def _listen(self, url: str, key: str) -> None:
        headers = {"Authorization": f"Bearer {key}"}
        try:
            with httpx.stream("GET", f"{url}/v1/changes", headers=headers, timeout=60, trust_env=False) as answer:
                self._response = answer
                name = ""
                for line in answer.iter_lines():
                    if line.startswith("event: "):
                        name = line.removeprefix("event: ")
                    elif line.startswith("data: "):
                        self.events.append((name, json.loads(line.removeprefix("data: "))))
        except httpx.HTTPError:
            pass
        self.ended = True

    @property
    def units(self) -> set[str]:
        """The units that were named."""
        found = [data["changed"] for _, data in self.events if isinstance(data, dict) and "changed" in data]
        return {item["unit"] for items in found for item in items}


@contextmanager
def listening(url: str, key: str) -> Iterator[Heard]:
    """Listen to the service at `url`."""
    heard = Heard(url, key)
    wait_until(lambda: bool(heard.events), "the stream has begun")
    assert heard.events[0] == ("hello", {})
    yield heard
