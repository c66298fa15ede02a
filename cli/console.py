"""Where `kip` prints: a console is made when something is printed, for it keeps the width that it was made with."""

from rich.console import Console


def out(*, soft_wrap: bool = False, width: int | None = None) -> Console:
    """Return a console on standard output, as wide as the terminal or COLUMNS is now.

    `soft_wrap` leaves the breaking of lines to the terminal; `width` is in letters.
    """
    return Console(soft_wrap=soft_wrap, width=width)


def err() -> Console:
    """Return a console on standard error."""
    return Console(stderr=True)
