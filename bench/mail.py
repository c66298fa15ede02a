"""A mail sink that takes everything and keeps nothing, and the ceiling: a bare aiosmtplib loop into it.

`python -m bench.mail sink PORT`, `python -m bench.mail bare PORT MAILS CONNECTIONS`.
"""

import asyncio
import sys
from email.mime.text import MIMEText
from time import perf_counter

import aiosmtplib
import uvloop

from deploy.local.ports import LOOPBACK

BODY = "Đơn vị chưa gửi báo cáo đúng hạn. Đề nghị gửi báo cáo trước ngày 20/03/2023.\n" * 8


class Sink(asyncio.Protocol):
    """As much SMTP as a sender needs, as fast as it goes."""

    def __init__(self) -> None:
        self._got = b""
        self._in_data = False
        self._transport: asyncio.WriteTransport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport  # type: ignore[assignment]
        self._say(b"220 sink ESMTP\r\n")

    def data_received(self, data: bytes) -> None:
        self._got += data
        while True:
            end = b"\r\n.\r\n" if self._in_data else b"\r\n"
            line, found, rest = self._got.partition(end)
            if not found:
                return
            self._got = rest
            if self._in_data:
                self._in_data = False
                self._say(b"250 kept\r\n")
            else:
                self._answer(line[:4].upper())

    def _answer(self, verb: bytes) -> None:
        if verb == b"EHLO":
            self._say(b"250-sink\r\n250-8BITMIME\r\n250 SMTPUTF8\r\n")
        elif verb == b"DATA":
            self._in_data = True
            self._say(b"354 go on\r\n")
        elif verb == b"QUIT":
            self._say(b"221 bye\r\n")
        else:
            self._say(b"250 ok\r\n")

    def _say(self, line: bytes) -> None:
        if self._transport is not None:
            self._transport.write(line)


async def sink(port: int) -> None:
    """Serve until ended."""
    server = await asyncio.get_running_loop().create_server(Sink, LOOPBACK, port)
    await server.serve_forever()


async def bare(port: int, mails: int, connections: int) -> float:
    """Mails a second over that many kept connections, the text written once and sent as often."""
    left = iter(range(mails))

    async def line() -> None:
        async with aiosmtplib.SMTP(hostname=LOOPBACK, port=port, start_tls=False) as connection:
            for number in left:
                mail = MIMEText(BODY, "plain", "utf-8")
                mail["From"], mail["To"] = "kip@localhost", f"officer-{number}@localhost"
                mail["Subject"] = "Kip"
                await connection.send_message(mail)

    begun = perf_counter()
    await asyncio.gather(*(line() for _ in range(connections)))
    return mails / (perf_counter() - begun)


if __name__ == "__main__":
    what, port_text, *numbers = sys.argv[1:]
    if what == "sink":
        uvloop.run(sink(int(port_text)))
    else:
        print(uvloop.run(bare(int(port_text), int(numbers[0]), int(numbers[1]))))
