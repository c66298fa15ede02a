"""What each role may do in a migrated database: exactly the written matrix, which no new table can miss."""

import subprocess
from collections.abc import AsyncIterator, Mapping
from datetime import UTC, datetime
from urllib.parse import urlsplit

import asyncpg
import pytest

from deploy.local.passwords import role_settings, service_urls, service_user
from shared.access.role_rights import ROLES, schemas_of, table_rights
from shared.access.role_store import scram_verifier
from shared.database import migration
from tests.conftest import NewDatabase
from tests.forks import run_kip
from tests.system import migrate

NOW = datetime(2023, 1, 1, tzinfo=UTC)
LETTERS = {"SELECT": "r", "INSERT": "a", "UPDATE": "w", "DELETE": "d", "MAINTAIN": "m", "USAGE": "U"}
OURS = "nspname NOT LIKE 'pg\\_%' AND nspname <> 'information_schema'"
# Partitions and the sequences of identity columns are reached through their table only.
RELATIONS = f"""
    SELECT nspname || '.' || relname FROM pg_class JOIN pg_namespace ON pg_namespace.oid = relnamespace
    WHERE {OURS} AND relkind IN ('r', 'p', 'v', 'm', 'f', 'S') AND NOT relispartition
      AND NOT EXISTS (SELECT FROM pg_depend WHERE relkind = 'S' AND deptype = 'i' AND objid = pg_class.oid
                                              AND classid = 'pg_class'::regclass)
"""  # noqa: S608
GRANTED = f"""
    SELECT nspname || '.' || relname AS name, grantee::regrole::text AS role, privilege_type AS privilege
    FROM pg_class JOIN pg_namespace ON pg_namespace.oid = relnamespace CROSS JOIN aclexplode(relacl)
    WHERE {OURS} AND grantee <> relowner
    UNION ALL
    SELECT nspname || '.' || relname || '.' || attname, grantee::regrole::text, privilege_type
    FROM pg_attribute JOIN pg_class ON pg_class.oid = attrelid JOIN pg_namespace ON pg_namespace.oid = relnamespace
         CROSS JOIN aclexplode(attacl)
    WHERE {OURS}
"""  # noqa: S608
ON_SCHEMAS = f"""
    SELECT nspname, grantee::regrole::text AS role, privilege_type AS privilege
    FROM pg_namespace CROSS JOIN aclexplode(nspacl) WHERE {OURS} AND grantee <> nspowner
"""  # noqa: S608
ON_FUNCTIONS = f"""
    SELECT proname FROM pg_proc JOIN pg_namespace ON pg_namespace.oid = pronamespace
         CROSS JOIN aclexplode(coalesce(proacl, acldefault('f', proowner)))
    WHERE {OURS} AND grantee <> proowner
"""  # noqa: S608


@pytest.fixture
async def owner(loaded_database: str) -> AsyncIterator["asyncpg.Connection[asyncpg.Record]"]:
    connection = await asyncpg.connect(loaded_database)
    yield connection
    await connection.close()


def run_migrate(url: str, **settings: str) -> "subprocess.CompletedProcess[str]":
    environment = {"KIP_AMQP_URL": "amqp://unused", "KIP_DATABASE_URL": url, **settings}
    return run_kip("migrate", "--only", "database", environment=environment)


async def refused(url: str, statement: str) -> bool:
    """Whether the server refuses the statement for want of a right."""
    connection = await asyncpg.connect(url)
    try:
        await connection.execute(statement)
    except asyncpg.InsufficientPrivilegeError:
        return True
    finally:
        await connection.close()
    return False


async def test_every_table_of_every_schema_has_its_line_in_the_matrix(owner) -> None:
    there = {row[0] for row in await owner.fetch(RELATIONS)}
    assert there == set(table_rights())


async def test_the_granted_rights_are_the_matrix_and_nothing_else(owner) -> None:
    granted: dict[str, dict[str, set[str]]] = {}
    for row in await owner.fetch(GRANTED):
        granted.setdefault(row["name"], {}).setdefault(row["role"], set()).add(LETTERS[row["privilege"]])
    wanted = {
        name: {service_user(role): set(letters) for role, letters in rights.items()}
        for name, rights in table_rights().items()
    }
    assert granted == wanted


async def test_a_role_sees_the_schemas_it_has_tables_in_and_may_make_nothing_there(owner) -> None:
    seen = {(row["nspname"], row["role"]) for row in await owner.fetch(ON_SCHEMAS) if row["privilege"] == "USAGE"}
    made = {(row["nspname"], row["role"]) for row in await owner.fetch(ON_SCHEMAS) if row["privilege"] == "CREATE"}
    assert {pair for pair in seen if pair[1] != "-"} == {
        (schema, service_user(role)) for role in ROLES for schema in schemas_of(role)
    }
    assert {pair for pair in made if pair[0] != "public"} == set()
    assert await owner.fetch(ON_FUNCTIONS) == []


@pytest.mark.parametrize("role", ["intake", "aggregation", "notifications"])
def test_no_service_has_a_right_in_another_s_schema(role: str) -> None:
    assert set(schemas_of(role)) == {"public", "registry", role}


def test_the_board_has_a_right_in_its_own_schema_alone() -> None:
    assert set(schemas_of("board")) <= {"public", "board"}


@pytest.mark.parametrize(
    ("role", "statement"),
    [
        ("intake", "SELECT FROM registry.officer"),
        ("intake", "INSERT INTO registry.source_key (hash, source, created_at) VALUES ('', '', now())"),
        ("intake", "SELECT FROM notifications.obligation"),
        ("aggregation", "UPDATE notifications.obligation SET state = 'waived'"),
        ("aggregation", "SELECT FROM registry.officer"),
        ("aggregation", "UPDATE aggregation.conflict SET kind = ''"),
        ("aggregation", "SELECT FROM aggregation.ledger_0"),
        ("notifications", "SELECT FROM intake.spool"),
        ("notifications", "SELECT FROM aggregation.cell"),
        ("notifications", "UPDATE registry.officer SET channels = '{}'"),
        ("notifications", "UPDATE registry.clock SET ahead = '1 year'"),
        ("operator", "DELETE FROM registry.source_audit"),
        ("operator", "INSERT INTO registry.source_audit (source, changed, operation) VALUES ('', '', '')"),
        ("board", "SELECT FROM registry.officer"),
        ("board", "SELECT FROM registry.source_key"),
        ("board", "SELECT FROM notifications.secret"),
        ("board", "SELECT FROM aggregation.cell"),
        ("operator", "SELECT FROM notifications.secret"),
        ("operator", "DROP TABLE registry.source"),
    ],
)
async def test_what_a_role_must_not_do_is_refused_by_the_server(
    loaded_database: str, role: str, statement: str
) -> None:
    assert await refused(service_urls(loaded_database)[role], statement)


async def test_a_change_by_the_operator_is_in_the_audit_under_its_own_name(loaded_database: str) -> None:
    connection = await asyncpg.connect(service_urls(loaded_database)["operator"])
    await connection.execute("INSERT INTO registry.source (name, subtree, created_at) VALUES ('app', 'VN', now())")
    assert await connection.fetchval("SELECT role FROM registry.source_audit") == service_user("operator")
    await connection.close()


async def test_a_right_that_is_not_in_the_matrix_is_taken_back_by_the_next_run(loaded_database: str, owner) -> None:
    await owner.execute(f"GRANT ALL ON registry.officer TO {service_user('intake')}")
    await owner.execute(f"GRANT CREATE ON SCHEMA registry TO {service_user('intake')}")
    migrate(loaded_database)
    assert await refused(service_urls(loaded_database)["intake"], "SELECT FROM registry.officer")
    await test_the_granted_rights_are_the_matrix_and_nothing_else(owner)


async def test_a_new_password_is_set_by_the_next_run_and_the_old_one_ends(
    database_url: str, postgres, request: pytest.FixtureRequest
) -> None:
    place = urlsplit(database_url).netloc.rpartition("@")[2] + urlsplit(database_url).path
    first, second = (f"postgresql://rotating:{word}@{place}" for word in ("first-word", "second-%40%20word"))
    request.addfinalizer(
        lambda: postgres.execute("DROP OWNED BY rotating; DROP ROLE rotating", place.partition("/")[2])
    )
    assert run_migrate(database_url, KIP_INTAKE_DATABASE_URL=first).returncode == 0
    kept = await asyncpg.connect(first)
    done = run_migrate(database_url, KIP_INTAKE_DATABASE_URL=second)
    assert done.returncode == 0, done.stderr
    assert "second" not in done.stdout + done.stderr
    with pytest.raises(asyncpg.InvalidPasswordError):
        await asyncpg.connect(first)
    await (await asyncpg.connect(second)).close()
    assert await kept.fetchval("SELECT count(*) FROM intake.spool") == 0  # who is in stays in
    await kept.close()


@pytest.fixture
async def poor_owner(new_database: NewDatabase, postgres, owner_name: str = "poor_owner") -> AsyncIterator[str]:
    """An empty database whose owner may make no roles."""
    url = new_database()
    name = url.rpartition("/")[2]
    postgres.execute(f"CREATE ROLE {owner_name} LOGIN PASSWORD 'poor'")
    postgres.execute(f'ALTER DATABASE "{name}" OWNER TO {owner_name}')
    postgres.execute(f"GRANT CREATE ON SCHEMA public TO {owner_name}", name)
    yield f"postgresql://{owner_name}:poor@{urlsplit(url).netloc.rpartition('@')[2]}/{name}"
    postgres.execute(f"DROP OWNED BY {owner_name} CASCADE", name)
    postgres.execute(f'ALTER DATABASE "{name}" OWNER TO kip')
    postgres.execute(f"DROP ROLE {owner_name}")


async def test_an_owner_who_may_make_no_roles_is_told_the_sql_and_goes_on_when_it_was_run(
    poor_owner: str, postgres, request: pytest.FixtureRequest
) -> None:
    place = urlsplit(poor_owner).netloc.rpartition("@")[2] + urlsplit(poor_owner).path
    intake = f"postgresql://made_by_hand:secret-word@{place}"
    done = run_migrate(poor_owner, KIP_INTAKE_DATABASE_URL=intake)
    assert done.returncode == 1
    assert "applied 0001_registry.sql" in done.stdout, done.stderr
    assert 'CREATE ROLE "made_by_hand" LOGIN NOINHERIT;' in done.stderr
    assert "\\password made_by_hand  -- KIP_INTAKE_DATABASE_URL" in done.stderr
    assert "secret-word" not in done.stdout + done.stderr
    assert "Traceback" not in done.stderr

    postgres.execute('CREATE ROLE "made_by_hand" LOGIN NOINHERIT')
    request.addfinalizer(
        lambda: postgres.execute("DROP OWNED BY made_by_hand; DROP ROLE made_by_hand", place.partition("/")[2])
    )
    done = run_migrate(poor_owner, KIP_INTAKE_DATABASE_URL=intake)
    assert done.returncode == 1
    assert "CREATE ROLE" not in done.stderr
    assert "\\password made_by_hand" in done.stderr
    verifier = scram_verifier("secret-word", b"0123456789abcdef", "")
    postgres.execute(f"ALTER ROLE made_by_hand PASSWORD '{verifier}'")
    done = run_migrate(poor_owner, KIP_INTAKE_DATABASE_URL=intake)
    assert done.returncode == 0, done.stderr
    assert not await refused(intake, "SELECT FROM intake.spool")
    assert await refused(intake, "SELECT FROM registry.officer")


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        (
            lambda url: {"KIP_INTAKE_DATABASE_URL": url},
            "KIP_INTAKE_DATABASE_URL: names the user kip, as KIP_DATABASE_URL",
        ),
        (
            lambda url: {
                "KIP_INTAKE_DATABASE_URL": service_urls(url)["intake"],
                "KIP_OPERATOR_DATABASE_URL": service_urls(url)["intake"],
            },
            "KIP_OPERATOR_DATABASE_URL: names the user kip_intake, as KIP_INTAKE_DATABASE_URL does",
        ),
        (
            lambda url: {"KIP_INTAKE_DATABASE_URL": url.replace("kip:", "intake:", 1).replace(url[17:65], "")},
            "KIP_INTAKE_DATABASE_URL: expected a user and a password",
        ),
    ],
)
def test_a_login_that_would_be_no_border_is_refused_by_name(database_url: str, settings, said: str) -> None:
    done = run_migrate(database_url, **settings(database_url))
    assert done.returncode == 1
    assert said in done.stderr
    assert "Traceback" not in done.stderr


def test_a_superuser_is_no_service_s_role(database_url: str, postgres) -> None:
    postgres.execute("CREATE ROLE mighty LOGIN SUPERUSER PASSWORD 'mighty'")
    try:
        place = database_url.rpartition("@")[2]
        done = run_migrate(database_url, KIP_INTAKE_DATABASE_URL=f"postgresql://mighty:mighty@{place}")
        assert done.returncode == 1
        assert "KIP_INTAKE_DATABASE_URL: the role mighty may do more than a service should" in done.stderr
    finally:
        postgres.execute("DROP ROLE mighty")


def test_without_logins_of_services_it_migrates_alone(database_url: str) -> None:
    done = run_migrate(database_url)
    assert done.returncode == 0, done.stderr
    assert "role" not in done.stdout.replace("registry", "")


def test_it_can_be_run_again(database_url: str) -> None:
    settings: Mapping[str, str] = role_settings(database_url)
    for _ in range(2):
        assert run_migrate(database_url, **settings).returncode == 0


async def test_the_rights_come_with_the_last_migration_or_not_at_all(database_url: str) -> None:
    async def fails(_: object) -> None:
        raise LookupError

    with pytest.raises(LookupError):
        await migration.migrate(database_url, NOW, fails)
    names = sorted(path.name for path in migration.MIGRATIONS.glob("*.sql"))
    assert await migration.migrate(database_url, NOW) == names[-1:]


async def test_a_service_whose_role_has_no_rights_yet_waits_as_for_a_migration(loaded_database: str, owner) -> None:
    async with asyncpg.create_pool(service_urls(loaded_database)["intake"], min_size=1, max_size=1) as pool:
        assert await migration.is_migrated(pool)
        await owner.execute(f"REVOKE ALL ON public.kip_migration FROM {service_user('intake')}")
        assert not await migration.is_migrated(pool)
    async with asyncpg.create_pool(loaded_database.rpartition("/")[0] + "/postgres", min_size=1, max_size=1) as pool:
        assert not await migration.is_migrated(pool)
