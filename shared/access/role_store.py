"""PostgreSQL's roles, one for each service: made by the migration job with the rights of `shared.access.role_rights`.

Safe to run again: a role that is there keeps what is right, gets the password that its URL has now, and loses every
right that the matrix doesn't have.
"""

import base64
import hashlib
import hmac
import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import asyncpg

from shared.access.logins import Login
from shared.access.role_rights import PRIVILEGES, READS_STATISTICS, schemas_of, table_rights
from shared.database.connections import Connection, DatabaseError, Hosts

ITERATIONS = 4096  # PostgreSQL's own default (scram_iterations)
STATISTICS = "pg_read_all_stats"
_LOCK = 0x6B69_7001  # "kip", and one further than the migrations'
ROLE = """
    SELECT rolsuper OR rolcreaterole OR rolcreatedb OR rolreplication OR rolbypassrls
           OR pg_has_role(rolname, current_user, 'MEMBER') AS mighty, rolcanlogin
    FROM pg_roles WHERE rolname = $1
"""
# Identifiers and literals are put in by the server's own format(): a statement that makes a role takes no parameters.
CREATE_ROLE = "SELECT format('CREATE ROLE %I LOGIN NOINHERIT PASSWORD %L', $1::text, $2::text)"
ALTER_ROLE = "SELECT format('ALTER ROLE %I LOGIN PASSWORD %L', $1::text, $2::text)"
SCHEMAS = "SELECT nspname FROM pg_namespace WHERE nspname = ANY ($1::text[])"
REVOKE_IN_SCHEMA = (
    "SELECT format('REVOKE ALL ON ALL TABLES IN SCHEMA %I FROM %I', $1::text, $2::text)",
    "SELECT format('REVOKE ALL ON ALL SEQUENCES IN SCHEMA %I FROM %I', $1::text, $2::text)",
    "SELECT format('REVOKE ALL ON SCHEMA %I FROM %I', $1::text, $2::text)",
)
NO_FUNCTIONS = "SELECT format('REVOKE ALL ON ALL FUNCTIONS IN SCHEMA %I FROM PUBLIC', $1::text)"
GRANT_SCHEMA = "SELECT format('GRANT USAGE ON SCHEMA %I TO %I', $1::text, $2::text)"
GRANT = "SELECT format('GRANT {privileges} ON {kind} %I.%I TO %I', $1::text, $2::text, $3::text)"
GRANT_STATISTICS = "SELECT format('GRANT {role} TO %I WITH INHERIT TRUE', $1::text)"
HAS_STATISTICS = "SELECT pg_has_role($1::text, $2::text, 'USAGE')"


@dataclass(frozen=True, slots=True)
class Made:
    """The logins whose roles are there, and the SQL, a line each, for somebody who may do what the owner may not."""

    there: Sequence[Login]
    to_run: Sequence[str]


async def make_roles(connection: Connection, logins: Iterable[Login]) -> Made:
    """Make the roles, each with its password. One at a time, until `connection` (the tables' owner's) is closed.

    Raises DatabaseError for a login that is no service's: a superuser's, or one that doesn't get in.
    """
    await connection.execute("SELECT pg_advisory_lock($1)", _LOCK)
    to_run = {login: await _make_role(connection, login) for login in logins}
    lacking = {login for login, lines in to_run.items() if any("CREATE ROLE" in line for line in lines)}
    return Made(
        [login for login in to_run if login not in lacking], [line for lines in to_run.values() for line in lines]
    )


async def give_rights(connection: Connection, logins: Iterable[Login]) -> None:
    """Give each role the rights of the matrix and take all others back, within the caller's transaction."""
    for login in logins:
        await _give_rights(connection, login)


def by_hand(made: Made) -> DatabaseError:
    """Make the error for roles that the owner may not make: it says what to run, without a password in it."""
    return DatabaseError(
        "KIP_DATABASE_URL: its role may not make or change the services' roles. Have a superuser run, in psql on "
        "this server (\\password asks for the password of the URL that is named), then run 'kip migrate' again:\n"
        + "\n".join(made.to_run)
    )


async def _make_role(connection: Connection, login: Login) -> list[str]:
    """Make the role, or give it its password where that doesn't let it in; the SQL to run where it is forbidden."""
    password = scram_verifier(login.password, os.urandom(16), login.variable)
    by_hand = [f"\\password {login.user}  -- {login.variable}"]
    found = await connection.fetchrow(ROLE, login.user)
    if found is None:
        try:
            await _run(connection, CREATE_ROLE, login.user, password)
        except asyncpg.InsufficientPrivilegeError:
            return [f'CREATE ROLE "{login.user}" LOGIN NOINHERIT;', *by_hand]
        except (asyncpg.DuplicateObjectError, asyncpg.UniqueViolationError):
            pass  # another database's migration made it at this moment
    elif found["mighty"]:
        raise DatabaseError(
            f"{login.variable}: the role {login.user} may do more than a service should (it is a superuser, makes "
            "roles or databases, or is a member of the tables' owner): name another"
        )
    if await _gets_in(login):
        return []
    try:
        await _run(connection, ALTER_ROLE, login.user, password)
    except asyncpg.InsufficientPrivilegeError:
        return [f'ALTER ROLE "{login.user}" LOGIN;', *by_hand]
    if not await _gets_in(login):
        raise DatabaseError(
            f"{login.variable}: the server refuses {login.user} although its password is set: see pg_hba.conf"
        )
    return []


async def _gets_in(login: Login) -> bool:
    """Tell whether a service's login is let in, by the service's own URL. Raises DatabaseError where nothing answers
    there.
    """
    try:
        connection = await Hosts(login.url).connect(server_settings={"application_name": "kip-migrate"})
    except asyncpg.InvalidAuthorizationSpecificationError:  # the wrong password is one of it
        return False
    except asyncpg.InvalidCatalogNameError as error:
        raise DatabaseError(f"{login.variable}: {error}") from error
    except (OSError, TimeoutError) as error:
        raise DatabaseError(f"{login.variable}: no connection ({type(error).__name__}: {error})") from error
    await connection.close(timeout=5)
    return True


async def _give_rights(connection: Connection, login: Login) -> None:
    rights = table_rights()
    schemas = sorted({name.partition(".")[0] for name in rights})
    for schema in schemas:
        for statement in REVOKE_IN_SCHEMA:
            await _run(connection, statement, schema, login.user)
        if schema != "public":
            await _run(connection, NO_FUNCTIONS, schema)
    for schema in schemas_of(login.role):
        await _run(connection, GRANT_SCHEMA, schema, login.user)
    for name, letters in rights.items():
        if login.role in letters:
            privileges = ", ".join(PRIVILEGES[letter] for letter in letters[login.role])
            kind = "SEQUENCE" if letters[login.role] == "U" else "TABLE"
            grant = GRANT.format(privileges=privileges, kind=kind)
            await _run(connection, grant, *name.split("."), login.user)


async def let_read_statistics(connection: Connection, logins: Iterable[Login]) -> list[str]:
    """Grant those who watch for old transactions a view of other roles' too; say how where that is forbidden."""
    said: list[str] = []
    for login in logins:
        if login.role not in READS_STATISTICS or await connection.fetchval(HAS_STATISTICS, login.user, STATISTICS):
            continue
        try:
            await _run(connection, GRANT_STATISTICS.format(role=STATISTICS), login.user)
        except asyncpg.InsufficientPrivilegeError:
            said.append(
                f"{login.user} sees no other role's open transactions, until a superuser runs: "
                f'GRANT {STATISTICS} TO "{login.user}" WITH INHERIT TRUE;'
            )
    return said


async def _run(connection: Connection, statement: str, *values: str) -> None:
    """Run what the server makes of `statement`. An error leaves the transaction that it is in broken."""
    await connection.execute(await connection.fetchval(statement, *values))


def scram_verifier(password: str, salt: bytes, variable: str) -> str:
    """Derive what PostgreSQL keeps of a password (RFC 5803), so that the password itself stands in no statement and no
    log.

    Raises DatabaseError for a password that isn't ASCII, which the server would have to normalise first (SASLprep).
    """
    if not (password.isascii() and password.isprintable()):
        raise DatabaseError(f"{variable}: expected a password of printable ASCII characters")
    salted = hashlib.pbkdf2_hmac("sha256", password.encode(), salt, ITERATIONS)
    client = hmac.digest(salted, b"Client Key", "sha256")
    server = hmac.digest(salted, b"Server Key", "sha256")
    encoded = [base64.b64encode(part).decode() for part in (salt, hashlib.sha256(client).digest(), server)]
    return "SCRAM-SHA-256${}:{}${}:{}".format(ITERATIONS, *encoded)
