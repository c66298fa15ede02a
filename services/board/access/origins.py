"""Whether a POST comes from a page of ours, by what the browser itself says of it. Pure."""

from collections.abc import Mapping

from services.board.access.site import Site

SAME = "same-origin"


def posted_here(headers: Mapping[str, str], site: Site) -> bool:
    """Tell whether a page of this origin posted.

    Fetch metadata say so wherever a browser sends them. One without them (before 2023) says its Origin, which must be
    ours then; one that says neither is no browser that anybody signs in with. An Origin that is said must never be
    another's; `null` says nothing.
    """
    origin, fetched = headers.get("origin"), headers.get("sec-fetch-site")
    if origin not in {None, "null", site.origin}:
        return False
    return origin == site.origin if fetched is None else fetched == SAME
