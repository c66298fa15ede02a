"""The way back to a page of ours, from where a device is verified. Pure."""

import re
from urllib.parse import quote

from starlette.datastructures import URL

HOME = "/"
_PATH = r"/(?!/)[A-Za-z0-9~@._/-]{0,300}"  # from the root, no host (`//` would name one)
_LOCAL = re.compile(rf"{_PATH}(\?[A-Za-z0-9~@._&=%+:,-]{{1,300}})?", re.ASCII)


def local_path(written: str | None) -> str:
    """Read where to go afterwards: an address of ours with its query, else the main page."""
    return written if written is not None and _LOCAL.fullmatch(written) else HOME


def verify_first(there: str) -> str:
    """Make the address of the page where a device is verified, which leads `there`."""
    return f"/verify?next={quote(there, safe='/')}" if there else "/verify"


def address_in(url: URL) -> str:
    """Write the address that was asked for, with its query where the way back can carry it."""
    whole = f"{url.path}?{url.query}" if url.query else url.path
    return whole if _LOCAL.fullmatch(whole) else url.path
