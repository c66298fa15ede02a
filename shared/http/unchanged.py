"""Answers that whoever asks may have already: the headers that say of which state they are, and the short answer."""

import hashlib
from collections.abc import Mapping

from starlette.requests import Request
from starlette.responses import Response


def state_headers(state: bytes, vary: str) -> dict[str, str]:
    """Make an answer's headers: an ETag of its own for each state, to be asked for at each use.

    `vary` names the request's headers that the answer depends on besides.
    """
    tag = f'"{hashlib.blake2b(state, digest_size=12).hexdigest()}"'
    return {"ETag": tag, "Cache-Control": "private, no-cache", "Vary": vary}


def unchanged(request: Request, headers: Mapping[str, str]) -> Response | None:
    """Make the answer 304 for who has the answer of this state already; None for everybody else."""
    if headers["ETag"] in request.headers.get("if-none-match", ""):
        return Response(status_code=304, headers=dict(headers))
    return None
