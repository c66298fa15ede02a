"""Open obligations: for every period that has begun, what each unit's agency owes by `shared.domain.duties.owes`."""

import hashlib
import json
from collections.abc import Callable, Iterator, Mapping
from datetime import date, datetime
from typing import TypeAlias

from services.notifications import aside_store
from services.notifications.apart import Asides
from services.notifications.obligations import obligation_store
from services.notifications.obligations.deadlines import deadline_of
from services.notifications.obligations.obligation_store import Opening
from services.notifications.obligations.settling import settle
from services.notifications.obligations.submissions import required_items
from shared import __version__
from shared.database.connections import Connection
from shared.domain.duties import owes
from shared.domain.events import ObligationState as State
from shared.domain.periods import Period
from shared.domain.units import Unit, Units
from shared.programme.model import Programme
from shared.programme.reports import DueRule
from shared.registry.snapshot import Registry

# From the programme, the agency that owes, the deadline and now.
FirstLook: TypeAlias = Callable[[Programme, str, datetime, datetime], datetime]


class Opener:
    """Opens what is not open yet. A fingerprint of register and rules shows at once that there is nothing new.

    `first_look` plans when the sweep looks at an obligation first: what alerts are due then is not decided here.
    """

    def __init__(self, first_look: FirstLook) -> None:
        self._first_look = first_look
        self._units: tuple[Units | None, bytes] = (None, b"")
        self._programmes: dict[str, tuple[Programme, bytes]] = {}
        self._seen: dict[str, datetime] = {}

    async def open(self, connection: Connection, registry: Registry, now: datetime) -> int:
        """Open every period begun by `now` that isn't open by this register and these rules; return how many rows.

        A programme or period that can't be opened goes aside, and rests until it, or the register, is another.
        """
        known = await obligation_store.openings(connection)
        resting = await aside_store.subjects(connection, "opening")
        asides = Asides()
        opened = 0
        for slug, programme in sorted(registry.programmes.items()):
            with asides.unless_sound("opening", slug, slug):
                fingerprint = await self._look_again(connection, registry, programme, now)
                today = programme.today(now)
                for period in begun_periods(programme, today):
                    subject = f"{slug} {period} {fingerprint.hex()[:12]}"
                    if known.get((slug, str(period))) == fingerprint or subject in resting:
                        continue
                    with asides.unless_sound("opening", subject, slug):
                        opened += await self._open(connection, registry, programme, period, fingerprint, known, now)
                        former = [name for name in resting if name.startswith(f"{slug} {period} ")]
                        await aside_store.settle(connection, "opening", former, now)
                if slug in resting:
                    await aside_store.settle(connection, "opening", [slug], now)
        await aside_store.put(connection, asides.found, now)
        return opened

    async def _look_again(
        self, connection: Connection, registry: Registry, programme: Programme, now: datetime
    ) -> bytes:
        """Return the programme's fingerprint, and plan anew what is unfinished where register or programme are new."""
        if programme.slug not in self._seen:
            self._seen[programme.slug] = await obligation_store.first_seen(connection, programme.slug, now)
        fingerprint, is_new = self._fingerprint(registry.units, programme)
        if is_new and await obligation_store.look_again(connection, programme.slug, self._planned_by(programme), now):
            await aside_store.replay_programme(connection, programme.slug, now)
        return fingerprint

    async def _open(
        self,
        connection: Connection,
        registry: Registry,
        programme: Programme,
        period: Period,
        fingerprint: bytes,
        known: Mapping[tuple[str, str], bytes],
        now: datetime,
    ) -> int:
        late = now if (programme.slug, str(period)) in known else min(self._seen[programme.slug], now)
        items = list(obligations_of(programme, registry.units, period, now, self._first_look, expired_before=late))
        async with connection.transaction():
            await obligation_store.lock_openings(connection)
            opened = await obligation_store.open_obligations(connection, items, now)
            await obligation_store.remember_opening(connection, programme.slug, str(period), fingerprint)
            # What was handed in before the period was opened counts.
            keys = await obligation_store.unsettled(connection, programme.slug, str(period))
            await settle(connection, keys, required_items(registry), now)
        return opened

    def _fingerprint(self, units: Units, programme: Programme) -> tuple[bytes, bool]:
        """Fingerprint what openings depend on; tell whether register or programme were loaded since the last call."""
        if self._units[0] is not units:
            self._units = (units, _fingerprint_of_units(units))
            self._programmes.clear()
        known = self._programmes.get(programme.slug)
        if known is not None and known[0] is programme:
            return known[1], False
        fingerprint = hashlib.sha256(self._units[1] + _rules(programme)).digest()
        self._programmes[programme.slug] = (programme, fingerprint)
        return fingerprint, True

    def _planned_by(self, programme: Programme) -> bytes:
        """Fingerprint what plans are made of: the register, all of the programme, and the version that makes them."""
        whole = json.dumps(programme.model_dump(mode="json"), sort_keys=True)
        return hashlib.sha256(self._units[1] + whole.encode() + __version__.encode()).digest()


def begun_periods(programme: Programme, today: date) -> Iterator[Period]:
    """List every owed period of every report's kind whose first day is not after `today`; none of one at rest."""
    if programme.at_rest(today):
        return
    for kind in sorted({report.period for report in programme.reports}):
        for period in programme.owed_periods(kind):
            if programme.calendar.start(period) > today:
                break
            yield period


def obligations_of(
    programme: Programme,
    units: Units,
    period: Period,
    now: datetime,
    first_look: FirstLook,
    *,
    expired_before: datetime,
) -> Iterator[Opening]:
    """List what everybody owes for a period, by the register in force on its last day.

    A deadline before `expired_before` passed before anybody could be notified: such an obligation opens as expired.
    """
    owing: dict[tuple[str, str, str, DueRule], list[str]] = {}
    for level, agency in _reporters(programme, period):
        for unit in units:
            if unit.level == level:
                for report, rule in owes(programme, unit, agency, period).reports:
                    owing.setdefault((report, agency, level, rule), []).append(unit.uid)
    for (report, agency, level, rule), uids in owing.items():
        deadline = deadline_of(programme, rule, period)
        state = State.EXPIRED if deadline.due_at < expired_before else State.OPEN
        yield Opening(
            programme=programme.slug,
            period=str(period),
            report=report,
            agency=agency,
            level=level,
            deadline=deadline,
            state=state,
            next_at=None if state is State.EXPIRED else first_look(programme, agency, deadline.due_at, now),
            units=sorted(uids),
        )


def _reporters(programme: Programme, period: Period) -> list[tuple[str, str]]:
    return sorted(
        {
            (reporter.level, reporter.agency)
            for report in programme.reports
            if report.period is period.kind
            for reporter in report.reporters
        }
    )


def _fingerprint_of_units(units: Units) -> bytes:
    digest = hashlib.sha256()
    for line in sorted(map(_line, units)):
        digest.update(line.encode())
    return digest.digest()


def _line(unit: Unit) -> str:
    return f"{unit.uid}|{unit.level}|{unit.valid_from}|{unit.valid_to}\n"


def _rules(programme: Programme) -> bytes:
    """Serialise the parts of a programme that obligations and deadlines are made of."""
    parts = programme.model_dump(
        mode="json",
        include={
            "slug", "timezone", "cutoff_day", "due_time", "first_period", "last_period", "holidays", "reports",
            "calendar_overrides",
        },
    )  # fmt: skip
    return json.dumps(parts, sort_keys=True).encode()


__all__ = ["Opener", "begun_periods", "obligations_of"]
