"""An officer's calendar of deadlines, over HTTP."""

from dataclasses import replace
from datetime import date, timedelta

import icalendar
import pytest
from ical.calendar_stream import IcsCalendarStream

from services.notifications.obligations import change_store
from services.notifications.public.calendar_feed import offices
from shared.programme.model import CalendarDay
from shared.registry.officers import Officer
from tests.notifications.field import answer, at
from tests.notifications.officer_links import LINKS, NOW, asking, decide, huu_lung


@pytest.fixture
async def field(pool, registry):
    return await huu_lung(pool, registry)


@pytest.fixture
async def client(field):
    async with asking(field) as opened:
        yield opened


def entry(period, unit="xã Yên Vượng"):
    return f"[Đề án 1437] Báo cáo quý về tình hình thực hiện Kế hoạch, {period}: UBND {unit}"


async def raw_feed(client, field, name="An"):
    officer = await field.pool.fetchval("SELECT id FROM registry.officer WHERE name = $1", name)
    shown = await client.get(LINKS.calendar(officer, 0, at(NOW)))
    assert shown.headers["content-type"].startswith("text/calendar")
    return shown.content


async def feed(client, field, name="An"):
    read = icalendar.Calendar.from_ical(await raw_feed(client, field, name))
    assert read.errors == []
    return {str(event["SUMMARY"]): event for event in read.walk("VEVENT")}


async def test_a_feed_is_as_rfc_5545_wants_it_and_says_its_time_zone(field, client):
    raw = await raw_feed(client, field)
    assert raw.endswith(b"END:VCALENDAR\r\n")
    assert raw.count(b"\n") == raw.count(b"\r\n")
    assert max(map(len, raw.split(b"\r\n"))) <= 75
    for line in raw.split(b"\r\n"):
        line.decode()  # no character is cut in two
    read = icalendar.Calendar.from_ical(raw)
    zones = {str(zone["TZID"]) for zone in read.walk("VTIMEZONE")}
    events = read.walk("VEVENT")
    assert len({str(event["UID"]) for event in events}) == len(events) > 3
    for event in events:
        assert {event[name].params["TZID"] for name in ("DTSTART", "DTEND")} <= zones
        assert event["DTSTAMP"].dt.utcoffset() == timedelta(0)
        assert str(event["CATEGORIES"].to_ical().decode()) == "Đề án 1437"
    assert await raw_feed(client, field) == raw  # the same events under the same names


async def test_a_reader_that_refuses_what_rfc_5545_does_not_allow_reads_a_feed_as_it_was_meant(field, client):
    raw = await raw_feed(client, field)
    theirs = IcsCalendarStream.calendar_from_ics(raw.decode())
    ours = icalendar.Calendar.from_ical(raw).walk("VEVENT")
    assert sorted((event.uid, event.summary, event.start, event.end) for event in theirs.events) == sorted(
        (str(event["UID"]), str(event["SUMMARY"]), event["DTSTART"].dt, event["DTEND"].dt) for event in ours
    )
    assert {zone.tz_id for zone in theirs.timezones} == {"Asia/Ho_Chi_Minh"}
    assert theirs.prodid == "-//Kip//deadlines//VI"


async def test_what_has_come_in_leaves_the_calendar_and_what_is_waived_is_cancelled(field, client):
    assert entry("quý I năm 2023") in await feed(client, field)
    await field.take(answer(accepted="2023-03-17 08:30"), now="2023-03-17 08:30")
    assert entry("quý I năm 2023") not in await feed(client, field)
    mai = (await feed(client, field, "Mai"))[entry("quý I năm 2023", "xã Cai Kinh")]
    row = await field.obligation("06427@1")
    assert await change_store.waive(field.pool, row["id"], "key x", "x", at(NOW))
    cancelled = (await feed(client, field, "Mai"))[entry("quý I năm 2023", "xã Cai Kinh")]
    assert (mai["STATUS"], cancelled["STATUS"], cancelled["UID"]) == ("CONFIRMED", "CANCELLED", mai["UID"])


async def test_an_agency_reads_its_own_deadlines_only(field, client):
    await field.officer("Phòng", "06412@1", "cc-vhxh")
    assert all("UBND" not in name for name in await feed(client, field, "Phòng"))
    assert all(name.endswith("UBND huyện Hữu Lũng") for name in await feed(client, field, "Bình"))


def test_an_officer_answers_for_the_unit_of_the_day_and_for_what_it_took_over(registry):
    units = registry.units
    old = units["06412@1"]
    merged = units[old.successor].uid
    officer = Officer("x", "x", old.uid, "ubnd-xa", ())
    assert offices(units, officer, date(2023, 3, 17)) == {old.uid}
    after = offices(units, officer, date(2025, 7, 2))
    assert after == {merged, *(unit.uid for unit in units.predecessors(merged))}
    assert offices(units, replace(officer, unit=merged), date(2025, 7, 2)) == after


def test_what_a_district_owed_is_the_province_s_once_it_is_no_more(registry):
    units = registry.units
    district, province = units["186@1"], units["20@2"]
    committee = Officer("x", "x", province.uid, "ubnd-tinh", ())
    assert district.uid not in offices(units, committee, date(2025, 6, 30))
    assert district.uid in offices(units, committee, date(2025, 7, 2))
    assert "06412@1" not in offices(units, committee, date(2025, 7, 2)), "a commune's is its successor's"
    assert offices(units, replace(committee, unit=district.uid), date(2025, 6, 30)) == {district.uid}
    assert offices(units, replace(committee, unit=district.uid), date(2025, 7, 2)) == set()


async def test_the_calendar_has_the_year_s_deadlines_with_alarms_and_follows_an_extension(field, client):
    before = await feed(client, field)
    first = before[entry("quý I năm 2023")]
    assert first["DTEND"].dt == at("2023-03-16 17:00")
    assert before[entry("quý III năm 2023")]["DTEND"].dt == at("2023-09-18 17:00")  # not opened yet
    assert len(first.walk("VALARM")) == 2
    await decide(client, field, "extend", {"reason": "x", "until": "2023-03-22"}, authorization="Bearer operator")
    moved = (await feed(client, field))[entry("quý I năm 2023")]
    assert moved["DTEND"].dt == at("2023-03-22 17:00")
    assert moved["UID"] == first["UID"]
    assert moved["SEQUENCE"] > first["SEQUENCE"]


async def test_the_calendar_follows_a_changed_list_of_days_off(field, client):
    name = entry("quý II năm 2023")
    before = (await feed(client, field))[name]
    programme = field.registry.programmes["ecd-1437"]
    swapped = (CalendarDay(date=date(2023, 6, 15), kind="off", instrument="x"),)
    moved = programme.model_copy(update={"calendar_overrides": swapped})
    field.registry = replace(field.registry, programmes={"ecd-1437": moved})
    await field.sweep(NOW)
    after = (await feed(client, field))[name]
    assert (before["DTEND"].dt, after["DTEND"].dt) == (at("2023-06-16 17:00"), at("2023-06-19 17:00"))
    assert after["UID"] == before["UID"]
    assert after["SEQUENCE"] > before["SEQUENCE"]
