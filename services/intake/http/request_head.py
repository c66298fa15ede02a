"""Reads the head of a request: its flags in the query, its headers, its media type and language."""

from starlette.requests import Request

from services.intake.refusals.request_errors import Fault, RefusedError
from services.intake.refusals.request_words import RequestWords
from shared.values.scalars import shown
from shared.wording.language import language_of as language_asked


def flags(request: Request, *names: str) -> list[bool]:
    """Read the query's flags of these names.

    Raises RefusedError for any other parameter: a misspelt `dry_run` must not be taken for a real post.
    """
    if request.scope["query_string"]:
        for name in request.query_params:
            if name not in names:
                raise RefusedError(
                    Fault.BAD_PARAMETER,
                    RequestWords.PARAMETER.value.filled(names=", ".join(names), got=shown(name)),
                )
    return [flag(request, name) for name in names]


def flag(request: Request, name: str) -> bool:
    """Read a query parameter that is true or false; absent is false. Raises RefusedError for anything else."""
    if not request.scope["query_string"]:
        return False
    value = request.query_params.get(name, "false").lower()
    if value not in {"true", "false"}:
        raise RefusedError(Fault.BAD_PARAMETER, RequestWords.FLAG.value.filled(name=name, got=shown(value)))
    return value == "true"


def header(request: Request, name: bytes) -> str | None:
    """Return a header by its name in lower case; of several, the first.

    The names are sorted out once a request: Starlette would search all of them each time.
    """
    headers: dict[bytes, bytes] | None = request.scope.get("kip.headers")
    if headers is None:
        headers = request.scope["kip.headers"] = dict(reversed(request.scope["headers"]))
    value = headers.get(name)
    return None if value is None else value.decode("latin-1")


def media_type_of(request: Request) -> str:
    """Return the body's media type in lower case, without parameters; empty where none is given."""
    return (header(request, b"content-type") or "").partition(";")[0].strip().lower()


def language_of(request: Request) -> str:
    """Return the language in which the client is answered, `vi` or `en`."""
    return language_asked(request.scope["headers"])
