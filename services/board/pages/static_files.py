"""Serve the board's own files: style sheet, icon, modules. An address with the content's hash never changes."""

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from shared.http.unchanged import state_headers, unchanged

TYPES = {".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml"}
FOR_EVER = "public, max-age=31536000, immutable"
_HASH_LETTERS = 12


@dataclass(frozen=True, slots=True)
class _File:
    content: bytes
    media_type: str
    version: str


def _read(path: Path) -> _File:
    content = path.read_bytes()
    return _File(content, TYPES[path.suffix], hashlib.sha256(content).hexdigest()[:_HASH_LETTERS])


class StaticFiles:
    """The files of these folders, read once: nothing else on the disk can be asked for."""

    def __init__(self, folders: Iterable[Path]) -> None:
        paths = [path for folder in folders for path in sorted(folder.iterdir()) if path.suffix in TYPES]
        self._files: Mapping[str, _File] = {path.name: _read(path) for path in paths}
        if len(self._files) < len(paths):
            raise ValueError("two files of one name")

    def address(self, name: str) -> str:
        """Write the address of a file with its content's hash. Raises KeyError for a file that isn't there."""
        return f"/static/{name}?v={self._files[name].version}"

    def routes(self) -> list[Route]:
        """List the routes."""
        return [Route("/static/{name}", self.serve, methods=["GET"])]

    async def serve(self, request: Request) -> Response:
        """Serve a file: for ever where its hash is asked for, else to be asked for again at each use."""
        file = self._files.get(request.path_params["name"])
        if file is None:
            raise HTTPException(404)
        headers = state_headers(file.content, "Accept-Encoding")
        if request.query_params.get("v") == file.version:
            headers = {**headers, "Cache-Control": FOR_EVER}
        same = unchanged(request, headers)
        return same if same is not None else Response(file.content, headers=headers, media_type=file.media_type)
