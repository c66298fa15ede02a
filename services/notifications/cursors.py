"""Where a page of a list begins: opaque to who asks, and of this database's epoch alone. Pure."""

from base64 import urlsafe_b64decode, urlsafe_b64encode

from shared.values.scalars import LARGEST, whole_number

_LONGEST = 64


class CursorError(ValueError):
    """A text that is no cursor of this list, or one of another epoch."""


def write_cursor(listed: str, epoch: int, *last: int) -> str:
    """Write where the page after the row `last` begins: its place in the list of that name."""
    return urlsafe_b64encode(" ".join([listed, str(epoch), *map(str, last)]).encode()).decode().rstrip("=")


def read_cursor(listed: str, epoch: int, cursor: str, numbers: int = 1) -> tuple[int, ...]:
    """Read after which row the page begins, a place of so many `numbers`. Raises CursorError."""
    if len(cursor) > _LONGEST or not cursor.isascii():
        raise CursorError
    try:
        name, of_epoch, *place = urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)).decode().split(" ")
        last = tuple(whole_number(number, most=LARGEST) for number in place)
    except ValueError as error:  # binascii's, a decoder's and a scalar's are of it
        raise CursorError from error
    if (name, of_epoch, len(last)) != (listed, str(epoch), numbers) or write_cursor(listed, epoch, *last) != cursor:
        raise CursorError
    return last
