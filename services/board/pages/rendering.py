"""Render the board's pages: Jinja2 templates with one frame, one policy and the reader's language."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined, pass_context
from jinja2.runtime import Context
from starlette.requests import Request
from starlette.responses import HTMLResponse

from services.board.pages.static_files import StaticFiles
from services.board.pages.words import PageWords
from services.board.pages.written import sentence, within
from shared.wording.language import ENGLISH, VIETNAMESE, language_of
from shared.wording.words import Words

HERE = Path(__file__).parent
TEMPLATES, STATIC = HERE / "templates", HERE / "static"
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; form-action 'self'; "
    "frame-ancestors 'none'; base-uri 'none'"
)
# Of every answer that a person looks at, a redirect included.
PAGE_HEADERS = {
    "Cache-Control": "no-store",
    "Referrer-Policy": "no-referrer",
    "X-Robots-Tag": "noindex",
    "X-Content-Type-Options": "nosniff",
    "Content-Security-Policy": POLICY,
    "Cross-Origin-Opener-Policy": "same-origin",
    "Vary": "Cookie, Accept-Language",
}


@dataclass(frozen=True, slots=True)
class ReaderLine:
    """Who reads, as the head of each page says it; by their reference what they type is kept on their device."""

    name: str
    office: str
    ref: str


class Renderer:
    """The templates of these folders, of which the board's own come first."""

    def __init__(self, static: StaticFiles, folders: Sequence[Path] = ()) -> None:
        self._environment = Environment(
            loader=FileSystemLoader([TEMPLATES, *folders]), autoescape=True, undefined=StrictUndefined,
            trim_blocks=True, lstrip_blocks=True,
        )  # fmt: skip
        self._environment.globals.update(static=static.address, words=_words)
        self._environment.filters.update(sentence=sentence, within=within)

    def page(
        self,
        template: str,
        language: str,
        values: Mapping[str, object],
        *,
        reader: ReaderLine | None = None,
        status: int = 200,
        headers: Mapping[str, str] | None = None,
    ) -> HTMLResponse:
        """Render a page in `vi` or `en`. A template that names what isn't among `values` is a fault of ours."""
        text = self._environment.get_template(template).render({**values, "language": language, "reader": reader})
        return HTMLResponse(text, status_code=status, headers={**PAGE_HEADERS, **(headers or {})})


@pass_context
def _words(context: Context, name: str, /, **values: object) -> str:
    """Say a thing of the frame in the page's language."""
    return PageWords[name].value.filled(**values).in_language(str(context["language"]))


def sayer(table: type[Enum], language: str) -> Callable[..., str]:
    """Make what templates write words of a table with: `say("DUE", due=…)`."""

    def say(name: str, /, **values: object) -> str:
        words: Words = table[name].value
        return words.filled(**values).in_language(language)

    return say


def page_language(request: Request, officer_language: str | None = None) -> str:
    """Choose Vietnamese where the browser asks for it, else what the officer is registered with; the browser's of who
    isn't known.
    """
    asked = language_of(request.scope["headers"])
    if asked == VIETNAMESE or officer_language is None:
        return asked
    return VIETNAMESE if officer_language == VIETNAMESE else ENGLISH


def wants_page(request: Request) -> bool:
    """Tell whether a person asks: a browser names HTML, a program doesn't."""
    return "text/html" in request.headers.get("accept", "")
