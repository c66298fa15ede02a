"""Starts, feeds, hears and ends the processes that read spreadsheets."""

import asyncio
from asyncio.subprocess import DEVNULL, PIPE, Process
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing, asynccontextmanager, suppress

from shared.sheets.rows import Slice
from shared.sheets.words import FileWords
from shared.spreadsheets.frames import COMMAND, LENGTH, MOST, decode, request
from shared.spreadsheets.limits import MIB, Kind, Limits, ReaderAwayError, too_much

START_SECONDS = 10.0


class Readers:
    """Gives each file a process of its own, which reads it and ends.

    One is kept ready, so that a file doesn't wait for an interpreter to start.
    """

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._spare: asyncio.Task[Process] | None = None

    def start(self) -> None:
        """Start a spare process, so that a file doesn't wait for one."""
        self._spare = asyncio.create_task(_start(), name="spare spreadsheet reader")

    async def stop(self) -> None:
        """End the spare process."""
        spare, self._spare = self._spare, None
        if spare is not None:
            spare.cancel()
            with suppress(asyncio.CancelledError, ReaderAwayError):
                await _end(await spare)

    @asynccontextmanager
    async def read(self, kind: Kind, content: bytes) -> AsyncIterator[AsyncIterator[Slice]]:
        """Read a file: `async with readers.read(kind, content) as slices` gives its rows as they are read.

        Raises ReaderAwayError when no process can be had. `slices` raises SheetError for a file that can't be read,
        whatever it did to its reader. However the block ends, the process has ended with it.
        """
        process = await self._take()
        try:
            async with aclosing(self._slices(process, kind, content)) as slices:
                yield slices
        finally:
            await _end(process)

    async def _take(self) -> Process:
        """Take the process that is ready; make another ready in its place."""
        if self._spare is None:
            return await _start()
        spare, self._spare = self._spare, None
        try:
            process = await spare
        finally:
            self.start()
        return process if process.returncode is None else await _start()

    async def _slices(self, process: Process, kind: Kind, content: bytes) -> AsyncGenerator[Slice, None]:
        try:
            async with asyncio.timeout(self._limits.seconds) as watch:
                await _feed(process, request(kind, self._limits), content)
                part = decode(await _frame(process))
            while part is not None:
                yield part
                async with asyncio.timeout_at(watch.when()):
                    part = decode(await _frame(process))
        except (asyncio.IncompleteReadError, TimeoutError):
            raise too_much(kind, self._limits) from None


async def _start() -> Process:
    """Start a process, and wait until it is ready."""
    try:
        process = await asyncio.create_subprocess_exec(
            *COMMAND, stdin=PIPE, stdout=PIPE, stderr=DEVNULL, env={}, limit=MIB, start_new_session=True
        )
    except OSError as error:
        raise ReaderAwayError(FileWords.NO_PROCESS.value, str(error.strerror)) from error
    try:
        async with asyncio.timeout(START_SECONDS):
            await _frame(process)
    except (asyncio.IncompleteReadError, TimeoutError):
        await _end(process)
        raise ReaderAwayError(FileWords.NOT_STARTED.value) from None
    except BaseException:
        await _end(process)
        raise
    return process


async def _end(process: Process) -> None:
    with suppress(ProcessLookupError):
        process.kill()
    await process.wait()


async def _feed(process: Process, asked: bytes, content: bytes) -> None:
    """Hand over the request and the file. A process that has ended tells that by having no answer."""
    assert process.stdin is not None  # noqa: S101 - a pipe, as asked for
    with suppress(ConnectionError):
        process.stdin.write(asked)
        process.stdin.write(content)
        await process.stdin.drain()
    process.stdin.close()


async def _frame(process: Process) -> bytes:
    assert process.stdout is not None  # noqa: S101 - a pipe, as asked for
    length = int.from_bytes(await process.stdout.readexactly(LENGTH), "big")
    if length > MOST:
        raise asyncio.IncompleteReadError(b"", length)
    return await process.stdout.readexactly(length)
