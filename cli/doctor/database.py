"""The database: version, settings, migrations, clock, what is loaded, and what waits for a person."""

import hashlib
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, timedelta

import asyncpg

from cli.doctor import doctor_store
from cli.doctor.finding import Finding, bad, good, unsure
from cli.doctor.officers import check_officers
from services.aggregation.consistency.wild_store import listed
from services.notifications.messages import uncertain_store
from shared.database import connections, migration
from shared.database.connections import Connection, Hosts
from shared.journal.account_store import Fate
from shared.registry import restore_store, store
from shared.runtime import tls
from shared.runtime.clock import SystemClock

LARGEST_SKEW = timedelta(seconds=2)
LONGEST_DELIVERY = timedelta(minutes=15)
LEAST_CONNECTIONS = 100
OLDEST_REGISTER = timedelta(days=366)  # units change by law, at the turn of a year at the latest
NAMED, MOST_NAMED = 5, 1000
# Without these a commit that was answered may not survive a crash of the machine.
DURABLE = {
    "fsync": {"on"},
    "full_page_writes": {"on"},
    "synchronous_commit": {"on", "remote_write", "remote_apply", "local"},
}

AUDIT_AGE = timedelta(minutes=15)
# Tables whose rows wait for somebody (doctor_store.REMAINS): what they hold, and what to do.
REMAINS = {
    "aggregation.dead": ("events that could not be applied", "kip dead list"),
    "notifications.aside": (
        "rows that could not be told",
        "kip dead list (docs/operate/alerts/KipDeadEvents.md)",
    ),
    "aggregation.drift": (
        "cells that differ from the ledger",
        "kip verify, then kip rebuild (docs/operate/alerts/KipDrift.md)",
    ),
    "aggregation.conflict": (
        "events under a taken id with another body",
        "tell their senders: an id names one event for ever",
    ),
    "intake.spool": ("events that wait for the broker", "docs/operate/alerts/KipSpoolNotDraining.md"),
}


async def check_database(url: str, partitions: int) -> AsyncIterator[Finding]:
    """Check the database; what needs the tables only where the migrations have made them."""
    try:
        connection = await Hosts(url).connect(server_settings={"application_name": "kip-doctor"})
    except (asyncpg.InvalidPasswordError, asyncpg.InvalidAuthorizationSpecificationError):
        yield bad(
            "database.connection",
            "PostgreSQL refuses the user or password",
            "mend KIP_DATABASE_URL (docs/operate/keys.md)",
        )
        return
    except (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError, ValueError) as error:
        yield bad(
            "database.connection",
            f"PostgreSQL does not answer ({tls.reason(error, 'DATABASE')})",
            "start it, or mend KIP_DATABASE_URL",
        )
        return
    try:
        yield await _version(connection)
        async for finding in _settings(connection):
            yield finding
        yield await _clock(connection)
        migrations = await _migrations(connection)
        yield migrations
        if migrations.cure is not None:
            return
        async for finding in _registry(connection, partitions):
            yield finding
        async for finding in _waiting(connection):
            yield finding
        async for finding in _audits(connection):
            yield finding
    finally:
        await connection.close(timeout=5)


async def _audits(connection: Connection) -> AsyncIterator[Finding]:
    now = await doctor_store.server_time(connection)
    unaccounted = await doctor_store.unaccounted(connection)
    for service, looked_at in (await doctor_store.audits(connection)).items():
        gone = sum(unaccounted.get((service, fate), 0) for fate in (Fate.LOST, Fate.GIVEN_UP))
        if gone:
            seen = f"{service}: {gone:,} messages of the last days got lost, and could not be published again"
            yield unsure("audit.lost", seen, "docs/operate/alerts/KipMessagesLost.md")
        if looked_at is None or now - looked_at > AUDIT_AGE:
            when = "never" if looked_at is None else f"{(now - looked_at).total_seconds() / 60:,.0f} minutes ago"
            seen = f"{service}: what reached the broker was last held against what was applied {when}"
            yield unsure("audit", seen, "docs/operate/alerts/KipAuditBehind.md")
        else:
            again = unaccounted.get((service, Fate.REPUBLISHED), 0)
            told = f"; {again:,} messages of the last days had got lost, and were published again" if again else ""
            yield good("audit", f"{service}: what reached the broker is held against what was applied{told}")


async def _version(connection: Connection) -> Finding:
    number, version = await doctor_store.server_version(connection)
    if number < connections.OLDEST_SERVER:
        return bad("database.version", f"PostgreSQL {version}", "use PostgreSQL 18 or later")
    return good("database.version", f"PostgreSQL {version}")


async def _settings(connection: Connection) -> AsyncIterator[Finding]:
    names = [*DURABLE, "max_connections", "server_encoding"]
    found = await doctor_store.settings(connection, names)
    for name, allowed in DURABLE.items():
        if found[name] not in allowed:
            yield bad(
                "database.settings", f"{name} = {found[name]}: a crash can lose what was promised", f"set {name} = on"
            )
    if found["server_encoding"] != "UTF8":
        yield bad(
            "database.settings", f"encoding {found['server_encoding']}", "make the database anew with encoding UTF8"
        )
    if int(found["max_connections"]) < LEAST_CONNECTIONS:
        seen = f"max_connections = {found['max_connections']}"
        yield unsure("database.settings", seen, f"set it to {LEAST_CONNECTIONS} or more: a replica needs up to 15")
    yield good("database.settings", ", ".join(f"{name} = {found[name]}" for name in sorted(found)))


async def _clock(connection: Connection) -> Finding:
    before = SystemClock().now()
    theirs = await doctor_store.server_time(connection)
    middle = before + (SystemClock().now() - before) / 2
    skew = abs(theirs.astimezone(UTC) - middle)
    seen = f"{skew.total_seconds():.3f} s between this machine and the database"
    if skew > LARGEST_SKEW:
        return bad("clock", seen, "synchronise the clocks (chrony, systemd-timesyncd): deadlines are judged by them")
    return good("clock", seen)


async def _migrations(connection: Connection) -> Finding:
    ours = {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in migration.MIGRATIONS.glob("*.sql")}
    applied = await doctor_store.applied_migrations(connection)
    if applied is None:
        return bad("database.migrations", "none has been applied", "kip migrate")
    missing = sorted(ours.keys() - applied.keys())
    if missing:
        return bad("database.migrations", f"not applied: {', '.join(missing)}", "kip migrate")
    changed = sorted(name for name, digest in ours.items() if applied[name] != digest)
    if changed:
        return bad(
            "database.migrations", f"applied with another text: {', '.join(changed)}", "use a released version's files"
        )
    newer = sorted(applied.keys() - ours.keys())
    if newer:
        return good("database.migrations", f"up to date, and {', '.join(newer)} of a newer version")
    return good("database.migrations", f"{len(ours)} applied")


async def _registry(connection: Connection, partitions: int) -> AsyncIterator[Finding]:
    loaded = {row["name"]: row for row in await doctor_store.loaded(connection)}
    if "units" not in loaded or len(loaded) < 2:
        yield bad("registry", f"loaded: {', '.join(loaded) or 'nothing'}", "kip load programmes")
        return
    ahead = await store.read_clock(connection)  # a run of former years has other units in force
    now = SystemClock(ahead[0] if ahead else timedelta(0)).now()
    units = await doctor_store.count_units(connection, now.date())
    ages = ", ".join(f"{name} on {row['loaded_at']:%Y-%m-%d}" for name, row in loaded.items())
    seen = f"{units:,} units in force; loaded: {ages}"
    if loaded["units"]["age"] > OLDEST_REGISTER:
        cure = "compare data/units.csv with the list in force, then kip load"
        yield unsure("registry", f"{seen}: over a year ago", cure)
    else:
        yield good("registry", seen)
    sources = await doctor_store.count_sources(connection)
    if sources == 0:
        yield unsure("registry.sources", "no sender has a key", "kip source add NAME")
    else:
        yield good("registry.sources", f"{sources} senders")
    async for finding in check_officers(connection, now):
        yield finding
    stored = await doctor_store.partitions(connection)
    if stored != partitions:
        cure = (
            "set KIP_PARTITIONS to the number that was loaded; changing it needs drained queues (docs/operate/scale.md)"
        )
        yield bad("registry.partitions", f"loaded with {stored}, KIP_PARTITIONS is {partitions}", cure)
    else:
        yield good("registry.partitions", f"{stored}")
    clock = await store.read_clock(connection)
    if clock is not None:
        seen = f"the run's clock is simulated, {_apart(clock[0])}"
        yield unsure("clock.simulated", seen, "a run with real senders needs a database that never had KIP_CLOCK")


def _apart(ahead: timedelta) -> str:
    """Say how far a clock is ahead of the machine's, or behind it."""
    days, hours = divmod(round(abs(ahead) / timedelta(hours=1)), 24)
    return f"{days:,} days and {hours} hours {'ahead of' if ahead >= timedelta() else 'behind'} the machine's"


async def _waiting(connection: Connection) -> AsyncIterator[Finding]:
    count, wild = await listed(connection, MOST_NAMED)
    if count:
        seen = f"{count:,} events of a time outside 2000 to 2100, which nothing counts: {'; '.join(wild[:NAMED])}"
        yield bad("aggregation.ledger", seen, "kip rebuild: it moves them to 'kip dead list'", tuple(wild))
    else:
        yield good("aggregation.ledger", "no events of a time outside 2000 to 2100")
    for table, (what, cure) in REMAINS.items():
        waiting = await doctor_store.count_remains(connection, table)
        if waiting is not None:
            yield unsure(table, f"{waiting:,} {what}", cure) if waiting else good(table, f"no {what}")
    for finding in _messages(*await doctor_store.waiting_messages(connection)):
        yield finding
    async for finding in _restore(connection):
        yield finding


async def _restore(connection: Connection) -> AsyncIterator[Finding]:
    lost = await restore_store.awaited(connection)
    if lost is not None:
        since, until = (it.isoformat(timespec="seconds") for it in lost)
        seen = f"a backup of {since} was restored at {until}; notifications is held, and nothing is audited"
        yield bad("restore", seen, "kip replay (docs/operate/replay.md)")
    else:
        yield good("restore", "none awaits its replay")
    uncertain = await uncertain_store.count(connection)
    if uncertain:
        seen = f"{uncertain:,} messages may have been sent before a restore, and are kept back"
        yield unsure("notifications.uncertain", seen, "kip replay --uncertain, then kip replay --send-uncertain")


def _messages(waiting: int, oldest: timedelta | None) -> Iterator[Finding]:
    if oldest is not None and oldest > LONGEST_DELIVERY:
        cure = "docs/operate/alerts/KipAlertsUndelivered.md"
        yield bad("notifications.messages", f"{waiting} messages wait, the oldest for {oldest}", cure)
    else:
        yield good("notifications.messages", f"{waiting} messages are on their way")
