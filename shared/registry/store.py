"""The registry's SQL."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta

from shared.database.connections import Connection
from shared.domain.units import Unit, Units

_UNIT_COLUMNS = (
    "uid", "code", "name", "level", "type", "parent", "valid_from", "valid_to", "successor", "other_successors",
)  # fmt: skip

UPSERT_UNITS = """
    INSERT INTO registry.unit
    SELECT * FROM incoming_unit
    ON CONFLICT (uid) DO UPDATE SET
        code = excluded.code, name = excluded.name, level = excluded.level, type = excluded.type,
        parent = excluded.parent, valid_from = excluded.valid_from, valid_to = excluded.valid_to,
        successor = excluded.successor, other_successors = excluded.other_successors
"""
CLOSE_UNITS = """
    WITH RECURSIVE climb (ancestor, descendant, depth) AS (
        SELECT uid, uid, 0 FROM registry.unit
        UNION ALL
        SELECT unit.parent, climb.descendant, climb.depth + 1
        FROM climb JOIN registry.unit ON unit.uid = climb.ancestor
        WHERE unit.parent IS NOT NULL
    )
    INSERT INTO registry.unit_closure SELECT ancestor, descendant, depth FROM climb
"""
MISSING_UNITS = """
    SELECT uid FROM registry.unit WHERE NOT EXISTS (SELECT FROM incoming_unit WHERE incoming_unit.uid = unit.uid)
    ORDER BY uid
"""
NAMES = "SELECT uid, name FROM registry.unit WHERE uid = ANY ($1)"
UNIT_OR_ROOT = "SELECT uid FROM registry.unit WHERE uid = $1 OR ($1::text IS NULL AND parent IS NULL)"
PING = "SELECT 1"
LOCK_LOADS = "LOCK TABLE registry.loaded IN EXCLUSIVE MODE"
REMEMBER_LOAD = """
    INSERT INTO registry.loaded VALUES ($1, $2, $3)
    ON CONFLICT (name) DO UPDATE SET digest = excluded.digest, loaded_at = excluded.loaded_at
"""
UPSERT_PROGRAMME = """
    INSERT INTO registry.programme VALUES ($1, $2)
    ON CONFLICT (slug) DO UPDATE SET document = excluded.document
"""
ADVANCE_CLOCK = """
    INSERT INTO registry.clock (ahead) VALUES ($1)
    ON CONFLICT (one) DO UPDATE SET ahead = excluded.ahead, revision = clock.revision + 1
        WHERE excluded.ahead > clock.ahead
"""
START_CLOCK = "INSERT INTO registry.clock (ahead) VALUES ($1) ON CONFLICT (one) DO NOTHING"
FOLLOW_CLOCK = """
    INSERT INTO registry.clock_follower VALUES (pg_backend_pid(), $1)
    ON CONFLICT (backend) DO UPDATE SET revision = excluded.revision
"""
# A follower whose backend is gone has died and is not waited for.
LAGGING_FOLLOWERS = """
    SELECT count(*) FROM registry.clock_follower
    JOIN pg_stat_activity ON pid = backend AND application_name LIKE 'kip-%-listener'
    WHERE revision < (SELECT clock.revision FROM registry.clock)
"""


async def lock_loads(connection: Connection) -> None:
    """Let nobody else load until the caller's transaction ends."""
    await connection.execute(LOCK_LOADS)


async def ping(connection: Connection) -> None:
    """Ask for a sign of life, 5 s at most. Raises one of DATABASE_AWAY."""
    await connection.execute(PING, timeout=5)


async def digest_of(connection: Connection, name: str) -> str | None:
    """Read the digest of what was last loaded under this name."""
    digest: str | None = await connection.fetchval("SELECT digest FROM registry.loaded WHERE name = $1", name)
    return digest


async def remember_load(connection: Connection, name: str, digest: str, now: datetime) -> None:
    """Note what was loaded under this name."""
    await connection.execute(REMEMBER_LOAD, name, digest, now)


async def replace_units(connection: Connection, units: Sequence[Unit]) -> list[str]:
    """Write the register and its closure inside the caller's transaction; return the uids that it no longer has."""
    await connection.execute("CREATE TEMP TABLE incoming_unit (LIKE registry.unit) ON COMMIT DROP")
    await connection.copy_records_to_table(
        "incoming_unit",
        columns=_UNIT_COLUMNS,
        records=[
            (
                u.uid,
                u.code,
                u.name,
                u.level,
                u.type,
                u.parent,
                u.valid_from,
                u.valid_to,
                u.successor,
                u.other_successors,
            )
            for u in units
        ],
    )
    missing = [row["uid"] for row in await connection.fetch(MISSING_UNITS)]
    if not missing:
        await connection.execute(UPSERT_UNITS)
        await connection.execute("DELETE FROM registry.unit_closure")
        await connection.execute(CLOSE_UNITS)
        await connection.execute("ANALYZE registry.unit, registry.unit_closure")
    return missing


async def replace_partitions(connection: Connection, partitions: Mapping[str, int]) -> None:
    """Write the partition map inside the caller's transaction."""
    await connection.execute("DELETE FROM registry.partition")
    await connection.executemany("INSERT INTO registry.partition VALUES ($1, $2)", sorted(partitions.items()))


async def write_programme(connection: Connection, slug: str, document: str) -> None:
    """Write one programme's JSON document."""
    await connection.execute(UPSERT_PROGRAMME, slug, document)


async def read_units(connection: Connection) -> Units:
    """Read the whole register."""
    return Units(
        Unit(**{**dict(row), "other_successors": tuple(row["other_successors"])})
        for row in await connection.fetch("SELECT * FROM registry.unit")
    )


async def read_names(connection: Connection, uids: Collection[str]) -> dict[str, str]:
    """Read the names of these units, by uid; what is no unit is left out."""
    return {row["uid"]: row["name"] for row in await connection.fetch(NAMES, list(uids))}


async def unit_or_root(connection: Connection, uid: str | None) -> str | None:
    """Return the uid if there is such a unit; without one, the root of the register."""
    found: str | None = await connection.fetchval(UNIT_OR_ROOT, uid)
    return found


async def read_partitions(connection: Connection) -> dict[str, int]:
    """Read the partition of each province."""
    rows = await connection.fetch("SELECT province, partition FROM registry.partition")
    return {row["province"]: row["partition"] for row in rows}


async def read_programmes(connection: Connection) -> dict[str, str]:
    """Read each programme's JSON document by slug."""
    rows = await connection.fetch("SELECT slug, document FROM registry.programme")
    return {row["slug"]: row["document"] for row in rows}


async def read_clock(connection: Connection) -> tuple[timedelta, int] | None:
    """Read how far the simulated clock is ahead of the machine's, and its revision; None for the real clock."""
    row = await connection.fetchrow("SELECT ahead, revision FROM registry.clock")
    return (row["ahead"], row["revision"]) if row else None


async def start_clock(connection: Connection, ahead: timedelta) -> None:
    """Start the simulated clock, unless it runs already: a restart does not rewind it."""
    await connection.execute(START_CLOCK, ahead)


async def advance_clock(connection: Connection, ahead: timedelta) -> bool:
    """Move the simulated clock forward; False when it is already there or beyond."""
    return await connection.execute(ADVANCE_CLOCK, ahead) == "INSERT 0 1"


async def follow_clock(connection: Connection, revision: int) -> None:
    """Say that this process follows the clock's revision."""
    await connection.execute(FOLLOW_CLOCK, revision)


async def lagging_followers(connection: Connection) -> int:
    """Count the live processes that don't follow the clock's last revision yet."""
    count: int = await connection.fetchval(LAGGING_FOLLOWERS)
    return count
