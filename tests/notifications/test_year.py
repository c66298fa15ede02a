"""A year of eight provinces under the simulated clock, against an independent model, row for row.

`make prove` goes through it with the whole nation and a fresh seed (`tests/prove/test_nation.py`).

The merger of the communes lies in it. The service's sweeps, consumption and deliveries are its own; the clock and the
events are the test's. Processes are killed in `test_kill.py`; here replicas restart, stop for days and fail in the
middle of a sweep, and the database and the mail server go away.
"""

import asyncio
import shutil
from collections import Counter
from dataclasses import replace
from datetime import date
from pathlib import Path
from random import Random
from typing import Any

import pytest

from deploy.local.postgres import Postgres
from shared.database import connections
from shared.domain.units import Units
from shared.programme.folder import load_programme
from shared.registry import officer_store
from shared.registry.officers import Officer as RegistryOfficer
from shared.registry.snapshot import Registry
from shared.registry.units_file import read_units
from tests.notifications.machine import PROGRAMME, WAYS, Clock, Machine, MailServerThatLeaves, Replica
from tests.notifications.model_obligations import Alert, Model, Officer
from tests.notifications.register import UNITS, write_part
from tests.notifications.year import BEGINS, Year
from tests.system import ROOT

# Of the far north: two that became one with another each, two that others joined, and two that stayed.
PROVINCES = frozenset({"02@1", "08@1", "06@1", "19@1", "10@1", "15@1", "04@1", "20@1"})


def programme_of_the_year(tmp_path: Path) -> Path:
    """The shipped programme, owed from the last quarter of 2024 on, with a word on the morning and two repeats more."""
    copy = tmp_path / PROGRAMME
    shutil.copytree(ROOT / "programmes" / PROGRAMME, copy)
    file = copy / "programme.yaml"
    text = file.read_text(encoding="utf-8")
    overdue = "    working_days: 1\n    to: 0\n"
    today = "  - slug: today\n    label: {vi: x, en: x}\n    working_days: 0\n    to: 0\n    template: reminder\n"
    for old, new in (
        ("first_period: 2023-Q1", "first_period: 2024-Q4"),
        (overdue, f"{overdue}    repeat_working_days: 2\n    at_most: 3\n"),
        ("  - slug: overdue\n", f"{today}  - slug: overdue\n"),
    ):
        assert text.count(old) == 1
        text = text.replace(old, new)
    file.write_text(text, encoding="utf-8")
    return copy


async def appoint(pool: connections.Pool, model: Model, chance: Random) -> list[Officer]:
    """Officers of most units of both trees; some are away with a deputy, some don't want what is optional."""
    agencies = {
        "commune": ["ubnd-xa"], "district": ["ubnd-huyen", "phong-ldtbxh-dt-huyen"], "nation": ["bo-ldtbxh", "bo-yt"],
        "province": ["ubnd-tinh", "so-ldtbxh", "so-yt", "hlhpn-tinh"],
    }  # fmt: skip
    fresh = []
    for uid, row in model.units.items():
        for agency in agencies[row["level"]]:
            if chance.random() < 0.93:
                shown = f"{uid.replace('@', '-')}.{agency}"
                officer = RegistryOfficer(
                    shown, "x", uid, agency, (f"email:{shown}@example.vn",), optional=chance.random() < 0.9
                )
                if chance.random() < 0.05:
                    until = date(2025, chance.randint(1, 12), 17)
                    officer = replace(officer, away_until=until, deputy=f"deputy.{shown}")
                    deputy = f"deputy.{shown}"
                    fresh.append(RegistryOfficer(deputy, "x", uid, "x", (f"email:{deputy}@example.vn",)))
                fresh.append(officer)
    async with pool.acquire() as connection:
        await officer_store.write_officers(connection, fresh)
        known = await officer_store.officers_at(connection, model.units)
    ids = {(officer.unit, officer.name): officer.id for officer in known}
    return [
        Officer(o.id, o.unit, o.agency, o.optional, o.away_until, ids[o.unit, o.deputy] if o.deputy else None)
        for o in known
    ]


OBLIGATIONS = """
    SELECT report, period, unit, agency, due_at, state, cycle, met_at,
           (SELECT array_agg((change, cycle, at) ORDER BY revision) FROM notifications.change
            WHERE change.obligation = obligation.id) AS changes
    FROM notifications.obligation
"""
ALERTS = """
    SELECT report, period, obligation.unit, agency, alert.cycle, step, occurrence, alert.unit AS told, officer, made_at,
           alert.state
    FROM notifications.alert JOIN notifications.obligation ON obligation.id = alert.obligation
"""


@pytest.mark.long
@pytest.mark.timeout(600)
async def test_a_year_of_eight_provinces_leaves_what_the_model_says_and_nothing_else(
    registry, postgres, loaded_database, tmp_path
):
    """Of four provinces, in part, eight became one each in the year; two stayed as they were."""
    units = write_part(UNITS, tmp_path / "units.csv", lambda row: row["uid"] in PROVINCES)
    part = replace(registry, units=Units(read_units(units)))
    folder = programme_of_the_year(tmp_path)
    await live_a_year(part, units, postgres, loaded_database, folder, Random(20250701), least=4_000)


async def live_a_year(
    registry: Registry, register: Path, postgres: Postgres, database: str, folder: Path, chance: Random, least: int
) -> None:
    """Let two replicas live the year of these units; everything is as the model says. `least`: obligations at least."""
    pools = [await connections.open_pool(database, size=8, application_name="kip-test") for _ in range(2)]
    officers = await appoint(pools[0], Model(register, folder, [], BEGINS), chance)
    model = Model(register, folder, officers, BEGINS)
    year = Year(model, chance)
    mail, queue, clock = MailServerThatLeaves(), [], Clock(BEGINS)
    await mail.start()
    known = replace(registry, programmes={PROGRAMME: load_programme(folder)})
    machine = Machine([Replica(pool, known, clock, queue, mail.port) for pool in pools], queue, mail, chance)
    restarts = {len(year.moments) * part // 5 for part in range(1, 5)}
    try:
        for number, moment in enumerate(year.moments):
            if number in restarts:
                await asyncio.to_thread(postgres.kill)
                with pytest.raises(connections.DATABASE_AWAY):
                    await machine.replicas[0].sweep(held=False)
                await asyncio.to_thread(postgres.start)
            await machine.live(moment)
        obligations = await pools[0].fetch(OBLIGATIONS)
        alerts = await pools[0].fetch(ALERTS)
        messages = await pools[0].fetch("SELECT id, state FROM notifications.message")
    finally:
        for replica in machine.replicas:
            await replica.close()
        await mail.stop()

    common = [(number, moment) for number, moment in enumerate(year.moments) if moment.what in {"sweep", "deliver"}]
    own = year.of()
    lives = {key: model.life(key, due, own.get(key, ()), common) for key, due in year.obligations.items()}
    found = {tuple(row)[:4]: (*tuple(row)[4:8], [tuple(change) for change in row["changes"]]) for row in obligations}
    expected = {key: (life.due, life.state, life.cycle, life.met_at, life.changes) for key, life in lives.items()}
    assert differences(found, expected) == []

    told = Counter(Alert((report, period, unit, agency), *rest) for report, period, unit, agency, *rest in alerts)
    to_tell = Counter(alert for key, life in lives.items() for alert in model.alerts(key, life))
    assert list(told - to_tell)[:5] == []  # nothing twice, nothing unexplained
    assert list(to_tell - told)[:5] == []  # nothing missing
    assert max(to_tell.values()) == 1
    assert {row["state"] for row in messages} == {"sent", "cancelled"}
    letters = Counter(str(letter["Message-ID"]) for letter in mail.kept)
    assert letters == Counter(f"<{row['id']}@kip.example.vn>" for row in messages if row["state"] == "sent")
    assert_that_it_was_a_year(lives.values(), told, machine.happened, least)


def assert_that_it_was_a_year(lives: Any, told: Counter[Alert], happened: Counter[str], least: int) -> None:
    """The proof is worth what happened in it."""
    assert len(lives) > least
    assert {life.state for life in lives} == {"met", "late_met", "overdue", "waived", "expired"}
    assert max(life.cycle for life in lives) > 1
    steps = Counter((alert.step, alert.number) for alert in told)
    assert set(steps) == {
        ("reminder", 1), ("today", 1), ("overdue", 1), ("overdue", 2), ("overdue", 3), ("parent-digest", 1),
        ("grandparent-digest", 1), ("received", 1), ("extended", 1), ("waived", 1),
    }  # fmt: skip
    assert {alert.state for alert in told} == {"sent", "cancelled", "declined", "unaddressed"}
    assert any(alert.key[2].endswith("@1") and alert.unit.endswith("@2") for alert in told)  # to the successor
    assert min(happened[way] for way in WAYS) > 3


def differences(found: dict[Any, Any], expected: dict[Any, Any]) -> list[Any]:
    """The first few keys under which the two don't have the same."""
    keys = sorted(key for key in found.keys() | expected.keys() if found.get(key) != expected.get(key))
    return [(key, found.get(key), expected.get(key)) for key in keys[:5]]
