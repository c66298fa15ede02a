"""What stands where a number of a sensitive indicator isn't shown, in tables and on consoles."""

WITHHELD = "…"  # as in the tables of the national statistics office: it is there, and isn't given


def suppressed_text(mark: str) -> str:
    """Write the mark of a row (`<5`, `withheld`) as people read it."""
    return f"‹ {mark.removeprefix('<')}" if mark.startswith("<") else WITHHELD
