"""Serves a document."""

from collections.abc import Mapping
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

ANY_ORIGIN = {"Access-Control-Allow-Origin": "*"}  # it holds nothing but the contract


def document_route(document: Mapping[str, Any]) -> Route:
    """Serve the document, made once, at `GET /openapi.json`."""
    made = JSONResponse(document, headers=ANY_ORIGIN)

    async def openapi(_: Request) -> Response:
        return made

    return Route("/openapi.json", openapi)
