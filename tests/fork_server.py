"""A process that has imported what it will run, and forks for each start: a start then costs no second of imports.

`python -m tests.fork_server DESCRIPTOR MODULE…` imports the modules, then takes orders from the socket DESCRIPTOR until
its end. An order is JSON (`Order`) with descriptors: standard input, output and error, the `Connection` on which the
exit code is told, and any that the new process shall hold. The answer is the pid.
"""

import atexit
import contextlib
import gc
import json
import os
import runpy
import select
import signal
import socket
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from importlib import import_module
from multiprocessing.connection import Connection
from typing import Any, NoReturn, TypedDict

from deploy.local import reaper

LARGEST_ORDER = 1 << 17  # bytes: words and environment
_STANDARD = 3


class Order(TypedDict):
    """Run `python -m` with these `words`; with `reaper`, the arguments of a reaper whose command that is."""

    words: Sequence[str]
    reaper: Sequence[str] | None
    environment: Mapping[str, str]
    cwd: str


def main(descriptor: int, modules: Sequence[str]) -> None:
    """Import, then fork at each order; returns, in the forked process, when what it was to run is done."""
    for module in modules:
        import_module(module)
    gc.collect()
    gc.freeze()  # else a collection in each fork goes over all of it, and so copies every page of it
    orders = socket.socket(fileno=descriptor)
    wakeup, alarm = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
    signal.set_wakeup_fd(alarm, warn_on_full_buffer=False)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    running: dict[int, Connection] = {}
    while True:
        readable, _, _ = select.select([orders, wakeup], [], [])
        if wakeup in readable:
            os.read(wakeup, 512)
            _tell_ends(running)
        if orders not in readable:
            continue
        text, descriptors, _, _ = socket.recv_fds(orders, LARGEST_ORDER, 8)
        if not text:
            return
        pid = os.fork()
        if pid == 0:
            for end in (wakeup, alarm):
                os.close(end)
            orders.close()
            _end(_follow, json.loads(text), descriptors)
        running[pid] = Connection(descriptors[_STANDARD], readable=False)
        for number in (*descriptors[:_STANDARD], *descriptors[_STANDARD + 1 :]):
            os.close(number)
        orders.send(str(pid).encode())


def _tell_ends(running: dict[int, Connection]) -> None:
    """Tell the exit code of each that has ended."""
    while running:
        pid, status = os.waitpid(-1, os.WNOHANG)
        if pid == 0:
            return
        with running.pop(pid) as told, contextlib.suppress(BrokenPipeError):  # nobody may wait for it any more
            told.send(os.waitstatus_to_exitcode(status))


def _end(work: Callable[..., None], *arguments: Any) -> NoReturn:
    """Work, then end as Python does but for taking apart all that was imported: most of what a short `kip` would cost.

    So does `multiprocessing` in what it forks.
    """
    code: object = 0
    try:
        work(*arguments)
    except SystemExit as ended:
        code = ended.code or 0
        if not isinstance(code, int):
            print(code, file=sys.stderr)
            code = 1
    threading._shutdown()
    atexit._run_exitfuncs()
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(OSError, ValueError):
            stream.flush()
    os._exit(code & 0xFF)


def _follow(order: Order, descriptors: Sequence[int]) -> None:
    """Be, in the forked process, what `python -m` would have been."""
    signal.set_wakeup_fd(-1)
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    os.setsid()
    for place in range(_STANDARD):
        os.dup2(descriptors[place], place)
    for descriptor in descriptors[: _STANDARD + 1]:
        os.close(descriptor)
    os.chdir(order["cwd"])
    os.environ.clear()
    os.environ.update(order["environment"])
    time.tzset()
    if order["reaper"] is None:
        _run(order["words"])
    else:
        sys.exit(reaper.main([*order["reaper"], *order["words"]], _run_and_end))


def _run(words: Sequence[str]) -> None:
    for number in (signal.SIGPIPE, signal.SIGXFSZ):  # as Python has them at its start
        signal.signal(number, signal.SIG_IGN)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    module, *arguments = words
    sys.argv = [module, *arguments]
    runpy.run_module(module, run_name="__main__", alter_sys=True)


def _run_and_end(words: Sequence[str]) -> None:
    _run(words)
    sys.exit(0)


if __name__ == "__main__":
    main(int(sys.argv[1]), sys.argv[2:])
