"""Turn what stands in the way into a page that says what to do, in the reader's language."""

from collections.abc import Mapping

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from services.board.pages.rendering import PAGE_HEADERS, Renderer, page_language, wants_page
from services.board.pages.words import Refusals, Told
from shared.http.application import on_crash, on_http_error
from shared.wording.language import language_of
from shared.wording.words import Words


class PageError(Exception):
    """A page can't be shown, or what was posted isn't done. `renew` is an address where a fresh link is asked for."""

    def __init__(
        self,
        status: int,
        code: str,
        told: Told,
        *,
        headers: Mapping[str, str] | None = None,
        renew: str | None = None,
        language: str | None = None,
    ) -> None:
        super().__init__(told.heading.en)
        self.status = status
        self.code = code
        self.told = told
        self.headers = headers or {}
        self.renew = renew
        self.language = language  # the officer's, where it is known


def refusal(code: Refusals, status: int, error: str, **options: object) -> PageError:
    """Make one of the board's own refusals."""
    return PageError(status, error, code.value, **options)  # type: ignore[arg-type]


def refusal_page(renderer: Renderer, request: Request, error: PageError) -> Response:
    """Show a refusal: a page to a person, JSON to a program."""
    if not wants_page(request):
        message = joined(error.told).in_language(language_of(request.scope["headers"]))
        headers = {**PAGE_HEADERS, **error.headers}
        return JSONResponse({"error": error.code, "message": message}, error.status, headers=headers)
    language = page_language(request, error.language)
    values = {
        "heading": error.told.heading.in_language(language),
        "cure": error.told.cure.in_language(language),
        "renew": error.renew,
        "home": error.code != "no_session",
    }
    return renderer.page("refusal.html", language, values, status=error.status, headers=error.headers)


def joined(told: Told) -> Words:
    """Write heading and cure in one line."""
    return Words(f"{told.heading.vi}. {told.cure.vi}", f"{told.heading.en}. {told.cure.en}")


class ErrorPages:
    """What no route answers, and what nobody expected: a page to a person, JSON to a program as everywhere."""

    def __init__(self, renderer: Renderer) -> None:
        self._renderer = renderer

    async def on_http_error(self, request: Request, error: Exception) -> Response:
        """Answer 404 and 405."""
        if not wants_page(request):
            return await on_http_error(request, error)
        assert isinstance(error, HTTPException)  # noqa: S101 - Starlette's own contract
        known = error.status_code == 405
        told = refusal(
            Refusals.NO_METHOD if known else Refusals.NO_PAGE, error.status_code,
            "method_not_allowed" if known else "not_found", headers=error.headers,
        )  # fmt: skip
        return refusal_page(self._renderer, request, told)

    async def on_crash(self, request: Request, error: Exception) -> Response:
        """Answer 500 without internal details."""
        if not wants_page(request):
            return await on_crash(request, error)
        return refusal_page(self._renderer, request, refusal(Refusals.CRASHED, 500, "internal"))
