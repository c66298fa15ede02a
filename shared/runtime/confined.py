"""Work that others' files could make endless, in a process of its own with limits: of time, memory, files.

A thread can't be stopped and shares its memory with everybody; a process that overruns is killed and started anew. It
gets no secret: its environment has none, and what it answers is data that the caller reads like any other.

A child is `python -m <module>`, whose main calls `serve`. Request and answer are a length of four bytes and that many
bytes; an answer begins with one byte that says whether the child goes on.

Spreadsheets have a child of another kind (`shared/spreadsheets/child.py`): it answers in frames while it still reads,
ends with its one file, and starts without what this module imports. The two share only the names of the limits.
"""

import asyncio
import os
import resource
import subprocess
import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO

MEBIBYTE = 1024 * 1024
LONGEST_ANSWER = 64 * MEBIBYTE
START_SECONDS = 60.0  # on a machine that is very busy
_LENGTH = 4
_PROJECT = Path(__file__).resolve().parents[2]
_GOES_ON, _ENDS = b"\x01", b"\x00"


class ConfinedError(Exception):
    """The work overran its limits. Its text says which."""


class Confined:
    """One child, started when it is first asked. One question at a time."""

    def __init__(self, module: str) -> None:
        self._module = module
        self._process: asyncio.subprocess.Process | None = None

    async def ask(self, request: bytes, seconds: float) -> bytes:
        """Ask the child. Raises ConfinedError after so many seconds, and where the child ends instead of answering."""
        process = self._process or await self._start()
        try:
            async with asyncio.timeout(seconds):
                answer = await self._exchange(process, request)
        except TimeoutError:
            await self.close()
            raise ConfinedError(f"longer than {seconds:g} s") from None
        except (OSError, EOFError):
            await self.close()
            raise ConfinedError("more memory or time than it may have") from None
        except BaseException:
            await self.close()  # cancelled in between: what it answers is nobody's
            raise
        if answer[:1] == _ENDS:
            await self.close()
        return answer[1:]

    async def close(self) -> None:
        """End the child. It can be asked again: it is started anew."""
        process, self._process = self._process, None
        if process is not None:
            with suppress(ProcessLookupError):
                process.kill()
            await process.wait()

    async def _start(self) -> asyncio.subprocess.Process:
        process = await asyncio.create_subprocess_exec(
            *_command(self._module), env=_environment(), stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL, cwd=_PROJECT, start_new_session=True,
        )  # fmt: skip
        self._process = process  # in a session of its own: a Ctrl-C is its caller's, who ends it
        try:
            async with asyncio.timeout(START_SECONDS):
                await self._read(process)  # it says that it is ready: its start is nobody's time
        except (TimeoutError, OSError, EOFError) as error:
            await self.close()
            raise ConfinedError(f"{self._module} does not start") from error
        return process

    async def _exchange(self, process: asyncio.subprocess.Process, request: bytes) -> bytes:
        assert process.stdin is not None  # noqa: S101 - a pipe, see _start
        process.stdin.write(len(request).to_bytes(_LENGTH, "big") + request)
        await process.stdin.drain()
        return await self._read(process)

    async def _read(self, process: asyncio.subprocess.Process) -> bytes:
        assert process.stdout is not None  # noqa: S101 - a pipe, see _start
        length = int.from_bytes(await process.stdout.readexactly(_LENGTH), "big")
        if not 0 < length <= LONGEST_ANSWER:
            raise EOFError
        return await process.stdout.readexactly(length)


def ask_once(module: str, request: bytes, seconds: float) -> bytes:
    """Ask a child that ends then. Raises ConfinedError."""
    try:
        done = subprocess.run(  # noqa: S603 - ours
            _command(module), input=len(request).to_bytes(_LENGTH, "big") + request, env=_environment(),
            stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, cwd=_PROJECT, timeout=seconds, check=False,
        )  # fmt: skip
    except subprocess.TimeoutExpired:
        raise ConfinedError(f"longer than {seconds:g} s") from None
    ready = _LENGTH + int.from_bytes(done.stdout[:_LENGTH], "big")
    answer = done.stdout[ready + _LENGTH :]
    if not answer or len(answer) != int.from_bytes(done.stdout[ready : ready + _LENGTH], "big"):
        raise ConfinedError("more memory or time than it may have")
    return answer[1:]


def serve(answer: Callable[[bytes], bytes], *, memory: int, seconds: int) -> None:
    """Answer, in the child, until nobody asks: with `memory` more bytes than now and that much CPU for each answer."""
    _confine(memory)
    requests, answers = sys.stdin.buffer, sys.stdout.buffer
    _write(answers, _GOES_ON)
    used = _memory_used()
    while len(head := requests.read(_LENGTH)) == _LENGTH:
        request = requests.read(int.from_bytes(head, "big"))
        _allow_cpu(seconds)
        found = answer(request)
        # What stays in its memory must not be another request's lack.
        goes_on = _memory_used() < used + memory // 2
        _write(answers, (_GOES_ON if goes_on else _ENDS) + found)
        if not goes_on:
            return


def _confine(memory: int) -> None:
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[0])
    for kind, most in (
        (resource.RLIMIT_AS, pages * resource.getpagesize() + memory),
        (resource.RLIMIT_FSIZE, 0),
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_NOFILE, 32),
    ):
        resource.setrlimit(kind, (most, most))


def _allow_cpu(seconds: int) -> None:
    """Allow that much more CPU. So an orphan ends too: whoever asked may have died meanwhile."""
    usage = resource.getrusage(resource.RUSAGE_SELF)
    _, hard = resource.getrlimit(resource.RLIMIT_CPU)
    resource.setrlimit(resource.RLIMIT_CPU, (int(usage.ru_utime + usage.ru_stime) + seconds, hard))


def _memory_used() -> int:
    """Return the most that was ever resident, in bytes."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def _write(answers: BinaryIO, content: bytes) -> None:
    answers.write(len(content).to_bytes(_LENGTH, "big") + content)
    answers.flush()


def _command(module: str) -> list[str]:
    return [sys.executable, "-m", module]


def _environment() -> dict[str, str]:
    """Return the environment of a child: what Python needs, and no setting of ours."""
    kept = {name: os.environ[name] for name in ("PATH", "LD_LIBRARY_PATH", "TZDIR") if name in os.environ}
    return {**kept, "PYTHONPATH": str(_PROJECT), "PYTHONUTF8": "1", "PYTHONDONTWRITEBYTECODE": "1"}


__all__ = ["MEBIBYTE", "Confined", "ConfinedError", "ask_once", "serve"]
