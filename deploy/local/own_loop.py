"""Asynchronous client libraries, used from code that waits."""

import asyncio
from collections.abc import Callable, Coroutine
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

T = TypeVar("T")


def in_own_loop(work: Callable[[], Coroutine[Any, Any, T]]) -> T:
    """Run `work` in a thread with a loop of its own, because the caller may already be inside one; return its
    result.
    """
    with ThreadPoolExecutor(1, thread_name_prefix="own-loop") as thread:
        return thread.submit(lambda: asyncio.run(work())).result()
