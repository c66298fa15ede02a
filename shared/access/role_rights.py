"""Who may do what: the rights of each service's role in PostgreSQL and of its user in RabbitMQ, as one written matrix.

`kip migrate` grants exactly this and takes everything else back, so a new table belongs to nobody until it has a line
here; a test holds every table of every schema against it. A fifth service is a name in ROLES and a letter in each line,
and a line of BROKER_RIGHTS where it speaks to the broker.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from shared.broker.topology import (
    ALERTS,
    CHANGES,
    EVENTS,
    JOURNAL,
    NOTIFICATIONS,
    PROBE_KEY,
    TO_AGGREGATION,
    TO_NOTIFICATIONS,
    aggregation_queue,
    notices_queue,
)
from shared.domain.events import FIGURE_CHANGED, Kind

# `operator` is the person at the command line: `kip load`, `kip source`, `kip dead` and the like. The owner of the
# tables, who alone migrates, is none of them.
ROLES = ("intake", "aggregation", "notifications", "board", "operator")

# PostgreSQL's own letters: r SELECT, a INSERT, w UPDATE, d DELETE, m MAINTAIN (ANALYZE), U USAGE of a sequence.
# To lock a row it must be allowed to update it. Partitions have no line: they are reached through their parent only.
# Of what the ledger holds only the acceptance may move, to that of an earlier copy; what `kip rebuild` takes out of it
# goes to `dead` whole.
# The first service of a simulated run starts its clock (an insert into an empty table); only `kip tick` moves it.
_MATRIX = """
    table                          intake  aggregation  notifications  board  operator
    public.kip_migration           r       r            r              r      r
    registry.unit                  r       r            r              -      rawdm
    registry.unit_closure          -       -            r              -      rawdm
    registry.partition             r       r            r              -      rawd
    registry.loaded                -       -            -              -      raw
    registry.programme             r       r            r              -      raw
    registry.source                r       r            r              -      raw
    registry.source_key            r       r            r              -      raw
    registry.source_audit          -       -            -              -      r
    registry.officer               -       -            r              -      rawd
    registry.acting_officer        r       r            r              -      -
    registry.officer_audit         -       -            -              -      ra
    registry.backup                -       r            -              -      r
    registry.clock                 ra      ra           ra             -      raw
    registry.clock_follower        raw     raw          raw            -      r
    registry.restore               -       r            r              -      rw
    intake.spool                   rawd    -            -              -      r
    intake.job                     rad     -            -              -      -
    aggregation.batch              -       U            -              -      U
    aggregation.ledger             -       rawd         -              -      rawd
    aggregation.conflict           -       ra           -              -      ra
    aggregation.dead               -       ra           -              -      raw
    aggregation.record             -       rawd         -              -      rawd
    aggregation.contender          -       rawd         -              -      rawd
    aggregation.cell               -       rawd         -              -      rawd
    aggregation.figure_change      -       rawd         -              -      ra
    aggregation.part               -       r            -              -      r
    aggregation.progress           -       raw          -              -      raw
    aggregation.drift              -       rawd         -              -      rawd
    aggregation.checked            -       raw          -              -      raw
    aggregation.shape              -       raw          -              -      raw
    aggregation.applied_message    -       rad          -              -      r
    aggregation.passed_marker      -       raw          -              -      r
    aggregation.audit              -       rw           -              -      rw
    notifications.programme        -       -            raw            -      rw
    notifications.opening          -       -            rawd           -      rd
    notifications.epoch            -       -            r              -      -
    notifications.obligation       -       -            raw            -      rw
    notifications.answer           -       -            raw            -      raw
    notifications.change           -       -            raw            -      raw
    notifications.problem          -       -            raw            -      raw
    notifications.figure_change    -       -            raw            -      raw
    notifications.changed_figure   -       -            r              -      r
    notifications.message          -       -            raw            -      rw
    notifications.alert            -       -            raw            -      rw
    notifications.acknowledgement  -       -            rawd           -      r
    notifications.act              -       -            ra             -      r
    notifications.mute             -       -            rawd           -      r
    notifications.sweeper          -       -            rw             -      rw
    notifications.secret           -       -            ra             -      -
    notifications.code             -       -            rawd           -      -
    notifications.renewal          -       -            raw            -      -
    notifications.aside            -       -            raw            -      rw
    notifications.channel          -       -            rad            -      r
    notifications.dead_address     -       -            rd             -      rawd
    notifications.bounce           -       -            -              -      rad
    notifications.bounce_total     -       -            r              -      raw
    notifications.return_secret    -       -            ra             -      r
    notifications.zalo_token       -       -            rawd           -      a
    notifications.zalo_standing    -       -            r              -      r
    notifications.zalo_check       -       -            rw             -      r
    notifications.dead_event       -       -            raw            -      raw
    notifications.applied_message  -       -            rad            -      r
    notifications.passed_marker    -       -            raw            -      r
    notifications.audit            -       -            rw             -      rw
    board.session                  -       -            -              rawd   rd
    board.invitation               -       -            -              rwd    rad
    board.act                      -       -            -              rad    ra
    board.draft                    -       -            -              raw    rw
    board.submission               -       -            -              raw    rw
"""
PRIVILEGES = {
    "r": "SELECT", "a": "INSERT", "w": "UPDATE", "d": "DELETE", "m": "MAINTAIN", "U": "USAGE",
}  # fmt: skip
# Who sees of other roles' sessions since when their transactions are open (the metric, and `kip doctor`).
READS_STATISTICS = ("aggregation", "operator")


@dataclass(frozen=True, slots=True)
class BrokerRights:
    """A user's patterns in RabbitMQ: exchanges and queues by name, and the routing keys that it may give to kip.events.

    `tags` open the management pages.
    """

    configure: str
    write: str
    read: str
    keys: str
    tags: tuple[str, ...] = ()


def table_rights() -> dict[str, dict[str, str]]:
    """Read the matrix: for each table, view and sequence the letters of each role that has a right on it."""
    header, *lines = (line.split() for line in _MATRIX.strip().splitlines())
    if tuple(header[1:]) != ROLES or any(len(line) != len(header) for line in lines):
        raise ValueError("every line of the matrix needs a column for each role")
    return {
        name: {role: right for role, right in zip(ROLES, rights, strict=True) if right != "-"}
        for name, *rights in lines
    }


def schemas_of(role: str) -> Iterator[str]:
    """List the schemas in which the role has a right on something."""
    yield from sorted({name.partition(".")[0] for name, rights in table_rights().items() if role in rights})


def _exactly(*names: str) -> str:
    return _any_of(*map(re.escape, names))


def _any_of(*patterns: str) -> str:
    return f"^({'|'.join(patterns)})$"


def _notices(service: str) -> str:
    """Make the pattern of the names of a service's own queues of notices."""
    return re.escape(notices_queue(service, "")) + "[0-9a-f]+"


_EVERY_KIND = "|".join(re.escape(kind) for kind in Kind)
_PARTITIONS = re.escape(aggregation_queue(0).name.removesuffix("0")) + "[0-9]+"
# The board has no line: it is a client of the other services, and the broker has no user of it.
# No service may declare anything but a replica's own queue of notices: queues and exchanges are the migration job's
# (`shared/broker/topology.py`).
BROKER_RIGHTS = {
    "intake": BrokerRights("^$", _exactly(EVENTS.name), "^$", rf"^(({_EVERY_KIND})\.[0-9]+|{re.escape(PROBE_KEY)})$"),
    "aggregation": BrokerRights(
        _any_of(_notices("aggregation")),
        _any_of(*map(re.escape, (EVENTS.name, TO_AGGREGATION.name, CHANGES.name)), _notices("aggregation")),
        _any_of(_PARTITIONS, *map(re.escape, (JOURNAL, CHANGES.name)), _notices("aggregation")),
        f"^{re.escape(FIGURE_CHANGED)}$",
    ),
    "notifications": BrokerRights(
        _any_of(_notices("notifications")),
        _any_of(
            *map(re.escape, (EVENTS.name, TO_NOTIFICATIONS.name, ALERTS.name, CHANGES.name)), _notices("notifications")
        ),
        _any_of(*map(re.escape, (NOTIFICATIONS.name, ALERTS.name, JOURNAL, CHANGES.name)), _notices("notifications")),
        r"^obligation\..*$",
    ),
    "operator": BrokerRights(r"^kip\..*", r"^(kip\..*|amq\.default)$", r"^kip\..*", ".*", ("monitoring",)),
}
