"""What is written together leaves together, over a real pair of sockets."""

import asyncio
import socket
from collections.abc import AsyncIterator

import pytest

from shared.corked import PIECE_BYTES, CorkedTransport


@pytest.fixture
async def ends() -> AsyncIterator[tuple[CorkedTransport, socket.socket]]:
    ours, theirs = socket.socketpair()
    theirs.setblocking(False)
    loop = asyncio.get_running_loop()
    transport, _ = await loop.create_connection(asyncio.Protocol, sock=ours)
    yield CorkedTransport(transport, loop), theirs
    transport.abort()
    theirs.close()


async def test_head_and_body_leave_as_one_piece_at_the_loops_next_turn(
    ends: tuple[CorkedTransport, socket.socket],
) -> None:
    corked, theirs = ends
    corked.write(b"head;")
    corked.write(bytearray(b"body"))
    with pytest.raises(BlockingIOError):
        theirs.recv(100)
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    assert theirs.recv(100) == b"head;body"
    corked.write(b"the next")
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    assert theirs.recv(100) == b"the next"


async def test_a_large_answer_is_not_held_back(ends: tuple[CorkedTransport, socket.socket]) -> None:
    corked, theirs = ends
    corked.write(b"head;")
    corked.write(b"b" * PIECE_BYTES)
    assert theirs.recv(100) == b"head;" + b"b" * 95


async def test_a_close_sends_what_is_held_back(ends: tuple[CorkedTransport, socket.socket]) -> None:
    corked, theirs = ends
    corked.write(b"the last words")
    corked.close()
    assert corked.is_closing()
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    assert theirs.recv(100) == b"the last words"
    assert theirs.recv(100) == b""
