"""Every way in which PostgreSQL says no, for real and under load: accepted events wait, and count exactly once."""

import contextlib
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import pytest

from deploy.local.postgres import Postgres
from deploy.local.rabbitmq import RabbitMQ
from deploy.local.stack import LocalStack
from tests.conftest import NewDatabase
from tests.outage import DEAD, RECOVERY_SECONDS, Outage, WholeLoad
from tests.system import dead_letters

ROLE, PASSWORD = "kip_refused", "kip-refused"  # a user of its own: the servers' other users go on
REFUSED_SECONDS, AT_MOST_SECONDS = 1.0, 30.0  # until both services have met it
LOCKED_SECONDS = 4.0
TABLES = ("aggregation.ledger", "notifications.problem")
TRIGGER = """
    CREATE OR REPLACE FUNCTION public.refuse() RETURNS trigger LANGUAGE plpgsql AS
    $$ BEGIN RAISE EXCEPTION 'made up' USING ERRCODE = TG_ARGV[0]; END $$
"""


@dataclass(frozen=True)
class Fault:
    """What an operator or a broken machine does to the database, and what undoes it."""

    begin: tuple[str, ...]
    end: tuple[str, ...]
    reconnect: bool = True  # it concerns new sessions: the old ones are ended
    locks: bool = False  # somebody holds the tables meanwhile
    certain: bool = True  # it can't be slipped through


def raising(state: str) -> Fault:
    """Each insertion ends with this SQLSTATE."""
    return Fault(
        (TRIGGER, *(f"CREATE TRIGGER refuse BEFORE INSERT ON {table} EXECUTE FUNCTION public.refuse('{state}')"
                    for table in TABLES)),
        tuple(f"DROP TRIGGER refuse ON {table}" for table in TABLES),
        reconnect=False,
    )  # fmt: skip


def setting(name: str, value: str, *, locks: bool = False) -> Fault:
    """The role's sessions get a setting; one that bounds a wait is met behind locked tables."""
    begin, end = f"ALTER ROLE {ROLE} SET {name} = '{value}'", f"ALTER ROLE {ROLE} RESET {name}"
    return Fault((begin,), (end,), locks=locks, certain=locks)


FAULTS = {
    "read-only transactions": Fault(
        ("ALTER DATABASE {database} SET default_transaction_read_only = on",),
        ("BEGIN READ WRITE; ALTER DATABASE {database} RESET default_transaction_read_only; COMMIT",),
    ),
    "an invalid password": Fault(
        (f"ALTER ROLE {ROLE} PASSWORD 'another'",), (f"ALTER ROLE {ROLE} PASSWORD '{PASSWORD}'",)
    ),
    "a role that may not log in": Fault((f"ALTER ROLE {ROLE} NOLOGIN",), (f"ALTER ROLE {ROLE} LOGIN",)),
    "insufficient privilege": Fault((f"REVOKE kip FROM {ROLE}",), (f"GRANT kip TO {ROLE}",), reconnect=False),
    "missing tables": Fault(
        ("ALTER TABLE aggregation.ledger RENAME TO gone", "ALTER TABLE notifications.problem RENAME TO gone"),
        ("ALTER TABLE aggregation.gone RENAME TO ledger", "ALTER TABLE notifications.gone RENAME TO problem"),
        reconnect=False,
    ),
    "missing schemas": Fault(
        ("ALTER SCHEMA aggregation RENAME TO gone_a", "ALTER SCHEMA notifications RENAME TO gone_n"),
        ("ALTER SCHEMA gone_a RENAME TO aggregation", "ALTER SCHEMA gone_n RENAME TO notifications"),
        reconnect=False,
    ),
    "no connection allowed": Fault(
        ("ALTER DATABASE {database} ALLOW_CONNECTIONS false",), ("ALTER DATABASE {database} ALLOW_CONNECTIONS true",)
    ),
    "too many connections": Fault(
        (f"ALTER ROLE {ROLE} CONNECTION LIMIT 0",), (f"ALTER ROLE {ROLE} CONNECTION LIMIT -1",)
    ),
    "a statement timeout": setting("statement_timeout", "100ms", locks=True),
    "a transaction timeout": setting("transaction_timeout", "100ms", locks=True),
    "a lock timeout": setting("lock_timeout", "100ms", locks=True),
    "an idle-in-transaction timeout": setting("idle_in_transaction_session_timeout", "1ms"),
    **{
        f"SQLSTATE {state}": raising(state)
        for state in (
            "08006", "0A000", "21000", "22003", "23514", "25006", "40001", "40P01", "42501", "42P01", "53100", "53200",
            "54000", "55000", "55P03", "57014", "57P01", "57P03", "58030", "P0001", "XX000", "XX001", "22ZZZ", "ZZZZZ",
        )
    },
}  # fmt: skip


@pytest.fixture(scope="module")
def outage(
    stack: LocalStack,
    rabbitmq: RabbitMQ,
    postgres: Postgres,
    session_database: NewDatabase,
    district_template: str,
) -> Iterator[Outage]:
    """The three services, as a database user that is no superuser."""
    url = session_database(district_template)
    postgres.execute(f"CREATE ROLE {ROLE} LOGIN PASSWORD '{PASSWORD}' IN ROLE kip")
    place = url.partition("@")[2]
    running = Outage(
        stack, rabbitmq.add_vhost("refused"), f"postgresql://{ROLE}:{PASSWORD}@{place}", KIP_LOG_LEVEL="warning"
    )
    yield running
    running.system.services.stop()


@pytest.fixture(scope="module")
def load(outage: Outage) -> Iterator[WholeLoad]:
    """Posts all the while."""
    with WholeLoad(outage) as running:
        running.during(1, 202)
        yield running


@contextlib.contextmanager
def refusing(postgres: Postgres, database: str, fault: Fault) -> Iterator[None]:
    def run(statements: tuple[str, ...]) -> None:
        for statement in statements:
            postgres.execute(statement.replace("{database}", f'"{database}"'), database)

    ended = f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = '{ROLE}'"  # noqa: S608 - ours
    if "ALLOW_CONNECTIONS" in fault.begin[0]:
        database_of_ours = "kip"
        statement = fault.begin[0].replace("{database}", f'"{database}"')
        postgres.execute(statement, database_of_ours)
        postgres.execute(ended, database_of_ours)
        try:
            yield
        finally:
            postgres.execute(fault.end[0].replace("{database}", f'"{database}"'), database_of_ours)
        return
    held = f"BEGIN; LOCK TABLE {', '.join(TABLES)}; SELECT pg_sleep({LOCKED_SECONDS}); COMMIT"
    run(fault.begin)
    try:
        with ThreadPoolExecutor(1) as holder:
            if fault.locks:
                holder.submit(postgres.execute, held, database)
            if fault.reconnect:
                postgres.execute(ended)
            yield
    finally:
        run(fault.end)


def refused(outage: Outage) -> tuple[float, float]:
    """How often work was refused, by service."""
    names = ("aggregation", "notifications")
    aggregation, notifications = (outage.system.metric(name, "kip_refused_total") for name in names)
    return aggregation, notifications


def meet(fault: Fault, outage: Outage, load: WholeLoad) -> None:
    """Load, until the fault was met by both services that apply events."""
    before, until = refused(outage), time.monotonic() + AT_MOST_SECONDS
    while True:
        load.during(REFUSED_SECONDS, 202)
        met = [now > then for now, then in zip(refused(outage), before, strict=True)]
        if all(met) or not fault.certain:
            return
        assert time.monotonic() < until, f"met by aggregation and by notifications: {met}"


@pytest.mark.long
@pytest.mark.parametrize("name", FAULTS)
def test_what_the_database_refuses_waits_and_comes_back_by_itself(
    name: str,
    outage: Outage,
    load: WholeLoad,
    postgres: Postgres,
    record_property: Callable[[str, object], None],
) -> None:
    database = outage.system.environment["KIP_DATABASE_URL"].rpartition("/")[2]
    with refusing(postgres, database, FAULTS[name]):
        meet(FAULTS[name], outage, load)
    lifted = time.monotonic()
    seconds = outage.back(load, lifted)
    record_property("seconds_until_back", round(seconds, 1))
    assert seconds < 10 * RECOVERY_SECONDS
    assert outage.query(DEAD) == 0
    assert dead_letters(outage.system.environment["KIP_AMQP_URL"]) == 0


def test_all_that_was_accepted_meanwhile_is_counted_exactly_once(outage: Outage, load: WholeLoad) -> None:
    load.__exit__()
    outage.settle(load)
    outage.verify()
    assert load.answers[503] == 0
