"""Errors that a person can cure, and the words for them."""

import shlex
from pathlib import Path

import asyncpg
import httpx

from shared.database.connections import DatabaseError
from shared.programme.problems import ProgrammeError
from shared.programme.text_filling import TextError
from shared.registry.units_file import UnitsError
from shared.runtime import tls
from shared.runtime.config import MissingSettingError, SettingsError
from shared.runtime.confined import ConfinedError

CHECKOUT = Path(__file__).resolve().parents[1]
RUN_SETTINGS = Path(".run/environment")  # of the run that is up, below the project
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
    """Say what happened and what to do, without secrets."""
    if (fault := tls.certificate_fault(error, "DATABASE")) is not None:  # the broker's, kip migrate tells itself
        return fault
    if isinstance(error, asyncpg.PostgresError):
        return _explain_refusal(error)
    if isinstance(error, MissingSettingError):
        return "\n".join([str(error), *_where_settings_are()])
    if isinstance(error, ConnectionRefusedError):
        return f"nothing answers there ({error}): is the server of KIP_DATABASE_URL up?"
    if isinstance(error, httpx.ConnectError):
        return f"{error.request.url.host}:{error.request.url.port} doesn't answer: is the service up?"
    return str(error) or type(error).__name__


def _where_settings_are() -> list[str]:
    """Say how to load the settings of the run that is up: of the current folder, else of the checkout; nothing without
    one.
    """
    for place in (RUN_SETTINGS, CHECKOUT / RUN_SETTINGS):
        if place.exists():
            return [f"the settings of the run here: set -a; . {shlex.quote(str(place))}; set +a"]
    return []


def _explain_refusal(error: asyncpg.PostgresError) -> str:
    """Say what the database server refused, and the cure."""
    if isinstance(error, asyncpg.UndefinedTableError):
        return "the database has no tables of ours yet: run 'kip migrate' first"
    if isinstance(error, asyncpg.InvalidPasswordError):
        return "KIP_DATABASE_URL: the server refuses the user or password"
    if isinstance(error, asyncpg.InsufficientPrivilegeError):
        return (
            f"KIP_DATABASE_URL: its role may not do that ({error}): use the operator's, for 'kip migrate' the owner's"
        )
    return str(error) or type(error).__name__
