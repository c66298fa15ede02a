import itertools
from dataclasses import replace
from datetime import date

import pytest

from services.notifications.alerts.escalation import first_look
from services.notifications.alerts.sweep import sweep
from services.notifications.obligations.opening import Opener
from shared.domain.events import ObligationState as State
from shared.programme.model import CalendarDay
from tests.notifications.field import BEFORE, Field, answer, at, limited

COMMUNES = 23


@pytest.fixture
async def field(pool, registry):
    """Hữu Lũng with an officer in Yên Vượng and two in the district."""
    huu_lung = Field(pool, limited(registry, "186@1"))
    await huu_lung.officer("An", "06412@1", "ubnd-xa")
    await huu_lung.officer("Bình", "186@1", "phong-ldtbxh-dt-huyen")
    return huu_lung


async def silence_of_the_others(field):
    communes = [unit.uid for unit in field.registry.units if unit.level == "commune" and unit.uid != "06412@1"]
    await field.take(*(answer(subject=uid, id=uid) for uid in communes))
    assert len(communes) == COMMUNES - 1


async def test_yen_vuong_s_silence_gives_one_reminder_one_notice_and_one_line_each_once_however_often_swept(field):
    await field.sweep(BEFORE)
    await field.sweep("2022-12-15 00:00")
    await silence_of_the_others(field)
    days = [f"2023-03-{day}" for day in range(14, 22)]
    hours = ["00:00", "07:59", "08:00", "08:01", "12:00", "16:59", "17:00", "17:01", "23:00"]
    for day, hour in itertools.product(days, hours):
        await field.sweep(f"{day} {hour}")
    assert await field.alerts(report="progress-quarterly", unit="06412@1") == [
        ("reminder", "06412@1", "An"),
        ("overdue", "06412@1", "An"),
        ("parent-digest", "06412@1", "Bình"),
    ]
    told = await field.pool.fetch(
        """SELECT step, made_at FROM notifications.alert JOIN notifications.obligation ON obligation.id = obligation
           WHERE obligation.unit = '06412@1' AND officer IS NOT NULL"""
    )
    assert {row["step"]: row["made_at"] for row in told} == {
        "reminder": at("2023-03-15 08:00"),
        "overdue": at("2023-03-17 08:00"),
        "parent-digest": at("2023-03-17 08:00"),
    }


async def test_what_was_due_before_the_first_start_opens_as_expired_and_alerts_nobody(field):
    await field.sweep("2023-07-03 09:00")
    states = await field.pool.fetch(
        """SELECT period, state, count(*) FROM notifications.obligation
           WHERE level = 'commune' GROUP BY 1, 2 ORDER BY 1, 2"""
    )
    assert [tuple(row) for row in states] == [
        ("2023", "open", COMMUNES),
        ("2023-Q1", "expired", COMMUNES),
        ("2023-Q2", "expired", COMMUNES),
        ("2023-Q3", "open", COMMUNES),
    ]
    assert await field.alerts(unaddressed=True) == []


async def test_a_period_that_passed_while_the_service_was_down_tells_only_the_latest_step_of_each_level(field):
    await field.sweep(BEFORE)
    await field.sweep("2023-03-20 09:00")
    assert await field.alerts(unit="06412@1") == [
        ("overdue", "06412@1", "An"),
        ("parent-digest", "06412@1", "Bình"),
    ]


async def test_one_message_to_an_officer_names_every_late_unit(field):
    await field.sweep(BEFORE)
    swept = await field.sweep("2023-03-17 08:00")
    messages = await field.pool.fetch(
        """SELECT id, unit, (SELECT count(*) FROM notifications.alert WHERE message = message.id) AS alerts
           FROM notifications.message ORDER BY unit"""
    )
    assert [(row["unit"], row["alerts"]) for row in messages] == [
        ("06412@1", 1),
        ("186@1", COMMUNES),  # the reminder of the district's own report, due on Monday, is its committee's
    ]
    assert swept.messages == 2
    assert sorted(field.published) == sorted(row["id"] for row in messages)
    nobody = await field.alerts(unaddressed=True)
    assert len([alert for alert in nobody if alert[0] == "overdue" and alert[2] is None]) == COMMUNES - 1


async def test_outside_working_hours_nothing_is_sent_and_nothing_is_lost(field):
    await field.sweep(BEFORE)
    await field.sweep("2023-03-17 19:00")  # Friday evening: the notice of 08:00 was missed
    assert await field.alerts() == []
    assert (await field.obligation())["state"] == "overdue"
    await field.sweep("2023-03-18 09:00")  # Saturday
    assert await field.alerts() == []
    await field.sweep("2023-03-20 08:00")
    assert ("overdue", "06412@1", "An") in await field.alerts()


async def test_nobody_is_accused_while_events_are_on_their_way(field):
    await field.sweep(BEFORE)
    await field.sweep("2023-03-15 09:00", held="the queue holds 3")
    assert await field.alerts() == [("reminder", "06412@1", "An")]
    await field.sweep("2023-03-17 08:00", held="the queue holds 3")
    assert await field.alerts(unit="06412@1") == [("reminder", "06412@1", "An")]
    await field.take(answer(), now="2023-03-17 08:00")
    await field.sweep("2023-03-17 08:00")
    assert {alert[:2] for alert in await field.alerts(unit="06412@1")} == {("reminder", "06412@1")}


@pytest.mark.parametrize(("accepted", "state"), [("2023-03-16 17:00", State.MET), ("2023-03-16 17:01", State.LATE_MET)])
async def test_on_time_is_when_the_door_took_it_whatever_the_order(field, accepted, state):
    await field.sweep(BEFORE)
    await field.sweep("2022-12-15 08:00")
    await field.sweep("2023-03-16 18:00")
    await field.take(answer(accepted=accepted), now="2023-03-18 08:00")
    assert (await field.obligation())["state"] == state
    await field.sweep("2023-03-20 08:00")
    assert await field.alerts(unit="06412@1") == []


async def test_a_submission_that_comes_before_its_obligation_is_opened_counts(field):
    await field.take(answer(accepted="2023-01-10 08:00"), now="2023-01-10 08:00")
    await field.sweep(BEFORE)
    assert await field.obligation() is None
    await field.sweep("2023-01-10 09:00")
    row = await field.obligation()
    assert (row["state"], row["met_at"], row["next_at"]) == ("met", at("2023-01-10 08:00"), None)


async def test_a_withdrawn_report_reopens_and_its_steps_count_anew(field):
    await field.sweep(BEFORE)
    await field.sweep("2023-03-15 08:00")
    await field.take(answer(), now="2023-03-16 10:00")
    await field.take(answer("record.retracted", revision=1, accepted="2023-03-21 10:00"), now="2023-03-21 10:00")
    row = await field.obligation()
    assert (row["state"], row["cycle"], row["met_at"]) == ("overdue", 2, None)
    for hour in ("2023-03-21 11:00", "2023-03-22 08:00", "2023-03-23 08:00"):
        await field.sweep(hour)
    assert await field.alerts(unit="06412@1", cycle=2) == [
        ("overdue", "06412@1", "An"),
        ("parent-digest", "06412@1", "Bình"),
    ]


@pytest.mark.parametrize(("restored", "since"), [(False, "2023-03-24 10:00"), (True, "2023-03-21 10:00")])
async def test_the_steps_of_a_reopened_report_count_from_when_it_is_heard_of_and_in_a_replay_from_its_withdrawal(
    field, restored, since
):
    if restored:
        await field.pool.execute("SELECT registry.note_restore(now())")
    await field.sweep(BEFORE)
    await field.sweep("2023-03-15 08:00")
    await field.take(answer(), now="2023-03-16 10:00")
    await field.take(answer("record.retracted", revision=1, accepted="2023-03-21 10:00"), now="2023-03-24 10:00")
    row = await field.obligation()
    assert (row["cycle"], row["reopened_at"], row["next_at"]) == (2, at(since), at("2023-03-24 10:00"))


async def test_a_changed_calendar_moves_future_deadlines_only(field):
    await field.sweep(BEFORE)
    await field.sweep("2023-03-17 09:00")
    programme = field.registry.programmes["ecd-1437"]
    moved = programme.model_copy(
        update={
            "calendar_overrides": tuple(CalendarDay(date=date(2023, m, 15), kind="off", instrument="x") for m in (3, 6))
        }
    )
    field.registry = replace(field.registry, programmes={"ecd-1437": moved})
    await field.sweep("2023-03-17 10:00")
    assert (await field.obligation())["due_at"] == at("2023-03-16 17:00")
    await field.sweep("2023-03-20 10:00")
    row = await field.obligation(period="2023-Q2")
    assert row["due_at"] == at("2023-06-19 17:00")
    field.registry = replace(field.registry, programmes={"ecd-1437": programme})
    await field.sweep("2023-03-21 10:00")
    assert (await field.obligation(period="2023-Q2"))["due_at"] == at("2023-06-16 17:00")


async def written(field):
    """By which transaction each obligation was written last."""
    rows = await field.pool.fetch("SELECT id, xmin::text AS writer FROM notifications.obligation")
    return {row["id"]: row["writer"] for row in rows}


async def restarted(field, registry, now):
    field.opener = Opener(first_look)
    field.registry = registry
    await field.sweep(now)


async def test_a_restart_rewrites_nothing_and_a_changed_programme_is_planned_anew(field):
    await field.sweep(BEFORE)
    await field.sweep("2022-12-15 00:00")
    before = await written(field)
    same = {
        slug: type(known).model_validate_json(known.model_dump_json())
        for slug, known in field.registry.programmes.items()
    }
    await restarted(field, replace(field.registry, programmes=same), "2022-12-15 01:00")
    assert await written(field) == before
    programme = same["ecd-1437"]
    earlier = [
        step.model_copy(update={"working_days": -3}) if step.slug == "reminder" else step
        for step in programme.escalation
    ]
    changed = programme.model_copy(update={"escalation": tuple(earlier)})
    await restarted(field, replace(field.registry, programmes={"ecd-1437": changed}), "2022-12-15 02:00")
    assert (await field.obligation())["next_at"] == at("2023-03-13 08:00")


async def test_a_request_to_a_mass_organisation_never_climbs(pool, registry):
    province = Field(pool, limited(registry, "19@1"))
    await province.officer("Hội", "19@1", "hlhpn-tinh")
    await province.officer("Bộ", "VN", "bo-ldtbxh")
    await province.sweep(BEFORE)
    for day in ("2023-12-21", "2023-12-22", "2023-12-25", "2023-12-26", "2023-12-29"):
        await province.sweep(f"{day} 08:00")
    rows = await pool.fetch(
        """SELECT DISTINCT agency, step FROM notifications.alert
           JOIN notifications.obligation ON obligation.id = obligation"""
    )
    assert {row["step"] for row in rows if row["agency"] == "hlhpn-tinh"} == {"reminder", "overdue"}
    assert {row["step"] for row in rows if row["agency"] == "so-yt"} == {"reminder", "overdue", "parent-digest"}


async def test_what_was_claimed_but_not_queued_is_queued_by_the_next_sweep(field):
    await field.sweep(BEFORE)

    class BrokerGoneError(Exception):
        pass

    async def gone(bodies):
        raise BrokerGoneError

    async with field.pool.acquire() as connection:
        with pytest.raises(BrokerGoneError):
            await sweep(connection, field.registry, field.opener, gone, at("2023-03-17 08:00"), held=None, repair=False)
    assert field.published == []
    await field.sweep("2023-03-17 08:01")
    assert len(field.published) == 2
    await field.sweep("2023-03-17 08:02")
    assert len(field.published) == 2


async def test_a_message_that_the_queue_lost_is_queued_again(field):
    await field.sweep(BEFORE)
    await field.sweep("2023-03-17 08:00")
    await field.pool.execute("UPDATE notifications.message SET act_at = now() - interval '1 second'")
    await field.sweep("2023-03-17 08:01")
    assert len(field.published) == 2
    await field.sweep("2023-03-17 08:02", repair=True)
    assert sorted(field.published[:2]) == sorted(field.published[2:])


async def test_after_the_merger_the_successor_and_its_province_are_told(pool, registry):
    place = Field(pool, limited(registry, "186@1", "20@2"))
    await place.officer("Mới", "06427@2", "ubnd-xa")
    await place.officer("Tỉnh", "20@2", "ubnd-tinh")
    await place.sweep("2025-03-20 08:00")
    await place.sweep("2025-07-02 08:00")
    rows = await place.pool.fetch(
        """SELECT DISTINCT obligation.unit, period, step, alert.unit AS told FROM notifications.alert
           JOIN notifications.obligation ON obligation.id = obligation
           WHERE obligation.unit = '06412@1' AND report = 'progress-quarterly' ORDER BY step"""
    )
    assert [tuple(row) for row in rows] == [
        ("06412@1", "2025-Q2", "grandparent-digest", "VN"),
        ("06412@1", "2025-Q2", "overdue", "06427@2"),
        ("06412@1", "2025-Q2", "parent-digest", "20@2"),
    ]
