"""Serves the catalogue of the programmes that a key may read, from memory: it changes when a programme is loaded."""

from collections.abc import Callable, Mapping
from datetime import datetime

from pydantic_core import to_json
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from services.aggregation.reading.catalogue import catalogue_of, entry_of
from shared.database.connections import Pool
from shared.http.read_api import ASKED_BY, LONGEST_PARAMETER, asking_reach, guarded, none_of, only, parameters, read
from shared.http.unchanged import state_headers, unchanged
from shared.programme.model import Programme
from shared.registry.snapshot import Registry
from shared.values.scalars import text

_NO_PARAMETERS: frozenset[str] = frozenset()


def programme_routes(
    registry: Callable[[], Registry], pool: Callable[[], Pool], now: Callable[[], datetime]
) -> list[Route]:
    """List the endpoints of the catalogue."""

    async def known(request: Request) -> Mapping[str, Programme]:
        snapshot = registry()
        reach = await asking_reach(pool, snapshot, request, now())
        only(parameters(request), _NO_PARAMETERS)
        return snapshot.limited_to(reach.programmes).programmes

    async def listed(request: Request) -> Response:
        rows = [
            entry_of(programme).model_dump(mode="json", exclude_none=True)
            for _, programme in sorted((await known(request)).items())
        ]
        return _answer(request, {"rows": rows, "next": None})

    async def one(request: Request) -> Response:
        programmes = await known(request)
        slug = read("slug", text, request.path_params["slug"], LONGEST_PARAMETER)
        if slug not in programmes:
            raise none_of("slug", sorted(programmes), slug)
        return _answer(request, catalogue_of(programmes[slug]).model_dump(mode="json", exclude_none=True))

    return [Route("/v1/programmes", guarded(listed)), Route("/v1/programmes/{slug}", guarded(one))]


def _answer(request: Request, body: dict[str, object]) -> Response:
    """Answer, or with 304 who has the same already. The ETag is of the content, so every replica gives the same."""
    content = to_json(body)
    headers = state_headers(content, ASKED_BY)
    return unchanged(request, headers) or Response(content, media_type="application/json", headers=headers)
