"""Requests that are refused before any application sees them: status, stable code, and the cure in words."""

import json
from http import HTTPStatus

from shared.wording.words import Words

RETRY_AFTER_SECONDS = 2


class RefusedRequestError(Exception):
    """The request can't be taken as it came, and its connection ends. `docs/errors.md` gives the cure of each code."""

    def __init__(self, status: HTTPStatus, error: str, words: Words) -> None:
        super().__init__(words.en)
        self.status = status
        self.error = error
        self.words = words

    def answer(self, language: str) -> bytes:
        """Write the whole answer in `vi` or `en`, as it goes over the wire."""
        told = {"error": self.error, "message": self.words.in_language(language)}
        body = json.dumps(told, ensure_ascii=False).encode()
        retry = f"Retry-After: {RETRY_AFTER_SECONDS}\r\n" if self.status is HTTPStatus.SERVICE_UNAVAILABLE else ""
        head = (
            f"HTTP/1.1 {self.status.value} {self.status.phrase}\r\nContent-Type: application/json\r\n"
            f"Content-Length: {len(body)}\r\n{retry}Connection: close\r\n\r\n"
        )
        return head.encode() + body


def malformed(what: Words) -> RefusedRequestError:
    """Refuse with 400: the bytes are no request of HTTP/1.1, or one that two readers could understand differently."""
    return RefusedRequestError(HTTPStatus.BAD_REQUEST, "malformed_request", what)


def unsupported(what: Words) -> RefusedRequestError:
    """Refuse with 501: a part of HTTP that these services don't speak."""
    return RefusedRequestError(HTTPStatus.NOT_IMPLEMENTED, "not_implemented", what)


def too_slow(what: Words) -> RefusedRequestError:
    """Refuse with 408: the request did not come in time."""
    return RefusedRequestError(HTTPStatus.REQUEST_TIMEOUT, "too_slow", what)
