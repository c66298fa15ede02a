"""Errors that a person can cure, and the words for them."""

import asyncpg
import httpx

from shared import tls
from shared.config import SettingsError
from shared.confined import ConfinedError
from shared.db import DatabaseError
from shared.programme_folder import ProgrammeError
from shared.registry.units_file import UnitsError
from shared.text_filling import TextError

EXPECTED = (
    SettingsError,
    DatabaseError,
    ProgrammeError,
    UnitsError,
    ConfinedError,
    TextError,
    asyncpg.PostgresError,
    asyncpg.InterfaceError,
    httpx.HTTPError,
    OSError,
    ValueError,
)


def explain(error: BaseException) -> str:
    """What happened and what to do, without secrets."""
    if (fault := tls.certificate_fault(error, "DATABASE")) is not None:  # the broker's, kip migrate tells itself
        return fault
    if isinstance(error, asyncpg.PostgresError):
        return _explain_refusal(error)
    if isinstance(error, ConnectionRefusedError):
        return f"nothing answers there ({error}): is the server of KIP_DATABASE_URL up?"
    if isinstance(error, httpx.ConnectError):
        return f"{error.request.url.host}:{error.request.url.port} doesn't answer: is the service up?"
    return str(error) or type(error).__name__


def _explain_refusal(error: asyncpg.PostgresError) -> str:
    """What the database server said no to."""
    if isinstance(error, asyncpg.UndefinedTableError):
        return "the database has no tables of ours yet: run 'kip migrate' first"
    if isinstance(error, asyncpg.InvalidPasswordError):
        return "KIP_DATABASE_URL: the server refuses the user or password"
    if isinstance(error, asyncpg.InsufficientPrivilegeError):
        return (
            f"KIP_DATABASE_URL: its role may not do that ({error}): use the operator's, for 'kip migrate' the owner's"
        )
    return str(error) or type(error).__name__
