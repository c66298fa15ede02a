"""TLS before a PostgreSQL that has none (the embedded one is built without), as a pooler or a managed server has it."""

import asyncio
import ssl
import threading
from contextlib import suppress

from deploy.local.ports import LOOPBACK, free_port

SSL_REQUEST = bytes.fromhex("0000000804d2162f")
CHUNK = 65_536


class TlsFront:
    """Listens on `port` until `stop`. Who doesn't ask for TLS is sent away; `encrypted` counts those who did."""

    def __init__(self, context: ssl.SSLContext, server_port: int) -> None:
        self.port = free_port()
        self.encrypted = 0
        self.refused = 0
        self._context = context
        self._server_port = server_port
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)

    def start(self) -> None:
        """Begin to listen."""
        self._thread.start()
        opening = asyncio.start_server(self._serve, LOOPBACK, self.port)
        asyncio.run_coroutine_threadsafe(opening, self._loop).result(10)

    def stop(self) -> None:
        """End, whoever is connected."""
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(OSError, asyncio.IncompleteReadError):
            if await reader.readexactly(len(SSL_REQUEST)) != SSL_REQUEST:
                self.refused += 1
                writer.close()
                return
            writer.write(b"S")
            await writer.drain()
            await writer.start_tls(self._context)
            self.encrypted += 1
            inner_reader, inner_writer = await asyncio.open_connection(LOOPBACK, self._server_port)
            await asyncio.gather(_pass_on(reader, inner_writer), _pass_on(inner_reader, writer))


async def _pass_on(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with suppress(OSError):
        while chunk := await reader.read(CHUNK):
            writer.write(chunk)
            await writer.drain()
    writer.close()
