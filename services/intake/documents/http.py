"""Serves the documents."""

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from services.intake.documents.files import documents
from services.intake.http.errors import WithErrorResponses
from services.intake.refusals.request_errors import Fault, RefusedError
from services.intake.refusals.request_words import RequestWords
from shared import __version__
from shared.documents.http import ANY_ORIGIN, document_route
from shared.values.personal_data import named


def document_routes() -> list[Route]:
    """Route `/openapi.json`, `/asyncapi.json` and `/v1/schemas/{name}`; all are made once."""
    made = documents(__version__)

    def serve(name: str) -> Response:
        if name not in made:
            words = RequestWords.DOCUMENT.value.filled(name=named(name), names=", ".join(made))
            raise RefusedError(Fault.NOT_FOUND, words)
        return JSONResponse(made[name], headers=ANY_ORIGIN)

    async def asyncapi(_: Request) -> Response:
        return serve("asyncapi.json")

    async def schema(request: Request) -> Response:
        return serve(f"{request.path_params['kind']}.schema.json")

    return [
        document_route(made["openapi.json"]),
        Route("/asyncapi.json", asyncapi),
        Route("/v1/schemas/{kind}", WithErrorResponses(schema), methods=["GET"]),
    ]
