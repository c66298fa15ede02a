"""An error in words: of a database's never its details, which quote the rows that it refused."""

import asyncpg


def kind_of(error: BaseException) -> str:
    """Name an error: its type, with a database's SQLSTATE, and none of its text."""
    state = error.sqlstate if isinstance(error, asyncpg.PostgresError) else None
    return f"{type(error).__name__} ({state})" if state else type(error).__name__


def told(error: BaseException) -> str:
    """Name an error with what it says; of a database's only the message's first line."""
    said = str(error).partition("\n")[0] if isinstance(error, asyncpg.PostgresError) else str(error)
    return f"{kind_of(error)}: {said}" if said else kind_of(error)
