"""Where a page of a list begins: opaque to who asks, and of this database's epoch alone. Pure."""

from base64 import urlsafe_b64decode, urlsafe_b64encode

from shared.values.scalars import LARGEST, whole_number

_LONGEST = 64


class CursorError(ValueError):
    """A text that is no cursor of this list, or one of another epoch."""


def write_cursor(listed: str, epoch: int, last: int) -> str:
    """Write where the page after row `last` begins, of the list of that name."""
    return urlsafe_b64encode(f"{listed} {epoch} {last}".encode()).decode().rstrip("=")


def read_cursor(listed: str, epoch: int, cursor: str) -> int:
    """Read after which row the page begins. Raises CursorError."""
    if len(cursor) > _LONGEST or not cursor.isascii():
        raise CursorError
    try:
        name, of_epoch, last = urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)).decode().split(" ")
        row = whole_number(last, most=LARGEST)
    except ValueError as error:  # binascii's, a decoder's and a scalar's are of it
        raise CursorError from error
    if (name, of_epoch) != (listed, str(epoch)) or write_cursor(listed, epoch, row) != cursor:
        raise CursorError
    return row
