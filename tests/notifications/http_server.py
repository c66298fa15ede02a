"""A real HTTP server that can misbehave as providers do."""

import asyncio
import json
import ssl


class HttpServer:
    """Keeps each request as (path, headers, body). `answers` are used in turn, then the last one again.

    An answer is (status, body), "close" (the connection ends after the request was read) or "silence".
    """

    def __init__(self, *answers: object, context: ssl.SSLContext | None = None) -> None:
        self._context = context
        self.answers = list(answers) or [(200, {})]
        self.headers_of_answers: dict[str, str] = {}
        self.requests: list[tuple[str, dict[str, str], bytes]] = []

    async def __aenter__(self) -> "HttpServer":
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0, ssl=self._context)
        self.url = f"{'https' if self._context else 'http'}://127.0.0.1:{self._server.sockets[0].getsockname()[1]}"
        return self

    async def __aexit__(self, *_: object) -> None:
        self._server.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while line := await reader.readline():
                path = line.split()[1].decode()
                headers: dict[str, str] = {}
                while (line := await reader.readline()).strip():
                    name, _, value = line.decode().partition(":")
                    headers[name.strip().lower()] = value.strip()
                body = await reader.readexactly(int(headers.get("content-length", "0")))
                self.requests.append((path, headers, body))
                answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
                if answer == "close":
                    break
                if answer == "silence":
                    await asyncio.sleep(30)
                status, content = answer
                text = content if isinstance(content, bytes) else json.dumps(content).encode()
                more = "".join(f"{name}: {value}\r\n" for name, value in self.headers_of_answers.items())
                writer.write(f"HTTP/1.1 {status} X\r\nContent-Length: {len(text)}\r\n{more}\r\n".encode() + text)
                await writer.drain()
        finally:
            writer.close()
