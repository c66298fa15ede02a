"""Starts again what has ended although nobody asked it to, and says so: at once, then after longer and longer pauses.

One that ends again and again is told with the last lines of its log and tried at most twice a minute, for as long as
the run is up: the cause may lie in a server that comes back.
"""

import contextlib
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field

from deploy.local.processes import Process

LOOK_SECONDS = 0.2
STEADY_SECONDS = 60.0  # what has run for so long had its trouble behind it: the next end counts as the first
FIRST_PAUSE, LONGEST_PAUSE = 1.0, 30.0


@dataclass(frozen=True, slots=True)
class Part:
    """Something of a run that has to be up. `start` brings it back, on the port that it had, and waits until it is
    ready; it raises whatever kept it from that."""

    name: str
    process: Callable[[], Process | None]
    start: Callable[[], object]


@dataclass(slots=True)
class _Course:
    """How a part has fared: `ends` in a row, `restarts` in all, and what is under way."""

    ends: int = 0
    restarts: int = 0
    up_since: float = float("-inf")
    due: float | None = None
    starting: "Future[object] | None" = field(default=None)


class Restarts:
    """Looks after the parts of one run. `say` gets a line, or a line and the end of a log."""

    def __init__(self, parts: Sequence[Part], say: Callable[[str], None]) -> None:
        self._courses = [(part, _Course()) for part in parts]
        self._say = say
        self._threads = ThreadPoolExecutor(max(len(parts), 1), thread_name_prefix="restart")

    def look(self, now: float) -> None:
        """Look at every part once and begin what has to be done; waits for nothing. `now` is seconds of any clock."""
        for part, course in self._courses:
            if course.starting is not None:
                if course.starting.done():
                    self._tried(part, course, course.starting.exception(), now)
            elif course.due is not None:
                if now >= course.due:
                    course.due, course.starting = None, self._threads.submit(part.start)
            elif _has_ended(part):
                in_a_row = now - course.up_since < STEADY_SECONDS
                self._start_later(part, course, now, in_a_row=in_a_row, why=None)

    def close(self) -> None:
        """Start nothing more. What is just being started learns of the end from its process."""
        self._threads.shutdown(wait=False, cancel_futures=True)

    def _tried(self, part: Part, course: _Course, error: BaseException | None, now: float) -> None:
        course.starting = None
        if error is not None and _has_ended(part):
            self._start_later(part, course, now, in_a_row=True, why=str(error) or type(error).__name__)
            return
        course.up_since = now
        again = f"{part.name} runs again ({course.restarts} {'restart' if course.restarts == 1 else 'restarts'} so far)"
        self._say(again if error is None else f"{again}, but: {error or type(error).__name__}")

    def _start_later(self, part: Part, course: _Course, now: float, *, in_a_row: bool, why: str | None) -> None:
        course.ends = course.ends + 1 if in_a_row else 1
        course.restarts += 1
        wait = pause(course.ends)
        course.due = now + wait
        told = f"{part.name} has ended ({_end_of(part)}) and is started again "
        told += f"in {wait:g} s: end {course.ends} in a row" if wait else "now"
        if course.ends > 1:
            told += f". {why or _last_words(part)}"
        self._say(told)


def pause(ends: int) -> float:
    """Return the seconds to wait after so many ends in a row: none after the first, then twice as long each time, to a
    limit.
    """
    return 0.0 if ends <= 1 else min(FIRST_PAUSE * 2.0 ** min(ends - 2, 16), LONGEST_PAUSE)


@contextlib.contextmanager
def kept_running(parts: Sequence[Part], say: Callable[[str], None]) -> "Iterator[Future[None]]":
    """Look after the parts by a thread inside the block; the future that is yielded ends with the error that ended
    that.
    """
    over = threading.Event()
    restarts = Restarts(parts, say)

    def watch() -> None:
        while not over.wait(LOOK_SECONDS):
            restarts.look(time.monotonic())

    watcher = ThreadPoolExecutor(1, thread_name_prefix="restarts")
    try:
        yield watcher.submit(watch)
    finally:
        over.set()
        watcher.shutdown()
        restarts.close()


def _has_ended(part: Part) -> bool:
    process = part.process()
    return process is None or not process.running


def _end_of(part: Part) -> str:
    process = part.process()
    return "it never ran" if process is None else process.end


def _last_words(part: Part) -> str:
    process = part.process()
    return "" if process is None else f"The end of {process.log}:\n{process.last_lines()}"
