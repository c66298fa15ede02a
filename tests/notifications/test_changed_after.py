"""Who has handed a report in hears once that somebody else has changed its figures since, and sees it on the desk."""

from dataclasses import replace
from datetime import date

import pytest

from services.notifications.alerts import alert_store
from services.notifications.alerts.changed_after_store import waiting
from tests.notifications.board import asked, board_field, ref_of
from tests.notifications.field import answer, at
from tests.notifications.test_notices import NAMES, deliver, told

ACCESS = "child-service-access"
RECORD = f"indicator:ecd-1437:{ACCESS}:06412@1:ubnd-xa:2023-Q1"
HANDED_IN = "2023-03-15 10:00"
DESK_AT = "2023-03-16 09:00"


@pytest.fixture
async def field(pool, registry):
    """Hữu Lũng before the deadline, with officers in two communes and in the district."""
    place = await board_field(pool, registry)
    await pool.execute("TRUNCATE notifications.alert, notifications.message CASCADE")
    await pool.execute("UPDATE notifications.obligation SET state = 'open', next_at = NULL WHERE state = 'overdue'")
    return place


def handed_in(accepted=HANDED_IN, number=1, **data):
    """What the form posts: a report without a revision, in one time with its figures."""
    event = answer(accepted=accepted, id=f"submission-{number}", **data) | {
        "sender": "kip-board",
        "source": "/kip/board",
    }
    del event["data"]["revision"]
    return event


def changed(batch, now, *, accepted="2023-03-16 02:10", of=HANDED_IN, record=RECORD, indicator=ACCESS, unit="06412@1",
            by="app", period="2023-Q1"):  # fmt: skip
    """What aggregation tells: 412 of 530 were handed in, and this counts now."""
    data = {
        "programme": "ecd-1437", "record": record, "batch": batch, "indicator": indicator, "agency": "ubnd-xa",
        "period": period, "by": by, "at": at(accepted).isoformat(), "before": {"numerator": 412, "denominator": 530},
        "now": None if now is None else {"numerator": now, "denominator": 530},
        "handed_in": {"sender": "kip-board", "source": "/kip/board", "id": "figure", "time": at(of).isoformat()},
    }  # fmt: skip
    return {
        "specversion": "1.0", "id": f"{batch}.1", "source": "/kip/aggregation", "type": "vn.kip.figure.changed.v1",
        "subject": unit, "time": at(accepted).isoformat(), "sender": "kip-aggregation", "province": "20@2",
        "acceptedat": at(accepted).isoformat(), "data": data,
    }  # fmt: skip


async def letters(field, server, now):
    """Sweep, deliver, and return (to, subject, text) of the letters about changes."""
    await field.sweep(now)
    return [mail for mail in await deliver(field, server, now) if "thay đổi sau khi nộp" in mail[1]]


async def states_of(field, step):
    """The states of An's alerts of the step."""
    query = """SELECT alert.state FROM notifications.alert JOIN registry.officer ON officer.id = alert.officer
               WHERE step = $1 AND name = 'An' ORDER BY alert.id"""
    return [row["state"] for row in await field.pool.fetch(query, step)]


def listed(text):
    return [line for line in text.splitlines() if line.startswith("- ")]


async def test_a_change_at_night_is_told_once_when_work_starts_with_who_when_and_from_what_to_what(field, server):
    await field.take(handed_in(), now=HANDED_IN)
    await field.take(changed(1, 395), now="2023-03-16 02:10")
    await field.sweep("2023-03-16 02:11")
    await field.take(changed(2, 390, accepted="2023-03-16 03:30"), now="2023-03-16 03:30")
    await field.sweep("2023-03-16 07:59")
    assert await told(field, "changed-after") == []
    ((name, subject, text),) = await letters(field, server, "2023-03-16 08:00")
    assert (name, subject) == ("An", "[Đề án 1437] Số liệu thay đổi sau khi nộp: UBND xã Yên Vượng (06412)")
    label = field.registry.programmes["ecd-1437"].indicator[ACCESS].label.texts["vi"]
    assert listed(text) == [f"- {label}: 412 trên 530 → 390 trên 530, từ app, lúc 03:30 ngày 16/03/2023"]
    assert "quý I năm 2023 (15/12/2022–14/03/2023); đơn vị báo cáo: UBND xã Yên Vượng (06412)" in text
    assert "https://kip.example.vn/l/" in text
    page = server.kept[-1].get_body(("html",)).get_content()
    assert "390 trên 530, từ app" in page
    await field.take(changed(3, 380, accepted="2023-03-16 09:00"), now="2023-03-16 09:00")
    for later in ("2023-03-16 09:01", "2023-03-17 08:00", "2023-03-20 08:00"):
        assert await letters(field, server, later) == []
    assert (await field.obligation())["state"] == "met"


async def test_a_change_by_day_is_told_on_the_next_morning_with_all_that_the_day_has_changed(field, server):
    await field.take(handed_in(), now=HANDED_IN)
    other = RECORD.replace(ACCESS, "knowledge-skills-provided")
    await field.take(changed(1, 390, accepted="2023-03-15 11:00"), now="2023-03-15 11:00")
    await field.take(
        changed(
            2, None, accepted="2023-03-15 11:05", record=other, indicator="knowledge-skills-provided", by="so-y-te"
        ),
        now="2023-03-15 11:05",
    )
    assert await letters(field, server, "2023-03-15 16:00") == []
    ((_, _, text),) = await letters(field, server, "2023-03-16 08:00")
    first, second = listed(text)
    assert first.endswith("412 trên 530 → 390 trên 530, từ app, lúc 11:00 ngày 15/03/2023")
    assert second.endswith("412 trên 530 → không có số liệu, từ so-y-te, lúc 11:05 ngày 15/03/2023")


async def test_a_sweep_reads_no_change_before_the_morning_on_which_it_may_be_told(field):
    await field.take(handed_in(), now=HANDED_IN)
    await field.take(changed(1, 395), now="2023-03-16 02:10")
    async with field.pool.acquire() as connection:
        for opened, found in (("2023-03-15 08:00", 0), ("2023-03-16 02:10", 0), ("2023-03-16 08:00", 1)):
            assert len(await waiting(connection, {"ecd-1437": at(opened)})) == found
        assert await waiting(connection, {}) == await waiting(connection, {"other": at("2023-03-16 08:00")}) == []


@pytest.mark.parametrize("ended", ["same", "back", "corrected", "late"])
async def test_of_what_is_no_change_or_none_any_more_nobody_hears(field, server, ended):
    await field.take(handed_in(), now=HANDED_IN)
    if ended == "same":
        await field.take(changed(1, 412), now="2023-03-16 02:10")
    elif ended == "back":
        await field.take(changed(1, 390), changed(2, 412, accepted="2023-03-16 04:00"), now="2023-03-16 04:00")
    elif ended == "corrected":
        await field.take(changed(1, 390), now="2023-03-16 02:10")
        await field.take(handed_in("2023-03-16 07:00", 2), now="2023-03-16 07:00")
    else:  # after it was claimed, before it is delivered
        await field.take(changed(1, 390), now="2023-03-16 02:10")
        await field.sweep("2023-03-16 08:00")
        assert await told(field, "changed-after") == ["An"]
        await field.take(handed_in("2023-03-16 08:00", 2), now="2023-03-16 08:00")
    assert await letters(field, server, "2023-03-16 08:01") == []
    assert await letters(field, server, "2023-03-17 08:00") == []


async def test_the_next_handing_in_is_told_of_anew(field, server):
    await field.take(handed_in(), now=HANDED_IN)
    await field.take(changed(1, 390), now="2023-03-16 02:10")
    assert len(await letters(field, server, "2023-03-16 08:00")) == 1
    await field.take(handed_in("2023-03-16 09:00", 2), now="2023-03-16 09:00")
    await field.take(changed(2, 389, accepted="2023-03-17 02:00", of="2023-03-16 09:00"), now="2023-03-17 02:00")
    ((_, _, text),) = await letters(field, server, "2023-03-17 08:00")
    assert "→ 389 trên 530" in text


async def test_what_was_changed_while_its_programme_was_at_rest_is_told_with_the_next_change_alone(field, server):
    programmes = field.registry.programmes
    ended = programmes["ecd-1437"].model_copy(update={"heard_days": (date(2018, 12, 15), date(2022, 3, 16))})
    awake, asleep = field.registry, replace(field.registry, programmes={**programmes, "ecd-1437": ended})
    await field.take(handed_in(), now=HANDED_IN)
    await field.take(changed(1, 390), now="2023-03-16 02:10")
    field.registry = asleep
    assert await letters(field, server, "2023-03-16 08:00") == []
    field.registry = awake  # its last period was put later
    for later in ("2023-03-16 09:00", "2023-03-17 08:00"):
        assert await letters(field, server, later) == []
    async with asked(field, run=DESK_AT) as (client, _, _server):
        (row,) = (await client.get(f"/v1/officers/{await ref_of(field, 'An')}/desk")).json()["changed"]
    assert [figure["now"]["numerator"] for figure in row["figures"]] == [390]
    other = "knowledge-skills-provided"
    await field.take(
        changed(2, 400, accepted="2023-03-18 02:10", record=RECORD.replace(ACCESS, other), indicator=other),
        now="2023-03-18 02:10",
    )
    ((_, _, text),) = await letters(field, server, "2023-03-20 08:00")
    assert [line.rpartition(" → ")[2].split(",")[0] for line in listed(text)] == ["390 trên 530", "400 trên 530"]


async def test_repeated_reordered_and_older_events_change_nothing(field, server):
    newest, older = changed(7, 390), changed(3, 412)
    await field.take(newest, now="2023-03-16 02:10")
    await field.take(newest, older, now="2023-03-16 02:11")
    assert await letters(field, server, "2023-03-16 08:00") == []  # of what nobody is known to have handed in
    await field.take(handed_in(), now="2023-03-16 08:30")
    ((_, _, text),) = await letters(field, server, "2023-03-16 08:31")
    assert "→ 390 trên 530" in text
    await field.take(older, newest, handed_in(), now="2023-03-16 10:00")
    assert await letters(field, server, "2023-03-17 08:00") == []


async def test_what_an_acknowledgement_keeps_back_is_told_on_its_day_whatever_was_changed_meanwhile(field, server):
    row = await field.obligation()
    await field.pool.execute("UPDATE notifications.obligation SET next_at = due_at WHERE id = $1", row["id"])
    await field.sweep("2023-03-17 08:00")
    await deliver(field, server, "2023-03-17 08:00")
    async with field.pool.acquire() as connection:
        officer = await connection.fetchval("SELECT id FROM registry.officer WHERE name = 'An'")
        until, now = at("2023-03-22 08:00"), at("2023-03-17 09:00")
        await alert_store.acknowledge(connection, officer, "ecd-1437", [row["id"]], until, now)
    late = "2023-03-17 10:00"
    await field.take(handed_in(late), now=late)
    await field.sweep("2023-03-17 10:01")
    await field.take(changed(1, 390, accepted="2023-03-18 02:10", of=late), now="2023-03-18 02:10")
    assert len(await letters(field, server, "2023-03-20 08:00")) == 1
    assert await states_of(field, "received") == ["muted"]
    await field.sweep("2023-03-22 08:00")
    ((_, subject, _),) = [mail for mail in await deliver(field, server, "2023-03-22 08:00") if mail[0] == "An"]
    assert subject.startswith("[Đề án 1437] Đã nhận báo cáo")
    assert (await states_of(field, "received"), await states_of(field, "changed-after")) == (["sent"], ["sent"])


async def test_only_the_agency_that_handed_in_hears_and_not_what_another_sender_reports(field, server):
    app = answer(accepted=HANDED_IN, subject="06427@1")
    await field.take(handed_in(), app, now=HANDED_IN)
    other = RECORD.replace("06412@1", "06427@1")
    await field.take(changed(1, 390), changed(2, 391, unit="06427@1", record=other), now="2023-03-16 02:10")
    await field.sweep("2023-03-16 08:00")
    assert await told(field, "changed-after") == ["An"]
    assert await told(field, "changed-after", "06427@1") == []


async def test_the_desk_shows_it_until_the_next_handing_in(field):
    await field.take(handed_in(), now=HANDED_IN)
    await field.take(changed(1, 390), now="2023-03-16 02:10")
    async with asked(field, run=DESK_AT) as (client, _, _server):
        path = f"/v1/officers/{await ref_of(field, 'An')}/desk"
        (row,) = (await client.get(path, params={"labels": "vi"})).json()["changed"]
        assert (row["report"], row["period"], row["state"]) == ("progress-quarterly", "2023-Q1", "met")
        (figure,) = row["figures"]
        assert (figure["before"]["numerator"], figure["now"]["numerator"], figure["by"]) == (412, 390, "app")
        assert figure["indicator_name"].startswith("Tỷ lệ trẻ em")
        others = (await client.get(f"/v1/officers/{await ref_of(field, 'Mai')}/desk")).json()
        above = (await client.get(f"/v1/officers/{await ref_of(field, 'Bình')}/desk")).json()
        assert (others["changed"], above["changed"]) == ([], [])
        await field.take(handed_in("2023-03-16 09:00", 2), now="2023-03-16 09:00")
        assert (await client.get(path)).json()["changed"] == []


async def test_a_change_that_can_t_be_read_goes_aside_alone(field):
    bad = changed(1, 390)
    del bad["data"]["before"]
    await field.take(handed_in(), bad, changed(2, 390), now="2023-03-16 02:10")
    (dead,) = await field.pool.fetch("SELECT kind, reason FROM notifications.dead_event")
    assert "before" in dead["reason"]
    assert await field.pool.fetchval("SELECT count(*) FROM notifications.figure_change") == 1


NAMES["Mai@example.vn"] = "Mai"
