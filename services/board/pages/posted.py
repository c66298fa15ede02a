"""Read what a page of ours posts: fields in a bounded body, as they were typed."""

from urllib.parse import parse_qsl

from starlette.requests import Request

from services.board.pages.refusing import refusal
from services.board.pages.words import Refusals
from shared.http.held_body import BodyLimits, HeldBody

MOST_FIELDS = 1000  # of a figure with all its parts there are hundreds
Fields = list[tuple[str, str]]


async def read_fields(request: Request, limits: BodyLimits) -> Fields:
    """Read the fields, in their order. Raises BodyError, and PageError for what no page of ours has posted."""
    async with HeldBody(request, limits) as body:
        try:
            pairs = parse_qsl(
                body.decode("ascii"), keep_blank_values=True, strict_parsing=bool(body), errors="strict",
                max_num_fields=MOST_FIELDS,
            )  # fmt: skip
        except ValueError as error:
            raise refusal(Refusals.BAD_FORM, 400, "unreadable") from error
    if any("\x00" in text for pair in pairs for text in pair):  # no keyboard has it, and PostgreSQL keeps none
        raise refusal(Refusals.BAD_FORM, 400, "unreadable")
    return pairs


async def read_form(request: Request, limits: BodyLimits) -> dict[str, str]:
    """Read the fields; of several of one name the last. A line ends as people type it, not as a form sends it."""
    return {name: value.replace("\r\n", "\n") for name, value in await read_fields(request, limits)}
