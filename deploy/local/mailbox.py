"""A local SMTP server that keeps what it gets: one `.eml` file a message, named in the order of arrival.

`python -m deploy.local.mailbox --port N --dir DIR`. It passes nothing on. The envelope, which a message's own header
does not show, is kept as the first two header lines: `X-Envelope-From`, and `X-Envelope-To` with the recipients
separated by commas.
"""

import argparse
import asyncio
import signal
from pathlib import Path
from typing import Any

from aiosmtpd.smtp import SMTP

from deploy.local.ports import LOOPBACK

LARGEST_MESSAGE = 32 * 1024 * 1024


class Mailbox:
    """aiosmtpd's handler: stores each accepted message, whole or not at all."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.folder = folder
        self._last = max((int(path.stem) for path in folder.glob("*.eml") if path.stem.isdigit()), default=0)

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:  # noqa: N802 - aiosmtpd's name
        """Keep the message, and answer 250 once its file is there."""
        self._last += 1
        header = f"X-Envelope-From: {envelope.mail_from}\r\nX-Envelope-To: {', '.join(envelope.rcpt_tos)}\r\n"
        draft = self.folder / f".{self._last:09}.new"
        draft.write_bytes(header.encode() + envelope.original_content)
        draft.rename(self.folder / f"{self._last:09}.eml")
        return "250 kept"


async def serve(port: int, folder: Path) -> None:
    """Serve on the loopback until SIGTERM or Ctrl-C."""
    mailbox = Mailbox(folder)
    loop = asyncio.get_running_loop()
    ended = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, ended.set)

    def session() -> SMTP:
        return SMTP(mailbox, enable_SMTPUTF8=True, data_size_limit=LARGEST_MESSAGE, hostname="kip-mailbox", loop=loop)

    server = await loop.create_server(session, LOOPBACK, port)
    await ended.wait()
    server.close()


def main() -> None:
    parser = argparse.ArgumentParser(description="a local SMTP server that keeps what it gets as files")
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--dir", type=Path, required=True)
    arguments = parser.parse_args()
    asyncio.run(serve(arguments.port, arguments.dir))


if __name__ == "__main__":
    main()
