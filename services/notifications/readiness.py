"""Say whether the service can do its work, and if not why."""

from collections.abc import Mapping


def readiness(
    *, broker: bool, database: bool, registry: bool, restore: str | None, sweeps: str | None
) -> Mapping[str, str | None]:
    """Give, per dependency, None if it is good or the reason why not.

    `broker`: it consumes, and both connections answer. `database`: it is connected, also to hear of changes of the
    registry. `registry`: units and programmes are loaded. `restore`: why nothing is swept or sent since a restore of
    the database. `sweeps`: why the last sweeps have all failed.
    """
    return {
        "broker": None if broker else "not consuming: RabbitMQ does not answer",
        "database": None if database else "PostgreSQL does not answer",
        "registry": None if registry else "not loaded: run 'kip migrate' and 'kip load'",
        "restore": restore,
        "sweeps": sweeps,
    }
