"""Requests that are refused before any application sees them: status, stable code, and the cure in words."""

import json
from http import HTTPStatus

RETRY_AFTER_SECONDS = 2


class RefusedRequestError(Exception):
    """The request can't be taken as it came, and its connection ends. `docs/errors.md` gives the cure of each code."""

    def __init__(self, status: HTTPStatus, error: str, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.error = error

    def answer(self) -> bytes:
        """The whole answer, as it goes over the wire."""
        body = json.dumps({"error": self.error, "message": str(self)}).encode()
        retry = f"Retry-After: {RETRY_AFTER_SECONDS}\r\n" if self.status is HTTPStatus.SERVICE_UNAVAILABLE else ""
        head = (
            f"HTTP/1.1 {self.status.value} {self.status.phrase}\r\nContent-Type: application/json\r\n"
            f"Content-Length: {len(body)}\r\n{retry}Connection: close\r\n\r\n"
        )
        return head.encode() + body


def malformed(what: str) -> RefusedRequestError:
    """400: the bytes are no request of HTTP/1.1, or one that two readers could understand differently."""
    return RefusedRequestError(HTTPStatus.BAD_REQUEST, "malformed_request", what)


def unsupported(what: str) -> RefusedRequestError:
    """501: a part of HTTP that these services don't speak."""
    return RefusedRequestError(HTTPStatus.NOT_IMPLEMENTED, "not_implemented", what)


def too_slow(what: str) -> RefusedRequestError:
    """408: the request did not come in time."""
    return RefusedRequestError(HTTPStatus.REQUEST_TIMEOUT, "too_slow", what)
